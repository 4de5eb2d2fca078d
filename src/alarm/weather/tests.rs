use proptest::prelude::*;

use super::*;

fn tally(refused: u64, of: u64) -> Tally {
    Tally { taken: of - refused, refused }
}

#[test]
fn few_refusals_alarm_nobody_and_many_do() {
    let calm = habit(&[]);
    for (refused, of, expected) in [
        (0, 0, Weather::Calm),
        (0, 500, Weather::Calm),
        (1, 1, Weather::Calm),
        (1, 2, Weather::Calm),
        (2, 2, Weather::Calm),
        (3, 3, Weather::Calm),
        (4, 4, Weather::Refusing),
        (4, 10, Weather::Calm),
        (5, 10, Weather::Slow),
        (9, 10, Weather::Refusing),
        (4, 1_000, Weather::Calm),
        (60, 200, Weather::Slow),
        (20, 200, Weather::Calm),
        (150, 200, Weather::Refusing),
        (20_000, 20_000, Weather::Refusing),
    ] {
        assert_eq!(judge(tally(refused, of), calm, Weather::Calm), expected, "{refused} of {of}");
    }
}

#[test]
fn what_is_usual_is_no_storm() {
    // A third is refused each day: a server that never takes mail of the third of its people who filter lists.
    let days = [tally(33, 100); 21];
    let usual = habit(&days);
    assert!((0.3..0.35).contains(&usual), "{usual}");
    assert_eq!(judge(tally(40, 100), usual, Weather::Calm), Weather::Calm);
    assert_eq!(judge(tally(97, 100), usual, Weather::Calm), Weather::Refusing);
}

#[test]
fn a_storm_does_not_become_the_habit() {
    let mut days = vec![tally(1, 100); 18];
    days.extend([tally(100, 100); 4]);
    assert!(habit(&days) < 0.05, "{}", habit(&days));
    assert_eq!(judge(tally(40, 100), habit(&days), Weather::Calm), Weather::Slow);
}

#[test]
fn it_is_over_when_mail_is_taken_again() {
    let calm = habit(&[tally(0, 100)]);
    let stays = |recent| judge(recent, calm, Weather::Refusing);
    assert_eq!(stays(tally(0, 0)), Weather::Refusing);
    assert_eq!(stays(tally(2, 2)), Weather::Refusing);
    assert_eq!(stays(tally(1, 3)), Weather::Calm);
    assert_eq!(stays(tally(0, 1)), Weather::Calm);
    assert_eq!(stays(tally(40, 100)), Weather::Slow);
}

proptest! {
    #[test]
    fn more_refusals_are_never_better_weather(refused in 0_u64..200, more in 0_u64..50, taken in 0_u64..200) {
        let calm = habit(&[]);
        let one = judge(Tally { taken, refused }, calm, Weather::Calm);
        let other = judge(Tally { taken, refused: refused + more }, calm, Weather::Calm);
        prop_assert!(other >= one);
    }

    #[test]
    fn the_order_of_days_does_not_matter(shares in proptest::collection::vec((0_u64..50, 0_u64..50), 0..30)) {
        let mut days: Vec<Tally> = shares.iter().map(|(taken, refused)| Tally { taken: *taken, refused: *refused }).collect();
        let one = habit(&days);
        days.reverse();
        prop_assert_eq!(one, habit(&days));
    }
}
