//! A story as HTML, for feeds: its summary, the guide with its sources, and who else tells of it.

use super::text::{escape, line, web_address};
use crate::{
    bulletin::{Item, Question, Quote},
    normalise::{deadline::Bound, reference::cve_home},
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
        summary.push_str(&format!(" {}", words(quote, "")));
    }
    out.push_str(&format!("<p>{summary}</p>\n"));
    for deadline in &item.deadlines {
        let colon = if deadline.bound != Bound::Until { " " } else { "\u{a0}: " };
        out.push_str(&format!(
            "<p><strong>{}{colon}{}</strong></p>\n",
            deadline.bound.name(),
            day_in_words(deadline.day)
        ));
    }
    // The source of the story is told beside it: it is named again only among others.
    let is_of_lead = |quote: &Quote| quote.source.is_empty() || quote.source == item.source;
    let unsaid = if item.guide.all_lines().all(is_of_lead) { item.source.as_str() } else { "" };
    for question in Question::ALL {
        let lines = item.guide.lines(question);
        if !lines.is_empty() {
            let items: String = lines.iter().map(|quote| format!("<li>{}</li>\n", words(quote, unsaid))).collect();
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
            format!(
                "<li>{} ({})</li>\n",
                link(also.url.as_deref(), &set(&also.title, &also.language)),
                escape(&line(&also.source))
            )
        });
        out.push_str(&format!("<p>{}</p>\n<ul>\n{}</ul>\n", french("Aussi :"), told.collect::<String>()));
    }
    Some(out)
}

/// The words of a source, where they lead, and whose they are unless that is `unsaid`.
fn words(quote: &Quote, unsaid: &str) -> String {
    let language = quote.language.as_deref().unwrap_or("fr");
    let mut out = linked(&set(&quote.text, language));
    if let Some(to) = web_address(quote.link.as_deref()) {
        out.push_str(&format!(" ({})", link(Some(&to), &to)));
    }
    let source = line(&quote.source);
    if !source.is_empty() && quote.source != unsaid {
        out.push_str(&format!(" <cite>{}</cite>", link(quote.url.as_deref(), &source)));
    }
    out
}

/// Text as HTML in which addresses are links.
fn linked(text: &str) -> String {
    let word = |word: &str| {
        let address = word.trim_matches(|c: char| "(«».,;:!?)…".contains(c));
        match word.split_once(address).filter(|_| address.starts_with("https://") || address.starts_with("http://")) {
            Some((before, after)) => format!("{}{}{}", escape(before), link(Some(address), address), escape(after)),
            None => escape(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_quotation_are_links_and_markup_is_text() {
        assert_eq!(
            linked("Voir https://exemple.fr/a?b=1&c=2, <b> & (https://17cyber.gouv.fr)."),
            "Voir <a href=\"https://exemple.fr/a?b=1&amp;c=2\">https://exemple.fr/a?b=1&amp;c=2</a>, &lt;b&gt; &amp; \
             (<a href=\"https://17cyber.gouv.fr/\">https://17cyber.gouv.fr</a>)."
        );
        assert_eq!(linked("https:// javascript:alert(1)"), "https:// javascript:alert(1)");
    }
}
