//! How the sources of `sources.toml` answer: small pages of ours in the shape that each was seen in, and what must be
//! read in them. `{origin}` and `{host}` stand for those of the source.

use std::io::{Cursor, Write};

/// One shape, and the sources that answer in it.
pub struct Shape {
    pub of: &'static [&'static str],
    pub content_type: &'static str,
    pub body: fn() -> Vec<u8>,
    /// Each draft as « day | reference | link | title ».
    pub drafts: &'static [&'static str],
}

macro_rules! shape {
    ($file:literal, $type:literal, $of:expr, $drafts:expr) => {
        Shape { of: &$of, content_type: $type, body: || include_bytes!($file).to_vec(), drafts: &$drafts }
    };
}

pub const SHAPES: &[Shape] = &[
    // Oldest first, days for dates, a date at the end of the title.
    shape!(
        "cert-fr.xml",
        "text/xml",
        [
            "cert-fr",
            "cert-fr-alertes",
            "cert-fr-avis",
            "cert-fr-actualite",
            "cert-fr-cti",
            "cert-fr-ioc",
            "cert-fr-dur"
        ],
        [
            "2026-06-18 | CERTFR-2026-AVI-9001 | {origin}/avis/CERTFR-2026-AVI-9001/ | Multiples vulnérabilités dans Bastide",
            "2026-08-10 | CERTFR-2026-ACT-901 | {origin}/actualite/CERTFR-2026-ACT-901/ | Bulletin d'actualité CERTFR-2026-ACT-901",
            "2026-08-14 | CERTFR-2026-ALE-901 | {origin}/alerte/CERTFR-2026-ALE-901/ | Vulnérabilité dans Bastide",
        ]
    ),
    shape!(
        "cert-fr-index.json",
        "application/json",
        ["cert-fr-index"],
        [
            "2026-11-20 | CERTFR-2026-AVI-9002 | {origin}/avis/CERTFR-2026-AVI-9002/ | Vulnérabilité dans Clocher",
            "2026-11-19 | CERTFR-2026-AVI-9001 | {origin}/avis/CERTFR-2026-AVI-9001/ | Multiples vulnérabilités dans Bastide",
        ]
    ),
    shape!(
        "cybermalveillance.xml",
        "application/atom+xml",
        [
            "cybermalveillance",
            "cybermalveillance-alertes",
            "cybermalveillance-actualites",
            "cybermalveillance-bonnes-pratiques",
        ],
        [
            "2026-05-06 | - | {origin}/tous-nos-contenus/alertes/faux-messages | Faux messages & arnaques",
            "2026-05-07 | - | {origin}/tous-nos-contenus/actualites/mois-du-numerique | Le mois de la sécurité",
        ]
    ),
    // Links to a staging host.
    shape!(
        "anssi.xml",
        "application/rss+xml",
        ["anssi"],
        [
            "2026-03-10 | - | http://cyber.gouv.fr/actualites/un-guide-pour-les-communes/ | Un guide pour les communes",
            "2026-03-02 | - | {origin}/actualites/panorama-de-la-menace/ | Panorama de la menace",
        ]
    ),
    // Drupal: numbers for guids, a relative address, entities in entities.
    shape!(
        "drupal.xml",
        "application/rss+xml; charset=utf-8",
        [
            "arcep",
            "arcom",
            "bercy",
            "cert-eu",
            "cert-eu-menaces",
            "cnil",
            "conseil-constitutionnel",
            "conseil-etat-actualites",
            "conseil-etat-avis",
            "conseil-etat-etudes",
            "conseil-etat-jurisprudence",
            "cyberveille-sante",
            "daj",
            "dgccrf",
            "edpb",
            "edps",
            "enisa",
            "europol",
            "strategie-numerique-ue",
        ],
        [
            "2026-11-06 | - | {origin}/actualite/communes-les-regles | Communes : les règles à connaître",
            "2026-10-21 | - | {origin}/actualite/decision-du-21-octobre | Décision du 21 octobre",
        ]
    ),
    shape!(
        "wordpress.xml",
        "application/rss+xml; charset=UTF-8",
        [
            "actu-juridique",
            "bonjourlafuite",
            "datasecuritybreach",
            "frenchbreaches",
            "fuitesinfos",
            "gazette-des-communes",
            "gazette-des-communes-une",
            "incyber",
            "legalis",
            "undernews",
            "zataz",
        ],
        [
            "2026-11-22 | - | {origin}/une-mairie-paralysee/ | Une mairie paralysée par un rançongiciel",
            "2026-11-21 | - | {origin}/annuaire/ | L’annuaire des élus – fuite",
        ]
    ),
    // Whole articles, no guid.
    shape!(
        "articles.xml",
        "text/xml; charset=utf-8",
        ["lemagit"],
        [
            "2026-11-20 | - | {origin}/actualites/366600001/Ransomware | Ransomware : les collectivités en première ligne",
            "2026-11-19 | - | {origin}/conseil/Sauvegardes | Sauvegardes : ce qui change",
        ]
    ),
    shape!(
        "summary.xml",
        "application/xml",
        [
            "assemblee-documents",
            "info-gouv",
            "lemondeinformatique-securite",
            "localtis",
            "politie",
            "senat-presse",
            "senat-rapports",
            "senat-textes",
            "vie-publique-actualites",
            "vie-publique-lois",
            "vie-publique-rapports",
        ],
        [
            "2026-11-19 | - | {origin}/actualites/dotations-2027 | Finances locales : les dotations de 2027",
            "2026-11-18 | - | {origin}/rap/r26-012/r26-012.html | Rapport n° 12 (2026-2027)",
        ]
    ),
    // Pages moved to another host than that of the feed.
    shape!(
        "service-public.xml",
        "application/rss+xml",
        ["service-public-particuliers", "service-public-pro", "service-public-actualites-pro"],
        [
            "2026-11-17 | - | https://service-public.gouv.fr/particuliers/actualites/A19001 | Listes électorales : inscription en ligne"
        ]
    ),
    // What tells articles apart stands after the `?`.
    shape!(
        "maire-info.xml",
        "text/xml",
        ["maire-info"],
        [
            "2026-11-20 | - | http://www.maire-info.com/article.asp?param=90001 | Les adjoints élus au scrutin de liste",
            "2026-11-23 | - | http://www.maire-info.com/article.asp?param=90002 | Les adjoints élus au scrutin de liste",
        ]
    ),
    // Mastodon: no titles.
    shape!(
        "mastodon.xml",
        "application/rss+xml; charset=utf-8",
        ["pnf"],
        [
            "2026-11-20 | - | {origin}/@parquet/115000000000000001 | Une convention judiciaire d’intérêt public est signée."
        ]
    ),
    shape!(
        "legifrss.xml",
        "application/atom+xml",
        ["legifrss"],
        [
            "2026-11-21 | JORFTEXT000090000001 | https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000090000001 | Arrêté du 1er novembre 2026 relatif aux communes"
        ]
    ),
    shape!(
        "datasets.xml",
        "application/atom+xml",
        ["data-gouv"],
        ["2026-11-20 | - | {origin}/fr/datasets/budget/ | Budget de la commune"]
    ),
    shape!(
        "dublin-core.xml",
        "application/rss+xml",
        ["cisa"],
        ["2026-11-20 | - | {origin}/news-events/ics-advisories/icsa-26-324-01 | Tour Bastide Controller"]
    ),
    // Two rows that are the same are two decisions; what is older than two years is left out.
    shape!(
        "cnil-sanctions.html",
        "text/html; charset=utf-8",
        ["cnil-sanctions"],
        [
            "2026-11-05 | - | https://www.legifrance.gouv.fr/cnil/id/CNILTEXT000090000001 | COMMUNE : Amende de 20 000 euros",
            "2026-10-01 | - | - | SOCIÉTÉ : Amende de 5 000 euros",
            "2026-10-01 | - | - | SOCIÉTÉ : Amende de 5 000 euros",
        ]
    ),
    // PDF files; what is known of them is in their names.
    shape!(
        "parquet.html",
        "text/html; charset=utf-8",
        ["parquet-paris", "parquet-paris-journalistes"],
        [
            "2026-11-18 | - | {origin}/sites/default/files/2026-11/2026-11-18%20-%20CP%20MESSAGERIE%20.pdf | MESSAGERIE",
            "2026-11-12 | - | {origin}/sites/default/files/2026-11/2026-11-12%20-%20CP%20MESSAGERIE%20mise%20en%20examen.pdf | MESSAGERIE mise en examen",
            "2026-10-23 | - | {origin}/sites/default/files/2026-10/Communiqu%C3%A9%20Association%2023102026.pdf | Communiqué Association",
        ]
    ),
    // One text a file; the summary of the issue is another file, and is not read.
    Shape {
        of: &["jorf"],
        content_type: "application/x-gzip",
        body: night_of_the_jorf,
        drafts: &[
            "2026-11-21 | JORFTEXT000090000001 | https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000090000001 | Arrêté du 1er novembre 2026 relatif aux communes",
        ],
    },
    shape!(
        "piste.json",
        "application/json",
        ["jorf-piste"],
        ["2026-11-21 | - | https://www.legifrance.gouv.fr/eli/jo/2026/11/21/0270 | JORF n°0270 du 21 novembre 2026"]
    ),
    // One question a file; those that wait for an answer are no news yet.
    Shape {
        of: &["assemblee-questions"],
        content_type: "application/zip",
        body: questions_of_the_assemblee,
        drafts: &[
            "2026-11-17 | - | https://questions.assemblee-nationale.fr/dyn/17/questions/QANR5L17QE90001 | collectivités territoriales : Sécurité informatique des communes",
        ],
    },
    // Latin-1 behind lines of SQL.
    Shape {
        of: &["senat-questions"],
        content_type: "text/csv",
        body: || include_str!("senat.csv").chars().map(|c| u8::try_from(c).expect("a character of Latin-1")).collect(),
        drafts: &[
            "2026-11-19 | - | https://www.senat.fr/questions/base/2026/qSEQ26090001S.html | Sécurité numérique des communes",
        ],
    },
    shape!(
        "kev.json",
        "application/json",
        ["cisa-kev"],
        [
            "2026-11-20 | - | - | CVE-2026-90001 - Tour Bastide Path Traversal Vulnerability",
            "2021-11-03 | - | - | CVE-2021-90002 - Old Vulnerability",
        ]
    ),
];

/// The list of files in which the Journal officiel is found.
pub const DILA: &[u8] = include_bytes!("dila.html");

/// An advisory of CERT-FR, at the address of its details.
pub const CERT_FR_DETAILS: &str = include_str!("cert-fr-details.json");

fn night_of_the_jorf() -> Vec<u8> {
    let text = include_str!("jorftext.xml");
    let old = text.replace("JORFTEXT000090000001", "JORFTEXT000010000001").replace("2026-11-21", "1999-01-01");
    let issue = "<JO><META><ID>JORFCONT000090000001</ID><TITRE>JORF n°0270</TITRE></META></JO>";
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, text) in [
        ("20261121-004459/jorf/JORFCONT000090000001.xml", issue),
        ("20261121-004459/jorf/JORFTEXT000090000001.xml", text),
        ("20261121-004459/jorf/JORFTEXT000010000001.xml", &old),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).expect("a member");
    }
    archive.into_inner().and_then(|gzip| gzip.finish()).expect("an archive")
}

fn questions_of_the_assemblee() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("json/QANR5L17QE90001.json", include_str!("question.json")),
        ("json/QANR5L17QE90002.json", include_str!("question-sans-reponse.json")),
    ] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        archive.write_all(text.as_bytes()).expect("a member");
    }
    archive.finish().expect("an archive").into_inner()
}
