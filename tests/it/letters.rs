//! The way in and out: letters, the links in them, and the pages that answer, over real HTTP.

use jiff::{SignedDuration, Timestamp};
use vigie::{
    model::{Cadence, EmailAddress, SubscriberState},
    store::subscribers,
    work::{
        consent::{self, Invited},
        letters, publish, subscribe, tidy,
    },
};

use crate::{
    app::{MORNING, TestApp, item},
    served::{Letter, Site, sent},
};

const READER: &str = "c.durand@mairie.example.fr";

/// An installation whose readers reach it at `https://veille.example.fr/`.
async fn installed() -> TestApp {
    let mut t = TestApp::watching(&["/a"]).await;
    t.config().site.url = "https://veille.example.fr/".parse().ok();
    t.config().serve.listen = "127.0.0.1:0".parse().ok();
    publish::publish(&t.app, None).expect("a folder");
    t
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn state(t: &TestApp, of: &str) -> Option<SubscriberState> {
    t.app.store.read(|db| subscribers::find(db, &address(of))).expect("a read").map(|reader| reader.state)
}

fn invite(t: &TestApp) -> Invited {
    let request = subscribe::Request {
        email: READER.into(),
        natures: "alerte avis".into(),
        consent_how: "formulaire du site".into(),
        ..subscribe::Request::default()
    };
    consent::invite(&t.app, &request).expect("a wish")
}

fn later(t: &TestApp, hours: i64) -> String {
    let at: Timestamp = t.now();
    at.checked_add(SignedDuration::from_hours(hours)).expect("an instant").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invited_becomes_a_reader_by_pressing_a_button_and_not_before() {
    let t = installed().await;
    assert!(matches!(invite(&t), Invited::Asked(_)));
    assert_eq!(invite(&t), Invited::Recently, "nobody is written to twice");
    let letters = sent(&t).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "Vigie : confirmez votre inscription");
    for words in [
        "demandée le 30 août 2023",
        "Je souhaite recevoir",
        "natures « Alertes », « Avis de sécurité »",
        "vendredi 1er septembre 2023 à 7 h 30",
    ] {
        assert!(
            vigie::text::collapse(&letters[0].text.replace("> ", "")).contains(words),
            "{words}: {}",
            letters[0].text
        );
    }
    assert!(!letters[0].raw.contains("List-Unsubscribe"), "who is no reader is on no list");

    let site = Site::of(&t).await;
    let path = letters[0].path("confirmation");
    let page = site.get(&path).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Confirmer mon inscription"), "{page}");
    for (name, value) in [
        ("content-security-policy", "form-action 'self'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert!(page.lines().any(|line| line.starts_with(name) && line.contains(value)), "{name}: {page}");
    }
    assert!(!page.contains("set-cookie") && !page.contains("<script") && !page.contains(READER), "{page}");
    assert_eq!(state(&t, READER), None, "a scanner of mail opens every link");

    let foreign = site.ask("POST", &path, "Sec-Fetch-Site: cross-site\r\n", "confirmer=oui").await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    assert_eq!(state(&t, READER), None);

    let page = site.press(&path, "confirmer").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Votre inscription est enregistrée"), "{page}");
    let again = site.press(&path, "confirmer").await;
    assert!(again.contains("déjà enregistrée"), "{again}");
    let reader = t.app.store.read(|db| subscribers::find(db, &address(READER))).expect("a read").expect("a reader");
    assert_eq!((reader.state, reader.preferences.natures.len()), (SubscriberState::Active, 2));
    assert_eq!(reader.consent.what, "inscription au bulletin quotidien");
    for words in ["formulaire du site", "30 août 2023", "confirmée par le lien", "texte 2026-11"] {
        assert!(reader.consent.how.contains(words), "{words}: {}", reader.consent.how);
    }

    let letters = sent(&t).await;
    assert_eq!(letters.len(), 1, "one welcome");
    assert_eq!(letters[0].subject, "Vigie : votre inscription est enregistrée");
    assert!(letters[0].text.contains("du lundi au vendredi, à 7 h"), "{}", letters[0].text);
    assert!(letters[0].raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
    assert!(matches!(invite(&t), Invited::Subscribed(_)));
    assert!(sent(&t).await.is_empty());
    site.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_lets_go_at_once_and_one_goodbye_says_so() {
    let t = installed().await;
    t.serve("/a", &[item(1, "Alerte : une faille dans un pare-feu des communes", "Une faille.")]);
    t.crawl().await;
    t.subscribe(READER, Cadence::Daily);
    t.subscribe("autre@mairie.example.fr", Cadence::Daily);
    assert_eq!(t.compose(Cadence::Daily).map(|composed| composed.deliveries), Some(2));
    let bulletins = sent(&t).await;
    let path = bulletins.iter().find(|letter| letter.raw.contains(READER)).expect("a bulletin").path("desabonnement");
    for bulletin in &bulletins {
        for header in [
            "List-Unsubscribe: \r\n <https://veille.example.fr/desabonnement/",
            "<mailto:veille@example.fr?subject=STOP>",
            "List-Unsubscribe-Post: ",
            "Feedback-ID: ",
            "List-Help: <https://veille.example.fr/a-propos.html>",
        ] {
            assert!(bulletin.raw.contains(header), "{header}: {}", bulletin.raw);
        }
    }
    assert_ne!(bulletins[0].path("desabonnement"), bulletins[1].path("desabonnement"));

    // What is queued when the reader leaves is not sent.
    t.serve("/a", &[item(2, "Avis : une faille dans un tableur des mairies", "Une autre faille.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let site = Site::of(&t).await;
    let page = site.get(&path).await;
    assert!(page.contains("Me désinscrire") && page.contains("c***@m***.fr"), "{page}");
    assert_eq!(state(&t, READER), Some(SubscriberState::Active), "looking changes nothing");

    let answer = site.one_click(&path).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-type: text/plain"), "{answer}");
    assert!(!answer.contains("set-cookie") && !answer.contains("location:"), "{answer}");
    assert_eq!(state(&t, READER), Some(SubscriberState::Left));
    for _ in 0..2 {
        assert!(site.one_click(&path).await.starts_with("HTTP/1.1 200"), "twice is the same as once");
    }
    assert!(site.press(&path, "quitter").await.contains("n’est plus inscrite"));
    let letters = sent(&t).await;
    let to_reader: Vec<&Letter> = letters.iter().filter(|letter| letter.raw.contains(READER)).collect();
    assert_eq!(to_reader.len(), 1, "the goodbye, and no bulletin");
    assert_eq!(to_reader[0].subject, "Vigie : votre désinscription est enregistrée");
    assert_eq!(letters.len(), 2, "the other reader's bulletin leaves");

    // Coming back by that letter, and leaving again: no second goodbye in a month.
    let back = to_reader[0].path("renouvellement");
    site.stopped().await;
    let mut t = t;
    t.at(&later(&t, 1));
    let site = Site::of(&t).await;
    assert!(site.get(&back).await.contains("Reprendre mon abonnement"));
    assert_eq!(state(&t, READER), Some(SubscriberState::Left));
    assert!(site.press(&back, "continuer").await.contains("Votre abonnement continue"));
    assert_eq!(state(&t, READER), Some(SubscriberState::Active));
    site.stopped().await;
    t.at(&later(&t, 1));
    let site = Site::of(&t).await;
    // As mail programs send it in MIME.
    let mime = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let headers = "Content-Type: multipart/form-data; boundary=x\r\nSec-Fetch-Site: cross-site\r\n";
    let answer = site.ask("POST", &path, headers, mime).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain"), "{answer}");
    assert_eq!(state(&t, READER), Some(SubscriberState::Left));
    assert!(sent(&t).await.is_empty());
    // The link of the former goodbye does not bring back who left since.
    let expired = site.press(&back, "continuer").await;
    assert!(expired.starts_with("HTTP/1.1 410"), "{expired}");
    assert_eq!(state(&t, READER), Some(SubscriberState::Left));
    site.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_goodbye_where_it_is_turned_off_or_nothing_may_be_written() {
    let mut t = TestApp::with_settings(&["/a"], "[letters]\ngoodbye = false\n", Default::default()).await;
    t.subscribe(READER, Cadence::Daily);
    subscribe::remove(&t.app, &address(READER)).expect("left");
    assert!(sent(&t).await.is_empty());
    t.config().letters = Default::default();
    t.subscribe("b@mairie.example.fr", Cadence::Daily);
    subscribe::suppress(&t.app, &address("b@mairie.example.fr"), "essai").expect("suppressed");
    assert!(sent(&t).await.is_empty());
    // Without a site that answers, the way back is a person.
    t.subscribe("d@mairie.example.fr", Cadence::Daily);
    subscribe::remove(&t.app, &address("d@mairie.example.fr")).expect("left");
    let letters = sent(&t).await;
    assert_eq!(letters.len(), 1);
    assert!(
        letters[0].text.contains("Écrivez à veille@example.fr") && !letters[0].text.contains("https://"),
        "{}",
        letters[0].text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_link_that_leads_nowhere_says_why_and_what_to_do() {
    let mut t = installed().await;
    invite(&t);
    let path = sent(&t).await[0].path("confirmation");
    let site = Site::of(&t).await;
    for broken in [
        path[..path.len() - 1].to_owned(),
        path.replace("/confirmation/", "/renouvellement/"),
        format!("{path}%C3"),
        "/confirmation/x".into(),
        path.replace("/confirmation/", "/desabonnement/"),
    ] {
        for answer in [site.get(&broken).await, site.press(&broken, "confirmer").await] {
            assert!(
                answer.starts_with("HTTP/1.1 400") && answer.contains("Ce lien est incomplet"),
                "{broken}: {answer}"
            );
        }
    }
    let delete = site.ask("DELETE", &path, "", "").await;
    assert!(delete.starts_with("HTTP/1.1 405") && delete.contains("allow: GET, HEAD, POST"), "{delete}");
    let large = site.ask("POST", &path, "", &"x".repeat(9_000)).await;
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    assert!(site.get("/").await.contains(">Vigie</h1>"), "the front page");
    assert!(site.get("/rien").await.starts_with("HTTP/1.1 404"));
    site.stopped().await;

    // After two days the link is refused, and another can be had.
    t.at(&later(&t, 49));
    let site = Site::of(&t).await;
    let page = site.get(&path).await;
    assert!(page.starts_with("HTTP/1.1 410") && page.contains("Recevoir un nouveau lien"), "{page}");
    assert!(site.press(&path, "confirmer").await.starts_with("HTTP/1.1 410"));
    assert_eq!(state(&t, READER), None);
    assert!(sent(&t).await.is_empty());
    let page = site.press(&path, "renvoyer").await;
    assert!(page.contains("Un nouveau lien vous est envoyé"), "{page}");
    let letters = sent(&t).await;
    assert_eq!(letters.len(), 1);
    let anew = letters[0].path("confirmation");
    assert!(site.get(&path).await.starts_with("HTTP/1.1 410"), "the former link stays what it was");
    assert!(site.get(&anew).await.contains("Alertes"), "with the same wishes");
    site.stopped().await;

    // What nobody confirmed is forgotten after a week.
    t.at(&later(&t, 8 * 24));
    tidy::tidy(&t.app).expect("tidied");
    let site = Site::of(&t).await;
    let page = site.get(&anew).await;
    assert!(page.starts_with("HTTP/1.1 404") && page.contains("n’existe plus"), "{page}");
    site.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_nobody_wants_any_more_is_not_sent() {
    let mut t = installed().await;
    invite(&t);
    t.at(&later(&t, 25));
    assert!(sent(&t).await.is_empty(), "less than a day would be left for its link");
    t.at(MORNING);
    t.subscribe("b@mairie.example.fr", Cadence::Daily);
    subscribe::remove(&t.app, &address("b@mairie.example.fr")).expect("left");
    t.at(&later(&t, 1));
    t.subscribe("b@mairie.example.fr", Cadence::Daily);
    assert!(sent(&t).await.is_empty(), "the reader is back before the goodbye leaves");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_a_renewal_is_let_go_and_who_does_stays() {
    let mut t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    t.subscribe("silence@mairie.example.fr", Cadence::Weekly);
    t.at(&later(&t, 800 * 24));
    t.subscribe("nouveau@mairie.example.fr", Cadence::Daily);
    let two_years = t.now().checked_sub(SignedDuration::from_hours(730 * 24)).expect("an instant");
    assert_eq!(consent::ask_renewals(&t.app, two_years).expect("asked"), 2);
    assert_eq!(consent::ask_renewals(&t.app, two_years).expect("asked"), 0, "no reminder");
    let letters = sent(&t).await;
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].subject, "Vigie : souhaitez-vous continuer ?");
    let text = vigie::text::collapse(&letters[0].text);
    assert!(text.contains("Ensuite, nous cesserons de vous écrire. Il n’y aura pas de rappel."), "{text}");
    let path = letters.iter().find(|letter| letter.raw.contains(READER)).expect("a letter").path("renouvellement");
    let silent = letters.iter().find(|letter| letter.raw.contains("silence")).expect("a letter").path("renouvellement");

    let site = Site::of(&t).await;
    assert!(site.get(&path).await.contains("Continuer à recevoir le bulletin"));
    let page = site.press(&path, "continuer").await;
    assert!(page.contains("Votre abonnement continue"), "{page}");
    site.press(&path, "continuer").await;
    let consents = |t: &TestApp| {
        t.app.store.read(|db| {
            let reader = subscribers::find(db, &address(READER))?.expect("a reader");
            subscribers::consents(db, reader.id)
        })
    };
    let given = consents(&t).expect("consents");
    assert_eq!(given.len(), 2, "one consent more, once");
    assert!(given[1].how.contains("renouvelé") && given[1].when == t.now());
    site.stopped().await;

    t.at(&later(&t, 31 * 24));
    tidy::tidy(&t.app).expect("tidied");
    assert_eq!(state(&t, READER), Some(SubscriberState::Active));
    assert_eq!(state(&t, "nouveau@mairie.example.fr"), Some(SubscriberState::Active));
    assert_eq!(state(&t, "silence@mairie.example.fr"), Some(SubscriberState::Left));
    assert!(sent(&t).await.is_empty(), "the letter said so: there is no other");
    let site = Site::of(&t).await;
    let page = site.press(&silent, "continuer").await;
    assert!(page.starts_with("HTTP/1.1 410") && page.contains("Recevoir un nouveau lien"), "{page}");
    site.press(&silent, "renvoyer").await;
    let letters = sent(&t).await;
    assert!(letters.len() == 1 && letters[0].subject.contains("confirmez"), "the way back is a new consent");
    site.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_no_answer_could_come() {
    let t = TestApp::watching(&["/a"]).await;
    let request = subscribe::Request { email: READER.into(), consent_how: "x".into(), ..subscribe::Request::default() };
    let error = consent::invite(&t.app, &request).expect_err("refused").to_string();
    assert!(error.contains("hint: set `listen` under `[serve]`"), "{error}");
    assert!(consent::ask_renewals(&t.app, t.now()).is_err());
    t.subscribe(READER, Cadence::Daily);
    let reader = t.app.store.read(|db| subscribers::find(db, &address(READER))).expect("a read").expect("a reader");
    assert_eq!(letters::leave_links(&t.app, reader.id), ["mailto:veille@example.fr?subject=STOP"]);
    subscribe::suppress(&t.app, &address("non@mairie.example.fr"), "essai").expect("suppressed");
    let mut t = t;
    t.config().site.url = "https://veille.example.fr/".parse().ok();
    t.config().serve.listen = "127.0.0.1:0".parse().ok();
    let request = subscribe::Request { email: "non@mairie.example.fr".into(), ..request };
    assert_eq!(consent::invite(&t.app, &request).expect("looked at"), Invited::Suppressed);
    assert!(sent(&t).await.is_empty());
}
