//! HTML no deeper than any page needs: parsers take time that grows with the square of the depth.

use std::{borrow::Cow, ops::Range};

use super::plain::after_end_of;
use crate::normalise::markup;

/// Drops the tags of elements that are nested deeper than 256; their text stays. Browsers stop at 512.
pub(super) fn shallow(html: &str) -> Cow<'_, str> {
    shallow_to(html, DEEPEST)
}

/// The same with another depth: what looks at each element from each of those around it takes the product of both.
pub(super) fn shallow_to(html: &str, deepest: usize) -> Cow<'_, str> {
    let mut walk = Walk { deepest, open: Vec::new(), depth: [0, 0], cuts: Vec::new() };
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let start = html.len() - after.len() - 1;
        let name_at = after.strip_prefix('/').unwrap_or(after);
        rest = after;
        if !name_at.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let name = markup::name(name_at);
        let Some((_, tail)) = after.split_once('>') else { break };
        let tag = start..html.len() - tail.len();
        if after.starts_with('/') {
            walk.end(&name, tag);
        } else if matches!(name.as_str(), "script" | "style" | "textarea" | "title") {
            rest = after_end_of(&name, tail);
        } else if !LEAVES.contains(&name.as_str()) {
            walk.start(name, tag);
        }
    }
    if walk.cuts.is_empty() {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for cut in walk.cuts {
        out.push_str(html.get(from..cut.start).unwrap_or_default());
        from = from.max(cut.end);
    }
    out.push_str(html.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

const DEEPEST: usize = 256;

/// How far up an end tag looks for its start.
const REACH: usize = 64;

struct Walk {
    deepest: usize,
    open: Vec<Open>,
    /// How many of `open` are kept: formatting elements, and others. Apart, so that a page that forgets to close its `b`
    /// loses only `b`.
    depth: [usize; 2],
    cuts: Vec<Range<usize>>,
}

struct Open {
    name: String,
    tags: Tags,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    Kept,
    Dropped,
}

impl Walk {
    fn start(&mut self, name: String, tag: Range<usize>) {
        let depth = &mut self.depth[usize::from(is_formatting(&name))];
        let tags = if *depth < self.deepest { Tags::Kept } else { Tags::Dropped };
        match tags {
            Tags::Kept => *depth += 1,
            Tags::Dropped => self.cuts.push(tag),
        }
        self.open.push(Open { name, tags });
    }

    fn end(&mut self, name: &str, tag: Range<usize>) {
        let Some(above) = self.open.iter().rev().take(REACH).position(|open| open.name == name) else { return };
        let ended = self.open.split_off(self.open.len() - 1 - above);
        if ended.first().is_some_and(|open| open.tags == Tags::Dropped) {
            self.cuts.push(tag);
        }
        for (position, open) in ended.into_iter().enumerate() {
            // The end of a block ends what is open in it; that of a formatting element ends only itself, and those that
            // a block has ended come back after it.
            let formatting = is_formatting(&open.name);
            if position > 0 && (formatting || is_formatting(name)) {
                self.open.push(open);
            } else if open.tags == Tags::Kept {
                let depth = &mut self.depth[usize::from(formatting)];
                *depth = depth.saturating_sub(1);
            }
        }
    }
}

/// Elements that hold nothing, or that end without being told to.
const LEAVES: [&str; 27] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "optgroup", "colgroup",
];

fn is_formatting(name: &str) -> bool {
    FORMATTING.contains(&name)
}

const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_deep_goes() {
        let page = "<ul><li><p>a<p>b<li>c</ul><br><b>d</b>".repeat(1_000);
        assert_eq!(shallow(&page), page);
        let careless = format!("{}<div>y</div>", "<div><b>x</div>".repeat(300));
        assert!(shallow(&careless).ends_with("<div>x</div><div>y</div>"));
        let script = format!("<script>{}</script>x", "'<div>'".repeat(1_000));
        assert_eq!(shallow(&script), script);
        let deep = format!("{}x{}<i>y</i>", "<div>".repeat(300), "</div>".repeat(300));
        assert_eq!(shallow(&deep), format!("{}x{}<i>y</i>", "<div>".repeat(256), "</div>".repeat(256)));
    }
}
