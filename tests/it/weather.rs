//! Delivery weather: an operator of mailboxes that begins to refuse is told of, to who runs Vigie and on the site.

use std::collections::BTreeMap;

use vigie::{
    alarm::{Tally, Weather},
    demo::inbox::{Answer, Behaviour},
    model::{Cadence, EmailAddress},
    store,
    work::{
        health::{self, Told},
        publish, weather,
    },
};

use crate::app::{TestApp, item};

/// So many readers with a mailbox at Orange, each answered like this, and one elsewhere; an edition for all of them.
async fn readers(many: usize, answer: &Answer) -> TestApp {
    let answers: BTreeMap<String, Answer> = (0..many).map(|n| (format!("lecteur{n}"), answer.clone())).collect();
    let mut test = TestApp::with_settings(&["/flux"], "", Behaviour { answers, ..Behaviour::default() }).await;
    test.config().mail.operator = EmailAddress::parse("informatique@exemple.fr").ok();
    test.serve("/flux", &[item(1, "Une alerte pour les mairies", "Les communes sont concernées.")]);
    test.crawl().await;
    for n in 0..many {
        test.subscribe(&format!("lecteur{n}@orange.fr"), Cadence::Daily);
    }
    test.subscribe("seul@village.fr", Cadence::Daily);
    test.compose(Cadence::Daily).expect("an edition");
    send(&test).await;
    test
}

/// Sends, and files each try under the operator of its reader's mailbox.
async fn send(test: &TestApp) {
    test.send().await;
    let db = rusqlite::Connection::open(test.app.config.data.join("vigie.db")).expect("the database");
    let file = "UPDATE attempt SET operator = (SELECT CASE WHEN s.address LIKE '%@orange.fr' THEN 'orange' ELSE 'village.fr' END
                FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id WHERE d.id = attempt.delivery_id)";
    db.execute(file, []).expect("an update");
}

fn state(test: &TestApp, operator: &str) -> Option<(Weather, u64, u64)> {
    let skies = weather::now(&test.app).expect("the weather");
    let sky = skies.into_iter().find(|sky| sky.operator == operator)?;
    Some((sky.state, sky.recent.refused, sky.recent.all()))
}

fn front(test: &TestApp) -> String {
    publish::refresh(&test.app).expect("pages");
    let index = std::fs::read_to_string(test.app.config.publish.out.join("index.html")).expect("the front page");
    index.replace('\u{a0}', " ")
}

const REFUSAL: &str = "421 mwinf5c79 ME Trop de connexions, veuillez verifier votre configuration. OFR004_104 [104]";

#[tokio::test]
async fn an_operator_that_begins_to_refuse_is_told_of_and_so_is_the_end_of_it() {
    let mut test = readers(8, &Answer::RefuseOnce(String::from(REFUSAL))).await;
    // A first refusal may be greylisting.
    test.at("2023-08-30T05:45:00Z");
    assert_eq!(weather::look(&test.app).expect("a look"), 0);
    assert!(!front(&test).contains("Attention"));
    test.at("2023-08-30T06:01:00Z");
    assert_eq!(weather::look(&test.app).expect("a look"), 1);
    assert_eq!(state(&test, "orange"), Some((Weather::Refusing, 8, 8)));
    assert_eq!(state(&test, "village.fr"), Some((Weather::Calm, 0, 1)));
    assert!(
        front(&test).contains("Attention : refus de réception chez Orange (Wanadoo) depuis le 30 août 2023 à 07 h 30.")
    );
    assert_eq!(health::tell(&test.app).await.expect("a word"), Told::Sent { began: 1, ended: 0 });
    assert_eq!(health::tell(&test.app).await.expect("a word"), Told::Nothing);
    let mail = test.received().into_iter().find(|mail| mail.to == ["informatique@exemple.fr"]).expect("a mail");
    let mail = mail_parser::MessageParser::default().parse(&mail.bytes).expect("a message").into_owned();
    assert_eq!(
        mail.subject().unwrap_or_default().replace('\u{a0}', " "),
        "Vigie : refus de réception chez Orange (Wanadoo)"
    );
    let text = mail.body_text(0).unwrap_or_default().replace(['\u{a0}', '\u{202f}'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("8 messages refusés sur 8"), "{text}");
    assert!(text.contains("OFR004_104") && text.contains("Ce qu’Orange demande aux expéditeurs"), "{text}");
    // They are sent again, and taken.
    test.at("2023-08-30T06:12:00Z");
    send(&test).await;
    assert_eq!(weather::look(&test.app).expect("a look"), 0);
    assert_eq!(state(&test, "orange"), Some((Weather::Calm, 0, 8)));
    assert!(!front(&test).contains("Attention"));
    test.at("2023-08-30T07:13:00Z");
    assert_eq!(health::tell(&test.app).await.expect("a word"), Told::Sent { began: 0, ended: 1 });
    let last = test.inbox.received().into_iter().next_back().expect("a mail");
    let last = mail_parser::MessageParser::default().parse(&last.bytes).expect("a message").into_owned();
    assert!(last.subject().unwrap_or_default().contains("réception rétablie chez Orange"));
}

#[tokio::test]
async fn refusals_that_speak_of_readers_are_no_weather() {
    let mut test =
        readers(8, &Answer::Refuse(String::from("550 5.1.1 Adresse invalide. Invalid recipient. OFR_416 [416]"))).await;
    test.at("2023-08-30T06:31:00Z");
    assert_eq!(weather::look(&test.app).expect("a look"), 0);
    assert_eq!(state(&test, "orange"), Some((Weather::Calm, 0, 8)));
}

#[tokio::test]
async fn few_refusals_are_no_weather_and_one_message_counts_once() {
    let mut test = readers(3, &Answer::Refuse(String::from(REFUSAL))).await;
    for at in ["2023-08-30T05:37:00Z", "2023-08-30T05:57:00Z", "2023-08-30T06:37:00Z"] {
        test.at(at);
        send(&test).await;
    }
    assert_eq!(weather::look(&test.app).expect("a look"), 0);
    assert_eq!(state(&test, "orange"), Some((Weather::Calm, 3, 3)));
}

#[tokio::test]
async fn what_is_refused_day_by_day_is_the_habit() {
    let mut test = readers(8, &Answer::Refuse(String::from("554 5.7.1 Message refused by policy"))).await;
    // In the last weeks it took one of two.
    let days = (1..20).map(|n| format!("2023-08-{n:02}T00:00:00Z").parse::<jiff::Timestamp>().expect("a day"));
    let put = |tx: &store::Tx| {
        days.clone().try_for_each(|day| store::weather::put_day(tx, "orange", day, Tally { taken: 40, refused: 60 }))
    };
    test.app.store.write(put).expect("a write");
    test.at("2023-08-30T06:31:00Z");
    assert_eq!(weather::look(&test.app).expect("a look"), 0);
    let sky = weather::now(&test.app).expect("the weather").into_iter().find(|sky| sky.operator == "orange");
    assert!((0.55..0.6).contains(&sky.expect("a sky").habit));
    // The day is summed once it is over.
    test.at("2023-08-31T05:30:00Z");
    send(&test).await;
    weather::look(&test.app).expect("a look");
    let day = "2023-08-30T00:00:00Z".parse().expect("a day");
    let days = test.app.store.read(|db| store::weather::days(db, "orange", day)).expect("days");
    // A sender stops after some refusals of a kind.
    assert!(matches!(days[..], [Tally { taken: 0, refused: 5..=8 }]), "{days:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_a_table_or_json() {
    let test = readers(1, &Answer::Refuse(String::from("550 5.7.1 refused by policy"))).await;
    let run = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_vigie"));
        command.current_dir(test.dir.path()).args(args);
        command.assert().success().get_output().stdout.clone()
    };
    // The tries lie years back for the clock of the machine: what is left is the head of the table.
    assert!(String::from_utf8_lossy(&run(&["weather"])).starts_with("OPERATOR"));
    assert!(run(&["weather", "--json"]).is_empty());
}
