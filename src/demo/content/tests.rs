use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::date, tz::TimeZone};
use quick_xml::{Reader, events::Event};

use super::*;

/// The body as text, read in the charset of its source.
fn text(bundled: &Bundled) -> String {
    match bundled.id {
        "gazette" => bundled.body.iter().copied().map(char::from).collect(),
        _ => String::from_utf8(bundled.body.clone()).expect("a bundled source is UTF-8 unless said otherwise"),
    }
}

fn by_id() -> BTreeMap<&'static str, String> {
    sources().iter().map(|s| (s.id, text(s))).collect()
}

/// Every start tag is closed, in order, and every reference is known.
fn well_formed(xml: &str) -> Result<usize, String> {
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut entries) = (0_usize, 0);
    loop {
        match reader.read_event().map_err(|e| format!("{e} at octet {}", reader.error_position()))? {
            Event::Start(tag) => {
                depth += 1;
                entries += usize::from(matches!(tag.name().as_ref(), "item" | "entry"));
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::GeneralRef(name) => {
                let name: &str = &name;
                if !name.starts_with('#') && !["amp", "lt", "gt", "quot", "apos"].contains(&name) {
                    return Err(format!("unknown entity `{name}`"));
                }
            }
            Event::Eof if depth == 0 => return Ok(entries),
            Event::Eof => return Err(format!("{depth} elements are not closed")),
            _ => {}
        }
    }
}

#[test]
fn every_feed_but_the_broken_one_is_well_formed() {
    let mut entries = 0;
    for source in sources().iter().filter(|s| s.content_type.contains("xml") && s.stalls == Stalls::No) {
        match (source.id, well_formed(&text(source))) {
            ("finances", result) => assert!(result.is_err(), "the broken feed is whole"),
            (id, result) => entries += result.unwrap_or_else(|why| panic!("{id}: {why}")),
        }
    }
    let json: serde_json::Value = serde_json::from_str(&by_id()["centre-cyber"]).expect("JSON Feed");
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    entries += json["items"].as_array().map_or(0, Vec::len) + by_id()["parquet"].matches("<article").count();
    assert!(entries >= 40, "{entries} items");
}

#[test]
fn the_facts_of_the_takedown_are_told_from_several_sides() {
    let texts = by_id();
    let told: Vec<_> = texts.iter().filter(|(_, t)| t.contains("Qakbot")).map(|(id, _)| *id).collect();
    assert_eq!(told, ["centre-cyber", "cert-fr", "cybermalveillance", "gazette", "info-communes", "parquet", "police"]);
    for fact in [
        "26 août 2023",
        "les États-Unis, l'Allemagne, les Pays-Bas et la France",
        "8,6 millions de dollars",
        "700 000 machines",
        "26 000 en France",
        "170 serveurs",
        "6 se trouvaient en France",
        "58 millions de dollars",
        "https://www.politie.nl/checkyourhack",
        "https://www.cybermalveillance.gouv.fr",
        "plainte par lettre-formulaire",
    ] {
        assert!(texts["parquet"].contains(fact), "the prosecutor leaves out « {fact} »");
    }
    for step in ["<h2>Suis-je concerné ?</h2>", "<h2>Que faire ?</h2>", "politie.nl/checkyourhack", "lettre-formulaire"]
    {
        assert!(texts["cybermalveillance"].contains(step), "no « {step} » in what victims are told");
    }
}

#[test]
fn the_settings_name_every_source_at_its_address() {
    let toml: toml::Table = sources_toml("http://127.0.0.1:4711").parse().expect("sources.toml is TOML");
    let written: Vec<_> = toml["source"]
        .as_array()
        .expect("tables")
        .iter()
        .map(|s| (s["id"].as_str().unwrap_or_default().to_owned(), s["url"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let served: Vec<_> =
        sources().iter().map(|s| (s.id.to_owned(), format!("http://127.0.0.1:4711{}", s.path))).collect();
    assert_eq!(written, served);
    assert!(served.len() >= 10);
    for source in toml["source"].as_array().expect("tables") {
        assert!(source["name"].as_str().is_some_and(|n| n.ends_with("(démonstration)")), "{source}");
        assert_eq!(source["allow_private"].as_bool(), Some(true));
    }
}

#[test]
fn the_old_charset_is_served_in_octets() {
    let all = sources();
    let gazette = all.iter().find(|s| s.id == "gazette").expect("the gazette");
    assert!(String::from_utf8(gazette.body.clone()).is_err());
    let (read, _, wrong) = encoding_rs::WINDOWS_1252.decode(&gazette.body);
    assert!(!wrong && read.contains("Qakbot démantelé"));
    assert!(include_str!("gazette.xml").chars().all(|c| u32::from(c) < 256), "a character has no place in the charset");
}

#[test]
fn copies_and_wandering_addresses_are_among_them() {
    let texts = by_id();
    // Word for word, under another address.
    let communique = texts["parquet"]
        .split("<p>Le réseau")
        .nth(1)
        .and_then(|rest| rest.split_once("</p>\n</div>"))
        .map(|(body, _)| body)
        .expect("the communiqué");
    assert!(communique.split_whitespace().count() >= 60);
    assert!(texts["info-communes"].contains(communique));
    // One document, several addresses.
    let relays = [
        ("cert-fr", "https://cert.example/avis/CERTFR-2023-AVI-9005/", "centre-cyber", "9005/?utm_source="),
        ("gazette", "https://gazette.example/marches-publics-nouveaux-seuils", "info-communes", "seuils#xtor=RSS-"),
        (
            "cybermalveillance",
            "https://cybermalveillance.example/tous-nos-contenus/alertes/rentree-espaces-numeriques-de-travail",
            "centre-cyber",
            "https://www.cybermalveillance.example/tous-nos-contenus/alertes/rentree-espaces-numeriques-de-travail/\"",
        ),
    ];
    for (issuer, address, relay, variant) in relays {
        assert!(texts[issuer].contains(address), "{issuer}: {address}");
        assert!(texts[relay].contains(variant), "{relay}: {variant}");
    }
    // Two advisories of one title that are not one.
    assert_eq!(texts["cert-fr"].matches("<title>Multiples vulnérabilités dans les produits Bastide").count(), 2);
}

#[test]
fn some_sources_misbehave_as_real_ones_do() {
    let all = sources();
    let wall = all.iter().find(|s| s.id == "prefecture").expect("the wall");
    assert_eq!((wall.status, wall.content_type.starts_with("text/html")), (200, true));
    assert!(text(wall).contains("JavaScript"));
    let broken = by_id()["finances"].clone();
    assert!(broken.contains("Recettes & dépenses"));
    assert_eq!((broken.matches("<item>").count(), broken.matches("</item>").count()), (4, 3));
    assert_eq!(all.iter().filter(|s| s.stalls == Stalls::Forever).count(), 1);
}

#[test]
fn the_morning_is_that_of_30_august_2023_in_paris() {
    let paris = TimeZone::get("Europe/Paris").expect("the machine knows the time zones");
    assert_eq!(morning().to_zoned(paris).datetime(), date(2023, 8, 30).at(7, 30, 0, 0));
}

#[test]
fn three_readers_choose_differently() {
    let mut reader = csv::Reader::from_reader(READERS.as_bytes());
    let rows: Vec<BTreeMap<String, String>> =
        reader.deserialize().collect::<Result<_, _>>().expect("as many cells as columns");
    let choices: BTreeSet<_> = rows.iter().map(|r| (&r["sections"], &r["natures"], &r["severity"])).collect();
    assert_eq!((rows.len(), choices.len()), (3, 3));
    for row in &rows {
        assert_eq!(row["cadence"], "daily");
        assert!(["consent_what", "consent_when", "consent_how"].iter().all(|key| !row[*key].is_empty()));
    }
}
