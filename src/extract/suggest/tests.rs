//! Pages in the shapes that public sites have: the first proposal must be the list of documents.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::{
    extract::extract,
    model::{Field, SectionId, Source, SourceId},
};

fn page(body: &str) -> Page {
    let url = Url::parse("https://www.ville.fr/actualites").unwrap();
    Page { url, content_type: None, body: body.as_bytes().to_vec(), reserved: false }
}

fn proposals(body: &str) -> Vec<Candidate> {
    let page = page(body);
    let id = SourceId::parse("essai").unwrap();
    let source = Source::feed(id, "Essai", page.url.clone(), SectionId::parse("tic").unwrap());
    let source = Source { zone: TimeZone::get("Europe/Paris").unwrap(), ..source };
    let now = "2026-08-30T05:30:00Z".parse().unwrap();
    suggest(&page, &|kind| extract(&page, &Source { kind, ..source.clone() }, now))
}

const SUBJECTS: [&str; 4] = [
    "Le budget primitif est adopté par le conseil municipal",
    "Cyberattaque contre un prestataire : ce qui change pour les usagers",
    "Marchés publics, les nouveaux seuils expliqués aux élus",
    "Rentrée scolaire et transports, le calendrier des inscriptions",
];

/// One item for each subject: `{t}` its title, `{n}` its number, `{d}` a day from 10 to 13.
fn repeat(item: &str) -> String {
    let each = |(n, title): (usize, &&str)| {
        item.replace("{t}", title).replace("{n}", &n.to_string()).replace("{d}", &(10 + n).to_string())
    };
    SUBJECTS.iter().enumerate().map(each).collect()
}

const LEAD: &str =
    "Réuni jeudi soir, le conseil a voté sans opposition ce texte que les services préparaient depuis l’automne.";

fn with_menu(main: &str) -> String {
    let menu: String = [
        "Accueil",
        "Vie municipale",
        "Démarches administratives en ligne",
        "Culture et sports",
        "Urbanisme et travaux",
        "Contact",
    ]
    .iter()
    .enumerate()
    .map(|(n, name)| format!("<li class=\"menu-item\"><a href=\"/rubrique/{n}\">{name}</a></li>"))
    .collect();
    let footer: String =
        (0..12).map(|n| format!("<li><a href=\"/pied/{n}\">Lien de bas de page numéro {n}</a></li>")).collect();
    format!(
        "<!DOCTYPE html><html lang=fr><head><title>Actualités | Ville</title></head><body class=\"path-actualites with-sidebar\">\
         <header><nav class=\"navbar\"><ul>{menu}{menu}{menu}</ul></nav></header>{main}<footer><ul>{footer}</ul></footer></body></html>"
    )
}

fn assert_first(name: &str, body: &str, dated: bool, summarised: bool) -> Mapping {
    let found = proposals(&with_menu(body));
    let first = found.first().unwrap_or_else(|| panic!("{name}: nothing is proposed"));
    let titles: Vec<&str> = first.drafts.iter().map(|draft| draft.title.as_str()).collect();
    assert_eq!(titles, SUBJECTS, "{name}: {:?}", first.kind);
    for (n, draft) in first.drafts.iter().enumerate() {
        let url = draft.url.as_ref().map(Url::as_str).unwrap_or_default();
        assert_eq!(url, format!("https://www.ville.fr/actualites/texte-{n}"), "{name}: {:?}", first.kind);
        assert_eq!(draft.published.is_some(), dated, "{name}: {:?}", first.kind);
        assert_eq!(draft.summary.starts_with("Réuni jeudi"), summarised, "{name}: {:?} {}", first.kind, draft.summary);
    }
    match &first.kind {
        Kind::Html(mapping) => {
            let item = mapping.item.clone().unwrap_or_default();
            assert!(!item.contains("nth-child") && item.len() < 50, "{name}: {item}");
            mapping.clone()
        }
        other => panic!("{name}: {other:?}"),
    }
}

use crate::model::Mapping;

#[test]
fn a_drupal_view() {
    let rows = repeat(
        "<div class=\"views-row views-row-{n}\"><div class=\"views-field views-field-created\"><span class=\"field-content\">{d}/08/2026</span></div>\
         <div class=\"views-field views-field-title\"><span class=\"field-content\"><a href=\"/actualites/texte-{n}\">{t}</a></span></div>\
         <div class=\"views-field views-field-body\"><div class=\"field-content\"><p>LEAD</p></div></div></div>",
    );
    let page =
        format!("<main><div class=\"view view-actualites\"><div class=\"view-content\">{rows}</div></div></main>");
    let mapping = assert_first("drupal", &page.replace("LEAD", LEAD), true, true);
    assert_eq!(mapping.item.as_deref(), Some(".views-row"));
}

#[test]
fn a_wordpress_archive() {
    let posts = repeat(
        "<article id=\"post-12{n}\" class=\"post-12{n} post type-post status-publish format-standard hentry category-x{n}\">\
         <a class=\"cat-link\" href=\"/category/actus/\">Actus</a>\
         <h2 class=\"entry-title\"><a href=\"/actualites/texte-{n}\" rel=\"bookmark\">{t}</a></h2>\
         <div class=\"entry-meta\"><time class=\"entry-date published\" datetime=\"2026-08-{d}T10:00:00+02:00\">{d} août 2026</time> par <a href=\"/author/a\">Mairie</a></div>\
         <div class=\"entry-summary\"><p>LEAD</p></div><a class=\"more-link\" href=\"/actualites/texte-{n}\">Lire la suite</a></article>",
    );
    let page = format!("<div id=\"content\"><main id=\"main\">{posts}</main></div>").replace("LEAD", LEAD);
    let mapping = assert_first("wordpress", &page, true, true);
    assert_eq!(mapping.fields.get(&Field::Date).and_then(|date| date.places().next()), Some("time"));
    assert!(mapping.fields.contains_key(&Field::Link), "the first link of an item is that of its category");
}

#[test]
fn a_spip_list() {
    let items = repeat(
        "<li class=\"item hentry short\"><strong class=\"h3-like entry-title\"><a href=\"/actualites/texte-{n}\" rel=\"bookmark\">{t}</a></strong>\
         <abbr class=\"published\" title=\"2026-08-{d}T10:00:00Z\">lundi {d} août 2026</abbr><div class=\"introduction entry-content\">LEAD</div></li>",
    );
    let page =
        format!("<div class=\"main\"><div class=\"liste articles\"><ul class=\"liste-items\">{items}</ul></div></div>");
    assert_first("spip", &page.replace("LEAD", LEAD), true, true);
}

#[test]
fn cards_of_the_state() {
    let cards = repeat(
        "<div class=\"fr-col-12 fr-col-md-4\"><div class=\"fr-card fr-enlarge-link\"><div class=\"fr-card__body\"><div class=\"fr-card__content\">\
         <h3 class=\"fr-card__title\"><a href=\"/actualites/texte-{n}\">{t}</a></h3><p class=\"fr-card__desc\">LEAD</p>\
         <div class=\"fr-card__start\"><p class=\"fr-card__detail\">Publié le {d}/08/2026</p></div></div></div></div></div>",
    );
    let page = format!("<main role=\"main\"><div class=\"fr-grid-row\">{cards}</div></main>").replace("LEAD", LEAD);
    let mapping = assert_first("dsfr", &page, true, true);
    assert_eq!(mapping.item.as_deref(), Some(".fr-card"));
}

#[test]
fn a_bare_list_and_a_table() {
    let items = repeat("<li><a href=\"/actualites/texte-{n}\">{t}</a> ({d} août 2026)</li>");
    assert_first("list", &format!("<div><h1>Actualités</h1><ul>{items}</ul></div>"), true, false);
    let rows =
        repeat("<tr><td>{d}/08/2026</td><td>Délibération</td><td><a href=\"/actualites/texte-{n}\">{t}</a></td></tr>");
    let table =
        format!("<main><table class=\"actes\"><tr><th>Date</th><th>Type</th><th>Objet</th></tr>{rows}</table></main>");
    assert_first("table", &table, true, false);
}

#[test]
fn a_page_of_headings_only_and_a_page_without_a_list() {
    let items = repeat("<h3><a href=\"/actualites/texte-{n}\">{t}</a></h3><p>Texte libre.</p>");
    assert_first("headings", &format!("<main>{items}</main>"), false, false);
    assert!(
        proposals(&with_menu("<main><h1>Mentions légales</h1><p>Texte <a href=\"/a\">lien</a></p></main>")).is_empty()
    );
}

#[test]
fn fields_of_data_are_known_by_their_names() {
    let idea = |ideas: Vec<Idea>| ideas.into_iter().next().map(|idea| (idea.kind, idea.made_from)).expect("an idea");
    let json = r#"{"title":"KEV","count":3,"x":{"vulnerabilities":[{"cveID":"CVE-1","vulnerabilityName":"a","dateAdded":"2026-01-01"},{},{}]},"y":[{"a":1},{},{}]}"#;
    let (kind, made_from) = idea(data::json(&json.replace("\"y\":[{\"a\":1},{},{}]", "\"y\":[{\"a\":1}]")));
    let expected = [(Field::Title, "/vulnerabilityName"), (Field::Reference, "/cveID"), (Field::Date, "/dateAdded")];
    assert_eq!(kind, Kind::Json(Mapping::of("/x/vulnerabilities", &expected)));
    assert_eq!(made_from, "the list of 3 objects at `/x/vulnerabilities`");
    let (kind, _) =
        idea(data::csv("% requête\nNuméro;Titre;Date de publication JO;URL Question\n1;a;b;c\n2;a;b;c\n3;a;b;c\n"));
    let Kind::Csv(mapping, dialect) = kind else { panic!() };
    assert_eq!((dialect.delimiter, dialect.comment), (b';', Some(b'%')));
    let place = |field| mapping.fields.get(&field).and_then(|place| place.places().next());
    assert_eq!(place(Field::Title), Some("Titre"));
    assert_eq!(place(Field::Date), Some("Date de publication JO"));
    assert_eq!(place(Field::Link), Some("URL Question"));
    assert!(data::csv("Bonjour, voici un texte\nsans table").is_empty() && data::json("[1, 2").is_empty());
}

#[test]
fn a_hostile_page_takes_no_longer() {
    for piece in ["<li><a href=x>y</a>", "<div><a href=x>", "<div class='item'><a href=/a>long enough</a></div>"] {
        proposals(&piece.repeat(3_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_page_makes_it_fail(body in "(<li class='a b'>|<a href='/x'>|</a>|</li>|<tr><td>|<h2>|12/08/2026|é|\\[|\\{|;|\n|[a-z]{1,9}){0,80}") {
        proposals(&body);
    }
}
