//! Many files in one answer.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::model::{Archive, ArchiveFormat, Pattern};

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(body.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tarred(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (name, body) in files {
        let mut header = tar::Header::new_gnu();
        // Written as it is: the library refuses the names that are to be tried.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(body.len() as u64);
        header.set_cksum();
        tar.append(&header, body.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn document(title: &str) -> String {
    format!("<TEXTE><TITRE>{title}</TITRE></TEXTE>")
}

fn read(format: ArchiveFormat, body: &[u8], members: Option<&str>) -> Extracted {
    let fields = [(Field::Title, Expression::place("/TEXTE/TITRE")), (Field::Date, Expression::place("/TEXTE/DATE"))];
    let mapping = Mapping { fields: BTreeMap::from(fields), ..Mapping::default() };
    let members = members.map(|pattern| Pattern::parse(pattern).unwrap());
    let archive = Some(Archive { format, members });
    extract(&page(body), &Source { archive, ..source(Kind::Xml(mapping)) }, instant())
}

type Pack = fn(&[(&str, &str)]) -> Vec<u8>;

const BOTH: [(ArchiveFormat, Pack); 2] = [(ArchiveFormat::Zip, zipped), (ArchiveFormat::TarGz, tarred)];

#[test]
fn files_are_read_in_the_order_of_their_names() {
    let (b, a) = (document("b"), document("a").replace("</TEXTE>", "<DATE>2026-08-19</DATE></TEXTE>"));
    for (format, pack) in BOTH {
        let body = pack(&[("jo/T2.xml", &b), ("jo/CONT.xml", "<JO/>"), ("jo/T1.xml", &a)]);
        let extracted = read(format, &body, Some(r"T\d+\.xml$"));
        assert_eq!((titles(&extracted), extracted.problems.len()), (vec!["a", "b"], 0), "{extracted:?}");
    }
}

#[test]
fn a_broken_file_costs_only_itself() {
    let good = document("bon");
    for (format, pack) in BOTH {
        let body = pack(&[
            ("1.xml", "<TEXTE><TITRE>x"),
            ("2.xml", &good),
            ("../3.xml", &good),
            ("/4.xml", &good),
            ("5.zip", "x"),
        ]);
        let extracted = read(format, &body, None);
        assert_eq!(titles(&extracted), ["bon"], "{extracted:?}");
        let places: BTreeMap<&str, ProblemKind> =
            extracted.problems.iter().map(|problem| (problem.place.as_str(), problem.kind)).collect();
        let expected = [
            ("../3.xml", ProblemKind::Entry),
            ("/4.xml", ProblemKind::Entry),
            ("1.xml", ProblemKind::Mended),
            ("5.zip", ProblemKind::Entry),
            // No document states a date.
            ("date", ProblemKind::Mapping),
        ];
        assert_eq!(places, BTreeMap::from(expected));
        let all_broken = read(format, &pack(&[("1.xml", "<TEXTE>"), ("2.xml", "")]), None);
        assert_eq!(kinds(&all_broken).last(), Some(&ProblemKind::Unreadable));
    }
    // A file whose octets were changed on the way.
    let mut body = zipped(&[("1.xml", &good.repeat(50)), ("2.xml", &good)]);
    body[60] ^= 0xff;
    assert_eq!(titles(&read(ArchiveFormat::Zip, &body, None)), ["bon"]);
}

#[test]
fn what_is_no_archive_is_named() {
    let good = document("bon");
    for (format, pack) in BOTH {
        for (body, kind, words) in [
            (b"<html><title>Accueil</title>".to_vec(), ProblemKind::NotAFeed, "the web page `Accueil`"),
            (b"\x1f\x8bx".to_vec(), ProblemKind::Unreadable, "archive"),
            (Vec::new(), ProblemKind::Unreadable, "archive"),
            (pack(&[("autre.xml", &good)]), ProblemKind::Mapping, "the first are `autre.xml`"),
        ] {
            let extracted = read(format, &body, Some("^T"));
            assert_eq!(kinds(&extracted), [kind], "{extracted:?}");
            assert!(extracted.problems[0].message.contains(words), "{extracted:?}");
        }
    }
    let mut cut = tarred(&[("1.xml", &good), ("2.xml", &good)]);
    cut.truncate(cut.len() - 20);
    assert_eq!(kinds(&read(ArchiveFormat::TarGz, &cut, None)).first(), Some(&ProblemKind::Mended));
}

#[test]
fn what_unpacks_to_too_much_is_not_unpacked() {
    let (bomb, good) = (" ".repeat(8 << 20), document("bon"));
    let extracted = read(ArchiveFormat::Zip, &zipped(&[("1.xml", &bomb), ("2.xml", &good)]), None);
    assert_eq!((titles(&extracted), kinds(&extracted)[0]), (vec!["bon"], ProblemKind::Limit));
    let extracted = read(ArchiveFormat::TarGz, &tarred(&[("0.xml", &good), ("1.xml", &bomb)]), None);
    assert_eq!((titles(&extracted), kinds(&extracted)[0]), (vec!["bon"], ProblemKind::Limit));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bomb.as_bytes()).unwrap();
    let extracted = extract(&page(&gzip.finish().unwrap()), &source(Kind::Feed), instant());
    assert_eq!(kinds(&extracted), [ProblemKind::Unreadable]);
}

#[test]
fn a_page_that_is_packed_once_more_is_read() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(super::links::SITEMAP.as_bytes()).unwrap();
    let extracted = extract(&page(&gzip.finish().unwrap()), &source(Kind::Sitemap(None)), instant());
    assert_eq!(extracted.drafts.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_mutation_makes_an_archive_fail(at in any::<usize>(), put in proptest::collection::vec(any::<u8>(), 0..6), cut in 0usize..200) {
        let (a, b) = (document("a"), document("b"));
        for (format, pack) in BOTH {
            let mut body = pack(&[("1.xml", &a), ("2.xml", &b)]);
            let at = at % body.len();
            let end = (at + cut % 8).min(body.len());
            body.splice(at..end, put.iter().copied());
            body.truncate(body.len() - cut.min(body.len()) / 2);
            let extracted = read(format, &body, None);
            prop_assert!(!extracted.problems.iter().any(|problem| problem.message.contains("makes a parser fail")));
        }
    }
}
