//! The mail that one reader gets: subject, text part and HTML part.

use css_inline::CSSInliner;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::{
    bulletin::Edition,
    config::Site,
    model::{EmailAddress, Preferences, Sections},
    text::{day_in_words, french},
};

use super::{
    RenderError, Templates,
    budget::{encoded_len, fit},
    edition_path,
    view::{EditionView, SiteView},
    words::{choices, one_line, subject},
};

/// Who reads, as the foot of the mail tells it.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub address: &'a EmailAddress,
    /// When they agreed.
    pub since: Timestamp,
    pub preferences: &'a Preferences,
    /// Where to leave: `mailto:` or `https:`.
    pub unsubscribe: &'a str,
    /// Where to change what one chose; empty where nobody answers there.
    pub preferences_at: &'a str,
    /// What was agreed: « inscription au bulletin quotidien ».
    pub consent: &'a str,
}

/// A message without its headers; both parts say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// At most 70 characters, on one line.
    pub subject: String,
    /// Lines of 72 columns at most, but for addresses.
    pub text: String,
    /// A whole document, styles in place, that refers to nothing outside.
    pub html: String,
}

#[derive(Serialize)]
struct MailView<'a> {
    subject: &'a str,
    site: &'a SiteView,
    edition: EditionView,
    reader: &'a ReaderView,
}

#[derive(Serialize)]
pub(super) struct ReaderView {
    pub(super) address: String,
    pub(super) since: String,
    pub(super) consent: String,
    pub(super) unsubscribe: String,
    /// The address to write to, where `unsubscribe` is a `mailto:`. It is shown and not linked, because some mail
    /// programs open no `mailto:` link; those that do make a link of an address by themselves.
    pub(super) write_to: Option<String>,
    /// The subject that the message must bear.
    pub(super) write_what: Option<String>,
    pub(super) preferences_at: String,
    choices: Vec<String>,
}

/// The mail of an edition to one reader. Both parts together stay under what mail programs cut: where the edition is
/// too large the less pressing stories become one line each, and then a number and the address of the whole.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn bulletin_mail(
    templates: &Templates,
    edition: &Edition,
    site: &Site,
    sections: &Sections,
    reader: &Reader<'_>,
) -> Result<Mail, RenderError> {
    let subject = subject(edition);
    let path = edition_path(edition).to_string();
    let (site_view, reader_view) = (SiteView::in_mail(site), ReaderView::new(reader, site, sections));
    fit(
        edition,
        |plan| {
            let edition = EditionView::new(edition, site, plan, &path);
            let view = MailView { subject: &subject, site: &site_view, edition, reader: &reader_view };
            let html = styled(&templates.render("mail.html", &view)?)?;
            Ok(Mail { subject: subject.clone(), text: tidy(&templates.render("mail.txt", &view)?), html })
        },
        |mail| encoded_len(&mail.text) + encoded_len(&mail.html),
    )
}

/// Styles put in place, as many mail programs want them; what only a style sheet can say stays in one.
pub(super) fn styled(html: &str) -> Result<String, RenderError> {
    let inliner = CSSInliner::options()
        .keep_style_tags(false)
        .keep_at_rules(true)
        .load_remote_stylesheets(false)
        .minify_css(true)
        .build();
    inliner.inline(html).map_err(|error| RenderError::Style { what: error.to_string() })
}

/// No space at the end of a line, never more than one blank line, one line end at the end.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && blank) {
            out.push_str(line);
            out.push('\n');
        }
        blank = line.is_empty();
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

impl ReaderView {
    pub(super) fn new(reader: &Reader<'_>, site: &Site, sections: &Sections) -> Self {
        let letter = Url::parse(reader.unsubscribe).ok().filter(|url| url.scheme() == "mailto");
        let subject = letter.as_ref().and_then(|url| url.query_pairs().find(|(name, _)| name == "subject"));
        Self {
            write_what: subject.map(|(_, value)| one_line(&value)),
            write_to: letter.as_ref().map(|url| one_line(url.path())),
            address: reader.address.to_string(),
            since: day_in_words(site.zone.to_datetime(reader.since).date()),
            consent: french(&one_line(reader.consent)),
            unsubscribe: one_line(reader.unsubscribe),
            preferences_at: one_line(reader.preferences_at),
            choices: choices(reader.preferences, sections),
        }
    }
}
