//! Addresses that say what there is to know: lists of links, of files, and sitemaps.

use super::*;
use crate::model::Pattern;

pub(super) const LISTING: &str = r#"<!doctype html><html><head><title>Communiqués</title></head><body>
<nav><a href="/sites/default/files/2020-01/2020-01-01%20-%20CP%20MENU.pdf">Menu</a></nav><main><ul>
<li><a href="/sites/default/files/2024-08/2024-08-26%20-%20CP%20TELEGRAM%20.pdf">Télécharger (PDF - 120 Ko)</a></li>
<li><a href="/sites/default/files/2024-08/2024-08-26%20-%20CP%20TELEGRAM%20.pdf"><img src=x></a></li>
<li><a href="/sites/default/files/2026-06/2026-06-12%20-%20CP%20Cfake%20plateforme.pdf">Démantèlement de la plateforme Cfake</a></li>
<li><a href="/sites/default/files/2025-09/CJIP.pdf">Communiqué de presse</a></li>
<li><a href="/sites/default/files/2025-10/Communiqu%C3%A9%20Greenpeace%2023102025.pdf">https://exemple.fr/x.pdf</a></li>
<li><a href="/sites/default/files/2025-10/avis_0.pdf">Lire la suite</a><a href="/sites/default/files/2025-10/avis.pdf">PDF</a></li>
<li><a href="/contact">Contact</a></li></ul></main></body></html>"#;

pub(super) fn patterns() -> Vec<Pattern> {
    vec![Pattern::parse(r"/files/[^/]+/[^/]+\.pdf$").unwrap()]
}

fn links(patterns: &[&str], body: &str) -> Extracted {
    let patterns = patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
    extract(&page(body.as_bytes()), &source(Kind::Links(patterns)), instant())
}

fn told(extracted: &Extracted) -> Vec<(String, String)> {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let date = |draft: &Draft| draft.published.map(|date| date.date(&paris).to_string()).unwrap_or_default();
    extracted.drafts.iter().map(|draft| (draft.title.clone(), date(draft))).collect()
}

#[test]
fn a_list_of_files_becomes_drafts() {
    let read = extract(&page(LISTING.as_bytes()), &source(Kind::Links(patterns())), instant());
    assert_eq!(read.problems, []);
    let expected = [
        ("TELEGRAM", "2024-08-26"),
        ("Démantèlement de la plateforme Cfake", "2026-06-12"),
        ("CJIP", ""),
        ("Communiqué Greenpeace", "2025-10-23"),
        ("avis", ""),
    ];
    let expected = expected.map(|(title, date)| (title.to_owned(), date.to_owned()));
    assert_eq!(told(&read), expected);
    // The encoded form is what can be fetched, its space before the extension included.
    let telegram = "https://www.exemple.fr/sites/default/files/2024-08/2024-08-26%20-%20CP%20TELEGRAM%20.pdf";
    assert_eq!(address(&read.drafts[0]), telegram);
    assert!(address(&read.drafts[4]).ends_with("/avis_0.pdf"));
}

#[test]
fn a_pattern_names_fields() {
    let named = r"/files/[^/]+/(?<date>\d{4}-\d\d-\d\d) - CP (?<title>.+)\.pdf$";
    let read = links(&[named, r"/(?<title>CJIP)\.pdf$"], LISTING);
    let expected = [("TELEGRAM", "2024-08-26"), ("Cfake plateforme", "2026-06-12"), ("CJIP", "")];
    assert_eq!(told(&read), expected.map(|(title, date)| (title.to_owned(), date.to_owned())));
    let numbered = "<main><a href='/q/ARMM2621619A/28082024.html'>Arrêté du jour</a></main>";
    let read = links(&[r"/q/(?<reference>[A-Z0-9]+)/(?<date>\d+)\.html"], numbered);
    assert_eq!(told(&read), [("Arrêté du jour".to_owned(), "2024-08-28".to_owned())]);
    assert_eq!(read.drafts[0].reference.as_ref().unwrap().issuer, Issuer::Nor);
}

#[test]
fn the_month_of_a_folder_is_no_date_but_a_bound() {
    let recent = Source { max_age: Some(Duration::from_hours(365 * 24)), ..source(Kind::Links(patterns())) };
    let old = LISTING.replace("2025-09/CJIP.pdf", "2025-10/CJIP.pdf");
    for (body, taken) in [(LISTING, 1), (&LISTING.replace("2025-09/CJIP", "2026-01/CJIP"), 2), (&old, 1)] {
        assert_eq!(extract(&page(body.as_bytes()), &recent, instant()).drafts.len(), taken, "{body}");
    }
}

#[test]
fn links_that_do_not_match_are_shown() {
    let read = links(&[r"\.docx$"], LISTING);
    let [problem] = read.problems.as_slice() else { panic!("{read:?}") };
    assert_eq!(problem.kind, ProblemKind::Mapping);
    assert!(
        problem.message.starts_with("none of the 9 links of the page matches; the first are `https://"),
        "{problem}"
    );
}

pub(super) const SITEMAP: &str = r#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://www.exemple.fr/actualites/aide-aux-communes</loc><lastmod>2026-08-14T10:00:00+02:00</lastmod></url>
<url><loc>https://www.exemple.fr/actualites/b?x=1&amp;y=2</loc><news:news><news:title>L’été</news:title>
<news:publication_date>2026-08-15</news:publication_date></news:news></url>
<url><loc>https://www.exemple.fr/mentions</loc></url></urlset>"#;

#[test]
fn a_sitemap_becomes_drafts() {
    let kind = || Kind::Sitemap(Some(Pattern::parse("/actualites/").unwrap()));
    let read = extract(&page(SITEMAP.as_bytes()), &source(kind()), instant());
    assert_eq!(read.problems, []);
    assert_eq!(
        told(&read),
        [("Aide aux communes".to_owned(), String::new()), ("L’été".to_owned(), "2026-08-15".to_owned())]
    );
    assert_eq!(read.drafts[0].updated.unwrap().at.to_string(), "2026-08-14T08:00:00Z");
    assert_eq!(address(&read.drafts[1]), "https://www.exemple.fr/actualites/b?x=1&y=2");
    let index = "<sitemapindex><sitemap><loc>https://www.exemple.fr/s1.xml</loc></sitemap></sitemapindex>";
    for (body, words) in [
        (index, "index of sitemaps, and no sitemap\nhint: set `url` to one of them: `https://www.exemple.fr/s1.xml`"),
        ("<urlset><url><loc>https://a.fr/x</loc></url></urlset>", "none of the 1 addresses"),
    ] {
        let read = extract(&page(body.as_bytes()), &source(kind()), instant());
        assert_eq!(kinds(&read), [ProblemKind::Mapping]);
        assert!(read.problems[0].message.contains(words), "{read:?}");
    }
}

#[test]
fn the_files_of_a_folder_are_listed_in_order() {
    let index = |names: &[&str]| {
        let rows: String = names.iter().map(|name| format!("<a href=\"{name}\">{name}</a>\n")).collect();
        format!("<html><h1>Index of /J</h1><pre><a href=\"?C=N;O=D\">Name</a> <a href=\"/\">Parent</a>\n{rows}</pre>")
    };
    let body = index(&[
        "J_20260819-003012.tar.gz",
        "J_20260818-210000.tar.gz",
        "J_20260818-002500.tar.gz",
        "Freemium_J.tar.gz",
    ]);
    let (source, pattern) = (source(Kind::Feed), Pattern::parse(r"^J_\d{8}-0\d{5}\.tar\.gz$").unwrap());
    let names = |after| {
        let files = files(&page(body.as_bytes()), &source, &pattern, after).unwrap();
        files.into_iter().map(|file| file.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["J_20260819-003012.tar.gz"]);
    assert_eq!(names(Some("J_20260701-003012.tar.gz")), ["J_20260818-002500.tar.gz", "J_20260819-003012.tar.gz"]);
    assert_eq!(names(Some("J_20260819-003012.tar.gz")), [""; 0]);
    let first = files(&page(body.as_bytes()), &source, &pattern, None).unwrap();
    assert_eq!(first[0].url.as_str(), "https://www.exemple.fr/actus/J_20260819-003012.tar.gz");
    let none = files(&page(index(&["x.zip"]).as_bytes()), &source, &pattern, None).unwrap_err();
    assert!(none.kind == ProblemKind::Mapping && none.message.contains("the first are `x.zip`"), "{none}");
}
