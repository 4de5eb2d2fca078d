//! What sites ask of robots, from real servers on loopback.

use std::time::{Duration, Instant};

use url::Url;
use vigie::{
    config::{Crawl, Robots},
    fetch::{Answer as Got, Class, FetchError, Fetcher, Private, Request},
    model::{RobotsFile, Validators},
    store::sources::State,
    web::replay::{Answer, Replay},
};

use crate::{
    app::{TestApp, item},
    fetch::settings,
};

fn fetcher() -> Fetcher {
    Fetcher::new(&settings(), []).unwrap()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Got, FetchError> {
    let url = Url::parse(url).unwrap();
    fetcher.get(&Request::page(&url, &Validators::default(), Private::Allowed)).await
}

fn page() -> Answer {
    Answer::ok("application/rss+xml", "<rss/>")
}

/// A site with this robots.txt, and pages at `/a` and `/b`.
async fn site(robots: Answer) -> Replay {
    Replay::start([("/robots.txt", robots), ("/a", page()), ("/b", page())]).await.unwrap()
}

fn rules(text: &str) -> Answer {
    Answer::ok("text/plain", text)
}

#[tokio::test]
async fn what_a_site_keeps_from_robots_is_not_asked_and_the_rule_is_named() {
    let site = site(rules("User-agent: *\nDisallow: /a\n")).await;
    let fetcher = fetcher();
    let refused = get(&fetcher, &site.url("/a?x=1")).await.unwrap_err();
    assert_eq!(refused.class(), Class::Blocked);
    let text = refused.to_string();
    assert!(text.starts_with("`127.0.0.1` disallows `/a` to robots (rule `Disallow: /a` for `*`)\nhint: "), "{text}");
    assert!(text.contains("`robots = false`"), "{text}");
    assert!(get(&fetcher, &site.url("/b")).await.is_ok());
    assert_eq!((site.requests("/robots.txt"), site.requests("/a"), site.requests("/b")), (1, 0, 1));
    assert!(site.heard("/robots.txt")[0]["user-agent"].starts_with("Vigie/"));

    let heedless = Fetcher::new(&Crawl { robots: Robots::Ignored, ..settings() }, []).unwrap();
    assert!(get(&heedless, &site.url("/a")).await.is_ok());
    assert_eq!(site.requests("/robots.txt"), 1);
}

#[tokio::test]
async fn where_a_redirect_leads_is_asked_too() {
    let there = site(rules("User-agent: vigie\nDisallow: /a")).await;
    let here = Replay::start([("/x", Answer::redirect(302, &there.url("/a")))]).await.unwrap();
    here.set("/y", Answer::redirect(302, &there.url("/b")));
    let fetcher = fetcher();
    let refused = get(&fetcher, &here.url("/x")).await.unwrap_err();
    assert!(matches!(&refused, FetchError::Robots { agent: "vigie", .. }), "{refused:?}");
    assert!(get(&fetcher, &here.url("/y")).await.is_ok());
    assert_eq!((here.requests("/robots.txt"), there.requests("/robots.txt"), there.requests("/a")), (1, 1, 0));
}

#[tokio::test]
async fn what_the_answer_to_robots_txt_means() {
    let elsewhere = site(rules("User-agent: *\nDisallow: /")).await;
    for (what, robots, allowed) in [
        ("no such file", Answer::status(404), true),
        ("for people who log in", Answer::status(401), true),
        ("refused", Answer::status(403), true),
        ("nothing in it", Answer::status(204), true),
        ("a web page", Answer::ok("text/html", "<html>Disallow: /</html>"), true),
        ("broken", Answer::status(500), false),
        ("overloaded", Answer::status(503), false),
        ("too fast", Answer::status(429), false),
        ("compressed by halves", rules("no gzip").header("content-encoding", "gzip"), false),
        ("elsewhere", Answer::redirect(301, &elsewhere.url("/robots.txt")), false),
        ("in a circle", Answer::redirect(302, "/robots.txt"), true),
        ("nowhere", Answer::status(302), true),
        ("inside", Answer::redirect(302, "http://169.254.169.254/robots.txt"), true),
    ] {
        let site = site(robots).await;
        let fetcher = fetcher();
        let got = get(&fetcher, &site.url("/a")).await;
        assert_eq!(got.is_ok(), allowed, "{what}: {got:?}");
        let again = get(&fetcher, &site.url("/b")).await;
        assert_eq!(again.is_ok(), allowed, "{what}: {again:?}");
        assert_eq!(site.requests("/a"), usize::from(allowed), "{what}");
        let asked = site.requests("/robots.txt");
        assert!(asked <= 2, "{what}: asked {asked} times");
    }
}

#[tokio::test]
async fn five_redirects_to_robots_txt_are_followed() {
    let site = site(Answer::redirect(301, "/1")).await;
    for n in 1..5 {
        site.set(format!("/{n}"), Answer::redirect(302, &format!("/{}", n + 1)));
    }
    site.set("/5", rules("User-agent: *\nDisallow: /a"));
    assert!(matches!(get(&fetcher(), &site.url("/a")).await, Err(FetchError::Robots { .. })));
}

#[tokio::test]
async fn a_site_whose_robots_txt_cannot_be_read_is_left_alone_and_the_cause_is_told() {
    let site = site(Answer::status(503)).await;
    let fetcher = fetcher();
    for _ in 0..3 {
        let error = get(&fetcher, &site.url("/a")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("robots.txt of `127.0.0.1`") && text.contains("503") && text.contains("60 min"),
            "{text}"
        );
        assert_eq!(error.class(), Class::Later { retry_after: None });
    }
    assert_eq!((site.requests("/robots.txt"), site.requests("/a")), (1, 0));
}

#[tokio::test]
async fn what_was_learnt_serves_the_next_run_for_a_day_and_for_thirty_where_it_must() {
    let site = site(rules("User-agent: *\nDisallow: /a\nCrawl-delay: 0.1\nSitemap: https://exemple.fr/s.xml")).await;
    let first = fetcher();
    assert!(get(&first, &site.url("/b")).await.is_ok());
    let kept = first.take_robots();
    assert_eq!(kept.len(), 1);
    assert!(first.take_robots().is_empty(), "given once");
    let sitemap = Url::parse("https://exemple.fr/s.xml").unwrap();
    assert_eq!(first.sitemaps(&Url::parse(&site.url("/b")).unwrap()), [sitemap]);

    let second = Fetcher::new(&settings(), kept.clone()).unwrap();
    assert!(matches!(get(&second, &site.url("/a")).await, Err(FetchError::Robots { .. })));
    assert_eq!(site.requests("/robots.txt"), 1);

    site.set("/robots.txt", Answer::status(500));
    let days = |file: &RobotsFile, days: i64| {
        let past = |at: jiff::Timestamp| at - jiff::SignedDuration::from_hours(24 * days);
        RobotsFile { asked: past(file.asked), read: file.read.map(past), ..file.clone() }
    };
    let third = Fetcher::new(&settings(), kept.iter().map(|file| days(file, 2))).unwrap();
    assert!(get(&third, &site.url("/b")).await.is_ok(), "a copy of two days stands in");
    assert!(matches!(get(&third, &site.url("/a")).await, Err(FetchError::Robots { .. })));
    assert_eq!(site.requests("/robots.txt"), 2);
    let failed = third.take_robots();
    assert_eq!((failed[0].status, failed[0].read), (Some(500), days(&kept[0], 2).read));
    let fourth = Fetcher::new(&settings(), kept.iter().map(|file| days(file, 31))).unwrap();
    assert!(matches!(get(&fourth, &site.url("/b")).await, Err(FetchError::RobotsUnread { .. })));
}

#[tokio::test]
async fn many_sources_of_one_site_ask_it_once() {
    let site = site(rules("User-agent: *\nAllow: /").after(Duration::from_millis(30))).await;
    let fetcher = fetcher();
    let urls: Vec<String> = (0..8).map(|n| site.url(if n % 2 == 0 { "/a" } else { "/b" })).collect();
    let all = futures_util::future::join_all(urls.iter().map(|url| get(&fetcher, url))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((site.requests("/robots.txt"), site.most_at_once()), (1, 1));
}

#[tokio::test]
async fn the_pause_that_robots_txt_asks_for_is_made_and_one_without_end_is_not() {
    let slow = site(rules("User-agent: *\nCrawl-delay: 0.2")).await;
    let fetcher = fetcher();
    let began = Instant::now();
    let (a, b) = (slow.url("/a"), slow.url("/b"));
    let both = tokio::join!(get(&fetcher, &a), get(&fetcher, &b));
    assert!(both.0.is_ok() && both.1.is_ok() && began.elapsed() >= Duration::from_millis(200));

    let stopped = site(rules("User-agent: *\nCrawl-delay: 86400")).await;
    match get(&self::fetcher(), &stopped.url("/a")).await {
        Ok(Got::Page { problem: Some(problem), .. }) => {
            assert!(problem.message.contains("86400") && problem.message.contains("60 s"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_a_robots_txt_without_end_the_beginning_is_read() {
    let file = format!("User-agent: *\n{}Disallow: /a\n{}", "#\n".repeat(200_000), "Disallow: /b\n".repeat(200_000));
    let site = site(rules(&file)).await;
    let fetcher = fetcher();
    assert!(matches!(get(&fetcher, &site.url("/a")).await, Err(FetchError::Robots { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_asks_robots_txt_once_a_day_and_shows_who_keeps_it_out() {
    let t = TestApp::watching(&["/prive/flux", "/flux"]).await;
    t.web.set("/robots.txt", rules("User-agent: *\nDisallow: /prive/\nCrawl-delay: 600"));
    t.serve("/prive/flux", &[item(1, "Un", "x")]);
    t.serve("/flux", &[item(2, "Deux", "x")]);
    let refused = t.crawl_one("prive-flux").await;
    assert_eq!(refused.state, State::Blocked);
    assert!(refused.detail.contains("Disallow: /prive/") && refused.detail.contains("hint: "), "{}", refused.detail);
    let t = t.reopened();
    let read = t.crawl_one("flux").await;
    assert_eq!((read.state, read.new), (State::Ok, 1));
    assert!(read.problems.iter().any(|problem| problem.message.contains("Crawl-delay")), "{:?}", read.problems);
    assert_eq!((t.web.requests("/robots.txt"), t.web.requests("/prive/flux")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_a_source_is_sent_to_is_the_one_that_is_left_alone() {
    let t = TestApp::watching(&["/a", "/b"]).await;
    let port = t.web.address().port();
    t.web.set("/a", Answer::redirect(302, &format!("http://localhost:{port}/busy")));
    t.web.set("/busy", Answer::status(503).header("retry-after", "7200"));
    t.serve("/b", &[item(1, "Un", "x")]);
    t.crawl().await;
    assert_eq!((t.web.requests("/busy"), t.web.requests("/b")), (1, 1), "the source's own host asked for nothing");
    // In the next run too.
    let t = t.reopened();
    let report = t.crawl_one("a").await;
    assert!(report.detail.contains("`localhost` asked not to be called"), "{}", report.detail);
    assert_eq!(t.web.requests("/busy"), 1);
}
