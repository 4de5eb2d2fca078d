//! What stands behind a list: the text of each document, its details, the files of a directory, the page of the day.

use vigie::{
    model::Notice,
    store::{
        alarms, details, exploited, notices,
        sources::{self, State},
    },
    web::replay::Answer,
};

use crate::{
    app::{Item, TestApp, item, rss},
    documents::one_page,
};

/// An entry of 29 August 2023 whose document stands on this installation's web server.
fn entry(t: &TestApp, n: u32, path: &str) -> Item {
    Item {
        link: t.web.url(path), text: format!("Un résumé de l’article {n}."), ..item(n, &format!("Article {n}"), "")
    }
}

fn article(n: u32) -> Answer {
    let paragraph = format!(
        "Le service numéro {n} de la commune a été attaqué par un rançongiciel dans la nuit. Les agents ont coupé le réseau, \
         prévenu la préfecture et déposé plainte auprès de la gendarmerie avant de restaurer leurs sauvegardes numéro {n}."
    );
    let page = format!(
        "<!DOCTYPE html><html lang=\"fr\"><head><title>Article {n}</title></head><body><nav><a href=\"/\">Accueil</a></nav>\
         <main><article><h1>Article {n}</h1><p>{paragraph}</p><p>{paragraph}</p></article></main></body></html>"
    );
    Answer::ok("text/html; charset=utf-8", page)
}

const FULL_TEXT: &str = "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\ndetails = \"text\"\n";

fn only(t: &TestApp) -> Notice {
    let mut all = t.notices();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn state(t: &TestApp, notice: &Notice) -> (String, String) {
    t.app.store.read(|db| details::state(db, notice.id)).expect("a read").expect("a document")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_behind_a_link_is_read_once_and_again_when_it_is_listed_anew() {
    let mut t = TestApp::reading(FULL_TEXT).await;
    let (one, two) = (entry(&t, 1, "/actus/1"), entry(&t, 2, "/actus/2"));
    t.web.set("/actus/1", article(1));
    t.web.set("/actus/2", article(2));
    t.serve("/a", std::slice::from_ref(&one));
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.details, report.revised), (1, 1, 0));
    let notice = only(&t);
    assert!(notice.text.contains("déposé plainte") && !notice.text.contains("Accueil"), "{}", notice.text);
    assert_eq!((notice.summary.as_str(), notice.revision), ("Un résumé de l’article 1.", 1));

    // Nothing new in the list: nothing is asked for again.
    t.crawl_one("a").await;
    assert_eq!(t.web.requests("/actus/1"), 1);

    // It leaves the list, and comes back with the same words under its old date: it was revised.
    t.serve("/a", std::slice::from_ref(&two));
    t.crawl_one("a").await;
    let changed = String::from_utf8(article(1).body).unwrap().replace("dans la nuit", "dans la matinée");
    t.web.set("/actus/1", Answer::ok("text/html; charset=utf-8", changed));
    t.at("2023-08-30T09:30:00Z");
    t.serve("/a", &[two, one]);
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.details, report.revised), (0, 1, 1));
    let notices = t.notices();
    assert_eq!((notices[0].revision, notices[1].revision), (2, 1));
    let former = t.app.store.read(|db| notices::former(db, notices[0].id)).unwrap();
    assert!(former[0].text.contains("dans la nuit") && notices[0].text.contains("dans la matinée"));
    let reasons = t.app.store.read(|db| notices::reasons(db, notices[0].id)).unwrap();
    assert!(reasons.iter().any(|reason| reason.because.contains("revenu dans la liste")), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_leaves_the_notice_with_its_link_and_a_problem() {
    let t = TestApp::reading(FULL_TEXT).await;
    t.web.set("/doc/1.pdf", Answer::ok("application/pdf", one_page("Un bulletin du procureur de la République")));
    t.web.set("/doc/2.pdf", Answer::ok("application/pdf", "%PDF-1.4 et puis plus rien"));
    t.web.set("/doc/3.odt", Answer::ok("application/vnd.oasis.opendocument.text", "PK"));
    t.web.set("/doc/4", article(4).header("tdm-reservation", "1"));
    t.serve(
        "/a",
        &["/doc/1.pdf", "/doc/2.pdf", "/doc/3.odt", "/doc/4", "/doc/5"]
            .iter()
            .zip(1..)
            .map(|(p, n)| entry(&t, n, p))
            .collect::<Vec<_>>(),
    );
    let report = t.crawl_one("a").await;
    assert_eq!((report.state, report.new, report.details), (State::Ok, 5, 1));
    assert_eq!(report.problems.len(), 4, "{:?}", report.problems);
    let notices = t.notices();
    assert!(notices[0].text.contains("procureur de la République"), "{}", notices[0].text);
    let states: Vec<String> = notices.iter().map(|notice| state(&t, notice).0).collect();
    // What may come yet, or come whole, is asked for again: three times, a day apart.
    assert_eq!(states, ["read", "due", "failed", "reserved", "due"]);
    assert!(notices.iter().all(|notice| notice.url.is_some() && notice.summary.starts_with("Un résumé")));
    assert!(state(&t, &notices[2]).1.contains("opendocument"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_in_the_list_is_one_though_the_page_stays_as_it_was() {
    let mut t = TestApp::reading(FULL_TEXT).await;
    let first = entry(&t, 1, "/1");
    t.web.set("/1", article(1));
    t.serve("/a", std::slice::from_ref(&first));
    t.crawl_one("a").await;
    t.at("2023-08-31T05:30:00Z");
    t.serve(
        "/a",
        &[Item { title: String::from("Article 1 prolongé"), text: String::from("Jusqu’au 15 décembre."), ..first }],
    );
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.revised, report.details), (0, 1, 1));
    let notice = only(&t);
    assert_eq!((notice.title.as_str(), notice.summary.as_str()), ("Article 1 prolongé", "Jusqu’au 15 décembre."));
    assert!(notice.revision == 2 && notice.text.contains("déposé plainte"), "the text of its page stays: {notice:?}");
    // Nothing more is made of it.
    t.at("2023-09-01T05:30:00Z");
    assert_eq!(t.crawl_one("a").await.revised, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_text_of_a_page_made_of_a_document_outlives_a_change_of_words_in_the_list() {
    let sources = FULL_TEXT.to_owned() + "nature = \"avis\"\n";
    let mut t = TestApp::reading(&sources).await;
    let page = "<html lang=\"fr\"><head><title>Faille</title></head><body><main><article><h1>Article 1</h1><p>La faille \
                CVE-2023-4242 du serveur de messagerie permet de prendre la main sur les postes des agents de la commune, et \
                elle est activement exploitée depuis samedi : les marchés publics de la mairie en ont souffert.</p></article>\
                </main></body></html>";
    t.web.set("/1", Answer::ok("text/html; charset=utf-8", page));
    let first = entry(&t, 1, "/1");
    t.serve("/a", std::slice::from_ref(&first));
    t.crawl_one("a").await;
    let named = |t: &TestApp| t.app.store.read(|db| exploited::named(db, only(t).id)).expect("a read");
    let because = |t: &TestApp| t.app.store.read(|db| notices::shelved_because(db, only(t).id)).expect("a read");
    let why = |t: &TestApp| t.app.store.read(|db| notices::why_relevant(db, only(t).id)).expect("a read");
    let (before, cves, shelved, relevant) = (only(&t), named(&t), because(&t), why(&t));
    assert_eq!(cves, ["CVE-2023-4242"]);
    assert!(before.relevance > 0 && relevant.contains("dans le texte"), "{before:?}: {relevant}");
    t.at("2023-08-31T05:30:00Z");
    t.serve("/a", &[Item { title: String::from("Article 1 complété"), text: String::from("Deux mots."), ..first }]);
    assert_eq!(t.crawl_one("a").await.revised, 1);
    let after = only(&t);
    assert_eq!((after.title.as_str(), after.summary.as_str()), ("Article 1 complété", "Deux mots."));
    let standing = |n: &Notice| (n.section.clone(), n.also.clone(), n.nature, n.severity, n.relevance);
    assert_eq!(standing(&after), standing(&before));
    assert_eq!((named(&t), because(&t), why(&t)), (cves.clone(), shelved, relevant));
    // What the new title says counts together with the text, which was read again and has not changed.
    let title = "Alerte : article 1, faille exploitée dans les collectivités territoriales";
    t.at("2023-09-01T05:30:00Z");
    t.serve("/a", &[Item { title: String::from(title), ..entry(&t, 1, "/1") }]);
    assert_eq!(t.crawl_one("a").await.revised, 1);
    let graver = only(&t);
    assert!(graver.relevance > after.relevance, "{graver:?}");
    assert_eq!((graver.section, named(&t), graver.revision), (after.section, cves, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_list_alone_says_of_a_document_outlives_the_reading_of_its_details() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\nkind = \"json\"\ntitle = \"/t\"\nlink = \"/u\"\ndate = \"/d\"\n\
                   content = \"/c\"\ncategory = \"/k\"\nnatures = { \"Circulaire\" = \"circ\" }\n[source.details]\nurl = \"{link}.json\"\nkind = \"json\"\n\
                   title = \"/titre\"\n";
    let t = TestApp::reading(sources).await;
    let list = format!(
        "[{{\"d\":\"2023-08-29\",\"t\":\"Un titre\",\"u\":\"{}\",\"c\":\"Un corps.\",\"k\":\"Circulaire\"}}]",
        t.web.url("/d")
    );
    t.web.set("/a", Answer::ok("application/json", list));
    t.web.set("/d.json", Answer::ok("application/json", "{\"titre\":\"Un titre plus long\"}"));
    assert_eq!(t.crawl_one("a").await.details, 1);
    let notice = only(&t);
    assert_eq!(
        (notice.title.as_str(), notice.text.as_str(), notice.nature.as_str()),
        ("Un titre plus long", "Un corps.", "circ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_in_half_is_read_again_before_the_next() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/dir/\"\nallow_private = true\nnewest = 'jo_\\d+\\.xml$'\n";
    let mut t = TestApp::reading(sources).await;
    let listing = "<html><body><h1>Index</h1><a href=\"jo_9.xml\">9</a> <a href=\"jo_10.xml\">10</a></body></html>";
    t.web.set("/dir/", Answer::ok("text/html", "<html><body><a href=\"jo_9.xml\">9</a></body></html>"));
    t.web.set("/dir/jo_9.xml", Answer::ok("text/xml", rss(&[item(9, "Texte 9", "Corps")])));
    t.crawl_one("a").await;
    t.web.set("/dir/", Answer::ok("text/html", listing));
    t.web.set("/dir/jo_10.xml", Answer::ok("text/html", "<title>Maintenance</title><p>Le site revient bientôt."));
    t.at("2023-08-30T07:30:00Z");
    assert_eq!(t.crawl_one("a").await.state, State::NotAFeed);
    t.web.set("/dir/jo_10.xml", Answer::ok("text/xml", rss(&[item(10, "Texte 10", "Corps")])));
    t.at("2023-08-30T09:30:00Z");
    assert_eq!(t.crawl_one("a").await.state, State::Ok);
    assert_eq!(t.titles(), ["Texte 9", "Texte 10"], "as people count, 10 comes after 9");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_not_lead_the_crawler_into_the_private_network() {
    let other = vigie::web::replay::Replay::start(Vec::<(String, Answer)>::new()).await.expect("a server");
    other.set("/secret", article(1));
    let t = TestApp::reading(FULL_TEXT).await;
    t.serve("/a", &[Item { link: other.url("/secret"), ..entry(&t, 1, "/") }]);
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.details, other.requests("/secret")), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_answers_every_address_with_one_page_raises_an_alarm() {
    let t = TestApp::reading(FULL_TEXT).await;
    t.web.set("/1", article(7));
    t.web.set("/2", article(7));
    t.serve("/a", &[entry(&t, 1, "/1"), entry(&t, 2, "/2")]);
    let report = t.crawl_one("a").await;
    assert_eq!(report.details, 1);
    let open = t.app.store.read(alarms::all_open).unwrap();
    assert_eq!(open.iter().map(|raised| raised.alarm.kind.as_str()).collect::<Vec<_>>(), ["same_page"]);
    assert!(open[0].alarm.detail.contains("hint: "), "{}", open[0].alarm.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_details_of_an_advisory_are_read_as_their_mapping_says() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\n[source.details]\nurl = \"{link}json/\"\n\
                   kind = \"json\"\ntitle = \"/title\"\nsummary = \"/summary\"\ncontent = \"{/content}\\n\\n{/cves/*/name}\"\nmarkup = \"markdown\"\n";
    let mut t = TestApp::reading(sources).await;
    let advisory = |cves: &str| {
        let body = format!(
            "{{\"title\":\"Vulnérabilité dans SPIP\",\"summary\":\"Résumé.\",\"content\":\"## Solutions\\n\\nMettre à jour.\",\"cves\":[{cves}]}}"
        );
        Answer::ok("application/json", body)
    };
    let listed = |title: &str| Item {
        link: t.web.url("/avis/CERTFR-2023-AVI-0700/"),
        guid: Some(t.web.url("/avis/CERTFR-2023-AVI-0700/")),
        ..item(1, title, "Résumé...")
    };
    let (first, second) = (listed("Vulnérabilité dans SPIP"), listed("[MàJ] Vulnérabilité dans SPIP et ses greffons"));
    t.web.set("/avis/CERTFR-2023-AVI-0700/json/", advisory("{\"name\":\"CVE-2023-0001\"}"));
    t.serve("/a", &[first]);
    t.crawl_one("a").await;
    let notice = only(&t);
    assert_eq!(notice.reference.as_deref(), Some("CERTFR-2023-AVI-0700"));
    assert!(
        notice.text.contains("Solutions\nMettre à jour.") && notice.text.contains("CVE-2023-0001"),
        "{}",
        notice.text
    );

    // The list changes a word: what counts is what the advisory says, and there one CVE more.
    t.web
        .set("/avis/CERTFR-2023-AVI-0700/json/", advisory("{\"name\":\"CVE-2023-0001\"},{\"name\":\"CVE-2023-0002\"}"));
    t.serve("/a", &[second]);
    t.at("2023-08-31T05:30:00Z");
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.revised), (0, 1));
    let notice = only(&t);
    assert!(notice.revision == 2 && notice.text.contains("CVE-2023-0002"), "{notice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_directory_the_newest_file_is_read_and_then_each_that_comes() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/dir/\"\nallow_private = true\nnewest = 'jo_\\d+\\.xml$'\n";
    let mut t = TestApp::reading(sources).await;
    let listing = |names: &[&str]| {
        let links: String = names.iter().map(|name| format!("<a href=\"{name}\">{name}</a> 2023-08-29\n")).collect();
        Answer::ok(
            "text/html;charset=ISO-8859-1",
            format!("<html><body><h1>Index of /dir</h1><pre>{links}</pre></body></html>"),
        )
    };
    for n in 1..=4 {
        t.web.set(format!("/dir/jo_{n}.xml"), Answer::ok("text/xml", rss(&[item(n, &format!("Texte {n}"), "Corps")])));
    }
    t.web.set("/dir/", listing(&["readme.html", "jo_1.xml", "jo_2.xml"]));
    assert_eq!(t.crawl_one("a").await.new, 1);
    assert_eq!(t.titles(), ["Texte 2"]);
    t.at("2023-08-30T06:30:00Z");
    let report = t.crawl_one("a").await;
    assert_eq!((report.state, report.new, t.web.requests("/dir/jo_2.xml")), (State::Ok, 0, 1));
    // Who tries the source sees the newest file.
    let tried = vigie::work::attempt::attempt(&t.app, "a").await.expect("a try");
    assert_eq!(tried.entries.iter().map(|entry| entry.draft.title.as_str()).collect::<Vec<_>>(), ["Texte 2"]);

    // One that is listed and does not come holds the others back: none of them is passed over.
    t.web.set("/dir/", listing(&["jo_1.xml", "jo_2.xml", "jo_3.xml", "jo_4.xml"]));
    t.web.set("/dir/jo_3.xml", Answer::status(503));
    t.at("2023-08-30T07:30:00Z");
    assert_eq!(t.crawl_one("a").await.state, State::Failing);
    assert_eq!(t.titles(), ["Texte 2"]);
    t.web.set("/dir/jo_3.xml", Answer::ok("text/xml", rss(&[item(3, "Texte 3", "Corps")])));
    t.at("2023-08-30T09:30:00Z");
    assert_eq!(t.crawl_one("a").await.state, State::Ok);
    assert_eq!(t.titles(), ["Texte 2", "Texte 3", "Texte 4"]);
    let known = t.app.store.read(|db| sources::get(db, &t.app.config.sources[0].id)).unwrap().unwrap();
    assert_eq!(known.read_up_to.as_deref(), Some("jo_4.xml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_a_date_is_asked_for_its_day_and_not_conditionally_the_next() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"@WEB@/jour?date={%Y%m%d}\"\nallow_private = true\n";
    let mut t = TestApp::reading(sources).await;
    let page = |n: u32| Answer::ok("text/xml", rss(&[item(n, &format!("Jour {n}"), "Corps")])).header("etag", "\"x\"");
    t.web.set("/jour?date=20230830", page(30));
    t.web.set("/jour?date=20230831", page(31));
    t.crawl_one("a").await;
    assert_eq!(t.crawl_one("a").await.status, Some(304));
    t.at("2023-08-31T05:30:00Z");
    assert_eq!(t.crawl_one("a").await.new, 1);
    assert_eq!(t.titles(), ["Jour 30", "Jour 31"]);
}
