//! What is HTML and what only looks like it: « a < b », « <nom> ».

use super::entity;

/// Whether a name, in lower case, is that of an element of HTML.
pub fn is_element(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
}

/// Whether text holds a tag of HTML, a comment or a character reference.
pub fn is_present(text: &str) -> bool {
    let has_tag = text.match_indices('<').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        rest.starts_with("!--") || is_element(&name(rest.strip_prefix('/').unwrap_or(rest)))
    });
    has_tag || entity::decode(text) != text
}

/// The name at the front of a tag, in lower case.
pub fn name(tag: &str) -> String {
    let length = tag.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
    tag.get(..length).unwrap_or_default().to_ascii_lowercase()
}

/// Sorted.
#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "big", "blockquote",
    "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame",
    "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img", "input",
    "ins", "kbd", "label", "legend", "li", "link", "main", "mark", "marquee", "menu", "meta", "nav", "noscript",
    "object", "ol", "optgroup", "option", "p", "param", "picture", "pre", "q", "s", "samp", "script", "section",
    "select", "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table",
    "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul",
    "var", "video", "wbr",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_told_from_signs() {
        assert!(ELEMENTS.is_sorted());
        for text in ["<p>x", "a<br/>b", "x</B>", "<!-- x -->", "caf&eacute;", "<IMG src=x>"] {
            assert!(is_present(text), "{text}");
        }
        for text in ["a < b", "<nom> et <prénom>", "R&D", "AT&T; 3 > 2", "<", ""] {
            assert!(!is_present(text), "{text}");
        }
    }
}
