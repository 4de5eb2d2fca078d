//! What recognising one notice costs in a store that holds many: `cargo bench --bench recognise -- 10000 100000`.
//!
//! Notices of about 150 words, of which some repeat or follow up a recent one and some share a template, come at a pace
//! that keeps them all within the window of comparison. The last thousand of each size are timed one by one, each in a
//! transaction of its own, as a crawl that brings one notice does; those before come two hundred at a time.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use vigie::{
    classify::Rules,
    config::{self, Context, Input},
    work::replay::{Document, Replay},
};

const TIMED: usize = 1_000;
const SOURCES: u64 = 200;
/// Days in which all come.
const DAYS: u64 = 29;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000] } else { sizes };
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9}",
        "notices", "mean", "p50", "p99", "worst", "peak memory", "copies"
    );
    for size in sizes {
        run(size);
    }
}

fn run(size: usize) {
    let names: BTreeSet<String> = (0..SOURCES).map(source).collect();
    let rules = Rules::embedded();
    let start = Timestamp::from_second(1_690_000_000).expect("July 2023");
    let mut replay = Replay::new(settings(&rules), rules, &names, start).expect("a replay");
    let mut stream = Stream::new(size + TIMED);
    let mut copies = 0;
    let mut left = size;
    while left > 0 {
        let part: Vec<Document> = (0..left.min(200)).map(|_| stream.next()).collect();
        left -= part.len();
        let recognised = replay.take(&part).expect("decisions");
        copies += recognised.iter().filter(|decided| decided.relation == "copy").count();
    }
    let mut times: Vec<Duration> = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        let document = stream.next();
        let began = Instant::now();
        replay.take(std::slice::from_ref(&document)).expect("a decision");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(TIMED * share / 100).min(TIMED - 1)].as_micros();
    let mean = times.iter().sum::<Duration>().as_micros() / TIMED as u128;
    println!(
        "{size:>9} {mean:>6} µs {:>6} µs {:>6} µs {:>6} µs {:>8} MB {copies:>9}",
        at(50),
        at(99),
        at(100),
        peak() / 1024
    );
}

/// Kilobytes, of this process so far: the sizes should be given in ascending order.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn settings(rules: &Rules) -> config::Config {
    let context = Context {
        base: std::path::Path::new("."),
        here: std::path::Path::new("."),
        data: None,
        sections: rules.sections(),
        env: &|_| None,
        read_secret: &|_| Err(String::new()),
        selector: &|_| Ok(()),
        named: &|_, _| Ok(()),
    };
    match config::load(Some(Input { name: "vigie.toml", text: "" }), None, &context) {
        Ok(config) => config,
        Err(problems) => panic!("{problems}"),
    }
}

fn source(n: u64) -> String {
    format!("source {n}")
}

/// A stream that is the same each time.
struct Stream {
    state: u64,
    count: u64,
    total: u64,
    recent: Vec<(String, String)>,
}

impl Stream {
    fn new(total: usize) -> Self {
        Self { state: 0x2545_f491_4f6c_dd1d, count: 0, total: total as u64, recent: Vec::new() }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % below
    }

    /// Frequent words are a thousand times as frequent as rare ones, as in a language.
    fn word(&mut self) -> String {
        let (a, b) = (self.random(30_000) + 1, self.random(30_000) + 1);
        let rank = a * b / 30_000;
        let mut word = String::from("m");
        let mut rest = rank;
        loop {
            word.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
            rest /= 26;
            if rest == 0 {
                break word;
            }
        }
    }

    fn words(&mut self, count: u64) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn next(&mut self) -> Document {
        self.count += 1;
        let count = self.count;
        let second = 1_690_000_000 + count * DAYS * 86_400 / self.total;
        let kind = self.random(100);
        let known = match self.recent.len() as u64 {
            0 => None,
            recent => {
                let place = usize::try_from(self.random(recent)).unwrap_or(0);
                self.recent.get(place).cloned()
            }
        };
        let (title, text) = match (kind, known) {
            // A copy, with something in front.
            (0..3, Some((title, text))) => (title, format!("{} {text}", self.words(20))),
            // A follow-up: its title, other words.
            (3..13, Some((title, text))) => {
                let opening: String = text.chars().take(150).collect();
                (format!("{title} {}", self.word()), format!("{opening} {}", self.words(120)))
            }
            // An advisory of one template.
            (13..23, _) => {
                let product = self.words(2);
                let (version, cve) = (self.random(90), self.random(90_000) + 1_000);
                (
                    format!("Vulnérabilité dans {product}"),
                    format!(
                        "Risques : exécution de code arbitraire à distance. Systèmes affectés : {product} versions antérieures à \
                         {version}.{}.1. Résumé : une vulnérabilité a été découverte dans {product}. Elle permet à un attaquant de \
                         provoquer une exécution de code arbitraire à distance. Solution : se référer au bulletin de sécurité de \
                         l'éditeur pour l'obtention des correctifs. Documentation : CVE-2023-{cve}",
                        count % 50
                    ),
                )
            }
            _ => (self.words(9), self.words(140)),
        };
        if self.recent.len() < 500 {
            self.recent.push((title.clone(), text.clone()));
        } else {
            let place = usize::try_from(count % 500).unwrap_or(0);
            self.recent[place] = (title.clone(), text.clone());
        }
        let publisher = source(self.random(SOURCES));
        Document {
            id: count.to_string(),
            source: publisher,
            url: format!("https://source.example/{count}"),
            title,
            text,
            published: Timestamp::from_second(second.cast_signed()).expect("an instant").to_string(),
            lang: Some(String::from("fr")),
            nature: None,
        }
    }
}
