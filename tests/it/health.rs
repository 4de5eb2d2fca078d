//! How sources fare: when each is asked again, what is raised and ended, and what the operator is told, once.

use mail_parser::MessageParser;
use vigie::{
    alarm::{Alarm, AlarmKind},
    dedup,
    demo::inbox::{Answer as Reply, Behaviour},
    model::{Address, EmailAddress, NoticeId, SourceId},
    store::{
        Tx, alarms, fetches,
        likeness::{self, Posting},
        sources::{self, Known, State},
    },
    web::replay::Answer,
    work::{
        crawl::{Asking, Report, Which, crawl},
        health::{self, Told},
        tick, tidy,
    },
};

use crate::app::{Item, TestApp, item, rss};

fn id(name: &str) -> SourceId {
    SourceId::parse(name).expect("an id")
}

impl TestApp {
    fn known(&self, name: &str) -> Known {
        self.app.store.read(|db| sources::get(db, &id(name))).expect("a read").expect("the source")
    }

    fn minutes_to_next(&self, name: &str) -> i64 {
        self.known(name).next_check.duration_since(self.now()).as_mins()
    }

    fn alarms(&self) -> Vec<(String, AlarmKind)> {
        let open = self.app.store.read(alarms::all_open).expect("a read");
        open.into_iter().map(|raised| (raised.source.to_string(), raised.alarm.kind)).collect()
    }

    fn told_to(&mut self, operator: &str) {
        self.config().mail.operator = Some(EmailAddress::parse(operator).expect("an address"));
    }

    async fn tell(&self) -> Told {
        health::tell(&self.app).await.expect("a word, or none")
    }

    async fn crawl_due(&self) -> Report {
        crawl(&self.app, &Which::Due, Asking::Conditionally, &|_| ()).await.expect("a crawl")
    }

    /// Moves the clock on.
    fn later(&mut self, hours: i64) {
        self.at(&(self.now() + jiff::SignedDuration::from_hours(hours)).to_string());
    }

    /// Subject and text of each message, in the order in which they came.
    fn letters(&self) -> Vec<(String, String)> {
        let read = |bytes: &[u8]| {
            let message = MessageParser::default().parse(bytes).expect("a message");
            let text = message.body_text(0).expect("a text").replace("\r\n", "\n");
            (message.subject().unwrap_or_default().to_owned(), text)
        };
        self.inbox.received().iter().map(|received| read(&received.bytes)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_found_is_gone_at_the_third_time_and_asked_once_a_day() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(404));
    for expected in [State::Failing, State::Failing, State::Gone] {
        assert_eq!(t.crawl_one("a").await.state, expected);
        t.later(1);
    }
    assert!((20 * 60..=26 * 60).contains(&t.minutes_to_next("a")), "{}", t.minutes_to_next("a"));
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::Gone)]);
    t.serve("/a", &[item(1, "Un", "x")]);
    assert_eq!(t.crawl_one("a").await.state, State::Ok);
    assert!((27..=33).contains(&t.minutes_to_next("a")), "its usual rhythm is back at once");
    assert_eq!(t.alarms(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_will_not_come_back_is_asked_once_a_month_or_at_its_new_address_at_once() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(410));
    assert_eq!(t.crawl_one("a").await.state, State::Gone);
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::Gone)]);
    t.later(24 * 25);
    assert_eq!(t.crawl_due().await.sources.len(), 0);
    t.later(24 * 7);
    assert_eq!(t.crawl_due().await.sources.len(), 1, "it is never given up");
    t.serve("/b", &[item(1, "Un", "x")]);
    let written = std::fs::read_to_string(t.dir.path().join("sources.toml")).expect("a file");
    std::fs::write(t.dir.path().join("sources.toml"), written.replace("/a\"", "/b\"")).expect("a file");
    let t = t.reopened();
    assert_eq!(t.crawl_due().await.sources[0].state, State::Ok);
    assert_eq!(t.alarms(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_for_good_is_proposed_at_the_third_time_and_a_passing_one_never() {
    let t = TestApp::watching(&["/old", "/passing", "/wavering"]).await;
    t.serve("/new", &[item(1, "Un", "x")]);
    t.serve("/other", &[item(2, "Deux", "y")]);
    t.web.set("/old", Answer::redirect(301, &t.web.url("/new")));
    t.web.set("/passing", Answer::redirect(302, &t.web.url("/new")));
    for n in 0..4 {
        t.web.set("/wavering", Answer::redirect(308, &t.web.url(if n == 2 { "/other" } else { "/new" })));
        let report = t.crawl_one("old").await;
        assert_eq!(report.moved_to.is_some(), n >= 2, "visit {n}");
        t.crawl_one("passing").await;
        t.crawl_one("wavering").await;
    }
    assert_eq!(t.alarms(), [("old".to_owned(), AlarmKind::Moved)]);
    let raised = t.app.store.read(alarms::all_open).expect("a read");
    assert_eq!(raised[0].alarm.detail, t.web.url("/new"));
    t.serve("/old", &[item(1, "Un", "x")]);
    t.crawl_one("old").await;
    assert_eq!(t.alarms(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_known_entry_is_told_and_read_again_soon() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x"), item(2, "Deux", "y")]);
    t.crawl_one("a").await;
    assert_eq!(t.alarms(), [], "of the first page everything is new");
    t.later(1);
    t.serve("/a", &[item(3, "Trois", "z"), item(4, "Quatre", "w")]);
    t.crawl_one("a").await;
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::Missed)]);
    let wait = t.minutes_to_next("a");
    assert!((12..=17).contains(&wait), "half of thirty minutes: {wait}");
    t.later(1);
    t.serve("/a", &[item(4, "Quatre", "w"), item(5, "Cinq", "v")]);
    t.crawl_one("a").await;
    assert_eq!(t.alarms().len(), 1, "it is told for a week");
    t.later(24 * 8);
    t.crawl_one("a").await;
    assert_eq!(t.alarms(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_lists_nothing_twice_is_told() {
    let t = TestApp::watching(&["/a", "/young"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.serve("/young", &[]);
    t.crawl().await;
    t.serve("/a", &[]);
    t.crawl().await;
    assert_eq!(t.alarms(), []);
    t.crawl().await;
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::Empty)], "and what never listed anything is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_only_says_that_nothing_changed_falls_silent() {
    let mut t = TestApp::watching(&["/a"]).await;
    for n in 1..=8 {
        t.web.set(
            "/a",
            Answer::ok(
                "application/rss+xml",
                rss(&[item(n, &format!("Titre {n}"), "x"), item(n + 1, &format!("Titre {}", n + 1), "y")]),
            )
            .header("etag", &format!("\"{n}\"")),
        );
        t.crawl_one("a").await;
        t.later(12);
    }
    for day in 0..6 {
        assert_eq!(t.crawl_one("a").await.status, Some(304));
        // Two days and a half after the last of those that came every twelve hours.
        assert_eq!(t.alarms().is_empty(), day < 2, "day {day}");
        t.later(24);
    }
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::Silent)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_gets_one_message_when_a_failure_lasts_and_one_when_it_ends() {
    let mut t = TestApp::watching(&["/a", "/b", "/c", "/d", "/e"]).await;
    t.told_to("informatique@example.fr");
    for (n, path) in ["/c", "/d", "/e"].iter().enumerate() {
        t.serve(path, &[item(n as u32, &format!("Titre {n}"), "x")]);
    }
    t.web.set("/a", Answer::status(500));
    t.web.set("/b", Answer::status(410));
    t.config().sources[0].name = String::from("Préfecture");
    t.crawl().await;
    assert!(matches!(t.tell().await, Told::Sent { began: 1, ended: 0 }), "410 is told at once");
    t.later(2);
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Nothing);
    t.later(5);
    t.crawl().await;
    assert!(matches!(t.tell().await, Told::Sent { began: 1, ended: 0 }));
    t.later(2);
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Nothing, "once");
    t.serve("/a", &[item(9, "Neuf", "z")]);
    t.crawl().await;
    t.later(2);
    assert!(matches!(t.tell().await, Told::Sent { began: 0, ended: 1 }));
    let letters = t.letters();
    let subjects: Vec<String> =
        letters.iter().map(|(subject, _)| subject.replace(['\u{a0}', '\u{202f}'], " ")).collect();
    assert_eq!(subjects, ["Vigie : 1 source en panne", "Vigie : 1 source en panne", "Vigie : 1 source rétablie"]);
    let text = letters[1].1.replace(['\u{a0}', '\u{202f}'], " ");
    for part in
        ["Préfecture (a)", "depuis le 30 août 2023 à 07 h 30", "answers 500", "vigie sources try a", "Prochain essai"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let raw = String::from_utf8_lossy(&t.inbox.received()[0].bytes).into_owned();
    assert!(raw.contains("Auto-Submitted: auto-generated") && !raw.contains("List-Unsubscribe"), "{raw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_alarms_are_one_message_and_there_is_one_an_hour_at_most() {
    let mut t = TestApp::watching(&["/a", "/b", "/c"]).await;
    t.told_to("informatique@example.fr");
    t.web.set("/a", Answer::status(410));
    t.web.set("/b", Answer::status(410));
    t.serve("/c", &[item(1, "Un", "x")]);
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Sent { began: 2, ended: 0 });
    t.serve("/a", &[item(2, "Deux", "x")]);
    t.web.set("/c", Answer::status(410));
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Nothing);
    t.later(1);
    assert_eq!(t.tell().await, Told::Sent { began: 1, ended: 1 });
    assert_eq!(t.letters()[1].0.replace('\u{a0}', " "), "Vigie : 1 source en panne, 1 rétablie");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_told_later_and_nothing_is_sent_where_nobody_is_named() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(410));
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Nothing);
    t.told_to("informatique@example.fr");
    let transport = t.app.config.mail.transport.clone();
    if let vigie::config::Transport::Smtp(smtp) = &mut t.config().mail.transport {
        smtp.port = 1;
    }
    assert!(matches!(t.tell().await, Told::Failed { .. }));
    t.config().mail.transport = transport;
    assert_eq!(t.tell().await, Told::Nothing, "a server that is down is not asked at each tick");
    t.later(1);
    assert_eq!(t.tell().await, Told::Sent { began: 1, ended: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_not_be_asked_is_told_with_what_to_do_about_it() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.told_to("informatique@example.fr");
    t.config().crawl.robots = vigie::config::Robots::Obeyed;
    t.web.set("/robots.txt", Answer::ok("text/plain", "User-agent: *\nDisallow: /a\n"));
    t.crawl().await;
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Sent { began: 1, ended: 0 });
    let text = t.letters()[0].1.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["Cause : le fichier robots.txt du site l’interdit aux robots.", "`robots = false` sous `[crawl]`"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// As after a kill between the final dot and the record of its reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_may_have_arrived_goes_out_once_more_under_its_id() {
    let answers = [("perdu".to_owned(), Reply::CloseAfterDot)].into();
    let mut t = TestApp::with_settings(&["/a", "/b"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.told_to("perdu@example.fr");
    t.web.set("/a", Answer::status(410));
    t.crawl().await;
    assert!(matches!(t.tell().await, Told::Waiting { .. }));
    // What happens in between is for the next message.
    t.web.set("/b", Answer::status(410));
    t.crawl().await;
    t.later(2);
    let mut t = t.reopened();
    t.told_to("perdu@example.fr");
    assert_eq!(t.tell().await, Told::Sent { began: 1, ended: 0 });
    let ids: Vec<Option<String>> = t
        .inbox
        .received()
        .iter()
        .map(|r| MessageParser::default().parse(&r.bytes).and_then(|m| m.message_id().map(str::to_owned)))
        .collect();
    assert_eq!((ids.len(), ids[0].is_some(), &ids[0]), (2, true, &ids[1]));
    t.later(2);
    t.told_to("informatique@example.fr");
    assert_eq!(t.tell().await, Told::Sent { began: 1, ended: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_answers_any_more_one_line_says_so() {
    let mut t = TestApp::watching(&["/a", "/b", "/c", "/d"]).await;
    t.told_to("informatique@example.fr");
    let paths = ["/a", "/b", "/c", "/d"];
    paths.iter().for_each(|path| t.web.set(*path, Answer::status(500)));
    // Of four hosts: at two of them nobody answers at all.
    let port = t.web.address().port();
    for (place, host) in [(1, "localhost"), (2, "127.0.0.2"), (3, "127.0.0.3")] {
        let url = format!("http://{host}:{port}{}", paths[place]);
        t.config().sources[place].url = Address::parse(&url).expect("an address");
    }
    t.crawl().await;
    t.later(7);
    t.crawl().await;
    assert!(matches!(t.tell().await, Told::Sent { .. }));
    t.later(2);
    t.crawl().await;
    assert_eq!(t.tell().await, Told::Nothing);
    for (n, path) in paths.iter().enumerate().take(2) {
        t.serve(path, &[item(n as u32, &format!("Titre {n}"), "x")]);
    }
    t.crawl().await;
    assert!(matches!(t.tell().await, Told::Sent { .. }));
    let letters = t.letters();
    let subjects: Vec<String> = letters.iter().map(|(subject, _)| subject.replace('\u{a0}', " ")).collect();
    assert_eq!(
        subjects,
        [
            "Vigie : le réseau de cette machine est en panne",
            "Vigie : le réseau de cette machine est rétabli, 2 sources en panne"
        ]
    );
    assert!(!letters[0].1.contains("(a)") && letters[1].1.contains("d (d)"), "{letters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_by_days_holds_up_neither_a_source_nor_its_host() {
    let mut t = TestApp::watching(&["/a", "/b"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.web.set("/b", Answer::status(503).header("retry-after", "7200"));
    t.at("2023-09-15T05:30:00Z");
    t.crawl_one("a").await;
    t.crawl_one("b").await;
    t.at("2023-08-30T05:40:00Z");
    let report = t.crawl_due().await;
    let asked: Vec<(&str, bool)> = report.sources.iter().map(|s| (s.id.as_str(), s.skipped)).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().any(|(_, skipped)| !skipped), "{asked:?}");
    assert!(t.crawl_due().await.sources.iter().all(|s| s.id.as_str() != "a"), "once for each jump");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_fetches_go_but_for_the_last_of_each_source() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl_one("a").await;
    t.web.set("/a", Answer::status(500));
    for _ in 0..29 {
        t.crawl_one("a").await;
    }
    assert_eq!(tidy::tidy(&t.app).expect("room"), 0);
    t.later(24 * 91);
    assert_eq!(tidy::tidy(&t.app).expect("room"), 9, "the one that brought something stays too");
    let kept = t.app.store.read(|db| fetches::latest(db, &id("a"), 100)).expect("a read");
    assert_eq!((kept.len(), kept.last().map(|past| past.fetch.new)), (21, Some(1)));
    assert_eq!(tidy::tidy(&t.app).expect("room"), 0, "once a day");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_documents_are_compared_by_goes_when_they_are_old_and_the_rest_stays() {
    let mut t = TestApp::watching(&["/a"]).await;
    let text = "Le pont de Valbrune sera fermé trois mois pour la réfection de son tablier.";
    t.serve("/a", &[item(1, "Fermeture du pont", text)]);
    t.crawl_one("a").await;
    let today = dedup::day(t.now());
    // One key in each part of the index that was last seen today, and one that is seen later.
    let keys = |low: u64| (0..64_u64).map(move |part| (part << 58) + low);
    let set = |low, day| {
        let posting = Posting { count: 1, day, notices: vec![(NoticeId::new(1), day)] };
        let set = |tx: &Tx| keys(low).try_for_each(|key| likeness::set_posting(tx, key, &posting));
        t.app.store.write(set).expect("a write");
    };
    set(1, today);
    set(2, today + 150);
    let index = |t: &TestApp, low| t.app.store.read(|db| likeness::postings(db, keys(low))).expect("a read").len();
    let compared = |t: &TestApp, id| t.app.store.read(|db| likeness::copy_of(db, NoticeId::new(id))).expect("a read");
    t.later(24 * 59);
    tidy::tidy(&t.app).expect("room");
    assert_eq!((compared(&t, 1), index(&t, 1)), (Some(NoticeId::new(1)), 64), "not old enough");
    t.later(24 * 5);
    let late =
        Item { date: String::from("Thu, 02 Nov 2023 10:00:00 +0100"), ..item(2, "Réouverture", "Le pont rouvre.") };
    t.serve("/a", &[late]);
    t.crawl_one("a").await;
    for day in 1..=64 {
        tidy::tidy(&t.app).expect("room");
        assert_eq!(index(&t, 1), 64 - day, "one part a day");
        t.later(24);
        if day == 1 {
            assert_eq!((compared(&t, 1), compared(&t, 2)), (None, Some(NoticeId::new(2))));
        }
    }
    assert_eq!((index(&t, 1), index(&t, 2)), (0, 64));
    let all = t.app.store.read(|db| likeness::postings(db, [likeness::ALL].into_iter())).expect("a read");
    assert_eq!(all.len(), 1, "how many documents there were is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_others_raise_lasts_until_they_end_it() {
    let t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    let alarm = Alarm { kind: AlarmKind::SamePage, since: t.now(), detail: "three documents have one text".into() };
    t.app.store.write(|tx| alarms::raise(tx, &id("a"), &alarm)).expect("a write");
    t.app.store.write(|tx| alarms::raise(tx, &id("a"), &alarm)).expect("a write");
    t.crawl().await;
    assert_eq!(t.alarms(), [("a".to_owned(), AlarmKind::SamePage)]);
    t.app.store.write(|tx| alarms::end(tx, &id("a"), AlarmKind::SamePage, t.now())).expect("a write");
    assert_eq!(t.alarms(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_publishes_what_changed_and_only_then() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    assert!(tick::tick(&t.app, &|_| ()).await.expect("a tick").published > 0);
    let index = t.app.config.publish.out.join("index.html");
    std::fs::write(&index, "marque").expect("a file");
    let still = || std::fs::read_to_string(&index).expect("a file") == "marque";
    t.later(1);
    tick::tick(&t.app, &|_| ()).await.expect("a tick");
    assert!(still(), "nothing came in");
    // What a crawl by hand stored is published by the next tick.
    t.serve("/a", &[item(1, "Un", "x"), item(2, "Deux", "y")]);
    t.crawl().await;
    tick::tick(&t.app, &|_| ()).await.expect("a tick");
    assert!(!still());
    std::fs::write(&index, "marque").expect("a file");
    t.config().site.name = String::from("Veille du pays");
    tick::tick(&t.app, &|_| ()).await.expect("a tick");
    assert!(!still(), "the settings changed");
}
