//! What is mapped: one vocabulary in four languages.

use super::*;
use crate::model::{Details, Dialect, Markup, Nature};

fn mapping(item: Option<&str>, fields: &[(Field, &str)]) -> Mapping {
    let fields = fields.iter().map(|(field, written)| (*field, Expression::parse(written).unwrap()));
    Mapping { item: item.map(str::to_owned), fields: fields.collect(), ..Mapping::default() }
}

fn read(kind: Kind, body: &str) -> Extracted {
    extract(&page(body.as_bytes()), &source(kind), instant())
}

fn problem(extracted: &Extracted, place: &str) -> String {
    let found = extracted.problems.iter().find(|problem| problem.place == place);
    found.unwrap_or_else(|| panic!("{extracted:?}")).message.clone()
}

fn day(date: Option<crate::model::PublicationDate>) -> String {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    date.map(|date| date.date(&paris).to_string()).unwrap_or_default()
}

const ADVISORY: &str = r###"{"reference": "CERTFR-2026-AVI-0777", "title": "Vulnérabilité dans R&D < 3 (14 août 2026)",
  "summary": "Une *faille*.\n\nElle est exploitée.", "content": "## Solution\n\n- un\n- <script>x</script>deux",
  "affected_systems": [{"description": "A 1.0"}, {"description": "B 2.0"}],
  "cves": [{"name": "CVE-2026-1"}, {"name": "CVE-2026-2"}], "risks": null,
  "revisions": [{"revision_date": "2026-09-01T00:00:00.000000"}, {"revision_date": "2026-08-14T00:00:00.000000"}]}"###;

#[test]
fn a_json_document_becomes_a_draft() {
    let fields = mapping(
        None,
        &[
            (Field::Title, "/title"),
            (Field::Link, "https://www.cert.ssi.gouv.fr/avis/{/reference}/"),
            (Field::Reference, "/reference"),
            (Field::Date, "/revisions/*/revision_date"),
            (Field::Updated, "/revisions/revision_date"),
            (Field::Summary, "/summary"),
            (Field::Content, "{/content}\n\n## Systèmes\n\n{/affected_systems/*/description}"),
            (Field::Category, "/cves/*/name"),
        ],
    );
    let read = read(Kind::Json(Mapping { markup: Markup::Markdown, ..fields }), ADVISORY);
    assert_eq!(read.problems, []);
    let [draft] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!(draft.title, "Vulnérabilité dans R&D < 3");
    assert_eq!(address(draft), "https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-0777/");
    assert_eq!(draft.reference.as_ref().unwrap().issuer, Issuer::CertFr);
    // Published with the first revision, changed with the last, in whatever order they are written.
    assert_eq!((day(draft.published), day(draft.updated)), ("2026-08-14".into(), "2026-09-01".into()));
    assert_eq!(draft.summary, "Une faille.\nElle est exploitée.");
    assert_eq!(draft.text, "Solution\nun\ndeux\nSystèmes\nA 1.0\nB 2.0");
    assert!(draft.content.contains("<li>un</li>") && !draft.content.contains("script"), "{}", draft.content);
    assert_eq!(draft.categories, ["CVE-2026-1", "CVE-2026-2"]);
}

#[test]
fn json_lists_are_found_wherever_they_are() {
    let fields = [(Field::Title, "/t"), (Field::Guid, "/n")];
    for (item, body, expected) in [
        (None, r#"[{"t":"a","n":1},{"t":"b","n":2}]"#, vec!["a", "b"]),
        (None, r#"{"t":"a","n":1}"#, vec!["a"]),
        (Some("/l"), r#"{"l":[{"t":"a","n":1}]}"#, vec!["a"]),
        (Some("/l"), r#"{"l":{"t":"a","n":1}}"#, vec!["a"]),
        (Some("/l/*"), r#"{"l":{"x":{"t":"a","n":1},"y":{"t":"b","n":"2"}}}"#, vec!["a", "b"]),
        (Some("/a~1b/0"), r#"{"a/b":[{"t":"a","n":1},{"t":"b","n":2}]}"#, vec!["a"]),
        (Some("/g/l"), r#"{"g":[{"l":{"t":"a","n":1}},{"l":[{"t":"b","n":2}]}]}"#, vec!["a", "b"]),
    ] {
        let read = read(Kind::Json(mapping(item, &fields)), body);
        assert_eq!((titles(&read), read.problems.len()), (expected, 0), "{body}");
        assert_eq!(read.drafts[0].guid.as_deref(), Some("1"));
    }
}

#[test]
fn one_thing_and_several_are_read_alike() {
    // JSON made of XML: an object for one, a list for several, another object for none.
    let fields = mapping(None, &[(Field::Title, "/q/t"), (Field::Content, "/r/texte"), (Field::Date, "/r/*/info/d")]);
    let fields = Mapping { require: vec![Expression::place("/r/texte")], ..fields };
    let answer = r#"{"texte":"Oui.","info":{"d":1606953600000}}"#;
    for (r, expected) in [
        (answer.to_owned(), "Oui."),
        (format!("[{answer},{answer}]"), "Oui.\nOui."),
        (r##"{"texte":{"#text":"Oui.","@nil":"false"},"info":{"d":1606953600000}}"##.to_owned(), "Oui."),
    ] {
        let read = read(Kind::Json(fields.clone()), &format!(r#"{{"q":{{"t":"T"}},"r":{r}}}"#));
        assert_eq!(read.drafts[0].text, expected, "{r}");
        assert_eq!(day(read.drafts[0].published), "2020-12-03");
    }
    for none in ["null", r#"{"texte":{"@nil":"true"}}"#, r#"{"texte":" "}"#] {
        let read = read(Kind::Json(fields.clone()), &format!(r#"{{"q":{{"t":"T"}},"r":{none}}}"#));
        assert_eq!((read.drafts.len(), kinds(&read).last()), (0, Some(&ProblemKind::Empty)), "{none}");
    }
}

const TEXT: &str = r#"<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE TEXTE [<!ENTITY x "y">]>
<TEXTE><ID>JORFTEXT000054708438</ID><META nature="ARRETE"/><NOR>ARMM2621619A</NOR><DATE>2026-08-19</DATE><FIN>2999-01-01</FIN>
<TITRE>Arrêté du 11 août 2026 &amp; annexe</TITRE><MINISTERE>Armées</MINISTERE><MINISTERE>Intérieur</MINISTERE>
<STRUCT><ARTICLE><NUM>1</NUM><CONTENU><p>Un<br>deux &#233;</p></CONTENU></ARTICLE>
<ARTICLE><NUM>2</NUM><CONTENU>&lt;p&gt;trois&lt;/p&gt;</CONTENU></ARTICLE></STRUCT></TEXTE>"#;

#[test]
fn an_xml_document_becomes_a_draft() {
    let fields = mapping(
        None,
        &[
            (Field::Title, "/TEXTE/TITRE"),
            (Field::Link, "https://www.legifrance.gouv.fr/jorf/id/{/TEXTE/ID}"),
            (Field::Reference, "/TEXTE/ID"),
            (Field::Date, "/TEXTE/DATE"),
            (Field::Content, "//CONTENU"),
            (Field::Category, "/TEXTE/META/@nature"),
            (Field::Summary, "/TEXTE/MINISTERE"),
        ],
    );
    let natures = BTreeMap::from([("ARRETE".to_owned(), Nature::Jorf)]);
    let read = read(Kind::Xml(Mapping { natures, ..fields }), TEXT);
    assert_eq!(read.problems, []);
    let [draft] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!(
        (draft.title.as_str(), day(draft.published).as_str()),
        ("Arrêté du 11 août 2026 & annexe", "2026-08-19")
    );
    assert_eq!(draft.reference.as_ref().unwrap().issuer, Issuer::JorfText);
    assert_eq!((draft.text.as_str(), draft.summary.as_str()), ("Un\ndeux é\ntrois", "Armées\nIntérieur"));
    assert_eq!((draft.nature, draft.categories.as_slice()), (Some(Nature::Jorf), &["ARRETE".to_owned()][..]));
}

#[test]
fn xml_lists_are_read_to_where_they_break() {
    let fields = mapping(Some("/JO//LIEN"), &[(Field::Title, "/LIEN/@t"), (Field::Guid, "/@id")]);
    let body = "<JO><TM><LIEN id='1' t='Un &amp; deux'/><TM><LIEN id='2' t='Trois'></LIEN></TM></TM>";
    let whole = read(Kind::Xml(fields.clone()), &format!("{body}</JO>"));
    assert_eq!((titles(&whole), whole.problems.len()), (vec!["Un & deux", "Trois"], 0));
    let cut = read(Kind::Xml(fields.clone()), &format!("{body}<LIEN id='3' t='Quatre'>"));
    assert_eq!((titles(&cut), kinds(&cut)), (vec!["Un & deux", "Trois"], vec![ProblemKind::Mended]));
    // A document that is cut off is not the document.
    let document = read(Kind::Xml(mapping(None, &[(Field::Title, "/a/b")])), "<a><b>Titre</b><c>");
    assert_eq!((document.drafts.len(), kinds(&document)), (0, vec![ProblemKind::Unreadable]));
}

const QUESTIONS: &str = "% requête du 23 octobre ;\r\n%\r\nNumero;Titre;Réponse;Thème(s); URL Question \r\n\
    01;\"Élections ; scrutin\";23/10/2026;Élections;https://www.senat.fr/q/01.html\r\n\
    02;Sans réponse;;Eau;https://www.senat.fr/q/02.html\r\n03;Eau \"potable\";24/10/2026;Eau;/q/03.html\r\n";

fn dialect() -> Dialect {
    Dialect { delimiter: b';', comment: Some(b'%'), charset: Some("iso-8859-1".into()) }
}

fn questions() -> Mapping {
    Mapping {
        require: vec![Expression::place("Réponse")],
        ..mapping(
            None,
            &[
                (Field::Title, "Question n° {NUMERO} : {titre}"),
                (Field::Link, "URL question"),
                (Field::Guid, "Numero"),
                (Field::Date, "Réponse"),
                (Field::Category, "Thème(s)"),
            ],
        )
    }
}

#[test]
fn a_table_becomes_drafts() {
    let latin = encoding_rs::WINDOWS_1252.encode(QUESTIONS).0;
    for body in [QUESTIONS.as_bytes(), &latin] {
        let read = extract(&page(body), &source(Kind::Csv(questions(), dialect())), instant());
        assert_eq!(read.problems, []);
        assert_eq!(titles(&read), ["Question n° 01 : Élections ; scrutin", "Question n° 03 : Eau \"potable\""]);
        assert_eq!(
            read.drafts.iter().map(address).collect::<Vec<_>>(),
            ["https://www.senat.fr/q/01.html", "https://www.exemple.fr/q/03.html"]
        );
        assert_eq!(
            (read.drafts[0].guid.as_deref(), day(read.drafts[0].published).as_str()),
            (Some("01"), "2026-10-23")
        );
    }
    let unclosed = QUESTIONS.replace("scrutin\"", "scrutin");
    let read = read(Kind::Csv(questions(), dialect()), &unclosed);
    assert!(kinds(&read).contains(&ProblemKind::Mended), "{read:?}");
}

#[test]
fn every_field_can_stand_on_a_page() {
    let body = r#"<ul><li class=i id=n7><h3>Titre</h3><img alt="Logo"><a href="/x" class=k>Texte</a><time datetime="2026-08-14">hier</time>
        <span class=u>15/08/2026</span><i>Eau</i><i>Air</i><p>un <b>mot</b></p><div><p>deux</p></div></li></ul>"#;
    let fields = mapping(
        Some("li.i"),
        &[
            (Field::Title, "h3"),
            (Field::Guid, "@id"),
            (Field::Link, "a.k"),
            (Field::Date, "time"),
            (Field::Updated, ".u"),
            (Field::Category, "i"),
            (Field::Summary, "p"),
            (Field::Content, "p, div"),
        ],
    );
    let read = read(Kind::Html(fields), body);
    assert_eq!(read.problems, []);
    let draft = &read.drafts[0];
    assert_eq!((draft.guid.as_deref(), address(draft)), (Some("n7"), "https://www.exemple.fr/x"));
    assert_eq!((day(draft.published), day(draft.updated)), ("2026-08-14".into(), "2026-08-15".into()));
    assert_eq!(draft.categories, ["Eau", "Air"]);
    assert_eq!((draft.summary.as_str(), draft.text.as_str()), ("un mot", "un mot\ndeux"));
    let alt = mapping(Some("li.i"), &[(Field::Title, "img@alt"), (Field::Link, "a[href*='x']@href")]);
    assert_eq!(titles(&super::listing(body, alt)), ["Logo"]);
}

#[test]
fn what_is_missing_is_named_with_what_is_there() {
    let json = |item, field| {
        read(
            Kind::Json(mapping(item, &[(Field::Title, "/title"), field])),
            r#"{"l":[{"title":"T","cves":[{"name":"x"}],"published":"2026-01-01"}]}"#,
        )
    };
    let xml = |item, field| {
        read(Kind::Xml(mapping(item, &[(Field::Title, "/b/c"), field])), "<a><b><c>T</c><NOR>x</NOR></b></a>")
    };
    let csv = |field| {
        read(
            Kind::Csv(mapping(None, &[(Field::Title, "Titre"), field]), Dialect::default()),
            "Titre,Date de réponse JO\nT,1/1/2026\n",
        )
    };
    for (read, place, drafts, words) in [
        (
            json(Some("/l"), (Field::Date, "/publishd")),
            "date",
            1,
            "the item has the fields `cves`, `published`, `title`\nhint: write `/published`",
        ),
        (json(Some("/l"), (Field::Category, "/cves/*/nom")), "category", 1, "`/cves/*` has the fields `name`"),
        (json(Some("/list"), (Field::Guid, "/x")), "item", 0, "nothing at `/list`; the item has the fields `l`"),
        (
            xml(Some("//b"), (Field::Guid, "/b/NORX")),
            "guid",
            1,
            "nothing at `/b/NORX`; `b` holds the elements `NOR`, `c`\nhint: write `NOR`",
        ),
        (xml(Some("//x"), (Field::Guid, "/x")), "item", 0, "`a` holds the elements `NOR`, `b`, `c`"),
        (xml(Some("//b"), (Field::Guid, "/NOR")), "guid", 1, "paths begin with the name of the item itself, here `/b`"),
        (
            csv((Field::Date, "Date reponse JO")),
            "date",
            1,
            "the columns are `Titre`, `Date de réponse JO`\nhint: write `Date de réponse JO`",
        ),
    ] {
        assert!(problem(&read, place).contains(words), "{read:?}");
        assert_eq!(read.drafts.len(), drafts, "{read:?}");
        assert!(kinds(&read).contains(&ProblemKind::Mapping));
    }
    let html = super::listing(LIST, mapping(Some("article"), &[(Field::Title, "h3")]));
    assert!(problem(&html, "item").contains("3 `li.i`, 2 `a`, 2 `h3`"), "{html:?}");
    let html = super::listing(LIST, mapping(Some("h3"), &[(Field::Title, "a"), (Field::Date, "time")]));
    assert!(problem(&html, "date").contains("`item` may be too narrow"), "{html:?}");
}

#[test]
fn what_is_no_such_page_is_named() {
    let wall = "<html><title>Un instant…</title><p>Veuillez activer JavaScript</html>";
    let fields = || mapping(None, &[(Field::Title, "/x")]);
    for kind in [
        Kind::Json(fields()),
        Kind::Xml(fields()),
        Kind::Csv(fields(), Dialect::default()),
        Kind::Links(vec![crate::model::Pattern::parse("pdf$").unwrap()]),
        Kind::Sitemap(None),
    ] {
        let name = kind.as_str();
        let read = read(kind, wall);
        assert_eq!(kinds(&read), [ProblemKind::NotAFeed], "{name}");
        assert!(read.problems[0].message.contains("anti-robot"), "{read:?}");
    }
    for (kind, body) in [(Kind::Json(fields()), "{\"a\": "), (Kind::Json(fields()), " "), (Kind::Xml(fields()), "")] {
        assert_eq!(kinds(&read(kind, body)), [ProblemKind::Unreadable]);
    }
}

#[test]
fn a_place_is_checked_before_anything_runs() {
    for (kind, right, wrong) in [
        ("json", "/a/*/b~1c/0", "a"),
        ("json", "/", "/a~2"),
        ("xml", "/TEXTE//n:NOM/@id", "TEXTE"),
        ("xml", "//@id", "/a/@b/c"),
        ("xml", "/*/b", "/a//"),
        ("html", "a[href*='x@y'] > b@title", "li["),
        ("csv", "Date de réponse JO", " "),
    ] {
        assert_eq!(check_place(kind, right), Ok(()), "{kind} {right}");
        assert!(check_place(kind, wrong).is_err(), "{kind} {wrong}");
    }
    assert!(check_place("feed", "x").is_err());
}

#[test]
fn what_is_too_old_is_left_out() {
    let list = r#"[{"t":"ancien","d":"2026-01-01"},{"t":"revu","d":"2020-01-01","u":"2026-11-01"},{"t":"sans date"},{"t":"demain","d":"2026-12-25"}]"#;
    let fields = mapping(None, &[(Field::Title, "/t"), (Field::Date, "/d"), (Field::Updated, "/u")]);
    let recent = Source { max_age: Some(Duration::from_hours(60 * 24)), ..source(Kind::Json(fields)) };
    let read = extract(&page(list.as_bytes()), &recent, instant());
    assert_eq!(titles(&read), ["revu", "sans date", "demain"]);
    assert_eq!((kinds(&read), read.drafts[2].published), (vec![ProblemKind::Date], None));
    let none = extract(&page(br#"[{"t":"ancien","d":"2020-01-01"}]"#), &recent, instant());
    assert_eq!(kinds(&none).last(), Some(&ProblemKind::Empty));
}

#[test]
fn of_too_many_entries_the_newest_are_kept() {
    let rows: String = (0..MOST_ENTRIES * 3).map(|n| format!("t{n},{}\n", 1_700_000_000 + n * 3_600)).collect();
    let fields = mapping(None, &[(Field::Title, "t"), (Field::Date, "d")]);
    let read = read(Kind::Csv(fields, Dialect::default()), &format!("t,d\n{rows}"));
    assert_eq!((read.drafts.len(), kinds(&read)), (MOST_ENTRIES, vec![ProblemKind::Limit]));
    assert_eq!(read.drafts[0].title, format!("t{}", MOST_ENTRIES * 2));
}

#[test]
fn the_address_of_the_details_is_made_of_what_is_known() {
    let url = |written: &str| Details::Mapped { url: Expression::parse(written).unwrap(), kind: Box::new(Kind::Feed) };
    let index = r#"[{"title":"T","json_url":"/avis/X/json/","reference":"CERTFR-2026-AVI-0777"},{"title":"sans"}]"#;
    let fields = mapping(None, &[(Field::Title, "/title"), (Field::Reference, "/reference")]);
    for (written, expected) in [
        ("/json_url", "https://www.exemple.fr/avis/X/json/"),
        ("https://a.fr{/json_url}?f=1", "https://a.fr/avis/X/json/?f=1"),
        ("https://a.fr/{reference}/json/", "https://a.fr/CERTFR-2026-AVI-0777/json/"),
    ] {
        let two_steps = Source { details: Some(url(written)), ..source(Kind::Json(fields.clone())) };
        let read = extract(&page(index.as_bytes()), &two_steps, instant());
        let details: Vec<_> = read.drafts.iter().map(|d| d.details.as_ref().map(Url::as_str)).collect();
        assert_eq!(details, [Some(expected), None], "{written}");
    }
    let with = |details| {
        extract(&page(ADVISORIES.as_bytes()), &Source { details: Some(details), ..source(Kind::Feed) }, instant())
    };
    let details =
        |read: &Extracted| read.drafts.iter().map(|d| d.details.as_ref().map(Url::to_string)).collect::<Vec<_>>();
    let certfr = "https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-1026/";
    assert_eq!(details(&with(url("{link}json/")))[0], Some(format!("{certfr}json/")));
    // The second entry brings its whole text; that of the first is only a summary.
    let brief = ADVISORIES.replace("Texte <a", "Un texte bien plus long que son résumé <a");
    let read =
        extract(&page(brief.as_bytes()), &Source { details: Some(Details::FullText), ..source(Kind::Feed) }, instant());
    assert_eq!(details(&read), [Some(certfr.to_owned()), None]);
}

#[test]
fn details_complete_what_the_list_said() {
    let kind = Kind::Json(Mapping {
        markup: Markup::Markdown,
        ..mapping(
            None,
            &[
                (Field::Title, "/title"),
                (Field::Content, "/content"),
                (Field::Reference, "/reference"),
                (Field::Guid, "/x"),
            ],
        )
    });
    let source = source(Kind::Feed);
    let base = extract(&page(ADVISORIES.as_bytes()), &source, instant()).drafts.remove(0);
    let full = details(&page(ADVISORY.as_bytes()), &source, &kind, &base, instant()).unwrap();
    assert_eq!(full.title, "Vulnérabilité dans R&D < 3");
    assert_eq!((&full.guid, &full.url, &full.reference), (&base.guid, &base.url, &base.reference));
    assert_eq!((full.text.as_str(), &full.summary), ("Solution\nun\ndeux", &base.summary));
    assert_eq!(full.published, base.published);
    let wall = details(&page(b"<html><p>Un instant"), &source, &kind, &base, instant());
    assert_eq!(wall.unwrap_err().kind, ProblemKind::NotAFeed);
}

#[test]
fn a_host_that_leaked_is_put_right() {
    let hosts = BTreeMap::from([("beta.exemple.fr".to_owned(), "exemple.fr".to_owned())]);
    let rss =
        "<rss><channel><item><title>T</title><link>http://beta.exemple.fr/a?utm_source=x</link></item></channel></rss>";
    let read = extract(&page(rss.as_bytes()), &Source { hosts, ..source(Kind::Feed) }, instant());
    assert_eq!(address(&read.drafts[0]), "http://exemple.fr/a");
}

#[test]
fn text_that_cannot_be_mended_is_told() {
    let rss = "<rss><channel><item><title>T</title><description>fa\u{fffd}ade et gar\u{fffd}on</description></item></channel></rss>";
    assert_eq!(kinds(&feed(rss)), [ProblemKind::Mojibake]);
    let list = r#"[{"t":"les difficultÃƒÂ©s rencontrÃƒÂ©es"},{"t":"les difficultÃ©s rencontrÃ©es"}]"#;
    let read = read(Kind::Json(mapping(None, &[(Field::Title, "/t")])), list);
    assert_eq!(
        (kinds(&read), read.drafts[1].title.as_str()),
        (vec![ProblemKind::Mojibake], "les difficultés rencontrées")
    );
}

#[test]
fn a_number_that_is_no_official_reference_is_told() {
    let fields = mapping(None, &[(Field::Title, "/t"), (Field::Reference, "/n")]);
    let read = read(Kind::Json(fields), r#"[{"t":"a","n":"Q123"},{"t":"b","n":"Q124"}]"#);
    assert!(problem(&read, "reference").contains("under `guid`"));
    assert!(read.drafts.iter().all(|draft| draft.reference.is_none()));
}

#[test]
fn an_empty_list_is_no_place_that_is_missing() {
    let fields =
        mapping(None, &[(Field::Title, "/t"), (Field::Category, "/cves/*/name"), (Field::Summary, "/r/texte")]);
    let none = read(Kind::Json(fields.clone()), r#"[{"t":"T","cves":[],"r":null}]"#);
    assert_eq!((none.drafts.len(), none.problems), (1, vec![]));
    let wrong = read(Kind::Json(fields), r#"[{"t":"T","cves":[{"nom":"x"}],"r":{"text":"x"}}]"#);
    assert_eq!(kinds(&wrong), [ProblemKind::Mapping; 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_mutation_makes_a_kind_fail(edits in edits()) {
        let xml = mapping(Some("//ARTICLE"), &[(Field::Title, "/ARTICLE/NUM"), (Field::Content, "//CONTENU"), (Field::Guid, "//@nature")]);
        let json = mapping(None, &[(Field::Title, "/title"), (Field::Content, "/affected_systems/*/*"), (Field::Date, "/revisions/*/*")]);
        let kinds = [
            (TEXT, Kind::Xml(xml)),
            (ADVISORY, Kind::Json(Mapping { markup: Markup::Markdown, ..json })),
            (QUESTIONS, Kind::Csv(questions(), dialect())),
            (super::links::LISTING, Kind::Links(super::links::patterns())),
            (super::links::SITEMAP, Kind::Sitemap(None)),
        ];
        for (fixture, kind) in kinds {
            let read = extract(&page(&mutate(fixture, &edits)), &source(kind), instant());
            prop_assert!(!read.problems.iter().any(|problem| problem.message.contains("makes a parser fail")));
            for draft in &read.drafts {
                prop_assert!(!draft.title.is_empty() && !draft.title.contains('\n'));
                prop_assert!(!draft.content.contains("<script"));
            }
        }
    }

    #[test]
    fn any_place_is_accepted(place in "[a-z/@*~.:é{}\\[\\]-]{0,16}|\\PC{0,10}") {
        for kind in ["html", "json", "xml", "csv"] {
            let _ = check_place(kind, &place);
        }
        let fields = || Mapping { item: Some(place.clone()), ..mapping(None, &[(Field::Title, "/a")]) };
        read(Kind::Json(fields()), ADVISORY);
        read(Kind::Xml(fields()), TEXT);
    }
}
