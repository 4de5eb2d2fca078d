use super::*;

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

fn show(text: &str) -> String {
    match parse(text, &paris()) {
        None => "none".to_owned(),
        Some(date) => {
            let local = paris().to_datetime(date.at);
            match date.precision {
                Precision::Day => local.strftime("%F").to_string(),
                Precision::Minute => local.strftime("%F %H:%M").to_string(),
                Precision::Second => local.strftime("%F %H:%M:%S").to_string(),
            }
        }
    }
}

#[test]
fn dates_are_read_with_the_precision_they_state() {
    for (text, expected) in [
        // RFC 2822 and its faults.
        ("Thu, 20 Aug 2026 13:40:23 +0000", "2026-08-20 15:40:23"),
        ("Thu, 18 Jun 2026 00:00:00 +0000", "2026-06-18"),
        ("Wed, 18 Jun 2026 10:00:00 +0200", "2026-06-18 10:00:00"),
        ("jeu., 18 juin 2026 10:00:00 +0200", "2026-06-18 10:00:00"),
        ("Jeu, 20 Aoû 2026 10:00:00 CEST", "2026-08-20 10:00:00"),
        ("Tue, 20 Jan 2026 10:00:00 CET", "2026-01-20 10:00:00"),
        ("Thu, 20 Aug 2026 10:00:00 GMT", "2026-08-20 12:00:00"),
        ("Thu, 20 Aug 2026 10:00:00 GMT+2", "2026-08-20 10:00:00"),
        ("Thu, 20 Aug 2026 10:00:00 EDT", "2026-08-20 16:00:00"),
        ("20 Aug 2026 10:00 +0200", "2026-08-20 10:00"),
        ("Thu, 20 Aug 2026 10:00:00", "2026-08-20 10:00:00"),
        ("Thursday, 20-Aug-26 10:00:00 GMT", "2026-08-20 12:00:00"),
        ("Thu Aug 20 10:00:00 2026", "2026-08-20 10:00:00"),
        ("Thu Aug 20 10:00:00 CEST 2026", "2026-08-20 10:00:00"),
        ("Aug 20, 2026 3:05 PM", "2026-08-20 15:05"),
        // RFC 3339 and its faults.
        ("2026-05-11T12:27:32+02:00", "2026-05-11 12:27:32"),
        ("2026-05-11T12:27:32.123456Z", "2026-05-11 14:27:32"),
        ("2026-05-11t10:27-0500", "2026-05-11 17:27"),
        ("2026-05-06 09:44:45", "2026-05-06 09:44:45"),
        ("2026-01-06 09:44:45", "2026-01-06 09:44:45"),
        ("2026-05-06T00:00:00.000000", "2026-05-06"),
        ("2026-05-05T22:00:00Z", "2026-05-06"),
        ("2021-02-24T01:00:00+01:00", "2021-02-24"),
        ("2026-05-06", "2026-05-06"),
        ("2026/5/6", "2026-05-06"),
        ("20260506", "2026-05-06"),
        ("20260506T101112Z", "2026-05-06 12:11:12"),
        // French.
        ("1er septembre 2023", "2023-09-01"),
        ("mardi 29 août 2023 à 14 h 30", "2023-08-29 14:30"),
        ("Publié le 29 AOUT 2023 à 14h30", "2023-08-29 14:30"),
        ("mar. 29 août 2023, 9h", "2023-08-29 09:00"),
        ("21\u{a0}août\u{202f}2026", "2026-08-21"),
        ("3 déc. 2025", "2025-12-03"),
        ("2 févr. 2025 - 08:15", "2025-02-02 08:15"),
        ("01/07/2025", "2025-07-01"),
        ("01/07/2025 10:20", "2025-07-01 10:20"),
        ("le 01.07.25", "2025-07-01"),
        // Epochs.
        ("1606953600000", "2020-12-03"),
        ("1606950000000", "2020-12-03"),
        ("1606957323", "2020-12-03 02:02:03"),
        // No dates.
        ("2999-01-01", "none"),
        ("1970-01-01T00:00:00Z", "none"),
        ("0000-00-00 00:00:00", "none"),
        ("31/02/2026", "none"),
        ("14 août 10:30", "none"),
        ("hier", "none"),
        ("12345", "none"),
        ("99999999999999999999999", "none"),
        ("", "none"),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn a_bare_day_in_words_is_told_from_a_sentence() {
    assert_eq!(day_in_words("14 août 2026"), Some(jiff::civil::date(2026, 8, 14)));
    assert_eq!(day_in_words("1er\u{a0}septembre 2023"), Some(jiff::civil::date(2023, 9, 1)));
    for text in ["CVE-2026-1234", "du 14 août 2026 au soir", "2026", "14/08/2026", "14 août 2999"] {
        assert_eq!(day_in_words(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_accepted(text in "\\PC{0,60}", near in "[0-9]{1,14}[-/:. T]{0,2}[0-9]{1,4}[-/:. ]?[a-zéû]{0,5}[0-9+:Z ]{0,12}") {
        parse(&text, &paris());
        parse(&near, &paris());
    }

    #[test]
    fn what_jiff_writes_is_read_back(second in 631_152_000i64..4_102_444_800) {
        let at = Timestamp::from_second(second).unwrap();
        let day = at.to_zoned(paris()).time() == Time::midnight() || second % 86_400 == 0;
        proptest::prop_assume!(!day);
        for text in [at.to_string(), jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap(), second.to_string()] {
            proptest::prop_assert_eq!(parse(&text, &paris()), Some(PublicationDate::second(at)));
        }
    }
}
