//! Files that stand behind a link: what a PDF says, and that a hostile one costs neither the program nor minutes.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use flate2::{Compress, Compression, FlushCompress};
use vigie::{
    extract::{DocumentKind, Pdf, document_kind, pdf},
    model::{Page, Problem, ProblemKind},
    sandbox::{self, Limits},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_vigie");

/// A PDF file of these objects, the first of which is the catalogue.
fn file(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        out.extend(format!("{} 0 obj\n", at + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let (size, start) = (objects.len() + 1, out.len());
    let end = format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n"
    );
    out.extend(end.bytes());
    out
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A file with one page for each content stream. Its font has `fi` and `ffi` as the characters 1 and 2; the resources may be
/// added to, and so may the objects, from the fifth on.
fn pages(contents: &[Vec<u8>], resources: &str, more: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let first = 5 + more.len();
    let kids: String = (0..contents.len()).map(|at| format!("{} 0 R ", first + 2 * at)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> {resources} >> >>", contents.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /ffi] >> >>".to_vec(),
        b"<< /Title (Communiqu\\351 de presse) /CreationDate (D:20260310091500+01'00') >>".to_vec(),
    ];
    objects.extend(more.iter().cloned());
    for (at, content) in contents.iter().enumerate() {
        objects.push(format!("<< /Type /Page /Parent 2 0 R /Contents {} 0 R >>", first + 2 * at + 1).into_bytes());
        objects.push(stream("", content));
    }
    file(&objects, &format!("/Info 4 0 R {trailer}"))
}

/// A file that says one thing on its one page.
pub fn one_page(text: &str) -> Vec<u8> {
    pages(&[put(72, 700, text)], "", &[], "")
}

/// Text at a place, 10 points high.
fn put(x: u32, y: u32, text: &str) -> Vec<u8> {
    let mut out = format!("BT /F1 10 Tf {x} {y} Td (").into_bytes();
    for c in text.chars() {
        out.extend(match c {
            '’' => vec![0x92],
            'ﬁ' => vec![1],
            'ﬃ' => vec![2],
            '(' | ')' | '\\' => format!("\\{c}").into_bytes(),
            c => vec![u8::try_from(u32::from(c)).expect("a letter of WinAnsi")],
        });
    }
    out.extend(b") Tj ET\n");
    out
}

fn column(x: u32, lines: &[&str]) -> Vec<u8> {
    (0..).step_by(14).zip(lines).flat_map(|(down, line)| put(x, 700 - down, line)).collect()
}

const LINES: [&str; 5] = [
    "Le 26 août 2023, une opération conduite avec plusieurs parquets a mis",
    "hors d’état de nuire un réseau de 700 000 machines ; les serveurs ont été neutra-",
    "lisés, et le vice-président du tribunal, chargé de l’aﬃchage des scellés, a",
    "conﬁrmé la saisie.",
    "Les victimes sont invitées à déposer plainte.",
];

#[test]
fn the_text_of_a_file_is_what_one_would_read_aloud() {
    let sheet = |number: u32| {
        let text = if number == 1 {
            column(72, &LINES)
        } else {
            column(72, &["Une seconde page.", "Elle dit autre chose.", "Elle finit là.", "Ou non."])
        };
        [put(72, 800, "PARQUET D’EXEMPLE"), text, put(280, 30, &format!("Page {number} / 2"))].concat()
    };
    let found = pdf(&pages(&[sheet(1), sheet(2)], "", &[], "")).unwrap();
    let expected = "Le 26 août 2023, une opération conduite avec plusieurs parquets a mis hors d’état de nuire un réseau de \
        700 000 machines ; les serveurs ont été neutralisés, et le vice-président du tribunal, chargé de l’affichage des \
        scellés, a confirmé la saisie.\nLes victimes sont invitées à déposer plainte.";
    assert!(found.text.starts_with(expected), "{}", found.text);
    assert!(!found.text.contains("PARQUET") && !found.text.contains("Page "), "{}", found.text);
    assert_eq!((found.pages, found.unread, found.title.as_deref()), (2, 0, Some("Communiqué de presse")));
    assert_eq!(found.created.map(|at| at.to_string()).as_deref(), Some("2026-03-10T08:15:00Z"));
}

#[test]
fn the_left_column_is_read_first() {
    let left = [
        "La colonne de gauche commence ici",
        "et dit des choses qui demandent",
        "plusieurs lignes, toutes pleines,",
        "avant de passer à la colonne",
    ];
    let right = [
        "de droite, où la phrase continue.",
        "Elle y tient aussi une place qui",
        "n’est pas moindre, et se termine",
        "par un point au bas de la page.",
    ];
    // Line by line across both columns, as some programs draw them.
    let across: Vec<u8> = (0u32..)
        .zip(left.iter().zip(&right))
        .flat_map(|(at, (left, right))| [put(72, 700 - 14 * at, left), put(260, 700 - 14 * at, right)].concat())
        .collect();
    let head = put(72, 760, "Un titre qui va d’un bord de la page à l’autre bord, au-dessus des colonnes du texte");
    let found = pdf(&pages(&[[head, across].concat()], "", &[], "")).unwrap();
    assert!(found.text.ends_with(&format!("{} {}", left.join(" "), right.join(" "))), "{}", found.text);
    // A table is no text in columns.
    let cells = [("Date", "10 mars"), ("Lieu", "Mairie"), ("Objet", "Alerte"), ("Niveau", "Élevé")];
    let table: Vec<u8> = (0u32..)
        .zip(&cells)
        .flat_map(|(at, (name, value))| [put(72, 600 - 14 * at, name), put(400, 600 - 14 * at, value)].concat())
        .collect();
    let found = pdf(&pages(&[[column(72, &LINES), table].concat()], "", &[], "")).unwrap();
    assert!(found.text.contains("Date 10 mars"), "{}", found.text);
}

#[test]
fn a_file_without_text_says_why() {
    let image = stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /Filter /DCTDecode", b"\xff\xd8(Tj BT");
    let draw = b"q 595 0 0 842 0 0 cm /I0 Do Q".to_vec();
    let scan = pages(&[draw], "/XObject << /I0 5 0 R >>", &[image], "");
    let lock =
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <0101010101010101010101010101010101010101010101010101010101010101> \
        /U <0202020202020202020202020202020202020202020202020202020202020202> >>";
    let whole = pages(&[column(72, &LINES)], "", &[], "");
    for (bytes, cause) in [
        (scan, "a scan without text (1 image, 1 page)"),
        (pages(&[column(72, &LINES)], "", &[lock.to_vec()], "/Encrypt 5 0 R /ID [<01> <01>]"), "needs a password"),
        (whole[..whole.len() * 6 / 10].to_vec(), "cut on its way"),
        (b"<!doctype html><title>Acc\xc3\xa8s refus\xc3\xa9</title>".to_vec(), "a web page under the name of a PDF"),
        (pages(&vec![Vec::new(); 501], "", &[], ""), "has 501 pages"),
        (pages(&[b"0 0 m 10 10 l S".to_vec()], "", &[], ""), "holds no text"),
        (pages(&[b"/Nulle 1 Tf".to_vec()], "", &[], ""), "none of its pages can be read"),
    ] {
        let problem = pdf(&bytes).unwrap_err();
        assert!(problem.kind == ProblemKind::Text && problem.message.contains(cause), "{cause}: {problem}");
    }
    // A page that cannot be read does not cost the others.
    let found = pdf(&pages(&[b"/Nulle 1 Tf".to_vec(), column(72, &LINES)], "", &[], "")).unwrap();
    assert_eq!((found.pages, found.unread), (2, 1));
}

#[test]
fn a_file_that_opens_for_anybody_is_read() {
    use pdf_extract::{Document, EncryptionState, EncryptionVersion, Permissions};
    let id = "/ID [<0102030405060708> <0102030405060708>]";
    let mut document = Document::load_mem(&pages(&[column(72, &LINES)], "", &[], id)).unwrap();
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "secret",
        user_password: "",
        key_length: 128,
        permissions: Permissions::empty(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    assert!(!bytes.windows(5).any(|window| window == b"nuire"));
    assert!(pdf(&bytes).unwrap().text.contains("hors d’état de nuire"));
}

#[test]
fn what_a_document_is_shows_in_its_first_octets_and_its_type() {
    for (path, content_type, body, expected) in [
        ("/a", Some("text/html; charset=utf-8"), "<p>x", DocumentKind::Html),
        ("/a", None, "\n<!DOCTYPE html>", DocumentKind::Html),
        ("/a", Some("text/html"), "%PDF-1.7", DocumentKind::Pdf),
        ("/a", Some("application/pdf"), "<html>", DocumentKind::Pdf),
        ("/2026-03-10%20-%20CP%20.PDF", Some("text/html"), "<html>refus", DocumentKind::Pdf),
        ("/a", Some("Image/PNG"), "x", DocumentKind::Other("image/png".into())),
        ("/a", None, "x", DocumentKind::Other("application/octet-stream".into())),
    ] {
        let url = format!("https://exemple.fr{path}").parse().unwrap();
        let page = Page { url, content_type: content_type.map(String::from), body: body.into(), reserved: false };
        assert_eq!(document_kind(&page), expected, "{page:?}");
    }
}

/// Enough for the program as the tests build it, which is slow and large.
const TIGHT: Limits = Limits { seconds: 2, memory: 256 << 20 };

async fn read(document: &[u8], limits: Limits) -> Result<Pdf, Problem> {
    sandbox::read(Path::new(PROGRAM), document, limits).await
}

#[tokio::test]
async fn another_process_reads_the_same() {
    let whole = pages(&[column(72, &LINES)], "", &[], "");
    assert_eq!(read(&whole, Limits::default()).await, pdf(&whole));
    let cut = &whole[..whole.len() / 2];
    assert_eq!(read(cut, Limits::default()).await, pdf(cut));
}

/// 1 GiB of spaces, in 1 MiB: one piece, said again and again.
fn bomb() -> Vec<u8> {
    let mut piece = Vec::with_capacity(64 << 10);
    let mut compress = Compress::new(Compression::fast(), true);
    let spaces = vec![b' '; 1 << 20];
    compress.compress_vec(&spaces, &mut piece, FlushCompress::Full).unwrap();
    let (head, body) = piece.split_at(2);
    [head, &body.repeat(1024)].concat()
}

#[tokio::test]
async fn a_hostile_file_costs_a_problem() {
    let form = |content: &str| {
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 5 0 R >> >>",
            content.as_bytes(),
        )
    };
    let doubling: Vec<Vec<u8>> = (0..40u32)
        .map(|level| {
            let next = level + 6;
            stream(
                &format!("/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X {next} 0 R >> >>"),
                b"/X Do /X Do",
            )
        })
        .chain([stream("/Type /XObject /Subtype /Form /BBox [0 0 1 1]", b"")])
        .collect();
    let nested = [vec![b'['; 200_000], vec![b']'; 200_000], b" TJ".to_vec()].concat();
    let catalogue = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
    let pages_of_itself = file(&[catalogue.clone(), b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>".to_vec()], "");
    let page_in_itself = file(
        &[
            catalogue,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 3 0 R >>".to_vec(),
        ],
        "",
    );
    let index: String = (0..60_000u32).map(|at| format!("{} {} ", at + 10, at % 7)).collect();
    let many =
        stream(&format!("/Type /ObjStm /N 60000 /First {}", index.len()), &[index.as_bytes(), b"[[]] 0 ()"].concat());
    // Without words: which limit is met first depends on how the program was built.
    let cases = [
        ("arrays in arrays", pages(&[nested], "", &[], ""), "none of its pages"),
        (
            "a form that draws itself",
            pages(&[b"/X Do".to_vec()], "/XObject << /X 5 0 R >>", &[form("/X Do")], ""),
            "crash",
        ),
        (
            "forms that double",
            pages(&[b"/X Do".to_vec()], "/XObject << /X 5 0 R >>", &doubling, ""),
            "busy for more than 2 s",
        ),
        ("pages of themselves", pages_of_itself, "no page"),
        // On a slow machine its time is up before its stack is.
        ("a page in itself", page_in_itself, "the PDF reader"),
        (
            "1 GiB in 1 MiB",
            pages(
                &[b"/X Do".to_vec()],
                "/XObject << /X 5 0 R >>",
                &[stream("/Subtype /Form /Filter /FlateDecode", &bomb())],
                "",
            ),
            "",
        ),
        ("objects without end", pages(&[Vec::new()], "", &[many], ""), "holds no text"),
        ("a table before itself", pages(&[Vec::new()], "", &[], "/Prev 9"), "list of objects"),
    ];
    for (name, bytes, cause) in cases {
        let start = Instant::now();
        let problem = read(&bytes, TIGHT).await.expect_err(name);
        assert!(problem.kind == ProblemKind::Text && problem.message.contains(cause), "{name}: {problem}");
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn whatever_the_process_does_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let script = |name: &str, lines: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let limits = Limits { seconds: 1, ..TIGHT };
    for (program, cause) in [
        (script("nonsense", "echo '{\"read\":'"), "answered nonsense"),
        (script("silence", "exit 0"), "answered nonsense"),
        (script("failure", "exit 7"), "failed (exit status: 7)"),
        (script("crash", "kill -SEGV $$"), "crash"),
        (script("killed", "kill -KILL $$"), "was killed"),
        (script("endless", "exec /bin/sleep 60"), "busy for more than 1 s"),
        (script("flood", "exec /bin/cat /dev/zero"), "PDF"),
        (dir.path().join("nowhere"), "cannot be started"),
    ] {
        let problem = sandbox::read(&program, &vec![b'x'; 1 << 20], limits).await.unwrap_err();
        assert!(problem.kind == ProblemKind::Text && problem.message.contains(cause), "{cause}: {problem}");
    }
    // Nobody waits for it any more: it ends.
    let pid = dir.path().join("pid");
    let slow = script("slow", &format!("echo $$ > {}\nexec /bin/sleep 60", pid.display()));
    let given_up = tokio::time::timeout(Duration::from_millis(300), sandbox::read(&slow, b"x", TIGHT)).await;
    assert!(given_up.is_err());
    let process = Path::new("/proc").join(fs::read_to_string(&pid).unwrap().trim());
    let state = || fs::read_to_string(process.join("stat")).unwrap_or_default();
    let start = Instant::now();
    while state().contains(" S ") && start.elapsed() < Duration::from_secs(2) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!state().contains(" S "), "{}", state());
}

#[test]
fn the_verb_is_not_for_people() {
    let run = |args: &[&str]| assert_cmd::Command::new(PROGRAM).args(args).assert();
    let help = run(&["--help"]).success().get_output().stdout.clone();
    assert!(!String::from_utf8_lossy(&help).contains("read-document"));
    run(&["read-document"]).code(2);
}
