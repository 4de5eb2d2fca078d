mod dkim;
mod refusals;
mod sources;

use std::path::Path;

use super::*;
use crate::model::{Authority, Kind, Licence, Nature, Section, SectionId, Sections};

fn load_with(settings: &str, sources: &str, env: &[(&str, &str)]) -> Result<Config, Problems> {
    let section = |id: &str| Section { id: SectionId::parse(id).unwrap(), name: id.to_uppercase() };
    let sections = Sections::new(vec![section("tic"), section("finances")]);
    let context = Context {
        base: Path::new("/etc/vigie"),
        here: Path::new("/"),
        data: None,
        sections: &sections,
        env: &|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        read_secret: &|path| match path.to_str() {
            Some("/etc/vigie/secret") => Ok("from file\n".to_owned()),
            Some("/etc/vigie/empty") => Ok("\n".to_owned()),
            _ => Err("no such file".to_owned()),
        },
        selector: &|text| if text.contains("::") { Err("a stray `::`".to_owned()) } else { Ok(()) },
        named: &|_, path| match path.to_str() {
            Some("/etc/vigie/unsound") => {
                Err("names a key that is damaged\nhint: make another than `SELECTOR`".to_owned())
            }
            Some("/etc/vigie/gone") => Err("names a file that is not there".to_owned()),
            _ => Ok(()),
        },
    };
    load(
        Some(Input { name: "vigie.toml", text: settings }),
        Some(Input { name: "sources.toml", text: sources }),
        &context,
    )
}

fn config(settings: &str, sources: &str) -> Config {
    load_with(settings, sources, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(settings: &str, sources: &str) -> String {
    load_with(settings, sources, &[]).map_or_else(|problems| problems.to_string(), |config| format!("{config:?}"))
}

#[test]
fn what_names_other_files_belongs_in_the_settings() {
    assert_eq!(messages("rules = \"r.toml\"", ""), Vec::<String>::new());
    assert_eq!(messages("", "rules = \"r.toml\""), ["`rules` has no effect here"]);
    let input = |text| Some(Input { name: "vigie.toml", text });
    assert_eq!(rules_path(input("rules = \"r.toml\"")).as_deref(), Some("r.toml"));
    assert_eq!((rules_path(input("rules = 3")), rules_path(input("[site")), rules_path(None)), (None, None, None));
}

/// The messages alone.
fn messages(settings: &str, sources: &str) -> Vec<String> {
    match load_with(settings, sources, &[]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|p| p.message.clone()).collect(),
    }
}

fn smtp(config: &Config) -> &Smtp {
    match &config.mail.transport {
        Transport::Smtp(smtp) => smtp,
        Transport::Direct(_) => panic!("by a relay"),
        Transport::Folder(folder) => panic!("{folder:?}"),
    }
}

#[test]
fn nothing_set_means_the_defaults() {
    let config = config("", "");
    assert_eq!((config.site.name.as_str(), config.site.zone.iana_name()), ("Vigie", Some("Europe/Paris")));
    assert_eq!(
        (config.data.to_str(), config.publish.out.to_str()),
        (Some("/etc/vigie/data"), Some("/etc/vigie/public"))
    );
    assert_eq!((config.crawl.hosts_at_once, config.crawl.body_cap, config.publish.entries), (8, 10 << 20, 50));
    assert_eq!(config.cadences.keys().copied().collect::<Vec<_>>(), Cadence::ALL);
    let smtp = smtp(&config);
    assert_eq!((smtp.host.as_str(), smtp.port, smtp.security), ("localhost", 25, Security::None));
}

#[test]
fn a_short_source_is_enough() {
    let config = config("", "[[source]]\nid = \"a-b\"\nurl = \"https://example.org/f\"\n");
    let source = &config.sources[0];
    assert_eq!((source.name.as_str(), source.section.as_str(), source.language.as_str()), ("a-b", "tic", "fr"));
    assert_eq!((source.nature, source.licence, source.authority), (Nature::Actu, Licence::Unknown, Authority::Relay));
    assert_eq!((source.every.as_secs(), source.allow_private), (7_200, false));
    assert!(matches!(source.kind, Kind::Feed));
}

#[test]
fn one_file_can_hold_everything_and_two_are_read_as_one() {
    let source = "[[source]]\nid = \"a\"\nurl = \"http://a.fr/\"\n";
    assert_eq!(config(&format!("[site]\nname = \"V\"\n{source}"), "").sources.len(), 1);
    let both = config(&format!("[crawl]\nhost_gap = \"0s\"\n{source}"), "[crawl]\nhosts_at_once = 2\n");
    assert_eq!((both.crawl.host_gap.as_secs(), both.crawl.hosts_at_once), (0, 2));
    insta::assert_snapshot!(problems("[site]\nname = \"A\"\n", "\n[site]\nname = \"B\"\n"), @r#"
    error: `name` in `[site]` is set twice
     --> sources.toml:3:8
      |
    3 | name = "B"
      |        ^^^
    hint: it is already set at vigie.toml:2: keep one of them

    1 problem
    "#);
}

#[test]
fn sources_that_are_not_enabled_are_left_out_but_checked() {
    let source = "[[source]]\nid = \"a\"\nurl = \"http://a.fr/\"\nenabled = false\n";
    assert!(config("", source).sources.is_empty());
    assert_eq!(messages("", &source.replace("http:", "ftp:")).len(), 1);
}

#[test]
fn mail_follows_from_little() {
    for (text, port, security) in [
        ("", 25, Security::None),
        ("host = \"smtp.example.fr\"", 587, Security::StartTls),
        ("host = \"smtp.example.fr\"\nport = 465", 465, Security::Tls),
        ("host = \"smtp.example.fr\"\nsecurity = \"tls\"", 465, Security::Tls),
        ("host = \"::1\"\nport = 1025", 1025, Security::None),
    ] {
        let config = config(&format!("[mail.smtp]\n{text}\n"), "");
        assert_eq!((smtp(&config).port, smtp(&config).security), (port, security), "{text}");
    }
    let folder = config("[mail]\ntransport = \"folder\"\nfrom = \"Veille <a@b.fr>\"\n", "");
    assert!(matches!(&folder.mail.transport, Transport::Folder(path) if path == Path::new("/etc/vigie/outbox")));
    assert_eq!(folder.mail.from.and_then(|from| from.name).as_deref(), Some("Veille"));
}

#[test]
fn the_password_comes_from_one_of_three_places() {
    let env = [("VIGIE_SMTP_PASSWORD", "from env")];
    let read = |text: &str, env: &[(&str, &str)]| {
        let config = load_with(&format!("[mail.smtp]\nuser = \"u\"\n{text}\n"), "", env).unwrap();
        assert!(!format!("{config:?}").contains("from "), "a secret is never printed");
        smtp(&config).login.clone().map(|login| login.password)
    };
    assert_eq!(read("password = \"from text\"", &[]).as_deref(), Some("from text"));
    assert_eq!(read("password_file = \"secret\"", &[]).as_deref(), Some("from file"));
    assert_eq!(read("password_file = \"secret\"", &env).as_deref(), Some("from env"));
    assert_eq!(read("", &env).as_deref(), Some("from env"));
    for (text, message) in [
        ("user = \"u\"", "`user` in `[mail.smtp]` is set without a password"),
        ("user = \"u\"\npassword = \"\"", "`password` in `[mail.smtp]` holds an empty password"),
        ("user = \"u\"\npassword_file = \"empty\"", "`password_file` in `[mail.smtp]` holds an empty password"),
        ("user = \"u\"\npassword_file = \"gone\"", "`password_file` in `[mail.smtp]` cannot be read: no such file"),
        ("password = \"p\"", "`password` in `[mail.smtp]` is set without `user`"),
    ] {
        assert_eq!(messages(&format!("[mail.smtp]\n{text}\n"), ""), [message]);
    }
    insta::assert_snapshot!(
        problems("[mail.smtp]\nuser = \"u\"\npassword = \"hunter2\"\npassword_file = \"secret\"\n", ""), @r"
    error: `password` in `[mail.smtp]` and `password_file` are both set
     --> vigie.toml:3:12
      |
    3 | password = …
      |            ^
    hint: keep `password_file`, and take the password out of this file

    1 problem
    ");
}

#[test]
fn every_mistake_of_a_file_of_settings_is_told_at_once() {
    let text = r#"tempaltes = "t"
[site]
name = 3
url = "ftp://example.fr"
timezone = "Europe/Pari"
[crawl]
contact = "me"
hosts_at_once = 0
host_gap = "1 second"
body_cap = "10"
allow = ["10.0.0.0/33"]
[cadence.daily]
days = ["mon", "tues"]
at = "7h"
[cadence.monthly]
day = 31
days = ["mon"]
[cadence.yearly]
[mail]
from = "Veille <veille>"
transport = "pigeon"
[mail.smtp]
host = "smtp.example.fr:587"
port = "587"
pasword = "hunter2"
[publish]
entries = 1.5
"#;
    insta::assert_snapshot!(problems(text, ""), @r#"
    error: unknown key `tempaltes`
     --> vigie.toml:1:1
      |
    1 | tempaltes = "t"
      | ^^^^^^^^^
    hint: did you mean `templates`? known: `bounces`, `cadence`, `crawl`, `letters`, `mail`, `publish`, `review`, `rules`, `serve`, `site`, `source`, `sources`, `store`, `templates`

    error: `name` in `[site]` must be text in quotes, not a whole number
     --> vigie.toml:3:8
      |
    3 | name = 3
      |        ^
    hint: put it in quotes

    error: `url` in `[site]` must be a web address, not one that begins with `ftp:`
     --> vigie.toml:4:7
      |
    4 | url = "ftp://example.fr"
      |       ^^^^^^^^^^^^^^^^^^
    hint: only `http:` and `https:` addresses are read

    error: `timezone` in `[site]` must be a time zone that this machine knows, not `Europe/Pari`
     --> vigie.toml:5:12
      |
    5 | timezone = "Europe/Pari"
      |            ^^^^^^^^^^^^^
    hint: write a name of the IANA database such as `Europe/Paris` or `Indian/Reunion`

    error: `contact` in `[crawl]` must be an `https:` or `mailto:` address, not `me`
     --> vigie.toml:7:11
      |
    7 | contact = "me"
      |           ^^^^
    hint: write `mailto:name@example.fr` or the address of a page that says who you are

    error: `hosts_at_once` in `[crawl]` must not be `0`
     --> vigie.toml:8:17
      |
    8 | hosts_at_once = 0
      |                 ^
    hint: take a whole number from 1 to 256

    error: `host_gap` in `[crawl]` must be a duration, not `1 second`
     --> vigie.toml:9:12
      |
    9 | host_gap = "1 second"
      |            ^^^^^^^^^^
    hint: write a number and a unit (`ms`, `s`, `min`, `h`, `d`), such as `30min`, `2h` or `1d`

    error: `body_cap` in `[crawl]` must be a size, not `10`
     --> vigie.toml:10:12
       |
    10 | body_cap = "10"
       |            ^^^^
    hint: write a whole number and a unit, such as `512KiB` or `10MiB`; from `1KiB` to `1GiB`

    error: `allow` in `[crawl]` must hold ranges of IP addresses, not `10.0.0.0/33`
     --> vigie.toml:11:10
       |
    11 | allow = ["10.0.0.0/33"]
       |          ^^^^^^^^^^^^^
    hint: write them as `127.0.0.0/8`, `10.1.2.3` or `fd00::/8`

    error: `days` in `[cadence.daily]` must be a day of the week, not `tues`
     --> vigie.toml:13:16
       |
    13 | days = ["mon", "tues"]
       |                ^^^^^^
    hint: did you mean `tue`? known: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`

    error: `at` in `[cadence.daily]` must be a time of day, not `7h`
     --> vigie.toml:14:6
       |
    14 | at = "7h"
       |      ^^^^
    hint: write hours and minutes, from `00:00` to `23:59`, such as `07:30`

    error: `day` in `[cadence.monthly]` must not be `31`
     --> vigie.toml:16:7
       |
    16 | day = 31
       |       ^^
    hint: take a whole number from 1 to 28

    error: unknown key `days` in `[cadence.monthly]`
     --> vigie.toml:17:1
       |
    17 | days = ["mon"]
       | ^^^^
    hint: did you mean `day`? known: `at`, `day`, `enabled`

    error: unknown table `yearly` in `[cadence]`
     --> vigie.toml:18:10
       |
    18 | [cadence.yearly]
       |          ^^^^^^
    hint: known: `alert`, `daily`, `monthly`, `weekly`

    error: `from` in `[mail]` cannot be taken: `veille` is not an e-mail address: there is no `@`
     --> vigie.toml:20:8
       |
    20 | from = "Veille <veille>"
       |        ^^^^^^^^^^^^^^^^^
    hint: write `veille@example.fr` or `Veille <veille@example.fr>`

    error: `transport` in `[mail]` must be a way to send, not `pigeon`
     --> vigie.toml:21:13
       |
    21 | transport = "pigeon"
       |             ^^^^^^^^
    hint: known: `smtp`, `direct`, `folder`

    error: `host` in `[mail.smtp]` must be the name of a machine, not `smtp.example.fr:587`
     --> vigie.toml:23:8
       |
    23 | host = "smtp.example.fr:587"
       |        ^^^^^^^^^^^^^^^^^^^^^
    hint: write a name such as `smtp.example.fr` or `localhost`; the port goes into `port`

    error: `port` in `[mail.smtp]` must be a whole number, not a text
     --> vigie.toml:24:8
       |
    24 | port = "587"
       |        ^^^^^
    hint: take away the quotes

    error: unknown key `pasword` in `[mail.smtp]`
     --> vigie.toml:25:1
       |
    25 | pasword = …
       | ^^^^^^^
    hint: did you mean `password`? known: `connections`, `ehlo`, `host`, `messages`, `password`, `password_file`, `port`, `rate`, `security`, `timeout`, `user`

    error: `entries` in `[publish]` must be a whole number, not a number with a decimal point
     --> vigie.toml:27:11
       |
    27 | entries = 1.5
       |           ^^^
    hint: take away the decimal point

    20 problems
    "#);
}

#[test]
fn every_mistake_of_a_file_of_sources_is_told_at_once() {
    let text = r#"[[source]]
id = "cert-fr"
url = "https://example.org/feed"
section = "finance"
nature = "Alerte"
evry = "2h"
[[source]]
id = "cert-fr"
url = "example.org/feed"
language = "français"
licence = "free"
authority = "state"
every = "1min"
zone = "CEST+"
allow_private = "yes"
[[source]]
id = "Élysée"
kind = "html"
item = "main a[href"
[[source]]
url = "https://me:hunter2@example.org/"
kind = "xml"
title = "h2"
[[source]]
id = "feed"
url = "https://example.org/"
title = "h2"
"#;
    insta::assert_snapshot!(problems("", text), @r#"
    error: `section` of source `cert-fr` must be a section of the rules, not `finance`
     --> sources.toml:4:11
      |
    4 | section = "finance"
      |           ^^^^^^^^^
    hint: did you mean `finances`? known: `tic`, `finances`

    error: `nature` of source `cert-fr` must be a nature, not `Alerte`
     --> sources.toml:5:10
      |
    5 | nature = "Alerte"
      |          ^^^^^^^^
    hint: did you mean `alerte`? known: `alerte`, `avis`, `jorf`, `parl`, `ue`, `circ`, `juris`, `rm`, `doc`, `actu`

    error: unknown key `evry` of source `cert-fr`
     --> sources.toml:6:1
      |
    6 | evry = "2h"
      | ^^^^
    hint: did you mean `every`?

    error: `id` in `[[source]]` must be its own: `cert-fr` is used twice
     --> sources.toml:8:6
      |
    8 | id = "cert-fr"
      |      ^^^^^^^^^
    hint: the first is at sources.toml:2: give one of them another `id`

    error: `url` of source `cert-fr` must be a whole web address, with `https://` at its beginning
     --> sources.toml:9:7
      |
    9 | url = "example.org/feed"
      |       ^^^^^^^^^^^^^^^^^^
    hint: write `https://example.org/feed`

    error: `language` of source `cert-fr` must be a language tag, not `français`
     --> sources.toml:10:12
       |
    10 | language = "français"
       |            ^^^^^^^^^^
    hint: write a tag such as `fr`, `en` or `fr-FR`

    error: `licence` of source `cert-fr` must be a licence, not `free`
     --> sources.toml:11:11
       |
    11 | licence = "free"
       |           ^^^^^^
    hint: known: `lo`, `cc0`, `press`, `unknown`

    error: `authority` of source `cert-fr` must be a rank of authority, not `state`
     --> sources.toml:12:13
       |
    12 | authority = "state"
       |             ^^^^^^^
    hint: known: `issuer`, `foreign`, `relay`, `press`, `general`, `aggregator`

    error: `every` of source `cert-fr` must not be `1min`
     --> sources.toml:13:9
       |
    13 | every = "1min"
       |         ^^^^^^
    hint: take a duration from `5min` to `31d`

    error: `zone` of source `cert-fr` must be a time zone that this machine knows, not `CEST+`
     --> sources.toml:14:8
       |
    14 | zone = "CEST+"
       |        ^^^^^^^
    hint: write a name of the IANA database such as `Europe/Paris` or `Indian/Reunion`

    error: `allow_private` of source `cert-fr` must be `true` or `false`, not a text
     --> sources.toml:15:17
       |
    15 | allow_private = "yes"
       |                 ^^^^^
    hint: take away the quotes

    error: `url` in `[[source]]` is missing
     --> sources.toml:16:1
       |
    16 | [[source]]
       | ^^^^^^^^^^
    hint: write `url = "https://…"`: the address of the feed or page

    error: `title` in `[[source]]` is missing, and `kind = "html"` needs it
     --> sources.toml:16:1
       |
    16 | [[source]]
       | ^^^^^^^^^^
    hint: write the CSS selector of the title inside an entry, such as `h2`

    error: `id` in `[[source]]` must be a short name, not `Élysée`
     --> sources.toml:17:6
       |
    17 | id = "Élysée"
       |      ^^^^^^^^
    hint: write 1 to 64 letters a to z, digits and dashes, such as `cert-fr`

    error: `item` in `[[source]]` lacks a `]`
     --> sources.toml:19:8
       |
    19 | item = "main a[href"
       |        ^^^^^^^^^^^^^
    hint: write a CSS selector such as `main li`, `h2 a` or `a[href$=".pdf"]`

    error: `id` in `[[source]]` is missing
     --> sources.toml:20:1
       |
    20 | [[source]]
       | ^^^^^^^^^^
    hint: write `id = "a-short-name"`: it must never change

    error: `item` in `[[source]]` is missing, and `kind = "xml"` needs it
     --> sources.toml:20:1
       |
    20 | [[source]]
       | ^^^^^^^^^^
    hint: write the path of the element that is one document, such as `/TEXTE` or `//item`

    error: `url` in `[[source]]` must not hold a user name or a password
     --> sources.toml:21:7
       |
    21 | url = "https://…@example.org/"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
    hint: take out what stands before the `@`

    error: `title` in `[[source]]` must be a place that begins with `/`, not `h2`
     --> sources.toml:23:9
       |
    23 | title = "h2"
       |         ^^^^
    hint: write a path of elements such as `/TEXTE/TITRE`, `//NOM` (anywhere) or `/JO/META/@id` (an attribute)

    error: `title` of source `feed` has no effect on a feed
     --> sources.toml:27:9
       |
    27 | title = "h2"
       |         ^^^^
    hint: take it away, or write `kind = "html"` if the page is no feed

    20 problems
    "#);
}

#[test]
fn what_is_not_toml_is_told_with_the_rest() {
    let text = "[site]\nname = \"Vigie\nurl = http://example.fr\n[crawl]\nhost_gap = \"soon\"\n[crawl]\n";
    insta::assert_snapshot!(problems(text, "[source]\nid = \"a\"\n[[sources]]\n"), @r#"
    error: this is not TOML: invalid basic string, expected `"`
     --> vigie.toml:2:14
      |
    2 | name = "Vigie
      |             ^
    hint: write a key, `=`, and a value: text in quotes, a list in brackets

    error: this is not TOML: string values must be quoted, expected literal string
     --> vigie.toml:3:7
      |
    3 | url = http://example.fr
      |       ^^^^^^^^^^^^^^^^^
    hint: write a key, `=`, and a value: text in quotes, a list in brackets

    error: `host_gap` in `[crawl]` must be a duration, not `soon`
     --> vigie.toml:5:12
      |
    5 | host_gap = "soon"
      |            ^^^^^^
    hint: write a number and a unit (`ms`, `s`, `min`, `h`, `d`), such as `30min`, `2h` or `1d`

    error: this is not TOML: duplicate key
     --> vigie.toml:6:2
      |
    6 | [crawl]
      |  ^^^^^
    hint: write each key, and each table, once

    error: `source` must be a list of tables, not a table
     --> sources.toml:1:1
      |
    1 | [source]
      | ^^^^^^^^
    hint: begin each one by a line `[[source]]`

    error: `sources` must be text in quotes, not a list
     --> sources.toml:3:1
      |
    3 | [[sources]]
      | ^^^^^^^^^^^
    hint: write `[[source]]`: `sources` is the setting that names the file in which they stand

    6 problems
    "#);
}

#[test]
fn problems_can_be_read_by_programs() {
    let problems = load_with("", "[[source]]\nid = \"a\"\nurl = \"x\"\n", &[]).unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!((problems.len(), problems.is_empty()), (1, false));
    assert_eq!(
        (json[0]["file"].as_str(), json[0]["line"].as_u64(), json[0]["column"].as_u64()),
        (Some("sources.toml"), Some(3), Some(7))
    );
    assert!(json[0]["message"].is_string() && json[0]["hint"].is_string());
}

proptest::proptest! {
    /// Whatever is done to a file, reading it ends, with an answer.
    #[test]
    fn mutated_files_do_not_panic(at in 0_usize..10_000, with in "\\PC{0,3}", take in 0_usize..20) {
        let mut text: Vec<char> = format!("{INIT_SETTINGS}\n{}", sources::EVERY_KEY).chars().collect();
        let at = at % text.len();
        let end = (at + take).min(text.len());
        text.splice(at..end, with.chars());
        let text: String = text.into_iter().map(|c| if c == '#' { ' ' } else { c }).collect();
        let _ = problems(&text, &text).len();
    }
}

#[test]
fn letters_and_the_site_are_set_and_links_need_both_a_server_and_https() {
    let unset = config("", "");
    assert_eq!((unset.letters.goodbye, unset.serve.listen, unset.answered_at()), (Goodbye::Sent, None, None));
    let set =
        config("[letters]\ngoodbye = false\n[serve]\nlisten = \"[::1]:8080\"\n[site]\nurl = \"https://v.fr/a\"\n", "");
    assert_eq!((set.letters.goodbye, set.answered_at().as_deref()), (Goodbye::LeftOut, Some("https://v.fr/a/")));
    let plain = config("[serve]\nlisten = \"127.0.0.1:80\"\n[site]\nurl = \"http://v.fr/\"\n", "");
    assert_eq!(plain.answered_at(), None);
    assert!(warnings(&plain).iter().any(|warning| warning.setting == "[serve] listen"));
    assert_eq!(
        messages("[letters]\ngoodbye = \"no\"\n[serve]\nlisten = \"localhost\"\nport = 80\n", ""),
        [
            "`goodbye` in `[letters]` must be `true` or `false`, not a text",
            "`listen` in `[serve]` must be an address of this machine and a port, not `localhost`",
            "unknown key `port` in `[serve]`",
        ]
    );
}

#[test]
fn what_is_reviewed_is_set_or_left_to_the_rules() {
    let review = |settings: &str| config(settings, "").review;
    assert_eq!((review("").first, review("").least_relevance), (FirstLook::Nobody, None));
    let set = review("[review]\nfirst = true\nleast_relevance = -3\n");
    assert_eq!((set.first, set.least_relevance()), (FirstLook::Editor, -3));
    assert_eq!(
        messages("[review]\nfirst = \"yes\"\nleast_relevance = 5000\nleast = 1\n", ""),
        [
            "`first` in `[review]` must be `true` or `false`, not a text",
            "`least_relevance` in `[review]` must not be `5000`",
            "unknown key `least` in `[review]`",
        ]
    );
}
