//! Links to files that share a folder and an extension.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{Html, Selector};
use url::Url;

use super::{Idea, LEAST};
use crate::{
    model::{Kind, Pattern},
    normalise::url::web_address,
};

const EXTENSIONS: [&str; 6] = ["pdf", "doc", "docx", "odt", "rtf", "xlsx"];

/// One pattern for each folder of files, the fullest first. What counts in a folder's name (`2024-08`) may be any number.
pub(super) fn ideas(document: &Html, address: &Url) -> Vec<Idea> {
    let Ok(links) = Selector::parse("a[href]") else { return Vec::new() };
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for href in document.select(&links).filter_map(|link| link.attr("href")) {
        let Ok(url) = web_address(href, address) else { continue };
        let path = url.path();
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let Some(extension) = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()) else {
            continue;
        };
        if EXTENSIONS.contains(&extension.as_str()) {
            // Some name their files in capitals.
            folders
                .entry(format!("{}/[^/]+\\.(?i:{extension})$", any_number(folder)))
                .or_default()
                .insert(url.to_string());
        }
    }
    let mut folders: Vec<(String, usize)> =
        folders.into_iter().map(|(written, urls)| (written, urls.len())).filter(|(_, count)| *count >= LEAST).collect();
    folders.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
    let idea = |(written, count): (String, usize)| {
        let pattern = Pattern::parse(&written).ok()?;
        Some(Idea { kind: Kind::Links(vec![pattern]), made_from: format!("{count} links to files of one folder") })
    };
    folders.into_iter().take(2).filter_map(idea).collect()
}

/// A folder as a pattern.
fn any_number(folder: &str) -> String {
    let mut out = String::new();
    let mut rest = folder.chars();
    while let Some(c) = rest.next() {
        match c {
            '0'..='9' if out.ends_with("\\d+") => {}
            '0'..='9' => out.push_str("\\d+"),
            // Encoded in the page, decoded where the pattern is applied.
            '%' => {
                rest.nth(1);
                out.push_str(if out.ends_with(".+") { "" } else { ".+" });
            }
            c if c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-') => out.push(c),
            _ => out.push('.'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_months_are_one_folder() {
        let page = r#"<main><a href="/sites/default/files/2024-08/2024-08-26%20-%20CP%20TELEGRAM%20.pdf">x</a>
            <a href="/sites/default/files/2024-08/2024-08-28%20-%20CP.pdf">x</a><a href="/sites/default/files/2025-09/CJIP.PDF">x</a>
            <a href="/sites/default/files/2025-09/CJIP.PDF">x</a><a href="/logo.pdf">x</a></main>"#;
        let address = Url::parse("https://www.tribunal.fr/cp").unwrap();
        let ideas = ideas(&Html::parse_document(page), &address);
        assert_eq!(ideas.len(), 1);
        let Kind::Links(patterns) = &ideas[0].kind else { panic!() };
        assert_eq!(patterns[0].as_str(), r"/sites/default/files/\d+-\d+/[^/]+\.(?i:pdf)$");
        assert!(patterns[0].regex().is_match("https://www.tribunal.fr/sites/default/files/2026-06/CP sur Cfake.pdf"));
        assert_eq!(ideas[0].made_from, "3 links to files of one folder");
    }
}
