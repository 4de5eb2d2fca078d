//! One story: what it is, whom it concerns, what to do, all that tells of it, and how that changed.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{
        RenderError, Templates,
        budget::Form,
        view::{ItemView, foreign, language_name, set, web_address},
        words::{counted, one_line},
    },
    FollowView, Frame, FrameView, Medium,
    line::LineView,
    sources::licence,
};
use crate::{
    bulletin::Item,
    config::Site,
    model::{EmailAddress, Licence, Nature, PublicationDate, Selection, SitePath},
    text::{date_in_words, day_in_words, diff::Piece, french},
};

/// What the page of a story tells.
#[derive(Debug, Clone, Copy)]
pub struct StoryFacts<'a> {
    pub item: &'a Item,
    /// « Cybersécurité ».
    pub section: &'a str,
    pub first_seen: Timestamp,
    pub updated: Timestamp,
    pub notices: &'a [NoticeFacts],
    pub related: &'a [Item],
    /// To whom an error is reported.
    pub contact: Option<&'a EmailAddress>,
}

/// One of the documents that tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeFacts {
    pub source_name: String,
    /// Where the stories of the source are listed, where they are.
    pub source_page: Option<SitePath>,
    pub title: String,
    pub url: Option<String>,
    pub published: Option<PublicationDate>,
    pub language: String,
    pub licence: Licence,
    /// Newest first.
    pub revisions: Vec<RevisionFacts>,
}

/// How a document changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionFacts {
    pub at: Timestamp,
    pub changes: Vec<Piece>,
}

#[derive(Serialize)]
struct StoryView {
    #[serde(flatten)]
    frame: FrameView,
    item: ItemView,
    section: FollowView,
    nature: FollowView,
    /// « information », « important ».
    severity: &'static str,
    seen: String,
    /// Only where it moved since.
    updated: Option<String>,
    history: Vec<String>,
    notices: Vec<NoticeView>,
    count: String,
    related: Vec<LineView>,
    report: Option<String>,
}

#[derive(Serialize)]
struct NoticeView {
    source: String,
    source_path: Option<String>,
    title: String,
    url: Option<String>,
    lang: Option<String>,
    language: Option<&'static str>,
    date: Option<String>,
    licence: &'static str,
    revisions: Vec<RevisionView>,
}

#[derive(Serialize)]
struct RevisionView {
    date: String,
    pieces: Vec<PieceView>,
}

#[derive(Serialize)]
struct PieceView {
    /// `kept`, `removed` or `added`.
    kind: &'static str,
    text: String,
}

/// Of what did not change, so many characters are shown on each side of what did.
const AROUND: usize = 80;
/// Characters of what changed that are shown.
const LONGEST: usize = 1_500;

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn story_page(templates: &Templates, frame: Frame<'_>, facts: &StoryFacts<'_>) -> Result<String, RenderError> {
    let (item, site) = (facts.item, frame.site);
    let day = |at: Timestamp| day_in_words(site.zone.to_datetime(at).date());
    let nature = |nature: Nature| FollowView::new(&Selection::Nature(nature), nature.name());
    let (seen, updated) = (day(facts.first_seen), day(facts.updated));
    let view = StoryView {
        frame: FrameView::new(frame),
        item: ItemView::new(item, site, Form::Full),
        section: FollowView::new(&Selection::Section(item.section.clone()), facts.section),
        nature: nature(item.nature),
        severity: item.severity.name(),
        updated: Some(updated).filter(|updated| *updated != seen),
        seen,
        history: item.history.iter().map(|line| set(&one_line(line), &item.language)).collect(),
        notices: facts.notices.iter().map(|notice| NoticeView::new(notice, site)).collect(),
        count: counted(facts.notices.len() as u64, ("document", "documents")),
        related: LineView::all(facts.related, site),
        report: facts.contact.map(|contact| match frame.medium {
            Medium::Server => format!("../contact?page={}", frame.path),
            Medium::Folder => format!("mailto:{contact}?subject=Erreur%20dans%20la%20nouvelle%20{}", item.story),
        }),
    };
    templates.render("story.html", &view)
}

impl NoticeView {
    fn new(notice: &NoticeFacts, site: &Site) -> Self {
        Self {
            source: french(&one_line(&notice.source_name)),
            source_path: notice.source_page.as_ref().map(SitePath::to_string),
            title: set(&one_line(&notice.title), &notice.language),
            url: web_address(notice.url.as_deref()),
            lang: foreign(&notice.language).map(str::to_owned),
            language: foreign(&notice.language).and_then(language_name),
            date: notice.published.map(|date| date_in_words(date.date(&site.zone))),
            licence: licence(notice.licence),
            revisions: notice
                .revisions
                .iter()
                .map(|revision| RevisionView {
                    date: date_in_words(site.zone.to_datetime(revision.at).date()),
                    pieces: pieces(&revision.changes),
                })
                .collect(),
        }
    }
}

/// What changed, with a little of what stands around it.
fn pieces(changes: &[Piece]) -> Vec<PieceView> {
    let mut room = LONGEST;
    let mut out = Vec::new();
    let last = changes.len().saturating_sub(1);
    for (at, piece) in changes.iter().enumerate() {
        let (kind, text) = match piece {
            Piece::Kept(text) => ("kept", around(text, at > 0, at < last)),
            Piece::Removed(text) => ("removed", one_line(text)),
            Piece::Added(text) => ("added", one_line(text)),
        };
        let text: String = text.chars().take(room).collect();
        room -= text.chars().count();
        if !text.trim().is_empty() {
            out.push(PieceView { kind, text });
        }
    }
    out
}

/// The ends of a text that touch what changed: behind a change, before one, or both.
fn around(text: &str, behind: bool, before: bool) -> String {
    let text = one_line(text);
    let length = text.chars().count();
    let ends = usize::from(behind) + usize::from(before);
    if length <= AROUND * ends {
        return text;
    }
    let head: String = text.chars().take(if behind { AROUND } else { 0 }).collect();
    let tail: String = text.chars().skip(length - if before { AROUND } else { 0 }).collect();
    match (behind, before) {
        (true, true) => format!("{head} … {tail}"),
        (true, false) => format!("{head} …"),
        _ => format!("… {tail}"),
    }
}
