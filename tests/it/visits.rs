//! What a visit comes to where nothing is wrong with the source: pages of the day, entries that are not wanted, settings
//! that were edited; and where the fault is ours.

use std::fs;

use mail_parser::MessageParser;
use vigie::{
    alarm::AlarmKind,
    model::{EmailAddress, SourceId},
    store::{
        alarms, fetches,
        sources::{self, Known, State},
    },
    web::replay::Answer,
    work::{
        attempt::attempt,
        crawl::{Asking, Which, crawl},
        health::{self, Told},
        tidy,
    },
};

use crate::app::{Item, TestApp, item, rss};

fn id(name: &str) -> SourceId {
    SourceId::parse(name).expect("an id")
}

fn known(t: &TestApp, name: &str) -> Known {
    t.app.store.read(|db| sources::get(db, &id(name))).expect("a read").expect("the source")
}

fn alarms(t: &TestApp) -> Vec<AlarmKind> {
    t.app.store.read(alarms::all_open).expect("a read").into_iter().map(|raised| raised.alarm.kind).collect()
}

fn later(t: &mut TestApp, hours: i64) {
    t.at(&(t.now() + jiff::SignedDuration::from_hours(hours)).to_string());
}

/// Has the database refuse new rows of a table, as a full disk would.
fn refuse(t: &TestApp, table: &str) {
    let sql = format!("CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END");
    t.app.store.write(|tx| tx.execute(&sql, &[])).expect("a trigger");
}

/// Edits `sources.toml`, and opens the installation again.
fn edited(t: TestApp, from: &str, to: &str) -> TestApp {
    let path = t.dir.path().join("sources.toml");
    let written = fs::read_to_string(&path).expect("a file");
    assert!(written.contains(from), "{written}");
    fs::write(&path, written.replace(from, to)).expect("a file");
    t.reopened()
}

fn feed(items: &[Item], etag: &str) -> Answer {
    Answer::ok("application/rss+xml", rss(items)).header("etag", etag)
}

/// An item of a day of August 2023.
fn of_day(n: u32, day: u32) -> Item {
    Item { date: format!("{day:02} Aug 2023 10:00:00 +0200"), ..item(n, &format!("Titre {n}"), &format!("Texte {n}")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_stored_is_a_failure_and_not_fetched_at_each_tick() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    refuse(&t, "notice");
    let report = t.crawl_one("a").await;
    assert_eq!(report.state, State::Failing);
    assert!(report.detail.contains("cannot store what it brought") && report.detail.contains("no room"), "{report:?}");
    let after = known(&t, "a");
    assert_eq!((after.state, after.failures, after.next_check), (State::Failing, 1, report.next_check));
    assert!(after.next_check > t.now(), "its time is to come");
    let due = crawl(&t.app, &Which::Due, Asking::Conditionally, &|_| ()).await.expect("a crawl");
    assert_eq!((due.sources.len(), t.web.requests("/a")), (0, 1));
    let past = t.app.store.read(|db| fetches::latest(db, &id("a"), 9)).expect("a read");
    assert_eq!((past.len(), past[0].fetch.outcome), (1, State::Failing));
    later(&mut t, 7);
    t.crawl().await;
    assert_eq!((known(&t, "a").failures, alarms(&t)), (2, vec![AlarmKind::Failing]));
    t.app.store.write(|tx| tx.execute("DROP TRIGGER no_notice", &[])).expect("room");
    assert_eq!(t.crawl_one("a").await.new, 1, "nothing is lost");
    assert_eq!(alarms(&t), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_stored_the_crawl_ends_and_says_why() {
    let paths: Vec<String> = (0..40).map(|n| format!("/{n}")).collect();
    let t = TestApp::watching(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    paths.iter().for_each(|path| t.serve(path, &[item(1, "Un", "x")]));
    refuse(&t, "notice");
    refuse(&t, "fetch");
    let error = crawl(&t.app, &Which::All, Asking::Conditionally, &|_| ()).await.expect_err("an end");
    let text = format!("{error:#}");
    assert!(text.contains("the crawl was ended") && text.contains("no room"), "{text}");
    let asked: usize = paths.iter().map(|path| t.web.requests(path)).sum();
    assert!(asked < 40, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_that_is_not_out_is_neither_empty_nor_gone() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/{%Y%m%d}\"\nallow_private = true\nevery = \"1h\"\n";
    let mut t = TestApp::reading(sources).await;
    t.web.set("/20230830", feed(&[item(1, "Un", "x")], "\"30\""));
    assert_eq!(t.crawl_one("a").await.state, State::Ok);
    for (day, nothing) in [("2023-08-31", Answer::status(404)), ("2023-09-01", feed(&[], "\"1\""))] {
        t.at(&format!("{day}T05:30:00Z"));
        t.web.set(format!("/{}", day.replace('-', "")), nothing);
        for _ in 0..4 {
            assert_eq!(t.crawl_one("a").await.state, State::Empty, "{day}");
            assert_eq!((known(&t, "a").failures, alarms(&t)), (0, vec![]), "{day}");
            later(&mut t, 3);
        }
    }
    t.web.set("/20230901", feed(&[item(2, "Deux", "y")], "\"30\""));
    let report = t.crawl_one("a").await;
    assert_eq!((report.status, report.new), (Some(200), 1), "and it is asked for in full");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_left_out_on_purpose_are_not_an_empty_page() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\nmax_age = \"10d\"\n\n\
                   [[source]]\nid = \"b\"\nurl = \"@WEB@/b\"\nallow_private = true\nkind = \"json\"\nrequire = [\"/reponse\"]\n\
                   title = \"/titre\"\nguid = \"/n\"\ndate = \"/le\"\n";
    let mut t = TestApp::reading(sources).await;
    let questions = |answer: &str, etag: &str| {
        let body = format!("[{{\"n\":\"1\",\"titre\":\"Question\"{answer}}}]");
        Answer::ok("application/json", body).header("etag", etag)
    };
    t.web.set("/a", feed(&[of_day(1, 29)], "\"1\""));
    t.web.set("/b", questions(",\"reponse\":\"Oui.\",\"le\":\"2023-08-29\"", "\"1\""));
    t.crawl().await;
    t.web.set("/a", feed(&[of_day(2, 1)], "\"2\""));
    t.web.set("/b", questions("", "\"2\""));
    for status in [200, 304, 304] {
        later(&mut t, 1);
        for report in t.crawl().await.sources {
            assert_eq!((report.status, report.failed()), (Some(status), false), "{}: {}", report.id, report.detail);
            assert_ne!(report.state, State::Empty);
        }
    }
    assert_eq!(alarms(&t), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_to_be_taken_was_known() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\nmax_age = \"10d\"\n";
    let mut t = TestApp::reading(sources).await;
    t.serve("/a", &[of_day(1, 22), of_day(2, 21)]);
    assert_eq!(t.crawl_one("a").await.new, 2);
    t.at("2023-09-20T05:30:00Z");
    let news = |n: u32| Item { date: String::from("Tue, 19 Sep 2023 10:00:00 +0200"), ..of_day(n, 1) };
    t.serve("/a", &[news(3), news(4), of_day(1, 22), of_day(2, 21)]);
    assert_eq!(t.crawl_one("a").await.new, 2);
    assert_eq!(alarms(&t), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_not_silent_because_another_is_faster() {
    let mut t = TestApp::watching(&["/a", "/b"]).await;
    for n in 1..=20 {
        let page = |extra: u32| {
            let mut items = vec![item(n + extra, &format!("Titre {}", n + extra), &format!("Texte {}", n + extra))];
            items.push(item(n, &format!("Titre {n}"), &format!("Texte {n}")));
            items.dedup_by(|a, b| a.guid == b.guid);
            items
        };
        // For some days it is first, then always second.
        let (first, second) = if n <= 8 { ("/b", "/a") } else { ("/a", "/b") };
        t.serve(first, &page(0));
        t.crawl_one(first.trim_matches('/')).await;
        t.serve(second, &page(0));
        t.crawl_one(second.trim_matches('/')).await;
        let at = t.now();
        assert_eq!(known(&t, "b").last_new, Some(at), "visit {n}");
        later(&mut t, 12);
    }
    assert!(!alarms(&t).contains(&AlarmKind::Silent), "{:?}", alarms(&t));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_is_named_late_hears_only_of_what_is_wrong_now() {
    let mut t = TestApp::watching(&["/a", "/b", "/c"]).await;
    for path in ["/a", "/b", "/c"] {
        t.web.set(path, Answer::status(410));
    }
    t.crawl().await;
    later(&mut t, 2);
    t.serve("/a", &[item(1, "Un", "x")]);
    t.serve("/b", &[item(2, "Deux", "y")]);
    t.crawl().await;
    t.config().mail.operator = Some(EmailAddress::parse("informatique@example.fr").expect("an address"));
    assert!(matches!(health::tell(&t.app).await.expect("a word"), Told::Sent { began: 1, .. }));
    let letter = MessageParser::default().parse(&t.inbox.received()[0].bytes).expect("a message").into_owned();
    assert_eq!(
        letter.subject().map(|subject| subject.replace('\u{a0}', " ")).as_deref(),
        Some("Vigie : 1 source en panne")
    );
    assert!(!letter.body_text(0).expect("a text").contains("(a)"), "{letter:?}");
    later(&mut t, 24 * 91);
    t.serve("/c", &[item(3, "Trois", "z")]);
    t.crawl().await;
    assert_eq!(health::tell(&t.app).await.expect("a word"), Told::Sent { began: 0, ended: 1 });
    tidy::tidy(&t.app).expect("room");
    let kept = || t.app.store.read(|db| db.value::<i64>("SELECT count(*) FROM alarm", &[])).expect("a count");
    assert_eq!(kept(), 1, "those of two hours went, for they ended long ago");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_read_in_another_way_is_asked_in_full_at_once() {
    let t = TestApp::reading(
        "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\nkind = \"json\"\n\
         title = \"/ancien\"\nguid = \"/n\"\n",
    )
    .await;
    let body = "[{\"n\":\"1\",\"ancien\":\"Premier\"},{\"n\":\"2\",\"nouveau\":\"Second\"}]";
    t.web.set("/a", Answer::ok("application/json", body).header("etag", "\"1\""));
    assert_eq!(t.crawl_one("a").await.new, 1);
    let next = known(&t, "a").next_check;
    let t = edited(t, "title = ", "name = \"Un autre nom\"\ntitle = ");
    let t = {
        // A setting of which no page depends changes nothing.
        assert_eq!(known(&t, "a").next_check, next);
        assert_eq!(t.crawl_one("a").await.status, Some(304));
        edited(t, "/ancien", "/nouveau")
    };
    let due = crawl(&t.app, &Which::Due, Asking::Conditionally, &|_| ()).await.expect("a crawl");
    assert_eq!((due.sources[0].status, due.sources[0].new), (Some(200), 1));
    assert_eq!(t.titles(), ["Premier", "Second"]);
    let t = t.reopened();
    assert_eq!(t.crawl_one("a").await.status, Some(304), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_not_wanted_are_read_when_the_pattern_changes() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/dir/\"\nallow_private = true\nnewest = 'jo_\\d+\\.xml'\n";
    let t = TestApp::reading(sources).await;
    let list = "<a href=\"jo_9.xml\">jo_9.xml</a> <a href=\"au_1.xml\">au_1.xml</a>";
    t.web.set("/dir/", Answer::ok("text/html", list).header("etag", "\"1\""));
    t.web.set("/dir/jo_9.xml", feed(&[item(9, "Neuf", "x")], "\"9\""));
    t.web.set("/dir/au_1.xml", feed(&[item(1, "Un", "y")], "\"1\""));
    t.crawl_one("a").await;
    assert_eq!(known(&t, "a").read_up_to.as_deref(), Some("jo_9.xml"));
    let t = edited(t, "jo_", "au_");
    t.crawl_one("a").await;
    assert_eq!(t.titles(), ["Neuf", "Un"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_former_address_is_held_against_the_new_one() {
    let t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(404));
    t.web.set("/b", Answer::status(404));
    for _ in 0..3 {
        t.crawl_one("a").await;
    }
    assert_eq!(known(&t, "a").state, State::Gone);
    let t = edited(t, "/a\"", "/b\"");
    let fresh = known(&t, "a");
    assert_eq!((fresh.state, fresh.failures, fresh.detail.as_str(), fresh.since), (State::New, 0, "", t.now()));
    for expected in [State::Failing, State::Failing, State::Gone] {
        assert_eq!(t.crawl_one("a").await.state, expected);
        assert_eq!(alarms(&t), [AlarmKind::Gone], "it has not answered yet");
    }
    t.serve("/b", &[item(1, "Un", "x")]);
    t.crawl_one("a").await;
    assert_eq!(alarms(&t), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_to_be_left_alone_is_after_a_trial_too() {
    let t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(503).header("retry-after", "7200"));
    assert!(attempt(&t.app, "a").await.is_err());
    let t = t.reopened();
    let report = t.crawl_one("a").await;
    assert!(report.skipped && report.detail.contains("left alone"), "{report:?}");
    assert_eq!(t.web.requests("/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_so_of_robots_txt_is_left_alone() {
    for status in [429, 503] {
        let t = TestApp::watching(&["/a", "/b"]).await;
        t.web.set("/robots.txt", Answer::status(status).header("retry-after", "7200"));
        t.crawl().await;
        let t = t.reopened();
        let report = t.crawl().await;
        assert!(report.sources.iter().all(|source| source.skipped), "{report:?}");
        let held = t.app.store.read(|db| sources::held_hosts(db, t.now())).expect("a read");
        assert_eq!(held[0].1.duration_since(t.now()).as_mins(), 120);
        assert_eq!((t.web.requests("/robots.txt"), t.web.requests("/a")), (1, 0), "{status}");
    }
}
