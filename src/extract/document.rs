//! A web page as a tree of elements, and what is asked of any.

use std::borrow::Cow;

use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

use super::{
    feed::{LONGEST_TEXT, LONGEST_TITLE},
    harvest::Harvest,
    plain::plain,
    problems::decoded,
    stranger,
    tame::{Extent, Tame, tame},
};
use crate::{
    model::{Page, Problem, ProblemKind},
    normalise::{charset::Syntax, title, url::web_address},
    text,
};

pub(super) struct Document {
    pub html: Html,
    /// Its beginning, as it is written.
    head: String,
    /// What relative links stand against: `base href`, where the page has one.
    pub base: Url,
}

impl Document {
    /// `None` when there is nothing to read, which is then a problem.
    pub(super) fn of(page: &Page, harvest: &mut Harvest<'_>) -> Option<Self> {
        let text = decoded(page, Syntax::Html, page.content_type.as_deref(), harvest)?;
        let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or_default().to_owned();
        let Tame { html, extent } = tame(&text);
        if extent == Extent::Cut {
            harvest.problem(Problem::page(ProblemKind::Limit, TOO_MUCH));
        }
        let html = match html {
            Cow::Borrowed(html) => Html::parse_document(html),
            // One copy of a large page less, while its tree is made.
            Cow::Owned(html) => {
                drop(text);
                Html::parse_document(&html)
            }
        };
        let base = base(&html, &page.url);
        Some(Self { html, head, base })
    }

    /// What the page calls itself.
    pub(super) fn title(&self) -> Option<String> {
        let element = self.select("head > title").next()?;
        Some(text::truncate(&title::plain(&spaced(element)), LONGEST_TITLE)).filter(|name| !name.is_empty())
    }

    /// The elements that a fixed selector finds.
    pub(super) fn select(&self, selector: &str) -> impl Iterator<Item = ElementRef<'_>> {
        select(&self.html, selector).into_iter()
    }

    /// What to say when nothing of what is expected stands on the page: an empty list behind an anti-robot check is that check's
    /// doing, and no fault of the settings.
    pub(super) fn nothing(&self, otherwise: Problem, page: &Page) -> Problem {
        match stranger::wall(&self.head) {
            Some(_) => stranger::problem("a list", &self.head, Some("html"), &page.url),
            None => otherwise,
        }
    }
}

/// Octets of a page in which it says what it is.
const HEAD: usize = 256 << 10;

const TOO_MUCH: &str = "the page holds more elements than are read; the rest was left out\nhint: watch a smaller page, or one of its feeds";

fn select<'d>(html: &'d Html, selector: &str) -> Vec<ElementRef<'d>> {
    Selector::parse(selector).map(|selector| html.select(&selector).collect()).unwrap_or_default()
}

/// A base is part of each address on its page.
pub(super) const LONGEST_BASE: usize = 500;

fn base(html: &Html, page: &Url) -> Url {
    let href = select(html, "base[href]").first().and_then(|base| base.attr("href"));
    let href = href.filter(|href| href.len() <= LONGEST_BASE);
    href.and_then(|href| web_address(href, page).ok()).unwrap_or_else(|| page.clone())
}

/// All that an element says, on one line; of one that says more than any title or date, its beginning.
pub(super) fn spaced(element: ElementRef<'_>) -> String {
    if weight(element, LONGEST_TEXT).is_some() {
        return text::collapse(&plain(&element.inner_html()));
    }
    let mut said = String::new();
    for piece in element.text() {
        let room = LONGEST_TEXT - said.len();
        said.push_str(piece.get(..piece.floor_char_boundary(room)).unwrap_or_default());
        if piece.len() >= room {
            break;
        }
    }
    text::collapse(&said)
}

/// What an element takes as HTML, in octets, about; nothing where that is more than `most`, or the element has more than so
/// many nodes.
pub(super) fn weight(element: ElementRef<'_>, most: usize) -> Option<usize> {
    let mut weight = 0usize;
    for node in element.descendants() {
        weight += 1 + match node.value() {
            Node::Text(text) => text.len(),
            Node::Comment(comment) => comment.len(),
            Node::Element(element) => {
                element.attrs().map(|(name, value)| 4 + name.len() + value.len()).sum::<usize>()
                    + 2 * element.name().len()
                    + 5
            }
            _ => 0,
        };
        if weight > most {
            return None;
        }
    }
    Some(weight)
}
