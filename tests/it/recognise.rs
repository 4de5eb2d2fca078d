//! Copies, events, alerts and what readers are told of them, from feeds to bulletins.

use std::collections::BTreeMap;

use vigie::{
    model::{Cadence, NoticeId, Review, Severity, StoryId},
    store::{bulletins, notices, pairs, reviews, stories},
    web::replay::Answer,
};

use crate::app::{Item, TestApp, item, rss};

const QAKBOT: &str = "Le réseau de machines zombies Qakbot a été démantelé samedi par une opération internationale. Environ 700 000 \
     machines étaient infectées, dont 26 000 en France ; les serveurs qui les commandaient ont été mis hors d’usage et des \
     cryptoactifs saisis. Les communes touchées sont prévenues une à une par le centre régional.";

fn advisory(n: u32, number: &str, title: &str, text: &str) -> Item {
    let link = format!("https://www.cert.ssi.gouv.fr/avis/{number}/")
        .replace("/avis/", if number.contains("-ALE-") { "/alerte/" } else { "/avis/" });
    Item { guid: Some(link.clone()), link, ..item(n, title, text) }
}

/// The titles of each story, in the order in which they came.
fn stories_of(t: &TestApp) -> Vec<Vec<String>> {
    let mut stories: BTreeMap<StoryId, Vec<String>> = BTreeMap::new();
    for notice in t.notices() {
        stories.entry(notice.story).or_default().push(notice.title);
    }
    stories.into_values().collect()
}

fn because(t: &TestApp, notice: i64) -> String {
    let reasons = t.app.store.read(|db| notices::reasons(db, NoticeId::new(notice))).expect("reasons");
    reasons.last().map(|reason| reason.because.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_and_an_account_are_told_in_the_story_of_the_original() {
    let t = TestApp::watching(&["/parquet", "/relais", "/gazette"]).await;
    t.serve("/parquet", &[item(1, "Démantèlement du réseau Qakbot", QAKBOT)]);
    assert_eq!(t.crawl_one("parquet").await.new, 1);
    t.serve("/relais", &[item(2, "À lire : Qakbot", &format!("Le centre relaie ce communiqué. {QAKBOT}"))]);
    let relayed = t.crawl_one("relais").await;
    assert_eq!((relayed.new, relayed.copies), (0, 1));
    let text =
        "Le réseau Qakbot, démantelé samedi, comptait 26 000 machines en France. Les mairies touchées sont appelées.";
    t.serve(
        "/gazette",
        &[
            item(3, "Qakbot démantelé : les mairies appelées", text),
            item(
                4,
                "Cantines : le bio gagne",
                "Les menus changent à la rentrée dans huit communes sur dix, dit une enquête.",
            ),
        ],
    );
    let told = t.crawl_one("gazette").await;
    assert_eq!((told.new, told.joined), (2, 1));
    let qakbot = vec!["Démantèlement du réseau Qakbot", "À lire : Qakbot", "Qakbot démantelé : les mairies appelées"];
    assert_eq!(stories_of(&t), [qakbot, vec!["Cantines : le bio gagne"]]);
    assert!(because(&t, 2).starts_with("Copie : ") && because(&t, 2).ends_with("aucun veto"), "{}", because(&t, 2));
    assert!(because(&t, 3).starts_with("Même événement : "), "{}", because(&t, 3));
    assert_eq!(t.notices()[1].copy_of, Some(NoticeId::new(1)));
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 2);
    // What was recognised is still known to another process.
    let t = t.reopened();
    t.serve("/relais", &[item(5, "À lire : encore Qakbot", QAKBOT)]);
    assert_eq!(t.crawl_one("relais").await.copies, 1);
    assert!(t.compose(Cadence::Daily).is_none(), "the reader knows of it");
}

const TEMPLATE: &str = "De multiples vulnérabilités ont été découvertes dans Orme Archivage. Certaines d’entre elles permettent à un attaquant \
     de provoquer une exécution de code arbitraire à distance, un déni de service et une atteinte à la confidentialité des \
     données. Se référer au bulletin de sécurité de l’éditeur pour l’obtention des correctifs.";

#[tokio::test(flavor = "multi_thread")]
async fn siblings_of_one_template_are_stories_of_their_own_each_in_the_bulletin() {
    let t = TestApp::watching(&["/cert"]).await;
    let title = "Multiples vulnérabilités dans Orme Archivage";
    t.serve(
        "/cert",
        &[
            advisory(1, "CERTFR-2023-AVI-0901", title, &format!("{TEMPLATE} CVE-2023-9001")),
            advisory(2, "CERTFR-2023-AVI-0902", title, &format!("{TEMPLATE} CVE-2023-9001")),
            advisory(3, "CERTFR-2023-AVI-0903", title, &format!("{TEMPLATE} CVE-2023-9003")),
        ],
    );
    assert_eq!(t.crawl_one("cert").await.new, 3);
    assert_eq!(stories_of(&t).len(), 3);
    assert!(because(&t, 2).contains("références différentes"), "{}", because(&t, 2));
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_joins_the_advisory_it_cites_and_readers_who_know_that_one_are_told() {
    let t = TestApp::watching(&["/cert"]).await;
    let avis = advisory(
        1,
        "CERTFR-2023-AVI-0905",
        "Vulnérabilité dans Ponceau VPN",
        "Une vulnérabilité a été découverte dans Ponceau VPN.",
    );
    t.serve("/cert", std::slice::from_ref(&avis));
    t.crawl_one("cert").await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 1);
    let text = "La vulnérabilité est exploitée. Voir l’avis CERTFR-2023-AVI-0905 et couper l’accès.";
    let alerte = advisory(2, "CERTFR-2023-ALE-0009", "Vulnérabilité exploitée dans Ponceau VPN", text);
    t.serve("/cert", &[avis, alerte]);
    t.crawl_one("cert").await;
    assert_eq!(stories_of(&t).len(), 1);
    assert!(because(&t, 2).ends_with("l’alerte cite CERTFR-2023-AVI-0905"), "{}", because(&t, 2));
    let again = t.compose(Cadence::Daily).expect("an edition, for the story is graver now");
    let items = t.app.store.read(|db| bulletins::items(db, again.bulletin)).expect("its items");
    assert_eq!((items.len(), items[0].severity, items[0].again), (1, Severity::Critical, true));
    assert!(t.compose(Cadence::Daily).is_none(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_advisory_that_comes_after_the_alert_that_cites_it_is_told_too() {
    let t = TestApp::watching(&["/cert"]).await;
    let text = "La vulnérabilité est exploitée. L’avis CERTFR-2023-AVI-0905 paraîtra.";
    let alerte = advisory(1, "CERTFR-2023-ALE-0009", "Vulnérabilité exploitée dans Ponceau VPN", text);
    t.serve("/cert", std::slice::from_ref(&alerte));
    t.crawl_one("cert").await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 1);
    let avis = advisory(2, "CERTFR-2023-AVI-0905", "Vulnérabilité dans Ponceau VPN", "Installer la version 11.0.6.");
    t.serve("/cert", &[alerte, avis]);
    t.crawl_one("cert").await;
    assert_eq!(stories_of(&t).len(), 1);
    assert_eq!(t.compose(Cadence::Daily).expect("an edition: no story hides an advisory").stories, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_doubtful_is_shown_to_an_editor_and_joined_by_nobody() {
    let t = TestApp::watching(&["/cert", "/relais"]).await;
    let title = "Vulnérabilité dans Orme Archivage";
    t.serve("/cert", &[advisory(1, "CERTFR-2023-AVI-0901", title, &format!("{TEMPLATE} CVE-2023-9001"))]);
    t.crawl_one("cert").await;
    // Title and summary stand for every advisory of the product.
    t.serve("/relais", &[item(2, title, &TEMPLATE[..TEMPLATE.floor_char_boundary(140)])]);
    t.crawl_one("relais").await;
    assert_eq!(stories_of(&t).len(), 2);
    let open = t.app.store.read(|db| pairs::suspicions(db, NoticeId::new(2))).expect("suspicions");
    assert_eq!(open.iter().map(|s| (s.notice.get(), s.other.get())).collect::<Vec<_>>(), [(2, 1)]);
    assert!(open[0].because.starts_with("Doublon possible : "), "{}", open[0].because);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_played_again_gives_the_same_stories() {
    let mut played = Vec::new();
    for _ in 0..2 {
        let t = TestApp::watching(&["/a", "/b"]).await;
        t.serve(
            "/a",
            &[
                item(1, "Démantèlement du réseau Qakbot", QAKBOT),
                item(
                    2,
                    "École de Valbrune rénovée",
                    "Le toit de l’école avait cédé sous la neige en février, les travaux dureront huit mois.",
                ),
            ],
        );
        t.serve(
            "/b",
            &[
                item(3, "Le réseau Qakbot démantelé samedi", QAKBOT),
                item(
                    4,
                    "À Valbrune, l’école est rénovée",
                    "Le toit de l’école de Valbrune sera refait en huit mois de travaux.",
                ),
            ],
        );
        t.crawl_one("a").await;
        t.crawl_one("b").await;
        let reasons: Vec<String> = (1..=4).map(|id| because(&t, id)).collect();
        played.push((stories_of(&t), reasons));
    }
    assert_eq!(played[0], played[1]);
    assert_eq!(played[0].0.len(), 2, "{:?}", played[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_compared_again_when_its_own_page_was_read() {
    let t = TestApp::reading(
        "[[source]]\nid = \"a\"\nurl = \"@WEB@/a\"\nallow_private = true\n\n\
         [[source]]\nid = \"b\"\nurl = \"@WEB@/b\"\nallow_private = true\ndetails = \"text\"\n",
    )
    .await;
    t.serve("/a", &[item(1, "Démantèlement du réseau Qakbot", QAKBOT)]);
    t.crawl_one("a").await;
    let page = format!(
        "<html><head><title>Relais</title></head><body><main><article><h1>Communiqué du parquet</h1><p>{QAKBOT}</p></article></main></body></html>"
    );
    t.web.set("/page", Answer::ok("text/html; charset=utf-8", page));
    let listed = Item { link: t.web.url("/page"), ..item(2, "Communiqué du parquet", "") };
    t.web.set("/b", Answer::ok("application/rss+xml", rss(&[listed])));
    t.crawl_one("b").await;
    assert_eq!(stories_of(&t).len(), 1, "{}", because(&t, 2));
    let (first, second) = (StoryId::new(1), StoryId::new(2));
    let merged = t.app.store.read(|db| stories::get(db, second)).expect("a story").and_then(|story| story.merged_into);
    assert_eq!(merged, Some(first), "its address leads to where its notice is");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_and_the_advisory_it_cites_meet_in_one_commit_whatever_else_joins() {
    let t = TestApp::watching(&["/relais", "/cert"]).await;
    let advised = format!("{TEMPLATE} CVE-2023-9001");
    t.serve("/relais", &[item(1, "Vulnérabilité dans Orme Archivage", &advised)]);
    t.crawl_one("relais").await;
    let text = "La vulnérabilité est exploitée. Voir l’avis CERTFR-2023-AVI-0905 et couper l’accès.";
    let page = [
        advisory(2, "CERTFR-2023-ALE-0009", "Vulnérabilité exploitée dans Orme Archivage", text),
        advisory(3, "CERTFR-2023-AVI-0905", "Vulnérabilité dans Orme Archivage", &advised),
    ];
    t.serve("/cert", &page);
    let report = t.crawl_one("cert").await;
    assert!(!report.failed(), "{}", report.detail);
    assert_eq!(t.notices().len(), 3);
    // Whichever joined which, each can be read in a story that is shown.
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, stories_of(&t).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_does_not_disappear_into_what_an_editor_put_aside() {
    let t = TestApp::watching(&["/cert"]).await;
    let avis =
        advisory(1, "CERTFR-2023-AVI-0905", "Vulnérabilité dans Ponceau VPN", "Une vulnérabilité dans Ponceau VPN.");
    t.serve("/cert", std::slice::from_ref(&avis));
    t.crawl_one("cert").await;
    let marie = vigie::model::Hand::Editor("marie");
    t.app
        .store
        .write(|tx| {
            reviews::decide(tx, StoryId::new(1), Review::Rejected, marie, "courant", std::iter::empty(), t.now())
        })
        .expect("a review");
    let text = "La vulnérabilité est exploitée. Voir l’avis CERTFR-2023-AVI-0905 et couper l’accès.";
    t.serve("/cert", &[avis, advisory(2, "CERTFR-2023-ALE-0009", "Vulnérabilité exploitée dans Ponceau VPN", text)]);
    t.crawl_one("cert").await;
    assert_eq!(t.compose(Cadence::Daily).expect("the alert").stories, 1);
    let doubts = t.app.store.read(|db| pairs::suspicions(db, NoticeId::new(2))).expect("suspicions");
    assert!(doubts[0].because.ends_with("un éditeur a écarté l’histoire"), "{doubts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_text_is_announced_though_the_press_told_of_it_before() {
    let t = TestApp::reading(
        "[[source]]\nid = \"gazette\"\nurl = \"@WEB@/gazette\"\nallow_private = true\n\n\
         [[source]]\nid = \"jo\"\nurl = \"@WEB@/jo\"\nallow_private = true\nnature = \"jorf\"\nauthority = \"issuer\"\n",
    )
    .await;
    let told = "Un décret organisera la formation des secrétaires de mairie dans les communes, annonce le ministre.";
    t.serve("/gazette", &[item(1, "Secrétaires de mairie : la formation organisée", told)]);
    t.crawl_one("gazette").await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 1);
    let text =
        "Le décret organise la formation des secrétaires de mairie dans les communes de moins de 3 500 habitants.";
    t.serve("/jo", &[item(2, "Décret n° 2023-9903 relatif à la formation des secrétaires de mairie", text)]);
    assert_eq!(t.crawl_one("jo").await.joined, 1);
    assert_eq!(t.compose(Cadence::Daily).expect("the decree itself").stories, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_do_not_hide_a_document_from_its_copies() {
    let t = TestApp::watching(&["/parquet", "/relais"]).await;
    for n in 0..20 {
        let text = format!("{QAKBOT} Mise à jour numéro {n}.");
        t.serve("/parquet", &[item(1, "Démantèlement du réseau Qakbot", &text)]);
        t.crawl_one("parquet").await;
    }
    t.serve("/relais", &[item(2, "Communiqué relayé", QAKBOT)]);
    assert_eq!(t.crawl_one("relais").await.copies, 1);
}

/// As of a database that a version made which compared nothing.
#[tokio::test(flavor = "multi_thread")]
async fn notices_of_before_are_learnt_and_their_copies_known() {
    let t = TestApp::watching(&["/parquet", "/relais"]).await;
    t.serve("/parquet", &[item(1, "Démantèlement du réseau Qakbot", QAKBOT)]);
    t.crawl_one("parquet").await;
    for sql in ["DELETE FROM likeness", "DELETE FROM posting", "INSERT INTO likeness_pending SELECT id FROM notice"] {
        t.app.store.write(|tx| tx.execute(sql, &[])).expect("a write");
    }
    t.serve("/relais", &[item(2, "À lire : Qakbot", QAKBOT)]);
    assert_eq!(t.crawl_one("relais").await.copies, 1);
}

/// One row that cannot be read costs no source anything.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compared_is_stored_and_shown_all_the_same() {
    let t = TestApp::watching(&["/parquet", "/relais"]).await;
    t.serve("/parquet", &[item(1, "Démantèlement du réseau Qakbot", QAKBOT)]);
    t.crawl_one("parquet").await;
    let broken = "UPDATE likeness SET marks = 'illisible'";
    t.app.store.write(|tx| tx.execute(broken, &[])).expect("a write");
    t.serve("/relais", &[item(2, "À lire : Qakbot", QAKBOT)]);
    let report = t.crawl_one("relais").await;
    assert!(!report.failed() && report.new == 1, "{report:?}");
    assert_eq!(because(&t, 2), "Nouveau : n’a pu être comparé");
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").stories, 2);
    // It is learnt at the next crawl, and others are compared with it.
    let mended = "DELETE FROM likeness WHERE marks = 'illisible'";
    t.app.store.write(|tx| tx.execute(mended, &[])).expect("a write");
    t.serve("/parquet", &[item(3, "Démantèlement de Qakbot, suite", QAKBOT)]);
    assert_eq!(t.crawl_one("parquet").await.copies, 1);
}

/// A communiqué does not become common by being printed often.
#[tokio::test(flavor = "multi_thread")]
async fn the_twentieth_copy_is_one_too() {
    let t = TestApp::watching(&["/parquet", "/relais"]).await;
    t.serve("/parquet", &[item(1, "Démantèlement du réseau Qakbot", QAKBOT)]);
    t.crawl_one("parquet").await;
    let copies: Vec<Item> = (2..32).map(|n| item(n, "À lire : Qakbot", QAKBOT)).collect();
    t.serve("/relais", &copies);
    assert_eq!(t.crawl_one("relais").await.copies, 30);
    assert_eq!(stories_of(&t).len(), 1);
}
