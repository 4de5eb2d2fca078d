//! Trying a source before it is watched, and taking in the lists of other programs.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use tempfile::TempDir;
use vigie::{
    classify::Rules,
    config::{self, Config, Context, Input, Problems, source_table},
    extract::check_selector,
    model::{Dialect, Expression, Field, Kind, Mapping, Nature, Pattern, Source, SourceId},
    web::replay::{Answer, Replay},
    work::attempt::attempt,
};

use crate::app::{TestApp, item, rss};

const LIST: &str = "<!DOCTYPE html><html><head><title>Actualités de la ville</title>ALTERNATE</head><body>\
    <nav><ul><li><a href=/a>Accueil</a></li><li><a href=/b>Services</a></li><li><a href=/c>Contact</a></li></ul></nav><main>\
    <article><h2><a href=/1>Le budget est adopté par le conseil</a></h2><time datetime=2023-08-29>29 août</time><p>Un résumé assez long pour en être un.</p></article>\
    <article><h2><a href=/2>La fibre arrive dans le bourg</a></h2><time datetime=2023-08-28>28 août</time><p>Un autre résumé assez long pour en être un.</p></article>\
    <article><h2><a href=/3>Travaux rue de la mairie</a></h2><time datetime=2023-02-31>31 février</time><p>Un dernier résumé assez long pour en être un.</p></article>\
    </main></body></html>";

const OPEN: &str = "[crawl]\nhost_gap = \"0s\"\ntotal_timeout = \"2s\"\nallow = [\"127.0.0.0/8\"]\n";

fn list(alternate: &str) -> Answer {
    Answer::ok("text/html; charset=utf-8", LIST.replace("ALTERNATE", alternate))
}

fn load(sources: &str) -> Result<Config, Problems> {
    let rules = Rules::embedded();
    let context = Context {
        base: Path::new("/srv/vigie"),
        here: Path::new("/"),
        data: None,
        sections: rules.sections(),
        env: &|_| None,
        read_secret: &|_| Err("no such file".to_owned()),
        selector: &check_selector,
        named: &|_, _| Ok(()),
    };
    let settings = Input { name: "vigie.toml", text: OPEN };
    config::load(Some(settings), Some(Input { name: "sources.toml", text: sources }), &context)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_feed_is_proposed_with_the_feed_it_names_and_with_its_list() {
    let t = TestApp::watching(&["/actus"]).await;
    let head = "<link rel=alternate type=application/rss+xml title=Flux href=/flux><link rel=alternate type=application/rss+xml href=/mort>";
    t.web.set("/actus", list(head));
    t.serve("/flux", &[item(1, "Un", "Texte."), item(2, "Deux", "Texte.")]);
    let tried = attempt(&t.app, "actus").await.expect("an answer");
    assert!(tried.failed() && tried.entries.is_empty());
    let found: Vec<(&str, usize)> = tried.proposals.iter().map(|p| (p.source.kind.as_str(), p.entries)).collect();
    assert_eq!(found, [("feed", 2), ("html", 3)], "the dead feed is not proposed");
    assert_eq!(t.web.requests("/actus"), 1, "the page is fetched once");
    let first = &tried.proposals[0];
    assert_eq!(first.source.name, "Essai", "as the feed calls itself");
    assert!(first.table.contains("# made from the feed that http://"), "{}", first.table);
    for proposal in &tried.proposals {
        let config = load(&proposal.table).unwrap_or_else(|problems| panic!("{problems}\n{}", proposal.table));
        assert_eq!(config.sources[0].kind, proposal.source.kind);
        assert_eq!(config.sources[0].url, proposal.source.url);
        assert_eq!(config.sources[0].id, proposal.source.id);
    }
    let html = &tried.proposals[1].table;
    assert!(html.contains("#   2023-08-29 Le budget est adopté par le conseil\n"), "{html}");
    assert!(html.contains("name = \"Actualités de la ville\"\n") && html.contains("item = \"article\"\n"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_gone_is_looked_for_on_the_home_page() {
    let t = TestApp::watching(&["/ancien"]).await;
    let gone = attempt(&t.app, "ancien").await.err().expect("nothing to propose").to_string();
    assert!(gone.contains("404"), "{gone}");
    t.web.set("/", list("<link rel=alternate type=application/atom+xml href=/nouveau>"));
    t.serve("/nouveau", &[item(1, "Un", "Texte.")]);
    let tried = attempt(&t.app, "ancien").await.expect("a proposal");
    assert_eq!(tried.proposals.len(), 1);
    assert_eq!(tried.proposals[0].source.url.as_str(), t.web.url("/nouveau"));
    assert!(tried.problems[0].message.contains("404"), "the cause is still told: {}", tried.problems[0]);
}

#[test]
fn every_table_that_is_written_is_read_back_as_it_was_meant() {
    let mapping = Mapping::of(
        "main li[data-x=\"a'b\"]",
        &[(Field::Title, "h2"), (Field::Link, "a[href$=\".pdf\"]"), (Field::Date, "time")],
    );
    let data = Mapping {
        item: Some(String::from("/a/b")),
        fields: [(Field::Title, "/t"), (Field::Guid, "/id"), (Field::Link, "https://exemple.fr/{/id}/")]
            .into_iter()
            .map(|(field, written)| (field, Expression::parse(written).expect("an expression")))
            .collect(),
        ..Mapping::default()
    };
    let columns = Mapping {
        item: None,
        fields: Mapping::of("", &[(Field::Title, "Titre \"court\"")]).fields,
        ..Mapping::default()
    };
    let dialect = Dialect { delimiter: b'\t', comment: Some(b'%'), charset: Some(String::from("windows-1252")) };
    let pattern = Pattern::parse(r"/files/\d+-\d+/[^/']+\.(?i:pdf)$").expect("a pattern");
    let kinds = [
        Kind::Feed,
        Kind::Html(mapping),
        Kind::Json(data),
        Kind::Csv(columns, dialect),
        Kind::Links(vec![pattern.clone()]),
        Kind::Sitemap(Some(pattern)),
        Kind::Sitemap(None),
    ];
    let url = url::Url::parse("https://exemple.fr/a?b=\"c\"&d=%7Bx%7D").expect("an address");
    for kind in kinds {
        let section = Rules::embedded().sections().iter().next().expect("a section").id.clone();
        let plain =
            Source::feed(SourceId::parse("a").expect("an id"), "Ville \\ « \"Été\" »\n\u{7}", url.clone(), section);
        let source = Source { kind, nature: Nature::Juris, language: String::from("en"), ..plain };
        let table = source_table(&source, &[String::from("deux\nlignes \u{1b}[31m")]);
        let read = load(&table).unwrap_or_else(|problems| panic!("{problems}\n{table}"));
        let read = &read.sources[0];
        assert_eq!(read.kind, source.kind, "{table}");
        assert_eq!((&read.url, read.nature, &read.every), (&source.url, source.nature, &source.every), "{table}");
        assert_eq!((&read.section, &read.language), (&source.section, &source.language));
    }
}

fn vigie(dir: &TempDir) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(dir.path()).env_remove("VIGIE_LOG");
    command
}

fn installed(sources: &str) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join("vigie.toml"), OPEN).expect("a file");
    fs::write(dir.path().join("sources.toml"), sources).expect("a file");
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_before_it_is_written_down() {
    let web = Replay::start([("/liste", list("")), ("/vide", Answer::ok("text/html", "<p>rien</p>"))])
        .await
        .expect("a server");
    let dir = installed("");
    let url = web.url("/liste");
    let steps = move || {
        fs::write(dir.path().join("liste.html"), LIST).expect("a file");
        let table = format!(
            "[[source]]\nid = \"x\"\nurl = \"{url}\"\nkind = \"html\"\nitem = \"article\"\ntitle = \"h2\"\nnature = \"juris\"\n"
        );
        fs::write(dir.path().join("x.toml"), table).expect("a file");
        let options = ["--kind", "html", "--item", "article", "--title", "h2", "--date", "time", "--summary", "p"];
        for what in ["liste.html", &url] {
            let run = vigie(&dir).args(["sources", "try", what, "--json"]).args(options).assert().code(0);
            let text = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
            let entries: Vec<serde_json::Value> =
                text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
            assert_eq!(entries.len(), 3);
            assert_eq!(entries[0]["title"], "Le budget est adopté par le conseil");
            assert_eq!(entries[0]["problems"].as_array().map(Vec::len), Some(0));
            let problem = entries[2]["problems"][0].as_str().unwrap_or_default();
            assert!(problem.contains("`2023-02-31` is no date"), "beside its own entry: {problem}");
        }
        vigie(&dir)
            .args(["sources", "try", &url, "--as", "x.toml", "--full"])
            .assert()
            .code(0)
            .stdout(contains("La fibre arrive dans le bourg\n  no date, juris, "));
        fs::write(dir.path().join("bare.toml"), "kind = \"html\"\nitem = \"article\"\n").expect("a file");
        let bare = vigie(&dir).args(["sources", "try", &url, "--as", "bare.toml"]).assert().code(2);
        bare.stderr(contains("there is no `[[source]]` in `bare.toml`").and(contains("unknown").not()));
        let wrong = ["sources", "try", "liste.html", "--kind", "html", "--item", ":::"];
        vigie(&dir).args(wrong).assert().code(2).stderr(contains("(options)").and(contains("`title`")));
        // As a feed it is nothing: the table that would do is on stdout, and can be used as it is.
        let run = vigie(&dir).args(["sources", "try", &url]).assert().code(3).stderr(contains("expected a feed"));
        let proposed = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
        assert_eq!(load(&proposed).unwrap_or_else(|problems| panic!("{problems}\n{proposed}")).sources.len(), 1);
        vigie(&dir).args(["sources", "try", &url.replace("/liste", "/vide")]).assert().code(3).stdout("");
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sources_are_checked_and_those_put_aside_can_be_tried() {
    let web =
        Replay::start([("/a", Answer::ok("application/rss+xml", rss(&[item(1, "Un", "x")])))]).await.expect("a server");
    let sources = format!(
        "[[source]]\nid = \"mort\"\nurl = \"{}\"\n[[source]]\nid = \"aside\"\nurl = \"{}\"\nenabled = false\n\
         [[source]]\nid = \"vif\"\nurl = \"{}\"\n",
        web.url("/mort"),
        web.url("/a"),
        web.url("/a")
    );
    let dir = installed(&sources);
    let steps = move || {
        let run = vigie(&dir)
            .args(["sources", "check", "--json"])
            .assert()
            .code(3)
            .stderr(contains("nothing could be read of mort"));
        let text = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        let told: Vec<_> =
            rows.iter().map(|row| (row["id"].as_str(), row["entries"].as_u64(), row["dated"].as_u64())).collect();
        assert_eq!(told, [(Some("mort"), Some(0), Some(0)), (Some("vif"), Some(1), Some(1))]);
        vigie(&dir).args(["sources", "check"]).assert().code(3).stdout(contains("404").and(contains("hint: ")));
        vigie(&dir).args(["sources", "try", "aside"]).assert().code(0).stdout(contains("Un"));
    };
    tokio::task::spawn_blocking(steps).await.expect("the steps");
}

#[test]
fn a_list_of_feeds_is_taken_in_once_and_comments_stay() {
    let before = "# Nos sources\n[[source]]\nid = \"cnil\"\nurl = \"https://www.cnil.fr/fr/rss.xml\" # la CNIL\nsection = \"donnees-personnelles\"";
    let dir = installed(before);
    let opml = r#"<opml version="1.0"><body><outline text="Droit"><outline title="CNIL" xmlUrl="http://www.cnil.fr/fr/rss.xml"/>
        <outline text="Été &amp; Cie" xmlUrl="https://ete.fr/feed" category="donnees-personnelles"/><outline text="Été &amp; Cie" xmlUrl="https://ete.fr/autre"/>
        <outline text="Encore" xmlUrl="https://ete.fr/feed/"/></outline><outline text="Rien"/></body></opml>"#;
    fs::write(dir.path().join("liste.opml"), opml).expect("a file");
    let sources = || fs::read_to_string(dir.path().join("sources.toml")).expect("a file");
    let import = ["sources", "import-opml", "liste.opml"];
    let told = contains("left out: CNIL: it is watched already")
        .and(contains("left out: Encore: it stands in the list twice"))
        .and(contains("left out: Rien: it has no `xmlUrl`"));
    vigie(&dir).args(import).assert().code(0).stdout(contains("id = \"ete-cie\"")).stderr(told);
    assert_eq!(sources(), before, "nothing is written unless asked");
    vigie(&dir).args(import).arg("--write").assert().code(0).stdout("").stderr(contains("2 sources added"));
    assert!(sources().starts_with(before), "{}", sources());
    let config = load(&sources()).unwrap_or_else(|problems| panic!("{problems}"));
    let added: Vec<(&str, &str)> = config.sources[1..].iter().map(|s| (s.id.as_str(), s.section.as_str())).collect();
    assert_eq!(added, [("ete-cie", "donnees-personnelles"), ("ete-cie-2", "tic")]);
    let after = sources();
    vigie(&dir).args(import).arg("--write").assert().code(0).stderr(contains("0 sources added"));
    assert_eq!(sources(), after);
    // What we export comes back whole.
    let export = vigie(&dir).args(["sources", "export-opml"]).assert().code(0);
    let other = installed("");
    fs::write(other.path().join("liste.opml"), &export.get_output().stdout).expect("a file");
    vigie(&other).args(import).arg("--write").assert().code(0).stderr(contains("3 sources added"));
    let text = fs::read_to_string(other.path().join("sources.toml")).expect("a file");
    let again = load(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let what = |config: &Config| -> Vec<String> {
        config.sources.iter().map(|s| format!("{} {} {}", s.name, s.url, s.section)).collect()
    };
    assert_eq!(what(&again), what(&config));
}

#[test]
fn what_the_check_would_refuse_is_left_out_of_a_list() {
    let dir = installed("# intact\n");
    let opml = r#"<opml><body><outline text="Dedans" xmlUrl="http://10.0.0.1/feed"/><outline text="Bon" xmlUrl="https://a.fr/feed"/><outline text="Ici" xmlUrl="http://192.168.1.2/feed"/></body></opml>"#;
    fs::write(dir.path().join("liste.opml"), opml).expect("a file");
    let import = ["sources", "import-opml", "liste.opml"];
    let told = || contains("left out: Dedans: `url` of source `dedans` must not name").and(contains("left out: Ici: "));
    let run = vigie(&dir).args(import).assert().code(0).stderr(told().and(contains("1 source;")));
    let printed = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert_eq!(load(&printed).unwrap_or_else(|problems| panic!("{problems}")).sources[0].id.as_str(), "bon");
    vigie(&dir).args(import).arg("--write").assert().code(0).stderr(told().and(contains("1 source added")));
    let written = fs::read_to_string(dir.path().join("sources.toml")).expect("a file");
    assert!(written.starts_with("# intact\n\n[[source]]\nid = \"bon\"\n"), "{written}");
    vigie(&dir).arg("check").assert().code(0);
    fs::write(dir.path().join("liste.opml"), "<rss/>").expect("a file");
    vigie(&dir)
        .args(["sources", "import-opml", "liste.opml"])
        .assert()
        .code(1)
        .stderr(contains("expected an OPML list"));
}
