//! The files that ship load without a problem.

use std::{collections::BTreeSet, path::Path};

use vigie::{
    classify::Rules,
    config::{
        Config, Context, INIT_SETTINGS, INIT_SOURCES, Input, Problems, SourcesFile, load, rules_path, sources_file,
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

/// Every line that shows a default can be taken into use, and says the default.
#[test]
fn each_commented_setting_is_a_setting() {
    let written = INIT_SETTINGS
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
        })
        .filter(|line| !["folder", "user", "password_file"].iter().any(|key| line.starts_with(&format!("{key} ="))))
        .collect::<Vec<_>>()
        .join("\n");
    let config = read(Some(&written), None).unwrap_or_else(|e| panic!("{e}\n{written}"));
    let default = read(None, None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.cadences, default.cadences);
    assert_eq!(config.cadences.len(), Cadence::ALL.len());
    assert_eq!(format!("{:?}", config.publish), format!("{:?}", default.publish));
    assert_eq!(config.data, default.data);
    let without = |mut crawl: vigie::config::Crawl| {
        (crawl.contact, crawl.allow) = (None, Vec::new());
        format!("{crawl:?}")
    };
    assert_eq!(without(config.crawl), without(default.crawl));
    let rules = rules_path(Some(Input { name: "vigie.toml", text: &written }));
    assert_eq!(rules.as_deref(), Some("rules.toml"));
}
