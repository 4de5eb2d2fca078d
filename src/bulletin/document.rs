//! A document by its headings: sanitised HTML where there is some, else plain text.

use crate::{
    normalise::{entity, markup},
    text,
};

use super::heading::{Topic, topic};

/// Octets of a document that are looked at.
const LONGEST: usize = 200_000;
/// A tag that is longer is read as text.
const LONGEST_TAG: usize = 4_096;
/// A line of more characters is no heading.
const LONGEST_HEADING: usize = 90;

/// What stands under one heading, or before the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// As written.
    pub heading: String,
    pub topic: Option<Topic>,
    pub lines: Vec<Line>,
}

/// A paragraph or an item of a list, collapsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    pub text: String,
    pub links: Vec<Link>,
    pub form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    #[default]
    Paragraph,
    Item,
}

/// The words of a link and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub text: String,
    pub to: String,
}

/// The parts of a document, in its order.
pub(super) fn parts(html: &str, plain: &str) -> Vec<Part> {
    let read = from_html(start(html));
    // A document whose text was read elsewhere (its own page, a PDF) says more there.
    let length = |parts: &[Part]| parts.iter().flat_map(|part| &part.lines).map(|line| line.text.len()).sum::<usize>();
    if length(&read) * 2 >= plain.len() { read } else { from_text(start(plain)) }
}

fn start(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn from_text(plain: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    for line in plain.lines().map(text::collapse).filter(|line| !line.is_empty()) {
        let bare = line.trim_start_matches('#').trim_start();
        let known = topic(bare);
        let asks = line.ends_with('?') && line.chars().count() < 70;
        if line.starts_with("## ") || known.is_some() || asks {
            parts.push(Part { heading: bare.to_owned(), topic: known, lines: Vec::new() });
        } else {
            push(&mut parts, Line { text: line, ..Line::default() });
        }
    }
    parts.retain(|part| !part.lines.is_empty());
    parts
}

fn push(parts: &mut [Part], line: Line) {
    if let Some(part) = parts.last_mut() {
        part.lines.push(line);
    }
}

/// A line that is being read.
#[derive(Default)]
struct Open {
    text: String,
    links: Vec<Link>,
    /// Where an open link leads, and where its words begin.
    link: Option<(String, usize)>,
    bold: usize,
    /// Characters in bold.
    strong: usize,
    heading: bool,
    form: Form,
}

fn from_html(html: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    let mut open = Open::default();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        open.push(before);
        let Some((tag, tail)) = tag(after) else {
            open.push("<");
            rest = after;
            continue;
        };
        rest = tail;
        let closes = tag.starts_with('/');
        let name = markup::name(tag.trim_start_matches('/'));
        match (name.as_str(), closes) {
            ("a", false) => open.link = attribute(tag, "href").map(|to| (to, open.text.len())),
            ("a", true) => open.close_link(),
            ("strong" | "b", false) => open.bold += 1,
            ("strong" | "b", true) => open.bold = open.bold.saturating_sub(1),
            ("td" | "th", _) => open.push(" "),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", _) => {
                open.end(&mut parts);
                open.heading = !closes;
            }
            ("li" | "dd", false) => {
                open.end(&mut parts);
                open.form = Form::Item;
            }
            (name, _) if BLOCKS.contains(&name) => open.end(&mut parts),
            _ => {}
        }
    }
    open.push(rest);
    open.end(&mut parts);
    parts.retain(|part| !part.lines.is_empty());
    parts
}

impl Open {
    fn push(&mut self, text: &str) {
        let text = entity::decode(text);
        self.text.push_str(&text);
        self.strong += if self.bold > 0 { text.len() } else { 0 };
    }

    fn close_link(&mut self) {
        if let Some((to, from)) = self.link.take() {
            let text = text::collapse(self.text.get(from..).unwrap_or_default());
            self.links.push(Link { text, to });
        }
    }

    fn end(&mut self, parts: &mut Vec<Part>) {
        self.close_link();
        let line = std::mem::take(self);
        let text = text::collapse(&line.text);
        if text.is_empty() {
            // Between `<li>` and its paragraph nothing ends.
            self.form = line.form;
            self.heading = line.heading;
            return;
        }
        let known = topic(&text);
        let is_short = text.chars().count() <= LONGEST_HEADING;
        let is_bold = line.strong > 0 && line.strong * 10 >= line.text.trim().len() * 9;
        let is_heading = line.heading
            || (line.form == Form::Paragraph && is_short && (known.is_some() || is_bold && text.ends_with('?')));
        if is_heading {
            parts.push(Part { heading: text, topic: known, lines: Vec::new() });
        } else {
            push(parts, Line { text, links: line.links, form: line.form });
        }
    }
}

/// The inside of a tag and what follows it, when `<` begins one.
fn tag(after: &str) -> Option<(&str, &str)> {
    if !after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return None;
    }
    let mut quote = None;
    for (at, octet) in after.bytes().enumerate().take(LONGEST_TAG) {
        match (octet, quote) {
            (b'>', None) => return Some((after.get(..at)?, after.get(at + 1..)?)),
            (b'"' | b'\'', None) => quote = Some(octet),
            (octet, Some(open)) if octet == open => quote = None,
            _ => {}
        }
    }
    None
}

/// The value of an attribute in quotes, as sanitised HTML has it.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let value = entity::decode(value).into_owned();
    (value.starts_with("https://") || value.starts_with("http://")).then_some(value)
}

const BLOCKS: [&str; 24] = [
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "thead",
    "tbody",
    "br",
    "hr",
    "blockquote",
    "section",
    "article",
    "aside",
    "figure",
    "figcaption",
    "pre",
    "header",
    "footer",
    "details",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str, plain: &str) -> Vec<String> {
        let lines = |part: &Part| part.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>().join(" | ");
        parts(html, plain).iter().map(|part| format!("{}: {}", part.heading, lines(part))).collect()
    }

    #[test]
    fn headings_lists_and_links_are_read() {
        let html = "<p>Un d&eacute;but.</p><h2>Que faire ?</h2><ul><li><p>Voir <a href=\"https://a.fr/?x=1&amp;y=2\">la \
                    page</a>.</p></li><li>Deux</li></ul><p><strong>Qui appeler ?</strong></p><p>Nous.</p>";
        assert_eq!(shown(html, ""), [": Un début.", "Que faire ?: Voir la page. | Deux", "Qui appeler ?: Nous."]);
        let parts = parts(html, "");
        assert_eq!(parts[1].lines[0].links, [Link { text: "la page".into(), to: "https://a.fr/?x=1&y=2".into() }]);
        assert_eq!((parts[1].lines[0].form, parts[0].lines[0].form), (Form::Item, Form::Paragraph));
    }

    #[test]
    fn plain_text_is_read_where_it_says_more() {
        let plain = "Un avis.\nSystèmes affectés\nProduit 3\n## Divers\nFin.";
        assert_eq!(shown("<p>Un avis</p>", plain), [": Un avis.", "Systèmes affectés: Produit 3", "Divers: Fin."]);
    }

    proptest::proptest! {
        #[test]
        fn any_markup_is_accepted(html in "(\\PC|<p>|<li>|<a href=\"|\">|</a>|<h2>|</h2>|<|<b>|&eacute;){0,40}") {
            let _ = parts(&html, &html);
        }
    }
}
