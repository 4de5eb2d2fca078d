//! What readers are owed on their own page, whatever they did before: a pause that ends, an erasure that leaves nothing, a link in
//! each bulletin; and forms that hold against those who make them up.

use jiff::SignedDuration;
use vigie::{
    model::{Cadence, EmailAddress, RequestId, Subscriber},
    store::{requests, subscribers},
    work::{account, consent, forms, subscribe},
};

use crate::{
    app::{TestApp, item},
    served::{Letter, Site, sent},
};

const READER: &str = "c.durand@mairie.example.fr";

async fn installed() -> TestApp {
    let mut t = TestApp::watching(&["/a"]).await;
    t.config().site.url = "https://veille.example.fr/".parse().ok();
    t.config().serve.listen = "127.0.0.1:0".parse().ok();
    t
}

fn address() -> EmailAddress {
    EmailAddress::parse(READER).expect("an address")
}

fn reader(t: &TestApp) -> Option<Subscriber> {
    t.app.store.read(|db| subscribers::find(db, &address())).expect("a read")
}

/// A stamp of a form that was shown half a minute ago.
fn stamp(t: &mut TestApp) -> String {
    let now = t.now();
    t.at(&(now - SignedDuration::from_secs(30)).to_string());
    let stamp = forms::stamp(&t.app).expect("a stamp");
    t.at(&now.to_string());
    stamp
}

/// The next letter that what runs behind an answer brings.
async fn letter(t: &TestApp) -> Letter {
    for _ in 0..100 {
        if let Some(letter) = sent(t).await.pop() {
            return letter;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no letter came")
}

/// The reader's own page, from a bulletin.
async fn own(t: &TestApp) -> String {
    t.serve("/a", &[item(1, "Une dotation est notifiée", "Un texte.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let bulletin = letter(t).await;
    assert!(!bulletin.raw.contains("lectrice.inconnue"), "another's words stand in a bulletin");
    bulletin.path("preferences")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_leads_to_the_page_of_the_one_who_reads_it() {
    let t = installed().await;
    t.subscribe("autre@mairie.example.fr", Cadence::Daily);
    t.subscribe(READER, Cadence::Daily);
    t.serve("/a", &[item(1, "Une dotation est notifiée", "Un texte.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let bulletins = sent(&t).await;
    let mine = bulletins.iter().find(|bulletin| bulletin.text.contains(READER)).expect("mine");
    let site = Site::of(&t).await;
    let page = site.get(&mine.path("preferences")).await;
    assert!(page.contains("Mes choix") && page.contains(&address().masked()), "{page}");
    let paths: Vec<String> = bulletins.iter().map(|bulletin| bulletin.path("preferences")).collect();
    assert!(paths.len() == 2 && paths[0] != paths[1], "to each his own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_when_its_reader_says_so_and_needs_a_day_to_come() {
    let t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let (own, site) = (own(&t).await, Site::of(&t).await);
    for day in ["2001-01-01", "-009999-01-01", "demain", ""] {
        let refused = site.send(&own, &[("faire", "suspendre"), ("jusque", day)]).await;
        assert!(refused.starts_with("HTTP/1.1 422") && refused.contains("id=\"jusque-erreur\""), "{day}: {refused}");
    }
    let paused = site.send(&own, &[("faire", "suspendre"), ("jusque", "9999-12-31")]).await;
    assert!(paused.contains("Rien ne vous sera envoyé avant le"), "{paused}");
    let resumed = site.send(&own, &[("faire", "reprendre")]).await;
    assert!(resumed.contains("Vos bulletins reprennent"), "{resumed}");
    assert_eq!(account::paused_until(&t.app, &reader(&t).expect("a reader")).expect("a read"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_paused_is_not_asked_to_renew_and_who_left_in_a_pause_and_came_back_reads_again() {
    let mut t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let (own, site) = (own(&t).await, Site::of(&t).await);
    let until = t.now() + SignedDuration::from_hours(200 * 24);
    let until = until.to_string()[..10].to_owned();
    site.send(&own, &[("faire", "suspendre"), ("jusque", &until)]).await;
    let now = t.now() + SignedDuration::from_hours(24);
    t.at(&now.to_string());
    assert_eq!(consent::ask_renewals(&t.app, now).expect("renewals"), 0, "nothing is sent in a pause");
    site.send(&own, &[("faire", "quitter")]).await;
    sent(&t).await;
    t.at(&(now + SignedDuration::from_hours(48)).to_string());
    t.subscribe(READER, Cadence::Daily);
    t.serve("/a", &[item(2, "Un autre texte", "Un autre texte.")]);
    t.crawl().await;
    assert_eq!(t.compose(Cadence::Daily).expect("an edition").deliveries, 1);
    sent(&t).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_hold_what_was_asked_and_an_erasure_takes_it_too() {
    let mut t = installed().await;
    let (stamp, site) = (stamp(&mut t), Site::of(&t).await);
    let fields =
        [("adresse", READER), ("rythme", "daily"), ("mots", "cantine"), ("sceau", &stamp), ("faire", "abonner")];
    site.send("/abonnement", &fields).await;
    let confirmation = letter(&t).await.path("confirmation");
    site.press(&confirmation, "confirmer").await;
    // Every bulletin bears the link to choices, and bulletins are passed on: what is kept needs a link of its own.
    let choices = letter(&t).await.path("preferences");
    let page = site.get(&choices).await;
    assert!(page.contains("Recevoir ce lien") && !page.contains("effacer-demande"), "{page}");
    for what in ["effacer", "effacer-demande", "donnees", "lien"] {
        let answer = site.send(&choices, &[("faire", what)]).await;
        assert!(answer.contains("Regardez vos messages") && !answer.contains(READER), "{what}: {answer}");
    }
    assert!(reader(&t).is_some());
    let own = letter(&t).await.path("preferences");
    let data = site.send(&own, &[("faire", "donnees")]).await;
    assert!(data.contains("Je souhaite recevoir par courriel"), "the words that were agreed to: {data}");
    let id = reader(&t).expect("a reader").id;
    site.send(&own, &[("faire", "effacer")]).await;
    let left = t.app.store.read(|db| Ok((requests::get(db, RequestId::new(1))?, subscribers::get(db, id)?)));
    let (request, blank) = left.expect("a read");
    assert!(request.is_none(), "the wish bears the address");
    assert!(blank.is_none_or(|blank| blank.preferences.alerts.is_none()), "words tell of a person");
    assert!(site.get(&confirmation).await.starts_with("HTTP/1.1 404"));

    // Of one who only asked, the wish goes too.
    let other = EmailAddress::parse("autre@mairie.example.fr").expect("an address");
    let fields = [("adresse", other.as_str()), ("rythme", "daily"), ("sceau", &stamp), ("faire", "abonner")];
    site.send("/abonnement", &fields).await;
    letter(&t).await;
    assert!(subscribe::erase(&t.app, &other).expect("an erasure"));
    assert!(t.app.store.read(|db| requests::open(db, &other)).expect("a read").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_must_not_be_written_to_is_not_told_that_choices_are_kept() {
    let t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let (own, site) = (own(&t).await, Site::of(&t).await);
    t.app
        .store
        .write(|tx| {
            let cause = vigie::store::suppressions::Cause {
                ground: vigie::model::Ground::Complaint,
                why: "550",
                delivery: None,
                report: None,
            };
            vigie::store::suppressions::add(tx, &address(), &cause, t.now()).map(drop)
        })
        .expect("a suppression");
    let answer = site.send(&own, &[("faire", "changer"), ("rythme", "weekly")]).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("Nous n’écrivons plus"), "{answer}");
    assert_eq!(reader(&t).expect("a reader").preferences.cadence, Cadence::Daily);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_in_an_address_is_answered_by_a_page_of_ours() {
    let t = installed().await;
    let site = Site::of(&t).await;
    for path in ["/preferences/%FF", "/preferences/%00", "/preferences/%C3%28x", "/preferences/é%20'"] {
        for answer in [site.get(path).await, site.send(path, &[("faire", "effacer")]).await] {
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("Ce lien est incomplet"), "{path}: {answer}");
            assert!(answer.contains("content-security-policy") && !answer.contains("%FF"), "{path}: {answer}");
        }
    }
    // A browser that says only where a form comes from; ours says nothing of that (`no-referrer`).
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (origin, status) in [
        ("https://ailleurs.example", "403"),
        ("http://site.ailleurs.example", "403"),
        ("https://veille.example.fr", "422"),
        ("http://site", "422"),
        ("null", "422"),
    ] {
        let headers = format!("{form}Origin: {origin}\r\n");
        let answer = site.ask("POST", "/aide", &headers, "adresse=a").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{origin}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_cannot_name_is_not_replaced_by_what_its_client_made_up() {
    let mut t = installed().await;
    let (stamp, site) = (stamp(&mut t), Site::of(&t).await);
    let mut last = String::new();
    for n in 0..25 {
        let headers =
            format!("Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 198.51.{n}.7, unknown\r\n");
        last = site.ask("POST", "/aide", &headers, &format!("adresse=a%40b.fr&sceau={stamp}")).await;
    }
    assert!(last.starts_with("HTTP/1.1 429"), "{last}");
    // Some proxies name a port too.
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 203.0.113.9:4711\r\n";
    let other = site.ask("POST", "/aide", headers, &format!("adresse=a%40b.fr&sceau={stamp}")).await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_alerts_alone_and_let_a_renewal_pass_can_come_back_with_the_same_words() {
    let mut t = installed().await;
    let request = subscribe::Request {
        email: READER.into(),
        cadence: "alert".into(),
        alert_words: "cantine".into(),
        consent_what: "inscription".into(),
        consent_how: "papier".into(),
        ..subscribe::Request::default()
    };
    subscribe::add(&t.app, &request).expect("a reader");
    let later = |t: &mut TestApp, days: i64| {
        let at = t.now() + SignedDuration::from_hours(24 * days);
        t.at(&at.to_string());
    };
    later(&mut t, 1);
    let now = t.now();
    assert_eq!(consent::ask_renewals(&t.app, now).expect("renewals"), 1);
    let renewal = letter(&t).await.path("renouvellement");
    later(&mut t, 31);
    vigie::work::tidy::tidy(&t.app).expect("tidied");
    later(&mut t, 1);
    let site = Site::of(&t).await;
    let answer = site.press(&renewal, "renvoyer").await;
    assert!(answer.contains("Un nouveau lien vous est envoyé"), "{answer}");
    let confirmation = letter(&t).await.path("confirmation");
    assert!(site.press(&confirmation, "confirmer").await.contains("est enregistrée"));
    assert_eq!(reader(&t).expect("a reader").preferences.alerts.words, ["cantine"]);
    letter(&t).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_what_is_kept_ends_and_says_where_another_is() {
    let mut t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let (stamp, site) = (stamp(&mut t), Site::of(&t).await);
    site.send("/preferences", &[("adresse", READER), ("sceau", &stamp)]).await;
    let own = letter(&t).await.path("preferences");
    assert!(site.get(&own).await.contains("effacer-demande"));
    let late = t.now() + SignedDuration::from_hours(49);
    t.at(&late.to_string());
    let site = Site::of(&t).await;
    for answer in [site.get(&own).await, site.send(&own, &[("faire", "effacer")]).await] {
        assert!(answer.starts_with("HTTP/1.1 410") && answer.contains("n’est plus valable"), "{answer}");
        assert!(answer.contains("href=\"../preferences\""), "{answer}");
    }
    assert!(reader(&t).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_written_to_again_and_again_because_somebody_types_his_address() {
    let mut t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let mut confirmations = Vec::new();
    let (mut access, mut others) = (0, 0);
    for hour in 0..200 {
        let at = t.now() + SignedDuration::from_hours(1);
        t.at(&at.to_string());
        for asked in [
            forms::Form::Access(READER.into()),
            forms::Form::Subscribe(Box::new(subscribe::Request {
                email: "autre@mairie.example.fr".into(),
                cadence: "daily".into(),
                consent_how: "formulaire du site".into(),
                ..subscribe::Request::default()
            })),
        ] {
            forms::keep(&t.app, &asked).expect("kept");
        }
        forms::answer(&t.app);
        for letter in sent(&t).await {
            match letter.subject.contains("confirmez") {
                true => confirmations.push(letter.path("confirmation")),
                false if letter.subject.contains("vos choix") => access += 1,
                false => others += 1,
            }
        }
        if hour == 0 {
            assert_eq!((confirmations.len(), access), (1, 1), "at first each is answered");
        }
    }
    assert!(confirmations.len() <= 6 && access <= 27 && others == 0, "{} {access}", confirmations.len());
    // Whoever typed it again did not end the link that is in the mailbox.
    let site = Site::of(&t).await;
    let last = confirmations.last().expect("one");
    assert!(!site.get(last).await.contains("ne mène plus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_asked_for_is_done_by_the_next_program() {
    let t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    forms::keep(&t.app, &forms::Form::Trace(READER.into())).expect("kept");
    let site = Site::of(&t).await;
    let trace = letter(&t).await;
    assert!(trace.subject.contains("ce que sont devenus"), "{}", trace.subject);
    assert!(!trace.text.contains("Réponse à votre demande"), "it tells of itself: {}", trace.text);
    // What can never be done is not tried for ever.
    let unknown =
        subscribe::Request { email: READER.into(), cadence: "hourly".into(), ..subscribe::Request::default() };
    forms::keep(&t.app, &forms::Form::Subscribe(Box::new(unknown))).expect("kept");
    forms::answer(&t.app);
    assert!(!t.app.store.read(forms::is_waiting).expect("a read"), "and once");
    site.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_is_saved_answers_a_renewal_and_brings_nobody_back() {
    let mut t = installed().await;
    t.subscribe(READER, Cadence::Daily);
    let later = |t: &mut TestApp, days: i64| {
        let at = t.now() + SignedDuration::from_hours(24 * days);
        t.at(&at.to_string());
    };
    let own = own(&t).await;
    later(&mut t, 1);
    consent::ask_renewals(&t.app, t.now()).expect("renewals");
    letter(&t).await;
    let site = Site::of(&t).await;
    let saved = site.send(&own, &[("faire", "changer"), ("rythme", "weekly")]).await;
    assert!(saved.contains("Vos choix sont enregistrés"), "{saved}");
    later(&mut t, 31);
    vigie::work::tidy::tidy(&t.app).expect("tidied");
    assert!(reader(&t).is_some_and(|reader| reader.state == vigie::model::SubscriberState::Active), "he is not let go");
    // One who is gone by the time that his other page is sent.
    let known = reader(&t).expect("a reader");
    let wishes = subscribe::Request {
        cadence: "daily".into(),
        consent_how: "formulaire".into(),
        ..subscribe::Request::default()
    };
    subscribe::remove(&t.app, &address()).expect("he leaves");
    assert!(!account::change(&t.app, &known, &wishes).expect("an answer"));
    assert!(!account::pause(&t.app, &known, "2030-01-01".parse().expect("a day")).expect("an answer"));
    assert!(reader(&t).is_some_and(|reader| reader.state == vigie::model::SubscriberState::Left));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_reaches_who_runs_the_site_and_is_answered_to_who_asked() {
    let mut t = installed().await;
    let (stamp, site) = (stamp(&mut t), Site::of(&t).await);
    let form = site.get("/contact?page=nouvelles/12.html").await;
    assert!(form.contains("value=\"nouvelles/12.html\"") && form.contains("maxlength=\"4000\""), "{form}");
    assert!(!site.get("/contact?page=https://ailleurs.example/").await.contains("ailleurs"));
    for (text, address, field) in
        [("", READER, "message"), ("Bonjour", "maire", "adresse"), (&"x".repeat(4_001), READER, "message")]
    {
        let answer = site.send("/contact", &[("message", text), ("adresse", address), ("sceau", &stamp)]).await;
        assert!(answer.starts_with("HTTP/1.1 422") && answer.contains(&format!("id=\"{field}-erreur\"")), "{answer}");
        assert!(answer.contains("<title>Erreur :"), "{answer}");
    }
    let fields = [
        ("message", "Bonjour,\nla date est <b>fausse</b>.\r\nBcc: autre@exemple.fr"),
        ("adresse", READER),
        ("page", "nouvelles/12.html"),
        ("sceau", stamp.as_str()),
    ];
    let done = site.send("/contact", &fields).await;
    assert!(done.contains("Votre message est parti") && done.starts_with("HTTP/1.1 200"), "{done}");
    let question = letter(&t).await;
    assert!(
        question.text.contains("> la date est <b>fausse</b>.")
            && question.text.contains("https://veille.example.fr/nouvelles/12.html"),
        "{}",
        question.text
    );
    assert!(
        question.raw.contains(&format!("Reply-To: {READER}"))
            || question.raw.contains(&format!("Reply-To: <{READER}>")),
        "{}",
        question.raw
    );
    let (head, _) = question.raw.split_once("\r\n\r\n").expect("a head");
    assert!(!head.contains("autre@exemple.fr") && !head.contains("List-Unsubscribe"), "{head}");
}
