use jiff::civil::{Weekday, time};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

const NOW: &str = "2026-11-23T10:00:00Z";

/// A source of two-hourly visits, fetched just now.
fn history(outcome: Outcome, failures: u32) -> History {
    let last_fetch = Some(at(NOW));
    History { last_fetch, failures, last_new: None, average_gap: None, outcome }
}

/// Hours until the next visit, without the jitter (the name was chosen for having almost none).
fn wait(history: &History, fresh: Option<Duration>, retry_after: Option<Duration>) -> f64 {
    let id = (0..)
        .map(|n| SourceId::parse(&format!("source-{n}")).unwrap())
        .find(|id| jitter(id, hours(1_000)) == hours(1_000))
        .unwrap();
    next_check(&id, hours(2), history, fresh, retry_after, at(NOW)).duration_since(at(NOW)).as_secs_f64() / 3_600.0
}

#[test]
fn a_source_that_was_never_fetched_is_due() {
    let never = History { last_fetch: None, ..history(Outcome::Unchanged, 0) };
    assert_eq!(wait(&never, Some(hours(9)), None), 0.0);
}

#[test]
fn a_quiet_source_is_asked_less_often_but_within_bounds() {
    for (quiet_days, gap_hours, expected) in [
        (0, 1, 2.0),   // busy: as often as `every` allows
        (0, 6, 3.0),   // half the gap
        (0, 100, 4.0), // never more than a quarter of the longest
        (8, 1, 4.0),   // a week of silence
        (15, 1, 8.0),  // two
        (40, 1, 16.0), // a month: eight times `every`
        (4_000, 1, 16.0),
    ] {
        let last_new = Some(at(NOW) - SignedDuration::from_hours(24 * quiet_days));
        let history = History { last_new, average_gap: Some(hours(gap_hours)), ..history(Outcome::Unchanged, 0) };
        assert_eq!(wait(&history, None, None), expected, "{quiet_days} days, {gap_hours} h");
    }
    assert_eq!(wait(&history(Outcome::New, 0), None, None), 2.0, "nothing known");
}

#[test]
fn what_the_server_says_makes_it_later_only() {
    let unchanged = history(Outcome::Unchanged, 0);
    assert_eq!(wait(&unchanged, Some(hours(1)), None), 2.0);
    assert_eq!(wait(&unchanged, Some(hours(9)), None), 9.0);
    assert_eq!(wait(&unchanged, Some(hours(24 * 365)), None), 24.0);
    assert_eq!(wait(&history(Outcome::Failed, 1), None, Some(hours(1))), 2.0);
    assert_eq!(wait(&history(Outcome::Failed, 1), None, Some(hours(100))), 100.0);
    assert_eq!(wait(&history(Outcome::Failed, 1), None, Some(Duration::MAX)), 31.0 * 24.0);
    assert_eq!(wait(&history(Outcome::New, 0), None, Some(hours(30))), 30.0);
}

#[test]
fn failures_back_off_for_ever_and_never_beyond_a_day() {
    for (failures, expected) in
        [(0, 2.0), (1, 2.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0), (6, 24.0), (7, 24.0), (u32::MAX, 24.0)]
    {
        assert_eq!(wait(&history(Outcome::Failed, failures), Some(hours(20)), None), expected, "{failures}");
    }
    assert_eq!(wait(&history(Outcome::NotFound, 3), None, None), 24.0);
    assert_eq!(wait(&history(Outcome::Gone, 1), None, None), 31.0 * 24.0);
}

#[test]
fn a_page_without_a_known_entry_is_asked_for_again_in_half_the_time() {
    let quiet = |outcome| {
        let last_new = Some(at(NOW) - SignedDuration::from_hours(24 * 15));
        History { last_new, average_gap: Some(hours(1)), ..history(outcome, 0) }
    };
    assert_eq!(wait(&history(Outcome::Missed, 0), None, None), 1.0);
    assert_eq!(wait(&quiet(Outcome::Missed), None, None), 4.0);
    assert_eq!(wait(&history(Outcome::Missed, 0), Some(hours(3)), None), 3.0, "the server has nothing newer before");
}

#[test]
fn the_first_success_brings_back_the_usual_rhythm() {
    assert_eq!(wait(&history(Outcome::Failed, 40), None, None), 24.0);
    assert_eq!(wait(&history(Outcome::Unchanged, 0), None, None), 2.0);
}

#[test]
fn a_wait_of_a_month_is_no_clock_gone_wrong() {
    for n in 0..300 {
        let id = SourceId::parse(&format!("source-{n}")).unwrap();
        for outcome in [Outcome::Unchanged, Outcome::Failed, Outcome::NotFound, Outcome::Gone] {
            let history = History { failures: 9, ..history(outcome, 9) };
            let next = next_check(&id, LONGEST_WAIT, &history, None, Some(Duration::MAX), at(NOW));
            assert!(!is_due(next, Some(at(NOW)), at(NOW)), "{id} {outcome:?} {next}");
        }
    }
}

#[test]
fn a_clock_set_back_delays_nothing() {
    let id = SourceId::parse("cert-fr").unwrap();
    let ahead = History { last_fetch: Some(at("2027-11-23T10:00:00Z")), ..history(Outcome::Unchanged, 0) };
    let next = next_check(&id, hours(2), &ahead, None, None, at(NOW));
    assert!(next <= at(NOW) + SignedDuration::from_mins(132), "{next}");
}

fn weekdays(from: &str) -> Rhythm {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    Rhythm::Days { days: vec![Monday, Tuesday, Wednesday, Thursday, Friday], at: from.parse().unwrap() }
}

fn every_day(at: &str) -> Rhythm {
    let days = (0..7).map(|n| Weekday::from_monday_zero_offset(n).unwrap()).collect();
    Rhythm::Days { days, at: at.parse().unwrap() }
}

#[test]
fn slots() {
    let month = |day| Rhythm::Month { day, at: time(7, 30, 0, 0) };
    let leap = Rhythm::Days { days: vec![Weekday::Tuesday], at: time(7, 0, 0, 0) };
    for (what, rhythm, after, now, slot) in [
        ("just before", weekdays("07:00"), "2026-11-23T06:00Z", "2026-11-24T05:59:59Z", None),
        ("on the dot", weekdays("07:00"), "2026-11-23T06:00Z", "2026-11-24T06:00Z", Some("2026-11-24T06:00Z")),
        ("already made", weekdays("07:00"), "2026-11-24T06:00Z", "2026-11-24T20:00Z", None),
        ("late", weekdays("07:00"), "2026-11-23T06:00Z", "2026-11-24T20:00Z", Some("2026-11-24T06:00Z")),
        ("Sunday", weekdays("07:00"), "2026-11-20T06:00Z", "2026-11-22T20:00Z", None),
        (
            "Monday after a weekend",
            weekdays("07:00"),
            "2026-11-20T06:00Z",
            "2026-11-23T06:30Z",
            Some("2026-11-23T06:00Z"),
        ),
        ("the latest of many", weekdays("07:00"), "2026-10-01T06:00Z", "2026-11-22T20:00Z", Some("2026-11-20T06:00Z")),
        ("clock set back", weekdays("07:00"), "2026-11-24T06:00Z", "2026-11-23T20:00Z", None),
        ("29 February", leap, "2028-02-22T06:00Z", "2028-02-29T12:00Z", Some("2028-02-29T06:00Z")),
        ("1 March after it", month(1), "2028-02-01T06:30Z", "2028-03-01T06:30Z", Some("2028-03-01T06:30Z")),
        ("last month's", month(28), "2026-01-28T06:30Z", "2026-03-03T12:00Z", Some("2026-02-28T06:30Z")),
        ("over the year", month(15), "2026-12-01T00:00Z", "2027-01-02T12:00Z", Some("2026-12-15T06:30Z")),
        ("month already made", month(1), "2026-11-01T06:30Z", "2026-11-30T12:00Z", None),
        // 29 March 2026: 02:00 becomes 03:00.
        (
            "summer time, in winter",
            every_day("07:00"),
            "2026-03-28T05:00Z",
            "2026-03-28T06:30Z",
            Some("2026-03-28T06:00Z"),
        ),
        (
            "summer time, that day",
            every_day("07:00"),
            "2026-03-28T06:00Z",
            "2026-03-29T05:00Z",
            Some("2026-03-29T05:00Z"),
        ),
        (
            "in the gap: moved forward",
            every_day("02:30"),
            "2026-03-28T01:30Z",
            "2026-03-29T12:00Z",
            Some("2026-03-29T01:30Z"),
        ),
        ("in the gap: not before", every_day("02:30"), "2026-03-28T01:30Z", "2026-03-29T01:29Z", None),
        // 25 October 2026: 03:00 becomes 02:00 again.
        (
            "in the fold: the first time",
            every_day("02:30"),
            "2026-10-24T00:30Z",
            "2026-10-25T00:30Z",
            Some("2026-10-25T00:30Z"),
        ),
        ("in the fold: not the second", every_day("02:30"), "2026-10-25T00:30Z", "2026-10-25T01:30Z", None),
        (
            "winter time, that day",
            every_day("07:00"),
            "2026-10-25T05:00Z",
            "2026-10-25T06:00Z",
            Some("2026-10-25T06:00Z"),
        ),
    ] {
        let zulu = |text: &str| at(text);
        assert_eq!(due_slot(&rhythm, &paris(), zulu(after), zulu(now)), slot.map(zulu), "{what}");
    }
}

#[test]
fn an_edition_bears_the_day_of_its_readers() {
    let zone = TimeZone::get("Pacific/Noumea").unwrap();
    let rhythm = every_day("07:00");
    let slot = due_slot(&rhythm, &zone, at("2026-11-22T00:00Z"), at("2026-11-23T22:00Z")).unwrap();
    assert_eq!(slot, at("2026-11-23T20:00Z"));
    assert_eq!(edition_date(slot, &zone).to_string(), "2026-11-24");
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for now in [Timestamp::MIN, Timestamp::MAX] {
        for rhythm in [weekdays("00:00"), Rhythm::Month { day: 1, at: time(23, 59, 0, 0) }] {
            let _ = due_slot(&rhythm, &paris(), Timestamp::MIN, now);
            let _ = next_slot(&rhythm, &paris(), now);
        }
        let history = History { last_fetch: Some(now), last_new: Some(Timestamp::MIN), ..history(Outcome::New, 9) };
        let id = SourceId::parse("a").unwrap();
        assert!(next_check(&id, Duration::MAX, &history, None, Some(Duration::MAX), now) >= now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_next_edition_falls_due_when_it_is_said_to(
        after in 1_600_000_000_i64..2_000_000_000,
        day in 1_i8..=28,
        at in "(0[0-9]|1[0-9]|2[0-3]):[03]0",
        monthly in any::<bool>(),
    ) {
        let at = at.parse().unwrap();
        let rhythm = if monthly { Rhythm::Month { day, at } } else { Rhythm::Days { days: vec![Weekday::Monday, Weekday::Friday], at } };
        let after = Timestamp::from_second(after).unwrap();
        let next = next_slot(&rhythm, &paris(), after).unwrap();
        prop_assert!(next > after);
        prop_assert_eq!(due_slot(&rhythm, &paris(), after, next), Some(next));
        prop_assert_eq!(due_slot(&rhythm, &paris(), after, next - SignedDuration::from_secs(1)), None);
    }

    /// Whoever looks at least every 22 hours makes each scheduled day's edition once, and only those.
    #[test]
    fn each_scheduled_day_has_exactly_one_slot(
        start in 1_700_000_000_i64..1_900_000_000,
        steps in proptest::collection::vec(1_i64..22 * 3_600, 1..200),
        days in proptest::sample::subsequence((0..7_i8).collect::<Vec<_>>(), 1..7),
        minute in 0..1_440_i16,
    ) {
        let days: Vec<Weekday> = days.into_iter().map(|n| Weekday::from_monday_zero_offset(n).unwrap()).collect();
        let at = time((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        let rhythm = Rhythm::Days { days: days.clone(), at };
        let zone = paris();
        let start = Timestamp::from_second(start).unwrap();
        let (mut now, mut last, mut made) = (start, start, Vec::new());
        for step in steps {
            now += SignedDuration::from_secs(step);
            if let Some(slot) = due_slot(&rhythm, &zone, last, now) {
                prop_assert!(slot > last && slot <= now);
                last = slot;
                made.push(edition_date(slot, &zone));
            }
        }
        let (first, end) = (zone.to_datetime(start).date(), zone.to_datetime(now).date());
        let inner: Vec<Date> = made.iter().copied().filter(|d| *d > first && *d < end).collect();
        let wanted: Vec<Date> = std::iter::successors(first.tomorrow().ok(), |d| d.tomorrow().ok())
            .take_while(|d| *d < end)
            .filter(|d| days.contains(&d.weekday()))
            .collect();
        prop_assert_eq!(inner, wanted);
    }

    #[test]
    fn a_visit_is_never_in_the_past_nor_a_source_given_up(
        every in 300_u64..31 * 86_400, failures in 0..100_u32, gap in 0..10_000_000_u64, name in "[a-z]{1,12}",
    ) {
        let id = SourceId::parse(&name).unwrap();
        for outcome in [Outcome::New, Outcome::Missed, Outcome::Unchanged, Outcome::Failed, Outcome::NotFound, Outcome::Gone] {
            let average_gap = Some(Duration::from_secs(gap));
            let history = History { average_gap, last_new: Some(at(NOW)), ..history(outcome, failures) };
            let every = Duration::from_secs(every);
            let next = next_check(&id, every, &history, None, None, at(NOW));
            let least = if outcome == Outcome::Missed { every / 2 } else { every };
            prop_assert!(next >= later(at(NOW), least * 9 / 10));
            let most = if outcome == Outcome::Gone { LONGEST_WAIT } else { every.max(DAY) };
            prop_assert!(next <= later(at(NOW), (most * 11 / 10).min(LONGEST_WAIT)));
        }
    }

    /// Whoever looks every ten minutes while the clock is set forward and back, by anything up to two years, asks a
    /// source at least once in its usual wait, or a day, of real use, and once more at most for each time it was set. A
    /// clock set back by less than what passed since the last visit shows no sign of it: then that wait begins anew.
    #[test]
    fn a_clock_that_jumps_neither_freezes_a_source_nor_hammers_it(
        every in 300_u64..2 * 86_400,
        jumps in proptest::collection::vec((1_u32..300, -63_000_000_i64..63_000_000), 1..5),
        failing in any::<u8>(),
    ) {
        let id = SourceId::parse("cert-fr").unwrap();
        let every = Duration::from_secs(every);
        let step = SignedDuration::from_mins(10);
        let most = DAY.max(every).mul_f64(1.1) + Duration::from_secs(600);
        let (mut now, mut next, mut last, mut failures) = (at(NOW), at(NOW), None, 0_u32);
        let (mut since, mut visits, mut elapsed) = (Duration::ZERO, 0_u32, Duration::ZERO);
        let (mut count, mut set_since) = (0, 0);
        for (ticks, jump) in &jumps {
            now += SignedDuration::from_secs(*jump);
            set_since += 1;
            for _ in 0..*ticks {
                if is_due(next, last, now) {
                    let failed = failing >> (visits % 8) & 1 == 1;
                    failures = if failed { failures + 1 } else { 0 };
                    let outcome = if failed { Outcome::Failed } else { Outcome::Unchanged };
                    let history = History { last_fetch: Some(now), ..history(outcome, failures) };
                    next = next_check(&id, every, &history, None, None, now);
                    last = Some(now);
                    (visits, since, set_since) = (visits + 1, Duration::ZERO, 0);
                    prop_assert!(!is_due(next, last, now), "asked twice at one instant");
                }
                now += step;
                since += Duration::from_secs(600);
                elapsed += Duration::from_secs(600);
                prop_assert!(since <= most * (1 + set_since), "not asked for {since:?}");
            }
            count += 1;
        }
        let usual = (elapsed.as_secs_f64() / (every.as_secs_f64() * 0.9)).ceil() as u32;
        prop_assert!(visits <= usual + count + 1, "{visits} visits in {elapsed:?}");
    }
}
