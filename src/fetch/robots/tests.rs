use proptest::prelude::*;

use super::*;

fn forbidden(file: &str, path: &str) -> bool {
    forbidden_octets(file.as_bytes(), path)
}

fn forbidden_octets(file: &[u8], path: &str) -> bool {
    let url = Url::parse("https://exemple.fr").unwrap().join(path).unwrap();
    Robots::parse(file).forbids(&url).is_some()
}

#[test]
fn the_group_that_names_us_holds_and_else_the_one_for_everybody() {
    for (file, path, expected) in [
        ("", "/a", false),
        ("User-agent: *\nDisallow: /", "/a", true),
        ("User-agent: *\nDisallow:", "/a", false),
        ("User-agent: *\nDisallow: /", "/robots.txt", false),
        ("User-agent: autre\nDisallow: /", "/a", false),
        ("User-agent: *\nDisallow: /\n\nUser-agent: vigie\nDisallow: /b", "/a", false),
        ("User-agent: *\nDisallow: /\n\nUser-agent: vigie\nDisallow: /b", "/b", true),
        ("User-agent: VIGIE/2.0\nDisallow: /\nUser-agent: *\nAllow: /", "/a", true),
        ("user-AGENT : Vigie # nous\nDISALLOW : /a # ceci", "/a", true),
        // Neither a name that begins as ours does, nor one that ends so.
        ("User-agent: vigie-pirate\nDisallow: /", "/a", false),
        ("User-agent: la-vigie\nDisallow: /", "/a", false),
        // One group for several robots, several groups for one.
        ("User-agent: autre\nUser-agent: vigie\nDisallow: /a", "/a", true),
        (
            "User-agent: vigie\nDisallow: /a\nUser-agent: autre\nDisallow: /c\nUser-agent: vigie\nDisallow: /b",
            "/a",
            true,
        ),
        (
            "User-agent: vigie\nDisallow: /a\nUser-agent: autre\nDisallow: /c\nUser-agent: vigie\nDisallow: /b",
            "/b",
            true,
        ),
        (
            "User-agent: vigie\nDisallow: /a\nUser-agent: autre\nDisallow: /c\nUser-agent: vigie\nDisallow: /b",
            "/c",
            false,
        ),
        ("User-agent: vigie\nDisallow: /a\nUser-agent: autre\nDisallow: /\n", "/b", false),
        // A group without rules allows everything, and still takes the place of the one for everybody.
        ("User-agent: *\nDisallow: /\nUser-agent: vigie\nDisallow:", "/a", false),
        // Rules before any group, and lines that are none.
        ("Disallow: /\nUser-agent: *\nAllow: /", "/a", false),
        ("User-agent: *\nSitemap: https://exemple.fr/s.xml\nnonsense\nHost: x\nDisallow: /a", "/a", true),
        ("User-agent: autre\nCrawl-delay: 5\nUser-agent: *\nDisallow: /", "/a", true),
        ("<!DOCTYPE html><html><body>Disallow: / User-agent: *</body></html>", "/a", false),
    ] {
        assert_eq!(forbidden(file, path), expected, "{file:?} {path}");
    }
}

#[test]
fn the_longest_rule_wins_and_of_two_as_long_the_one_that_allows() {
    for (rules, path, expected) in [
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", false),
        ("Allow: /a/b\nDisallow: /a", "/a/c", true),
        ("Disallow: /a\nAllow: /a", "/a", false),
        ("Allow: /a\nDisallow: /a", "/a", false),
        ("Allow: /\nDisallow: /*.pdf$", "/a.pdf", true),
        ("Disallow: /a", "/A", false),
        ("Disallow: /a", "/abc?d", true),
        ("Disallow: /a/", "/a", false),
        ("Disallow: /a$", "/a", true),
        ("Disallow: /a$", "/a/b", false),
        ("Disallow: /*.gif$", "/b/c.gif", true),
        ("Disallow: /*.gif$", "/b/c.gif?d", false),
        ("Disallow: /*.gif", "/b/c.gif?d", true),
        ("Disallow: /*?", "/a?b", true),
        ("Disallow: /*?", "/a", false),
        ("Disallow: *", "/", true),
        ("Disallow: /a*b*c$", "/axxbyyc", true),
        ("Disallow: /a*b*c$", "/axxbyycd", false),
        ("Disallow: /*aa$", "/a", false),
        ("Disallow: /fish*", "/fish.html", true),
        ("Disallow: /**/x", "/a/b/x", true),
        ("Disallow: a", "/abc", true),
        ("Disallow: /$", "/", true),
        ("Disallow: /$", "/a", false),
    ] {
        assert_eq!(forbidden(&format!("User-agent: *\n{rules}"), path), expected, "{rules:?} {path}");
    }
}

#[test]
fn one_address_is_one_however_it_is_spelled() {
    for (pattern, path, expected) in [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", true),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
        ("/foo/bar/%E3%83%84", "/foo/bar/ツ", true),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
        ("/foo/bar/baz", "/foo/bar/%62a%7a", true),
        ("/délibérations", "/d%c3%a9lib%C3%A9rations/2026", true),
        ("/a b", "/a%20b", true),
        ("/a%2fb", "/a/b", false),
        ("/a%2fb", "/a%2Fb", true),
        ("/a-%2A.html", "/a-*.html", true),
        ("/a-%2A.html", "/a-b.html", false),
        ("/a-%24", "/a-$", true),
        ("/a-%24", "/a-", false),
        ("/a$b", "/a$b", true),
        ("/100%", "/100%25", true),
    ] {
        assert_eq!(forbidden(&format!("User-agent: *\nDisallow: {pattern}"), path), expected, "{pattern} {path}");
    }
    assert!(forbidden_octets(b"User-agent: *\nDisallow: /caf\xe9", "/caf%E9"), "not UTF-8");
}

#[test]
fn every_kind_of_line_end_and_a_byte_order_mark_are_read() {
    for file in ["User-agent: *\nDisallow: /a", "User-agent: *\r\nDisallow: /a\r\n", "User-agent: *\rDisallow: /a\r"] {
        assert!(forbidden(file, "/a"), "{file:?}");
        assert!(forbidden(&format!("\u{feff}{file}"), "/a"), "{file:?}");
    }
}

#[test]
fn a_large_file_is_read_to_its_limit_and_the_rule_that_is_cut_is_left_out() {
    let rule = "Disallow: /b\n";
    let mut file = String::from("User-agent: *\n");
    while file.len() + rule.len() < 500 * 1024 {
        file += rule;
    }
    file += "Disallow: /a\n";
    assert!(forbidden(&file, "/a"), "500 KiB are read");
    while file.len() + rule.len() < LIMIT - "Disallow: /".len() {
        file += rule;
    }
    file += &" ".repeat(LIMIT - "Disallow: /".len() - file.len());
    file += "Disallow: /c\nDisallow: /d\n";
    assert!(!forbidden(&file, "/") && !forbidden(&file, "/d"));
}

#[test]
fn a_pause_and_sitemaps_are_told() {
    let read = |text: &str| Robots::parse(text.as_bytes());
    let robots = read("User-agent: *\nCrawl-delay: 2.5\nSitemap: https://exemple.fr/s.xml\nsitemap: nulle part\n");
    assert_eq!((robots.delay(), robots.unheard_delay()), (Duration::from_millis(2500), None));
    assert_eq!(robots.sitemaps(), [Url::parse("https://exemple.fr/s.xml").unwrap()]);
    let robots = read("User-agent: *\nCrawl-delay: 3600");
    assert_eq!((robots.delay(), robots.unheard_delay()), (LONGEST_DELAY, Some(3600.0)));
    for nonsense in ["-1", "0", "NaN", "inf", "1e999", "bientôt", ""] {
        assert_eq!(read(&format!("User-agent: *\nCrawl-delay: {nonsense}")).delay(), Duration::ZERO, "{nonsense}");
    }
    assert_eq!(read("User-agent: autre\nCrawl-delay: 5").delay(), Duration::ZERO);
}

#[test]
fn the_rule_and_its_group_are_named() {
    let url = Url::parse("https://exemple.fr/x/y").unwrap();
    let robots = Robots::parse(b"User-agent: *\ndisallow: /x");
    assert_eq!(robots.forbids(&url).map(ToString::to_string).as_deref(), Some("Disallow: /x"));
    assert_eq!(robots.agent(), "*");
    assert_eq!(Robots::parse(b"User-agent: Vigie\nDisallow: /x").agent(), "vigie");
}

#[test]
fn a_pattern_made_to_take_long_does_not() {
    let file = format!("User-agent: *\nDisallow: /{}b$", "*a".repeat(100_000));
    let path = format!("/{}", "a".repeat(50_000));
    let began = std::time::Instant::now();
    assert!(!forbidden(&file, &path));
    assert!(began.elapsed() < Duration::from_secs(2));
}

proptest! {
    #[test]
    fn what_is_kept_of_a_file_reads_as_the_file(lines in proptest::collection::vec(line(), 0..12), path in "[a-z/*$%?é.]{0,12}") {
        let robots = Robots::parse(lines.join("\n").as_bytes());
        let kept = Robots::parse(robots.to_text().as_bytes());
        prop_assert_eq!(&kept, &robots);
        if let Ok(url) = Url::parse(&format!("https://exemple.fr/{path}")) {
            prop_assert_eq!(kept.forbids(&url), robots.forbids(&url));
        }
    }

    #[test]
    fn no_octets_make_it_panic(octets: Vec<u8>) {
        Robots::parse(&octets);
        Robots::parse(&[b"User-agent: *\nDisallow:".as_slice(), &octets].concat());
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "(User-agent|user-agent): (\\*|vigie|autre)",
        "(Allow|Disallow): [a-z/*$%?é# 0-9]{0,12}",
        "Crawl-delay: [0-9.]{1,5}",
        "Sitemap: https://exemple.fr/[a-zé#]{0,8}",
        "[ -~]{0,20}",
    ]
}
