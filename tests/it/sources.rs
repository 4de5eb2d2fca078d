//! The files that ship load without a problem.

use std::{collections::BTreeSet, path::Path};

use vigie::{
    classify::Rules,
    config::{
        Config, Context, INIT_SETTINGS, INIT_SOURCES, Input, Problems, SourcesFile, load, rules_path, sources_file,
        warnings,
    },
    extract::check_selector,
    model::{Cadence, Kind, Nature},
};

fn read(settings: Option<&str>, sources: Option<&str>) -> Result<Config, Problems> {
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
    let settings = settings.map(|text| Input { name: "vigie.toml", text });
    load(settings, sources.map(|text| Input { name: "sources.toml", text }), &context)
}

#[test]
fn what_init_writes_is_right() {
    let config = read(Some(INIT_SETTINGS), Some(INIT_SOURCES)).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.sources.len() >= 20, "{}", config.sources.len());
    let ids: BTreeSet<&str> = config.sources.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids.len(), config.sources.len());
    let addresses: BTreeSet<&str> = config.sources.iter().map(|s| s.url.as_str()).collect();
    assert_eq!(addresses.len(), config.sources.len(), "no address is visited twice");
    assert!(config.sources.iter().any(|s| matches!(s.kind, Kind::Html(_))));
    assert!(config.sources.iter().any(|s| s.id.as_str() == "cert-fr-alertes" && s.nature == Nature::Alerte));
    assert_eq!(
        sources_file(Some(Input { name: "vigie.toml", text: INIT_SETTINGS })),
        SourcesFile::Named("sources.toml".into())
    );
}

#[test]
fn sources_that_are_not_watched_are_right_too() {
    let all = INIT_SOURCES.replace("enabled = false\n", "");
    let config = read(None, Some(&all)).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.sources.len() > read(None, Some(INIT_SOURCES)).unwrap().sources.len());
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
        uncommented(|line| is_example(line) && !["user", "password_file"].iter().any(|k| line.starts_with(k)));
    let config = read(Some(&written), None).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(warnings(&config), Vec::new());
    assert!(config.templates.is_some() && config.site.privacy.is_some() && !config.crawl.allow.is_empty());
    let rules = rules_path(Some(Input { name: "vigie.toml", text: &written }));
    assert_eq!(rules.as_deref(), Some("rules.toml"));
    for line in INIT_SETTINGS.lines().filter(|line| is_example(line)) {
        let key = line.trim_start_matches('#').split(" = ").next().unwrap_or("");
        assert!(!uncommented(|line| !is_example(line)).contains(&format!("\n{key} = ")), "`{key}` has a default");
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
        assert!(problems.contains(&format!("`title` in `[[source]]` is no CSS selector: {why}")), "{bad}: {problems}");
        assert!(problems.contains("sources.toml:6:9") && problems.contains("^^^") && problems.contains("hint: "));
    }
    for good in ["h2", "main li > a", "a[href$=\".pdf\"]", "tr:has(td)", "td:nth-child(1)", "h2, h3", "p:not(.x)"] {
        assert!(read(None, Some(&source(good))).is_ok(), "{good}");
    }
}
