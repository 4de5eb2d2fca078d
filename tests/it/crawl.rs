//! What comes in: each document once, its revisions kept, each failure named and costing its own source only.

use vigie::{
    model::Cadence,
    store::{notices, sources::State},
    web::replay::Answer,
};

use crate::app::{Item, TestApp, item, rss};

#[tokio::test(flavor = "multi_thread")]
async fn crawling_twice_brings_nothing_new_and_asks_only_for_what_changed() {
    let t = TestApp::watching(&["/a"]).await;
    let feed = rss(&[item(1, "Un", "Texte un."), item(2, "Deux", "Texte deux.")]);
    t.web.set("/a", Answer::ok("application/rss+xml", feed).header("etag", "\"v1\""));
    assert_eq!(t.crawl_one("a").await.new, 2);
    let again = t.crawl_one("a").await;
    assert_eq!((again.new, again.status, again.state), (0, Some(304), State::Unmodified));
    assert_eq!(t.titles(), ["Un", "Deux"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_under_several_addresses_is_stored_once() {
    let t = TestApp::watching(&["/a", "/b"]).await;
    let plain = item(1, "Un seul texte", "Le texte.");
    let tracked = Item { guid: None, link: format!("{}/?utm_source=rss#xtor=RSS-1", plain.link), ..plain.clone() };
    t.serve("/a", std::slice::from_ref(&plain));
    t.serve("/b", &[tracked]);
    let report = t.crawl().await;
    assert_eq!(t.titles().len(), 1);
    assert_eq!(report.sources.iter().map(|s| s.duplicates).sum::<u32>(), 1);
    let seen = t.app.store.read(|db| notices::sightings(db, t.notices()[0].id)).expect("sightings");
    assert_eq!(seen.len(), 2, "both sources are known to list it: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_keeps_the_notice_and_its_former_text_and_is_not_news() {
    let t = TestApp::watching(&["/avis"]).await;
    let first = item(1, "Vulnérabilité dans SPIP", "Première version.");
    t.serve("/avis", std::slice::from_ref(&first));
    t.crawl().await;
    let id = t.notices()[0].id;
    t.subscribe("dsi@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily).expect("an edition");

    t.serve("/avis", &[Item { text: String::from("Seconde version, avec la CVE-2023-1."), ..first }]);
    let report = t.crawl_one("avis").await;
    assert_eq!((report.new, report.revised), (0, 1));
    let notice = &t.notices()[0];
    assert_eq!((notice.id, notice.revision), (id, 2));
    assert!(notice.text.contains("Seconde"), "{}", notice.text);
    let former = t.app.store.read(|db| notices::former(db, id)).expect("revisions");
    assert!(former[0].text.contains("Première"), "{former:?}");
    assert_eq!(t.compose(Cadence::Daily), None, "a revision is never announced as new");
    let reasons = t.app.store.read(|db| notices::reasons(db, id)).expect("reasons");
    assert_eq!(reasons.iter().map(|r| r.verdict.as_str()).collect::<Vec<_>>(), ["new", "revision"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_advisories_with_one_title_and_one_text_stay_two() {
    let t = TestApp::watching(&["/avis"]).await;
    let advisory = |n: u32| Item {
        guid: Some(format!("https://cert.example/avis/CERTFR-2023-AVI-{n}/")),
        link: format!("https://cert.example/avis/CERTFR-2023-AVI-{n}/"),
        ..item(n, "Multiples vulnérabilités dans Google Chrome", "De multiples vulnérabilités ont été découvertes.")
    };
    t.serve("/avis", &[advisory(9001), advisory(9002)]);
    assert_eq!(t.crawl_one("avis").await.new, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_names_its_source_and_spares_the_others() {
    let t = TestApp::watching(&["/good", "/wall", "/gone", "/bomb", "/loop", "/home", "/late", "/cut"]).await;
    t.serve("/good", &[item(1, "Un", "Texte.")]);
    let wall = "<html><head><title>Un instant…</title></head><body>Veuillez activer JavaScript</body></html>";
    t.web.set("/wall", Answer::ok("text/html", wall));
    t.web.set("/gone", Answer::status(410));
    t.web.set("/bomb", Answer::ok("application/rss+xml", bomb()).header("content-encoding", "gzip"));
    t.web.set("/loop", Answer::redirect(302, &t.web.url("/loop")));
    t.web.set("/home", Answer::redirect(302, "http://10.0.0.1/"));
    t.web.set("/late", Answer::ok("application/rss+xml", rss(&[])).after(std::time::Duration::from_secs(60)));
    let half: String = rss(&[item(2, "Deux", "a"), item(3, "Trois", "b")]).chars().take(420).collect();
    t.web.set("/cut", Answer::ok("application/rss+xml", half));
    let report = t.crawl().await;
    let of = |id: &str| report.sources.iter().find(|s| s.id.as_str() == id).expect("the source");
    let states: Vec<(&str, State)> =
        ["good", "wall", "gone", "bomb", "loop", "late", "cut"].map(|id| (id, of(id).state)).into();
    assert_eq!(
        states,
        [
            ("good", State::Ok),
            ("wall", State::NotAFeed),
            ("gone", State::Gone),
            ("bomb", State::Failing),
            ("loop", State::Failing),
            ("late", State::Failing),
            ("cut", State::Ok)
        ]
    );
    assert!(of("wall").detail.contains("Un instant"), "{}", of("wall").detail);
    assert!(of("bomb").detail.contains("1 MiB") || of("bomb").detail.contains("larger"), "{}", of("bomb").detail);
    assert!(!of("cut").problems.is_empty(), "a cut feed yields what stands before the cut, and a problem");
    assert_eq!(t.titles(), ["Un", "Deux"]);
}

/// 8 MiB of zeros in a few kilobytes.
fn bomb() -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 8 << 20]).expect("memory");
    gzip.finish().expect("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_refused_unless_the_source_allows_it() {
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "Texte.")]);
    t.config().sources[0].allow_private = false;
    let report = t.crawl_one("a").await;
    assert_eq!(report.state, State::Blocked);
    assert!(report.detail.contains("127.0.0.1") && report.detail.contains("hint:"), "{}", report.detail);
    assert_eq!(t.web.requests("/a"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_or_a_304_does_not_heal_a_failure() {
    let t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::status(500));
    assert_eq!(t.crawl_one("a").await.state, State::Failing);
    t.serve("/a", &[]);
    assert_eq!(t.crawl_one("a").await.state, State::Failing);
    t.serve("/a", &[item(1, "Un", "Texte.")]);
    assert_eq!(t.crawl_one("a").await.state, State::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_says_when_to_come_back_is_left_alone_until_then() {
    let mut t = TestApp::watching(&["/a", "/b"]).await;
    t.web.set("/a", Answer::status(503).header("retry-after", "7200"));
    t.serve("/b", &[item(1, "Un", "Texte.")]);
    t.crawl().await;
    assert_eq!((t.web.requests("/a"), t.web.requests("/b")), (1, 0), "the sources of one host wait together");
    let tried = vigie::work::attempt::attempt(&t.app, "b").await.err().expect("a refusal").to_string();
    assert!(tried.contains("left alone until"), "{tried}");
    t.at("2023-08-30T07:00:00Z");
    t.crawl().await;
    assert_eq!(t.web.requests("/b"), 0);
    let mut t = t.reopened();
    t.serve("/a", &[]);
    t.at("2023-08-30T07:31:00Z");
    t.crawl().await;
    assert_eq!(t.web.requests("/b"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_are_kept_only_with_the_entries_they_stand_for() {
    let t = TestApp::watching(&["/a"]).await;
    t.web.set("/a", Answer::ok("application/rss+xml", "<html>Erreur</html>").header("etag", "\"v1\""));
    t.crawl().await;
    t.web.set("/a", Answer::ok("application/rss+xml", rss(&[item(1, "Un", "x")])).header("etag", "\"v1\""));
    assert_eq!(t.crawl_one("a").await.new, 1, "the page that could not be read must not turn into a 304");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_due_is_not_asked() {
    use vigie::work::crawl::{Asking, Which, crawl};
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    let due = async |t: &TestApp| crawl(&t.app, &Which::Due, Asking::Conditionally, &|_| ()).await.expect("a crawl");
    assert_eq!(due(&t).await.sources.len(), 1);
    assert_eq!(due(&t).await.sources.len(), 0);
    t.at("2023-08-31T07:30:00Z");
    assert_eq!(due(&t).await.sources.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_old_when_its_source_was_first_read_is_kept_and_not_announced() {
    let t = TestApp::watching(&["/a"]).await;
    let old = Item { date: String::from("Mon, 02 Jan 2023 10:00:00 +0100"), ..item(1, "Ancien", "x") };
    t.serve("/a", &[old.clone(), item(2, "Récent", "y")]);
    t.crawl().await;
    assert_eq!(t.titles(), ["Ancien", "Récent"]);
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 1);
    // Afterwards a date decides nothing: sources publish under old dates.
    t.serve("/a", &[Item { guid: Some(String::from("new")), link: String::from("https://mairie.example/n"), ..old }]);
    t.crawl().await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_crawl_at_the_same_time_does_nothing_and_says_so() {
    let t = TestApp::watching(&["/a"]).await;
    let slow =
        Answer::ok("application/rss+xml", rss(&[item(1, "Un", "x")])).after(std::time::Duration::from_millis(300));
    t.web.set("/a", slow);
    let (first, second) = tokio::join!(t.crawl(), t.crawl());
    assert_eq!([first.busy, second.busy].iter().filter(|busy| **busy).count(), 1);
    assert_eq!(t.titles(), ["Un"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_rewords_an_advisory_does_not_change_what_its_issuer_wrote() {
    let mut t = TestApp::watching(&["/cert", "/relay"]).await;
    let authority = |t: &mut TestApp, n: usize, authority| t.config().sources[n].authority = authority;
    authority(&mut t, 0, vigie::model::Authority::Issuer);
    authority(&mut t, 1, vigie::model::Authority::Aggregator);
    let link = String::from("https://cert.example/avis/CERTFR-2023-AVI-9001/");
    let told = |text: &str| Item { guid: None, link: link.clone(), ..item(1, "Vulnérabilité dans SPIP", text) };
    // The relay is faster than the issuer; then it changes its words.
    t.serve("/relay", &[told("Vite, un correctif !")]);
    t.crawl_one("relay").await;
    t.serve("/cert", &[told("Le texte de l'avis.")]);
    t.crawl_one("cert").await;
    t.serve("/relay", &[told("Dix raisons de mettre à jour.")]);
    assert_eq!(t.crawl_one("relay").await.revised, 0);
    let notices = t.notices();
    assert_eq!(notices.len(), 1);
    assert_eq!((notices[0].text.as_str(), notices[0].source.as_str()), ("Le texte de l'avis.", "cert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_recovers_is_read_again_in_full() {
    let t = TestApp::watching(&["/a"]).await;
    let feed = || Answer::ok("application/rss+xml", rss(&[item(1, "Un", "x")])).header("etag", "\"v1\"");
    t.web.set("/a", feed());
    t.crawl().await;
    t.web.set("/a", Answer::status(503));
    assert_eq!(t.crawl_one("a").await.state, State::Failing);
    t.web.set("/a", feed());
    let again = t.crawl_one("a").await;
    assert_eq!((again.state, again.status), (State::Ok, Some(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_whose_selector_matches_nothing_any_more_is_a_failure() {
    use vigie::model::{Field, Kind, Mapping};
    let mut t = TestApp::watching(&["/liste"]).await;
    t.config().sources[0].kind = Kind::Html(Mapping::of("article", &[(Field::Title, "h2")]));
    let page =
        |item: &str| format!("<html><body><main><{item}><h2><a href=\"/1\">Un</a></h2></{item}></main></body></html>");
    t.web.set("/liste", Answer::ok("text/html", page("article")));
    assert_eq!(t.crawl_one("liste").await.new, 1);
    t.web.set("/liste", Answer::ok("text/html", page("section")));
    let report = t.crawl_one("liste").await;
    assert_eq!(report.state, State::Failing);
    assert!(report.detail.contains("article"), "{}", report.detail);
    assert_eq!(t.titles(), ["Un"], "the old notices stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_a_year_ahead_does_not_freeze_a_source() {
    use vigie::work::crawl::{Asking, Which, crawl};
    let mut t = TestApp::watching(&["/a"]).await;
    t.serve("/a", &[item(1, "Un", "x")]);
    t.at("2024-08-30T05:30:00Z");
    t.crawl().await;
    t.at("2023-08-30T05:40:00Z");
    let report = crawl(&t.app, &Which::Due, Asking::Conditionally, &|_| ()).await.expect("a crawl");
    assert_eq!(report.sources.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_all_bear_one_guid_and_one_address_are_told_apart() {
    let t = TestApp::watching(&["/a"]).await;
    let home = |title: &str, text: &str| Item {
        guid: Some(String::from("1")),
        link: String::from("https://mairie.example/"),
        ..item(1, title, text)
    };
    t.serve("/a", &[home("Un", "x"), home("Deux", "y")]);
    assert_eq!(t.crawl_one("a").await.new, 2);
    t.serve("/a", &[home("Trois", "z"), home("Un", "x")]);
    let report = t.crawl_one("a").await;
    assert_eq!((report.new, report.revised), (1, 0));
    assert_eq!(t.titles(), ["Un", "Deux", "Trois"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_brings_its_new_address_and_keeps_its_first_date() {
    let t = TestApp::watching(&["/a"]).await;
    let first = item(1, "Un", "x");
    t.serve("/a", std::slice::from_ref(&first));
    t.crawl().await;
    let moved = Item {
        link: String::from("https://mairie.example/nouvelle-adresse"),
        date: String::from("Wed, 30 Aug 2023 06:00:00 +0200"),
        text: String::from("y"),
        ..first
    };
    t.serve("/a", &[moved]);
    t.crawl().await;
    let notice = &t.notices()[0];
    assert_eq!(notice.url.as_ref().map(|url| url.as_str()), Some("https://mairie.example/nouvelle-adresse"));
    assert_eq!(notice.published.map(|date| date.at.to_string()).as_deref(), Some("2023-08-29T08:00:00Z"));
}
