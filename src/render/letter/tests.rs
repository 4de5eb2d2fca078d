//! What readers see of letters.

use jiff::{
    civil::{Weekday, time},
    tz::TimeZone,
};

use super::*;
use crate::model::{Cadence, Section, SectionId};

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
            Letter::Welcome | Letter::Goodbye | Letter::Renewal => "inscription au bulletin quotidien",
        },
        since: "2026-11-26T08:04:00Z".parse().unwrap(),
        until: Some("2026-11-28T08:04:00Z".parse().unwrap()),
        act,
        leave: Some(leave),
        from: &from,
        contact: &contact,
        rhythm: Some(&Rhythm::Days { days: week.to_vec(), at: time(7, 0, 0, 0) }),
    };
    letter_mail(&Templates::embedded(), site, &sections, &facts).unwrap()
}

fn letter(kind: Letter) -> Mail {
    letter_at(kind, &site(), "https://veille.exemple.fr/desabonnement/abc", Some("https://veille.exemple.fr/x/abc"))
}

#[test]
fn the_text_parts_read_like_letters() {
    let all: Vec<String> = Letter::ALL
        .into_iter()
        .map(|kind| {
            let mail = letter(kind);
            format!("{}\n\n{}", mail.subject, mail.text).replace('\u{a0}', "_").replace('\u{202f}', "~")
        })
        .collect();
    insta::assert_snapshot!(all.join("\n%%%%\n\n"), @"");
}

#[test]
fn both_parts_say_the_same_and_load_nothing() {
    for kind in Letter::ALL {
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
    for kind in Letter::ALL {
        let mail = letter_at(kind, &long, "https://v.fr/d/a", Some("https://v.fr/x/a"));
        assert!(mail.subject.chars().count() <= SUBJECT && mail.subject.contains("… : "), "{}", mail.subject);
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
