//! Sitemaps (sitemaps.org 0.9) with the news extension: addresses, the date of the last change, and for news title and date.

use std::collections::BTreeSet;

use super::{
    build::{Parts, Raw, Setting},
    file_name,
    harvest::Harvest,
    mapped::Tree,
    mend,
    percent::decode,
    problems::decoded,
    stranger,
};
use crate::{
    model::{Markup, Page, Pattern, Problem, ProblemKind},
    normalise::charset::Syntax,
    text,
};

pub(super) fn read(page: &Page, pattern: Option<&Pattern>, harvest: &mut Harvest<'_>) {
    let Some(text) = decoded(page, Syntax::Xml, page.content_type.as_deref(), harvest) else { return };
    let mended = mend::mend(&text);
    let tree = Tree::read(&mended);
    let Some(root) = tree.root() else {
        return harvest.problem(stranger::problem("a sitemap", &text, None, &page.url));
    };
    if tree.is(root, "sitemapindex") {
        return harvest.problem(Problem::page(ProblemKind::Mapping, index(&tree, root)));
    }
    if !tree.is(root, "urlset") {
        let name = super::xml::root(&mended);
        return harvest.problem(stranger::problem("a sitemap", &text, name.as_deref(), &page.url));
    }
    let urls: Vec<_> = tree.children(root).filter(|url| tree.is(*url, "url")).collect();
    if let Some(why) = &tree.broken {
        let message = format!("broken sitemap: {why}\nhint: the whole entries are still read");
        harvest.problem(Problem::page(ProblemKind::Mended, message));
    }
    let setting = Setting::new(&page.url, Markup::Html);
    let (mut seen, mut first) = (BTreeSet::new(), Vec::new());
    let all = urls.len();
    for (position, url) in urls.into_iter().enumerate().filter(|(_, url)| tree.is_whole(*url)) {
        let Some(link) = value(&tree, url, &["loc"]) else { continue };
        let address = decode(link.trim());
        if pattern.is_some_and(|pattern| !pattern.regex().is_match(&address)) {
            if first.len() < 5 {
                first.push(format!("`{}`", text::truncate(&address, 120)));
            }
            continue;
        }
        if !seen.insert(link.clone()) {
            continue;
        }
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let raw = Raw {
            title: value(&tree, url, &["news", "title"]).unwrap_or_else(|| file_name::words(segment)),
            link: Some(link),
            dates: value(&tree, url, &["news", "publication_date"]).into_iter().collect(),
            // A date of change: sites rewrite old pages by the thousand, which makes none of them new.
            updates: value(&tree, url, &["lastmod"]).into_iter().collect(),
            ..Raw::default()
        };
        let place = harvest.item(position);
        let parts = Parts::of(raw, &setting, &place, harvest);
        if let Some(draft) = parts.draft(&place, harvest) {
            harvest.accept(&place, draft, None);
        }
    }
    if seen.is_empty() {
        let problem = match first.is_empty() {
            true => Problem::page(ProblemKind::Empty, "the sitemap has no address"),
            false => Problem::page(
                ProblemKind::Mapping,
                format!(
                    "none of the {all} addresses of the sitemap matches; the first are {}\nhint: `pattern` is compared with the whole address, without percent-encoding",
                    first.join(", ")
                ),
            ),
        };
        harvest.problem(problem);
    }
}

fn index(tree: &Tree<'_>, root: usize) -> String {
    let addresses: Vec<String> = tree
        .children(root)
        .filter_map(|map| value(tree, map, &["loc"]))
        .take(5)
        .map(|address| format!("`{}`", text::truncate(address.trim(), 120)))
        .collect();
    let hint = match addresses.is_empty() {
        true => "it names none".to_owned(),
        false => format!("set `url` to one of them: {}", addresses.join(", ")),
    };
    format!("this is an index of sitemaps, and no sitemap\nhint: {hint}")
}

/// What stands at the first element of each name in turn; nothing when that is empty.
fn value(tree: &Tree<'_>, node: usize, names: &[&str]) -> Option<String> {
    let found = names.iter().try_fold(node, |node, name| tree.children(node).find(|child| tree.is(*child, name)))?;
    Some(text::collapse(&tree.text(found))).filter(|text| !text.is_empty())
}
