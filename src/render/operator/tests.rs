use super::*;
use crate::alarm::{Tally, Weather};

const SINCE: &str = "2026-11-23T18:56:00Z";

fn site() -> Site {
    Site {
        name: "Veille".into(),
        url: None,
        publisher: "Centre de gestion".into(),
        address: String::new(),
        privacy: None,
        zone: jiff::tz::TimeZone::get("Europe/Paris").unwrap(),
    }
}

fn line(id: &str, kind: AlarmKind, detail: &str) -> OperatorLine {
    OperatorLine {
        id: SourceId::parse(id).unwrap(),
        name: format!("Source {id}"),
        alarm: Alarm { kind, since: SINCE.parse().unwrap(), detail: detail.into() },
        ended: None,
        next: None,
        every: Some(Duration::from_secs(1_800)),
    }
}

fn ended(line: OperatorLine) -> OperatorLine {
    OperatorLine { ended: Some("2026-11-25T07:05:00Z".parse().unwrap()), ..line }
}

fn mail(began: Vec<OperatorLine>, ended: Vec<OperatorLine>, open: &[(&str, AlarmKind)], options: &str) -> Mail {
    let open = open.iter().map(|(id, kind)| (SourceId::parse(id).unwrap(), *kind));
    let news =
        OperatorNews { network: None, began, ended, storms: vec![], open: open.collect(), options: options.into() };
    let Mail { subject, text, html } = operator_mail(&Templates::embedded(), &news, &site()).unwrap();
    let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
    Mail { subject: plain(subject), text: plain(text), html: plain(html) }
}

/// One alarm that begins, its lines joined.
fn told(line: OperatorLine) -> String {
    let kind = line.alarm.kind;
    let text = mail(vec![line], vec![], &[("a", kind)], "").text;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_over_is_told_in_the_past_and_nothing_is_promised() {
    let mail = mail(vec![], vec![ended(line("a", AlarmKind::Gone, "x"))], &[], "");
    assert_eq!(mail.subject, "Vigie : 1 source rétablie");
    insta::assert_snapshot!(mail.text, @"
    Vigie : 1 source rétablie
    =========================

    Terminé
    -------

    Source a (a)
      sa page n’existait plus, du 23 novembre 2026 à 19 h 56 au 25 novembre
      2026 à 08 h 05.

    Centre de gestion
    ");
}

#[test]
fn a_source_with_something_else_wrong_is_not_restored() {
    let mail = mail(
        vec![line("b", AlarmKind::Silent, ""), line("b", AlarmKind::Missed, "")],
        vec![ended(line("a", AlarmKind::Failing, "")), ended(line("b", AlarmKind::Failing, ""))],
        &[("a", AlarmKind::Missed), ("b", AlarmKind::Silent), ("b", AlarmKind::Missed)],
        "",
    );
    assert_eq!(mail.subject, "Vigie : 1 source à vérifier, 1 encore à vérifier");
    assert!(mail.text.contains("Reste à vérifier : des nouveautés ont pu être manquées."), "{}", mail.text);
    assert!(!mail.text.contains("rétablie") && !mail.text.contains("redemande"), "{}", mail.text);
}

#[test]
fn what_vigie_judges_by_itself_is_said_in_french() {
    for (kind, detail, cause) in [
        (
            AlarmKind::Silent,
            "nothing new for 5.5 days; nine in ten of its gaps take no more than 30 h (without Saturdays and Sundays)",
            "Cause : rien de nouveau depuis 5,5 jours ouvrés ; d’habitude, neuf fois sur dix, l’attente ne dépasse pas 30 \
             heures (jours ouvrés).",
        ),
        (
            AlarmKind::Missed,
            "not one entry of its page was known, once: others may have come and gone in between",
            "Cause : à 1 visite, tous les articles de sa page étaient nouveaux : d’autres",
        ),
        (
            AlarmKind::Empty,
            "the page is read and lists nothing, 2 times in a row",
            "Cause : sa page a été lue, et ne contenait rien, à 2 visites de suite.",
        ),
        (
            AlarmKind::SamePage,
            "its text is that of notice 12: the site answers with one page for several addresses",
            "Cause : le texte de l’un d’eux est celui de la notice 12 :",
        ),
        (AlarmKind::Moved, "https://exemple.fr/b", "Cause : à chaque visite, le site renvoie pour de bon"),
        (AlarmKind::Gone, "`x.fr` answers 410 (Gone)", "Cause : le site répond 410 :"),
    ] {
        let text = told(line("a", kind, detail));
        assert!(text.contains(cause) && !text.contains("Message technique"), "{kind:?}: {text}");
    }
}

#[test]
fn what_the_network_says_stands_apart_as_it_is() {
    let failing = mail(vec![line("a", AlarmKind::Failing, "`x.fr` answers 500 (<b>)\nhint: wait")], vec![], &[], "");
    assert!(failing.text.contains("  Message technique : `x.fr` answers 500 (<b>)\n"), "{}", failing.text);
    let expected = "Message technique : <code lang=\"en\">x.fr answers 500 (&lt;b&gt;)</code>";
    assert!(failing.html.contains(expected), "{}", failing.html);
    let gone = mail(vec![line("a", AlarmKind::Gone, "")], vec![], &[], "");
    assert!(
        gone.html.contains("corrigez <code>url</code> dans sources.toml") && !gone.html.contains('`'),
        "{}",
        gone.html
    );
}

#[test]
fn what_makes_up_for_missed_news_depends_on_how_often_the_source_is_visited() {
    for (every, advice) in [
        (7_200, "every = \"1h\""),
        (1_800, "every = \"15min\""),
        (900, "every = \"7min\""),
        (600, "sa page est trop courte pour ce qu’elle publie"),
        (300, "vigie sources try a"),
    ] {
        let text = told(OperatorLine { every: Some(Duration::from_secs(every)), ..line("a", AlarmKind::Missed, "") });
        assert!(text.contains(advice), "{every}: {text}");
        assert_eq!(text.contains("Raccourcissez"), every > 600, "{every}: {text}");
    }
}

#[test]
fn commands_reach_the_installation_they_speak_of() {
    let open = [("a", AlarmKind::Gone)];
    let far = mail(vec![line("a", AlarmKind::Gone, "")], vec![], &open, " --config /etc/vigie.toml").text;
    insta::assert_snapshot!(far, @"
    Vigie : 1 source en panne
    =========================

    À regarder
    ----------

    Source a (a)
      sa page n’existe plus, depuis le 23 novembre 2026 à 19 h 56.
      Cherchez sa nouvelle adresse sur le site et corrigez `url` dans
      sources.toml. Pour voir ce que Vigie y trouve :
        vigie --config /etc/vigie.toml sources try a

    Vigie redemande toujours une source qu’elle n’a pas pu lire, de plus en
    plus rarement : il n’y a rien à relancer.

    Tout ce qui est à vérifier :
        vigie --config /etc/vigie.toml sources health --broken

    Centre de gestion
    ");
    assert!(told(line("a", AlarmKind::Gone, "")).contains("dans le dossier de Vigie"));
}

fn storm(name: &str, ended: Option<&str>) -> OperatorStorm {
    OperatorStorm {
        id: name.to_lowercase(),
        name: name.into(),
        state: Weather::Refusing,
        since: SINCE.parse().unwrap(),
        ended: ended.map(|at| at.parse().unwrap()),
        tally: Tally { taken: 2, refused: 1_412 },
        reply: "421 OFR004_104 Trop de connexions [104]".into(),
        meaning: "trop de messages ou de connexions à la fois, dit Orange".into(),
        advice: "Si cela dure, baissez `connections` ou `rate`.".into(),
    }
}

#[test]
fn an_operator_that_refuses_is_told_with_what_it_says_and_what_to_do() {
    let told = |storms: Vec<OperatorStorm>| {
        let news = OperatorNews { storms, ..OperatorNews::default() };
        let Mail { subject, text, html } = operator_mail(&Templates::embedded(), &news, &site()).unwrap();
        let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        Mail { subject: plain(subject), text: plain(text), html: plain(html) }
    };
    let mail = told(vec![storm("Orange", None), storm("Free", Some("2026-11-25T07:05:00Z"))]);
    assert_eq!(mail.subject, "Vigie : refus de réception chez Orange, réception rétablie chez Free");
    insta::assert_snapshot!(mail.text, @r"
    Vigie : refus de réception chez Orange, réception rétablie chez Free
    ====================================================================

    Courrier refusé
    ---------------

    Orange (orange)
      refus de réception depuis le 23 novembre 2026 à 19 h 56, 1 412
      messages refusés sur 1 414.
      Réponse : 421 OFR004_104 Trop de connexions [104]
      Sens : trop de messages ou de connexions à la fois, dit Orange.
      Si cela dure, baissez `connections` ou `rate`.

    Les messages refusés pour un temps repartent d’eux-mêmes. Aucune adresse
    n’est mise de côté pour cela.

    Courrier à nouveau accepté
    --------------------------

    Free (free)
      refus de réception du 23 novembre 2026 à 19 h 56 au 25 novembre 2026 à
      08 h 05.

    La météo de la délivrabilité :
        vigie weather
    Les commandes se tapent dans le dossier de Vigie, où se trouve
    sources.toml.

    Centre de gestion
    ");
    assert!(mail.html.contains("<code>connections</code>") && mail.html.contains("1 412 messages refusés sur 1 414"));
    let many = told(vec![storm("Orange", None), storm("Free", None)]);
    assert_eq!(many.subject, "Vigie : refus de réception chez 2 opérateurs");
}
