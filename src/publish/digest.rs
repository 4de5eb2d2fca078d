//! A story as HTML, for feeds: its summary, the guide with its sources, and who else tells of it.

use super::text::{escape, line, web_address};
use crate::{
    bulletin::{Item, Question, Quote},
    normalise::reference::cve_home,
    text::{day_in_words, french},
};

/// CVEs and references that are named; the rest are counted.
const NAMED: usize = 5;

/// What a feed shows of a story besides its title. `None` when that is its summary and nothing else.
pub fn digest(item: &Item) -> Option<String> {
    let has_more = !(item.more.is_empty()
        && item.guide.is_empty()
        && item.also.is_empty()
        && item.deadlines.is_empty()
        && item.cves.is_empty());
    if !has_more {
        return None;
    }
    let mut out = String::new();
    let mut summary = escape(&set(&item.summary, &item.language));
    for quote in &item.more {
        summary.push_str(&format!(" {}", words(quote)));
    }
    out.push_str(&format!("<p>{summary}</p>\n"));
    for deadline in &item.deadlines {
        let colon = if deadline.bound.name().ends_with("du") { " " } else { "\u{a0}: " };
        out.push_str(&format!(
            "<p><strong>{}{colon}{}</strong></p>\n",
            deadline.bound.name(),
            day_in_words(deadline.day)
        ));
    }
    for question in Question::ALL {
        let lines = item.guide.lines(question);
        if !lines.is_empty() {
            let items: String = lines.iter().map(|quote| format!("<li>{}</li>\n", words(quote))).collect();
            out.push_str(&format!("<h3>{}</h3>\n<ul>\n{items}</ul>\n", french(question.name())));
        }
    }
    if !item.cves.is_empty() {
        let named = item.cves.iter().take(NAMED).map(|cve| link(cve_home(cve).map(String::from).as_deref(), cve));
        let mut named = named.collect::<Vec<_>>().join(", ");
        match item.cves.len().saturating_sub(NAMED) {
            0 => {}
            1 => named.push_str(" et 1\u{a0}autre"),
            rest => named.push_str(&format!(" et {rest}\u{a0}autres")),
        }
        out.push_str(&format!("<p>{named}</p>\n"));
    }
    if !item.also.is_empty() {
        let told = item.also.iter().map(|also| {
            format!("<li>{} ({})</li>\n", link(also.url.as_deref(), &line(&also.title)), escape(&line(&also.source)))
        });
        out.push_str(&format!("<p>{}</p>\n<ul>\n{}</ul>\n", french("Aussi :"), told.collect::<String>()));
    }
    Some(out)
}

/// The words of a source, where they lead, and whose they are.
fn words(quote: &Quote) -> String {
    let language = quote.language.as_deref().unwrap_or("fr");
    let mut out = escape(&set(&quote.text, language));
    if let Some(to) = web_address(quote.link.as_deref()) {
        out.push_str(&format!(" ({})", link(Some(&to), &to)));
    }
    let source = line(&quote.source);
    if !source.is_empty() {
        out.push_str(&format!(" <cite>{}</cite>", link(quote.url.as_deref(), &source)));
    }
    out
}

fn link(to: Option<&str>, text: &str) -> String {
    match web_address(to) {
        Some(to) => format!("<a href=\"{}\">{}</a>", escape(&to).replace('"', "&quot;"), escape(text)),
        None => escape(text),
    }
}

fn set(text: &str, language: &str) -> String {
    let text = line(text);
    if language.is_empty() || language.starts_with("fr") { french(&text) } else { text }
}
