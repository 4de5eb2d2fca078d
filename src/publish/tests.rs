//! What a reader of feeds gets.

use jiff::tz::TimeZone;
use serde_json::Value;
use url::Url;

use crate::model::{Field, Kind, Licence, Mapping, SectionId, Source, SourceId};

use super::*;

fn site() -> Site {
    Site {
        name: "Veille juridique et cyber".into(),
        url: Url::parse("https://veille.exemple.fr").ok(),
        publisher: "Centre de gestion d’Exemple".into(),
        address: "1 place de la Mairie, 00000 Exemple".into(),
        privacy: None,
        zone: TimeZone::get("Europe/Paris").unwrap(),
    }
}

fn entry(n: u32) -> Entry {
    Entry {
        id: format!("tag:veille.exemple.fr,2023:story/{n}"),
        url: Some(format!("https://source.exemple/{n}?a=1&b=2")),
        title: format!("Avis - Vulnérabilité n°\u{a0}{n}"),
        summary: "Une phrase & une autre.\nUn second paragraphe.".into(),
        content: n.is_multiple_of(2).then(|| "<p>Le <b>texte</b> &amp; la suite.</p>".into()),
        published: "2023-08-29T22:00:00Z".parse().unwrap(),
        updated: "2023-08-30T06:15:00.123Z".parse().unwrap(),
        section: "TIC - Réseaux - Téléphonie".into(),
        nature: Nature::Avis,
        source: "CERT-FR".into(),
        source_url: Some("https://source.exemple/".into()),
        language: if n == 3 { "en".into() } else { "fr".into() },
    }
}

fn channel(entries: Vec<Entry>) -> Channel {
    Channel {
        path: "sections/tic".into(),
        title: "TIC - Réseaux - Téléphonie".into(),
        description: "Ce qui touche l’informatique des communes.".into(),
        entries,
        paging: Paging::default(),
    }
}

fn published(channel: &Channel, site: &Site) -> Vec<(String, String)> {
    let head = Head {
        site,
        feed_id: "tag:veille.exemple.fr,2023:sections/tic".into(),
        updated: "2023-08-01T00:00:00Z".parse().unwrap(),
        hub: None,
    };
    let one = |format: FeedFormat| {
        let text = String::from_utf8(feed(channel, &head, format)).unwrap();
        (format!("{}.{}", channel.path, format.extension()), text)
    };
    FeedFormat::ALL.map(one).into()
}

fn source(id: &str, name: &str, url: &str, kind: Kind) -> Source {
    let (id, url) = (SourceId::parse(id).unwrap(), Url::parse(url).unwrap());
    Source { kind, licence: Licence::Lo, ..Source::feed(id, name, url, SectionId::parse("tic").unwrap()) }
}

fn sources() -> Vec<Source> {
    let page = Mapping::of("li", &[(Field::Title, "a")]);
    vec![
        source("cert-fr", "CERT-FR \"avis\" & alertes", "https://source.exemple/feed/?a=1&b=2", Kind::Feed),
        source("page", "Une page", "https://source.exemple/page", Kind::Html(page)),
        source("again", "Le même", "https://source.exemple/feed/?a=1&b=2", Kind::Feed),
    ]
}

#[test]
fn a_channel_says_the_same_in_three_formats() {
    let entries: Vec<Entry> = (1..=3).map(entry).collect();
    let files = published(&channel(entries.clone()), &site());
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["sections/tic.rss", "sections/tic.atom", "sections/tic.json"]);
    for (path, text) in &files {
        assert!(text.contains(&format!("https://veille.exemple.fr/{path}")), "{path} names itself");
        for entry in &entries {
            for wanted in [&entry.id, &entry.title, &entry.source, &entry.section] {
                assert!(text.contains(wanted.as_str()), "{path} lacks {wanted}");
            }
        }
    }
    assert_eq!(files, published(&channel(entries), &site()), "the same bytes");
}

#[test]
fn dates_follow_each_format_and_never_contradict_each_other() {
    let early = Entry { updated: "2020-01-01T00:00:00Z".parse().unwrap(), ..entry(1) };
    let files = published(&channel(vec![early]), &site());
    assert!(files[0].1.contains("<pubDate>Wed, 30 Aug 2023 00:00:00 +0200</pubDate>"), "{}", files[0].1);
    assert!(!files[1].1.contains("2020"), "updated is never before published");
    let json: Value = serde_json::from_str(&files[2].1).unwrap();
    assert_eq!(json["items"][0]["date_modified"], "2023-08-29T22:00:00Z");
}

#[test]
fn atom_tells_when_the_channel_last_moved_even_when_it_is_empty() {
    let updated = |entries| {
        let atom = published(&channel(entries), &site())[1].1.clone();
        let after = atom.split_once("<updated>").unwrap().1;
        after.split_once('<').unwrap().0.to_owned()
    };
    assert_eq!(updated(vec![entry(1)]), "2023-08-30T06:15:00Z");
    assert_eq!(updated(vec![]), "2023-08-01T00:00:00Z");
}

#[test]
fn nothing_that_could_run_or_break_a_reader_gets_through() {
    let hostile = Entry {
        title: "Avis\n<script>alert(1)</script> a < b\u{0}\u{b}\u{202e}\u{fffe}".into(),
        summary: "<img src=x onerror=alert(1)> & ]]>".into(),
        url: Some("javascript:alert(1)".into()),
        source_url: Some("data:text/html,x".into()),
        section: "\"><b>".into(),
        language: "en\"><x".into(),
        content: None,
        ..entry(1)
    };
    for (path, text) in published(&channel(vec![hostile]), &site()) {
        for bad in [
            "<script",
            "&lt;script",
            "<img",
            "&lt;img",
            "javascript:",
            "data:text",
            "\u{0}",
            "\u{b}",
            "\u{202e}",
            "\\u000",
        ] {
            assert!(!text.contains(bad), "{path} holds {bad:?}: {text}");
        }
        assert!(text.contains("‹script›alert(1)‹/script› a "), "{path} still tells the title: {text}");
        if path.ends_with("json") {
            serde_json::from_str::<Value>(&text).unwrap();
        } else {
            well_formed(&text);
        }
    }
}

#[test]
fn an_entry_that_leads_nowhere_carries_its_words() {
    let lost = Entry { url: None, source_url: None, content: None, ..entry(1) };
    let files = published(&channel(vec![lost]), &site());
    assert!(
        files[1].1.contains("<content>Une phrase &amp; une autre.\nUn second paragraphe.</content>"),
        "{}",
        files[1].1
    );
    assert!(!files[0].1.contains("<link>https://source"), "{}", files[0].1);
}

#[test]
fn a_site_without_address_still_has_feeds_and_claims_none() {
    let site = Site { url: None, ..site() };
    for (path, text) in published(&channel(vec![entry(1)]), &site) {
        assert!(!text.contains("veille.exemple.fr/sections"), "{path}");
        assert!(!text.contains("\"self\"") && !text.contains("feed_url"), "{path}");
        assert!(text.contains("Vulnérabilité"), "{path}");
    }
}

#[test]
fn only_feeds_are_listed_for_others_to_follow_and_each_once() {
    let sources = sources();
    let list = String::from_utf8(opml(&sources.iter().collect::<Vec<_>>(), &site())).unwrap();
    well_formed(&list);
    assert_eq!(list.matches("<outline").count(), 1, "{list}");
    assert!(list.contains("xmlUrl=\"https://source.exemple/feed/?a=1&amp;b=2\""), "{list}");
    assert!(list.contains("text=\"CERT-FR &quot;avis&quot; &amp; alertes\""), "{list}");
}

fn well_formed(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error} in {text}"),
        }
    }
}

#[test]
fn a_page_of_a_long_channel_says_where_the_others_are_and_who_tells_of_changes() {
    let paging = Paging {
        this: Some("avant=90".into()),
        kind: PageKind::Later,
        next: Some("avant=40".into()),
        former: Some("archive=1".into()),
    };
    let channel = Channel { paging, ..channel(vec![entry(1)]) };
    let hub = Url::parse("https://hub.exemple.fr/").unwrap();
    let site = site();
    let head = Head { site: &site, feed_id: "tag:x".into(), updated: Timestamp::UNIX_EPOCH, hub: Some(&hub) };
    let of = |format| String::from_utf8(feed(&channel, &head, format)).unwrap();
    let at = |format: FeedFormat, query: &str| {
        format!("https://veille.exemple.fr/sections/tic.{}{query}", format.extension())
    };
    for (format, own) in [(FeedFormat::Atom, "link"), (FeedFormat::Rss, "atom:link")] {
        let text = of(format);
        for (rel, href) in [
            ("self", at(format, "?avant=90")),
            ("first", at(format, "")),
            ("next", at(format, "?avant=40")),
            ("prev-archive", at(format, "?archive=1")),
            ("hub", String::from("https://hub.exemple.fr/")),
        ] {
            let is_there = text.lines().any(|line| {
                line.contains(&format!("<{own} "))
                    && line.contains(&format!("rel=\"{rel}\""))
                    && line.contains(&format!("href=\"{href}\""))
            });
            assert!(is_there, "{rel} {href} in {text}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&of(FeedFormat::Json)).unwrap();
    assert_eq!(json["next_url"], at(FeedFormat::Json, "?avant=40"));
    assert_eq!(json["hubs"][0]["type"], "WebSub");
}
