//! What readers see of a bulletin.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::date, tz::TimeZone};
use url::Url;

use crate::{
    bulletin::{Also, Edition, Item, Shelf},
    config::Site,
    model::{
        Cadence, EmailAddress, Nature, Preferences, PublicationDate, Section, SectionId, Sections, Severity, StoryId,
    },
};

use super::{budget, *};

fn section(id: &str) -> SectionId {
    SectionId::parse(id).unwrap()
}

fn sections() -> Sections {
    let named = |id, name: &str| Section { id: section(id), name: name.into() };
    Sections::new(vec![named("tic", "TIC - Réseaux - Téléphonie"), named("marches", "Marchés publics")])
}

fn site() -> Site {
    Site {
        name: "Veille juridique et cyber".into(),
        url: Url::parse("https://veille.exemple.fr/").ok(),
        publisher: "Centre de gestion d'Exemple".into(),
        address: "1 place de la Mairie, 00000 Exemple".into(),
        privacy: Url::parse("https://veille.exemple.fr/donnees").ok(),
        zone: TimeZone::get("Europe/Paris").unwrap(),
    }
}

fn item(nature: Nature, title: &str) -> Item {
    Item {
        story: StoryId::new(1),
        section: section("tic"),
        nature,
        severity: Severity::Info,
        title: title.into(),
        summary: "Une première phrase. Une seconde: plus longue, qui dit \"ce qui change\" pour les communes.".into(),
        actions: vec![],
        source: "CERT-FR".into(),
        published: PublicationDate::day(date(2023, 8, 29), &TimeZone::get("Europe/Paris").unwrap()),
        url: Some(format!("https://source.exemple/{}?a=1&b=2", crate::text::slug(title))),
        reference: None,
        language: "fr".into(),
        also: vec![],
    }
}

fn small() -> Edition {
    let alert = Item {
        severity: Severity::Critical,
        reference: Some("CERTFR-2023-ALE-009".into()),
        actions: vec![
            "Appliquer le correctif de l'éditeur sans attendre.".into(),
            "Chercher les traces d'intrusion.".into(),
        ],
        also: vec![Also {
            source: "Presse informatique".into(),
            title: "Une faille exploitée".into(),
            url: Some("https://presse.exemple/faille".into()),
        }],
        ..item(Nature::Alerte, "Vulnérabilité dans un pare-feu")
    };
    let foreign = Item {
        severity: Severity::High,
        language: "en".into(),
        summary: "Note: apply the fix now!".into(),
        ..item(Nature::Avis, "Multiple flaws: what to do?")
    };
    Edition {
        cadence: Cadence::Daily,
        date: date(2023, 8, 30),
        shelves: vec![
            Shelf {
                section: section("tic"), name: "TIC - Réseaux - Téléphonie".into(), items: vec![alert, foreign]
            },
            Shelf {
                section: section("marches"),
                name: "Marchés publics".into(),
                items: vec![item(Nature::Jorf, "Arrêté du 1er août 2023 relatif aux seuils")],
            },
        ],
    }
}

fn large(items: usize) -> Edition {
    let mut all: Vec<Item> = (0..items).map(|n| item(Nature::Actu, &format!("Nouvelle numéro {n}"))).collect();
    let last = all.last_mut().unwrap();
    last.severity = Severity::Critical;
    last.title = "Alerte tout en bas".into();
    Edition { shelves: vec![Shelf { section: section("tic"), name: "TIC".into(), items: all }], ..small() }
}

fn mail_to(edition: &Edition, site: &Site, preferences: &Preferences) -> Mail {
    let address = EmailAddress::parse("c.durand@mairie.exemple.fr").unwrap();
    let reader = Reader {
        address: &address,
        since: "2023-03-03T10:00:00Z".parse().unwrap(),
        preferences,
        unsubscribe: "mailto:stop@veille.exemple.fr?subject=STOP",
        consent: "inscription au bulletin quotidien",
    };
    bulletin_mail(&Templates::embedded(), edition, site, &sections(), &reader).unwrap()
}

fn mail(edition: &Edition) -> Mail {
    mail_to(edition, &site(), &Preferences::all(Cadence::Daily))
}

/// What an HTML part shows, in one line.
fn shown(html: &str) -> String {
    let body = html.split_once("<body").map_or("", |(_, body)| body);
    let text: String =
        body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| format!("{text} ")).collect();
    crate::text::collapse(&text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
}
#[test]
fn dump() {
    let Ok(dir) = std::env::var("DUMP") else { return };
    let w = |n: &str, t: &str| std::fs::write(format!("{dir}/{n}"), t).unwrap();
    for (n, e) in [("small", small()), ("large", large(400)), ("huge", large(1000))] {
        let t = std::time::Instant::now();
        let m = mail(&e);
        eprintln!("{n}: {:?} html {} text {}", t.elapsed(), m.html.len(), m.text.len());
        w(&format!("{n}.html"), &m.html);
        w(&format!("{n}.txt"), &m.text);
        w(&format!("{n}.subject"), &m.subject);
    }
    let t = Templates::embedded();
    std::fs::create_dir_all(format!("{dir}/site/bulletins")).unwrap();
    w("site/style.css", t.style());
    w(&format!("site/{}", edition_path(&small())), &bulletin_page(&t, &small(), &site()).unwrap());
    w("site/a-propos.html", &about_page(&t, &site()).unwrap());
    let f = |p: &str, t: &str, g| FeedLink { path: p.into(), title: t.into(), group: g };
    w(
        "site/index.html",
        &index_page(
            &t,
            &site(),
            &[PastEdition { cadence: Cadence::Daily, date: date(2023, 8, 30), stories: 3 }],
            &[
                f("veille", "Toute la veille", FeedGroup::All),
                f("sections/tic", "TIC - Réseaux - Téléphonie", FeedGroup::Section),
                f("natures/alerte", "Alertes", FeedGroup::Nature),
            ],
        )
        .unwrap(),
    );
}
