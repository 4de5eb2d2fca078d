//! The pages that everybody reads: over real HTTP, and the same in the published folder.

use vigie::{
    model::{Cadence, StoryId},
    store::stories,
    work::{
        editor::{self, Editor},
        publish,
    },
};

use crate::{
    app::{TestApp, item},
    served::Site,
};

const SOURCES: &str = r#"
[[source]]
id = "cert"
name = "CERT d’Exemple"
url = "@WEB@/cert"
allow_private = true
section = "cybersecurite"
nature = "avis"
authority = "issuer"
licence = "lo"
every = "30min"

[[source]]
id = "presse"
name = "La Gazette"
url = "@WEB@/presse"
allow_private = true
section = "finances"
licence = "press"
every = "30min"
"#;

async fn installed() -> TestApp {
    let mut t = TestApp::reading(SOURCES).await;
    t.config().site.url = "https://veille.example.fr/".parse().ok();
    t.serve(
        "/cert",
        &[item(1, "Faille dans Bastide & Ponceau", "La faille CVE-2023-40001 permet tout. Mettez à jour.")],
    );
    // One after the other: stories are numbered as they come.
    t.serve("/presse", &[]);
    t.crawl().await;
    t.serve(
        "/presse",
        &[item(2, "Le budget des communes", "Le vote du budget primitif approche. La suite est payante.")],
    );
    t.crawl().await;
    t
}

fn editor() -> Editor {
    Editor::named("marie").expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_story_and_each_selection_has_its_page() {
    let t = installed().await;
    t.compose(Cadence::Daily).expect("an edition");
    let site = Site::of(&t).await;
    let story = site.get("/nouvelles/1.html").await;
    for wanted in [
        "HTTP/1.1 200",
        "content-type: text/html; charset=utf-8",
        "<h1>Faille dans Bastide &amp; Ponceau</h1>",
        "href=\"../natures/avis.html\"",
        "href=\"../sections/cybersecurite.html\"",
        "CVERecord?id=CVE-2023-40001",
        "CERT d’Exemple</a> · ",
        "Licence Ouverte 2.0",
        "href=\"../contact?page=nouvelles/1.html\"",
    ] {
        assert!(story.contains(wanted), "{wanted} in {story}");
    }
    for (path, wanted) in [
        ("/", "Dernier bulletin"),
        ("/veille.html", "Le budget des communes"),
        ("/sections/finances.html", "Le budget des communes"),
        ("/natures/avis.html", "Faille dans Bastide"),
        ("/sources/cert.html", "Faille dans Bastide"),
        ("/sources/", "La Gazette"),
        ("/bulletins/", "mercredi 30 août 2023"),
        ("/bulletins/quotidien.html", "mercredi 30 août 2023"),
        ("/bulletins/2023-08-30-daily.html", "Le budget des communes"),
        ("/mentions-legales.html", "Ville d’Exemple"),
        ("/plan-du-site.html", "Rechercher"),
        ("/icon.svg", "<svg"),
        ("/sitemap.xml", "https://veille.example.fr/nouvelles/1.html"),
        ("/robots.txt", "Sitemap: https://veille.example.fr/sitemap.xml"),
        ("/.well-known/security.txt", "Contact: mailto:"),
        ("/sources/cert.atom", "Faille dans Bastide"),
        ("/veille.json", "\"Avis - Faille dans Bastide"),
    ] {
        let answer = site.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(wanted), "{path}: {answer}");
        assert!(answer.contains("content-security-policy: default-src 'none'"), "{path}");
    }
    assert!(!site.get("/sections/finances.html").await.contains("Bastide"));
    for path in
        ["/rien", "/nouvelles/99.html", "/sections/rien.html", "/sources/rien.atom", "/%00", "/nouvelles/1.html/x"]
    {
        let answer = site.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("Page introuvable"), "{path}: {answer}");
        assert!(answer.contains("action=\"/recherche\""), "a way on");
    }
    let delete = site.ask("DELETE", "/veille.html", "", "").await;
    assert!(delete.starts_with("HTTP/1.1 405") && delete.contains("allow: GET, HEAD"), "{delete}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_decides_shows_at_once() {
    let t = installed().await;
    let site = Site::of(&t).await;
    assert!(site.get("/veille.html").await.contains("Bastide"));
    editor::reject(&t.app, &[StoryId::new(1)], &editor(), "hors sujet").expect("a rejection");
    let gone = site.get("/nouvelles/1.html").await;
    assert!(gone.starts_with("HTTP/1.1 410") && gone.contains("Nouvelle retirée"), "{gone}");
    for path in ["/veille.html", "/", "/veille.atom", "/natures/avis.html", "/recherche?q=bastide"] {
        assert!(!site.get(path).await.contains("nouvelles/1.html"), "{path}");
    }
    editor::approve(&t.app, &[StoryId::new(1)], &editor(), "").expect("an approval");
    assert!(site.get("/veille.html").await.contains("Bastide"));
    // New from the crawl, in another program.
    t.serve("/cert", &[item(7, "Faille dans Ponceau", "Une autre faille.")]);
    t.crawl().await;
    assert!(site.get("/veille.html").await.contains("Ponceau"));
    editor::merge(&t.app, StoryId::new(1), &[StoryId::new(3)], &editor(), "").expect("a merge");
    let ids = [1, 3].map(|id| t.app.store.read(|db| stories::get(db, StoryId::new(id))).expect("a read").expect("it"));
    let (from, into) = if ids[0].merged_into.is_some() { (1, 3) } else { (3, 1) };
    let moved = site.get(&format!("/nouvelles/{from}.html")).await;
    assert!(
        moved.starts_with("HTTP/1.1 301") && moved.contains(&format!("location: /nouvelles/{into}.html")),
        "{moved}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_a_page_is_told_so_and_one_that_can_gets_it_small() {
    let t = installed().await;
    let site = Site::of(&t).await;
    let header = |answer: &str, name: &str| {
        let line = answer.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap_or_default().to_owned();
        line.split_once(": ").map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let first = site.get("/veille.rss").await;
    let (etag, date) = (header(&first, "etag"), header(&first, "last-modified"));
    assert!(etag.starts_with('"') && date.ends_with("GMT"), "{first}");
    for condition in [
        format!("If-None-Match: {etag}\r\n"),
        format!("If-None-Match: \"autre\", W/{etag}\r\n"),
        format!("If-Modified-Since: {date}\r\n"),
    ] {
        let answer = site.ask("GET", "/veille.rss", &condition, "").await;
        assert!(answer.starts_with("HTTP/1.1 304") && !answer.contains("<rss"), "{condition}{answer}");
    }
    let small = site.ask("GET", "/veille.rss", "Accept-Encoding: br, gzip\r\n", "").await;
    assert!(small.contains("content-encoding: gzip") && small.contains("vary: accept-encoding"), "{small}");
    assert_ne!(header(&small, "etag"), etag);
    let plain = site.ask("GET", "/veille.rss", "Accept-Encoding: gzip;q=0\r\n", "").await;
    assert!(plain.contains("<rss"), "{plain}");
    let head = site.ask("HEAD", "/veille.rss", "", "").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    // What changed has another tag.
    t.serve("/cert", &[item(7, "Faille dans Ponceau", "Une autre faille.")]);
    t.crawl().await;
    let after = site.ask("GET", "/veille.rss", &format!("If-None-Match: {etag}\r\n"), "").await;
    assert!(after.starts_with("HTTP/1.1 200") && after.contains("Ponceau"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_have_pages_and_none_is_shown_twice() {
    let t = installed().await;
    let many: Vec<_> =
        (10..90).map(|n| item(n, &format!("Avis numéro {n}"), &format!("Le texte de l’avis {n}."))).collect();
    t.serve("/cert", &many);
    t.crawl().await;
    let site = Site::of(&t).await;
    let (mut path, mut seen, mut pages) = (String::from("/sources/cert.html"), Vec::new(), 0);
    loop {
        let page = site.get(&path).await;
        seen.extend(
            page.split("href=\"../nouvelles/")
                .skip(1)
                .map(|rest| rest.split('.').next().unwrap_or_default().to_owned()),
        );
        pages += 1;
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"../") else { break };
        path = format!("/{}", rest.split('"').next().unwrap_or_default());
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((count, seen.len(), pages), (81, 81, 4));
    let feed = site.get("/sources/cert.atom").await;
    let (_, rest) = feed.split_once("rel=\"next\" href=\"https://veille.example.fr").expect("a next page");
    let next = site.get(rest.split('"').next().unwrap_or_default()).await;
    assert!(next.contains("rel=\"first\"") && next.matches("<entry>").count() == 31, "{next}");
    for odd in ["avant=x", "avant=-1", "avant=99999999999999999999", "avant=0"] {
        assert!(site.get(&format!("/sources/cert.html?{odd}")).await.starts_with("HTTP/1.1 200"), "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_and_its_archives_hold_every_story_and_archives_stay_as_they_are() {
    let t = installed().await;
    let all = |last: u32| -> Vec<_> {
        (10..last).map(|n| item(n, &format!("Avis numéro {n}"), &format!("Le texte de l’avis {n}."))).collect()
    };
    t.serve("/cert", &all(170));
    t.crawl().await;
    let site = Site::of(&t).await;
    let link = |feed: &str, rel: &str| {
        let (_, rest) = feed.split_once(&format!("rel=\"{rel}\" href=\"https://veille.example.fr"))?;
        Some(rest.split('"').next().unwrap_or_default().to_owned())
    };
    let ids = |feed: &str| -> Vec<String> {
        let entries = feed.split("<entry>").skip(1);
        entries
            .map(|entry| {
                entry.split("<id>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
            })
            .collect()
    };
    for (name, wanted) in [("sources/cert", 161), ("veille", 162)] {
        let first = site.get(&format!("/{name}.atom")).await;
        assert!(!first.contains("fh:archive"), "{first}");
        let mut seen: std::collections::BTreeSet<String> = ids(&first).into_iter().collect();
        let (mut at, mut archives) = (link(&first, "prev-archive"), Vec::new());
        while let Some(path) = at {
            let archive = site.get(&path).await;
            assert!(archive.contains("<fh:archive/>") || archive.contains("<fh:archive></fh:archive>"), "{archive}");
            assert_eq!(link(&archive, "current"), Some(format!("/{name}.atom")));
            seen.extend(ids(&archive));
            at = link(&archive, "prev-archive");
            archives.push((path, archive));
        }
        assert!(archives.len() == 3 && seen.len() >= wanted, "{} archives, {} stories", archives.len(), seen.len());
        let (path, before) = archives.pop().expect("one");
        assert!(site.get(&path.replace(".atom", ".rss")).await.contains("fh:archive"));
        if name == "veille" {
            t.serve("/cert", &all(200));
            t.crawl().await;
            let body = |answer: &str| answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
            assert_eq!(body(&site.get(&path).await), body(&before), "it does not change");
        }
    }
    for nothing in ["archive=4", "archive=99", "archive=9223372036854775807"] {
        assert!(site.get(&format!("/veille.atom?{nothing}")).await.starts_with("HTTP/1.1 404"), "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_with_what_they_stand_in_and_any_question_has_an_answer() {
    let t = installed().await;
    let site = Site::of(&t).await;
    let found = site.get("/recherche?q=FAILLES").await;
    assert!(found.contains("<mark>faille</mark>") && found.contains("nouvelles/1.html"), "{found}");
    for (query, is_found) in [
        ("q=faille&rubrique=cybersecurite", true),
        ("q=faille&rubrique=finances", false),
        ("q=faille&nature=avis&source=cert", true),
        ("q=faille&source=presse", false),
        ("reference=CVE-2023-40001", true),
        ("q=faille&du=2023-08-31", false),
        ("q=faille&au=2023-08-31", true),
        ("q=faille&ordre=pertinence", true),
        ("q=bast*&gravite=info", true),
        ("q=faille+-ponceau", false),
        ("q=faille+-budget", true),
        ("nature=avis", true),
        ("rubrique=finances", false),
        ("source=cert&du=2023-08-01", true),
    ] {
        assert_eq!(site.get(&format!("/recherche?{query}")).await.contains("nouvelles/1.html"), is_found, "{query}");
    }
    let odd = site.get("/recherche?q=faille&rubrique=xyz&gravite=%22&du=31/02/2023").await;
    assert!(
        odd.contains("Non compris") && odd.contains("rubrique « xyz »") && odd.contains("nouvelles/1.html"),
        "{odd}"
    );
    for query in ["q=%22", "q=NEAR(a", "q=title:x", "q=*", "q=%00%FF", "q=-", "apres=zz&q=faille", "%", "q=a%20OR%20b"]
    {
        assert!(site.get(&format!("/recherche?{query}")).await.starts_with("HTTP/1.1 200"), "{query}");
    }
    for (query, told) in [("q=%22", "mots « \" »"), ("q=de+la", "mots « de la »"), ("q=-eau", "mots « -eau »")] {
        let page = site.get(&format!("/recherche?{query}")).await.replace('\u{a0}', " ").replace("&quot;", "\"");
        assert!(page.contains("Non compris") && page.contains(told), "{query}: {page}");
    }
    let backwards = site.get("/recherche?q=faille&du=2024-01-01&au=2023-01-01").await;
    assert!(backwards.contains("nouvelles/1.html"), "a period is one, whichever day comes first");
    let feed = site.get("/recherche.rss?q=bastide").await;
    assert!(feed.contains("<rss") && feed.matches("<item>").count() == 1, "{feed}");
    // Of a text under rights, no more is shown than its summary.
    let press = site.get("/recherche?q=budget").await;
    assert!(press.contains("La Gazette"), "{press}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_found_once_though_its_notices_stand_on_several_pages() {
    let t = installed().await;
    let title = |n: u32| if n.is_multiple_of(3) { format!("Une faille n° {n}") } else { format!("Avis n° {n}") };
    for n in 10..75 {
        t.serve("/cert", &[item(n, &title(n), &format!("Il y a une faille, dit l’avis {n}, dans le produit {n}."))]);
        t.crawl().await;
    }
    let ids = |from: i64| [from, from + 31, from + 50].map(StoryId::new);
    for first in 3..8 {
        let [into, others @ ..] = ids(first);
        editor::merge(&t.app, into, &others, &editor(), "").expect("a merge");
    }
    let site = Site::of(&t).await;
    for order in ["", "&ordre=pertinence"] {
        let (mut path, mut seen, mut pages) = (format!("/recherche?q=faille{order}"), Vec::new(), 0);
        loop {
            let page = site.get(&path).await;
            let (_, results) = page.split_once("<main").expect("a page");
            let links = results.split("href=\"nouvelles/").skip(1);
            seen.extend(links.map(|rest| rest.split('.').next().unwrap_or_default().to_owned()));
            pages += 1;
            let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
            path = format!("/{}", rest.split('"').next().unwrap_or_default().replace("&amp;", "&"));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        // 66 stories have the word; ten went into others.
        assert_eq!((count, seen.len(), pages), (56, 56, 3), "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_shows_what_changed() {
    let t = installed().await;
    let changed =
        item(1, "Faille dans Bastide & Ponceau", "La faille CVE-2023-40001 permet tout. Un correctif est publié.");
    t.serve("/cert", &[changed]);
    t.crawl().await;
    let site = Site::of(&t).await;
    let story = site.get("/nouvelles/1.html").await;
    assert!(story.contains("1 modification") && story.contains("<ins>") && story.contains("<del>"), "{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_counted_and_robots_are_not() {
    let t = installed().await;
    let site = Site::of(&t).await;
    for _ in 0..3 {
        site.ask("GET", "/nouvelles/2.html", "User-Agent: Mozilla/5.0 Firefox/130\r\n", "").await;
        site.ask("GET", "/nouvelles/1.html", "User-Agent: Mozilla/5.0 (compatible; Exemplebot/2.1)\r\n", "").await;
    }
    assert!(!site.get("/").await.contains("les plus lus"));
    site.stopped().await;
    let site = Site::of(&t).await;
    let home = site.get("/").await;
    let (_, most) = home.split_once("Les derniers articles les plus lus").expect("a list");
    let (most, _) = most.split_once("</section>").expect("its end");
    assert!(most.contains("nouvelles/2.html") && !most.contains("nouvelles/1.html"), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_holds_the_same_pages() {
    let t = installed().await;
    publish::publish(&t.app, None).expect("a folder");
    let out = &t.app.config.publish.out;
    for path in
        ["index.html", "nouvelles/1.html", "sources/index.html", "sections/cybersecurite.html", "natures/avis.rss"]
    {
        let text = std::fs::read_to_string(out.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!text.contains("recherche") && !text.contains("abonnement"), "{path}: no server answers there");
    }
    editor::reject(&t.app, &[StoryId::new(1)], &editor(), "").expect("a rejection");
    publish::publish(&t.app, None).expect("a folder");
    assert!(!out.join("nouvelles/1.html").exists() && out.join("nouvelles/2.html").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_the_same_as_json_and_what_is_described() {
    let t = installed().await;
    t.compose(Cadence::Daily).expect("an edition");
    let site = Site::of(&t).await;
    let ask = async |path: &str| {
        let answer = site.get(path).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(
            head.starts_with("HTTP/1.1 200") && head.contains("content-type: application/json"),
            "{path}: {answer}"
        );
        serde_json::from_str::<serde_json::Value>(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    };
    let described = ask("/api/openapi.json").await;
    let required = |schema: &serde_json::Value| -> Vec<String> {
        let names = schema["required"].as_array().cloned().unwrap_or_default();
        names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let story_fields = required(&described["components"]["schemas"]["Story"]);
    for path in described["paths"].as_object().expect("paths").keys() {
        let answer = ask(&path.replace("{id}", "1")).await;
        let schema = &described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        for name in required(schema) {
            assert!(answer.get(&name).is_some(), "{path} has no {name}: {answer}");
        }
        for story in answer["stories"].as_array().into_iter().flatten().chain(answer.get("story")) {
            for name in &story_fields {
                assert!(story.get(name).is_some(), "{path}: a story has no {name}: {story}");
            }
        }
    }
    let found = ask("/api/search?q=bastide&rubrique=zz").await;
    assert_eq!((found["stories"][0]["id"].as_i64(), found["ignored"][0].as_str()), (Some(1), Some("rubrique")));
    assert_eq!(ask("/api/stories?selection=natures/avis").await["stories"].as_array().map(Vec::len), Some(1));
    editor::reject(&t.app, &[StoryId::new(1)], &editor(), "").expect("a rejection");
    for path in ["/api/stories/1", "/api/stories/99", "/api/rien", "/api/stories?selection=sections/rien"] {
        let answer = site.get(path).await;
        assert!(
            answer.starts_with("HTTP/1.1 404") && answer.contains("content-type: application/problem+json"),
            "{answer}"
        );
    }
    let odd = site.get("/api/notices?avant=deux").await;
    assert!(odd.starts_with("HTTP/1.1 400") && odd.contains("`avant` is the number"), "{odd}");
    for path in ["/api/notices/1", "/api/notices/99", "/api/notices?source=rien"] {
        assert!(site.get(path).await.starts_with("HTTP/1.1 404"), "{path}: its story is seen no more");
    }
    let notices = ask("/api/notices").await;
    let stories: Vec<i64> =
        notices["notices"].as_array().expect("notices").iter().filter_map(|one| one["story"].as_i64()).collect();
    assert!(!stories.is_empty() && !stories.contains(&1), "{notices}");
}
