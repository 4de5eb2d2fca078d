//! HTML that may be shown: basic markup of text, and nothing that loads, runs or tracks.

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use quick_xml::escape::partial_escape;
use url::Url;

use super::tame::tame;
use crate::normalise::{markup, mojibake};

/// Cleans the contents of one page. Links are made absolute against its base.
pub struct Sanitiser(Builder<'static>);

impl Sanitiser {
    pub fn new(base: &Url) -> Self {
        let mut builder = Builder::empty();
        builder
            .tags(HashSet::from(TAGS))
            .clean_content_tags(HashSet::from(DROPPED))
            .tag_attributes(HashMap::from([
                ("a", HashSet::from(["href"])),
                ("abbr", HashSet::from(["title"])),
                ("td", HashSet::from(["colspan", "rowspan"])),
                ("th", HashSet::from(["colspan", "rowspan"])),
            ]))
            .generic_attributes(HashSet::from(["lang"]))
            .url_schemes(HashSet::from(["http", "https", "mailto"]))
            .url_relative(UrlRelative::RewriteWithBase(base.clone()))
            .link_rel(Some("noopener noreferrer"));
        Self(builder)
    }

    /// Sanitised HTML. Images go altogether: showing one asks a third party for it. Text without markup is only escaped.
    pub fn html(&self, raw: &str) -> String {
        let raw = mojibake::repair(raw);
        if !markup::is_present(&raw) && !raw.contains('<') {
            return partial_escape(raw.trim()).into_owned();
        }
        self.0.clean(&tame(raw.trim()).html).to_string()
    }
}

const TAGS: [&str; 47] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Those that go with all they hold.
const DROPPED: [&str; 12] = [
    "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title", "head",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_markup_stays() {
        let sanitiser = Sanitiser::new(&Url::parse("https://a.fr/actus/1").unwrap());
        for (raw, expected) in [
            ("<p onclick=x style='color:red'>Un <b>mot</b></p>", "<p>Un <b>mot</b></p>"),
            ("<a href='../x' target=_blank>y</a>", "<a href=\"https://a.fr/x\" rel=\"noopener noreferrer\">y</a>"),
            ("<a href='javascript:x'>y</a>", "<a rel=\"noopener noreferrer\">y</a>"),
            ("<img src='https://t.fr/p.gif' width=1 height=1>texte<script>x</script>", "texte"),
            ("<span>a</span><font>b</font><iframe src=x>c</iframe>", "ab"),
            ("<p>a <p>b", "<p>a </p><p>b</p>"),
            ("R&D et 3 > 2", "R&amp;D et 3 &gt; 2"),
            ("a < b", "a &lt; b"),
        ] {
            assert_eq!(sanitiser.html(raw), expected);
        }
    }
}
