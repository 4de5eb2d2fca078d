use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A Monday.
const NOW: &str = "2026-11-23T10:00:00Z";

/// What holds of a source whose fetches were each so many hours ago, the newest first.
fn found(fetches: &[(i64, End)], arrivals: &[i64], moved: Option<(&str, u32)>) -> Vec<AlarmKind> {
    let now = at(NOW);
    let fetches: Vec<(Timestamp, End)> = fetches.iter().map(|(ago, end)| (now - hours(*ago), *end)).collect();
    let arrivals: Vec<Arrival> = arrivals.iter().map(|ago| Arrival { at: now - hours(*ago), missed: false }).collect();
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let history =
        History { fetches: &fetches, arrivals: &arrivals, must_list: true, moved, detail: "a cause", zone: &zone };
    alarms(&history, &[], now).into_iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn a_failure_is_told_when_it_lasts_and_an_end_at_once() {
    use End::{Blocked, Failed, Gone, Read, Unmodified};
    for (what, fetches, expected) in [
        ("the first", vec![(0, Failed), (2, Read)], vec![]),
        ("twice in six hours", vec![(0, Failed), (6, Failed), (8, Read)], vec![]),
        ("twice in seven", vec![(0, Failed), (7, Failed), (8, Read)], vec![AlarmKind::Failing]),
        ("once in a week", vec![(0, Failed), (200, Read)], vec![]),
        ("healed", vec![(0, Read), (7, Failed), (20, Failed)], vec![]),
        ("healed by an answer without news", vec![(0, Unmodified), (7, Failed), (20, Failed)], vec![]),
        ("not allowed, once", vec![(0, Blocked), (2, Read)], vec![]),
        ("not allowed, twice", vec![(0, Blocked), (1, Blocked), (2, Read)], vec![AlarmKind::Blocked]),
        ("gone", vec![(0, Gone), (2, Read)], vec![AlarmKind::Gone]),
        ("nothing known", vec![], vec![]),
    ] {
        assert_eq!(found(&fetches, &[], None), expected, "{what}");
    }
}

#[test]
fn a_page_that_lists_nothing_any_more_is_told_at_the_second_time() {
    use End::{Empty, Read, Unmodified};
    for (fetches, expected) in [
        (vec![(0, Empty), (2, Read)], vec![]),
        (vec![(0, Empty), (2, Empty), (4, Read)], vec![AlarmKind::Empty]),
        (vec![(0, Unmodified), (1, Empty), (2, Empty)], vec![AlarmKind::Empty]),
        (vec![(0, Read), (2, Empty), (4, Empty)], vec![]),
    ] {
        assert_eq!(found(&fetches, &[], None), expected, "{fetches:?}");
    }
}

#[test]
fn a_silence_is_measured_by_what_the_source_is_used_to() {
    let looks: Vec<(i64, End)> = (0..20).map(|n| (n, End::Unmodified)).collect();
    let every = |hours: i64, since: i64| -> Vec<i64> { (0..30).map(|n| since + n * hours).collect() };
    for (what, arrivals, expected) in [
        // Every six hours, weekends too: silent after two days, the least.
        ("a day", every(6, 24), false),
        ("two days", every(6, 48), false),
        ("three days", every(6, 72), true),
        // Every two days: silent after six.
        ("six days", every(48, 144), false),
        ("seven days", every(48, 168), true),
        ("too young to tell", every(6, 300).into_iter().take(4).collect(), false),
        // A burst on one day in the month is one day in ten at most.
        ("bursts", (0..40).map(|n| 100 + n / 4 * 240 + n % 4).collect(), false),
    ] {
        assert_eq!(found(&looks, &arrivals, None), if expected { vec![AlarmKind::Silent] } else { vec![] }, "{what}");
    }
}

/// Each working day at noon in Paris, up to Thursday 19 November 2026.
#[test]
fn the_weekend_is_no_silence_of_a_source_that_rests_then() {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let last = at("2026-11-19T11:00:00Z");
    let days = |keep: fn(Weekday) -> bool| -> Vec<Arrival> {
        (0..40)
            .map(|n| last - hours(24 * n))
            .filter(|day| keep(zone.to_datetime(*day).weekday()))
            .map(|at| Arrival { at, missed: false })
            .collect()
    };
    let rests = days(|day| !matches!(day, Weekday::Saturday | Weekday::Sunday));
    let never_rests = days(|_| true);
    for (now, rests_silent, never_silent) in [
        ("2026-11-20T16:00:00Z", false, false),
        ("2026-11-22T16:00:00Z", false, true), // Sunday, after 77 hours
        ("2026-11-23T16:00:00Z", false, true), // Monday
        ("2026-11-26T09:00:00Z", true, true),  // four working days and a half
    ] {
        let now = at(now);
        let fetches: Vec<(Timestamp, End)> = (0..20).map(|n| (now - hours(n), End::Read)).collect();
        let is_silent = |arrivals: &[Arrival]| {
            let history =
                History { fetches: &fetches, arrivals, must_list: true, moved: None, detail: "", zone: &zone };
            !alarms(&history, &[], now).is_empty()
        };
        assert_eq!((is_silent(&rests), is_silent(&never_rests)), (rests_silent, never_silent), "{now}");
    }
}

#[test]
fn a_machine_that_was_off_is_no_silent_source() {
    let arrivals: Vec<i64> = (0..30).map(|n| 900 + n * 6).collect();
    assert_eq!(found(&[(0, End::Unmodified), (901, End::Read)], &arrivals, None), []);
    let looks = [(0, End::Unmodified), (1, End::Unmodified), (2, End::Read), (901, End::Read)];
    assert_eq!(found(&looks, &arrivals, None), [AlarmKind::Silent]);
}

#[test]
fn a_move_is_proposed_after_three_times() {
    for (times, expected) in [(1, vec![]), (2, vec![]), (3, vec![AlarmKind::Moved]), (9, vec![AlarmKind::Moved])] {
        assert_eq!(found(&[(0, End::Read)], &[], Some(("https://exemple.fr/flux", times))), expected);
    }
}

#[test]
fn what_may_have_been_missed_is_told_for_a_week_and_a_failure_does_not_end_it() {
    let zone = TimeZone::UTC;
    let now = at(NOW);
    let arrivals = |ago| [Arrival { at: now - hours(ago), missed: true }];
    let holds = |end, ago, open: &[Alarm]| {
        let (fetches, arrivals) = ([(now, end), (now - hours(9), end)], arrivals(ago));
        let history = History {
            fetches: &fetches,
            arrivals: &arrivals,
            must_list: true,
            moved: None,
            detail: "a cause",
            zone: &zone,
        };
        alarms(&history, open, now)
    };
    let missed = holds(End::Read, 24, &[]);
    assert_eq!(missed.iter().map(|a| a.kind).collect::<Vec<_>>(), [AlarmKind::Missed]);
    assert!(holds(End::Read, 24 * 7, &missed).is_empty());
    let failing: Vec<AlarmKind> = holds(End::Failed, 24 * 7, &missed).into_iter().map(|a| a.kind).collect();
    assert_eq!(failing, [AlarmKind::Failing, AlarmKind::Missed]);
}

#[test]
fn an_outage_that_becomes_another_one_has_not_ended() {
    let (now, zone) = (at(NOW), TimeZone::UTC);
    let fetches = [(now, End::Failed), (now - hours(1), End::Gone), (now - hours(2), End::Read)];
    let history =
        History { fetches: &fetches, arrivals: &[], must_list: true, moved: None, detail: "a cause", zone: &zone };
    let gone = Alarm { kind: AlarmKind::Gone, since: now - hours(1), detail: "it answers 410".into() };
    assert_eq!(alarms(&history, std::slice::from_ref(&gone), now), [gone]);
    assert!(alarms(&history, &[], now).is_empty());
}

fn raised(id: i64, kind: AlarmKind, told: Option<&str>, ended: Option<&str>) -> Raised {
    Raised {
        id: AlarmId::new(id),
        source: SourceId::parse(&format!("source-{id}")).unwrap(),
        alarm: Alarm { kind, since: at(NOW), detail: String::new() },
        ended: ended.map(at),
        told: told.map(at),
        told_ended: None,
    }
}

/// The numbers of those that are told: that began, that ended.
fn told(news: &News) -> (Vec<i64>, Vec<i64>) {
    let ids = |raised: &[Raised]| raised.iter().map(|r| r.id.get()).collect();
    (ids(&news.began), ids(&news.ended))
}

const FEW: Failing = Failing { now: 1, of: 40, answering: 39 };

#[test]
fn each_beginning_and_each_end_is_told_once() {
    use AlarmKind::{Failing as Fails, Silent};
    let all = [
        raised(1, Fails, None, None),
        raised(2, Fails, Some(NOW), None),
        raised(3, Silent, Some(NOW), Some(NOW)),
        raised(4, Silent, None, Some(NOW)),
    ];
    let told_now = news(&all, FEW, None);
    assert_eq!((told(&told_now), told_now.covered_ended), ((vec![1], vec![3]), vec![AlarmId::new(4)]));
    assert!(news(&[raised(2, Fails, Some(NOW), None)], FEW, None).is_empty());
}

#[test]
fn a_source_that_goes_from_failing_to_gone_is_not_restored() {
    let failing = raised(1, AlarmKind::Failing, Some(NOW), Some(NOW));
    let gone = Raised { source: failing.source.clone(), ..raised(2, AlarmKind::Gone, None, None) };
    let news = news(&[failing, gone], FEW, None);
    assert_eq!(told(&news), (vec![2], vec![]));
    assert_eq!(news.covered_ended, [AlarmId::new(1)]);
}

#[test]
fn when_most_sources_fail_at_once_it_is_the_network_and_told_as_one() {
    let failing = Failing { now: 30, of: 40, answering: 0 };
    let first: Vec<Raised> = (0..30).map(|n| raised(n, AlarmKind::Failing, None, None)).collect();
    let down = news(&first, failing, None);
    assert_eq!(down.network, Some(Network::Down { since: at(NOW), failing }));
    assert_eq!((told(&down), down.covered_began.len()), ((vec![], vec![]), 30));
    // More of them an hour later are the same outage; what is not is told.
    let more = [raised(31, AlarmKind::Failing, None, None), raised(32, AlarmKind::Gone, None, None)];
    let during = news(&more, failing, Some(at(NOW)));
    assert_eq!((during.network, told(&during)), (None, (vec![32], vec![])));
    // Back: one word, and what still fails by its name.
    let mut after: Vec<Raised> = (0..30).map(|n| raised(n, AlarmKind::Failing, Some(NOW), Some(NOW))).collect();
    after.push(raised(31, AlarmKind::Failing, Some(NOW), None));
    let back = news(&after, FEW, Some(at(NOW)));
    assert_eq!((back.network, told(&back)), (Some(Network::Back { since: at(NOW) }), (vec![31], vec![])));
    assert_eq!(back.covered_ended.len(), 30);
}

#[test]
fn what_ended_before_anybody_was_told_of_it_is_never_told() {
    let all: Vec<Raised> = (0..300).map(|n| raised(n, AlarmKind::Failing, None, Some(NOW))).collect();
    let news = news(&all, FEW, None);
    assert!(news.is_empty());
    assert_eq!(news.covered_ended.len(), 300);
}

#[test]
fn while_another_host_answers_it_is_not_the_network() {
    let all: Vec<Raised> = (0..3).map(|n| raised(n, AlarmKind::Failing, None, None)).collect();
    for (failing, is_network) in [
        (Failing { now: 3, of: 5, answering: 0 }, true),
        (Failing { now: 3, of: 5, answering: 1 }, false),
        (Failing { now: 1, of: 3, answering: 0 }, false),
    ] {
        let news = news(&all, failing, None);
        assert_eq!((news.network.is_some(), news.began.is_empty()), (is_network, is_network), "{failing:?}");
    }
    let most = Failing { now: 3, of: 5, answering: 1 };
    assert!(news(&all, most, Some(at(NOW))).is_empty(), "it is back when most of them answer");
}

#[test]
fn two_hosts_are_too_few_to_blame_the_network() {
    let all: Vec<Raised> = (0..2).map(|n| raised(n, AlarmKind::Failing, None, None)).collect();
    assert_eq!(told(&news(&all, Failing { now: 2, of: 2, answering: 0 }, None)), (vec![0, 1], vec![]));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    for now in [Timestamp::MIN, Timestamp::MAX] {
        let fetches: Vec<(Timestamp, End)> = (0..9).map(|_| (now, End::Unmodified)).collect();
        let arrivals: Vec<Arrival> = [
            Timestamp::MAX,
            at(NOW),
            at("2026-11-20T10:00:00Z"),
            at("2026-11-19T10:00:00Z"),
            at("2026-11-18T10:00:00Z"),
            at("2026-11-17T10:00:00Z"),
            Timestamp::MIN,
        ]
        .map(|at| Arrival { at, missed: true })
        .into();
        let history =
            History { fetches: &fetches, arrivals: &arrivals, must_list: true, moved: None, detail: "", zone: &zone };
        let _ = alarms(&history, &[], now);
    }
}
