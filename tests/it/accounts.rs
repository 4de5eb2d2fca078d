//! Readers by themselves: they subscribe, choose, pause, see what is kept, ask why nothing comes, and leave; over real HTTP.

use jiff::SignedDuration;
use vigie::{
    model::{Cadence, EmailAddress, Nature, Severity, Subscriber, SubscriberState},
    store::subscribers,
    work::forms,
};

use crate::{
    app::{TestApp, item},
    served::{Site, sent},
};

const READER: &str = "c.durand@mairie.example.fr";

/// An installation whose readers reach it at `https://veille.example.fr/`.
async fn installed() -> TestApp {
    let mut t = TestApp::watching(&["/a"]).await;
    t.config().site.url = "https://veille.example.fr/".parse().ok();
    t.config().serve.listen = "127.0.0.1:0".parse().ok();
    t
}

/// A stamp of a form that was shown so many seconds ago.
fn stamp(t: &mut TestApp, ago: i64) -> String {
    let now = t.now();
    t.at(&(now - SignedDuration::from_secs(ago)).to_string());
    let stamp = forms::stamp(&t.app).expect("a stamp");
    t.at(&now.to_string());
    stamp
}

fn reader(t: &TestApp) -> Option<Subscriber> {
    let address = EmailAddress::parse(READER).expect("an address");
    t.app.store.read(|db| subscribers::find(db, &address)).expect("a read")
}

/// Letters that what runs behind an answer brings, within a moment.
async fn letters(t: &TestApp, wanted: usize) -> Vec<crate::served::Letter> {
    let mut all = Vec::new();
    for _ in 0..100 {
        all.extend(sent(t).await);
        if all.len() >= wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    all
}

/// The body of an answer, without what changes from one to the next.
fn body(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let mut parts = body.split("name=\"sceau\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('"').map_or("", |(_, rest)| rest))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_comes_in_chooses_pauses_and_leaves_by_himself() {
    let mut t = installed().await;
    let stamp = stamp(&mut t, 30);
    let site = Site::of(&t).await;
    let form = site.get("/abonnement?mots=qakbot&rubrique=finances&adresse=x%40y.fr").await;
    assert!(form.contains("value=\"qakbot\"") && form.contains("value=\"finances\" checked"), "{form}");
    assert!(!form.contains("x@y.fr"), "no address comes from a link");
    let fields = [
        ("adresse", READER),
        ("rythme", "daily"),
        ("nature", "alerte"),
        ("nature", "actu"),
        ("gravite", "info"),
        ("alerte", "critical"),
        ("sceau", &stamp),
        ("faire", "abonner"),
    ];
    let done = site.send("/abonnement", &fields).await;
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("Regardez vos messages"), "{done}");
    assert!(!done.to_ascii_lowercase().contains("set-cookie") && done.contains("cache-control: no-store"));
    assert!(reader(&t).is_none(), "nobody is a reader before saying so by mail");
    let confirmation = letters(&t, 1).await.remove(0);
    assert!(site.press(&confirmation.path("confirmation"), "confirmer").await.contains("est enregistrée"));
    let known = reader(&t).expect("a reader");
    assert_eq!(known.preferences.natures.iter().copied().collect::<Vec<_>>(), [Nature::Alerte, Nature::Actu]);
    assert_eq!(known.preferences.alerts.from, Some(Severity::Critical));
    assert!(known.consent.how.starts_with("formulaire du site, demande 1"), "the proof: {}", known.consent.how);

    // The welcome leads to one's own page.
    let own = letters(&t, 1).await.remove(0).path("preferences");
    let page = site.get(&own).await;
    assert!(
        page.contains("Mes choix") && page.contains("value=\"alerte\" checked") && !page.contains(READER),
        "{page}"
    );
    let changed =
        site.send(&own, &[("faire", "changer"), ("rythme", "weekly"), ("gravite", "high"), ("mots", "dotation")]).await;
    assert!(changed.contains("Vos choix sont enregistrés"), "{changed}");
    let now = reader(&t).expect("a reader").preferences;
    assert_eq!((now.cadence, now.least_severity, now.natures.len()), (Cadence::Weekly, Severity::High, 0));
    assert_eq!(reader(&t).map(|reader| reader.consent), Some(known.consent), "what was agreed to stays the proof");
    let wrong = site.send(&own, &[("faire", "changer"), ("rythme", "alert")]).await;
    assert!(wrong.starts_with("HTTP/1.1 422"), "{wrong}");
    assert_eq!(reader(&t).expect("a reader").preferences.cadence, Cadence::Weekly);

    // A pause ends what waits, and what comes until its day.
    site.send(&own, &[("faire", "changer"), ("rythme", "daily")]).await;
    let paused = site.send(&own, &[("faire", "suspendre"), ("jusque", "2023-09-10")]).await;
    assert!(paused.contains("avant le dimanche 10 septembre 2023"), "{paused}");
    t.serve("/a", &[item(1, "Pendant la pause", "Un texte.")]);
    t.crawl().await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").deliveries, 0);
    t.at("2023-09-10T06:00:00Z");
    t.serve("/a", &[item(2, "Après la pause", "Un autre texte.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let bulletins = sent(&t).await;
    assert_eq!(bulletins.len(), 1);
    assert!(bulletins[0].text.contains("Après la pause") && !bulletins[0].text.contains("Pendant la pause"));
    site.stopped().await;

    let site = Site::of(&t).await;
    site.send(&own, &[("faire", "lien")]).await;
    let all = letters(&t, 1).await.remove(0).path("preferences");
    let data = site.send(&all, &[("faire", "donnees")]).await;
    assert!(data.contains("content-disposition: attachment") && data.contains(READER) && data.contains("\"consents\""));
    let left = site.send(&own, &[("faire", "quitter")]).await;
    assert!(left.contains("n’est plus inscrite"), "{left}");
    assert_eq!(reader(&t).map(|reader| reader.state), Some(SubscriberState::Left));
    // What is kept of whoever left is still his to see, and to have erased; nothing else is.
    assert!(site.get(&own).await.contains("n’est plus inscrite"));
    let data = site.send(&all, &[("faire", "donnees")]).await;
    assert!(data.contains("content-disposition: attachment") && data.contains(READER), "{data}");
    for (link, fields) in [
        (&all, &[("faire", "changer"), ("rythme", "daily"), ("gravite", "info")][..]),
        (&all, &[("faire", "suspendre"), ("jusque", "2023-12-10")]),
        (&own, &[("faire", "reprendre")]),
    ] {
        assert!(site.send(link, fields).await.contains("n’est plus inscrite"), "{fields:?}");
        assert_eq!(reader(&t).map(|reader| reader.state), Some(SubscriberState::Left), "{fields:?}");
    }
    assert!(site.send(&own, &[("faire", "effacer")]).await.contains("Regardez vos messages"));
    assert!(reader(&t).is_some(), "the link of a bulletin erases nothing");
    assert!(site.send(&all, &[("faire", "effacer")]).await.contains("Tout est effacé"));
    assert!(reader(&t).is_none());
    // Nor does the file of the database hold it, in what was overwritten.
    site.stopped().await;
    for file in std::fs::read_dir(&t.app.config.data).expect("the folder").map(|entry| entry.expect("a file").path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = bytes.windows(READER.len()).filter(|part| part.eq_ignore_ascii_case(READER.as_bytes())).count();
        assert_eq!(found, 0, "{}", file.display());
    }
    let site = Site::of(&t).await;
    let nothing = site.get(&all).await;
    assert!(nothing.contains("Rien n’est plus gardé"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_is_led_to_what_is_kept() {
    let mut t = installed().await;
    let stamp = stamp(&mut t, 30);
    let site = Site::of(&t).await;
    let subscribed = [("adresse", READER), ("rythme", "daily"), ("sceau", stamp.as_str()), ("faire", "abonner")];
    site.send("/abonnement", &subscribed).await;
    let confirmation = letters(&t, 1).await.remove(0);
    site.press(&confirmation.path("confirmation"), "confirmer").await;
    let own = letters(&t, 1).await.remove(0).path("preferences");
    site.send(&own, &[("faire", "quitter")]).await;
    let goodbye = letters(&t, 1).await.remove(0);
    assert!(
        goodbye.text.contains("désinscrite") && site.get(&goodbye.path("preferences")).await.contains("HTTP/1.1 200")
    );
    site.send("/preferences", &[("adresse", READER), ("sceau", &stamp)]).await;
    let access = letters(&t, 1).await.remove(0);
    assert!(access.text.contains("Vous n’êtes plus inscrit") && !access.text.contains("bas de vos bulletins"));
    let page = site.get(&access.path("preferences")).await;
    assert!(page.contains("value=\"donnees\"") && !page.contains("value=\"changer\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chooses_is_shown_what_would_have_come() {
    let mut t = installed().await;
    let stamp = stamp(&mut t, 30);
    t.serve(
        "/a",
        &[
            item(1, "Faille dans Bastide", "Un correctif est publié."),
            item(2, "Faille dans Ponceau", "Mettez à jour Ponceau."),
            item(3, "Le budget", "Le vote du budget primitif approche."),
        ],
    );
    t.crawl().await;
    let site = Site::of(&t).await;
    let bulletin = ["Bastide", "Ponceau", "Le budget"];
    for (choice, wanted) in [
        (&[("rythme", "weekly")][..], &bulletin[..]),
        (&[("rythme", "daily"), ("mots", "ponceau")], &bulletin),
        (&[("rythme", "daily"), ("gravite", "critical")], &[]),
        // Without a bulletin, what would have been an alert.
        (&[("rythme", "alert"), ("mots", "ponceau, qakbot")], &["Ponceau"]),
        (&[("rythme", "alert"), ("alerte", "critical"), ("mots", "qakbot")], &[]),
    ] {
        let fields = [choice, &[("sceau", stamp.as_str()), ("faire", "apercu")]].concat();
        let page = site.send("/abonnement", &fields).await;
        let (_, shown) = page.split_once("id=\"apercu\"").unwrap_or_else(|| panic!("{page}"));
        for title in bulletin {
            assert_eq!(shown.contains(title), wanted.contains(&title), "{choice:?}: {title} in {shown}");
        }
    }
    assert!(sent(&t).await.is_empty() && reader(&t).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_answers_alike_for_every_address_and_writes_to_nobody_twice() {
    let mut t = installed().await;
    let stamp = stamp(&mut t, 30);
    t.subscribe("connue@mairie.example.fr", Cadence::Daily);
    t.subscribe("partie@mairie.example.fr", Cadence::Daily);
    let gone = EmailAddress::parse("partie@mairie.example.fr").expect("an address");
    vigie::work::subscribe::suppress(&t.app, &gone, "retour").expect("a suppression");
    let site = Site::of(&t).await;
    let mut answers = Vec::new();
    for address in ["connue@mairie.example.fr", "partie@mairie.example.fr", "nouvelle@mairie.example.fr"] {
        let fields = [("adresse", address), ("rythme", "daily"), ("sceau", &stamp), ("faire", "abonner")];
        answers.push(body(&site.send("/abonnement", &fields).await));
        for page in ["/preferences", "/aide"] {
            let answer = site.send(page, &[("adresse", address), ("sceau", &stamp)]).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("Regardez vos messages"), "{answer}");
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // One who reads gets the link to choices and the trace, each once; a new address a question; one that must not be written to
    // nothing.
    let letters = letters(&t, 3).await;
    let mut subjects: Vec<&str> = letters.iter().map(|letter| letter.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Vigie : ce que sont devenus vos bulletins",
            "Vigie : confirmez votre inscription",
            "Vigie : le lien vers vos choix"
        ]
    );
    assert!(!letters.iter().any(|letter| letter.raw.contains("partie@")));
    assert!(
        site.get(&letters.iter().find(|l| l.subject.contains("lien")).expect("it").path("preferences"))
            .await
            .contains("Mes choix")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_fill_in_forms_are_not_served() {
    let mut t = installed().await;
    let (old, young, good) = (stamp(&mut t, 90_000), stamp(&mut t, 0), stamp(&mut t, 60));
    let site = Site::of(&t).await;
    let with = |stamp: &str, trap: &str| {
        let fields = [("adresse", READER), ("rythme", "daily"), ("sceau", stamp), ("site_web", trap)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    for stamp in [old.as_str(), young.as_str(), "", "AAAA", "é"] {
        let fields = with(stamp, "");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = site.send("/abonnement", &fields).await;
        assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("envoyez de nouveau"), "{stamp}: {answer}");
        assert!(answer.contains(&format!("value=\"{READER}\"")), "what was filled in stays");
    }
    let fields = with(&good, "http://spam.example/");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(site.send("/abonnement", &fields).await.contains("Regardez vos messages"));
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(sent(&t).await.is_empty());
    // From one network, so many an hour.
    let mut last = String::new();
    for _ in 0..25 {
        last = site.send("/aide", &[("adresse", "a@b.fr"), ("sceau", &good)]).await;
    }
    assert!(last.starts_with("HTTP/1.1 429") && last.contains("Trop de demandes"), "{last}");
    // A proxy of ours says for whom it asks.
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 198.51.100.7, 203.0.113.9\r\n";
    let other = site.ask("POST", "/aide", headers, &format!("adresse=a%40b.fr&sceau={good}")).await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    let foreign = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: cross-site\r\n";
    assert!(site.ask("POST", "/abonnement", foreign, "adresse=a%40b.fr").await.starts_with("HTTP/1.1 403"));
    assert!(site.ask("POST", "/abonnement", "", &"x".repeat(40_000)).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_link_to_choices_that_leads_nowhere_says_what_to_do() {
    let mut t = installed().await;
    let stamp = stamp(&mut t, 30);
    t.subscribe(READER, Cadence::Daily);
    let site = Site::of(&t).await;
    site.send("/preferences", &[("adresse", READER), ("sceau", &stamp)]).await;
    let own = letters(&t, 1).await.remove(0).path("preferences");
    let cut = &own[..own.len() - 1];
    for answer in [site.get(cut).await, site.send(cut, &[("faire", "effacer")]).await] {
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("Ce lien est incomplet"), "{answer}");
    }
    // A token to leave is none to choose.
    let other = own.replace("/preferences/", "/desabonnement/");
    assert!(site.get(&other).await.starts_with("HTTP/1.1 400"));
    let asked = site.send(&own, &[("faire", "effacer-demande")]).await;
    assert!(asked.contains("sans retour") && reader(&t).is_some(), "{asked}");
    assert!(site.send(&own, &[("faire", "effacer")]).await.contains("Tout est effacé"));
    assert!(reader(&t).is_none_or(|reader| reader.address.as_str() != READER));
    let after = site.get(&own).await;
    assert!(after.contains("ne mène plus à rien") || after.contains("n’est plus inscrite"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_promises_a_letter_that_could_not_lead_back() {
    let mut t = installed().await;
    t.config().site.url = "http://veille.example.fr/".parse().ok();
    let stamp = stamp(&mut t, 30);
    let site = Site::of(&t).await;
    assert!(site.get("/abonnement").await.contains("n’est pas ouverte ici"));
    let fields = [("adresse", READER), ("rythme", "daily"), ("sceau", stamp.as_str()), ("faire", "abonner")];
    let answer = site.send("/abonnement", &fields).await;
    assert!(answer.starts_with("HTTP/1.1 503") && !answer.contains("Regardez vos messages"), "{answer}");
}
