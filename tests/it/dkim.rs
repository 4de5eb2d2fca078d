//! `vigie dkim`, as an operator meets it.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use serde_json::Value;
use tempfile::TempDir;
use vigie::{
    config::{Dkim, DkimKey},
    mail::dkim::{KeyKind, generate},
    model::Cadence,
};

use crate::app::{TestApp, item};

const FROM: &str = "[mail]\nfrom = \"Veille <veille@veille.example.fr>\"\n";

fn vigie(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(dir).env_remove("VIGIE_LOG");
    command
}

fn folder(settings: &str) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join("vigie.toml"), settings).expect("a file");
    dir
}

fn records(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(output);
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[test]
fn a_key_is_made_shown_and_never_replaced() {
    let dir = folder(FROM);
    let made = vigie(dir.path()).args(["dkim", "generate", "--selector", "S1"]).assert().code(0);
    let text = String::from_utf8_lossy(&made.get_output().stdout).into_owned();
    assert!(
        text.contains("TXT record of s1._domainkey.veille.example.fr (rsa, 2048 bits)\nv=DKIM1; k=rsa; p=MII"),
        "{text}"
    );
    assert!(text.contains("\ns1._domainkey.veille.example.fr. IN TXT ( \"v=DKIM1; k=rsa; p=MII"), "{text}");
    let settings = text.split_once("in vigie.toml:\n").expect("the lines").1;
    assert_eq!(settings, "[mail.dkim]\nkeys = [\n  { selector = \"s1\", file = \"dkim/s1.pem\" },\n]\n");
    let key = dir.path().join("dkim/s1.pem");
    let pem = fs::read_to_string(&key).expect("the key");
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && !text.contains(pem.lines().nth(1).expect("a line")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&key).expect("the key").permissions().mode() & 0o777, 0o600);
    }

    // What was printed is what the settings take.
    fs::write(dir.path().join("vigie.toml"), format!("{FROM}{settings}")).expect("a file");
    vigie(dir.path()).arg("check").assert().code(0).stderr(contains("dkim").not());
    let shown = vigie(dir.path()).args(["dkim", "show", "--json"]).assert().code(0);
    let shown = records(&shown.get_output().stdout);
    let value = shown[0]["value"].as_str().expect("a record");
    assert!(text.contains(value));
    let strings: Vec<&str> =
        shown[0]["strings"].as_array().expect("strings").iter().filter_map(Value::as_str).collect();
    assert!(strings.len() == 2 && strings.concat() == value && strings.iter().all(|one| one.len() <= 255));

    vigie(dir.path())
        .args(["dkim", "generate", "--selector", "s1"])
        .assert()
        .code(1)
        .stderr(contains("`./dkim/s1.pem` is there already\nhint: a key is never replaced"));
    assert_eq!(fs::read_to_string(&key).expect("the key"), pem);
    // The old key goes on signing beside the new one.
    vigie(dir.path()).args(["dkim", "generate", "--selector", "s2", "--kind", "ed25519"]).assert().code(0).stdout(
        contains(
            "  { selector = \"s1\", file = \"dkim/s1.pem\" },\n  { selector = \"s2\", file = \"dkim/s2.pem\" },\n",
        ),
    );
}

#[test]
fn both_kinds_can_be_made_at_once_in_another_place() {
    let dir = folder(FROM);
    let args =
        ["dkim", "generate", "--kind", "both", "--selector", "a", "--dir", "keys", "--domain", "ville.fr", "--json"];
    let made = vigie(dir.path()).args(args).assert().code(0);
    let made = records(&made.get_output().stdout);
    let names: Vec<_> = made.iter().filter_map(|record| record["name"].as_str()).collect();
    assert_eq!(names, ["a-rsa._domainkey.ville.fr", "a-ed25519._domainkey.ville.fr"]);
    assert!(dir.path().join("keys/a-rsa.pem").exists() && dir.path().join("keys/a-ed25519.pem").exists());
    // One of two that is there: none is made.
    fs::remove_file(dir.path().join("keys/a-rsa.pem")).expect("a file");
    vigie(dir.path()).args(args).assert().code(1).stderr(contains("a-ed25519.pem` is there already"));
    assert!(!dir.path().join("keys/a-rsa.pem").exists());
}

#[test]
fn what_is_missing_is_told() {
    let dir = folder("");
    vigie(dir.path())
        .args(["dkim", "generate"])
        .assert()
        .code(1)
        .stderr(contains("there is no domain to sign for\nhint: set `from`"));
    vigie(dir.path()).args(["dkim", "show"]).assert().code(0).stdout("").stderr(contains("mail is not signed here"));
    vigie(dir.path()).args(["dkim", "generate", "--selector", "s_1!"]).assert().code(2);

    let keys = "[mail.dkim]\nkeys = [{ selector = \"s1\", file = \"dkim/s1.pem\" }]\n";
    let dir = folder(&format!("{FROM}{keys}"));
    vigie(dir.path()).arg("check").assert().code(2).stderr(
        contains("`file` of key `s1` names a key that is not there: `./dkim/s1.pem`")
            .and(contains("hint: `vigie dkim generate --selector s1` makes one")),
    );
    // As the hint says.
    vigie(dir.path()).args(["dkim", "generate", "--selector", "s1", "--kind", "ed25519"]).assert().code(0);
    vigie(dir.path()).arg("check").assert().code(0);
    #[cfg(unix)]
    {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(dir.path().join("dkim/s1.pem"), open).expect("permissions");
        vigie(dir.path()).arg("check").assert().code(0).stderr(contains("hint: `chmod 600 ./dkim/s1.pem`"));
    }
    fs::write(dir.path().join("dkim/s1.pem"), "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n")
        .expect("a file");
    vigie(dir.path()).arg("check").assert().code(2).stderr(contains("names a key that is a public key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_readers_get_is_signed_by_each_key() {
    let mut t = TestApp::watching(&["/a"]).await;
    let keys = ["s1", "s2"].map(|selector| {
        let file = t.dir.path().join(selector);
        fs::write(&file, generate(KeyKind::Ed25519).expect("a key")).expect("a file");
        DkimKey { selector: selector.to_owned(), file }
    });
    t.config().mail.dkim = Some(Dkim { domain: "example.fr".into(), keys: keys.to_vec() });
    t.serve("/a", &[item(1, "Ransomware contre une mairie", "Une mairie est victime d’un rançongiciel.")]);
    t.crawl().await;
    t.subscribe("dsi@mairie.example.fr", Cadence::Daily);
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
    let received = t.received();
    let message = String::from_utf8_lossy(&received[0].bytes).into_owned();
    let selectors = ["s=s1;", "s=s2;"].map(|selector| message.matches(selector).count());
    assert!(message.starts_with("DKIM-Signature: v=1; a=ed25519-sha256;") && selectors == [1, 1], "{message}");
}
