//! A bounded run of broken input: every file of a folder of genuine pages, mutated, read as every kind of source.
//!
//!     cargo bench --bench mutations -- FOLDER [COUNT]
//!
//! Prints how many were read, how long the slowest took and how much memory the run needed. Ends with 1 when a parser
//! failed inside, when one page took more than its share of time, or when memory went over the cap.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use vigie::{
    extract,
    model::{Dialect, Field, Kind, Mapping, Page, Pattern, SectionId, Source, SourceId},
};

/// A page takes a hundredth of this; a machine under load some times more.
const SLOWEST: Duration = Duration::from_secs(5);
/// Of the whole process, with two pages in work at once.
const MEMORY_MIB: u64 = 512;
/// Larger files are cut: what is looked at is how they break, not how long they are.
const LARGEST: usize = 400_000;

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
    if inputs.is_empty() {
        println!("mutations: `{folder}` holds no page");
        return ExitCode::FAILURE;
    }
    // A parser that fails is caught inside, and told as a problem: that is what is counted.
    std::panic::set_hook(Box::new(|_| ()));
    let worst = Mutex::new((Duration::ZERO, String::new()));
    let failed = Mutex::new(Vec::new());
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for lane in 0..threads {
            let (inputs, worst, failed) = (&inputs, &worst, &failed);
            scope.spawn(move || {
                for n in (lane..count).step_by(threads) {
                    let mut random = Random(n as u64 + 1);
                    let input = &inputs[n % inputs.len()];
                    let other = random.below(inputs.len());
                    let body = random.mutate(&input.body, &inputs[other].body);
                    let (kind, began) = (kind(&input.name, &mut random), Instant::now());
                    let name = format!("{} as {} (mutation {n})", input.name, kind.as_str());
                    let read = extract::extract(&page(body), &source(kind), jiff::Timestamp::UNIX_EPOCH);
                    let took = began.elapsed();
                    let mut slowest = worst.lock().expect("nobody panics with it");
                    if took > slowest.0 {
                        *slowest = (took, name.clone());
                    }
                    drop(slowest);
                    if read.problems.iter().any(|problem| problem.message.contains("makes a parser fail")) {
                        failed.lock().expect("nobody panics with it").push(name);
                    }
                }
            });
        }
    });
    let (slowest, name) = worst.into_inner().expect("nobody panics with it");
    let (failed, memory) = (failed.into_inner().expect("nobody panics with it"), most_memory_mib());
    println!("{count} mutations of {} files in {:.1} s", inputs.len(), began.elapsed().as_secs_f32());
    println!("slowest {} ms: {name}", slowest.as_millis());
    println!("at most {memory} MiB");
    failed.iter().take(20).for_each(|name| println!("a parser fails: {name}"));
    let fine = failed.is_empty() && slowest < SLOWEST && memory < MEMORY_MIB;
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
