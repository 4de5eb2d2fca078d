//! What one page costs on its way in, and one message on its way out: `cargo bench`.
//!
//! Figures are for comparing two states of this code on one machine; how Vigie compares with other programs is
//! measured on whole runs, in one go with them.

use std::collections::BTreeSet;

use divan::{Bencher, counter::ItemsCount};
use jiff::{Timestamp, civil::date, tz::TimeZone};
use vigie::{
    bulletin::{self, Edition, Guide, Item},
    classify::{Rules, classify},
    config::{Mailbox, Site},
    dedup,
    extract::extract,
    mail::{self, List, Parts},
    model::{
        Cadence, Draft, EmailAddress, Licence, Nature, Page, Preferences, SectionId, Severity, Source, SourceId,
        StoryId,
    },
    normalise::terms::Stems,
    render::{Reader, Templates, bulletin_mail},
    store::search::Indexed,
};

const ENTRIES: usize = 40;

fn main() {
    divan::main();
}

fn source() -> Source {
    let url = url::Url::parse("https://mairie.example/feed").expect("an address");
    Source { licence: Licence::Lo, ..Source::feed(SourceId::parse("bench").expect("a slug"), "Bench", url, section()) }
}

fn section() -> SectionId {
    SectionId::parse("tic").expect("a slug")
}

fn page() -> Page {
    let words = "la commune met à jour ses serveurs après la découverte d'une vulnérabilité ; ";
    let mut body = String::from("<rss version=\"2.0\"><channel><title>Bench</title>");
    for n in 0..ENTRIES {
        body += &format!(
            "<item><title>Titre {n}</title><link>https://mairie.example/{n}</link><guid>{n}</guid>\
             <pubDate>Tue, 29 Aug 2023 10:00:00 +0200</pubDate><description>{}</description></item>",
            words.repeat(15)
        );
    }
    let url = source().url.sample().clone();
    Page { url, content_type: None, body: (body + "</channel></rss>").into_bytes(), reserved: false }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_693_400_000).expect("30 August 2023")
}

#[divan::bench]
fn read_a_page(bencher: Bencher) {
    let (page, source) = (page(), source());
    bencher.counter(ItemsCount::new(ENTRIES)).bench(|| extract(&page, &source, now()));
}

#[divan::bench]
fn recognise_and_shelve_a_page(bencher: Bencher) {
    let (source, rules) = (source(), Rules::embedded());
    let drafts = extract(&page(), &source, now()).drafts;
    bencher.counter(ItemsCount::new(ENTRIES)).bench(|| {
        let keys = dedup::keys_of_page(&source.id, &drafts);
        let shelved: Vec<_> = drafts
            .iter()
            .map(|draft| (dedup::fingerprint(&draft.title, &draft.text), classify(&rules, &source, draft)))
            .collect();
        (keys, shelved)
    });
}

#[divan::bench]
fn find_the_words_of_a_page(bencher: Bencher) {
    let drafts = extract(&page(), &source(), jiff::Timestamp::UNIX_EPOCH).drafts;
    let mut stems = Stems::default();
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        let words = |draft: &Draft| Indexed::of(&mut stems, &draft.title, None, &draft.summary, &draft.text);
        drafts.iter().map(words).collect::<Vec<_>>()
    });
}

fn edition() -> Edition {
    let items: Vec<Item> = (0..ENTRIES as i64)
        .map(|n| Item {
            story: StoryId::new(n),
            section: section(),
            also_in: vec![],
            nature: Nature::Avis,
            severity: Severity::Notable,
            title: format!("Vulnérabilité dans le logiciel {n}"),
            summary: "Une vulnérabilité a été découverte. Elle permet une atteinte à la confidentialité. ".repeat(3),
            more: vec![],
            guide: Guide::default(),
            source: String::from("CERT"),
            published: None,
            url: Some(format!("https://cert.example/avis/{n}")),
            reference: Some(format!("CERTFR-2023-AVI-{n:04}")),
            language: String::from("fr"),
            also: vec![],
            cves: vec![],
            cited: vec![],
            deadlines: vec![],
            again: false,
            importance: 0,
            history: vec![],
            alert: None,
            alerted: None,
        })
        .collect();
    let preferences = Preferences { natures: BTreeSet::new(), ..Preferences::all(Cadence::Daily) };
    let rules = Rules::embedded();
    bulletin::edition(Cadence::Daily, date(2023, 8, 30), 1, &items, rules.sections(), &preferences).expect("items")
}

#[divan::bench]
fn write_a_message(bencher: Bencher) {
    let (templates, edition, rules) = (Templates::embedded(), edition(), Rules::embedded());
    let address = EmailAddress::parse("maire@mairie.example.fr").expect("an address");
    let from = Mailbox { name: Some(String::from("Veille")), address: address.clone() };
    let preferences = Preferences::all(Cadence::Daily);
    let site = Site {
        name: String::from("Veille"),
        url: None,
        publisher: String::from("Ville d’Exemple"),
        address: String::from("1 place de la Mairie"),
        privacy: None,
        zone: TimeZone::UTC,
    };
    let reader = Reader {
        address: &address,
        since: Timestamp::UNIX_EPOCH,
        preferences: &preferences,
        unsubscribe: "mailto:veille@example.fr?subject=STOP",
        preferences_at: "https://veille.example.fr/preferences/A",
        consent: "bulletin quotidien",
    };
    let unsubscribe = [reader.unsubscribe.to_owned()];
    let list =
        List { id: "quotidien.example.fr", name: "Veille", unsubscribe: &unsubscribe, archive: None, help: None };
    bencher.bench(|| {
        let written = bulletin_mail(&templates, &edition, &site, rules.sections(), &reader).expect("a mail");
        mail::build(&Parts {
            from: &from,
            to: &address,
            reply_to: None,
            subject: &written.subject,
            text: &written.text,
            html: &written.html,
            date: Timestamp::UNIX_EPOCH,
            zone: &TimeZone::UTC,
            message_id: "bench@example.fr",
            list: Some(&list),
        })
        .expect("a message")
    });
}
