//! `vigie trace`: what became of everything that was sent to one address.

use std::collections::BTreeMap;

use vigie::{
    demo::inbox::{Answer, Behaviour},
    model::{Cadence, EmailAddress, Letter},
    render::Whom,
    store::{
        outbox::{self, NewLetter},
        subscribers,
    },
    work::{exchange, trace},
};

use crate::{
    app::{TestApp, item},
    zone::Zone,
};

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn text(test: &TestApp, of: &str, whom: Whom) -> String {
    let traced = trace::trace(&test.app, &address(of), 20).expect("a trace").expect("a known address");
    // Spaces that do not break are hard to see.
    trace::text(&test.app, &traced, whom).replace(['\u{a0}', '\u{202f}'], " ")
}

/// The same on one line.
fn flat(test: &TestApp, of: &str) -> String {
    text(test, of, Whom::Reader).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two readers, one edition, and a mail server that answers each as it is told.
async fn sent(answers: &[(&str, Answer)]) -> TestApp {
    let answers: BTreeMap<String, Answer> =
        answers.iter().map(|(who, what)| ((*who).to_owned(), what.clone())).collect();
    let behaviour = Behaviour { answers, ..Behaviour::default() };
    let test = TestApp::with_settings(&["/flux"], "", behaviour).await;
    test.serve("/flux", &[item(1, "Une alerte pour les mairies", "Les communes sont concernées.")]);
    test.crawl().await;
    test.subscribe("Marie@ville.fr", Cadence::Daily);
    test.subscribe("paul@village.fr", Cadence::Daily);
    test.compose(Cadence::Daily).expect("an edition");
    test.send().await;
    test
}

#[tokio::test]
async fn each_try_is_told_with_what_was_said_what_it_means_and_what_to_do() {
    let mut test = sent(&[
        (
            "Marie",
            Answer::RefuseOnce(String::from("450 4.2.0 <Marie@ville.fr>: Recipient address rejected: Greylisted")),
        ),
        ("paul", Answer::Refuse(String::from("550 5.7.1 Message refused by policy of the organisation"))),
    ])
    .await;
    let zone = Zone::start().await;
    zone.mx("village.fr", 10, "mx1.altospam.com");
    exchange::find(&test.app, &zone.dns(), ["village.fr"]).await.expect("who takes its mail");
    test.at("2023-08-30T06:30:00Z");
    test.send().await;
    insta::assert_snapshot!(text(&test, "MARIE@ville.FR", Whom::Keeper), @r"
    Ce qui a été envoyé à Marie@ville.fr

    Abonnement au bulletin quotidien depuis le 30 août 2023.

    Bulletin quotidien du 30 août 2023 : remis
      le 30 août 2023 à 07 h 30, 127.0.0.1
        « 450 4.2.0 <Marie@ville.fr>: Recipient address rejected:
        Greylisted »
        = liste grise : le serveur 127.0.0.1 demande à tout nouvel
          expéditeur de revenir quelques minutes plus tard
      le 30 août 2023 à 08 h 30, 127.0.0.1
        « 250 2.0.0 Taken as 1 »
        = remis : le serveur 127.0.0.1 a accepté le message et en répond
        → S’il n’est pas dans la boîte de réception, regardez dans les
          indésirables et dans la quarantaine, puis demandez à votre service
          informatique d’ajouter veille@example.fr à la liste des
          expéditeurs autorisés.
    ");
    insta::assert_snapshot!(text(&test, "paul@village.fr", Whom::Reader), @r"
    Ce qui a été envoyé à paul@village.fr

    Abonnement au bulletin quotidien depuis le 30 août 2023.

    Bulletin quotidien du 30 août 2023 : pas encore remis
      le 30 août 2023 à 07 h 30, 127.0.0.1
        « 550 5.7.1 Message refused by policy of the organisation »
        = refusé par Altospam, par une règle de filtrage
      le 30 août 2023 à 08 h 30, 127.0.0.1
        « 550 5.7.1 Message refused by policy of the organisation »
        = refusé par Altospam, par une règle de filtrage
        → Demandez à votre service informatique d’ajouter veille@example.fr
          à la liste des expéditeurs autorisés d’Altospam.
      prochain essai : le 30 août 2023 à 08 h 46
    ");
    let keeper = text(&test, "paul@village.fr", Whom::Keeper);
    assert!(keeper.contains("Pour Vigie"), "{keeper}");
}

#[tokio::test]
async fn who_waits_is_told_until_when_and_who_left_that_nothing_comes() {
    let test = sent(&[("Marie", Answer::Refuse(String::from("452 4.2.2 mailbox full")))]).await;
    let told = flat(&test, "marie@ville.fr");
    assert!(told.contains("prochain essai : le 30 août 2023 à 07 h 35"), "{told}");
    assert!(told.contains("boîte pleine") && told.contains("Faites de la place"), "{told}");
    let why = "demandé par téléphone";
    test.app.store.write(|tx| subscribers::suppress(tx, &address("marie@ville.fr"), why, test.now())).expect("a write");
    let told = flat(&test, "marie@ville.fr");
    assert!(told.contains("Plus rien n’est envoyé à cette adresse : demandé par téléphone."), "{told}");
    let paul = flat(&test, "paul@village.fr");
    assert!(paul.contains(": remis le ") && paul.contains("indésirables"), "{paul}");
}

#[tokio::test]
async fn letters_to_nobodys_address_are_found_and_an_unknown_one_is_said_to_be() {
    let test = TestApp::watching(&[]).await;
    let new = address("Nouvelle@Ville.fr");
    let letter = NewLetter {
        kind: Letter::Confirmation,
        subscriber: None,
        address: &new,
        particulars: "{}",
        message_id: "a@example.fr",
    };
    let later = test.now() + jiff::SignedDuration::from_hours(24);
    test.app.store.write(|tx| outbox::queue_letter(tx, &letter, test.now(), later)).expect("a letter");
    let told = flat(&test, "nouvelle@ville.fr");
    assert!(told.contains("Demande de confirmation : en attente d’envoi"), "{told}");
    assert!(told.contains("n’est pas celle d’un abonné"), "{told}");
    assert_eq!(trace::trace(&test.app, &address("inconnu@ville.fr"), 20).expect("a look"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_text_or_json_and_knows_what_it_does_not_know() {
    let test = sent(&[("paul", Answer::Refuse(String::from("550 5.1.1 User unknown")))]).await;
    let run = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_vigie"));
        command.current_dir(test.dir.path()).args(args);
        command.assert()
    };
    let out = run(&["trace", "PAUL@village.fr"]).success().get_output().stdout.clone();
    assert!(String::from_utf8_lossy(&out).contains("adresse inconnue"), "{}", String::from_utf8_lossy(&out));
    let out = run(&["trace", "paul@village.fr", "--json"]).success().get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(json["sendings"][0]["state"], "failed");
    assert_eq!(json["sendings"][0]["tries"][0]["reply"]["enhanced"], "5.1.1");
    assert_eq!(json["sendings"][0]["advice"][0]["cause"], "unknown");
    let error = run(&["trace", "inconnu@village.fr"]).code(1).get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&error).contains("hint: "), "{}", String::from_utf8_lossy(&error));
    run(&["trace", "pas une adresse"]).code(2);
}
