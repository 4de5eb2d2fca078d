//! `vigie eval`: what would be decided on labelled items.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use serde_json::Value;
use tempfile::TempDir;

fn vigie(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(dir).env_remove("VIGIE_LOG");
    command
}

const ITEMS: &str = r#"{"id": "a", "source": "Journal officiel", "section": "institutions", "nature": "jorf", "title": "Décret du 3 mars 2026 portant nomination d'un préfet"}

{"id": "b", "source": "maire-info", "section": "institutions", "authority": "press", "title": "Marchés publics : un seuil relevé", "text": "Les communes y gagnent."}
{"id": "c", "source": "cert", "url": "https://www.cert.ssi.gouv.fr/alerte/CERTFR-2026-ALE-005/", "title": "Une faille", "categories": []}
"#;

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[test]
fn each_item_gets_its_shelf_its_relevance_and_the_reasons() {
    let dir = TempDir::new().expect("a folder");
    let run = vigie(dir.path()).args(["eval", "shelves", "-"]).write_stdin(ITEMS).assert().code(0).stderr("");
    let got = lines(&run.get_output().stdout);
    let brief: Vec<String> = got
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().expect("text").to_owned();
            format!("{} {} {} {} {}", text("id"), text("section"), text("nature"), text("severity"), line["relevant"])
        })
        .collect();
    assert_eq!(
        brief,
        [
            "a institutions jorf info false",
            "b commande-publique actu info true",
            "c cybersecurite alerte critical true",
        ]
    );
    for line in &got {
        let because = line["because"].as_array().expect("a list");
        assert!(because.last().and_then(Value::as_str).is_some_and(|told| {
            told.starts_with("intérêt pour les collectivités : ")
                && line["relevance"].is_i64()
                && line["also"].is_array()
        }));
    }
    assert!(got[1]["because"][0].as_str().is_some_and(|told| told.contains("« marché public » +30")), "{:#}", got[1]);
    // A file says the same as standard input, and a program may ask for JSON by name.
    fs::write(dir.path().join("items.jsonl"), format!("\u{feff}{ITEMS}")).expect("a file");
    let again = vigie(dir.path()).args(["eval", "shelves", "items.jsonl", "--json"]).assert().code(0);
    assert_eq!(lines(&again.get_output().stdout), got);
}

#[test]
fn the_rules_of_the_installation_decide() {
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join("sources.toml"), "").expect("a file");
    fs::write(dir.path().join("vigie.toml"), "rules = \"own.toml\"\n").expect("a file");
    let rules = "least_relevance = 1\n[[section]]\nid = \"tout\"\nname = \"Tout\"\n\
                 [[relevance]]\nname = \"ici\"\npoints = 2\nwhen = [{ title_has = [\"Valbrune\"] }]\n";
    fs::write(dir.path().join("own.toml"), rules).expect("a file");
    let items = "{\"id\":\"1\",\"source\":\"x\",\"title\":\"À Valbrune\"}\n{\"id\":\"2\",\"source\":\"x\",\"title\":\"Ailleurs\"}\n";
    let run = vigie(dir.path()).args(["eval", "shelves", "-"]).write_stdin(items).assert().code(0);
    let relevant: Vec<bool> =
        lines(&run.get_output().stdout).iter().map(|line| line["relevant"].as_bool().expect("a bool")).collect();
    assert_eq!(relevant, [true, false]);
    fs::write(dir.path().join("own.toml"), rules.replace("points = 2", "points = \"two\"")).expect("a file");
    vigie(dir.path())
        .args(["eval", "shelves", "-"])
        .write_stdin(items)
        .assert()
        .code(2)
        .stderr(contains("own.toml:7:10"));
}

#[test]
fn what_is_no_item_is_told_with_its_line_and_a_hint() {
    let dir = TempDir::new().expect("a folder");
    let good = "{\"id\":\"1\",\"source\":\"x\",\"title\":\"t\"}\n";
    for (bad, told) in [
        ("{\"id\":\"2\"", "line 2 of `-` is no item"),
        ("{\"id\":\"2\",\"source\":\"x\"}", "missing field `title`"),
        ("{\"id\":\"2\",\"source\":\"x\",\"title\":\"t\",\"titel\":\"t\"}", "unknown field `titel`"),
        ("{\"id\":\"2\",\"source\":\"x\",\"title\":\"t\",\"section\":\"voirie\"}", "there is no section `voirie`"),
        ("{\"id\":\"2\",\"source\":\"x\",\"title\":\"t\",\"nature\":\"gros\"}", "there is no nature `gros`"),
        ("{\"id\":\"2\",\"source\":\"x\",\"title\":\"t\",\"authority\":\"me\"}", "there is no authority `me`"),
        ("{\"id\":\"2\",\"source\":\"x\",\"title\":\"t\",\"url\":\"nulle part\"}", "`nulle part` is no address"),
    ] {
        vigie(dir.path())
            .args(["eval", "shelves", "-"])
            .write_stdin(format!("{good}{bad}\n"))
            .assert()
            .code(1)
            .stderr(contains("line 2 of `-`").and(contains(told)).and(contains("hint: ")));
    }
    vigie(dir.path())
        .args(["eval", "shelves", "nowhere.jsonl"])
        .assert()
        .code(1)
        .stderr(contains("cannot read `nowhere.jsonl`").and(contains("hint: ")));
}
