//! What is refused for what it would lead to, and what is only warned of.

use super::*;

/// What stands under a header that cannot be read belongs to no table: nothing is said of it yet.
#[test]
fn a_header_that_is_not_closed_is_one_problem() {
    insta::assert_snapshot!(problems("[site]\nname = \"V\"\n[mail\nfrom = \"a@b.fr\"\nname = \"W\"\n[publish]\nout = \"\"\n", ""), @r#"
    error: this is not TOML: unclosed table, expected `]`
     --> vigie.toml:3:6
      |
    3 | [mail
      |     ^
    hint: write a table as `[name]`, a source as `[[source]]`, alone on its line

    error: `out` in `[publish]` must not be empty
     --> vigie.toml:7:7
      |
    7 | out = ""
      |       ^^
    hint: write the path of a file or folder, or take the line away

    2 problems
    "#);
    insta::assert_snapshot!(problems("", "[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\n[[source]\nid = \"b\"\nurl = \"https://b.fr/\"\n"), @r"
    error: this is not TOML: unclosed array table, expected `]`
     --> sources.toml:4:10
      |
    4 | [[source]
      |         ^
    hint: write a table as `[name]`, a source as `[[source]]`, alone on its line

    1 problem
    ");
}

#[test]
fn the_slips_of_a_beginner_are_named() {
    let sources = "[[sources]]\nid = \"a\"\nurl = \"https://a.fr/\"\n";
    for settings in ["", "sources = \"sources.toml\"\n"] {
        let told = problems(settings, sources);
        assert!(told.contains("`sources` must be text in quotes, not a list\n --> sources.toml:1:"), "{told}");
        assert!(told.contains("hint: write `[[source]]`") && !told.contains("twice"), "{told}");
    }
    let told =
        problems("", "[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\nkind = \"links\"\npattern = \"\\.pdf$\"\n");
    assert!(told.contains(" --> sources.toml:5:") && told.contains("in single quotes: pattern = '\\.pdf$'"), "{told}");
}

#[test]
fn a_selector_is_read_by_the_engine() {
    let source =
        "[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\nkind = \"html\"\nitem = \"li\"\ntitle = \"h2::text\"\n";
    insta::assert_snapshot!(problems("", source), @r#"
    error: `title` of source `a` is no CSS selector: a stray `::`
     --> sources.toml:6:9
      |
    6 | title = "h2::text"
      |         ^^^^^^^^^^
    hint: write a CSS selector such as `main li`, `h2 a` or `a[href$=".pdf"]`; the text and the address of an element are taken by themselves

    1 problem
    "#);
}

#[test]
fn what_a_setting_names_must_be_there() {
    assert_eq!(messages("rules = \"here\"\nsources = \"s.toml\"\ntemplates = \"t\"", ""), Vec::<String>::new());
    insta::assert_snapshot!(problems("rules = \"gone\"\ntemplates = \"gone\"\n[crawl]\nhosts_at_once = 0\n", ""), @r#"
    error: `rules` names a file that is not there
     --> vigie.toml:1:9
      |
    1 | rules = "gone"
      |         ^^^^^^
    hint: put it there, write another path (relative ones start at the folder of the settings), or take the line away

    error: `templates` names a file that is not there
     --> vigie.toml:2:13
      |
    2 | templates = "gone"
      |             ^^^^^^
    hint: put it there, write another path (relative ones start at the folder of the settings), or take the line away

    error: `hosts_at_once` in `[crawl]` must not be `0`
     --> vigie.toml:4:17
      |
    4 | hosts_at_once = 0
      |                 ^
    hint: take a whole number from 1 to 256

    3 problems
    "#);
    assert_eq!(messages("sources = \"gone\"", ""), ["`sources` names a file that is not there"]);
}

#[test]
fn an_address_is_watched_once() {
    let sources =
        |second: &str| format!("[[source]]\nid = \"a\"\nurl = \"https://a.fr/f\"\n[[source]]\nid = \"b\"\n{second}\n");
    insta::assert_snapshot!(problems("", &sources("url = \"http://a.fr/f#x\"")), @r#"
    error: `url` of source `b` must be its own: this address is watched twice
     --> sources.toml:6:7
      |
    6 | url = "http://a.fr/f#x"
      |       ^^^^^^^^^^^^^^^^^
    hint: the first is at sources.toml:3: keep one of them, or write `enabled = false` in the other

    1 problem
    "#);
    assert_eq!(messages("", &sources("url = \"https://a.fr/f?page=2\"")), Vec::<String>::new());
    // One that is put aside keeps its address.
    assert_eq!(messages("", &sources("url = \"https://a.fr/f\"\nenabled = false")), Vec::<String>::new());
}

#[test]
fn a_source_inside_must_be_meant() {
    let told = |url: &str, settings: &str, more: &str| {
        let source = format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\n{more}\n");
        messages(settings, &source).join("; ")
    };
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "[::1]",
        "10.1.2.3",
        "192.168.0.1:8080",
        "172.16.9.9",
        "127.1",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
    ] {
        let url = format!("http://{host}/");
        assert!(told(&url, "", "").contains("must not name this machine or a private network"), "{host}");
        assert_eq!(told(&url, "", "allow_private = true"), "", "{host}");
        // What is wrong is told alone.
        assert_eq!(told(&url, "", "allow_private = 1").matches(';').count(), 0, "{host}");
        assert!(told(&url, "[crawl]\nallow = [\"x\"]", "").starts_with("`allow`"), "{host}");
    }
    for host in ["93.184.216.34", "example.fr", "localhost.example.fr", "172.32.0.1", "[2001:4860::1]"] {
        assert_eq!(told(&format!("http://{host}/"), "", ""), "", "{host}");
    }
    assert_eq!(told("http://10.1.2.3/", "[crawl]\nallow = [\"10.1.0.0/16\"]", ""), "");
    assert_eq!(told("http://localhost/", "[crawl]\nallow = [\"127.0.0.0/8\"]", ""), "");
    assert_ne!(told("http://10.2.2.3/", "[crawl]\nallow = [\"10.1.0.0/16\"]", ""), "");
}

#[test]
fn a_part_is_not_longer_than_the_whole() {
    let times = |text: &str| config(&format!("[crawl]\n{text}\n"), "").crawl;
    let short = times("total_timeout = \"2s\"");
    // What is not set gives way.
    assert_eq!((short.connect_timeout.as_secs(), short.idle_timeout.as_secs()), (2, 2));
    assert_eq!(times("idle_timeout = \"60s\"").idle_timeout.as_secs(), 60);
    for text in ["idle_timeout = \"61s\"", "idle_timeout = \"3s\"\ntotal_timeout = \"2s\""] {
        let told = messages(&format!("[crawl]\n{text}\n"), "");
        assert_eq!(
            told,
            ["`idle_timeout` in `[crawl]` must not be longer than `total_timeout`, which ends all"],
            "{text}"
        );
    }
    insta::assert_snapshot!(problems("[crawl]\nconnect_timeout = \"90s\"\ntotal_timeout = \"soon\"\nidle_timeout = \"9min\"\n", ""), @r#"
    error: `total_timeout` in `[crawl]` must be a duration, not `soon`
     --> vigie.toml:3:17
      |
    3 | total_timeout = "soon"
      |                 ^^^^^^
    hint: write a number and a unit (`ms`, `s`, `min`, `h`, `d`), such as `30min`, `2h` or `1d`

    1 problem
    "#);
}

#[test]
fn a_day_is_named_once() {
    insta::assert_snapshot!(problems("[cadence.weekly]\ndays = [\"mon\", \"thu\", \"mon\"]\n", ""), @r#"
    error: `days` in `[cadence.weekly]` names `mon` twice
     --> vigie.toml:2:23
      |
    2 | days = ["mon", "thu", "mon"]
      |                       ^^^^^
    hint: keep one of them: an edition leaves once a day

    1 problem
    "#);
}

/// A web server would hand the database out.
#[test]
fn the_database_is_not_published() {
    let told = |out: &str, data: &str| {
        let told = messages(&format!("[publish]\nout = \"{out}\"\n[store]\ndata = \"{data}\"\n"), "");
        told.join("; ").replace("`out` in `[publish]` must not ", "").replace(" the folder of the database", "")
    };
    for (out, data, expected) in [
        ("public", "data", ""),
        ("data-public", "data", ""),
        ("/srv/www", "data", ""),
        ("data", "data", "be, `/etc/vigie/data`"),
        ("x/../data/", "./data", "be, `/etc/vigie/./data`"),
        ("data/public", "data", "lie in, `/etc/vigie/data`"),
        (".", "data", "hold, `/etc/vigie/data`"),
        ("/etc", "data", "hold, `/etc/vigie/data`"),
        ("../../..", "data", "hold, `/etc/vigie/data`"),
        ("/etc/vigie/d", "../vigie/d/e", "hold, `/etc/vigie/../vigie/d/e`"),
    ] {
        assert_eq!(told(out, data), expected, "{out} {data}");
    }
    insta::assert_snapshot!(problems("[store]\ndata = \"public/data\"\n", ""), @r#"
    error: `data` in `[store]` must not lie in the folder that is published, `/etc/vigie/public`
     --> vigie.toml:2:8
      |
    2 | data = "public/data"
      |        ^^^^^^^^^^^^^
    hint: a web server hands all of `out` to everyone: give it a folder of its own, beside that of the database

    1 problem
    "#);
}

#[test]
fn empty_values_and_addresses_are_told_in_their_own_words() {
    let hint = |settings: &str| match load_with(settings, "", &[]) {
        Ok(config) => panic!("{config:?}"),
        Err(problems) => problems.iter().map(|p| p.hint.clone()).collect::<Vec<_>>().join("; "),
    };
    for (settings, expected) in [
        ("[publish]\nout = \"\"", "write the path of a file or folder, or take the line away"),
        ("[mail]\nfolder = \" \"\ntransport = \"folder\"", "write the path of a file or folder, or take the line away"),
        ("[site]\nname = \"\"", "write it as readers shall see it"),
        ("[site]\nurl = \"veille.fr\"", "write `https://veille.fr`"),
        ("[site]\nurl = \"//veille.fr/x\"", "write `https://veille.fr/x`"),
        ("[site]\nurl = \"veille.fr:8080/x\"", "write `https://veille.fr:8080/x`"),
        ("[site]\nurl = \"veille\"", "write it as in `https://www.example.org/feed/`"),
        ("[site]\nurl = \"//me:hunter2@veille.fr\"", "write it as in `https://www.example.org/feed/`"),
    ] {
        assert_eq!(hint(settings), expected, "{settings}");
    }
    assert_eq!(config("[publish]\nout = \"a  b\"", "").publish.out.to_str(), Some("/etc/vigie/a  b"));
}

#[test]
fn what_readers_need_is_asked_for() {
    let told = |text: &str| warnings(&config(text, "")).iter().map(|w| w.setting).collect::<Vec<_>>();
    assert_eq!(
        told(""),
        ["[site] url", "[site] publisher", "[site] address", "[crawl] contact", "[mail] from", "[mail] operator"]
    );
    let site = "[site]\nurl = \"https://v.fr\"\npublisher = \"M\"\naddress = \"1 rue\"\n";
    let crawl = "[crawl]\ncontact = \"mailto:a@b.fr\"\n";
    assert_eq!(told(&format!("{site}{crawl}")), ["[mail] from", "[mail] operator"]);
    let mail = "[mail]\nfrom = \"a@b.fr\"\noperator = \"c@b.fr\"\n";
    assert!(told(&format!("{site}{crawl}{mail}")).is_empty());
    let config = config(&format!("{site}{crawl}robots = false\n{mail}"), "");
    insta::assert_snapshot!(warnings(&config).iter().map(ToString::to_string).collect::<String>(), @r"
    warning: `[crawl] robots` is `false`: what the keepers of sources ask of robots is not looked at
    hint: take the line away, unless the keeper of each source has agreed
    ");
}
