//! What readers see of a bulletin.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::date, tz::TimeZone};
use url::Url;

use crate::{
    bulletin::{AlertNews, Also, Cited, Edition, Guide, Item, Question, Quote, Shelf, withdrawn},
    config::Site,
    model::{
        Cadence, EmailAddress, Ending, Nature, News, Preferences, PublicationDate, Section, SectionId, Sections,
        Severity, SitePath, SiteText, StoryId,
    },
};

use crate::normalise::deadline::{Bound, Deadline};

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
        also_in: vec![],
        nature,
        severity: Severity::Info,
        title: title.into(),
        summary: "Une première phrase. Une seconde: plus longue, qui dit \"ce qui change\" pour les communes.".into(),
        more: vec![],
        guide: Guide::default(),
        source: "CERT-FR".into(),
        published: PublicationDate::day(date(2023, 8, 29), &TimeZone::get("Europe/Paris").unwrap()),
        url: Some(format!("https://source.exemple/{}?a=1&b=2", crate::text::slug(title))),
        reference: None,
        language: "fr".into(),
        also: vec![],
        cves: vec![],
        cited: vec![],
        deadlines: vec![],
        again: false,
        importance: 0,
        history: vec![],
        alert: None,
        alerted: None,
    }
}

fn quote(text: &str, source: &str) -> Quote {
    Quote { text: text.into(), source: source.into(), url: None, link: None, language: None }
}

fn guide(question: Question, lines: Vec<Quote>) -> Guide {
    Guide { parts: BTreeMap::from([(question, lines)]) }
}

fn small() -> Edition {
    let alert = Item {
        severity: Severity::Critical,
        reference: Some("CERTFR-2023-ALE-009".into()),
        guide: guide(
            Question::Todo,
            vec![
                quote("Appliquer le correctif de l'éditeur sans attendre.", "CERT-FR"),
                quote("Chercher les traces d'intrusion.", "CERT-FR"),
            ],
        ),
        also: vec![Also {
            source: "Presse informatique".into(),
            title: "Une faille exploitée".into(),
            url: Some("https://presse.exemple/faille".into()),
            language: "fr".into(),
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
        number: 1,
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
        preferences_at: "https://veille.exemple.fr/preferences/A",
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
fn the_text_part_reads_like_a_letter() {
    let mail = mail(&small());
    assert_eq!(mail.subject, "Veille du 30 août 2023\u{a0}: 1\u{a0}alerte, 1\u{a0}avis, 1\u{a0}texte au JO");
    // No-break spaces as `_` (wide) and `~` (narrow).
    let visible = mail.text.replace('\u{a0}', "_").replace('\u{202f}', "~");
    insta::assert_snapshot!(visible, @r#"
    Veille juridique et cyber
    =========================
    Bulletin quotidien - mercredi 30 août 2023

    Au sommaire_: 1_alerte, 1_avis, 1_texte au JO.
    - TIC - Réseaux - Téléphonie_: 2
    - Marchés publics_: 1

    Lire en ligne_:
    https://veille.exemple.fr/bulletins/2023-08-30-daily.html

    ------------------------------------------------------------------------

    TIC - Réseaux - Téléphonie
    ==========================

    [Urgent] Alerte - Vulnérabilité dans un pare-feu
    >> Une première phrase. Une seconde_: plus longue, qui dit «~ce qui
       change~» pour les communes.
    Que faire~?
      - Appliquer le correctif de l’éditeur sans attendre.
      - Chercher les traces d’intrusion.
    CERT-FR, mardi 29 août 2023, CERTFR-2023-ALE-009
    https://source.exemple/vulnerabilite-dans-un-pare-feu?a=1&b=2
    Aussi_: Une faille exploitée, Presse informatique
    https://presse.exemple/faille

    [Important] Avis - Multiple flaws: what to do? (en anglais)
    >> Note: apply the fix now!
    CERT-FR, mardi 29 août 2023
    https://source.exemple/multiple-flaws-what-to-do?a=1&b=2

    ------------------------------------------------------------------------

    Marchés publics
    ===============

    JORF - Arrêté du 1er août 2023 relatif aux seuils
    >> Une première phrase. Une seconde_: plus longue, qui dit «~ce qui
       change~» pour les communes.
    CERT-FR, mardi 29 août 2023
    https://source.exemple/arrete-du-1er-aout-2023-relatif-aux-seuils?a=1&b=2

    ------------------------------------------------------------------------

    Vous recevez ce bulletin à l’adresse c.durand@mairie.exemple.fr depuis
    le 3 mars 2023_: inscription au bulletin quotidien.

    Vos choix_: bulletin quotidien~; toutes les rubriques. Pour les
    changer_:
    https://veille.exemple.fr/preferences/A

    Se désinscrire_: écrivez à stop@veille.exemple.fr, avec l’objet
    «~STOP~».
    mailto:stop@veille.exemple.fr?subject=STOP

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.
    "#);
}

#[test]
fn every_word_of_every_item_is_in_both_parts() {
    let edition = small();
    let mail = mail(&edition);
    let (html, text) = (shown(&mail.html).replace("&nbsp;", " "), crate::text::collapse(&mail.text.replace(">> ", "")));
    for item in edition.items() {
        let set = |words: &str| {
            crate::text::collapse(&if item.language == "fr" { crate::text::french(words) } else { words.into() })
        };
        let mut wanted = vec![set(&item.title), set(&item.summary), item.source.clone(), item.nature.prefix().into()];
        wanted.extend(item.guide.all_lines().map(|line| set(&line.text)));
        wanted.extend(item.reference.clone());
        wanted.extend(item.also.iter().map(|also| set(&also.title)));
        for words in wanted {
            assert!(crate::text::collapse(&html).contains(&words), "HTML lacks {words}: {html}");
            assert!(text.contains(&words), "text lacks {words}: {text}");
        }
        let url = item.url.as_deref().unwrap();
        assert!(mail.html.contains(&format!("href=\"{}\"", url.replace('&', "&amp;"))));
        assert!(mail.text.lines().any(|line| line == url));
    }
}

/// A story that three sources tell.
fn told_by_several() -> Edition {
    let mut edition = small();
    let item = &mut edition.shelves[0].items[0];
    item.more = vec![quote("Onze mairies sont concernées.", "Relais")];
    let linked = Quote {
        link: Some("https://www.politie.nl/checkyourhack".into()),
        ..quote("Voir politie.nl/checkyourhack.", "Relais")
    };
    let foreign = Quote { language: Some("en".into()), ..quote("Check: now!", "Police") };
    item.guide.parts.insert(Question::Concerned, vec![linked, foreign]);
    item.guide.parts.insert(Question::Figures, vec![quote("Il y a 700 000 machines.", "CERT-FR")]);
    item.cves = (1..9).map(|n| format!("CVE-2023-000{n}")).collect();
    item.cited = vec![Cited { number: "CERTFR-2023-AVI-0001".into(), url: None }];
    item.deadlines = vec![
        Deadline { day: date(2023, 9, 4), bound: Bound::Until },
        Deadline { day: date(2023, 10, 1), bound: Bound::From },
    ];
    let other = Also { language: "en".into(), title: "A flaw: again".into(), source: "Police".into(), url: None };
    item.also.push(other);
    edition
}

#[test]
fn a_guide_names_its_sources_and_links_lead_where_they_say() {
    let edition = told_by_several();
    let mail = mail(&edition);
    let visible = mail.text.replace('\u{a0}', "_").replace('\u{202f}', "~");
    let (_, rest) = visible.split_once("[Urgent]").unwrap();
    let (item, _) = rest.split_once("[Important]").unwrap();
    insta::assert_snapshot!(item.trim(), @r#"
    Alerte - Vulnérabilité dans un pare-feu
    >> Une première phrase. Une seconde_: plus longue, qui dit «~ce qui
       change~» pour les communes.
       Onze mairies sont concernées. — Relais
    Échéance_: 4 septembre 2023
    À compter du 1er octobre 2023
    Suis-je concerné~?
      - Voir politie.nl/checkyourhack.
        (https://www.politie.nl/checkyourhack) — Relais
      - Check: now! (en anglais) — Police
    Que faire~? — CERT-FR
      - Appliquer le correctif de l’éditeur sans attendre.
      - Chercher les traces d’intrusion.
    Chiffres clés — CERT-FR
      - Il y a 700~000 machines.
    CERT-FR, mardi 29 août 2023, CERTFR-2023-ALE-009
    https://source.exemple/vulnerabilite-dans-un-pare-feu?a=1&b=2
    https://www.cve.org/CVERecord?id=CVE-2023-0001
    https://www.cve.org/CVERecord?id=CVE-2023-0002
    https://www.cve.org/CVERecord?id=CVE-2023-0003
    https://www.cve.org/CVERecord?id=CVE-2023-0004
    https://www.cve.org/CVERecord?id=CVE-2023-0005
    … et 3_autres
    CERTFR-2023-AVI-0001
    Aussi_:
    - Une faille exploitée, Presse informatique
    https://presse.exemple/faille
    - A flaw: again (en anglais), Police
    "#);
    let page = bulletin_page(&Templates::embedded(), frame(&site(), &edition_path(&edition)), &edition).unwrap();
    for html in [&page, &mail.html] {
        assert!(html.contains("href=\"https://www.politie.nl/checkyourhack\""), "{html}");
        assert!(html.contains("href=\"https://www.cve.org/CVERecord?id=CVE-2023-0005\""), "{html}");
        assert!(!html.contains("CVE-2023-0006"), "five are enough");
        assert!(html.contains("lang=\"en\">Check: now!"), "{html}");
    }
    let levels: Vec<char> =
        page.split("<h").skip(1).filter_map(|rest| rest.chars().next()).filter(char::is_ascii_digit).collect();
    assert!(
        levels.windows(2).all(|pair| pair[1] <= pair[0] || u32::from(pair[1]) == u32::from(pair[0]) + 1),
        "{levels:?}"
    );
}

#[test]
fn guides_give_way_before_stories_do() {
    let long = |n: usize| Item {
        guide: guide(
            Question::Todo,
            (0..4).map(|m| quote(&format!("Action {n}-{m} {}.", "à mener".repeat(20)), "X")).collect(),
        ),
        again: false,
        importance: n as u32,
        ..item(Nature::Actu, &format!("Nouvelle numéro {n}"))
    };
    let mut edition = large(1);
    edition.shelves[0].items = (0..60).map(long).collect();
    edition.shelves[0].items[30].severity = Severity::Critical;
    let mail = mail(&edition);
    let octets = budget::encoded_len(&mail.html) + budget::encoded_len(&mail.text);
    assert!(octets <= budget::BUDGET, "{octets}");
    for part in [&mail.html, &mail.text] {
        assert_eq!((0..60).filter(|n| part.contains(&format!("numero-{n}?"))).count(), 60, "every story is there");
        assert_eq!(part.matches("Une première phrase.").count(), 60, "in full");
        assert!(part.contains("Action 59-1") && !part.contains("Action 0-0"), "the guides of what matters most");
        assert!(part.contains("[…]"), "that a guide goes on is told");
        for line in 0..4 {
            assert!(part.contains(&format!("Action 30-{line}")), "a critical alert keeps all of its guide: {line}");
        }
    }
}

#[test]
fn the_foot_says_who_writes_why_and_how_to_leave() {
    let chosen = Preferences {
        sections: BTreeSet::from([section("tic"), section("marches"), section("gone")]),
        natures: BTreeSet::from([Nature::Alerte]),
        least_severity: Severity::Notable,
        ..Preferences::all(Cadence::Weekly)
    };
    let mail = mail_to(&small(), &site(), &chosen);
    for part in [shown(&mail.html).replace("&nbsp;", " "), mail.text.clone()] {
        let part = crate::text::collapse(&part);
        for words in [
            "Vous recevez ce bulletin à l’adresse c.durand@mairie.exemple.fr depuis le 3 mars 2023 : inscription au bulletin quotidien.",
            "bulletin hebdomadaire ; rubriques « TIC - Réseaux - Téléphonie », « Marchés publics », « gone » ; nature « Alertes » ; à partir du niveau « à surveiller ».",
            "Se désinscrire : écrivez à stop@veille.exemple.fr, avec l’objet « STOP ».",
            "Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000 Exemple",
        ] {
            assert!(part.contains(words), "no {words} in {part}");
        }
    }
    for address in ["https://veille.exemple.fr/bulletins/2023-08-30-daily.html", "https://veille.exemple.fr/donnees"] {
        assert!(mail.html.contains(address) && mail.text.contains(address), "{address}");
    }
}

#[test]
fn nothing_that_a_source_wrote_becomes_markup_or_a_line_of_its_own() {
    let mut edition = small();
    let item = &mut edition.shelves[0].items[0];
    item.title = "<script>alert('x')</script>\nSe désinscrire : https://mechant.exemple/ {{ site }}\u{202e}".into();
    item.summary = "<img src=x onerror=alert(1)> & \"fin\"".into();
    item.guide = guide(Question::Todo, vec![quote("</li><b>gras</b>", "<u>x</u>")]);
    item.guide.parts.entry(Question::Report).or_default().push(Quote {
        url: Some("javascript:alert(2)".into()),
        link: Some("javascript:alert(3)".into()),
        language: Some("en\" onclick=\"alert(4)".into()),
        ..quote("<img src=y>", "<u>y</u>")
    });
    item.cves = vec!["<b>CVE</b>".into()];
    item.cited = vec![Cited { number: "<i>".into(), url: Some("javascript:alert(5)".into()) }];
    item.reference = Some("\"><i>".into());
    item.source = "<u>source</u>".into();
    item.language = "en\" onclick=\"alert(1)".into();
    item.url = Some("javascript:alert(1)".into());
    item.also[0].url = Some("data:text/html,<script>".into());
    let mail = mail(&edition);
    let page = bulletin_page(&Templates::embedded(), frame(&site(), &edition_path(&edition)), &edition).unwrap();
    for html in [&mail.html, &page] {
        for bad in ["<script", "<img", "<b>", "<i>", "<u>", "javascript:", "data:text", "onclick=\"", "\u{202e}"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
        assert!(html.contains("&lt;script&gt;") && html.contains("{{ site }}"));
    }
    assert!(!mail.text.contains("javascript:") && !mail.text.contains("data:text"));
    let leaving: Vec<&str> = mail.text.lines().filter(|line| line.starts_with("Se désinscrire")).collect();
    assert_eq!(leaving.len(), 1, "only ours stands at the start of a line: {leaving:?}");
}

#[test]
fn a_mail_loads_nothing_and_hides_nothing() {
    let html = mail(&small()).html;
    for bad in
        ["<img", "src=", "url(", "@import", "<link", "display:none", "max-height:0", "font-size:0", "<a href=\"mailto:"]
    {
        assert!(!html.contains(bad), "{bad}");
    }
    assert_eq!(html.matches("<table").count(), html.matches("role=\"presentation\"").count());
    assert!(html.contains("@media (prefers-color-scheme: dark)"), "the dark scheme survives");
    assert!(html.contains("lang=\"en\"") && html.starts_with("<!DOCTYPE html><html lang=\"fr\">"));
    assert!(html.find("<meta charset").is_some_and(|at| at < 1000), "within the octets where it is looked for");
}

#[test]
fn a_thousand_stories_fit_in_what_mail_programs_show_and_the_alert_is_in_full() {
    for (stories, site) in [(60, site()), (250, site()), (1000, site()), (1000, Site { url: None, ..site() })] {
        let edition = large(stories);
        let mail = mail_to(&edition, &site, &Preferences::all(Cadence::Daily));
        let octets = budget::encoded_len(&mail.html) + budget::encoded_len(&mail.text);
        assert!(octets <= budget::BUDGET, "{stories} stories: {octets}");
        assert!(octets > budget::BUDGET / 2, "{stories} stories: the room is used ({octets})");
        for part in [&mail.html, &mail.text] {
            assert!(part.contains("Alerte tout en bas") && part.contains("Se désinscrire"), "{stories}");
            let left_out = stories
                - (0..stories).filter(|n| part.contains(&format!("source.exemple/nouvelle-numero-{n}?"))).count();
            let is_told = part.contains(&format!("et {}\u{a0}autre", crate::text::number(left_out as u64)))
                || part.contains(&format!("et {}&nbsp;autre", crate::text::number(left_out as u64)));
            assert_eq!(is_told, left_out > 0, "{stories} stories, {left_out} left out");
        }
    }
}

#[test]
fn a_subject_stays_short_and_counts_every_story() {
    let mut edition = small();
    edition.cadence = Cadence::Monthly;
    edition.shelves[0].items = Nature::ALL.into_iter().map(|nature| item(nature, "t")).collect();
    let subject = mail(&edition).subject;
    assert!(subject.chars().count() <= 70, "{subject}");
    assert_eq!(subject, "Veille mensuelle du 30 août 2023\u{a0}: 1\u{a0}alerte, 1\u{a0}avis, 9\u{a0}autres");
}

#[test]
fn a_mistake_in_a_template_is_told_with_its_line() {
    let told = |name: &str, source: &str| {
        let error = Templates::with(BTreeMap::from([(name.to_owned(), source.to_owned())])).unwrap_err();
        error.to_string()
    };
    let syntax = told("mail.txt", "a\nb\n{% if %}\n");
    assert!(syntax.starts_with("template `mail.txt`, line 3: ") && syntax.contains("\nhint: "), "{syntax}");
    let unknown = told("mail.html", "<p>\n{{ edition.nosuch }}</p>");
    assert!(unknown.starts_with("template `mail.html`, line 2: undefined value"), "{unknown}");
    assert!(unknown.contains("in `{{ edition.nosuch }}</p>`"), "{unknown}");
    let endless = told("mail.txt", "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}");
    assert!(endless.contains("fuel"), "{endless}");
    assert!(told("mial.txt", "").contains("there is no template `mial.txt`\nhint: the templates are `access.html`"));
}

#[test]
fn an_installation_can_replace_one_template() {
    let mine = BTreeMap::from([("mail.txt".to_owned(), "{{ site.name }} : {{ edition.news }}".to_owned())]);
    let templates = Templates::with(mine).unwrap();
    let address = EmailAddress::parse("a@b.fr").unwrap();
    let preferences = Preferences::all(Cadence::Daily);
    let since = "2023-03-03T10:00:00Z".parse().unwrap();
    let reader = Reader {
        address: &address,
        since,
        preferences: &preferences,
        unsubscribe: "https://v.fr/u/1",
        preferences_at: "",
        consent: "c",
    };
    let mail = bulletin_mail(&templates, &small(), &site(), &sections(), &reader).unwrap();
    assert!(mail.text.starts_with("Veille juridique et cyber : 1\u{a0}alerte"), "{}", mail.text);
    assert!(mail.html.contains("<a href=\"https://v.fr/u/1\""), "the others stay");
    for name in Templates::names() {
        assert!(Templates::source(name).is_some_and(|source| !source.is_empty()), "{name}");
    }
}

fn frame<'a>(site: &'a Site, path: &'a SitePath) -> Frame<'a> {
    Frame { site, path, medium: Medium::Folder }
}

#[test]
fn pages_refer_to_each_other_and_to_nothing_outside() {
    let templates = Templates::embedded();
    let (site, sections) = (site(), sections());
    let small = small();
    let items: Vec<Item> = small.items().cloned().collect();
    let past = PastEdition { cadence: Cadence::Daily, date: date(2023, 8, 30), number: 1, stories: 3 };
    let facts = HomeFacts {
        alerts: &items[..1],
        edition: Some(past),
        heads: &items,
        latest: &items,
        most_read: &[],
        sections: &sections,
        calendar: Calendar { path: "echeances.ics", days: 4 },
        notices: &[],
    };
    let index = home_page(&templates, frame(&site, &SitePath::Home), &facts).unwrap();
    for wanted in [
        "href=\"bulletins/2023-08-30-daily.html\"",
        "href=\"sections/tic.html\"",
        "href=\"veille.json\"",
        "href=\"echeances.ics\">4\u{a0}dates",
    ] {
        assert!(index.contains(wanted), "{wanted} in {index}");
    }
    assert!(!index.contains("recherche"), "a folder of files searches for nothing");
    let path = edition_path(&small);
    let page = bulletin_page(&templates, frame(&site, &path), &small).unwrap();
    assert!(page.contains("href=\"../style.css\"") && page.contains("href=\"../mentions-legales.html\""));
    assert!(!page.contains("c.durand"), "nothing about a reader");
    let about = SitePath::Text(SiteText::About);
    let about = text_page(&templates, frame(&site, &about), SiteText::About, &sections).unwrap();
    for html in [&index, &page, &about] {
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("&#x2f;"));
    }
    for anchor in ["mentions-legales", "donnees-personnelles", "accessibilite", "plan"] {
        assert!(about.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}

#[test]
fn an_alert_says_what_to_do_before_what_happened_and_a_bulletin_after() {
    let told = |news, change: &str| {
        let mut alert = small();
        alert.cadence = Cadence::Alert;
        alert.shelves.truncate(1);
        alert.shelves[0].items.truncate(1);
        let change = change.to_owned();
        alert.shelves[0].items[0].alert = Some(AlertNews { news, change, ending: Ending::Closed });
        mail(&alert)
    };
    let places = |mail: &Mail| {
        let told = mail.text.rsplit("Alerte - ").next().unwrap();
        let summary = small().shelves[0].items[0].summary.clone();
        let what = summary.split(' ').next().unwrap();
        (told.find("Appliquer le correctif").unwrap(), told.find(&format!(">> {what}")).unwrap())
    };
    let alert = told(News::Alert, "");
    let (todo, what) = places(&alert);
    assert!(todo < what, "{}", alert.text);
    let bulletin = mail(&small());
    let (todo, what) = places(&bulletin);
    assert!(what < todo, "{}", bulletin.text);
    assert_eq!(alert.subject, "Alerte\u{a0}: Vulnérabilité dans un pare-feu");
    let update = told(News::Update, "gravité : important → urgent");
    assert_eq!(update.subject, "Mise à jour\u{a0}: Vulnérabilité dans un pare-feu");
    assert!(update.text.contains("Ce qui change\u{a0}: gravité\u{a0}: important → urgent."), "{}", update.text);
    let end = told(News::End, "");
    assert!(end.subject.starts_with("Fin d’alerte\u{a0}: ") && !end.text.contains("[Urgent]"), "{}", end.text);
}

#[test]
fn an_alert_that_was_withdrawn_says_so_and_repeats_nothing_of_it() {
    let mut edition = small();
    edition.cadence = Cadence::Alert;
    edition.shelves.truncate(1);
    let items = &mut edition.shelves[0].items;
    let last = items[0].clone();
    items.truncate(1);
    items[0] = withdrawn(last.story, &last);
    let alone = mail(&edition);
    assert_eq!(alone.subject, "Alerte retirée\u{a0}: Vulnérabilité dans un pare-feu");
    assert!(alone.text.contains("Alerte retirée - Vulnérabilité dans un pare-feu"), "{}", alone.text);
    assert!(alone.text.contains("La rédaction a retiré cette alerte après coup\u{a0}: n’en tenez plus compte."));
    for words in ["Appliquer le correctif", "[Urgent]", ">>", "CVE-"] {
        assert!(!alone.text.contains(words) && !alone.html.contains(words), "{words}: {}", alone.text);
    }
    edition.shelves[0].items.push(Item { alert: None, story: StoryId::new(99), ..last });
    let both = mail(&edition).subject.replace('\u{a0}', " ");
    assert!(both.starts_with("1 alerte, 1 alerte retirée : "), "{both}");
}
