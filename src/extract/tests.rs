mod archive;
mod feed_rs;
mod links;
mod mapped;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::model::{Expression, Field, Issuer, Mapping, Precision, SectionId, SourceId};

fn source(kind: Kind) -> Source {
    let url = Url::parse("https://www.exemple.fr/flux").unwrap();
    let zone = TimeZone::get("Europe/Paris").unwrap();
    Source {
        kind,
        zone,
        ..Source::feed(SourceId::parse("essai").unwrap(), "Essai", url, SectionId::parse("tic").unwrap())
    }
}

fn page(body: &[u8]) -> Page {
    let url = Url::parse("https://www.exemple.fr/actus/flux").unwrap();
    Page { url, content_type: None, body: body.to_vec(), reserved: false }
}

fn feed(body: &str) -> Extracted {
    extract(&page(body.as_bytes()), &source(Kind::Feed), instant())
}

fn listing(body: &str, selectors: Mapping) -> Extracted {
    extract(&page(body.as_bytes()), &source(Kind::Html(selectors)), instant())
}

fn instant() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

fn kinds(extracted: &Extracted) -> Vec<ProblemKind> {
    extracted.problems.iter().map(|problem| problem.kind).collect()
}

fn titles(extracted: &Extracted) -> Vec<&str> {
    extracted.drafts.iter().map(|draft| draft.title.as_str()).collect()
}

fn address(draft: &Draft) -> &str {
    draft.url.as_ref().map_or("", Url::as_str)
}

const ADVISORIES: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0"><channel><title>CERT-FR</title>
<ttl>30</ttl><image><title>Logo</title><link>https://logo.fr/</link></image>
<item><title>Vulnérabilité dans OpenSSL (14 août 2026)</title>
<link>https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-1026/</link>
<description>Une vulnérabilité a été découverte. Elle permet...</description>
<guid isPermaLink="true">https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-1026/</guid>
<pubDate>Fri, 14 Aug 2026 00:00:00 +0000</pubDate></item>
<item><title>[MàJ] Faille dans SPIP</title><link>../spip?a=1&amp;b=2</link>
<description>&lt;p&gt;Résumé&lt;/p&gt;&lt;p&gt;en deux paragraphes [&amp;#8230;]&lt;/p&gt;</description>
<content:encoded><![CDATA[<p onclick="x()">Texte <a href="/y">lien</a><img src="https://t.fr/p.gif" width="1"></p><script>mal()</script>]]></content:encoded>
<category>Sécurité</category><category>sécurité</category><guid isPermaLink="false">spip-7</guid>
<pubDate>ven., 14 août 2026 10:30:00 CEST</pubDate></item>
</channel></rss>"#;

const ATOM: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://www.exemple.fr/fr/">
<title type="html">Actualit&amp;eacute;s</title><id>urn:flux</id><updated>2026-05-11T12:27:32+02:00</updated>
<entry><id>urn:1</id><title><![CDATA[Deuxième &amp; article]]></title><link rel="self" href="soi"/><link href="un"/>
<author><name>Nom</name></author><source><title>Autre</title><id>urn:autre</id></source>
<updated>2026-05-07T08:12:00+02:00</updated><published>2026-05-06 09:44:45</published><category term="a" label="Libellé"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Un <b>mot</b> &amp; deux</p></div></content></entry>
<entry xml:lang="en-GB"><id>https://www.exemple.fr/deux</id><title type="text">a &lt; b</title><summary>Texte</summary></entry>
</feed>"#;

const JSON: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"Flux","items":[
{"id":7,"url":"https://a.fr/7","title":"Sept","content_html":"<p>Corps</p>","date_published":"2026-05-06T09:44:45+02:00","tags":["x"]},
{"id":"8","external_url":"https://b.fr/8","content_text":"Un texte sans titre"}]}"#;

const LIST: &str = r#"<!DOCTYPE html><html><head><title>Communiqués</title><base href="/doc/"></head><body><ul>
<li class=i><h3><a href="un.pdf">Premier&nbsp;communiqué</a></h3><time datetime="2026-08-14">14/08</time><p>Résumé […]</p></li>
<li class=i><h3><a href="javascript:x">Deuxième</a></h3><time>1er septembre 2026 à 14 h 30</time></li>
<li class=i></li></ul></body></html>"#;

fn selectors() -> Mapping {
    Mapping::of("li.i", &[(Field::Title, "h3"), (Field::Date, "time"), (Field::Summary, "p")])
}

#[test]
fn rss_becomes_drafts() {
    let read = feed(ADVISORIES);
    assert_eq!(read.problems, []);
    assert_eq!((read.title.as_deref(), read.ttl), (Some("CERT-FR"), Some(Duration::from_secs(1800))));
    let [openssl, spip] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!(openssl.title, "Vulnérabilité dans OpenSSL");
    assert_eq!(openssl.summary, "Une vulnérabilité a été découverte. Elle permet…");
    assert_eq!(openssl.guid.as_deref(), Some("https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-1026/"));
    let reference = openssl.reference.as_ref().unwrap();
    assert_eq!((reference.issuer, reference.number.as_str()), (Issuer::CertFr, "CERTFR-2026-AVI-1026"));
    let published = openssl.published.unwrap();
    assert_eq!((published.precision, published.at.to_string().as_str()), (Precision::Day, "2026-08-13T22:00:00Z"));

    assert_eq!((spip.title.as_str(), address(spip)), ("Faille dans SPIP", "https://www.exemple.fr/spip?a=1&b=2"));
    assert_eq!((spip.summary.as_str(), spip.text.as_str()), ("Résumé\nen deux paragraphes…", "Texte lien"));
    assert_eq!(spip.content, "<p>Texte <a href=\"https://www.exemple.fr/y\" rel=\"noopener noreferrer\">lien</a></p>");
    assert_eq!((spip.guid.as_deref(), spip.categories.as_slice()), (Some("spip-7"), &["Sécurité".to_owned()][..]));
    assert_eq!(spip.published.unwrap().at.to_string(), "2026-08-14T08:30:00Z");
}

#[test]
fn atom_becomes_drafts() {
    let read = feed(ATOM);
    assert_eq!(read.problems, []);
    assert_eq!(read.title.as_deref(), Some("Actualités"));
    let [first, second] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!((first.title.as_str(), first.guid.as_deref()), ("Deuxième & article", Some("urn:1")));
    assert_eq!((address(first), first.text.as_str()), ("https://www.exemple.fr/fr/un", "Un mot & deux"));
    assert!(first.content.contains("<p>Un <b>mot</b> &amp; deux</p>"), "{}", first.content);
    assert_eq!(first.published.unwrap().at.to_string(), "2026-05-06T07:44:45Z");
    assert_eq!(first.updated.unwrap().at.to_string(), "2026-05-07T06:12:00Z");
    assert_eq!(first.categories, ["Libellé"]);
    assert_eq!((second.title.as_str(), address(second)), ("a < b", "https://www.exemple.fr/deux"));
    assert_eq!((second.language.as_deref(), second.text.as_str()), (Some("en-GB"), "Texte"));
}

#[test]
fn older_and_looser_formats_are_read() {
    for (body, title, link, guid, published) in [
        (
            r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/">
            <channel><title>C</title><items><rdf:Seq><rdf:li resource="x"/></rdf:Seq></items></channel>
            <item rdf:about="urn:a"><title>T</title><link>https://a.fr/1</link><d:date>2026-05-06T10:00:00Z</d:date></item></rdf:RDF>"#,
            "T",
            "https://a.fr/1",
            Some("urn:a"),
            Some("2026-05-06T10:00:00Z"),
        ),
        (
            r#"<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>x</id><title mode="escaped" type="text/html">T&lt;br&gt;</title>
            <link rel="alternate" type="text/html" href="https://a.fr/2"/><issued>2026-05-06T10:00:00Z</issued></entry></feed>"#,
            "T",
            "https://a.fr/2",
            Some("x"),
            Some("2026-05-06T10:00:00Z"),
        ),
        (
            "<rss><channel><item><title>T</title><link>https://a.fr/3</link></item></channel></rss>",
            "T",
            "https://a.fr/3",
            None,
            None,
        ),
        (
            "<rss version='2.01'><channel><item><dc:title>T &eacute; & co</dc:title><guid>https://a.fr/4</guid></item></channel></rss>",
            "T é & co",
            "https://a.fr/4",
            Some("https://a.fr/4"),
            None,
        ),
        (
            "<br /><b>Warning</b>: x in y<br />\n<?xml version='1.0'?><rss version='2.0'><channel><item><title>T</title><media:title>M</media:title><link>/5</link></item></channel></rss>",
            "T",
            "https://www.exemple.fr/5",
            None,
            None,
        ),
    ] {
        let read = feed(body);
        let draft = read.drafts.first().unwrap_or_else(|| panic!("{body}: {read:?}"));
        assert_eq!((draft.title.as_str(), address(draft), draft.guid.as_deref()), (title, link, guid), "{body}");
        assert_eq!(draft.published.map(|date| date.at.to_string()).as_deref(), published, "{body}");
    }
}

#[test]
fn json_feeds_become_drafts() {
    let read = feed(JSON);
    assert_eq!(read.problems, []);
    let [seven, eight] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!((seven.guid.as_deref(), address(seven), seven.text.as_str()), (Some("7"), "https://a.fr/7", "Corps"));
    assert_eq!((eight.title.as_str(), address(eight)), ("Un texte sans titre", "https://b.fr/8"));
    let cut = feed(&JSON[..JSON.len() - 30]);
    assert_eq!((titles(&cut), kinds(&cut)), (vec!["Sept"], vec![ProblemKind::Mended]));
}

#[test]
fn a_feed_that_breaks_keeps_what_was_whole() {
    let cut = feed(&ADVISORIES[..ADVISORIES.rfind("<category>").unwrap()]);
    assert_eq!((titles(&cut), kinds(&cut)), (vec!["Vulnérabilité dans OpenSSL"], vec![ProblemKind::Mended]));
    let at_the_seam = feed(&ADVISORIES[..ADVISORIES.rfind("<item>").unwrap()]);
    assert_eq!((at_the_seam.drafts.len(), kinds(&at_the_seam)), (1, vec![ProblemKind::Mended]));
    // A tag that never closes costs its entry, and no other.
    let middle = "<rss><channel><item><title>A</title></item><item><title x='>B</title></item><item><title>C</title></item></channel></rss>";
    assert_eq!(titles(&feed(middle)), ["A", "C"]);
    let unclosed = "<rss><channel><item><title>A<item><title>B</title></item></channel></rss>";
    assert_eq!(titles(&feed(unclosed)), ["A", "B"]);
}

#[test]
fn what_is_no_feed_is_named() {
    for (body, kind, words) in [
        (
            "<html><head><title>Vérification de votre navigateur…</title></head><p>Veuillez activer JavaScript",
            ProblemKind::NotAFeed,
            "anti-robot",
        ),
        (
            "<!doctype html><html><head><title>Accueil</title><link rel='alternate' type='application/rss+xml' href='/rss.xml'>",
            ProblemKind::NotAFeed,
            "`Accueil`\nhint: the page names a feed: set `url = \"https://www.exemple.fr/rss.xml\"`",
        ),
        ("%PDF-1.4 …", ProblemKind::NotAFeed, "a PDF file"),
        ("<urlset><url/></urlset>", ProblemKind::NotAFeed, "a sitemap"),
        ("{\"erreur\": 1}", ProblemKind::NotAFeed, "JSON without a list"),
        ("{\"erreur", ProblemKind::Unreadable, "JSON"),
        (" \n", ProblemKind::Unreadable, "empty"),
        ("<rss version='2.0'><channel><item><title>x", ProblemKind::Unreadable, "ends inside the entry"),
        ("<rss version='2.0'><channel><title>x</title></channel></rss>", ProblemKind::Empty, "no entry"),
    ] {
        let read = feed(body);
        assert!(read.drafts.is_empty());
        let [problem] = read.problems.as_slice() else { panic!("{body}: {read:?}") };
        assert_eq!(problem.kind, kind, "{body}");
        assert!(problem.message.contains(words), "{problem}");
    }
}

#[test]
fn bad_fields_cost_only_themselves() {
    let read = feed(
        "<rss><channel><item><title>A</title><link>javascript:alert(1)</link><pubDate>2999-01-01</pubDate></item>
        <item><description>ni titre ni adresse</description></item>
        <item><title>B</title><link>file:///etc/passwd</link><guid>https://a.fr/b</guid></item></channel></rss>",
    );
    assert_eq!(titles(&read), ["A", "B"]);
    assert_eq!(read.drafts.iter().map(address).collect::<Vec<_>>(), ["", "https://a.fr/b"]);
    assert_eq!(kinds(&read), [ProblemKind::Address, ProblemKind::Date, ProblemKind::Entry, ProblemKind::Address]);
}

#[test]
fn a_guid_shared_by_several_documents_identifies_none() {
    let item = |guid: &str, link: &str| {
        format!("<item><title>T</title><guid isPermaLink='false'>{guid}</guid><link>{link}</link></item>")
    };
    let body = [
        "<rss><channel>".into(),
        item("g", "/1"),
        item("g", "/2"),
        item("h", "/3"),
        item("h", "/3#x"),
        "</channel></rss>".into(),
    ];
    let read = feed(&body.concat());
    let guids: Vec<_> = read.drafts.iter().map(|draft| draft.guid.as_deref()).collect();
    assert_eq!(guids, [None, None, Some("h"), Some("h")]);
    assert_eq!(kinds(&read), [ProblemKind::Mended]);
}

#[test]
fn limits_hold() {
    let item = "<item><title>T</title><link>/x</link></item>";
    let read = feed(&format!("<rss><channel>{}</channel></rss>", item.repeat(MOST_ENTRIES + 5)));
    assert_eq!((read.drafts.len(), kinds(&read)), (MOST_ENTRIES, vec![ProblemKind::Limit]));
    let long = "mot ".repeat(LONGEST_TEXT / 2);
    let read = feed(&format!(
        "<rss><channel><item><title>{long}</title><description>{long}</description></item></channel></rss>"
    ));
    assert!(read.drafts[0].title.chars().count() <= LONGEST_TITLE && read.drafts[0].text.len() <= LONGEST_TEXT);
    assert_eq!(kinds(&read), [ProblemKind::Limit]);
}

#[test]
fn hostile_nesting_takes_no_longer() {
    for piece in ["<div>", "<b></p>", "<section><b>", "<div><b></div>"] {
        let nested = piece.repeat(60_000 / piece.len());
        let read =
            feed(&format!("<rss><item><title>T</title><description><![CDATA[{nested}x]]></description></item></rss>"));
        assert_eq!(read.drafts[0].text, "x");
        listing(&format!("{nested}<li class=i><h3><a href=/x>y"), selectors());
    }
}

#[test]
fn listings_become_drafts() {
    let read = listing(LIST, selectors());
    assert_eq!(read.title.as_deref(), Some("Communiqués"));
    let [first, second] = read.drafts.as_slice() else { panic!("{read:?}") };
    assert_eq!((first.title.as_str(), address(first)), ("Premier communiqué", "https://www.exemple.fr/doc/un.pdf"));
    assert_eq!((first.summary.as_str(), first.guid.as_ref()), ("Résumé…", None));
    assert_eq!(first.published.unwrap().precision, Precision::Day);
    assert_eq!(
        (second.title.as_str(), second.published.unwrap().at.to_string().as_str()),
        ("Deuxième", "2026-09-01T12:30:00Z")
    );
    assert_eq!(kinds(&read), [ProblemKind::Address, ProblemKind::Entry]);
}

#[test]
fn selectors_that_fail_are_named() {
    let wrong = |change: fn(&mut Mapping)| {
        let mut selectors = selectors();
        change(&mut selectors);
        let read = listing(LIST, selectors);
        let problem = read.problems.into_iter().find(|problem| problem.kind == ProblemKind::Mapping).unwrap();
        (problem.place, read.drafts.len())
    };
    assert_eq!(wrong(|s| s.item = Some("li[".into())), ("item".to_owned(), 0));
    assert_eq!(wrong(|s| s.item = Some("article".into())), ("item".to_owned(), 0));
    assert_eq!(wrong(|s| drop(s.fields.insert(Field::Summary, Expression::place("p:(")))), ("summary".to_owned(), 2));
    assert_eq!(wrong(|s| drop(s.fields.insert(Field::Date, Expression::place(".date")))), ("date".to_owned(), 2));
    let wall = listing("<title>Un instant…</title><p>Veuillez activer JavaScript", selectors());
    assert_eq!(kinds(&wall), [ProblemKind::NotAFeed]);
}

#[test]
fn every_encoding_is_read() {
    let latin = encoding_rs::WINDOWS_1252.encode("<?xml version='1.0' encoding='iso-8859-1'?><rss><channel><item><title>L’été</title></item></channel></rss>").0;
    assert_eq!(titles(&extract(&page(&latin), &source(Kind::Feed), instant())), ["L’été"]);
    let utf_16: Vec<u8> = ATOM.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(extract(&page(&utf_16), &source(Kind::Feed), instant()).drafts, feed(ATOM).drafts);
}

/// Cuts, doubles and overwrites pieces of a fixture.
fn mutate(text: &str, edits: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, length, put) in edits {
        let start = at % (bytes.len() + 1);
        let end = (start + length % 40).min(bytes.len());
        bytes.splice(start..end, put.iter().copied());
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    let pieces = [
        "<",
        ">",
        "&",
        "]]>",
        "<![CDATA[",
        "<!--",
        "<item>",
        "</item>",
        "<entry",
        "\"",
        "'",
        "\0",
        "é",
        "\u{feff}",
        "{",
        "\\u00",
        "<!DOCTYPE [",
    ];
    let put = prop_oneof![
        proptest::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec((any::<usize>(), any::<usize>(), put), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_mutation_makes_a_parser_fail(edits in edits()) {
        for fixture in [ADVISORIES, ATOM, JSON, LIST] {
            let page = page(&mutate(fixture, &edits));
            for kind in [Kind::Feed, Kind::Html(selectors())] {
                let read = extract(&page, &source(kind), instant());
                // The last line of defence against panics was not needed.
                prop_assert!(!read.problems.iter().any(|problem| problem.message.contains("makes a parser fail")));
                // Whatever the menders let through, feed-rs takes.
                prop_assert!(!read.problems.iter().any(|problem| problem.message.contains("cannot be read as a feed")));
                for draft in &read.drafts {
                    prop_assert!(!draft.title.is_empty() && !draft.title.contains('\n'));
                    let mut tags = draft.content.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest));
                    prop_assert!(tags.all(|tag| !tag.starts_with("script") && !tag.contains("onclick")), "{}", draft.content);
                }
            }
            prop_assert_eq!(extract(&page, &source(Kind::Feed), instant()), extract(&page, &source(Kind::Feed), instant()));
        }
    }

    #[test]
    fn any_selector_is_accepted(item in "[a-z.#>:\\[\\]()*+~ \"=,]{0,20}", title in "\\PC{0,10}") {
        listing(LIST, Mapping::of(&item, &[(Field::Title, &title)]));
    }
}
