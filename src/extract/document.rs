//! A web page as a tree of elements, and what is asked of any.

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{feed::LONGEST_TITLE, harvest::Harvest, plain::plain, problems::decoded, shallow::shallow, stranger};
use crate::{
    model::{Page, Problem},
    normalise::{charset::Syntax, title, url::web_address},
    text,
};

pub(super) struct Document {
    pub html: Html,
    pub text: String,
    /// What relative links stand against: `base href`, where the page has one.
    pub base: Url,
}

impl Document {
    /// `None` when there is nothing to read, which is then a problem.
    pub(super) fn of(page: &Page, harvest: &mut Harvest<'_>) -> Option<Self> {
        let text = decoded(page, Syntax::Html, page.content_type.as_deref(), harvest)?;
        let html = Html::parse_document(&shallow(&text));
        let base = base(&html, &page.url);
        Some(Self { html, text, base })
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
        match stranger::wall(&self.text) {
            Some(_) => stranger::problem("a list", &self.text, Some("html"), &page.url),
            None => otherwise,
        }
    }
}

fn select<'d>(html: &'d Html, selector: &str) -> Vec<ElementRef<'d>> {
    Selector::parse(selector).map(|selector| html.select(&selector).collect()).unwrap_or_default()
}

fn base(html: &Html, page: &Url) -> Url {
    let href = select(html, "base[href]").first().and_then(|base| base.attr("href"));
    href.and_then(|href| web_address(href, page).ok()).unwrap_or_else(|| page.clone())
}

/// All that an element says, on one line.
pub(super) fn spaced(element: ElementRef<'_>) -> String {
    text::collapse(&plain(&element.inner_html()))
}
