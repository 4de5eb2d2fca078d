//! `vigie search`: what was crawled is found by its words, whatever their ending, accents and case.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use vigie::{
    model::Authority,
    normalise::terms::Query,
    store::search::{self, Filter, Found, Order},
};

use crate::app::{Item, TestApp, item};

fn find(app: &TestApp, words: &str) -> Vec<Found> {
    let query = Query::parse(words);
    app.app.store.read(|db| search::find(db, &query, &Filter::default(), Order::Newest, 10)).expect("a search")
}

fn titles(app: &TestApp, words: &str) -> Vec<String> {
    find(app, words).into_iter().map(|found| found.notice.title).collect()
}

async fn crawled(items: &[Item]) -> TestApp {
    let app = TestApp::watching(&["/feed"]).await;
    app.serve("/feed", items);
    app.crawl().await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_every_form() {
    let app = crawled(&[
        item(1, "Les collectivités face aux attaques", "Une commune sur dix. L’eau n’est pas épargnée."),
        item(2, "Budget primitif", "Le vote du budget de la collectivité, et les marchés publics."),
        item(3, "CERTFR-2024-AVI-0001 : faille", "Voir la CVE-2024-1234 et la CVE-2024-99999."),
    ])
    .await;
    let attacks = ["Les collectivités face aux attaques"];
    let budget = ["Budget primitif"];
    let advisory = ["CERTFR-2024-AVI-0001 : faille"];
    for (words, found) in [
        ("attaque", &attacks[..]),
        ("ATTAQUES collectivite", &attacks),
        ("epargnee", &attacks),
        ("eau", &attacks),
        ("l'eau", &attacks),
        ("\"marché public\"", &budget),
        ("« marchés publics »", &budget),
        ("\"publics marchés\"", &[]),
        ("prim*", &budget),
        ("CVE-2024-1234", &advisory),
        ("cve-2024-123", &[]),
        ("CVE-2024*", &advisory),
        ("certfr-2024-avi-0001", &advisory),
        ("CERTFR-2024-AVI-0002", &[]),
        ("vote du budget", &budget),
        ("\"vote de budget\"", &budget),
        ("attaque budget", &[]),
        ("", &[]),
    ] {
        assert_eq!(titles(&app, words), found, "{words}");
    }
    assert_eq!(titles(&app, "collectivité").len(), 2);
    let found = find(&app, "communes");
    assert_eq!(found[0].excerpt.marked("[", "]"), "Une [commune] sur dix. L’eau n’est pas épargnée.");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_wrong_syntax() {
    let app = crawled(&[item(1, "Un titre", "Un texte.")]).await;
    for words in [
        "\"",
        "(",
        "a*b",
        "title:un",
        "NEAR(un texte)",
        "un AND",
        "NOT",
        "^un",
        "{title} : x",
        "-",
        "*",
        "' OR 1",
        "un\0",
    ] {
        find(&app, words);
    }
    assert_eq!(titles(&app, "text:titre"), Vec::<String>::new());
    assert_eq!(titles(&app, "(titre"), ["Un titre"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_found_by_what_it_says_now() {
    let app = crawled(&[item(1, "Une alerte", "Le correctif est attendu.")]).await;
    app.serve("/feed", &[item(1, "Une alerte", "La mise à jour est publiée.")]);
    assert_eq!(app.crawl_one("feed").await.revised, 1);
    assert_eq!(titles(&app, "publiée"), ["Une alerte"]);
    assert_eq!(titles(&app, "correctif"), Vec::<String>::new());
    assert_eq!(titles(&app, "alerte"), ["Une alerte"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_the_issuer_take_the_place_of_a_relays() {
    let mut app = TestApp::watching(&["/cert", "/relais"]).await;
    app.app.config.sources[0].authority = Authority::Issuer;
    app.app.config.sources[1].authority = Authority::Aggregator;
    let link = String::from("https://cert.example/avis/CERTFR-2023-AVI-9001/");
    let told = |text: &str| Item { guid: None, link: link.clone(), ..item(1, "Faille dans SPIP", text) };
    app.serve("/relais", &[told("Vite, un correctif !")]);
    app.crawl().await;
    assert_eq!(titles(&app, "vite CERTFR-2023-AVI-9001"), ["Faille dans SPIP"]);
    app.serve("/cert", &[told("Le texte de l’avis.")]);
    app.crawl().await;
    assert_eq!(titles(&app, "vite").len(), 0);
    assert_eq!(titles(&app, "avis CERTFR-2023-AVI-9001"), ["Faille dans SPIP"]);
}

/// What a kill between two transactions, or an upgrade, leaves for later.
#[tokio::test(flavor = "multi_thread")]
async fn words_that_were_left_for_later_are_read_by_the_next_crawl() {
    let app = crawled(&[item(1, "Une alerte", "Un texte.")]).await;
    let id = app.notices()[0].id;
    app.app.store.write(|tx| search::later(tx, id)).expect("a note");
    assert!(app.app.store.read(search::is_waiting).expect("a read"));
    app.crawl().await;
    assert!(!app.app.store.read(search::is_waiting).expect("a read"));
    assert_eq!(titles(&app, "alerte"), ["Une alerte"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_or_the_best_come_first() {
    let dated = |n, title: &str, text: &str, day: u32| Item {
        date: format!("{day} Aug 2023 10:00:00 +0200"),
        ..item(n, title, text)
    };
    let app = crawled(&[
        dated(1, "Le budget du budget", "Budget.", 1),
        dated(2, "Autre chose", "Il y est question de tout et d’autre chose, et pour finir d’un budget.", 20),
        dated(3, "Le budget", "Rien.", 10),
    ])
    .await;
    assert_eq!(titles(&app, "budget"), ["Autre chose", "Le budget", "Le budget du budget"]);
    let query = Query::parse("budget");
    let best = app.app.store.read(|db| search::find(db, &query, &Filter::default(), Order::Best, 2)).expect("a search");
    assert_eq!(best.len(), 2);
    assert_eq!(best[0].notice.title, "Le budget du budget");
    let since = Filter { since: Some("2023-08-15T00:00:00Z".parse().expect("an instant")), ..Filter::default() };
    let recent = app.app.store.read(|db| search::find(db, &query, &since, Order::Newest, 9)).expect("a search");
    assert_eq!(recent.len(), 1);
}

fn vigie(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the program");
    command.current_dir(dir).env_remove("VIGIE_LOG");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_what_it_found() {
    let app = crawled(&[item(1, "La cyberattaque d’une mairie", "Les élus ont porté plainte.")]).await;
    vigie(app.dir.path())
        .args(["search", "elu", "plaintes"])
        .assert()
        .success()
        .stdout(predicate::str::starts_with("2023-08-29  actu").and(predicate::str::contains(
        "\n  La cyberattaque d’une mairie\n  https://mairie.example/articles/1\n  Les *élus* ont porté *plainte*.\n",
    )));
    let json = vigie(app.dir.path()).args(["--json", "search", "plainte"]).assert().success();
    let line: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).expect("an object");
    assert_eq!(line["title"], "La cyberattaque d’une mairie");
    assert_eq!(line["excerpt"]["text"], "Les élus ont porté plainte.");
    vigie(app.dir.path())
        .args(["search", "introuvable"])
        .assert()
        .success()
        .stdout("")
        .stderr("no notice has all of these words\n");
    vigie(app.dir.path())
        .args(["search", "plainte", "--section", "nulle-part"])
        .assert()
        .code(1)
        .stderr(predicate::str::contains("there is no section `nulle-part`\nhint: one of cybersecurite, tic,"));
    for (option, value, found) in [
        ("--nature", "actu", true),
        ("--nature", "jorf", false),
        ("--source", "feed", true),
        ("--source", "autre", false),
        ("--since", "2023-08-29", true),
        ("--since", "2023-08-30", false),
        ("--until", "2023-08-29", true),
        ("--until", "2023-08-28", false),
        ("--severity", "info", true),
        ("--severity", "critical", false),
        ("--limit", "1", true),
    ] {
        let run = vigie(app.dir.path()).args(["search", "plainte", option, value]).assert().success();
        assert_eq!(!run.get_output().stdout.is_empty(), found, "{option} {value}");
    }
}
