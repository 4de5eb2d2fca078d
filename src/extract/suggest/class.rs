//! Names in a page that a selector may rely on.

use scraper::ElementRef;

/// The classes of an element that look written by a person, in the order of the page.
pub(super) fn lasting<'d>(element: ElementRef<'d>) -> impl Iterator<Item = &'d str> {
    element.value().classes().filter(|class| is_lasting(class))
}

/// The id of an element, when it looks written by a person.
pub(super) fn lasting_id(element: ElementRef<'_>) -> Option<&str> {
    element.attr("id").filter(|id| is_lasting(id))
}

/// Not numbered, not made by a build, not a state, not a place in a grid, not a utility of a style sheet.
fn is_lasting(name: &str) -> bool {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && (3..=40).contains(&name.len());
    let words: Vec<&str> = name.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    let made = |word: &&str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
        digits == word.len()
            || digits > 1
            || (digits > 0 && word.len() > 4)
            || (capitals > 1 && capitals < word.len() && digits > 0)
    };
    let first = words.first().copied().unwrap_or_default();
    plain
        && !words.iter().any(made)
        && !matches!(
            first,
            "css"
                | "sc"
                | "jsx"
                | "svelte"
                | "is"
                | "has"
                | "js"
                | "col"
                | "row"
                | "grid"
                | "flex"
                | "wp"
                | "uk"
                | "mt"
                | "mb"
                | "ml"
                | "mr"
                | "px"
                | "py"
                | "pt"
                | "pb"
                | "text"
                | "bg"
                | "d"
        )
        && !matches!(
            name,
            "first"
                | "last"
                | "odd"
                | "even"
                | "active"
                | "clearfix"
                | "container"
                | "wrapper"
                | "inner"
                | "unstyled"
                | "sticky"
        )
        && !["fr-col", "fr-grid", "fr-container", "status-", "format-", "type-", "category-", "tag-", "w-full"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// Whether a class is made of one of these words, whole or at the front of one: `views-field-title` says « title ».
pub(super) fn says(class: &str, words: &[&str]) -> bool {
    class.to_ascii_lowercase().split(['-', '_']).any(|part| words.iter().any(|word| part.starts_with(word)))
}

pub(super) const TITLE: [&str; 6] = ["title", "titre", "headline", "heading", "intitule", "objet"];
pub(super) const DATE: [&str; 5] = ["date", "publi", "posted", "time", "created"];
pub(super) const SUMMARY: [&str; 12] = [
    "summary", "resume", "desc", "chapo", "excerpt", "intro", "teaser", "extrait", "abstract", "accroche", "body",
    "content",
];
pub(super) const ASIDE: [&str; 9] = ["tag", "categor", "rubri", "auteur", "author", "meta", "badge", "label", "type"];
pub(super) const ITEM: [&str; 14] = [
    "item",
    "article",
    "post",
    "card",
    "news",
    "actu",
    "result",
    "entry",
    "hentry",
    "row",
    "document",
    "communique",
    "teaser",
    "node",
];
/// What leads elsewhere on the site.
pub(super) const FURNITURE: [&str; 18] = [
    "menu",
    "nav",
    "navbar",
    "navigation",
    "breadcrumb",
    "ariane",
    "footer",
    "sidebar",
    "pagination",
    "pager",
    "pages",
    "share",
    "social",
    "partage",
    "cookie",
    "lang",
    "tabs",
    "related",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_or_a_grid_made_is_no_name_to_rely_on() {
        for lasting in [
            "views-row",
            "fr-card",
            "fr-card__title",
            "post",
            "hentry",
            "liste-items",
            "h3-like",
            "c-article",
            "newsItem",
        ] {
            assert!(is_lasting(lasting), "{lasting}");
        }
        for passing in [
            "post-123",
            "css-1x2y3z",
            "sc-bdVaJa",
            "views-row-1",
            "col-md-4",
            "fr-col-12",
            "is-active",
            "mt-4",
            "md:flex",
            "odd",
            "a1b2c3d4",
            "_x",
            "category-actu",
            "é",
        ] {
            assert!(!is_lasting(passing), "{passing}");
        }
        assert!(says("views-field-title", &TITLE) && says("fr-card__title", &TITLE) && !says("subscription", &DATE));
    }
}
