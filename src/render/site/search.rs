//! What was found, and the form to look for more.

use jiff::civil::Date;
use serde::Serialize;

use super::{
    super::{
        RenderError, Templates,
        view::{foreign, language_name, set},
        words::one_line,
    },
    Frame, FrameView,
    line::LineView,
};
use crate::{bulletin::Item, model::SitePath, normalise::terms::Excerpt, text::french};

/// What the page tells.
#[derive(Debug, Clone)]
pub struct SearchFacts<'a> {
    pub words: &'a str,
    pub reference: &'a str,
    pub from: Option<Date>,
    pub until: Option<Date>,
    pub is_best: bool,
    pub sections: Vec<SearchChoice>,
    pub natures: Vec<SearchChoice>,
    pub severities: Vec<SearchChoice>,
    pub sources: Vec<SearchChoice>,
    /// What was not understood: the field and what it held.
    pub ignored: &'a [(&'static str, String)],
    /// Whether anything is looked for.
    pub is_asked: bool,
    pub is_first: bool,
    pub hits: &'a [SearchHit<'a>],
    /// The query of the next page.
    pub next: Option<String>,
    /// The query of this search, without where a page begins.
    pub query: &'a str,
    /// The query of the form to subscribe to it.
    pub wish: &'a str,
}

/// One of the values of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchChoice {
    pub value: String,
    pub name: String,
    pub is_chosen: bool,
}

/// A story that was found.
#[derive(Debug, Clone, Copy)]
pub struct SearchHit<'a> {
    pub item: &'a Item,
    pub excerpt: &'a Excerpt,
    /// Whose words the excerpt is of, where they are not of the source of the item.
    pub source: Option<&'a str>,
    /// Of the excerpt.
    pub language: &'a str,
}

#[derive(Serialize)]
struct SearchView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    words: &'a str,
    reference: &'a str,
    from: Option<Date>,
    until: Option<Date>,
    is_best: bool,
    sections: &'a [SearchChoice],
    natures: &'a [SearchChoice],
    severities: &'a [SearchChoice],
    sources: &'a [SearchChoice],
    /// Whether a filter is set: the form then shows them all.
    is_filtered: bool,
    ignored: Vec<String>,
    is_asked: bool,
    is_first: bool,
    hits: Vec<HitView>,
    next: Option<&'a str>,
    query: &'a str,
    wish: &'a str,
    formats: [(&'static str, &'static str); 3],
}

#[derive(Serialize)]
struct HitView {
    line: LineView,
    pieces: Vec<PieceView>,
    source: Option<String>,
    lang: Option<String>,
    /// « en anglais », where the title does not say so.
    language: Option<&'static str>,
}

#[derive(Serialize)]
struct PieceView {
    text: String,
    is_marked: bool,
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn search_page(templates: &Templates, frame: Frame<'_>, facts: &SearchFacts<'_>) -> Result<String, RenderError> {
    let ignored = |(field, value): &(&'static str, String)| french(&format!("{field} « {} »", one_line(value)));
    let is_chosen = |choices: &[SearchChoice]| choices.iter().any(|choice| choice.is_chosen);
    let chosen = [&facts.sections, &facts.natures, &facts.severities, &facts.sources].into_iter().any(|c| is_chosen(c));
    let view = SearchView {
        frame: FrameView { here: "search", ..FrameView::new(frame) },
        words: facts.words,
        reference: facts.reference,
        from: facts.from,
        until: facts.until,
        is_best: facts.is_best,
        sections: &facts.sections,
        natures: &facts.natures,
        severities: &facts.severities,
        sources: &facts.sources,
        is_filtered: chosen || facts.from.is_some() || facts.until.is_some() || !facts.reference.is_empty(),
        ignored: facts.ignored.iter().map(ignored).collect(),
        is_asked: facts.is_asked,
        is_first: facts.is_first,
        hits: facts.hits.iter().map(|hit| HitView::new(hit, frame)).collect(),
        next: facts.next.as_deref(),
        query: facts.query,
        wish: facts.wish,
        formats: super::formats(),
    };
    debug_assert!(matches!(frame.path, SitePath::Search | SitePath::Home));
    templates.render("search.html", &view)
}

impl HitView {
    fn new(hit: &SearchHit<'_>, frame: Frame<'_>) -> Self {
        let piece = |text: &str, is_marked| PieceView { text: set(text, hit.language), is_marked };
        let Excerpt { text, marks } = hit.excerpt;
        let (mut pieces, mut done) = (Vec::new(), 0);
        for mark in marks {
            pieces.push(piece(text.get(done..mark.start).unwrap_or_default(), false));
            pieces.push(piece(text.get(mark.clone()).unwrap_or_default(), true));
            done = mark.end;
        }
        pieces.push(piece(text.get(done..).unwrap_or_default(), false));
        pieces.retain(|piece| !piece.text.is_empty());
        let line = LineView::new(hit.item, frame.site);
        let language = foreign(hit.language).and_then(language_name).filter(|name| line.language != Some(name));
        let (source, lang) = (hit.source.map(one_line), foreign(hit.language).map(str::to_owned));
        Self { line, pieces, source, lang, language }
    }
}
