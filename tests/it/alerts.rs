//! What presses goes out at once, to who asked for it, once, until it is over.

use std::{collections::BTreeMap, time::Duration};

use mail_parser::MessageParser;
use vigie::{
    demo::inbox::{Answer, Behaviour},
    model::{BulletinId, Cadence, News, StoryId},
    store::{alerts, bulletins, stories, stories::Edit},
    work::{
        compose,
        editor::{self, Editor},
        send, subscribe, tick,
    },
};

use crate::app::{Item, TestApp, item};

/// A feed of CERT-FR alerts: critical ones are those that are exploited.
const SOURCES: &str = r#"
[[source]]
id = "alertes"
url = "@WEB@/alertes"
allow_private = true
section = "cybersecurite"
nature = "alerte"
authority = "issuer"
licence = "lo"
every = "30min"

[[source]]
id = "textes"
url = "@WEB@/textes"
allow_private = true
section = "finances"
licence = "lo"
every = "30min"
"#;

async fn installed() -> TestApp {
    let mut t = TestApp::reading(SOURCES).await;
    t.serve("/alertes", &[]);
    t.serve("/textes", &[]);
    // What a source holds when it is first read is another matter.
    t.crawl().await;
    t.at("2023-08-30T06:00:00Z");
    t
}

/// An alert of this morning.
fn alert(n: u32, title: &str, text: &str) -> Item {
    Item {
        link: format!("https://cert.example/alerte/{n}"),
        date: String::from("Wed, 30 Aug 2023 07:00:00 +0200"),
        ..item(n, title, text)
    }
}

const FLAW: &str = "Une vulnérabilité du pare-feu Bastide permet à un attaquant de prendre la main à distance. Elle est \
    activement exploitée.";

fn wishing(t: &TestApp, address: &str, cadence: Cadence, from: &str, words: &str) {
    wishing_in(t, address, cadence, from, words, "");
}

fn wishing_in(t: &TestApp, address: &str, cadence: Cadence, from: &str, words: &str, sections: &str) {
    let request = subscribe::Request {
        email: address.to_owned(),
        cadence: cadence.to_string(),
        sections: sections.to_owned(),
        alerts_from: from.to_owned(),
        alert_words: words.to_owned(),
        consent_what: String::from("bulletin et alertes"),
        consent_how: String::from("formulaire"),
        ..subscribe::Request::default()
    };
    subscribe::add(&t.app, &request).expect("a reader");
}

/// A tick in which every source is due.
async fn ticked(t: &TestApp) -> tick::Report {
    t.crawl().await;
    let report = tick::tick(&t.app, &|_| ()).await.expect("a tick");
    assert_eq!(report.errors, Vec::<String>::new());
    report
}

/// Recipient and subject of every mail so far.
fn mails(t: &TestApp) -> Vec<(String, String)> {
    let subject = |bytes: &[u8]| {
        let message = MessageParser::default().parse(bytes).expect("a message");
        message.subject().unwrap_or_default().replace('\u{a0}', " ")
    };
    t.received().iter().map(|mail| (mail.to[0].clone(), subject(&mail.bytes))).collect()
}

fn to(t: &TestApp, address: &str) -> Vec<String> {
    mails(t).into_iter().filter(|(to, _)| to == address).map(|(_, subject)| subject).collect()
}

fn texts(t: &TestApp, address: &str) -> Vec<String> {
    let text = |bytes: &[u8]| {
        let message = MessageParser::default().parse(bytes).expect("a message");
        message.body_text(0).unwrap_or_default().replace('\u{a0}', " ")
    };
    t.received().iter().filter(|mail| mail.to[0] == address).map(|mail| text(&mail.bytes)).collect()
}

fn serve_flaw(t: &TestApp, text: &str) {
    t.serve("/alertes", &[alert(1, "Vulnérabilité dans Bastide", text)]);
}

fn raise(t: &TestApp, story: i64, severity: vigie::model::Severity) {
    let edit = Edit { severity: Some(severity), ..Edit::default() };
    let by = Editor::named("marie").expect("a name");
    editor::edit(&t.app, StoryId::new(story), &edit, &Default::default(), &by, "vérifié").expect("an edit");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_grave_enough_leaves_in_the_tick_that_brings_it_and_once() {
    let t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    wishing(&t, "seul@example.fr", Cadence::Alert, "high", "");
    t.subscribe("maire@example.fr", Cadence::Daily);
    serve_flaw(&t, FLAW);
    let report = ticked(&t).await;
    assert_eq!(
        report.composed.iter().map(|c| (c.cadence, c.stories, c.deliveries)).collect::<Vec<_>>(),
        [(Cadence::Alert, 1, 2)]
    );
    let subject = String::from("Alerte : Vulnérabilité dans Bastide");
    assert_eq!(
        mails(&t),
        [(String::from("dsi@example.fr"), subject.clone()), (String::from("seul@example.fr"), subject)]
    );
    let report = ticked(&t).await;
    assert!(report.composed.is_empty(), "{report:?}");
    assert_eq!(t.received().len(), 2);
    // The bulletin still brings it, and says that there was an alert to who asked for any.
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
    assert!(texts(&t, "dsi@example.fr")[1].contains("A fait l’objet d’une alerte le 30 août 2023."));
    assert!(!texts(&t, "maire@example.fr")[0].contains("l’objet d’une alerte"));
    assert_eq!(to(&t, "seul@example.fr").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_alert_in_titles_summaries_and_names_whatever_their_gravity() {
    let t = installed().await;
    wishing(&t, "mots@example.fr", Cadence::Weekly, "", "qakbot, Dotation globale");
    wishing(&t, "noms@example.fr", Cadence::Weekly, "", "trésorama*");
    wishing(&t, "autres@example.fr", Cadence::Weekly, "critical", "emotet");
    t.serve(
        "/textes",
        &[
            alert(1, "La dotation globale de fonctionnement des communes", "Le comité des finances locales en débat."),
            alert(
                2,
                "Un logiciel de comptabilité",
                "La commune change d’outil de gestion. Elle prend Tresoramax dès septembre.",
            ),
            alert(3, "Un marché public", "La dotation reste globale."),
        ],
    );
    ticked(&t).await;
    assert_eq!(to(&t, "mots@example.fr"), ["Alerte : La dotation globale de fonctionnement des communes"]);
    assert_eq!(to(&t, "noms@example.fr"), ["Alerte : Un logiciel de comptabilité"]);
    assert!(to(&t, "autres@example.fr").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_hold_for_alerts_too_and_several_go_in_one_mail() {
    let t = installed().await;
    wishing(&t, "tout@example.fr", Cadence::Daily, "info", "");
    wishing_in(&t, "finances@example.fr", Cadence::Daily, "info", "", "finances");
    serve_flaw(&t, FLAW);
    t.serve("/textes", &[alert(2, "Le budget des communes", "Le vote du budget primitif approche.")]);
    let report = ticked(&t).await;
    assert_eq!((report.composed.len(), report.composed[0].stories, report.composed[0].deliveries), (1, 2, 2));
    assert_eq!(to(&t, "tout@example.fr"), ["2 alertes : Vulnérabilité dans Bastide"]);
    assert_eq!(to(&t, "finances@example.fr"), ["Alerte : Le budget des communes"]);
    assert!(!texts(&t, "finances@example.fr")[0].contains("Bastide"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_wait_for_a_digest_that_is_going_out() {
    // Each keeps one of the two connections of the digest for three seconds.
    let silent = ["muet1", "muet2"].map(|name| (name.to_owned(), Answer::Silence));
    let behaviour = Behaviour { answers: BTreeMap::from(silent), ..Behaviour::default() };
    let mut t = TestApp::start(SOURCES, "", behaviour).await;
    t.serve("/alertes", &[]);
    t.serve("/textes", &[alert(9, "Le budget des communes", "Le vote du budget primitif approche.")]);
    t.crawl().await;
    t.at("2023-08-30T06:00:00Z");
    for name in ["muet1", "muet2", "apres1", "apres2"] {
        t.subscribe(&format!("{name}@example.fr"), Cadence::Daily);
    }
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    t.compose(Cadence::Daily).expect("an edition");
    serve_flaw(&t, FLAW);
    let digest = t.send();
    let alert = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        t.crawl().await;
        t.compose_due();
        send::send(&t.app, send::Which::Urgent, &|_| ()).await.expect("a run of the sender");
        mails(&t)
    };
    let (digest, before) = tokio::join!(digest, alert);
    let (alert, digests): (Vec<_>, Vec<_>) = before.into_iter().partition(|(to, _)| to == "dsi@example.fr");
    assert_eq!(alert, [(String::from("dsi@example.fr"), String::from("Alerte : Vulnérabilité dans Bastide"))]);
    assert!(digests.len() < 2, "the digest had gone out before: {digests:?}");
    assert_eq!((digest.sent, digest.deferred), (2, 2));
    assert_eq!(t.received().len(), 3);
    // It got the next one that was free, and none besides.
    assert!(t.inbox.most_connections() <= 2, "{}", t.inbox.most_connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_of_digests_leaves_it_to_the_other() {
    let t = installed().await;
    t.serve("/textes", &[alert(9, "Le budget des communes", "Le vote du budget primitif approche.")]);
    t.crawl().await;
    t.subscribe("mairie@example.fr", Cadence::Daily);
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    t.compose(Cadence::Daily).expect("an edition");
    serve_flaw(&t, FLAW);
    t.crawl().await;
    t.compose_due();
    for (which, gets) in [(send::Which::Ordinary, "mairie@example.fr"), (send::Which::Urgent, "dsi@example.fr")] {
        let before = t.received().len();
        let sent = send::send(&t.app, which, &|_| ()).await.expect("a run of the sender");
        assert_eq!((sent.sent, t.received().len()), (1, before + 1), "{which:?}");
        assert_eq!(to(&t, gets).len(), 1, "{which:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_before_a_digest_that_waits() {
    let t = installed().await;
    t.serve("/textes", &[alert(9, "Le budget des communes", "Le vote du budget primitif approche.")]);
    t.crawl().await;
    for n in 0..250 {
        t.subscribe(&format!("lecteur{n}@example.fr"), Cadence::Daily);
    }
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    t.compose(Cadence::Daily).expect("an edition");
    serve_flaw(&t, FLAW);
    t.crawl().await;
    t.compose_due();
    t.send().await;
    // In the order in which they came: the two connections carry the first ones side by side.
    let place = t.inbox.received().iter().position(|mail| mail.to == ["dsi@example.fr"]);
    assert!(place.is_some_and(|place| place < 40), "{place:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_editor_it_leaves_when_it_is_approved() {
    let mut t = installed().await;
    t.config().review.first = vigie::config::FirstLook::Editor;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    assert!(t.received().is_empty());
    let by = Editor::named("marie").expect("a name");
    editor::approve(&t.app, &[StoryId::new(1)], &by, "").expect("an approval");
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_wants_is_not_frozen_and_waits_no_longer() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "", "emotet");
    serve_flaw(&t, FLAW);
    let report = ticked(&t).await;
    assert!(report.composed.is_empty());
    assert!(t.app.store.read(|db| stories::waiting(db, Cadence::Alert)).expect("a read").is_empty());
    // Who asks for it later is not alerted of what lies behind, unless it moves.
    wishing(&t, "tard@example.fr", Cadence::Daily, "info", "");
    t.at("2023-08-30T06:10:00Z");
    assert!(ticked(&t).await.composed.is_empty());
    let cadences = [Cadence::Daily, Cadence::Weekly].map(|cadence| t.compose(cadence).map(|c| c.stories));
    assert_eq!(cadences, [Some(1), Some(1)], "bulletins bring it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_for_the_bulletins() {
    let t = TestApp::reading(SOURCES).await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "info", "");
    let old = (1..60).map(|n| Item {
        date: String::from("Fri, 25 Aug 2023 07:00:00 +0200"),
        ..alert(n, &format!("Vulnérabilité dans Produit{n}"), &format!("Le produit {n} est exposé : {FLAW}"))
    });
    let mut all: Vec<Item> = old.collect();
    all.push(alert(60, "Vulnérabilité dans Bastide", FLAW));
    t.serve("/alertes", &all);
    t.serve("/textes", &[]);
    let report = ticked(&t).await;
    assert_eq!(report.composed.first().map(|c| c.stories), Some(1), "{:?}", report.composed);
    assert_eq!(to(&t, "dsi@example.fr"), ["Alerte : Vulnérabilité dans Bastide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_in_substance_is_told_to_who_got_the_alert_and_a_slip_of_the_pen_is_not() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    t.at("2023-08-30T07:00:00Z");
    serve_flaw(&t, &FLAW.replace("prendre la main", "prendre le contrôle"));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 1, "nothing to act on");
    t.at("2023-08-30T08:00:00Z");
    serve_flaw(&t, &format!("{FLAW} Les identifiants CVE-2023-40001 et CVE-2023-40002 lui sont attribués."));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[1], "Mise à jour : Vulnérabilité dans Bastide");
    let text = &texts(&t, "dsi@example.fr")[1];
    assert!(text.contains("Ce qui change : vulnérabilités ajoutées : CVE-2023-40001"), "{text}");
    t.at("2023-08-30T09:00:00Z");
    ticked(&t).await;
    assert_eq!(t.received().len(), 2, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_graver_is_an_update_to_some_and_an_alert_to_others() {
    let mut t = installed().await;
    wishing(&t, "tout@example.fr", Cadence::Alert, "info", "");
    wishing(&t, "urgent@example.fr", Cadence::Alert, "critical", "");
    t.serve("/textes", &[alert(1, "Le logiciel Bastide des communes", "Son éditeur le met à jour.")]);
    ticked(&t).await;
    assert_eq!((to(&t, "tout@example.fr").len(), to(&t, "urgent@example.fr").len()), (1, 0));
    // However old it is by then.
    t.at("2023-09-20T07:00:00Z");
    raise(&t, 1, vigie::model::Severity::Critical);
    ticked(&t).await;
    assert_eq!(to(&t, "tout@example.fr")[1], "Mise à jour : Le logiciel Bastide des communes");
    assert_eq!(to(&t, "urgent@example.fr")[0], "Alerte : Le logiciel Bastide des communes");
    assert!(texts(&t, "tout@example.fr")[1].contains("gravité : information → urgent"));
    assert!(!texts(&t, "urgent@example.fr")[0].contains("Ce qui change"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_got_the_alert_hears_its_end_and_nobody_else() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    wishing(&t, "tard@example.fr", Cadence::Alert, "high", "");
    t.at("2023-09-20T07:00:00Z");
    let closed = format!("<p>{FLAW}</p><p>Clôture de l'alerte. Cela ne signifie pas la fin d'une menace.</p>");
    serve_flaw(&t, &closed.replace('<', "&lt;"));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[1], "Fin d’alerte : Vulnérabilité dans Bastide");
    assert!(texts(&t, "dsi@example.fr")[1].contains("La source a clos cette alerte."));
    assert!(to(&t, "tard@example.fr").is_empty());
    t.at("2023-09-21T07:00:00Z");
    serve_flaw(&t, &format!("{} CVE-2023-40001", closed.replace('<', "&lt;")));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 2, "it is over");
}

fn marie() -> Editor {
    Editor::named("marie").expect("a name")
}

fn reject(t: &TestApp, story: i64) {
    editor::reject(&t.app, &[StoryId::new(story)], &marie(), "fausse alerte").expect("a rejection");
}

/// The story whose title holds that: of two sources, either may be stored first.
fn telling(t: &TestApp, word: &str) -> StoryId {
    t.notices().into_iter().find(|notice| notice.title.contains(word)).expect("a notice").story
}

fn approve(t: &TestApp, story: i64) {
    editor::approve(&t.app, &[StoryId::new(story)], &marie(), "").expect("an approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_got_an_alert_that_an_editor_takes_back_hears_so_once_and_nobody_else() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    wishing(&t, "tard@example.fr", Cadence::Alert, "high", "");
    t.at("2023-08-30T07:00:00Z");
    reject(&t, 1);
    reject(&t, 1);
    let report = ticked(&t).await;
    assert_eq!(report.composed.iter().map(|c| (c.stories, c.deliveries)).collect::<Vec<_>>(), [(1, 1)]);
    assert_eq!(to(&t, "dsi@example.fr")[1..], ["Alerte retirée : Vulnérabilité dans Bastide"]);
    let text = &texts(&t, "dsi@example.fr")[1];
    assert!(text.contains("La rédaction a retiré cette alerte après coup : n’en tenez plus compte."), "{text}");
    assert!(!text.contains("attaquant") && !text.contains("fausse alerte"), "{text}");
    assert!(to(&t, "tard@example.fr").is_empty());
    assert!(ticked(&t).await.composed.is_empty(), "once");
    // It was right after all: some were told otherwise, the others hear of it now.
    t.at("2023-08-30T08:00:00Z");
    approve(&t, 1);
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[2..], ["Mise à jour : Vulnérabilité dans Bastide"]);
    assert!(texts(&t, "dsi@example.fr")[2].contains("Ce qui change : l’alerte reprend."));
    assert_eq!(to(&t, "tard@example.fr"), ["Alerte : Vulnérabilité dans Bastide"]);
    reject(&t, 1);
    ticked(&t).await;
    assert_eq!((to(&t, "dsi@example.fr").len(), to(&t, "tard@example.fr").len()), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_that_is_mended_before_anybody_is_told_is_told_to_nobody() {
    let t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    reject(&t, 1);
    approve(&t, 1);
    assert!(ticked(&t).await.composed.is_empty());
    // What nobody was alerted of goes without a word.
    t.serve("/textes", &[alert(2, "Le budget des communes", "Le vote du budget primitif approche.")]);
    t.crawl().await;
    reject(&t, 2);
    assert!(ticked(&t).await.composed.is_empty());
    assert_eq!(t.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_over_is_not_taken_back_besides() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    t.at("2023-09-20T07:00:00Z");
    serve_flaw(&t, &format!("&lt;p>{FLAW}&lt;/p>&lt;p>Clôture de l'alerte.&lt;/p>"));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[1], "Fin d’alerte : Vulnérabilité dans Bastide");
    reject(&t, 1);
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_of_an_alert_that_is_taken_back_is_not_sent() {
    let later = |name: &str| (name.to_owned(), Answer::RefuseOnce(String::from("451 4.7.1 greylisted, come back")));
    let never = (String::from("jamais"), Answer::Refuse(String::from("550 5.6.0 not here")));
    let answers = BTreeMap::from([later("un"), later("deux"), never]);
    let mut t = TestApp::start(SOURCES, "", Behaviour { answers, ..Behaviour::default() }).await;
    t.serve("/alertes", &[]);
    t.serve("/textes", &[]);
    t.crawl().await;
    t.at("2023-08-30T06:00:00Z");
    wishing(&t, "recu@example.fr", Cadence::Alert, "high", "");
    wishing(&t, "un@example.fr", Cadence::Alert, "high", "");
    wishing(&t, "deux@example.fr", Cadence::Alert, "info", "");
    wishing(&t, "jamais@example.fr", Cadence::Alert, "high", "");
    serve_flaw(&t, FLAW);
    t.serve("/textes", &[alert(2, "Le budget des communes", "Le vote du budget primitif approche.")]);
    ticked(&t).await;
    assert_eq!(mails(&t).len(), 1, "two are asked to come back, and one is refused");
    let flaw = telling(&t, "Bastide").get();
    reject(&t, flaw);
    assert_eq!(vigie::work::resend::missing(&t.app, BulletinId::new(1)).expect("queued"), 0);
    t.at("2023-08-30T06:30:00Z");
    let report = ticked(&t).await;
    assert_eq!(report.composed.iter().map(|c| c.deliveries).collect::<Vec<_>>(), [1], "who has got it");
    assert_eq!(to(&t, "recu@example.fr")[1..], ["Alerte retirée : Vulnérabilité dans Bastide"]);
    assert!(to(&t, "un@example.fr").is_empty());
    assert_eq!(to(&t, "deux@example.fr"), ["Alerte : Le budget des communes"]);
    assert!(!texts(&t, "deux@example.fr")[0].contains("Bastide"));
    // Let in again, it is an alert to those who never got it.
    approve(&t, flaw);
    t.at("2023-08-30T06:40:00Z");
    ticked(&t).await;
    assert_eq!(to(&t, "un@example.fr"), ["Alerte : Vulnérabilité dans Bastide"]);
    assert_eq!(to(&t, "deux@example.fr")[1..], ["Alerte : Vulnérabilité dans Bastide"]);
    assert_eq!(to(&t, "recu@example.fr")[2..], ["Mise à jour : Vulnérabilité dans Bastide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_merged_into_what_was_rejected_is_taken_back_too() {
    let t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    t.serve("/textes", &[alert(2, "Un canular circule dans les mairies", "Le courrier du ministère est un faux.")]);
    ticked(&t).await;
    let (hoax, flaw) = (telling(&t, "canular"), telling(&t, "Vulnérabilité"));
    reject(&t, hoax.get());
    editor::merge(&t.app, hoax, &[flaw], &marie(), "").expect("a merger");
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[1..], ["Alerte retirée : Vulnérabilité dans Bastide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_it_is_taken_back_waits_for_room_and_is_not_lost() {
    let mut t = installed().await;
    t.config().alerts.most_a_day = 1;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    t.at("2023-08-30T07:00:00Z");
    reject(&t, 1);
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 1);
    t.at("2023-08-31T06:00:00Z");
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[1..], ["Alerte retirée : Vulnérabilité dans Bastide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_the_bulletin_brings_is_tried_for_a_day_and_one_that_nothing_else_brings_for_two() {
    let mut t = installed().await;
    wishing(&t, "bulletin@example.fr", Cadence::Daily, "high", "");
    wishing(&t, "semaine@example.fr", Cadence::Weekly, "high", "");
    wishing(&t, "seul@example.fr", Cadence::Alert, "high", "");
    serve_flaw(&t, FLAW);
    t.crawl().await;
    t.compose_due();
    t.at("2023-08-31T06:30:00Z");
    let sent = t.send().await;
    assert_eq!((sent.sent, sent.failed), (2, 1));
    assert!(to(&t, "bulletin@example.fr").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_mails_a_day_and_what_is_beyond_is_not_lost() {
    let mut t = installed().await;
    t.config().alerts.most_a_day = 2;
    wishing(&t, "bulletin@example.fr", Cadence::Daily, "high", "");
    wishing(&t, "seul@example.fr", Cadence::Alert, "high", "");
    for n in 1..=4 {
        t.at(&format!("2023-08-30T{:02}:00:00Z", 6 + n));
        let title = format!("Vulnérabilité dans Produit{n}");
        let text = format!("Le produit numéro {n} de la maison {n}{n} est troué. Il est activement exploité.");
        t.serve("/alertes", &[alert(n, &title, &text)]);
        ticked(&t).await;
    }
    assert_eq!((to(&t, "bulletin@example.fr").len(), to(&t, "seul@example.fr").len()), (2, 2));
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
    let bulletin = texts(&t, "bulletin@example.fr").pop().expect("the bulletin");
    assert!((1..=4).all(|n| bulletin.contains(&format!("Produit{n}"))), "{bulletin}");
    // Who reads no bulletin gets the rest in one mail, when there is room again.
    t.at("2023-08-31T06:59:00Z");
    ticked(&t).await;
    assert_eq!(to(&t, "seul@example.fr").len(), 2);
    t.at("2023-08-31T07:00:00Z");
    assert!(!compose_is_idle(&t));
    ticked(&t).await;
    assert_eq!(to(&t, "seul@example.fr").len(), 3);
    assert!(to(&t, "seul@example.fr")[2].starts_with("2 alertes : "), "{:?}", to(&t, "seul@example.fr"));
    t.at("2023-09-02T07:00:00Z");
    assert!(t.compose_due().iter().all(|composed| composed.cadence != Cadence::Alert));
}

fn compose_is_idle(t: &TestApp) -> bool {
    t.app.store.read(|db| alerts::is_held(db, t.now()).map(|held| !held)).expect("a read")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_or_wants_no_more_alerts_gets_none() {
    let mut t = installed().await;
    wishing(&t, "part@example.fr", Cadence::Alert, "high", "");
    wishing(&t, "reste@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    let address = vigie::model::EmailAddress::parse("part@example.fr").expect("an address");
    subscribe::remove(&t.app, &address).expect("left");
    t.subscribe("reste@example.fr", Cadence::Daily);
    t.at("2023-08-30T08:00:00Z");
    serve_flaw(&t, &format!("{FLAW} CVE-2023-40001"));
    assert!(ticked(&t).await.composed.is_empty());
    let alerts = t.received().iter().filter(|mail| String::from_utf8_lossy(&mail.bytes).contains("List-Id")).count();
    assert_eq!(alerts, 2, "beside the goodbye to who left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_frozen_is_sent_by_the_next_program_once_and_has_its_page() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    t.crawl().await;
    let composed = t.compose_due();
    assert_eq!(composed.len(), 1);
    t = t.reopened();
    t.at("2023-08-30T06:05:00Z");
    ticked(&t).await;
    ticked(&t).await;
    assert_eq!(t.received().len(), 1);
    let page = t.app.config.publish.out.join("bulletins/2023-08-30-alert.html");
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("Vulnérabilité dans Bastide") && page.contains("<title>Alerte, "), "{page}");
    let of = |id: BulletinId| t.app.store.read(|db| bulletins::get(db, id)).expect("a read").expect("a bulletin");
    assert_eq!(of(composed[0].bulletin).cadence, Cadence::Alert);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_alerts_in_the_settings_there_are_none() {
    let mut t = installed().await;
    t.config().cadences.remove(&Cadence::Alert);
    wishing(&t, "dsi@example.fr", Cadence::Daily, "info", "");
    serve_flaw(&t, FLAW);
    assert!(ticked(&t).await.composed.is_empty());
    assert!(t.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_was_merged_into_another_is_still_known() {
    let mut t = installed().await;
    wishing(&t, "dsi@example.fr", Cadence::Daily, "high", "");
    serve_flaw(&t, FLAW);
    ticked(&t).await;
    t.at("2023-08-30T08:00:00Z");
    t.serve(
        "/textes",
        &[alert(2, "Bastide : la commune de Rives touchée", "La commune de Rives a coupé ses serveurs.")],
    );
    t.crawl().await;
    let by = Editor::named("marie").expect("a name");
    t.compose_due();
    editor::merge(&t.app, StoryId::new(2), &[StoryId::new(1)], &by, "").expect("a merger");
    raise(&t, 2, vigie::model::Severity::Critical);
    let composed = t.compose_due();
    let parts = t.app.store.read(|db| alerts::share(db, composed[0].bulletin, vigie::model::SubscriberId::new(1)));
    assert_eq!(
        parts.expect("a read").iter().map(|part| (part.story.get(), part.news)).collect::<Vec<_>>(),
        [(2, News::Update)]
    );
    let preview = compose::preview(&t.app, Cadence::Alert).expect("a look");
    assert_eq!(preview, None, "nothing waits");
    t.send().await;
}

#[test]
fn wishes_come_in_and_go_out_as_csv_and_a_wish_that_says_nothing_is_refused() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let vigie = |args: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("vigie").expect("the binary");
        command.current_dir(dir.path()).args(args).assert()
    };
    for file in ["vigie.toml", "sources.toml"] {
        std::fs::write(dir.path().join(file), "").expect("a file");
    }
    let lines = [
        "email,cadence,alerts_from,alert_words,consent_what,consent_when,consent_how",
        "a@example.fr,alert,high,\"qakbot; Fuite de données , QAKBOT\",alertes,2023-01-02,formulaire",
        "b@example.fr,daily,,,bulletin,2023-01-02,formulaire",
        "c@example.fr,alert,,,alertes,2023-01-02,formulaire",
        "d@example.fr,daily,grave,,alertes,2023-01-02,formulaire",
        "e@example.fr,daily,,le,alertes,2023-01-02,formulaire",
    ];
    std::fs::write(dir.path().join("in.csv"), lines.join("\n")).expect("a file");
    let said = vigie(&["subscribers", "import", "in.csv"]).code(3).get_output().stderr.clone();
    let said = String::from_utf8(said).expect("UTF-8");
    for told in [
        "in.csv:4: who reads alerts alone must say which",
        "in.csv:5: alerts from `grave` on: that is not",
        "in.csv:6: `le` stands in every text",
        "2 subscribers added",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let out = vigie(&["subscribers", "export"]).code(0).get_output().stdout.clone();
    let csv = String::from_utf8(out.clone()).expect("UTF-8");
    assert!(csv.contains("a@example.fr,alert,,,info,high,\"qakbot, Fuite de données\",alertes"), "{csv}");
    std::fs::write(dir.path().join("out.csv"), out).expect("a file");
    vigie(&["subscribers", "import", "out.csv"]).code(0);
    let again = vigie(&["subscribers", "export"]).code(0).get_output().stdout.clone();
    assert_eq!(String::from_utf8(again).expect("UTF-8"), csv);
    let shown = vigie(&["subscribers", "show", "a@example.fr"]).code(0).get_output().stdout.clone();
    assert!(String::from_utf8(shown).expect("UTF-8").contains("alerts: from high; qakbot, Fuite de données"));
}

/// As `sources.toml` reads the alerts of CERT-FR.
const CERT_FR: &str = r##"
[[source]]
id = "cert"
name = "CERT-FR"
url = "@WEB@/feed"
allow_private = true
section = "cybersecurite"
nature = "alerte"
authority = "issuer"
licence = "lo"
every = "30min"

[source.details]
url = "{link}json/"
kind = "json"
markup = "markdown"
title = "/title"
summary = "/summary"
content = """
{/content}

## Gestion détaillée du document

{/revisions/*/description}
"""
"##;

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_an_alert_is_watched_until_its_source_closes_it() {
    let mut t = TestApp::reading(CERT_FR).await;
    let details = |revisions: &[&str]| {
        let revisions: Vec<_> = revisions.iter().map(|what| serde_json::json!({ "description": what })).collect();
        let body = serde_json::json!({
            "title": "Vulnérabilité dans Bastide",
            "summary": FLAW,
            "content": "## Solution\n\nAppliquer le correctif de l’éditeur.",
            "revisions": revisions,
        });
        vigie::web::replay::Answer::ok("application/json", body.to_string())
    };
    wishing(&t, "dsi@example.fr", Cadence::Alert, "high", "");
    t.web.set("/alerte/1/json/", details(&["Version initiale"]));
    t.serve(
        "/feed",
        &[Item { link: t.web.url("/alerte/1/"), ..alert(1, "Vulnérabilité dans Bastide", "Une faille.") }],
    );
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr"), ["Alerte : Vulnérabilité dans Bastide"]);
    // The list stays as it is.
    t.at("2023-08-30T12:00:00Z");
    t.web.set("/alerte/1/json/", details(&["Ajout du correctif pour la version 7.2.", "Version initiale"]));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr").len(), 2);
    let text = &texts(&t, "dsi@example.fr")[1];
    assert!(text.contains("Ce qui change : Ajout du correctif pour la version 7.2."), "{text}");
    t.at("2023-10-06T07:00:00Z");
    let closed = "Clôture de l'alerte. Cela ne signifie pas la fin d'une menace.";
    t.web.set("/alerte/1/json/", details(&[closed, "Ajout du correctif pour la version 7.2.", "Version initiale"]));
    ticked(&t).await;
    assert_eq!(to(&t, "dsi@example.fr")[2..], ["Fin d’alerte : Vulnérabilité dans Bastide"]);
}
