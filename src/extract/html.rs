//! Listings: pages on which each document is one element, found by CSS selectors.

use scraper::{ElementRef, Html, Selector, error::SelectorErrorKind};
use url::Url;

use super::{
    Extracted,
    feed::{LONGEST_TITLE, MOST_ENTRIES},
    plain::{plain, tidy},
    problems::Problems,
    shallow::shallow,
    stranger,
};
use crate::{
    model::{Draft, Expression, Field as Name, Mapping, Page, Problem, ProblemKind, PublicationDate, Source},
    normalise::{
        charset::{self, Syntax},
        date, reference, title,
        url::{untracked, web_address},
    },
    text,
};

/// Whether a text is a selector that [`super::extract`] can apply.
///
/// # Errors
/// What the selector engine has against it.
pub fn check_selector(written: &str) -> Result<(), String> {
    Selector::parse(written).map(drop).map_err(|error| refusal(&error).to_owned())
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

pub(super) fn extract(page: &Page, source: &Source, mapping: &Mapping) -> Extracted {
    let mut problems = Problems::default();
    let decoded = charset::decode(&page.body, page.content_type.as_deref(), Syntax::Html);
    if decoded.mended {
        let message = format!("some characters are not {}, and were guessed", decoded.encoding);
        problems.push(Problem::page(ProblemKind::Mended, message));
    }
    if decoded.text.trim().is_empty() {
        problems.push(Problem::page(ProblemKind::Unreadable, "the answer is empty"));
        return Extracted { problems: problems.into_vec(), ..Extracted::default() };
    }
    let Some(mut listing) = Listing::compile(mapping, &mut problems) else {
        return Extracted { problems: problems.into_vec(), ..Extracted::default() };
    };
    let document = Html::parse_document(&shallow(&decoded.text));
    let drafts = listing.read(&document, page, source, &mut problems);
    if listing.item.found > 0 {
        listing.report(&mut problems);
    } else if stranger::wall(&decoded.text).is_some() {
        // An empty list behind an anti-robot check is that check's doing, not the selector's.
        problems.push(stranger::problem("a list", &decoded.text, Some("html"), &page.url));
    } else {
        listing.item.report(&mut problems, "on the page");
    }
    let name = Selector::parse("head > title").ok().and_then(|selector| document.select(&selector).next());
    let title = name.map(|element| words(element, LONGEST_TITLE)).filter(|name| !name.is_empty());
    Extracted { drafts, problems: problems.into_vec(), title, ttl: None }
}

/// A selector, and how often something answered to it.
struct Field {
    name: &'static str,
    written: String,
    selector: Selector,
    found: usize,
}

impl Field {
    fn compile(name: &'static str, written: &str, problems: &mut Problems) -> Option<Self> {
        match Selector::parse(written) {
            Ok(selector) => Some(Self { name, written: written.to_owned(), selector, found: 0 }),
            Err(error) => {
                let message = format!(
                    "the selector `{written}` cannot be read: {}\nhint: write a CSS selector, such as `h2 a`",
                    refusal(&error)
                );
                problems.push(Problem::at(name, ProblemKind::Selector, message));
                None
            }
        }
    }

    /// What answers first: something inside the item, or the item itself.
    fn first<'d>(&mut self, item: ElementRef<'d>) -> Option<ElementRef<'d>> {
        let inside = item.select(&self.selector).next();
        let found = inside.or_else(|| self.selector.matches(&item).then_some(item));
        self.found += usize::from(found.is_some());
        found
    }

    fn report(&self, problems: &mut Problems, place: &str) {
        if self.found == 0 {
            let message = format!(
                "the selector `{}` matches nothing {place}\nhint: the page may have changed; look at it with `vigie sources try`",
                self.written
            );
            problems.push(Problem::at(self.name, ProblemKind::Selector, message));
        }
    }
}

struct Listing {
    item: Field,
    title: Field,
    link: Option<Field>,
    date: Option<Field>,
    summary: Option<Field>,
    any_link: Selector,
}

impl Listing {
    /// `None` when a selector that the list cannot do without is wrong.
    fn compile(mapping: &Mapping, problems: &mut Problems) -> Option<Self> {
        let mut field = |name: Name| {
            let written = mapping.fields.get(&name).and_then(|expression: &Expression| expression.places().next());
            written.and_then(|written| Field::compile(name.as_str(), written, problems))
        };
        let (link, date, summary, title) =
            (field(Name::Link), field(Name::Date), field(Name::Summary), field(Name::Title));
        let item = Field::compile("item", mapping.item.as_deref().unwrap_or_default(), problems);
        Some(Self { item: item?, title: title?, link, date, summary, any_link: Selector::parse("a[href]").ok()? })
    }

    fn read(&mut self, document: &Html, page: &Page, source: &Source, problems: &mut Problems) -> Vec<Draft> {
        let base = base(document, &page.url);
        let mut drafts = Vec::new();
        let items: Vec<ElementRef<'_>> = document.select(&self.item.selector).take(MOST_ENTRIES + 1).collect();
        self.item.found = items.len();
        if items.len() > MOST_ENTRIES {
            let message = format!("more than {MOST_ENTRIES} entries; the others were left out");
            problems.push(Problem::page(ProblemKind::Limit, message));
        }
        for (position, item) in items.into_iter().take(MOST_ENTRIES).enumerate() {
            let place = format!("entry {}", position + 1);
            drafts.extend(self.draft(item, &base, source, &place, problems));
        }
        drafts
    }

    fn draft(
        &mut self,
        item: ElementRef<'_>,
        base: &Url,
        source: &Source,
        place: &str,
        problems: &mut Problems,
    ) -> Option<Draft> {
        let link = self.address(item);
        let url = match link.map(|href| (href, web_address(href, base))) {
            None => None,
            Some((_, Ok(url))) => Some(untracked(&url)),
            Some((href, Err(why))) => {
                let message = format!("`{}` is no address for readers: {why}", text::truncate(href, 100));
                problems.push(Problem::at(place, ProblemKind::Address, message));
                None
            }
        };
        let heading =
            self.title.first(item).map(|element| title::clean(&spaced(element))).unwrap_or_else(|| title::clean(""));
        let summary = match self.summary.as_mut().and_then(|field| field.first(item)) {
            Some(element) => tidy(&plain(&element.inner_html())),
            None => String::new(),
        };
        let name = match heading.text.as_str() {
            "" => text::truncate(&spaced(item), 100),
            text => text::truncate(text, LONGEST_TITLE),
        };
        if name.is_empty() && url.is_none() {
            problems.push(Problem::at(place, ProblemKind::Entry, "neither title nor address; the entry was left out"));
            return None;
        }
        let name = if name.is_empty() { url.as_ref().map_or_else(String::new, Url::to_string) } else { name };
        let written = self.date.as_mut().and_then(|field| field.first(item)).map(written_date);
        let mut published = written.as_ref().and_then(|text| date::parse(text, &source.zone));
        if let (None, Some(text)) = (published, &written) {
            let message = format!("`{}` is no date that can be true", text::truncate(text, 60));
            problems.push(Problem::at(place, ProblemKind::Date, message));
        }
        if published.is_none() {
            published = heading.date.and_then(|day| PublicationDate::day(day, &source.zone));
        }
        Some(Draft {
            reference: reference::own(url.as_ref(), None, &format!("{name}\n{summary}")),
            url,
            title: name,
            text: summary.clone(),
            summary,
            published,
            ..Draft::default()
        })
    }

    /// The `href` of the link field, or of the first link in it; by default those of the item.
    fn address<'d>(&mut self, item: ElementRef<'d>) -> Option<&'d str> {
        let place = match self.link.as_mut() {
            Some(field) => field.first(item)?,
            None => item,
        };
        place.attr("href").or_else(|| place.select(&self.any_link).next()?.attr("href"))
    }

    fn report(&self, problems: &mut Problems) {
        let optional = [&self.link, &self.date, &self.summary];
        for field in std::iter::once(&self.title).chain(optional.into_iter().flatten()) {
            field.report(problems, "in any item");
        }
    }
}

/// What relative links stand against: `base href`, where the page has one.
fn base(document: &Html, page: &Url) -> Url {
    let href = Selector::parse("base[href]").ok().and_then(|selector| document.select(&selector).next()?.attr("href"));
    href.and_then(|href| web_address(href, page).ok()).unwrap_or_else(|| page.clone())
}

/// The machine's form of a date where the element has one, else its words.
fn written_date(element: ElementRef<'_>) -> String {
    let attribute = element.attr("datetime").or_else(|| element.attr("content"));
    attribute.map_or_else(|| spaced(element), str::to_owned)
}

/// All that an element says, on one line.
fn spaced(element: ElementRef<'_>) -> String {
    text::collapse(&plain(&element.inner_html()))
}

fn words(element: ElementRef<'_>, most: usize) -> String {
    text::truncate(&title::plain(&spaced(element)), most)
}
