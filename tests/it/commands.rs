//! The command line, as a script sees it: what goes to stdout, what to stderr, and the exit code.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use tempfile::TempDir;
use vigie::{
    demo::inbox::Inbox,
    web::replay::{Answer, Replay},
};

use crate::app::{item, rss};

fn vigie(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(dir).env_remove("VIGIE_LOG").env_remove("VIGIE_SMTP_PASSWORD");
    command
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// A folder with an installation that watches nothing.
fn installed() -> TempDir {
    let dir = folder();
    fs::write(dir.path().join("sources.toml"), "").expect("a file");
    dir
}

#[test]
fn the_demo_does_the_main_job_offline_and_says_where_to_look() {
    let dir = folder();
    let run = vigie(dir.path()).args(["demo", "--once", "--json"]).assert().code(0);
    let played: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).expect("one object");
    let state = |id: &str| {
        let sources = played["crawl"]["sources"].as_array().expect("a list");
        sources.iter().find(|s| s["id"] == id).map(|s| s["state"].clone()).expect("the source")
    };
    assert_eq!(state("cert-fr"), "ok");
    assert_eq!(state("prefecture"), "not_a_feed");
    assert_eq!(state("agence-eau"), "failing");
    assert_eq!(played["send"]["sent"], 3);
    let total = |of: &str| -> u64 {
        played["crawl"]["sources"].as_array().into_iter().flatten().filter_map(|s| s[of].as_u64()).sum()
    };
    assert!(total("duplicates") >= 2 && total("copies") >= 1, "{played:#}");
    let read =
        |path: &serde_json::Value| fs::read_to_string(dir.path().join(path.as_str().expect("a path"))).expect("a file");
    assert!(read(&played["bulletin"]).contains("Qakbot"));
    assert!(played["feeds"].as_array().expect("feeds").iter().all(|feed| read(feed).contains("Qakbot")));
    let messages: Vec<String> = played["messages"].as_array().expect("messages").iter().map(read).collect();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.contains("List-Unsubscribe: ")));
    // Again into the same folder: it is ours, and begins afresh.
    vigie(dir.path()).args(["demo", "--once"]).assert().code(0).stdout(contains("3 messages delivered to 3 readers"));
}

#[test]
fn the_demo_touches_no_folder_that_is_not_its_own() {
    let dir = folder();
    fs::write(dir.path().join("thesis.txt"), "years of work").expect("a file");
    vigie(dir.path())
        .args(["demo", "--once", "--dir", "."])
        .assert()
        .code(1)
        .stderr(contains("hint: name another one"));
    assert!(dir.path().join("thesis.txt").exists());
}

#[test]
fn what_init_writes_checks_and_is_never_overwritten() {
    let dir = folder();
    vigie(dir.path()).args(["init", "here"]).assert().code(0).stderr(contains("vigie.toml"));
    let here = dir.path().join("here");
    vigie(&here).arg("check").assert().code(0).stdout(contains("no problem"));
    fs::write(here.join("vigie.toml"), "[site]\nname = \"Mine\"\n").expect("a file");
    vigie(dir.path()).args(["init", "here"]).assert().code(0).stderr(contains("kept"));
    assert!(fs::read_to_string(here.join("vigie.toml")).expect("a file").contains("Mine"));
}

#[test]
fn check_names_every_problem_with_line_caret_and_hint() {
    let dir = folder();
    fs::write(dir.path().join("vigie.toml"), "[site]\nnam = \"x\"\n\n[mail]\ntransport = \"pigeon\"\n")
        .expect("a file");
    fs::write(dir.path().join("sources.toml"), "[[source]]\nid = \"A B\"\nurl = \"ftp://x\"\n").expect("a file");
    vigie(dir.path()).arg("check").assert().code(2).stderr(
        contains("vigie.toml:2:1")
            .and(contains("did you mean `name`"))
            .and(contains("vigie.toml:5:13"))
            .and(contains("sources.toml:2:6"))
            .and(contains("sources.toml:3:7"))
            .and(contains("^")),
    );
    let run = vigie(dir.path()).args(["check", "--json"]).assert().code(2);
    let value: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).expect("one object");
    assert_eq!(value["problems"].as_array().map(Vec::len), Some(4), "{value:#}");
    vigie(dir.path()).arg("crawl").assert().code(2).stderr(contains("vigie.toml:2:1"));
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let dir = installed();
    vigie(dir.path()).arg("fly").assert().code(2).stdout("");
    vigie(dir.path()).args(["crawl", "nowhere"]).assert().code(1).stderr(contains("there is no source `nowhere`"));
    vigie(dir.path())
        .args(["--config", "absent.toml", "crawl"])
        .assert()
        .code(2)
        .stderr(contains("hint: `vigie init`"));
    vigie(folder().path()).arg("tick").assert().code(2).stderr(contains("there is neither `vigie.toml` nor"));
    vigie(dir.path()).arg("--help").assert().code(0).stdout(contains("Exit codes"));
}

/// An installation that watches these feeds and sends to this port.
fn install(dir: &Path, feeds: &[(&str, String)], port: u16) {
    let sources: String = feeds
        .iter()
        .map(|(id, url)| format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\nallow_private = true\n\n"))
        .collect();
    fs::write(dir.join("sources.toml"), sources).expect("a file");
    let settings = format!(
        "[crawl]\nhost_gap = \"0s\"\ntotal_timeout = \"2s\"\n[mail]\nfrom = \"Veille <veille@example.fr>\"\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n"
    );
    fs::write(dir.join("vigie.toml"), settings).expect("a file");
}

const READERS: &str = "email,consent_what,consent_when,consent_how\nmaire@example.fr,bulletin,2023-01-02,formulaire\n";

#[tokio::test(flavor = "multi_thread")]
async fn from_sources_to_mail_by_hand() {
    let dir = folder();
    let web = Replay::start([("/a", Answer::ok("application/rss+xml", rss(&[today(1)])))]).await.expect("a server");
    let inbox = Inbox::start(None).await.expect("a server");
    install(dir.path(), &[("a", web.url("/a")), ("dead", web.url("/dead"))], inbox.address().port());
    fs::write(dir.path().join("readers.csv"), READERS).expect("a file");
    let steps = move || {
        vigie(dir.path()).args(["subscribers", "import", "readers.csv"]).assert().code(0);
        vigie(dir.path())
            .arg("crawl")
            .assert()
            .code(3)
            .stdout("")
            .stderr(contains("dead: failing (HTTP 404)").and(contains("a: 1 new")));
        vigie(dir.path()).args(["sources", "check"]).assert().code(3).stdout(contains("404"));
        let tried = vigie(dir.path()).args(["sources", "try", "a", "--json"]).assert().code(0);
        let tried: serde_json::Value = serde_json::from_slice(&tried.get_output().stdout).expect("one object");
        assert_eq!((tried["title"].as_str(), tried["section"].as_str()), (Some("Titre 1"), Some("tic")));
        vigie(dir.path()).args(["sources", "export-opml"]).assert().code(0).stdout(contains("xmlUrl"));
        vigie(dir.path()).args(["sources", "health"]).assert().code(3).stdout(contains("failing").and(contains("404")));
        vigie(dir.path()).args(["notices", "list"]).assert().code(0).stdout(contains("Titre 1"));
        vigie(dir.path()).args(["notices", "explain", "1"]).assert().code(0).stdout(contains("[new] Nouveau"));
        vigie(dir.path()).args(["bulletins", "preview"]).assert().code(0).stdout(contains("Titre 1"));
        vigie(dir.path()).args(["compose", "--cadence", "daily"]).assert().code(0).stderr(contains("1 delivery"));
        vigie(dir.path()).arg("send").assert().code(0).stderr(contains("1 sent"));
        vigie(dir.path()).arg("send").assert().code(0).stderr(contains("0 sent"));
        vigie(dir.path()).args(["bulletins", "list"]).assert().code(0).stdout(contains("1 sent"));
        vigie(dir.path()).args(["bulletins", "show", "1"]).assert().code(0).stdout(contains("Titre 1"));
        let shown = vigie(dir.path()).args(["subscribers", "show", "maire@example.fr", "--json"]).assert().code(0);
        let shown: serde_json::Value = serde_json::from_slice(&shown.get_output().stdout).expect("one object");
        assert_eq!(shown["deliveries"][0]["state"], "sent");
        vigie(dir.path()).arg("publish").assert().code(0);
        assert!(dir.path().join("public/veille.atom").exists());
        // Nothing is due any more: cron hears nothing.
        vigie(dir.path()).arg("tick").assert().code(0).stdout("").stderr("");
        let sources = fs::read_to_string(dir.path().join("sources.toml")).expect("a file");
        let (kept, _) = sources.rsplit_once("[[source]]").expect("two sources");
        fs::write(dir.path().join("sources.toml"), kept).expect("a file");
        let removed = contains("no longer in `sources.toml`").and(contains("vigie crawl").not());
        vigie(dir.path()).args(["sources", "health", "dead"]).assert().code(0).stdout(removed);
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
    assert_eq!(inbox.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_stops_at_its_limit_says_so() {
    let dir = folder();
    let web = Replay::start([("/a", Answer::ok("application/rss+xml", rss(&[today(1), today(2)])))]);
    let web = web.await.expect("a server");
    install(dir.path(), &[("a", web.url("/a"))], 9);
    let steps = move || {
        vigie(dir.path()).arg("crawl").assert().code(0);
        let list = |limit: &[&str]| vigie(dir.path()).args(["notices", "list", "--json"]).args(limit).assert().code(0);
        list(&["--limit", "1"]).stderr(contains("1 of 2; `--limit 0` for all"));
        list(&["--limit", "1", "--source", "a"]).stderr(contains("1 of 2;"));
        for limit in [&[][..], &["--limit", "2"], &["--limit", "0"]] {
            let all = list(limit).stderr("");
            assert_eq!(String::from_utf8_lossy(&all.get_output().stdout).lines().count(), 2, "{limit:?}");
        }
        vigie(dir.path()).args(["search", ""]).assert().code(2).stderr(contains("there is no word to look for"));
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_cannot_be_told_is_an_error_once_an_hour() {
    let dir = folder();
    let web = Replay::start([("/a", Answer::status(410))]).await.expect("a server");
    install(dir.path(), &[("a", web.url("/a"))], 9);
    let settings = fs::read_to_string(dir.path().join("vigie.toml")).expect("a file");
    let settings = settings.replace("[mail]\n", "[mail]\noperator = \"informatique@example.fr\"\n");
    fs::write(dir.path().join("vigie.toml"), settings).expect("a file");
    let steps = move || {
        let told = contains("the operator cannot be told of alarms");
        vigie(dir.path()).args(["-q", "tick"]).assert().code(3).stderr(told);
        vigie(dir.path()).args(["-q", "tick"]).assert().code(0).stderr("");
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_revision_changed_is_told_in_words() {
    let dir = folder();
    let web = Replay::start(Vec::<(String, Answer)>::new()).await.expect("a server");
    install(dir.path(), &[("a", web.url("/a"))], 9);
    let steps = move || {
        for text in ["Un correctif est attendu en mars pour SPIP.", "Un correctif est disponible pour SPIP."] {
            let items = [crate::app::Item { text: text.to_owned(), ..today(1) }];
            web.set("/a", Answer::ok("application/rss+xml", rss(&items)));
            vigie(dir.path()).args(["crawl", "--force"]).assert().code(0);
        }
        let told = "Un correctif est [-attendu en mars-]{+disponible+} pour SPIP.";
        vigie(dir.path()).args(["notices", "show", "1", "--diff"]).assert().code(0).stdout(contains(told));
        let run = vigie(dir.path()).args(["notices", "show", "1", "--diff", "--json"]).assert().code(0);
        let step: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).expect("one object a step");
        assert_eq!((&step["revision"], &step["text"][1]["change"]), (&2.into(), &"removed".into()));
        vigie(dir.path()).args(["search", "correctifs"]).assert().code(0).stdout(contains("Titre 1"));
        vigie(dir.path()).args(["search", "attendu"]).assert().code(0).stdout("");
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
}

fn today(n: u32) -> crate::app::Item {
    let now = jiff::Zoned::now();
    let date = jiff::fmt::rfc2822::to_string(&now).expect("a date");
    crate::app::Item { date, ..item(n, &format!("Titre {n}"), "Un texte.") }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ticks_at_once_do_no_harm() {
    let dir = folder();
    let slow = Answer::ok("application/rss+xml", rss(&[today(1)])).after(std::time::Duration::from_millis(500));
    let web = Replay::start([("/a", slow)]).await.expect("a server");
    install(dir.path(), &[("a", web.url("/a"))], 1);
    let path = dir.path().to_owned();
    let tick = move || {
        let path = path.clone();
        tokio::task::spawn_blocking(move || vigie(&path).arg("tick").assert().code(0).get_output().stderr.clone())
    };
    let (first, second) = tokio::join!(tick(), tick());
    let said =
        [first.expect("a tick"), second.expect("a tick")].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert_eq!(said.iter().filter(|said| said.contains("another `vigie tick`")).count(), 1, "{said:?}");
    assert_eq!(web.requests("/a"), 1);
}

#[test]
fn an_import_names_every_bad_line_and_takes_every_good_one() {
    let dir = installed();
    let lines = [
        "email;cadence;sections;natures;severity;consent_what;consent_when;consent_how",
        "maire@example.fr;daily;tic;;info;bulletin;2023-01-02;formulaire",
        "not an address;daily;;;info;bulletin;2023-01-02;formulaire",
        "dgs@example.fr;hourly;nowhere;;info;;;",
        "Maire@example.fr;weekly;;;info;bulletin;2023-01-02;formulaire",
        "dsi@example.fr;weekly;;alerte avis;high;bulletin;2023-01-02;formulaire",
        "trop;court",
    ];
    fs::write(dir.path().join("readers.csv"), lines.join("\r\n")).expect("a file");
    vigie(dir.path()).args(["subscribers", "import", "readers.csv"]).assert().code(3).stderr(
        contains("readers.csv:3: `not an address` is not an e-mail address")
            .and(contains("readers.csv:4: the cadence `hourly`"))
            .and(contains("no consent or legal basis is given"))
            .and(contains("readers.csv:5: `Maire@example.fr` stands on line 2 already"))
            .and(contains("readers.csv:7: it has 2 fields"))
            .and(contains("2 subscribers added, 0 changed, 4 lines refused")),
    );
    vigie(dir.path())
        .args(["subscribers", "export"])
        .assert()
        .code(0)
        .stdout(contains("maire@example.fr,daily,tic").and(contains("dsi@example.fr,weekly,,alerte avis,high")));
    vigie(dir.path()).args(["subscribers", "remove", "maire@example.fr"]).assert().code(0);
    vigie(dir.path()).args(["subscribers", "suppress", "dsi@example.fr", "--why", "asked by phone"]).assert().code(0);
    // The consent of the file is older than the wish to be left alone.
    vigie(dir.path())
        .args(["subscribers", "import", "readers.csv"])
        .assert()
        .code(3)
        .stderr(contains("left alone").and(contains("must not be written to")));
}

#[test]
fn a_quotation_mark_left_open_swallows_nobody() {
    let dir = installed();
    let lines = [
        "email,consent_what,consent_when,consent_how",
        "maire@example.fr,bulletin,2023-01-02,formulaire",
        "dgs@example.fr,bulletin,2023-01-02,\"formulaire",
        "dsi@example.fr,bulletin,2023-01-02,formulaire",
    ];
    fs::write(dir.path().join("readers.csv"), lines.join("\n")).expect("a file");
    vigie(dir.path())
        .args(["subscribers", "import", "readers.csv"])
        .assert()
        .code(3)
        .stderr(contains("readers.csv:3: a field holds a line break"));
}

#[test]
fn nobody_is_added_without_consent() {
    let dir = installed();
    vigie(dir.path()).args(["subscribers", "add", "maire@example.fr"]).assert().code(2);
    vigie(dir.path())
        .args(["subscribers", "add", "maire@example.fr", "--consent", " ", "--how", "oral"])
        .assert()
        .code(1)
        .stderr(contains("no consent or legal basis"));
    vigie(dir.path()).args(["subscribers", "list"]).assert().code(0).stdout(contains("maire").not());
}

#[test]
fn a_damaged_database_is_an_error_with_a_hint() {
    let dir = installed();
    vigie(dir.path()).args(["subscribers", "list"]).assert().code(0);
    fs::write(dir.path().join("data/vigie.db"), vec![b'x'; 5000]).expect("a file");
    vigie(dir.path()).args(["subscribers", "list"]).assert().code(1).stderr(contains("hint: restore the last backup"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_does_what_tick_does_and_ends_well_on_sigterm() {
    let dir = folder();
    let web = Replay::start([("/a", Answer::ok("application/rss+xml", rss(&[today(1)])))]).await.expect("a server");
    install(dir.path(), &[("a", web.url("/a"))], 1);
    let binary = assert_cmd::cargo::cargo_bin("vigie");
    let daemon = std::process::Command::new(binary)
        .arg("run")
        .current_dir(dir.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the daemon");
    let published = dir.path().join("public/veille.atom");
    let feed = || fs::read_to_string(&published).unwrap_or_default();
    for _ in 0..100 {
        if feed().contains("Titre 1") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(feed().contains("Titre 1"), "nothing was published within ten seconds");
    let id = daemon.id().to_string();
    if cfg!(target_os = "linux") {
        // What nobody waits for yields to what somebody does.
        let threads = fs::read_dir(format!("/proc/{id}/task")).expect("threads");
        let stats = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok());
        let nice = |stat: String| stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse::<i32>().ok();
        let nice: Vec<i32> = stats.filter_map(nice).collect();
        let full = nice.iter().min().copied().expect("a thread");
        let yielding = nice.iter().filter(|one| **one > full).count();
        assert!((5..nice.len()).contains(&yielding), "{nice:?}");
    }
    std::process::Command::new("kill").args(["-TERM", &id]).status().expect("a signal");
    let output = tokio::task::spawn_blocking(|| daemon.wait_with_output()).await.expect("a thread").expect("an end");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("crawled") && log.contains("stopping") && !log.contains('\u{1b}'), "{log}");
}

/// What `check --json` says, and what it says to a person, with the exit code of both.
fn checked(dir: &Path, code: i32) -> (serde_json::Value, String) {
    let run = vigie(dir).args(["check", "--json"]).assert().code(code);
    let told = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    (serde_json::from_slice(&run.get_output().stdout).expect("one object"), told)
}

/// « file:line:column » of every problem.
fn places(value: &serde_json::Value) -> Vec<String> {
    let problems = value["problems"].as_array().expect("a list");
    problems
        .iter()
        .map(|p| format!("{}:{}:{}", p["file"].as_str().expect("a file").replace("./", ""), p["line"], p["column"]))
        .collect()
}

#[test]
fn check_tells_of_missing_files_with_all_the_rest() {
    let dir = folder();
    let settings =
        "sources = \"gone.toml\"\nrules = \"nowhere/rules.toml\"\ntemplates = \"themes\"\n[crawl]\nhosts_at_once = 0\n";
    fs::write(dir.path().join("vigie.toml"), settings).expect("a file");
    let (value, told) = checked(dir.path(), 2);
    assert_eq!(places(&value), ["vigie.toml:1:11", "vigie.toml:2:9", "vigie.toml:3:13", "vigie.toml:5:17"]);
    assert!(
        told.contains("`sources` names a file that is not there") && told.contains("^^^") && told.contains("hint: ")
    );
    assert!(told.trim_end().ends_with("4 problems"), "{told}");
    // A folder where a file is needed, and the other way round.
    fs::create_dir_all(dir.path().join("gone.toml")).expect("a folder");
    fs::create_dir_all(dir.path().join("nowhere/rules.toml")).expect("a folder");
    fs::write(dir.path().join("themes"), "").expect("a file");
    let (value, told) = checked(dir.path(), 2);
    assert_eq!(places(&value).len(), 4, "{told}");
    assert!(told.contains("`rules` names a folder") && told.contains("`templates` names a file"), "{told}");
    vigie(dir.path()).arg("crawl").assert().code(2).stderr(contains("4 problems"));
    vigie(dir.path()).args(["--config", "themes/vigie.toml", "check"]).assert().code(2);
    vigie(dir.path()).args(["--config", "nowhere", "check"]).assert().code(2).stderr(contains("this is a folder"));
}

#[test]
fn check_tells_every_mistake_of_ones_own_rules_and_templates() {
    let dir = folder();
    let settings = "rules = \"rules.toml\"\ntemplates = \"themes\"\n[site]\nnam = \"x\"\n";
    fs::write(dir.path().join("vigie.toml"), settings).expect("a file");
    let rules = "[[section]]\nid = \"voirie\"\nname = \"Voirie\"\n[[rule]]\nname = \"a\"\nwhen = [{}]\nnature = \"x\"\n\
                 [[rule]]\nname = \"b\"\nwhen = [{ source = [\"a\"] }]\nsection = \"tic\"\n";
    fs::write(dir.path().join("rules.toml"), rules).expect("a file");
    // Sources are held against the sections of these rules, wrong as some of them are.
    let sources = "[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\nsection = \"voirie\"\n\
                   [[source]]\nid = \"b\"\nurl = \"https://b.fr/\"\nsection = \"tic\"\n";
    fs::write(dir.path().join("sources.toml"), sources).expect("a file");
    fs::create_dir(dir.path().join("themes")).expect("a folder");
    fs::write(dir.path().join("themes/mail.txt"), "Bonjour\n  {{ nom | \n").expect("a file");
    let (value, told) = checked(dir.path(), 2);
    let expected = ["vigie.toml:4:1", "sources.toml:8:11", "rules.toml:6:9", "rules.toml:7:10", "rules.toml:11:11"];
    assert_eq!(places(&value)[..5], expected, "{told}");
    assert!(places(&value)[5].starts_with("themes/mail.txt:"), "{told}");
    assert!(told.contains("7 | nature = \"x\"") && told.trim_end().ends_with("6 problems"), "{told}");
}

#[test]
fn a_file_in_another_encoding_is_told_with_its_line() {
    let dir = folder();
    let write = |name: &str, octets: &[u8]| fs::write(dir.path().join(name), octets).expect("a file");
    write("vigie.toml", b"rules = \"rules.toml\"\n[site]\npublisher = \"Mairie d'\xc9vreux\"\nnam = \"x\"\n");
    write("sources.toml", b"\n# \xe9t\xe9\n[[source]]\nid = \"a\"\n");
    write("rules.toml", b"\xff\xfe[\0[\0");
    let (value, told) = checked(dir.path(), 2);
    let expected = ["vigie.toml:3:23", "vigie.toml:4:1", "sources.toml:2:3", "sources.toml:3:1", "rules.toml:1:1"];
    assert_eq!(places(&value), expected, "{told}");
    assert!(told.contains("this is not a text in UTF-8") && told.contains("hint: save the file as UTF-8"), "{told}");
}

#[test]
fn check_warns_of_what_readers_will_miss() {
    let dir = installed();
    let (value, told) = checked(dir.path(), 0);
    let settings: Vec<&str> =
        value["warnings"].as_array().expect("a list").iter().filter_map(|w| w["setting"].as_str()).collect();
    assert_eq!(
        settings,
        ["[site] url", "[site] publisher", "[site] address", "[crawl] contact", "[mail] from", "[mail] operator"]
    );
    assert!(told.contains("warning: `[mail] from` is not set: nothing can be sent\nhint: write `from = "), "{told}");
    vigie(dir.path()).args(["-q", "check"]).assert().code(0).stderr("");
    let all = "[site]\nurl = \"https://v.fr/\"\npublisher = \"M\"\naddress = \"1 rue\"\n[crawl]\n\
               contact = \"mailto:a@b.fr\"\n[mail]\nfrom = \"a@b.fr\"\noperator = \"a@b.fr\"\n";
    fs::write(dir.path().join("vigie.toml"), all).expect("a file");
    assert_eq!(checked(dir.path(), 0).0["warnings"], serde_json::json!([]));
}

/// Whatever names the folder of the database: the settings, or the command line.
#[test]
fn the_database_is_never_put_where_the_site_is() {
    let dir = installed();
    vigie(dir.path()).args(["--data", "public/x", "check"]).assert().code(2).stderr(contains("must not lie in"));
    let out = dir.path().join("www");
    fs::write(dir.path().join("vigie.toml"), format!("[publish]\nout = {out:?}\n[store]\ndata = \"www\"\n"))
        .expect("a file");
    vigie(dir.path()).arg("check").assert().code(2).stderr(contains("vigie.toml:2:7").and(contains("must not be")));
}
