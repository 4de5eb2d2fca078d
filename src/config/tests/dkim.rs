//! `[mail.dkim]`.

use super::*;

const FROM: &str = "[mail]\nfrom = \"Veille <veille@veille.example.fr>\"\n";

fn keys(text: &str) -> String {
    format!("{FROM}[mail.dkim]\n{text}\n")
}

#[test]
fn mail_is_signed_for_the_domain_of_its_sender() {
    assert_eq!(config(FROM, "").mail.dkim, None);
    assert_eq!(config(&keys("domain = \"example.fr\""), "").mail.dkim, None);
    let two = "keys = [{ selector = \"S1\", file = \"dkim/s1.pem\" }, { selector = \"s2\", file = \"/keys/s2.pem\" }]";
    let dkim = config(&keys(two), "").mail.dkim.expect("keys");
    assert_eq!(dkim.domain, "veille.example.fr");
    let found: Vec<_> = dkim.keys.iter().map(|key| (key.selector.as_str(), key.file.to_str())).collect();
    assert_eq!(found, [("s1", Some("/etc/vigie/dkim/s1.pem")), ("s2", Some("/keys/s2.pem"))]);
    let as_tables = "domain = \"Évry.fr\"\n[[mail.dkim.keys]]\nselector = \"s1\"\nfile = \"s1.pem\"";
    assert_eq!(config(&keys(as_tables), "").mail.dkim.expect("keys").domain, "xn--vry-9la.fr");
}

#[test]
fn every_mistake_about_keys_is_told() {
    let text = r#"domain = "exemple"
kyes = []
keys = [
  { selector = "s 1", file = "s1.pem" },
  { selector = "s2" },
  { file = "s3.pem", bits = 2048 },
  { selector = "s4", file = "unsound" },
  { selector = "s4", file = "s4.pem" },
]"#;
    insta::assert_snapshot!(problems(&keys(text), ""), @r#"
    error: `domain` in `[mail.dkim]` must be the domain that mail comes from, not `exemple`
     --> vigie.toml:4:10
      |
    4 | domain = "exemple"
      |          ^^^^^^^^^
    hint: write what stands after the `@` of `from`, such as `veille.example.fr`

    error: unknown key `kyes` in `[mail.dkim]`
     --> vigie.toml:5:1
      |
    5 | kyes = []
      | ^^^^
    hint: did you mean `keys`? known: `domain`, `keys`

    error: `selector` in `[[mail.dkim.keys]]` must be a name that can stand in the DNS, not `s 1`
     --> vigie.toml:7:16
      |
    7 |   { selector = "s 1", file = "s1.pem" },
      |                ^^^^^
    hint: take letters, digits and dashes, such as `s1` or `vigie-2026`

    error: `file` of key `s2` is missing
     --> vigie.toml:8:3
      |
    8 |   { selector = "s2" },
      |   ^^^^^^^^^^^^^^^^^^^
    hint: write the path of its PEM

    error: `selector` in `[[mail.dkim.keys]]` is missing
     --> vigie.toml:9:3
      |
    9 |   { file = "s3.pem", bits = 2048 },
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: write a short name, such as `s1`

    error: unknown key `bits` in `[[mail.dkim.keys]]`
     --> vigie.toml:9:22
      |
    9 |   { file = "s3.pem", bits = 2048 },
      |                      ^^^^
    hint: known: `file`, `selector`

    error: `file` of key `s4` names a key that is damaged
     --> vigie.toml:10:29
       |
    10 |   { selector = "s4", file = "unsound" },
       |                             ^^^^^^^^^
    hint: make another than `s4`

    error: `selector` of key `s4` must be its own: it is used twice
     --> vigie.toml:11:16
       |
    11 |   { selector = "s4", file = "s4.pem" },
       |                ^^^^
    hint: one record holds one key

    8 problems
    "#);
    let alone = "[mail.dkim]\nkeys = [{ selector = \"s1\", file = \"s1.pem\" }]\n";
    assert_eq!(messages(alone, ""), ["`keys` in `[mail.dkim]` have no domain to sign for"]);
    assert_eq!(messages(&format!("[mail]\nfrom = \"x\"\n{alone}"), "").len(), 1, "the sender is what is wrong");
    assert_eq!(messages(&keys("keys = \"s1.pem\""), ""), ["`keys` must be a list of tables, not a text"]);
}

#[test]
fn a_signature_for_another_domain_is_warned_of() {
    let told = |domain: &str| {
        let text = format!("domain = \"{domain}\"\nkeys = [{{ selector = \"s1\", file = \"s1.pem\" }}]");
        warnings(&config(&keys(&text), "")).iter().any(|warning| warning.setting == "[mail.dkim] domain")
    };
    assert!(!told("veille.example.fr") && !told("example.fr"));
    assert!(told("ville.fr") && told("e.example.fr") && told("x.veille.example.fr"));
}
