//! A tick that has nothing to do sees so without reading the sources; whatever there is to do, it sees too.

use std::fs;

use assert_cmd::Command;
use jiff::Timestamp;
use predicates::str::contains;
use vigie::{
    config::Config,
    model::{Cadence, Urgency},
    store::{outbox, settings, sources},
    work::tick,
};

use crate::app::{TestApp, item};

const FILES: &str = "a print of the files";

/// What one tick did, and what it leaves for the next.
async fn tick(t: &TestApp) {
    let report = tick::tick(&t.app, &|_| ()).await.expect("a tick");
    tick::remember(&t.app, &report, FILES).expect("a write");
}

fn is_idle_at(t: &TestApp, now: Timestamp) -> bool {
    // As the command does, which has not read the sources.
    let settings = Config { sources: vec![], ..t.app.config.clone() };
    tick::is_idle(&settings, FILES, now).expect("a look")
}

fn is_idle(t: &TestApp) -> bool {
    is_idle_at(t, t.now())
}

async fn settled() -> TestApp {
    let t = TestApp::watching(&["/a", "/b"]).await;
    t.serve("/a", &[item(1, "Un arrêté", "Le maire arrête.")]);
    t.serve("/b", &[item(2, "Un avis", "La commune avise.")]);
    assert!(!is_idle(&t), "nothing was done yet");
    tick(&t).await;
    assert!(is_idle(&t));
    t
}

#[tokio::test(flavor = "multi_thread")]
async fn time_brings_work_whichever_way_the_clock_goes() {
    let t = settled().await;
    let known = t.app.store.read(sources::all).expect("the sources");
    let next = known.iter().map(|known| known.next_check).min().expect("a source");
    let just = |seconds: i64| next + jiff::SignedDuration::from_secs(seconds);
    assert!(is_idle_at(&t, just(-1)));
    assert!(!is_idle_at(&t, just(1)), "a source is due");
    for other in ["2023-08-30T05:29:00Z", "2020-01-01T00:00:00Z", "2031-01-01T00:00:00Z"] {
        assert!(!is_idle_at(&t, other.parse().expect("an instant")), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_due_though_no_source_is() {
    let mut t = settled().await;
    let far: Timestamp = "2023-08-31T12:00:00Z".parse().expect("an instant");
    let mut known = t.app.store.read(sources::all).expect("the sources");
    known.iter_mut().for_each(|known| known.next_check = far);
    t.app.store.write(|tx| known.iter().try_for_each(|known| sources::update(tx, known))).expect("a write");
    // The daily edition leaves at 07:00 in Paris.
    assert!(is_idle_at(&t, "2023-08-31T04:59:59Z".parse().expect("an instant")));
    assert!(!is_idle_at(&t, "2023-08-31T05:00:00Z".parse().expect("an instant")));
    t.at("2023-08-31T05:00:00Z");
    tick(&t).await;
    assert!(is_idle(&t));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_commands_leave_is_seen() {
    let t = settled().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    assert!(is_idle(&t), "a reader waits for the next edition");
    t.compose(Cadence::Daily).expect("an edition");
    assert!(!is_idle(&t), "a delivery is to be made, an edition to be published");
    tick(&t).await;
    assert_eq!(t.received().len(), 1);
    assert!(is_idle(&t));
    // A sender that died had claimed one.
    t.serve("/a", &[item(3, "Un arrêté de plus", "Le maire arrête encore.")]);
    t.crawl_one("a").await;
    t.compose(Cadence::Daily).expect("an edition");
    let lease: Timestamp = "2023-08-30T06:00:00Z".parse().expect("an instant");
    t.app.store.write(|tx| outbox::claim(tx, 99, &Urgency::ALL, 1, t.now(), lease)).expect("a claim");
    t.app.store.write(|tx| settings::set(tx, "publish-pending", "")).expect("a write");
    assert!(!is_idle(&t), "a delivery is claimed by nobody who lives");
    tick(&t).await;
    assert_eq!(t.received().len(), 2);
    assert!(is_idle(&t));
    t.serve("/b", &[item(4, "Un avis de plus", "La commune avise encore.")]);
    t.crawl_one("b").await;
    assert!(!is_idle(&t), "a new document is to be published");
    tick(&t).await;
    assert!(is_idle(&t));
    fs::remove_dir_all(&t.app.config.publish.out).expect("the folder");
    assert!(!is_idle(&t), "the folder is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_no_longer_watched_is_never_due() {
    let mut t = settled().await;
    let sources = fs::read_to_string(t.dir.path().join("sources.toml")).expect("a file");
    let one = sources.split("\n\n").next().expect("a source").to_owned();
    fs::write(t.dir.path().join("sources.toml"), &one).expect("a file");
    t = t.reopened();
    assert!(!is_idle(&t), "the sources are others");
    t.at("2023-08-30T18:00:00Z");
    tick(&t).await;
    assert!(is_idle(&t), "the time of the other one has come, and nobody asks");
    fs::write(t.dir.path().join("sources.toml"), &sources).expect("a file");
    t = t.reopened();
    assert!(!is_idle(&t), "it is watched again");
    tick(&t).await;
    assert!(is_idle(&t));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_file_is_told_at_the_next_tick_though_nothing_is_due() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let vigie = || {
        let mut command = Command::cargo_bin("vigie").expect("the binary");
        command.current_dir(dir.path()).arg("tick");
        command
    };
    fs::write(dir.path().join("sources.toml"), "").expect("a file");
    fs::write(dir.path().join("vigie.toml"), "").expect("a file");
    let did = vigie().arg("--json").assert().code(0).get_output().stdout.clone();
    let again = vigie().arg("--json").assert().code(0).get_output().stdout.clone();
    let report = |octets: &[u8]| serde_json::from_slice::<serde_json::Value>(octets).expect("an object");
    assert!(report(&did)["published"].as_u64() > Some(0));
    assert_eq!(report(&again)["published"], 0);
    assert!(report(&did).as_object().expect("an object").keys().eq(report(&again).as_object().expect("one").keys()));
    for (file, text) in [("sources.toml", "[[source]]\nid = 3\n"), ("vigie.toml", "[mail]\nfrom = 3\n")] {
        let good = fs::read_to_string(dir.path().join(file)).expect("a file");
        fs::write(dir.path().join(file), text).expect("a file");
        vigie().assert().code(2).stderr(contains(file));
        fs::write(dir.path().join(file), good).expect("a file");
        vigie().assert().code(0).stdout("").stderr("");
    }
}
