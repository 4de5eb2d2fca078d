use proptest::prelude::*;

use super::*;

#[test]
fn durations() {
    let read = |text| duration(text, "0s", "3650d").ok().map(|d| d.as_millis());
    for (text, millis) in [
        ("30min", Some(1_800_000)),
        ("1h30min", Some(5_400_000)),
        ("1h 30min", Some(5_400_000)),
        ("250ms", Some(250)),
        ("0s", Some(0)),
        ("2d", Some(172_800_000)),
        ("", None),
        ("30", None),
        ("min", None),
        ("30m", None),
        ("-1h", None),
        ("1.5h", None),
        ("99999999999999999999d", None),
        ("18446744073709551615d", None),
        ("4000d", None),
    ] {
        assert_eq!(read(text), millis, "{text}");
    }
}

#[test]
fn sizes_and_times() {
    assert_eq!(size("10MiB").ok(), Some(10 << 20));
    assert_eq!(size("5 MB").ok(), Some(5_000_000));
    for text in ["10", "10M", "2GiB", "0KiB", "1TiB", "MiB", ""] {
        assert!(size(text).is_err(), "{text}");
    }
    assert!(time("07:00").is_ok() && time("23:59").is_ok());
    for text in ["7:00", "24:00", "07:60", "07h00", "07:00:00", "+7:00", ""] {
        assert!(time(text).is_err(), "{text}");
    }
}

#[test]
fn mailboxes() {
    let read = |text| mailbox(text).ok().map(|m| (m.name.unwrap_or_default(), m.address.to_string()));
    let both = |name: &str, address: &str| Some((name.to_owned(), address.to_owned()));
    assert_eq!(read("a@b.fr"), both("", "a@b.fr"));
    assert_eq!(read("Veille juridique <a@b.fr>"), both("Veille juridique", "a@b.fr"));
    assert_eq!(read("\"Mairie, veille\" <a@b.fr>"), both("Mairie, veille", "a@b.fr"));
    assert_eq!(read("<a@b.fr>"), both("", "a@b.fr"));
    for text in ["Veille <a@b.fr", "Veille a@b.fr", "Veille <a@b>", "A\nBcc: x <a@b.fr>", "<", ""] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn selectors() {
    for good in ["li", "main a[href$=\".pdf\"]", "tr:has(td)", "a[title='(']", "td:nth-child(1)"] {
        assert!(selector(good, &|_| Ok(())).is_ok(), "{good}");
    }
    for bad in ["", "  ", "a[href", "a]", "tr:has(td]", "a[x='y]", "li { }"] {
        assert!(selector(bad, &|_| Ok(())).is_err(), "{bad}");
    }
}

#[test]
fn the_likely_word_is_proposed() {
    let keys = ["id", "name", "url", "every", "zone", "allow_private", "licence"];
    for (word, near) in [
        ("evrey", Some("every")),
        ("license", Some("licence")),
        ("allow-private", Some("allow_private")),
        ("URL", Some("url")),
        ("frequency", None),
        ("x", None),
    ] {
        assert_eq!(nearest(word, &keys), near, "{word}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,40}") {
        let _ = duration(&text, "1s", "1d");
        let _ = (size(&text), time(&text), mailbox(&text), selector(&text, &|_| Ok(())), web_folder(&text));
        let _ = (language(&text), host(&text), contact(&text), network(&text), nearest(&text, &["every"]));
    }
}
