//! HTML written out again with what an article needs and no more, so that no page can keep a parser busy.
//!
//! A parser takes time that grows with the square of the attributes of one tag, and with the product of the paragraphs and
//! the formatting elements that were left open. Here every tag comes out with few attributes, every value without `<` and
//! `>`, every formatting element bare, every comment and script gone: whatever state a parser is in, it can start a tag only
//! where one was written here.

use std::collections::BTreeSet;

use super::{plain::after_end_of, tag};
use crate::normalise::markup;

/// Why a page is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The most elements of a page that is read.
const MOST_ELEMENTS: usize = 30_000;
/// The longest page that is read, in octets, without what an article does not need.
const LONGEST: usize = 3 << 20;

pub(super) fn slim(html: &str) -> Result<String, TooLarge> {
    let mut writer = Writer { out: String::from("<!DOCTYPE html>"), elements: 0, vain: BTreeSet::new() };
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        writer.text(before);
        rest = if let Some(comment) = after.strip_prefix("!--") {
            tag::after_comment(comment)
        } else if after.starts_with(['!', '?']) {
            after.split_once('>').map_or("", |(_, tail)| tail)
        } else if let Some(end) = after.strip_prefix('/') {
            writer.end(end)
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            writer.start(after)
        } else {
            writer.out.push_str("&lt;");
            after
        };
        if writer.elements > MOST_ELEMENTS || writer.out.len() > LONGEST {
            return Err(TooLarge);
        }
    }
    writer.text(rest);
    if writer.out.len() > LONGEST { Err(TooLarge) } else { Ok(writer.out) }
}

struct Writer {
    out: String,
    elements: usize,
    /// Names whose end tag was looked for in vain: what comes later has none either.
    vain: BTreeSet<&'static str>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn end<'t>(&mut self, tag: &'t str) -> &'t str {
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return tag.split_once('>').map_or("", |(_, tail)| tail);
        }
        let (name, attributes) = name(tag);
        if !is_dropped(&name) {
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
        each_attribute(attributes, |_, _| {})
    }

    fn start<'t>(&mut self, tag: &'t str) -> &'t str {
        let (name, rest) = name(tag);
        let mut kept: Vec<(String, &str)> = Vec::new();
        let mut is_data = false;
        let rest = each_attribute(rest, |attribute, value| {
            is_data |= attribute == "type" && value.to_ascii_lowercase().contains("ld+json");
            let fits = value.len() <= LONGEST_VALUE && kept.len() < MOST_ATTRIBUTES;
            if fits && is_kept(&name, attribute) && kept.iter().all(|(other, _)| other != attribute) {
                kept.push((attribute.to_owned(), value));
            }
        });
        match name.as_str() {
            "script" => {
                let (inside, tail) = tag::raw("script", rest);
                if is_data && inside.len() <= LONGEST_DATA {
                    self.out.push_str("<script type=\"application/ld+json\">");
                    // The same character to whoever reads JSON, and no tag to whoever reads HTML.
                    self.out.push_str(&inside.replace('<', "\\u003c"));
                    self.out.push_str("</script>");
                    self.elements += 1;
                }
                return tail;
            }
            "title" => {
                let (inside, tail) = tag::raw("title", rest);
                self.out.push_str("<title>");
                if inside.len() <= LONGEST_VALUE {
                    self.out.push_str(&inside.replace('<', "&lt;"));
                }
                self.elements += 1;
                return tail;
            }
            // Their content is no markup to any browser, closed or not.
            "style" | "iframe" | "noembed" | "noframes" | "xmp" | "textarea" => return after_end_of(&name, rest),
            _ => {}
        }
        if let Some(hidden) = HIDDEN.iter().find(|hidden| **hidden == name) {
            if !self.vain.contains(hidden) {
                let tail = after_end_of(&name, rest);
                if !tail.is_empty() {
                    return tail;
                }
                self.vain.insert(hidden);
            }
            return rest;
        }
        if is_dropped(&name) {
            return rest;
        }
        self.elements += 1;
        self.out.push('<');
        self.out.push_str(&name);
        for (attribute, value) in kept {
            self.out.push(' ');
            self.out.push_str(&attribute);
            self.out.push_str("=\"");
            for c in value.chars() {
                match c {
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    '"' => self.out.push_str("&quot;"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
        }
        self.out.push('>');
        rest
    }
}

const MOST_ATTRIBUTES: usize = 12;
const LONGEST_VALUE: usize = 2_000;
/// Of what a page says of itself in JSON, in octets.
const LONGEST_DATA: usize = 256 << 10;

/// Elements that go with what they hold.
const HIDDEN: [&str; 12] =
    ["noscript", "template", "svg", "math", "button", "select", "object", "audio", "video", "canvas", "dialog", "menu"];

/// Elements that go, while what they hold stays. Those that browsers open again in each paragraph are few then.
fn is_dropped(name: &str) -> bool {
    const DROPPED: [&str; 28] = [
        "font",
        "big",
        "tt",
        "strike",
        "nobr",
        "blink",
        "img",
        "picture",
        "source",
        "track",
        "embed",
        "param",
        "input",
        "applet",
        "marquee",
        "frame",
        "frameset",
        "plaintext",
        "area",
        "map",
        "image",
        "form",
        "style",
        "iframe",
        "xmp",
        "textarea",
        "script",
        "wbr",
    ];
    DROPPED.contains(&name) || HIDDEN.contains(&name) || !name.contains('-') && !markup::is_element(name)
}

/// Elements that browsers open again where they were left open; bare, no more than three of each.
fn is_formatting(name: &str) -> bool {
    ["b", "strong", "i", "em", "u", "s", "small", "code"].contains(&name)
}

fn is_kept(name: &str, attribute: &str) -> bool {
    match name {
        name if is_formatting(name) => false,
        "a" => ["href", "class", "rel"].contains(&attribute),
        "meta" => ["name", "property", "itemprop", "content"].contains(&attribute),
        "html" => attribute == "lang",
        _ => [
            "class",
            "id",
            "role",
            "lang",
            "dir",
            "href",
            "rel",
            "datetime",
            "itemprop",
            "itemtype",
            "itemscope",
            "hidden",
            "aria-hidden",
            "style",
            "colspan",
            "rowspan",
            "title",
        ]
        .contains(&attribute),
    }
}

/// The name at the front of a tag, in lower case, and what follows it.
fn name(tag: &str) -> (String, &str) {
    let (name, rest) = tag::name(tag);
    // Nothing that is longer, or that holds other signs, is an element of anybody's.
    let is_sound = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (if is_sound { name.to_ascii_lowercase() } else { String::from("unknown") }, rest)
}

/// Takes the attributes of a tag whose names are sound; what follows the tag.
fn each_attribute<'t>(rest: &'t str, mut take: impl FnMut(&str, &'t str)) -> &'t str {
    tag::attributes(rest, |name, value| take_sound(name, value, &mut take)).map_or("", |(_, tail)| tail)
}

fn take_sound<'t>(name: &str, value: &'t str, take: &mut impl FnMut(&str, &'t str)) {
    if name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:_".contains(&b)) {
        take(&name.to_ascii_lowercase(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(html: &str) -> String {
        slim(html).unwrap().trim_start_matches("<!DOCTYPE html>").to_owned()
    }

    #[test]
    fn a_page_keeps_what_an_article_needs() {
        for (html, expected) in [
            ("<P onclick='x' CLASS=chapo>Un <B style='x'>mot</B>", "<p class=\"chapo\">Un <b>mot</b>"),
            ("a < b et <3", "a &lt; b et &lt;3"),
            ("<a title='x > y' href=/1>z</a>", "<a href=\"/1\">z</a>"),
            ("<div class='a>b<c\"'>x</div>", "<div class=\"a&gt;b&lt;c&quot;\">x</div>"),
            ("<!-- <p>x --><p>y<!-->z<!--->t", "<p>yzt"),
            ("<script>if (a<b) {}</script>x<style>p{}</style>", "x"),
            (
                "<script type='application/ld+json'>{\"a\":\"<b>\"}</script>",
                "<script type=\"application/ld+json\">{\"a\":\"\\u003cb>\"}</script>",
            ),
            ("<title>a <b></title>c", "<title>a &lt;b></title>c"),
            ("<button>Partager</button>x<button>y", "xy"),
            ("<font color=red>x</font><img src=1><form>y</form>", "xy"),
            ("fin <a href='", "fin <a>"),
        ] {
            assert_eq!(body(html), expected, "{html}");
        }
    }

    #[test]
    fn what_is_slim_stays_as_it_is() {
        let html = "<div class=\"a\" id=\"b\"><p>x <a href=\"/y\">z</a></p></div>";
        assert_eq!(body(html), html);
        assert_eq!(body(&body(html)), html);
    }

    proptest::proptest! {
        #[test]
        fn every_tag_is_short(html in "(<|>|/|=|\"|'| |a|p|!--|-->|title|é|class){0,60}") {
            let out = slim(&html).unwrap();
            proptest::prop_assert!(out.len() <= 15 + html.len() * 8);
            slim(&out).unwrap();
        }
    }
}
