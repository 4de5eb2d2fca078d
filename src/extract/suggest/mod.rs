//! How a page that is no feed could be read: mappings made from what repeats in it, each of them read as a crawl would.

mod class;
mod data;
mod fields;
mod groups;
mod links;

use std::collections::BTreeSet;

use scraper::Html;

use super::{Extracted, tame::tame, xml};
use crate::{
    model::{Draft, Kind, Page},
    normalise::charset::{self, Syntax},
};

/// A way to read a page that yields documents.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub kind: Kind,
    /// What it yields.
    pub drafts: Vec<Draft>,
    /// What it was made from, for operators.
    pub made_from: String,
}

/// How many ways are proposed.
const MOST: usize = 3;

/// How many are read with the real extractor before one is proposed.
const MOST_READ: usize = 8;

/// A list of fewer documents is none.
const LEAST: usize = 3;

/// A way to read a page, not tried yet.
struct Idea {
    kind: Kind,
    made_from: String,
}

/// The ways to read a page, the best first. `read` reads the page as one kind of source.
pub fn suggest(page: &Page, read: &dyn Fn(Kind) -> Extracted) -> Vec<Candidate> {
    let decoded = charset::decode(&page.body, page.content_type.as_deref(), Syntax::Html);
    let text = decoded.text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let is_markup = text.starts_with('<');
    let ideas = match (text.chars().next(), is_markup.then(|| xml::root(text)).flatten().as_deref()) {
        (Some('{' | '['), _) => data::json(text),
        (_, Some("urlset")) => vec![Idea { kind: Kind::Sitemap(None), made_from: String::from("the sitemap") }],
        (_, Some(_)) => {
            let document = Html::parse_document(&tame(&decoded.text).html);
            let mut ideas = groups::ideas(&document, &page.url);
            ideas.extend(links::ideas(&document, &page.url));
            ideas
        }
        _ => data::csv(text),
    };
    let mut taken: Vec<BTreeSet<String>> = Vec::new();
    let mut candidates = Vec::new();
    for idea in ideas.into_iter().take(MOST_READ) {
        let drafts = read(idea.kind.clone()).drafts;
        let keys: BTreeSet<String> = drafts.iter().map(key).collect();
        // Two ways to the same documents are one: the better one stands first.
        let is_known = taken.iter().any(|other| other.intersection(&keys).count() * 2 > keys.len().min(other.len()));
        if keys.len() < LEAST || is_known {
            continue;
        }
        taken.push(keys);
        candidates.push(Candidate { kind: idea.kind, drafts, made_from: idea.made_from });
        if candidates.len() == MOST {
            break;
        }
    }
    candidates
}

fn key(draft: &Draft) -> String {
    draft.url.as_ref().map_or_else(|| draft.title.clone(), ToString::to_string)
}

#[cfg(test)]
mod tests;
