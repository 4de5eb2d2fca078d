//! What readers see of letters.

use jiff::{
    civil::{Weekday, time},
    tz::TimeZone,
};

use super::*;
use crate::{
    model::{Cadence, Section, SectionId},
    render::LineKind,
};

fn site() -> Site {
    Site {
        name: "Veille juridique et cyber".into(),
        url: Url::parse("https://veille.exemple.fr/").ok(),
        publisher: "Centre de gestion d'Exemple".into(),
        address: "1 place de la Mairie, 00000 Exemple".into(),
        privacy: Url::parse("https://veille.exemple.fr/donnees").ok(),
        zone: TimeZone::get("Europe/Paris").unwrap(),
    }
}

/// Those that go to readers.
fn kinds() -> impl Iterator<Item = Letter> {
    Letter::ALL.into_iter().filter(|kind| *kind != Letter::Question)
}

fn trace(kind: LineKind, text: &str) -> TraceLine {
    TraceLine { kind, text: text.to_owned() }
}

fn letter_at(kind: Letter, site: &Site, leave: &str, act: Option<&str>) -> Mail {
    let address = EmailAddress::parse("c.durand@mairie.exemple.fr").unwrap();
    let from = EmailAddress::parse("veille@veille.exemple.fr").unwrap();
    let contact = EmailAddress::parse("redaction@veille.exemple.fr").unwrap();
    let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let sections = Sections::new(vec![Section { id: SectionId::parse("tic").unwrap(), name: "TIC".into() }]);
    let facts = LetterFacts {
        kind,
        address: &address,
        preferences: &Preferences::all(Cadence::Daily),
        agreed: match kind {
            Letter::Confirmation => "Je souhaite recevoir ce bulletin.",
            _ => "inscription au bulletin quotidien",
        },
        since: "2026-11-26T08:04:00Z".parse().unwrap(),
        until: Some("2026-11-28T08:04:00Z".parse().unwrap()),
        act,
        leave: Some(leave),
        from: &from,
        contact: &contact,
        rhythm: Some(&Rhythm::Days { days: week.to_vec(), at: time(7, 0, 0, 0) }),
        preferences_at: None,
        has_left: false,
        trace: &[
            trace(LineKind::Heading, "Ce qui a été envoyé à c.durand@mairie.exemple.fr"),
            trace(LineKind::Standing, "Abonnement au bulletin quotidien."),
            trace(LineKind::Sending, "Bulletin quotidien du 25 novembre 2026\u{a0}: pas remis"),
            trace(LineKind::Try, "le 25 novembre 2026 à 07\u{a0}h\u{a0}00, mx.exemple.fr"),
            trace(
                LineKind::Reply,
                "«\u{a0}550 5.7.1 Message refusé par le filtre de la mairie, demandez pourquoi à son service\u{a0}»",
            ),
            trace(LineKind::Meaning, "le filtre a refusé ce message"),
            trace(
                LineKind::Advice,
                "Demandez à votre service informatique d’accepter ce qui vient de veille@veille.exemple.fr.",
            ),
        ],
    };
    letter_mail(&Templates::embedded(), site, &sections, &facts).unwrap()
}

fn letter(kind: Letter) -> Mail {
    letter_at(kind, &site(), "https://veille.exemple.fr/desabonnement/abc", Some("https://veille.exemple.fr/x/abc"))
}

#[test]
fn the_text_parts_read_like_letters() {
    let all: Vec<String> = kinds()
        .map(|kind| {
            let mail = letter(kind);
            format!("{}\n\n{}", mail.subject, mail.text).replace('\u{a0}', "_").replace('\u{202f}', "~")
        })
        .collect();
    insta::assert_snapshot!(all.join("\n%%%%\n\n"), @r#"
    Veille juridique et cyber_: confirmez votre inscription

    Veille juridique et cyber
    =========================

    Confirmez votre inscription
    ---------------------------

    Bonjour,

    Une inscription au bulletin quotidien «~Veille juridique et cyber~» a
    été demandée le 26 novembre 2026 pour l’adresse
    c.durand@mairie.exemple.fr.

    Pour la confirmer, ouvrez cette page et appuyez sur le bouton qu’elle
    porte_:

    https://veille.exemple.fr/x/abc

    Ce lien est valable jusqu’au samedi 28 novembre 2026 à 9_h_04.

    Ce que vous acceptez_:
    > Je souhaite recevoir ce bulletin.

    Vos choix_: bulletin quotidien~; toutes les rubriques.

    Vous n’avez rien demandé~? Ne faites rien_: sans confirmation, vous ne
    recevrez aucun autre message, et cette demande sera effacée d’ici une
    semaine.

    ------------------------------------------------------------------------

    Une question~? Écrivez à redaction@veille.exemple.fr.

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.

    %%%%

    Veille juridique et cyber_: votre inscription est enregistrée

    Veille juridique et cyber
    =========================

    Votre inscription est enregistrée
    ---------------------------------

    Bonjour,

    L’adresse c.durand@mairie.exemple.fr est inscrite depuis le 26 novembre
    2026 au bulletin quotidien «~Veille juridique et cyber~».

    Ce que vous allez recevoir

      Le bulletin part du lundi au vendredi, à 7_h. S’il n’y a rien de
      nouveau, il n’y a pas de message.

      Vos choix_: bulletin quotidien~; toutes les rubriques. Pour les
      changer, écrivez à redaction@veille.exemple.fr.

      Les bulletins se lisent aussi en ligne_:
      https://veille.exemple.fr/

    Pour ne rien manquer

      Ajoutez veille@veille.exemple.fr à vos contacts. Si un bulletin
      n’arrive pas, regardez dans les indésirables, puis demandez à votre
      service informatique d’accepter cette adresse.

    Sans suivi

      Nos messages ne portent ni image ni lien qui dirait ce que vous lisez.

    ------------------------------------------------------------------------

    Vous recevez ce message à l’adresse c.durand@mairie.exemple.fr depuis le
    26 novembre 2026_: inscription au bulletin quotidien.

    Se désinscrire_:
    https://veille.exemple.fr/desabonnement/abc

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.

    %%%%

    Veille juridique et cyber_: votre désinscription est enregistrée

    Veille juridique et cyber
    =========================

    Votre désinscription est enregistrée
    ------------------------------------

    Bonjour,

    L’adresse c.durand@mairie.exemple.fr est désinscrite depuis le 26
    novembre 2026 du bulletin quotidien «~Veille juridique et cyber~». Ce
    message est le dernier.

    Vous changez d’avis~?

      Votre abonnement peut reprendre avec les mêmes choix, sur cette page_:
      https://veille.exemple.fr/x/abc

      Ce lien est valable jusqu’au samedi 28 novembre 2026 à 9_h_04.
      Ensuite, écrivez à redaction@veille.exemple.fr.

    Ce que nous gardons

      Votre adresse et la date de votre départ, afin que personne ne vous
      réinscrive à votre insu. Pour les faire effacer, écrivez à
      redaction@veille.exemple.fr.

    ------------------------------------------------------------------------

    Vous recevez ce message parce que cette adresse vient d’être
    désinscrite.

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.

    %%%%

    Veille juridique et cyber_: souhaitez-vous continuer~?

    Veille juridique et cyber
    =========================

    Souhaitez-vous continuer à recevoir ce bulletin~?
    -------------------------------------------------

    Bonjour,

    Vous recevez le bulletin quotidien «~Veille juridique et cyber~» à
    l’adresse c.durand@mairie.exemple.fr depuis le 26 novembre 2026. Nous
    reposons la question de temps en temps, pour n’écrire qu’à qui le
    souhaite encore.

    Pour continuer, ouvrez cette page et appuyez sur le bouton qu’elle
    porte_:

    https://veille.exemple.fr/x/abc

    Et sans réponse~? Vous recevrez encore le bulletin jusqu’au samedi 28
    novembre 2026 à 9_h_04. Ensuite, nous cesserons de vous écrire. Il n’y
    aura pas de rappel.

    Vos choix_: bulletin quotidien~; toutes les rubriques. Pour les changer,
    écrivez à redaction@veille.exemple.fr.

    ------------------------------------------------------------------------

    Vous recevez ce message à l’adresse c.durand@mairie.exemple.fr depuis le
    26 novembre 2026_: inscription au bulletin quotidien.

    Se désinscrire dès maintenant_:
    https://veille.exemple.fr/desabonnement/abc

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.

    %%%%

    Veille juridique et cyber_: le lien vers vos choix

    Veille juridique et cyber
    =========================

    Vos choix
    ---------

    Bonjour,

    Cette page, qui n’est qu’à vous, permet de changer vos choix, de
    suspendre vos bulletins, de voir ce que nous gardons de vous, de partir,
    ou de tout effacer_:

    https://veille.exemple.fr/x/abc

    Ce lien vaut jusqu’au samedi 28 novembre 2026 à 9_h_04. Qui le tient
    voit ce que nous gardons de vous et peut tout effacer_: ne le
    transmettez pas. Le lien au bas de vos bulletins reste valable, pour vos
    choix seulement.

    ------------------------------------------------------------------------

    Vous recevez ce message parce qu’il a été demandé pour l’adresse
    c.durand@mairie.exemple.fr. Si ce n’est pas par vous, il n’y a rien à
    faire.

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.

    %%%%

    Veille juridique et cyber_: ce que sont devenus vos bulletins

    Veille juridique et cyber
    =========================

    Ce que sont devenus vos bulletins
    ---------------------------------

    Bonjour,

    Vous avez demandé ce que sont devenus vos derniers bulletins. Si vous
    lisez ce message, c’est que nos messages vous parviennent.

    Abonnement au bulletin quotidien.

    Bulletin quotidien du 25 novembre 2026_: pas remis
      le 25 novembre 2026 à 07_h_00, mx.exemple.fr
        «_550 5.7.1 Message refusé par le filtre de la mairie, demandez
        pourquoi à son service_»
        = le filtre a refusé ce message
        → Demandez à votre service informatique d’accepter ce qui vient de
          veille@veille.exemple.fr.

    Une question~? Écrivez à redaction@veille.exemple.fr.

    ------------------------------------------------------------------------

    Vous recevez ce message parce qu’il a été demandé pour l’adresse
    c.durand@mairie.exemple.fr. Si ce n’est pas par vous, il n’y a rien à
    faire.

    Données personnelles_:
    https://veille.exemple.fr/donnees

    Publié par Centre de gestion d’Exemple, 1 place de la Mairie, 00000
    Exemple.
    "#);
}

#[test]
fn both_parts_say_the_same_and_load_nothing() {
    for kind in kinds() {
        for (leave, act) in [
            ("https://veille.exemple.fr/desabonnement/abc", Some("https://veille.exemple.fr/x/abc")),
            ("mailto:stop@veille.exemple.fr?subject=STOP", Some("https://veille.exemple.fr/x/abc")),
        ] {
            let Mail { subject, text, html } = letter_at(kind, &site(), leave, act);
            assert!(subject.chars().count() <= SUBJECT, "{subject}");
            for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(text.contains(link), "{link} is not in {text}");
            }
            for bad in ["<img", "src=", "url(", "<script", "<link", "display:none", "\u{fffd}", "&amp;amp;"] {
                assert!(!html.contains(bad), "{bad}");
            }
            assert!(html.starts_with("<!DOCTYPE html><html lang=\"fr\">"), "{html}");
            assert!(html.contains("@media (prefers-color-scheme: dark)"), "the dark scheme survives");
            assert_eq!(html.matches("<table").count(), html.matches("role=\"presentation\"").count());
            assert_eq!(html.matches("<h1").count(), 1);
            assert!(html.len() + text.len() < 20_000);
            assert!(text.lines().all(|line| line.chars().count() <= 72 || line.trim().starts_with("https:")), "{text}");
            assert!(text.contains("Centre de gestion d’Exemple, 1 place de la Mairie"));
        }
    }
}

#[test]
fn a_long_name_leaves_room_for_what_the_letter_is_about() {
    let long =
        Site { name: "Veille juridique, réglementaire et numérique des collectivités d'Exemple".into(), ..site() };
    for kind in kinds() {
        let mail = letter_at(kind, &long, "https://v.fr/d/a", Some("https://v.fr/x/a"));
        assert!(mail.subject.chars().count() <= SUBJECT && mail.subject.contains("…\u{a0}: "), "{}", mail.subject);
    }
}

#[test]
fn when_a_bulletin_leaves_is_told_in_words() {
    use Weekday::{Monday, Thursday, Tuesday};
    let days = |days: &[Weekday], minute| rhythm(&Rhythm::Days { days: days.to_vec(), at: time(7, minute, 0, 0) });
    let plain = |text: String| text.replace('\u{a0}', " ");
    assert_eq!(plain(days(&[Monday], 30)), "chaque lundi, à 7 h 30");
    assert_eq!(plain(days(&[Monday, Tuesday], 0)), "le lundi et le mardi, à 7 h");
    assert_eq!(plain(days(&[Monday, Tuesday, Thursday], 5)), "le lundi, le mardi et le jeudi, à 7 h 05");
    let month = |day| plain(rhythm(&Rhythm::Month { day, at: time(7, 30, 0, 0) }));
    assert_eq!(
        (month(1), month(15)),
        ("le 1er de chaque mois, à 7 h 30".into(), "le 15 de chaque mois, à 7 h 30".into())
    );
}
