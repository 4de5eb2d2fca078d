//! What feed-rs alone would refuse, lose or make up.

use super::*;

fn rss(fields: &str) -> Extracted {
    feed(&format!("<rss version='2.0'><channel><item>{fields}</item></channel></rss>"))
}

fn atom(fields: &str) -> Extracted {
    feed(&format!("<feed xmlns='http://www.w3.org/2005/Atom'><entry>{fields}</entry></feed>"))
}

#[test]
fn one_fault_does_not_cost_the_feed() {
    for (read, text) in [
        (rss("<title>T</title><description>R&D & co &nbsp;&eacute;</description>"), "R&D & co é"),
        (rss("<title>T</title><description><p>un</p><br>deux</description>"), "un\ndeux"),
        (rss("<title>T</title><description>un <nom>deux</nom></description>"), "un deux"),
        (rss("<title>T</title><description>x</description><author>a<b></author>"), "x"),
        (rss("<title>T</title><itunes:explicit>?</itunes:explicit><media:rating scheme='?'>?</media:rating>"), ""),
        (rss("<title>T</title><description xml:base='http://[' type='base64'>x</description>"), "x"),
        (atom("<title type='octet-stream'>T</title><summary type=''>x</summary>"), "x"),
        (atom("<title>T</title><content type='image/svg+xml'/><content type='??'>x</content>"), "x"),
        (atom("<title>T</title><content type='xhtml'><div><p>un<br></p>deux</div></content>"), "un\ndeux"),
        (atom("<title>T</title><content src='x.pdf' type='pdf'>x</content>"), "x"),
        (feed("{\"items\":[{\"id\":3,\"title\":\"T\",\"content_text\":\"x\",\"author\":\"A\",\"tags\":[1]}]}"), "x"),
    ] {
        let [draft] = read.drafts.as_slice() else { panic!("{read:?}") };
        assert_eq!((draft.title.as_str(), draft.text.as_str()), ("T", text), "{read:?}");
        assert_eq!(read.problems, []);
    }
}

#[test]
fn dublin_core_speaks_where_nothing_else_does() {
    let spare = "<dc:title>DC</dc:title><dc:description>décrit</dc:description><dc:subject>Sujet</dc:subject>";
    let draft = &rss(&format!("{spare}<link>/x</link>")).drafts[0];
    assert_eq!((draft.title.as_str(), draft.summary.as_str()), ("DC", "décrit"));
    assert_eq!(draft.categories, ["Sujet"]);
    let draft = &rss(&format!("{spare}<title>T</title><description>S</description>")).drafts[0];
    assert_eq!((draft.title.as_str(), draft.summary.as_str()), ("T", "S"));
}

#[test]
fn the_best_link_is_the_address() {
    for (read, expected) in [
        (rss("<atom:link rel='self' href='/flux'/><atom:link href='/b'/><link>/a</link>"), "https://www.exemple.fr/a"),
        (rss("<title>T</title><atom:link href='/b'/>"), "https://www.exemple.fr/b"),
        (rss("<link>https://r.fr/1</link><feedburner:origLink>https://a.fr/1</feedburner:origLink>"), "https://a.fr/1"),
        (
            atom("<link type='application/pdf' href='/p'/><link rel='related' href='/r'/><link href='/h'/>"),
            "https://www.exemple.fr/h",
        ),
        (atom("<content type='application/pdf' src='/p'/><link rel='via' href='/v'/>"), "https://www.exemple.fr/p"),
        (atom("<link xml:base='https://b.fr/c/' href='d'/>"), "https://b.fr/c/d"),
        (rss("<link>/a?id=1&amp;utm_source=rss&amp;b=2#xtor=RSS-1</link>"), "https://www.exemple.fr/a?id=1&b=2"),
    ] {
        assert_eq!(address(&read.drafts[0]), expected);
    }
}

#[test]
fn an_identity_is_never_made_up() {
    for (read, expected) in [
        (rss("<title>T</title>"), None),
        (rss("<title>T</title><link>/a</link>"), None),
        (atom("<title>T</title>"), None),
        (feed("{\"items\":[{\"title\":\"T\"}]}"), None),
        (rss("<title>T</title><guid> 0 </guid>"), Some("0")),
        (rss("<title>T</title><description>jamais fermé<guid>7</guid>"), Some("7")),
        (
            rss("<title>T</title><guid>https://a.fr/?utm_source=x&amp;B=1</guid>"),
            Some("https://a.fr/?utm_source=x&B=1"),
        ),
    ] {
        assert_eq!(read.drafts[0].guid.as_deref(), expected);
    }
}

#[test]
fn each_entry_keeps_its_own_identity() {
    let body: String = (0..30)
        .map(|n| match n % 3 {
            0 => format!("<item rdf:about='urn:{n}'><title>T{n}</title></item>"),
            1 => format!("<item><title>T{n}</title><guid>urn:{n}</guid><title>autre</title><item/>"),
            _ => format!("<entry><id>urn:{n}</id><title>T{n}</title></entry>"),
        })
        .collect();
    let read = feed(&format!("<rdf:RDF xmlns='http://purl.org/rss/1.0/'>{body}</rdf:RDF>"));
    assert_eq!(read.drafts.len(), 30);
    for (n, draft) in read.drafts.iter().enumerate() {
        assert_eq!((draft.title.clone(), draft.guid.clone()), (format!("T{n}"), Some(format!("urn:{n}"))));
    }
}

#[test]
fn an_entry_that_states_only_its_last_change_was_published_then() {
    let updated = "<title>T</title><updated>2026-05-07T08:12:00+02:00</updated>";
    for read in [atom(updated), rss(updated)] {
        let draft = &read.drafts[0];
        assert_eq!(draft.published.unwrap().at.to_string(), "2026-05-07T06:12:00Z");
        assert_eq!(draft.published, draft.updated);
    }
    let both = atom(&format!("{updated}<published>2026-05-06</published>"));
    assert_ne!(both.drafts[0].published, both.drafts[0].updated);
}

#[test]
fn the_feed_says_its_name_and_its_rhythm() {
    let sy = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>";
    for (channel, minutes) in [(sy.to_owned(), 720), (format!("<ttl> 30 </ttl>{sy}"), 30)] {
        let read = feed(&format!("<rss><channel>{channel}<dc:title>Nom</dc:title><item><title>T</title></item>"));
        assert_eq!((read.title.as_deref(), read.ttl), (Some("Nom"), Some(Duration::from_secs(60 * minutes))));
    }
}
