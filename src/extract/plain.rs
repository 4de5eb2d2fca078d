//! HTML to plain text, one paragraph a line.

use crate::{
    normalise::{entity, markup, mojibake},
    text,
};

/// The text that a reader of the page would see: blocks, list items and line breaks each begin a line; scripts, styles
/// and comments are dropped; references are decoded. Linear in the length of the text, whatever is left open in it.
pub fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut ends = Ends::default();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        push(&mut out, before);
        let name_at = after.strip_prefix('/').unwrap_or(after);
        rest = if let Some(comment) = after.strip_prefix("!--") {
            ends.after_comment(comment)
        } else if let Some(section) = after.strip_prefix("![CDATA[") {
            let (inside, tail) = section.split_once("]]>").unwrap_or((section, ""));
            push(&mut out, inside);
            tail
        } else if after.starts_with(['!', '?']) {
            after.split_once('>').map_or("", |(_, tail)| tail)
        } else if name_at.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let name = markup::name(name_at);
            let tail = ends.after_tag(after);
            match name.as_str() {
                "td" | "th" => out.push(' '),
                name if BLOCKS.contains(&name) => out.push('\n'),
                _ => {}
            }
            let opens = !after.starts_with('/');
            if opens && HIDDEN.contains(&name.as_str()) { after_end_of(&name, tail) } else { tail }
        } else {
            out.push('<');
            after
        };
    }
    push(&mut out, rest);
    text::collapse_lines(&mojibake::repair(&out))
}

/// Plain text as feeds have it: a blank line ends a paragraph, a line break is only where the editor was full.
pub fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(if line.trim().is_empty() { "\n" } else { " " });
        out.push_str(line);
    }
    text::collapse_lines(&mojibake::repair(&out))
}

/// Takes off what is no part of a summary: the marks of a cut (`[…]`, ` ... ...`) become one `…`, and the line that blogs add
/// about themselves goes.
pub fn tidy(summary: &str) -> String {
    let mut rest = without_colophon(summary);
    let mut cut = Cut::No;
    loop {
        let bare = rest.trim_end();
        let shorter = MARKS.iter().find_map(|mark| bare.strip_suffix(mark)).or_else(|| {
            let before = bare.trim_end_matches(['.', '…', ' ']);
            let dots = bare.get(before.len()..).unwrap_or_default();
            (dots.contains("..") || dots.contains('…')).then_some(before)
        });
        let Some(shorter) = shorter else { break };
        cut = Cut::Yes;
        rest = shorter;
    }
    let kept = rest.trim_end();
    match cut {
        Cut::No => kept.to_owned(),
        Cut::Yes => match kept.trim_end_matches([' ', ',', ';', ':', '.']) {
            "" => String::new(),
            kept => format!("{kept}…"),
        },
    }
}

/// Without the last line « L’article … est apparu en premier sur … » that a blog engine adds to every entry.
pub fn without_colophon(text: &str) -> &str {
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let is_colophon = COLOPHONS.iter().any(|(start, middle)| last.starts_with(start) && last.contains(middle));
    if is_colophon { before } else { text }
}

enum Cut {
    No,
    Yes,
}

const MARKS: [&str; 7] = ["[…]", "[...]", "[..]", "(…)", "(...)", "[&#8230;]", "[&hellip;]"];

const COLOPHONS: [(&str, &str); 3] = [
    ("L’article ", " est apparu en premier sur "),
    ("L'article ", " est apparu en premier sur "),
    ("The post ", " appeared first on "),
];

/// Elements that begin a line.
const BLOCKS: [&str; 39] = [
    "p",
    "br",
    "div",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "tr",
    "table",
    "blockquote",
    "hr",
    "pre",
    "dl",
    "dt",
    "dd",
    "section",
    "article",
    "header",
    "footer",
    "aside",
    "main",
    "nav",
    "figure",
    "figcaption",
    "address",
    "body",
    "form",
    "fieldset",
    "caption",
    "details",
    "summary",
    "center",
    "tbody",
    "option",
];

/// Elements whose content is not text, or not for whoever reads it elsewhere.
const HIDDEN: [&str; 11] =
    ["script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title"];

fn push(out: &mut String, text: &str) {
    let decoded = entity::decode(text);
    // A line break in the source is white space; so is one that was escaped.
    let mut lines = decoded.split(['\n', '\r']);
    out.push_str(lines.next().unwrap_or_default());
    for line in lines {
        out.push(' ');
        out.push_str(line);
    }
}

/// What follows the end tag of `name`; nothing when there is none, as in browsers.
pub(super) fn after_end_of<'t>(name: &str, text: &'t str) -> &'t str {
    let end = text.match_indices("</").find(|(at, _)| {
        let tag = text.as_bytes().get(at + 2..at + 2 + name.len());
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
    });
    end.and_then(|(at, _)| text.get(at..)).unwrap_or_default()
}

/// Finds the ends of tags and comments. What was once looked for in vain to the end of the text is not looked for again.
#[derive(Default)]
struct Ends {
    quotes: Search,
    comments: Search,
}

#[derive(Default, PartialEq, Eq)]
enum Search {
    #[default]
    Worthwhile,
    Vain,
}

impl Ends {
    fn after_tag<'t>(&mut self, tag: &'t str) -> &'t str {
        if self.quotes == Search::Worthwhile {
            let mut quote = None;
            for (at, byte) in tag.bytes().enumerate() {
                match (quote, byte) {
                    (Some(open), _) if open == byte => quote = None,
                    (Some(_), _) => {}
                    (None, b'"' | b'\'') => quote = Some(byte),
                    (None, b'>') => return tag.get(at + 1..).unwrap_or_default(),
                    (None, _) => {}
                }
            }
            self.quotes = Search::Vain;
        }
        tag.split_once('>').map_or("", |(_, tail)| tail)
    }

    fn after_comment<'t>(&mut self, comment: &'t str) -> &'t str {
        if self.comments == Search::Worthwhile {
            if let Some((_, tail)) = comment.split_once("-->") {
                return tail;
            }
            self.comments = Search::Vain;
        }
        comment.split_once('>').map_or("", |(_, tail)| tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_lines() {
        for (html, expected) in [
            ("<p>Un\n deux</p><p>trois</p>", "Un deux\ntrois"),
            ("<ul><li>a<li>b</ul>c<br/>d", "a\nb\nc\nd"),
            ("<table><tr><td>a<td>b</tr><tr><th>c</table>", "a b\nc"),
            ("a<script>if (a < b) {}</script>b<style>x</STYLE>c<!-- d -->e", "abce"),
            ("caf&eacute;&nbsp;!<b>gras</b>suite", "café !grassuite"),
            ("1 < 2 et <nom>x</nom>", "1 < 2 et x"),
            ("<a title='x > y'>lien</a>", "lien"),
            ("<a title='x>lien</a> suite", "lien suite"),
            ("texte <script>jamais fermé", "texte"),
            ("<![CDATA[dedans]]> dehors", "dedans dehors"),
            ("fin <a", "fin"),
        ] {
            assert_eq!(plain(html), expected, "{html}");
        }
        assert_eq!(paragraphs("Une\nphrase.\n\nDeux\u{a0}mots"), "Une phrase.\nDeux mots");
    }

    #[test]
    fn the_marks_of_a_cut_become_one() {
        for (summary, expected) in [
            ("Le maire a […]", "Le maire a…"),
            ("Le maire a ... ...", "Le maire a…"),
            ("Le maire a [&#8230;]", "Le maire a…"),
            ("prioriser l'application des...", "prioriser l'application des…"),
            ("Fin. [...] […]", "Fin…"),
            ("Une phrase entière.", "Une phrase entière."),
            ("[…]", ""),
            ("Résumé […]\nL’article Résumé est apparu en premier sur Site.", "Résumé…"),
        ] {
            assert_eq!(tidy(summary), expected);
            assert_eq!(tidy(expected), expected);
        }
    }

    #[test]
    fn hostile_text_takes_no_longer() {
        for piece in ["<a '", "<a \"x", "<script>", "<!--", "<![CDATA[", "<", "&#", "<svg></", "<!-- >", "<a '>"] {
            plain(&piece.repeat(100_000));
        }
    }
}
