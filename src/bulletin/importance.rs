//! How much a story matters, in points that an editor can follow. Integers only: the same story at the same instant
//! has the same points on every machine.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::model::{Authority, Nature, Severity};

/// What is known of a story when it is weighed.
#[derive(Debug, Clone)]
pub struct Weighed {
    pub nature: Nature,
    pub severity: Severity,
    /// Of its source that is nearest to the act.
    pub authority: Authority,
    /// Sources that tell of it by themselves.
    pub independent: usize,
    /// Points of its relevance to local authorities, as the rules gave them.
    pub relevance: i32,
    /// Whether its sources say what to do.
    pub action: Action,
    /// The nearest day that matters and is not past.
    pub deadline: Option<Date>,
    pub published: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Asked,
    None,
}

/// The points of a story, with where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Importance {
    /// 0 to 120.
    pub points: u32,
    /// In French, for editors.
    pub because: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub text: String,
    /// What it gives, or takes away.
    pub points: i32,
}

/// Weighs a story. `today` is the day of `now` where the readers live.
pub fn importance(story: &Weighed, now: Timestamp, today: Date) -> Importance {
    let mut because = Vec::new();
    let mut give = |text: String, points: u32| {
        if points > 0 {
            because.push(Reason { text, points: i32::try_from(points).unwrap_or(i32::MAX) });
        }
        points
    };
    let (what, points) = gravity(story);
    let mut sum = give(format!("gravité : {what}"), points);
    let (what, points) = authority(story.authority);
    sum += give(format!("source : {what}"), points);
    sum += give(format!("sources indépendantes : {}", story.independent), breadth(story.independent));
    let relevance = u32::try_from(story.relevance).unwrap_or(0).min(30);
    sum += give(String::from("pertinence pour les collectivités"), relevance);
    let deadline = story.deadline.filter(|day| *day >= today);
    let (what, points) = urgency(story.action, deadline, today);
    sum += give(what, points);
    let points = match deadline {
        Some(_) => sum,
        None => faded(sum, half_life(story.nature), now.as_second().saturating_sub(story.published.as_second())),
    };
    if points < sum {
        let hours = now.as_second().saturating_sub(story.published.as_second()) / 3600;
        let lost = i32::try_from(sum - points).unwrap_or(i32::MAX);
        because.push(Reason { text: format!("ancienneté : {hours} h"), points: -lost });
    }
    Importance { points, because }
}

fn gravity(story: &Weighed) -> (&'static str, u32) {
    let by_nature = match story.nature {
        Nature::Alerte => ("alerte en cours", 40),
        Nature::Jorf | Nature::Ue => ("texte qui s’impose", 20),
        Nature::Juris => ("décision ou sanction", 20),
        Nature::Avis | Nature::Parl | Nature::Circ | Nature::Rm | Nature::Doc | Nature::Actu => ("", 0),
    };
    let by_severity = match story.severity {
        Severity::Critical => ("urgent, exploité", 35),
        Severity::High => ("important", 25),
        Severity::Notable => ("à surveiller", 15),
        Severity::Info => ("", 0),
    };
    if by_severity.1 > by_nature.1 { by_severity } else { by_nature }
}

const fn authority(authority: Authority) -> (&'static str, u32) {
    match authority {
        Authority::Issuer => ("auteur de l’acte", 20),
        Authority::Foreign => ("autorité étrangère ou européenne", 16),
        Authority::Relay => ("relais public", 12),
        Authority::Press => ("presse spécialisée", 8),
        Authority::General => ("presse générale", 5),
        Authority::Aggregator => ("agrégateur", 2),
    }
}

/// min(20, 7 log2 n).
fn breadth(independent: usize) -> u32 {
    const POINTS: [u32; 8] = [0, 0, 7, 11, 14, 16, 18, 19];
    POINTS.get(independent).copied().unwrap_or(20)
}

fn urgency(action: Action, deadline: Option<Date>, today: Date) -> (String, u32) {
    let asked = match action {
        Action::Asked => 4,
        Action::None => 0,
    };
    let days = deadline.and_then(|day| today.until(day).ok()).map(|span| span.get_days());
    let near = match days {
        Some(..=7) => 10,
        Some(8..=30) => 7,
        Some(31..=90) => 5,
        Some(_) => 2,
        None => 0,
    };
    match deadline {
        Some(day) if near >= asked => (format!("échéance : {day}"), near),
        _ => (String::from("action demandée"), asked),
    }
}

/// Hours after which what is left is half.
const fn half_life(nature: Nature) -> i64 {
    match nature {
        Nature::Alerte | Nature::Avis => 7 * 24,
        _ => 48,
    }
}

/// `points` · 2^(−age / half-life), rounded: whole halvings by shifting, the rest of a halving in sixteenths.
fn faded(points: u32, half_life: i64, age_seconds: i64) -> u32 {
    /// 2^(−n/16) in 2^-16.
    const SIXTEENTHS: [u64; 16] = [
        65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393, 46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219,
    ];
    let sixteenths = age_seconds.max(0) / (half_life * 3600 / 16);
    let (halvings, rest) = (sixteenths / 16, sixteenths % 16);
    let factor = usize::try_from(rest).ok().and_then(|rest| SIXTEENTHS.get(rest)).copied().unwrap_or(0);
    let scaled = (u64::from(points) * factor) >> u32::try_from(halvings.min(40)).unwrap_or(40);
    u32::try_from((scaled + (1 << 15)) >> 16).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn news() -> Weighed {
        Weighed {
            nature: Nature::Actu,
            severity: Severity::Info,
            authority: Authority::Press,
            independent: 1,
            relevance: 0,
            action: Action::None,
            deadline: None,
            published: at("2023-08-30T05:30:00Z"),
        }
    }

    fn points(story: &Weighed) -> u32 {
        importance(story, at("2023-08-30T05:30:00Z"), date(2023, 8, 30)).points
    }

    #[test]
    fn each_thing_gives_what_the_table_says() {
        let base = news();
        for (story, expected) in [
            (base.clone(), 8),
            (Weighed { nature: Nature::Alerte, ..base.clone() }, 48),
            (Weighed { severity: Severity::Critical, ..base.clone() }, 43),
            (Weighed { nature: Nature::Jorf, severity: Severity::High, ..base.clone() }, 33),
            (Weighed { nature: Nature::Juris, ..base.clone() }, 28),
            (Weighed { authority: Authority::Issuer, ..base.clone() }, 20),
            (Weighed { independent: 2, ..base.clone() }, 15),
            (Weighed { independent: 100, ..base.clone() }, 28),
            (Weighed { relevance: 12, ..base.clone() }, 20),
            (Weighed { relevance: 90, ..base.clone() }, 38),
            (Weighed { relevance: -90, ..base.clone() }, 8),
            (Weighed { action: Action::Asked, ..base.clone() }, 12),
            (Weighed { deadline: Some(date(2023, 9, 4)), ..base.clone() }, 18),
            (Weighed { deadline: Some(date(2024, 7, 1)), ..base.clone() }, 10),
            (Weighed { deadline: Some(date(2023, 8, 29)), ..base.clone() }, 8),
        ] {
            assert_eq!(points(&story), expected, "{story:?}");
        }
    }

    #[test]
    fn news_fades_advisories_fade_slowly_and_deadlines_do_not() {
        let issued = Weighed { authority: Authority::Issuer, published: at("2023-08-28T05:30:00Z"), ..news() };
        assert_eq!(points(&issued), 10);
        let advisory = Weighed { nature: Nature::Avis, ..issued.clone() };
        assert_eq!(points(&advisory), 17);
        let dated = Weighed { deadline: Some(date(2023, 12, 31)), ..issued.clone() };
        assert_eq!(points(&dated), 22);
        assert_eq!(points(&Weighed { published: at("1990-01-01T00:00:00Z"), ..issued }), 0);
    }

    #[test]
    fn every_point_has_its_reason() {
        let story = Weighed {
            nature: Nature::Avis,
            severity: Severity::High,
            independent: 3,
            action: Action::Asked,
            published: at("2023-08-27T05:30:00Z"),
            ..news()
        };
        let found = importance(&story, at("2023-08-30T05:30:00Z"), date(2023, 8, 30));
        let sum: i32 = found.because.iter().map(|reason| reason.points).sum();
        assert_eq!(u32::try_from(sum), Ok(found.points), "{found:?}");
        let told: Vec<String> = found.because.iter().map(|r| format!("{} {}", r.text, r.points)).collect();
        assert_eq!(
            told,
            [
                "gravité : important 25",
                "source : presse spécialisée 8",
                "sources indépendantes : 3 11",
                "action demandée 4",
                "ancienneté : 72 h -11",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_older_never_gains(points in 0_u32..130, hours in 0_i64..100_000, more in 0_i64..1_000) {
            let later = faded(points, 48, (hours + more) * 3600);
            proptest::prop_assert!(later <= faded(points, 48, hours * 3600) && later <= points);
        }

        #[test]
        fn any_instant_is_accepted(then in -100_000_000_000_i64..200_000_000_000, day in -1_000_i32..100_000) {
            let story = Weighed {
                published: Timestamp::from_second(then).unwrap_or(Timestamp::MIN),
                deadline: date(1990, 1, 1).checked_add(day.days()).ok(),
                ..news()
            };
            proptest::prop_assert!(points(&story) <= 120);
        }
    }
}
