//! The files that ship load without a problem.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::{Timestamp, tz::TimeZone};
use vigie::{
    classify::Rules,
    config::{
        Config, Context, INIT_SETTINGS, INIT_SOURCES, Input, Problems, SourcesFile, load, rules_path, sources_file,
        warnings,
    },
    extract::{check_selector, details, extract, files},
    model::{Cadence, Details, Draft, Nature, Page, Source},
};

use crate::shapes::{CERT_FR_DETAILS, DILA, SHAPES};

fn read(settings: Option<&str>, sources: Option<&str>) -> Result<Config, Problems> {
    let rules = Rules::embedded();
    let context = Context {
        base: Path::new("/srv/vigie"),
        here: Path::new("/"),
        data: None,
        sections: rules.sections(),
        env: &|_| None,
        read_secret: &|_| Ok("secret".to_owned()),
        selector: &check_selector,
        named: &|_, _| Ok(()),
    };
    let settings = settings.map(|text| Input { name: "vigie.toml", text });
    load(settings, sources.map(|text| Input { name: "sources.toml", text }), &context)
}

#[test]
fn what_init_writes_is_right() {
    let config = read(Some(INIT_SETTINGS), Some(INIT_SOURCES)).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.sources.len() >= 45, "{}", config.sources.len());
    let ids: BTreeSet<&str> = config.sources.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids.len(), config.sources.len());
    let addresses: BTreeSet<&str> = config.sources.iter().map(|s| s.url.as_str()).collect();
    assert_eq!(addresses.len(), config.sources.len(), "no address is visited twice");
    let kinds: BTreeSet<&str> = config.sources.iter().map(|s| s.kind.as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["csv", "feed", "html", "json", "links", "xml"]);
    assert!(config.sources.iter().any(|s| s.id.as_str() == "cert-fr-alertes" && s.nature == Nature::Alerte));
    assert_eq!(
        sources_file(Some(Input { name: "vigie.toml", text: INIT_SETTINGS })),
        SourcesFile::Named("sources.toml".into())
    );
}

/// Those that are put aside too, by id.
fn all_sources() -> BTreeMap<String, Source> {
    let all = INIT_SOURCES.replace("enabled = false\n", "");
    let config = read(None, Some(&all)).unwrap_or_else(|e| panic!("{e}"));
    config.sources.into_iter().map(|source| (source.id.to_string(), source)).collect()
}

#[test]
fn sources_that_are_not_watched_are_right_too() {
    assert!(all_sources().len() > read(None, Some(INIT_SOURCES)).unwrap().sources.len());
}

/// Comments stand before the entry, and say why one is put aside.
#[test]
fn an_entry_that_is_put_aside_says_why() {
    for entry in INIT_SOURCES.split("\n\n").filter(|entry| entry.contains("\nenabled = false")) {
        assert!(entry.to_lowercase().contains("put aside"), "{entry}");
    }
}

/// A new source comes with the shape in which it answers, or says that nobody wrote it down.
#[test]
fn every_source_is_held_against_a_shape() {
    let unknown: BTreeSet<&str> = INIT_SOURCES
        .split("# shape: not known\n")
        .skip(1)
        .filter_map(|rest| rest.lines().find_map(|line| line.strip_prefix("id = ")))
        .map(|id| id.trim_matches('"'))
        .collect();
    let known: BTreeSet<&str> = SHAPES.iter().flat_map(|shape| shape.of.iter().copied()).collect();
    assert_eq!(known.len(), SHAPES.iter().map(|shape| shape.of.len()).sum::<usize>(), "each source has one shape");
    let sources = all_sources();
    for id in sources.keys() {
        let (has, lacks) = (known.contains(id.as_str()), unknown.contains(id.as_str()));
        assert!(has != lacks, "`{id}` needs a shape in `tests/it/shapes`, or the line `# shape: not known`");
    }
    assert!(known.iter().all(|id| sources.contains_key(*id)), "each shape is that of a source");
}

/// What can be written of a source is written down where operators look: at the head of `sources.toml`, in README.md.
#[test]
fn every_key_of_a_source_is_explained() {
    let problems = read(None, Some("[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\nzzzzzzzzzzzzzzzz = 1\n"));
    let problems = problems.expect_err("an unknown key").into_vec();
    let known: Vec<&str> = problems[0].hint.split('`').skip(1).step_by(2).collect();
    assert!(known.len() >= 40 && known.contains(&"members"), "{known:?}");
    let head = INIT_SOURCES.split("[[source]]\nid").next().expect("a head");
    let explained: BTreeSet<&str> = head.split(|c: char| !c.is_ascii_lowercase() && c != '_').collect();
    let table = include_str!("../../README.md");
    for key in known {
        assert!(explained.contains(key), "`{key}` is not explained at the head of sources.toml");
        assert!(table.contains(&format!("`{key}`")), "`{key}` is not in README.md");
    }
}

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("an instant")
}

/// A page as the source would answer, at its own host.
fn page(source: &Source, content_type: &str, body: &[u8]) -> Page {
    let url = source.url.on(jiff::civil::date(2026, 11, 23));
    let body = match std::str::from_utf8(body) {
        Ok(text) => at_home(source, text).into_bytes(),
        Err(_) => body.to_vec(),
    };
    Page { url, content_type: Some(content_type.to_owned()), body, reserved: false }
}

fn at_home(source: &Source, text: &str) -> String {
    let home = source.url.sample();
    text.replace("{origin}", &home.origin().ascii_serialization()).replace("{host}", home.host_str().unwrap_or(""))
}

/// « day | reference | link | title »
fn line(draft: &Draft) -> String {
    let paris = TimeZone::get("Europe/Paris").expect("Paris");
    let day = draft.published.map_or("-".to_owned(), |date| date.date(&paris).to_string());
    let reference = draft.reference.as_ref().map_or("-", |reference| reference.number.as_str());
    let link = draft.url.as_ref().map_or("-", |url| url.as_str());
    format!("{day} | {reference} | {link} | {}", draft.title)
}

#[test]
fn every_shape_is_read_as_its_sources_say() {
    let sources = all_sources();
    let mut wrong = Vec::new();
    for shape in SHAPES {
        for source in shape.of.iter().filter_map(|id| sources.get(*id)) {
            let read = extract(&page(source, shape.content_type, &(shape.body)()), source, now());
            let drafts: Vec<String> = read.drafts.iter().map(line).collect();
            let expected: Vec<String> = shape.drafts.iter().map(|line| at_home(source, line)).collect();
            if drafts != expected || !read.problems.is_empty() {
                wrong.push(format!("{}: {drafts:#?} {:#?}", source.id, read.problems));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The night's file is news; what the evening's rewrites is not.
#[test]
fn the_journal_officiel_is_found_in_its_list_of_files() {
    let source = &all_sources()["jorf"];
    let pattern = source.newest.as_ref().expect("a list of files");
    let page = page(source, "text/html;charset=ISO-8859-1", DILA);
    let names = |after: Option<&str>| {
        let files = files(&page, source, pattern, after).expect("a list");
        files.into_iter().map(|file| file.url.to_string()).collect::<Vec<_>>()
    };
    let at = |name: &str| format!("https://echanges.dila.gouv.fr/OPENDATA/JORFSIMPLE/{name}");
    assert_eq!(names(None), [at("JORFSIMPLE_20261121-004459.tar.gz")]);
    assert_eq!(
        names(Some("JORFSIMPLE_20261119-002500.tar.gz")),
        [at("JORFSIMPLE_20261120-002312.tar.gz"), at("JORFSIMPLE_20261121-004459.tar.gz")]
    );
}

#[test]
fn a_text_of_the_journal_officiel_holds_its_articles() {
    let source = &all_sources()["jorf"];
    let shape = SHAPES.iter().find(|shape| shape.of == ["jorf"]).expect("its shape");
    let read = extract(&page(source, shape.content_type, &(shape.body)()), source, now());
    let text = &read.drafts[0];
    assert_eq!(text.guid.as_deref(), Some("JORFTEXT000090000001"));
    assert_eq!(text.summary, "Ministère de l'intérieur - NOR : INTB2600001A");
    for words in ["Les communes transmettent leur état.", "Le directeur est chargé de l'exécution."] {
        assert!(text.text.contains(words), "{}", text.text);
    }
    assert_eq!(text.categories, ["ARRETE"]);
}

/// The feed says little of an advisory, and its details the rest.
#[test]
fn an_advisory_is_completed_by_its_details() {
    let source = &all_sources()["cert-fr-avis"];
    let shape = SHAPES.iter().find(|shape| shape.of.contains(&"cert-fr-avis")).expect("its shape");
    let listed = extract(&page(source, shape.content_type, &(shape.body)()), source, now()).drafts.remove(0);
    let address = "https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-9001/json/";
    assert_eq!(listed.details.as_ref().map(|url| url.as_str()), Some(address));
    let Some(Details::Mapped { kind, .. }) = &source.details else { panic!("no details") };
    let page = page(source, "application/json", CERT_FR_DETAILS.as_bytes());
    let read = details(&page, source, kind, &listed, now()).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(line(&read), line(&listed));
    let paris = TimeZone::get("Europe/Paris").expect("Paris");
    assert_eq!(read.updated.map(|date| date.date(&paris).to_string()).as_deref(), Some("2026-08-19"));
    assert!(read.summary.ends_with("exécution de code arbitraire à distance."), "{}", read.summary);
    insta::assert_snapshot!(read.content, @r"
    <h2>Systèmes affectés</h2>
    <p>Bastide versions antérieures à 4.2</p>
    <p>Bastide Mairie versions 3.x</p>
    <h2>Risques</h2>
    <p>Exécution de code arbitraire à distance</p>
    <h2>Solutions</h2>
    <p>Se référer au bulletin de sécurité de <strong>l'éditeur</strong> (cf. section Documentation).</p>
    <h2>Vulnérabilités</h2>
    <p>CVE-2026-90001</p>
    <p>CVE-2026-90002</p>
    ");
    assert!(read.text.contains("CVE-2026-90001") && read.text.contains("CVE-2026-90002"), "{}", read.text);
}

/// Those whose documents say little at first are read further.
#[test]
fn answers_and_communiques_are_read_at_their_own_address() {
    let sources = all_sources();
    for (id, address) in [
        ("senat-questions", "https://www.senat.fr/questions/base/2026/qSEQ26090001S.html"),
        (
            "parquet-paris",
            "https://www.tribunal-de-paris.justice.fr/sites/default/files/2026-11/2026-11-18%20-%20CP%20MESSAGERIE%20.pdf",
        ),
        ("anssi", "http://cyber.gouv.fr/actualites/un-guide-pour-les-communes/"),
    ] {
        let (source, shape) = (&sources[id], SHAPES.iter().find(|shape| shape.of.contains(&id)).expect("its shape"));
        let read = extract(&page(source, shape.content_type, &(shape.body)()), source, now());
        assert_eq!(read.drafts[0].details.as_ref().map(|url| url.as_str()), Some(address), "{id}");
    }
}

/// The commented settings, those that `keep` chooses taken into use.
fn uncommented(keep: impl Fn(&str) -> bool) -> String {
    let setting = |line: &str| {
        let rest = line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))?;
        keep(rest).then(|| rest.to_owned())
    };
    INIT_SETTINGS.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

fn is_example(line: &str) -> bool {
    line.ends_with(" # example")
}

#[test]
fn what_is_shown_as_a_default_is_one() {
    // A folder for messages goes with another `transport` only.
    let written = uncommented(|line| !is_example(line) && !line.starts_with("folder ="));
    let config = read(Some(&written), None).unwrap_or_else(|e| panic!("{e}\n{written}"));
    let default = read(Some(INIT_SETTINGS), None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(format!("{config:?}"), format!("{default:?}"));
    assert_eq!(config.cadences.len(), Cadence::ALL.len());
    let folder =
        read(Some(&written.replace("transport = \"smtp\"", "transport = \"folder\"\nfolder = \"outbox\"")), None);
    let by_default = read(Some("[mail]\ntransport = \"folder\"\n"), None);
    let transport = |config: Result<Config, Problems>| format!("{:?}", config.unwrap_or_else(|e| panic!("{e}")).mail);
    assert_eq!(transport(folder), transport(by_default));
}

#[test]
fn what_is_shown_as_an_example_can_be_written() {
    let examples = INIT_SETTINGS.lines().filter(|line| is_example(line)).count();
    assert!(examples >= 10, "{examples}");
    // A password cannot be read where there is no file.
    let written =
        uncommented(|line| is_example(line) && !["user", "password_file", "host"].iter().any(|k| line.starts_with(k)));
    let config = read(Some(&written), None).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(warnings(&config), Vec::new());
    assert!(config.templates.is_some() && config.site.privacy.is_some() && !config.crawl.allow.is_empty());
    let rules = rules_path(Some(Input { name: "vigie.toml", text: &written }));
    assert_eq!(rules.as_deref(), Some("rules.toml"));
    for line in INIT_SETTINGS.lines().filter(|line| is_example(line)) {
        let key = line.trim_start_matches('#').split(" = ").next().unwrap_or("");
        // Of the relay it has one, of the mailbox none.
        let is_another = key == "host";
        let defaults = uncommented(|line| !is_example(line));
        assert!(is_another || !defaults.contains(&format!("\n{key} = ")), "`{key}` has a default");
    }
}

/// What other tools write as selectors, and CSS does not know.
#[test]
fn selectors_that_mean_nothing_are_refused() {
    let source = |title: &str| {
        format!("[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\nkind = \"html\"\nitem = \"li\"\ntitle = '{title}'\n")
    };
    for (bad, why) in [
        (":::", "a `:` has no name after it"),
        ("h2::text", "what follows a `:` is unknown"),
        ("p:nope", "what follows a `:` is unknown"),
        ("a >> b", "a `>`, `+` or `~` has nothing on one of its sides"),
        ("a >", "a `>`, `+` or `~` has nothing on one of its sides"),
        ("a@href.x", "a character stands where none can"),
        ("..a", "a character stands where none can"),
        ("a[href=x y]", "a character stands where none can"),
        ("h2,", "nothing stands where an element should be named"),
        ("//h2", "nothing stands where an element should be named"),
    ] {
        let problems = read(None, Some(&source(bad))).expect_err(bad).to_string();
        assert!(problems.contains(&format!("`title` of source `a` is no CSS selector: {why}")), "{bad}: {problems}");
        assert!(problems.contains("sources.toml:6:9") && problems.contains("^^^") && problems.contains("hint: "));
    }
    for good in [
        "h2",
        "main li > a",
        "a[href$=\".pdf\"]",
        "tr:has(td)",
        "td:nth-child(1)",
        "h2, h3",
        "p:not(.x)",
        "img@alt",
        "@data-title",
    ] {
        assert!(read(None, Some(&source(good))).is_ok(), "{good}");
    }
}
