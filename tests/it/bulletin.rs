//! What goes out: each story once per cadence, each reader once per bulletin, nobody who left.

use std::collections::BTreeMap;

use mail_parser::MessageParser;
use vigie::{
    demo::inbox::{Answer, Behaviour},
    model::{Cadence, DeliveryState, EmailAddress, Urgency},
    store::outbox,
    work::subscribe,
};

use crate::app::{TestApp, item};

async fn with_three_stories() -> TestApp {
    let t = TestApp::watching(&["/a"]).await;
    t.serve(
        "/a",
        &[item(1, "Un", "Premier texte."), item(2, "Deux", "Second texte."), item(3, "Trois", "Tiers texte.")],
    );
    t.crawl().await;
    t
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_reaches_each_reader_of_its_cadence_once() {
    let t = with_three_stories().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.subscribe("dgs@example.fr", Cadence::Daily);
    t.subscribe("archives@example.fr", Cadence::Weekly);
    let composed = t.compose(Cadence::Daily).expect("an edition");
    assert_eq!((composed.stories, composed.deliveries), (3, 2));
    assert_eq!(t.send().await.sent, 2);
    assert_eq!(t.send().await.sent, 0);
    let received = t.received();
    assert_eq!(received.iter().map(|m| m.to[0].as_str()).collect::<Vec<_>>(), ["dgs@example.fr", "maire@example.fr"]);
    let message = MessageParser::default().parse(&received[0].bytes).expect("a message");
    let text = message.body_text(0).expect("a text part");
    let html = message.body_html(0).expect("an HTML part");
    for title in ["Un", "Deux", "Trois"] {
        assert!(text.contains(title) && html.contains(title), "{title}");
    }
    assert!(text.contains("https://mairie.example/articles/1") && html.contains("https://mairie.example/articles/1"));
    let header = |name: &str| message.header_raw(name).unwrap_or_default().trim().to_owned();
    assert!(header("List-Id").contains("<quotidien.example.fr>"), "{}", header("List-Id"));
    assert!(header("List-Unsubscribe").starts_with("<mailto:veille@example.fr"), "{}", header("List-Unsubscribe"));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_ne!(
        message.message_id(),
        MessageParser::default().parse(&received[1].bytes).expect("a message").message_id()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_get_what_they_chose_and_no_empty_bulletin() {
    let t = with_three_stories().await;
    t.subscribe("tout@example.fr", Cadence::Daily);
    t.subscribe_to("alertes@example.fr", Cadence::Daily, "alerte", "info");
    t.subscribe_to("urgent@example.fr", Cadence::Daily, "", "critical");
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").deliveries, 1);
    t.send().await;
    assert_eq!(t.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cadence_carries_each_story_once() {
    let t = with_three_stories().await;
    assert_eq!(t.compose(Cadence::Daily).map(|c| c.stories), Some(3));
    assert_eq!(t.compose(Cadence::Daily), None);
    t.serve("/a", &[item(4, "Quatre", "Dernier texte.")]);
    t.crawl().await;
    assert_eq!(t.compose(Cadence::Daily).map(|c| c.stories), Some(1));
    assert_eq!(t.compose(Cadence::Weekly).map(|c| c.stories), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn monday_carries_the_weekend_and_a_slot_is_served_once() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    // Installed on Wednesday morning: what is crawled then goes out on Thursday.
    t.serve("/a", &[item(1, "Mercredi", "x")]);
    t.crawl().await;
    assert!(t.compose_due().is_empty());
    t.at("2023-08-31T05:10:00Z");
    assert_eq!(t.compose_due().len(), 1);
    assert!(t.compose_due().is_empty());
    for (day, n) in [("2023-09-01", 2), ("2023-09-02", 3), ("2023-09-03", 4)] {
        t.at(&format!("{day}T12:00:00Z"));
        assert!(t.compose_due().iter().all(|c| c.cadence != Cadence::Daily), "{day}");
        t.serve("/a", &[item(n, &format!("Du {day}"), &format!("Texte {n}."))]);
        t.crawl().await;
    }
    t.at("2023-09-04T05:00:00Z");
    let monday: Vec<(Cadence, usize)> = t.compose_due().iter().map(|c| (c.cadence, c.stories)).collect();
    assert_eq!(monday, [(Cadence::Daily, 3)]);
    // The clock goes back a day: nothing is sent again.
    t.at("2023-09-03T05:30:00Z");
    assert!(t.compose_due().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_refusal_is_tried_again_later_under_the_same_message_id() {
    let answers =
        BTreeMap::from([(String::from("grey"), Answer::RefuseOnce(String::from("450 4.2.0 come back later")))]);
    let mut t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    t.subscribe("grey@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    let first = t.send().await;
    assert_eq!((first.sent, first.deferred), (0, 1));
    assert_eq!(t.send().await.sent, 0, "not due yet");
    t.at("2023-08-30T05:40:00Z");
    assert_eq!(t.send().await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_costs_that_reader_only() {
    let answers = BTreeMap::from([(String::from("unknown"), Answer::Refuse(String::from("550 5.1.1 no such user")))]);
    let t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for name in ["a", "unknown", "b"] {
        t.subscribe(&format!("{name}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let report = t.send().await;
    assert_eq!((report.sent, report.failed), (2, 1));
    assert!(report.refusals.keys().any(|reply| reply.contains("no such user")), "{:?}", report.refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_mail_server_is_down_everything_stays_due_and_the_cause_is_told() {
    let mut t = with_three_stories().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    let vigie::config::Transport::Smtp(smtp) = &mut t.config().mail.transport else { panic!("smtp") };
    let port = std::mem::replace(&mut smtp.port, 1);
    let report = t.send().await;
    assert_eq!(report.sent, 0);
    assert!(report.trouble.as_ref().is_some_and(|t| t.contains("127.0.0.1")), "{report:?}");
    let vigie::config::Transport::Smtp(smtp) = &mut t.config().mail.transport else { panic!("smtp") };
    smtp.port = port;
    assert_eq!(t.send().await.sent, 1, "at once, without waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_gets_nothing_but_a_goodbye_not_even_what_is_queued() {
    let t = with_three_stories().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    let address = EmailAddress::parse("Maire@example.fr").expect("an address");
    subscribe::remove(&t.app, &address).expect("left");
    t.send().await;
    let received = t.received();
    assert_eq!(received.len(), 1);
    assert!(!String::from_utf8_lossy(&received[0].bytes).contains("List-Id"), "the goodbye, and no bulletin");
    let tally = t.app.store.read(|db| outbox::tally(db, None)).expect("a tally");
    assert_eq!(tally, [(DeliveryState::Cancelled, 1), (DeliveryState::Sent, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_sender_had_claimed_is_sent_by_the_next() {
    let t = with_three_stories().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    let now = t.now();
    let until = now + jiff::SignedDuration::from_hours(5);
    let claimed = t.app.store.write(|tx| outbox::claim(tx, 99, &Urgency::ALL, 10, now, until)).expect("a claim");
    assert_eq!(claimed.len(), 1);
    let t = t.reopened();
    assert_eq!(t.send().await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_senders_at_once_send_each_message_once() {
    let t = with_three_stories().await;
    for n in 0..30 {
        t.subscribe(&format!("lecteur{n}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let (first, second) = tokio::join!(t.send(), t.send());
    assert_eq!(first.sent + second.sent, 30);
    assert_eq!(t.received().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_the_final_dot_gets_two_copies_and_no_third() {
    let answers = BTreeMap::from([(String::from("mute"), Answer::CloseAfterDot)]);
    let mut t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    t.subscribe("mute@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    assert_eq!(t.send().await.deferred, 1);
    t.at("2023-08-30T06:30:00Z");
    t.send().await;
    t.at("2023-08-30T12:00:00Z");
    t.send().await;
    let received = t.received();
    assert_eq!(received.len(), 2);
    let id = |n: usize| {
        MessageParser::default().parse(&received[n].bytes).expect("a message").message_id().map(String::from)
    };
    assert_eq!(id(0), id(1), "a mailbox can fold the double");
    let tally = t.app.store.read(|db| outbox::tally(db, None)).expect("a tally");
    assert_eq!(tally, [(DeliveryState::Ambiguous, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_refuses_everybody_stops_the_run_and_costs_nobody_the_bulletin() {
    let refusal = || Answer::Refuse(String::from("550 5.7.1 relaying denied"));
    let answers = (0..20).map(|n| (format!("lecteur{n}"), refusal())).collect();
    let mut t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for n in 0..20 {
        t.subscribe(&format!("lecteur{n}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let report = t.send().await;
    assert!(report.trouble.is_some_and(|trouble| trouble.contains("relaying denied")));
    assert_eq!((report.failed, report.sent), (0, 0));
    assert!(report.deferred < 10, "the run goes on against a relay that refuses: {}", report.deferred);
    // The operator mends it before the bulletin is too old.
    let open = vigie::demo::inbox::Inbox::start(None).await.expect("a server");
    let vigie::config::Transport::Smtp(smtp) = &mut t.config().mail.transport else { panic!("smtp") };
    smtp.port = open.address().port();
    t.at("2023-08-30T07:30:00Z");
    assert_eq!(t.send().await.sent, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_bulletin_is_tried_until_the_next_one_is_there() {
    for (at, sent) in [("2023-08-31T04:30:00Z", 1), ("2023-08-31T05:31:00Z", 0)] {
        let mut t = with_three_stories().await;
        t.subscribe("maire@example.fr", Cadence::Daily);
        t.compose(Cadence::Daily);
        t.at(at);
        let report = t.send().await;
        assert_eq!((report.sent, report.failed), (sent, 1 - sent), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_that_is_two_days_old_is_given_up() {
    let mut t = with_three_stories().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily);
    t.at("2023-09-01T05:31:00Z");
    let report = t.send().await;
    assert_eq!((report.sent, report.failed), (0, 1));
    assert!(t.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_who_breaks_the_connection_does_not_keep_the_others_waiting() {
    let answers = BTreeMap::from([(String::from("close"), Answer::Close(String::from("421 4.3.2 closing")))]);
    let t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for name in ["close", "a", "b", "c"] {
        t.subscribe(&format!("{name}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let report = t.send().await;
    assert_eq!((report.sent, report.deferred, report.trouble), (3, 1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bulletin_of_one_day_has_its_own_page() {
    let t = with_three_stories().await;
    t.compose(Cadence::Daily);
    t.serve("/a", &[item(4, "Quatre", "Dernier texte.")]);
    t.crawl().await;
    t.compose(Cadence::Daily);
    vigie::work::publish::publish(&t.app, None).expect("a folder");
    let page = |name: &str| std::fs::read_to_string(t.dir.path().join("public/bulletins").join(name)).expect("a page");
    assert!(page("2023-08-30-daily.html").contains("Trois"));
    assert!(page("2023-08-30-daily-2.html").contains("Quatre"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_message_costs_nothing_and_doubles_nothing() {
    let answers = BTreeMap::from([(String::from("b"), Answer::DropOnce)]);
    let t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for name in ["a", "b", "c"] {
        t.subscribe(&format!("{name}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let report = t.send().await;
    assert_eq!((report.sent, report.deferred, report.trouble), (3, 0, None));
    assert_eq!(t.received().len(), 3, "each message once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_refuses_everything_without_a_reason_costs_nobody_the_bulletin() {
    let answers = (0..12)
        .map(|n| (format!("lecteur{n}"), Answer::RefuseMessage(String::from("554 transaction failed"))))
        .collect();
    let t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for n in 0..12 {
        t.subscribe(&format!("lecteur{n}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let report = t.send().await;
    assert!(report.trouble.is_some());
    assert_eq!(report.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_is_sent_once_more_to_those_whom_it_did_not_reach() {
    let answers = BTreeMap::from([
        (String::from("dgs"), Answer::Refuse(String::from("550 5.7.1 not from you"))),
        (String::from("parti"), Answer::Refuse(String::from("550 5.7.1 not from you"))),
    ]);
    let mut t = TestApp::with_settings(&["/a"], "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.crawl().await;
    for name in ["maire", "dgs", "parti"] {
        t.subscribe(&format!("{name}@example.fr"), Cadence::Daily);
    }
    let bulletin = t.compose(Cadence::Daily).expect("an edition").bulletin;
    assert_eq!(t.send().await.sent, 1);
    // Nobody mended it within two days.
    t.at("2023-09-01T05:31:00Z");
    assert_eq!(t.send().await.failed, 2);
    subscribe::remove(&t.app, &EmailAddress::parse("parti@example.fr").expect("an address")).expect("left");
    assert_eq!(vigie::work::resend::missing(&t.app, bulletin).expect("queued"), 1);
    let open = vigie::demo::inbox::Inbox::start(None).await.expect("a server");
    let vigie::config::Transport::Smtp(smtp) = &mut t.config().mail.transport else { panic!("smtp") };
    smtp.port = open.address().port();
    t.send().await;
    let to: Vec<String> = open.received().into_iter().flat_map(|mail| mail.to).collect();
    assert!(to.contains(&String::from("dgs@example.fr")) && !to.contains(&String::from("maire@example.fr")), "{to:?}");
    assert_eq!(vigie::work::resend::missing(&t.app, bulletin).expect("queued"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_told_to_stop_ends_soon_and_what_is_left_stays_due() {
    let t = with_three_stories().await;
    for n in 0..700 {
        t.subscribe(&format!("lecteur{n}@example.fr"), Cadence::Daily);
    }
    t.compose(Cadence::Daily);
    let stop = t.app.stop.clone();
    let at_the_first = move |_: usize| stop.cancel();
    let which = vigie::work::send::Which::Due;
    let sending = vigie::work::send::send(&t.app, which, &at_the_first);
    let report =
        tokio::time::timeout(std::time::Duration::from_secs(20), sending).await.expect("an end").expect("a run");
    assert!(report.sent < 700, "{}", report.sent);
    let tally = t.app.store.read(|db| outbox::tally(db, None)).expect("a tally");
    let sent = u64::try_from(report.sent).expect("a count");
    assert_eq!(tally, [(DeliveryState::Queued, 700 - sent), (DeliveryState::Sent, sent)]);
    assert_eq!(t.received().len(), report.sent, "each that was begun was ended");
}
