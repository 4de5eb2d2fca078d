//! Listings: pages on which each document is one element. Places are CSS selectors in the item, or that the item itself answers
//! to; `selector@attribute` gives an attribute, and `@attribute` that of the item.
//!
//! The first element that answers is taken, and for contents and categories all of them. Without an attribute, a date is what
//! `datetime` or `content` says before the words of the element, and a link its `href`, or that of the first link in it.

use std::collections::BTreeMap;

use scraper::{ElementRef, Selector, error::SelectorErrorKind};

use super::{Finder, Taker, Wrong, inside_each_other, items, plan::unreadable};
use crate::{
    extract::{
        document::{Document, spaced, weight},
        harvest::Harvest,
    },
    model::{Field, Mapping, Markup, Page, Problem, ProblemKind},
    normalise::markup,
};

/// Whether a text is a selector that [`crate::extract::extract`] can apply, with or without an attribute after it.
///
/// # Errors
/// What the selector engine has against it.
pub fn check_selector(written: &str) -> Result<(), String> {
    compile(written).map(drop).map_err(|wrong| wrong.why)
}

pub(in crate::extract) fn read(page: &Page, mapping: &Mapping, taker: &mut Taker<'_, '_>) {
    let harvest = taker.harvest();
    let Some(document) = Document::of(page, harvest) else { return };
    harvest.title = harvest.title.take().or_else(|| document.title());
    let Ok(any_link) = Selector::parse("a[href]") else { return };
    let finder = Selectors { any_link, document: &document };
    let found: Vec<ElementRef<'_>> = match &mapping.item {
        None => vec![document.html.root_element()],
        Some(written) => match compile(written) {
            Ok(Spot { selector: Some(selector), attribute: None }) => {
                let found: Vec<_> = document.html.select(&selector).collect();
                if found.is_empty() {
                    let root = document.html.root_element();
                    let message = format!(
                        "the selector `{written}` matches nothing on the page; it has {}\nhint: the page may have changed; look at it with `vigie sources try`",
                        census(root, LISTED)
                    );
                    let problem = Problem::at("item", ProblemKind::Mapping, message);
                    return harvest.problem(document.nothing(problem, page));
                }
                found
            }
            Ok(_) => {
                let wrong = Wrong { why: "an attribute is no item".to_owned(), hint: HINT };
                return harvest.problem(unreadable("item", written, &wrong));
            }
            Err(wrong) => return harvest.problem(unreadable("item", written, &wrong)),
        },
    };
    let found = within_bounds(found, document.html.root_element(), harvest);
    // What stands on a page is HTML, whatever else is set.
    let mapping = Mapping { markup: Markup::Html, ..mapping.clone() };
    items(&finder, found.into_iter(), &mapping, &document.base, taker);
}

/// Items may stand inside items, and each is read with all that stands in it: as many as come to so many times the page.
const MOST_TIMES: usize = 8;

fn within_bounds<'d>(
    mut found: Vec<ElementRef<'d>>,
    root: ElementRef<'d>,
    harvest: &mut Harvest<'_>,
) -> Vec<ElementRef<'d>> {
    let mut left = weight(root, usize::MAX).unwrap_or(usize::MAX).saturating_mul(MOST_TIMES);
    let kept = found.iter().take_while(|item| match weight(**item, left) {
        Some(weight) => {
            left -= weight;
            true
        }
        None => false,
    });
    let kept = kept.count();
    if kept < found.len() {
        harvest.problem(inside_each_other(found.len() - kept));
        found.truncate(kept);
    }
    found
}

const HINT: &str = "write a CSS selector, such as `h2 a`, or with an attribute, such as `img@alt`";

/// A selector, an attribute of what it finds, or both.
pub(in crate::extract) struct Spot {
    selector: Option<Selector>,
    attribute: Option<String>,
}

/// # Errors
/// The selector cannot be read.
pub(in crate::extract) fn compile(written: &str) -> Result<Spot, Wrong> {
    let parse =
        |written: &str| Selector::parse(written).map_err(|error| Wrong { why: refusal(&error).to_owned(), hint: HINT });
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c));
    match written.rsplit_once('@') {
        Some((selector, name)) if is_name(name) => Ok(Spot {
            selector: if selector.trim().is_empty() { None } else { Some(parse(selector)?) },
            attribute: Some(name.to_ascii_lowercase()),
        }),
        _ => Ok(Spot { selector: Some(parse(written)?), attribute: None }),
    }
}

/// The engine's own words are for its developers.
fn refusal(error: &SelectorErrorKind) -> &'static str {
    match error {
        SelectorErrorKind::EndOfLine => "it ends too early",
        SelectorErrorKind::ExpectedColonOnPseudoElement | SelectorErrorKind::ExpectedIdentityOnPseudoElement => {
            "a `:` has no name after it"
        }
        // Its type is that of a crate beneath, and only its name can be had.
        SelectorErrorKind::UnexpectedSelectorParseError(kind) => match format!("{kind:?}").as_str() {
            "DanglingCombinator" => "a `>`, `+` or `~` has nothing on one of its sides",
            "EmptySelector" => "nothing stands where an element should be named",
            kind if kind.contains("Pseudo") => "what follows a `:` is unknown",
            _ => "a character stands where none can",
        },
        _ => "a character stands where none can",
    }
}

/// Items are elements of one page.
struct Selectors<'d> {
    any_link: Selector,
    document: &'d Document,
}

impl<'d> Selectors<'d> {
    /// The elements that answer, none of them inside another: those inside the item, or else the item itself.
    fn answers(&self, item: ElementRef<'d>, spot: &Spot, field: Field) -> Vec<ElementRef<'d>> {
        let Some(selector) = &spot.selector else { return vec![item] };
        let most = if matches!(field, Field::Content | Field::Category) { usize::MAX } else { 1 };
        let mut found: Vec<ElementRef<'d>> = Vec::new();
        for element in item.select(selector) {
            // They come in the order of the page, so that what stands inside one comes right after it.
            let is_inside = found.last().is_some_and(|last| element.ancestors().any(|above| above.id() == last.id()));
            if !is_inside {
                found.push(element);
            }
            if found.len() >= most {
                break;
            }
        }
        if found.is_empty() && selector.matches(&item) { vec![item] } else { found }
    }

    fn href(&self, element: ElementRef<'d>) -> Option<String> {
        let href = element.attr("href").or_else(|| element.select(&self.any_link).next()?.attr("href"));
        href.map(str::to_owned)
    }

    fn value(&self, element: ElementRef<'d>, spot: &Spot, field: Field) -> Option<String> {
        match (&spot.attribute, field) {
            (Some(name), _) => element.attr(name).map(str::to_owned),
            (None, Field::Link) => self.href(element),
            (None, Field::Date | Field::Updated) => {
                let attribute = element.attr("datetime").or_else(|| element.attr("content"));
                Some(attribute.map_or_else(|| spaced(element), str::to_owned))
            }
            (None, Field::Summary | Field::Content) => {
                let html = element.inner_html();
                // What shows that it is HTML: a line break in it is only white space.
                Some(if markup::is_present(&html) { html } else { format!("<div>{html}</div>") })
            }
            (None, _) => Some(spaced(element)),
        }
    }
}

impl<'d> Finder for Selectors<'d> {
    type Item = ElementRef<'d>;
    type Place = Spot;

    fn place(&self, written: &str) -> Result<Spot, Wrong> {
        compile(written)
    }

    fn find(&self, item: &ElementRef<'d>, spot: &Spot, field: Field) -> Option<Vec<String>> {
        let elements = self.answers(*item, spot, field);
        let values = elements.iter().filter_map(|element| self.value(*element, spot, field));
        (!elements.is_empty()).then(|| values.collect())
    }

    fn instead(&self, item: &ElementRef<'d>, spot: &Spot, written: &str) -> String {
        let outside =
            spot.selector.as_ref().map_or(0, |selector| self.document.html.select(selector).take(1_000).count());
        let hint = match outside {
            0 => "the page may have changed; look at it with `vigie sources try`",
            _ => "it matches elsewhere on the page: `item` may be too narrow",
        };
        format!(
            "the selector `{written}` matches nothing in any item; the first has {}\nhint: {hint}",
            census(*item, ANY)
        )
    }

    fn own_link(&self, item: &ElementRef<'d>) -> Option<String> {
        self.href(*item)
    }

    fn words(&self, item: &ElementRef<'d>) -> String {
        spaced(*item)
    }
}

/// What lists of documents are made of.
const LISTED: &[&str] = &["article", "li", "tr", "section", "h2", "h3", "h4", "a", "time", "div"];
const ANY: &[&str] = &[];

/// How many elements of which name and class stand in an element, the most frequent first.
fn census(inside: ElementRef<'_>, names: &[&str]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let elements = inside.descendants().skip(1).filter_map(ElementRef::wrap).take(20_000);
    for element in elements {
        let name = element.value().name();
        if names.is_empty() || names.contains(&name) {
            let class = element.value().classes().next().filter(|class| class.len() < 40);
            *counts.entry(class.map_or_else(|| name.to_owned(), |class| format!("{name}.{class}"))).or_default() += 1;
        }
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown: Vec<String> = counts.iter().take(8).map(|(name, count)| format!("{count} `{name}`")).collect();
    if shown.is_empty() { String::from("no element") } else { shown.join(", ") }
}
