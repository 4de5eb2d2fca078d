//! A bounded run of broken input: every file of a folder of genuine pages, mutated, read as every kind of source, as an archive,
//! as a document behind a link, as a page that may name feeds or be one of a list.
//!
//!     cargo bench --bench mutations -- FOLDER [COUNT]
//!
//! Prints how many were read, how long the slowest took and how much memory the run needed. Ends with 1 when a parser
//! failed inside, when one page took more than its share of time, or when memory went over the cap. Of PDF files, which are
//! read in a process of their own, each mutation must come to a text or to a problem within the limits of that process.

use std::{
    fs,
    io::Write as _,
    panic,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use vigie::{
    extract,
    model::{Archive, ArchiveFormat, Dialect, Draft, Field, Kind, Mapping, Page, Pattern, SectionId, Source, SourceId},
    sandbox::{self, Limits},
};

/// A page takes a hundredth of this; a machine under load some times more.
const SLOWEST: Duration = Duration::from_secs(2);
/// Of the whole process, with two pages in work at once.
const MEMORY_MIB: u64 = 160;
/// Larger files are cut: what is looked at is how they break, not how long they are.
const LARGEST: usize = 400_000;
/// Of PDF files, each of which takes a process.
const DOCUMENTS: usize = 500;
const LIMITS: Limits = Limits { seconds: 5, memory: 256 << 20 };

/// What breaks parsers, to be put into the middle of a page.
const PIECES: [&[u8]; 24] = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"</",
    b"<!--",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"&#x110000;",
    b"&lt;",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"\\u",
    b"\\",
    b"<?xml",
    b"<!DOCTYPE x [",
    b"<item>",
    b"9999999999999999999",
    b"\xc3\x28",
    b"</entry>",
];

struct Input {
    name: String,
    body: Vec<u8>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(folder) = arguments.next() else {
        println!("mutations: no folder given, nothing to do");
        return ExitCode::SUCCESS;
    };
    let count: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let mut inputs = Vec::new();
    read_all(Path::new(&folder), &mut inputs);
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    let (documents, pages): (Vec<Input>, Vec<Input>) =
        inputs.into_iter().partition(|input| input.body.starts_with(b"%PDF"));
    if pages.is_empty() {
        println!("mutations: `{folder}` holds no page");
        return ExitCode::FAILURE;
    }
    // A parser that fails is told as a problem: that is what is counted.
    panic::set_hook(Box::new(|_| ()));
    let began = Instant::now();
    let mut failed = Vec::new();
    let (slowest, name) = mutate_pages(&pages, count, &mut failed);
    println!("{count} mutations of {} pages in {:.1} s", pages.len(), began.elapsed().as_secs_f32());
    println!("slowest {} ms: {name}", slowest.as_millis());
    let memory = most_memory_mib();
    println!("at most {memory} MiB");
    if !documents.is_empty() {
        mutate_documents(&documents, DOCUMENTS.min(count), &mut failed);
    }
    failed.iter().take(20).for_each(|name| println!("fails: {name}"));
    let fine = failed.is_empty() && slowest < SLOWEST && memory < MEMORY_MIB;
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The slowest of so many mutations.
fn mutate_pages(inputs: &[Input], count: usize, failed: &mut Vec<String>) -> (Duration, String) {
    let worst = Mutex::new((Duration::ZERO, String::new()));
    let failures = Mutex::new(failed);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for lane in 0..threads {
            let (worst, failures) = (&worst, &failures);
            scope.spawn(move || {
                for n in (lane..count).step_by(threads) {
                    let mut random = Random(n as u64 + 1);
                    let input = &inputs[n % inputs.len()];
                    let other = random.below(inputs.len());
                    let body = random.mutate(&input.body, &inputs[other].body);
                    let reading = Reading::any(&input.name, &mut random);
                    let name = format!("{} as {} (mutation {n})", input.name, reading.name());
                    let began = Instant::now();
                    let sound = panic::catch_unwind(panic::AssertUnwindSafe(|| reading.read(body, &mut random)));
                    let took = began.elapsed();
                    let mut slowest = worst.lock().expect("nobody panics with it");
                    if took > slowest.0 {
                        *slowest = (took, name.clone());
                    }
                    drop(slowest);
                    if !matches!(sound, Ok(Sound::Yes)) {
                        failures.lock().expect("nobody panics with it").push(name);
                    }
                }
            });
        }
    });
    worst.into_inner().expect("nobody panics with it")
}

/// Whether no parser failed.
enum Sound {
    Yes,
    No,
}

impl Sound {
    fn of(messages: impl IntoIterator<Item = String>) -> Self {
        let fails = messages.into_iter().any(|message| message.contains("makes a parser fail"));
        if fails { Sound::No } else { Sound::Yes }
    }
}

/// A way to read a page.
enum Reading {
    Listing(Kind),
    Details(Kind),
    Archive(Kind, ArchiveFormat),
    Article,
    Feeds,
    Files,
    Suggestions,
    Lists,
}

impl Reading {
    /// Mostly as the kind that a file was made for.
    fn any(name: &str, random: &mut Random) -> Self {
        let kind = kind(name, random);
        match random.below(20) {
            0 => Self::Details(kind),
            1 => Self::Archive(kind, ArchiveFormat::Zip),
            2 => Self::Archive(kind, ArchiveFormat::TarGz),
            3 | 4 => Self::Article,
            5 => Self::Feeds,
            6 => Self::Files,
            7 => Self::Suggestions,
            8 => Self::Lists,
            _ => Self::Listing(kind),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Listing(kind) => kind.as_str().to_owned(),
            Self::Details(kind) => format!("details in {}", kind.as_str()),
            Self::Archive(kind, _) => format!("an archive of {}", kind.as_str()),
            Self::Article => String::from("an article"),
            Self::Feeds => String::from("a page that names feeds"),
            Self::Files => String::from("a list of files"),
            Self::Suggestions => String::from("a page to be proposed"),
            Self::Lists => String::from("a list of feeds"),
        }
    }

    fn read(self, body: Vec<u8>, random: &mut Random) -> Sound {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let messages = |read: extract::Extracted| Sound::of(read.problems.into_iter().map(|problem| problem.message));
        match self {
            Self::Listing(kind) => messages(extract::extract(&page(body), &source(kind), now)),
            Self::Details(kind) => {
                let read = extract::details(&page(body), &source(Kind::Feed), &kind, &Draft::default(), now);
                Sound::of(read.err().map(|problem| problem.message))
            }
            Self::Archive(kind, format) => {
                let archive = Some(Archive { format, members: None });
                let packed = random.damage(packed(&body, format));
                messages(extract::extract(&page(packed), &Source { archive, ..source(kind) }, now))
            }
            Self::Article => {
                let read = extract::article(&page(body), &source(Kind::Feed), "");
                Sound::of(read.err().map(|problem| problem.message))
            }
            Self::Feeds => {
                extract::feeds(&page(body));
                Sound::Yes
            }
            Self::Files => {
                let pattern = Pattern::parse("[a-z]").expect("a pattern");
                drop(extract::files(&page(body), &source(Kind::Feed), &pattern, None));
                Sound::Yes
            }
            Self::Suggestions => {
                let page = page(body);
                extract::suggest(&page, &|kind| extract::extract(&page, &source(kind), now));
                Sound::Yes
            }
            Self::Lists => {
                drop(extract::opml(&body));
                Sound::Yes
            }
        }
    }
}

/// A file in an archive, twice.
fn packed(body: &[u8], format: ArchiveFormat) -> Vec<u8> {
    let names = ["un.xml", "deux.xml"];
    match format {
        ArchiveFormat::Zip => {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for name in names {
                zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a file of an archive");
                zip.write_all(body).expect("memory takes it");
            }
            zip.finish().expect("memory takes it").into_inner()
        }
        ArchiveFormat::TarGz => {
            let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
            for name in names {
                let mut header = tar::Header::new_gnu();
                header.set_size(body.len() as u64);
                tar.append_data(&mut header, name, body).expect("memory takes it");
            }
            tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory takes it")
        }
    }
}

/// PDF files, each in a process of its own: what comes back is a text or a problem, in time.
fn mutate_documents(inputs: &[Input], count: usize, failed: &mut Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut read, mut slowest, began) = (0, Duration::ZERO, Instant::now());
    for n in 0..count {
        let mut random = Random(n as u64 + 1);
        let input = &inputs[n % inputs.len()];
        let other = random.below(inputs.len());
        let body = random.mutate(&input.body, &inputs[other].body);
        let one = Instant::now();
        let program = Path::new(env!("CARGO_BIN_EXE_vigie"));
        let result = runtime.block_on(sandbox::read(program, &body, LIMITS));
        slowest = slowest.max(one.elapsed());
        read += usize::from(result.is_ok());
        // Each of these is a problem that names its cause; these two would be faults of the sandbox itself.
        let unheard = |message: &str| message.contains("answered nonsense") || message.contains("cannot be heard");
        if result.is_err_and(|problem| unheard(&problem.message)) {
            failed.push(format!("{} (mutation {n})", input.name));
        }
    }
    if slowest > Duration::from_secs(LIMITS.seconds + 3) {
        failed.push(format!("a PDF file kept its reader busy for {} s", slowest.as_secs()));
    }
    let seconds = began.elapsed().as_secs_f32();
    println!("{count} mutations of {} PDF files in {seconds:.1} s, {read} of them read", inputs.len());
    println!("slowest {} ms", slowest.as_millis());
}

fn read_all(folder: &Path, inputs: &mut Vec<Input>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_all(&path, inputs);
        } else if let Ok(mut body) = fs::read(&path) {
            body.truncate(LARGEST);
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            inputs.push(Input { name, body });
        }
    }
}

fn fields([title, link, date, summary]: [&str; 4]) -> [(Field, &str); 4] {
    [(Field::Title, title), (Field::Link, link), (Field::Date, date), (Field::Summary, summary)]
}

/// The kind that a file was made for, or now and then any other.
fn kind(name: &str, random: &mut Random) -> Kind {
    let kinds = [
        Kind::Feed,
        Kind::Html(Mapping::of("tr, li, article, p", &fields(["h2, a, td", "a", "time", "p"]))),
        Kind::Links(vec![Pattern::parse("[a-z]").expect("a pattern")]),
        Kind::Sitemap(None),
        Kind::Json(Mapping::of("/*", &fields(["/title", "/link", "/revisions/*/revision_date", "/summary"]))),
        Kind::Xml(Mapping::of("//entry", &fields(["/title", "/link/@href", "/updated", "//content"]))),
        Kind::Csv(Mapping::of("", &fields(["title", "url", "date", "summary"])), Dialect::default()),
    ];
    let made_for = match name.rsplit('.').next() {
        Some("xml" | "atom" | "rss") => [0, 0, 0, 3, 5],
        Some("json") => [0, 4, 4, 4, 4],
        Some("csv") => [6, 6, 6, 0, 1],
        _ => [1, 1, 2, 0, 1],
    };
    let choice = if random.below(10) == 0 { random.below(kinds.len()) } else { made_for[random.below(5)] };
    kinds[choice].clone()
}

fn page(body: Vec<u8>) -> Page {
    let url = "https://www.exemple.fr/flux".parse().expect("an address");
    Page { url, content_type: None, body, reserved: false }
}

fn source(kind: Kind) -> Source {
    let url: url::Url = "https://www.exemple.fr/flux".parse().expect("an address");
    let (id, section) = (SourceId::parse("essai").expect("an id"), SectionId::parse("tic").expect("an id"));
    Source { kind, ..Source::feed(id, "Essai", url, section) }
}

/// The most that this process has held.
fn most_memory_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// SplitMix64: the same numbers on every run, so that a mutation can be made again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap_or(0)
    }

    /// Some octets changed, now and then.
    fn damage(&mut self, mut body: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.below(4) {
            let at = self.below(body.len());
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << self.below(8);
            }
        }
        body
    }

    /// One to six changes: octets flipped, stretches cut, doubled, swapped with another file's, hostile pieces put in.
    fn mutate(&mut self, body: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = body.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(out.len());
            let end = (at + self.below(200)).min(out.len());
            match self.below(8) {
                0 => out.truncate(at),
                1 => drop(out.drain(at..end)),
                2 => {
                    let twice = out[at..end].repeat(1 + self.below(50));
                    out.splice(at..at, twice);
                }
                3 => {
                    let from = self.below(other.len());
                    let foreign = other[from..(from + self.below(2_000)).min(other.len())].to_vec();
                    out.splice(at..end, foreign);
                }
                4 | 5 => {
                    let piece = PIECES[self.below(PIECES.len())].repeat(1 + self.below(4));
                    out.splice(at..at, piece);
                }
                6 => out.iter_mut().skip(at).step_by(1 + self.below(50)).take(30).for_each(|byte| *byte ^= 0x80),
                _ => {
                    if let Some(byte) = out.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        out
    }
}
