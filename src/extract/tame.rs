//! HTML that no parser takes long to read, whatever is wrong with it.
//!
//! Parsers of HTML take time that grows with the square of the attributes of one tag and of the depth of elements, and make
//! more elements than a page holds tags where formatting elements are left open or tables hold what does not belong in them.
//! Here each of these is bounded before a parser sees it: [`MOST_ATTRIBUTES`], [`DEEPEST`], [`MOST_OPEN`], and for the whole
//! tree [`LARGEST_TREE`]. A parser cannot be made to read tags where none is seen here: what begins a tag only in some states
//! of a parser, inside scripts and the like, is taken out. An ordinary page comes out as it is, but for the scripts.

use std::borrow::Cow;

use super::tag::{self, Ending};

/// A page that may be given to a parser.
#[derive(Debug)]
pub(super) struct Tame<'t> {
    pub html: Cow<'t, str>,
    pub extent: Extent,
}

/// How much of a page is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// What follows the [`LARGEST_TREE`] was left out.
    Cut,
}

/// How deep elements are nested; the tags of deeper ones go, and their text stays. Browsers stop at 512.
const DEEPEST: usize = 256;
/// How many formatting elements are left open at once: each of them is opened again in each block that follows.
const MOST_OPEN: usize = 32;
/// Of one tag. The others go.
const MOST_ATTRIBUTES: usize = 64;
/// Of one attribute, in octets. Longer ones go: an image written out, a state of some script.
const LONGEST_VALUE: usize = 64 << 10;
/// What the tree of a page takes, in octets, as estimated: some 200,000 elements and texts.
const LARGEST_TREE: usize = 40 << 20;
/// What an element, a text or a comment takes in a tree, and what an attribute does besides its value.
const NODE: usize = 160;
const ATTRIBUTE: usize = 64;
/// How far up an end tag looks for its start.
const REACH: usize = 64;

/// Bounds what a page costs. Linear in its length.
pub(super) fn tame(html: &str) -> Tame<'_> {
    tame_to(html, DEEPEST)
}

/// The same with another depth: what looks at each element from each of those around it takes the product of both.
pub(super) fn tame_to(html: &str, deepest: usize) -> Tame<'_> {
    bounded(html, deepest, LARGEST_TREE)
}

fn bounded(html: &str, deepest: usize, largest: usize) -> Tame<'_> {
    let mut walk = Walk {
        deepest,
        open: Vec::new(),
        depth: [0, 0],
        paragraph: Paragraph::None,
        tree: 0,
        out: Output { html, done: 0, out: None },
    };
    let mut at = 0;
    let mut extent = Extent::Whole;
    while let Some(rest) = html.get(at..) {
        let Some(found) = rest.find('<') else {
            walk.tree += usize::from(!rest.is_empty()) * NODE;
            break;
        };
        walk.tree += usize::from(found > 0) * NODE;
        at += found;
        let Some(next) = walk.markup(at) else { break };
        if walk.tree > largest {
            walk.out.cut(at, html.len(), "");
            extent = Extent::Cut;
            break;
        }
        at = next;
    }
    Tame { html: walk.out.finish(), extent }
}

/// What is written, once it differs from what is read.
struct Output<'t> {
    html: &'t str,
    /// Up to where `out` holds what came of `html`.
    done: usize,
    out: Option<String>,
}

impl<'t> Output<'t> {
    /// Puts `instead` in the place of what stands between two places, unless that was done already.
    fn cut(&mut self, from: usize, to: usize, instead: &str) {
        if to <= self.done {
            return;
        }
        let out = self.out.get_or_insert_with(|| String::with_capacity(self.html.len()));
        out.push_str(self.html.get(self.done..from).unwrap_or_default());
        out.push_str(instead);
        self.done = to;
    }

    fn finish(self) -> Cow<'t, str> {
        let rest = self.html.get(self.done..).unwrap_or_default();
        match self.out {
            None => Cow::Borrowed(self.html),
            Some(mut out) => {
                out.push_str(rest);
                Cow::Owned(out)
            }
        }
    }
}

struct Walk<'t> {
    deepest: usize,
    open: Vec<Open<'t>>,
    /// How many of `open` are kept: formatting elements, and others. Apart, so that a page that forgets to close its `b`
    /// loses only `b`.
    depth: [usize; 2],
    paragraph: Paragraph,
    /// What the tree takes so far.
    tree: usize,
    out: Output<'t>,
}

/// Whether a paragraph is open; the end of one that is not makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paragraph {
    Open,
    None,
}

struct Open<'t> {
    name: &'t str,
    sort: Sort,
    tags: Tags,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    Kept,
    Dropped,
}

impl<'t> Walk<'t> {
    /// Passes over a `<` and what belongs to it; where to go on, or nothing at the end of the page.
    fn markup(&mut self, at: usize) -> Option<usize> {
        let html = self.out.html;
        let after = html.get(at + 1..)?;
        let place = |rest: &str| html.len() - rest.len();
        if let Some(comment) = after.strip_prefix("!--") {
            let next = place(tag::after_comment(comment));
            self.tree += NODE + (next - at);
            return Some(next);
        }
        let end = after.strip_prefix('/');
        if !end.unwrap_or(after).starts_with(|c: char| c.is_ascii_alphabetic()) {
            let is_text = !after.starts_with(['!', '?', '/']);
            if is_text {
                return Some(at + 1);
            }
            // A comment to a browser, up to the next `>`; but inside of `svg` a section of text that may hold any.
            let next = after.split_once('>').map_or(html.len(), |(_, tail)| place(tail));
            self.tree += NODE + (next - at);
            if after.starts_with("![") {
                self.out.cut(at, next, "");
            }
            return Some(next);
        }
        let (name, rest) = tag::name(end.unwrap_or(after));
        let (mut count, mut longest, mut size) = (0, 0, 0);
        let tail = tag::attributes(rest, |name, value| {
            count += 1;
            longest = longest.max(name.len()).max(value.len());
            size += ATTRIBUTE + value.len();
        });
        let Some((ending, tail)) = tail else {
            // A tag without an end is none.
            self.out.cut(at, html.len(), "");
            return None;
        };
        let next = place(tail);
        let sort = Sort::of(name);
        if end.is_some() {
            self.end(name, sort, at, next);
            if count > 0 {
                self.out.cut(at, next, &format!("</{name}>"));
            }
            return Some(next);
        }
        let is_long = count > MOST_ATTRIBUTES || longest > LONGEST_VALUE;
        if ending == Ending::Closed && !matches!(sort, Sort::Void | Sort::Paragraph | Sort::Cell) && self.is_drawn() {
            // To a parser that is no longer inside of a drawing, it would stay open.
            let (written, size) = rewritten(name, rest);
            self.tree += NODE + size;
            self.out.cut(at, next, &format!("{written}</{name}>"));
            return Some(next);
        }
        if self.start(name, sort, at, next) == Tags::Kept {
            let (written, size) = if is_long { rewritten(name, rest) } else { (String::new(), size) };
            self.tree += NODE + size;
            if is_long {
                self.out.cut(at, next, &written);
            }
        }
        match sort {
            Sort::Raw(name) => Some(self.inside(name, next)),
            _ => Some(next),
        }
    }

    /// Whether what comes next is part of a drawing or of a formula.
    fn is_drawn(&self) -> bool {
        let is_foreign = |name: &str| name.eq_ignore_ascii_case("svg") || name.eq_ignore_ascii_case("math");
        self.open.iter().rev().take(REACH).any(|open| is_foreign(open.name))
    }

    /// Passes over what stands in an element without markup.
    fn inside(&mut self, name: &str, from: usize) -> usize {
        let (inside, _) = tag::raw(name, self.out.html.get(from..).unwrap_or_default());
        let to = from + inside.len();
        self.tree += NODE;
        if inside.contains('<') {
            // A title says the same so; of the others, nothing is read.
            let instead = if name == "title" { inside.replace('<', "&lt;") } else { String::new() };
            self.out.cut(from, to, &instead);
        }
        to
    }

    /// Whether the tag is kept.
    fn start(&mut self, name: &'t str, sort: Sort, from: usize, to: usize) -> Tags {
        match sort {
            Sort::Raw(_) | Sort::Void => return Tags::Kept,
            Sort::Plaintext => {
                self.out.cut(from, to, "");
                return Tags::Dropped;
            }
            Sort::Cell => {
                self.leave_cell();
                return Tags::Kept;
            }
            Sort::Paragraph => {
                self.reopen();
                self.paragraph = Paragraph::Open;
                return Tags::Kept;
            }
            Sort::Item => {
                self.reopen();
                self.close_item(name);
            }
            Sort::Block | Sort::Other => self.reopen(),
            // A link ends the one before.
            Sort::Link => drop(self.close("a")),
            Sort::Formatting => {}
        }
        let most = if sort.is_formatting() { MOST_OPEN.min(self.deepest) } else { self.deepest };
        let depth = &mut self.depth[usize::from(sort.is_formatting())];
        let tags = if *depth < most { Tags::Kept } else { Tags::Dropped };
        match tags {
            Tags::Kept => *depth += 1,
            Tags::Dropped => self.out.cut(from, to, ""),
        }
        self.open.push(Open { name, sort, tags });
        tags
    }

    fn end(&mut self, name: &str, sort: Sort, from: usize, to: usize) {
        match sort {
            Sort::Cell => return self.leave_cell(),
            Sort::Raw(_) | Sort::Plaintext => return,
            Sort::Void | Sort::Paragraph => {
                // Some ends without a start make an element.
                let is_made = sort == Sort::Void || self.paragraph == Paragraph::None;
                self.tree += usize::from(is_made) * NODE;
                return self.reopen();
            }
            Sort::Item | Sort::Block | Sort::Other => self.reopen(),
            Sort::Link | Sort::Formatting => {}
        }
        if self.close(name) == Some(Tags::Dropped) {
            self.out.cut(from, to, "");
        }
    }

    /// Ends the last open element of a name; what became of its start tag.
    fn close(&mut self, name: &str) -> Option<Tags> {
        let is_formatting = Sort::of(name).is_formatting();
        let above = self.open.iter().rev().take(REACH).position(|open| open.name.eq_ignore_ascii_case(name));
        let Some(above) = above else {
            // A parser may know of one further up, and then makes copies of what stands between.
            self.tree += usize::from(is_formatting && self.open.len() > REACH) * COPIES * NODE;
            return None;
        };
        let ended = self.open.split_off(self.open.len() - 1 - above);
        let tags = ended.first().map(|open| open.tags);
        let mut crossed = 0;
        for (position, open) in ended.into_iter().enumerate() {
            // The end of a block ends what is open in it; that of a formatting element ends only itself, and those that
            // a block has ended come back after it.
            let formatting = open.sort.is_formatting();
            if position > 0 && (formatting || is_formatting) {
                crossed += usize::from(is_formatting);
                self.open.push(open);
            } else if open.tags == Tags::Kept {
                let depth = &mut self.depth[usize::from(formatting)];
                *depth = depth.saturating_sub(1);
            }
        }
        // Of what a formatting element is not the innermost of, a parser makes copies.
        self.tree += crossed.min(COPIES) * NODE;
        tags
    }

    /// An item of a list ends the one before, unless something stands between that holds lists of its own.
    fn close_item(&mut self, name: &str) {
        let is = |open: &Open<'_>, names: &[&str]| names.iter().any(|name| open.name.eq_ignore_ascii_case(name));
        let family: &[&str] = match name {
            name if name.eq_ignore_ascii_case("option") => &["option"],
            name if name.eq_ignore_ascii_case("li") => &["li"],
            _ => &["dt", "dd"],
        };
        let before = self.open.iter().rev().take(REACH).find(|open| match open.sort {
            Sort::Item => is(open, family) || !is(open, &["option"]),
            Sort::Block => true,
            // An option ends only where it is the innermost element.
            _ => family == ["option"],
        });
        if let Some(before) = before.filter(|before| is(before, family)).map(|before| before.name) {
            self.close(before);
        }
    }

    /// A block begins or ends: the formatting elements that are open are opened again in what follows.
    fn reopen(&mut self) {
        self.paragraph = Paragraph::None;
        self.tree += self.depth[1] * NODE;
    }

    /// A cell of a table begins or ends, and with it the formatting elements that are open in it.
    fn leave_cell(&mut self) {
        let first = self.open.len().saturating_sub(REACH);
        let table = self.open.iter().skip(first).rposition(|open| open.name.eq_ignore_ascii_case("table"));
        if let Some(table) = table {
            for open in self.open.split_off(first + table + 1) {
                match (open.sort.is_formatting(), open.tags) {
                    (false, _) => self.open.push(open),
                    (true, Tags::Kept) => self.depth[1] = self.depth[1].saturating_sub(1),
                    (true, Tags::Dropped) => {}
                }
            }
        }
        self.reopen();
    }
}

/// How many elements a parser makes at most where one end tag ends elements that are not nested as they should be.
const COPIES: usize = 32;

/// A tag with its first attributes, and what they take in a tree.
fn rewritten(name: &str, attributes: &str) -> (String, usize) {
    let (mut out, mut size, mut count) = (format!("<{name}"), 0, 0);
    tag::attributes(attributes, |name, value| {
        if count < MOST_ATTRIBUTES && name.len().max(value.len()) <= LONGEST_VALUE {
            count += 1;
            size += ATTRIBUTE + value.len();
            out.push_str(&format!(" {name}=\"{}\"", value.replace('"', "&quot;")));
        }
    });
    out.push('>');
    (out, size)
}

/// What an element is to a parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// It holds no markup.
    Raw(&'static str),
    /// All that follows it would be text.
    Plaintext,
    /// It holds nothing.
    Void,
    Paragraph,
    /// It ends where the next one begins.
    Item,
    Cell,
    Link,
    Formatting,
    /// Lists inside of it are its own.
    Block,
    Other,
}

impl Sort {
    fn of(name: &str) -> Self {
        const LONGEST: usize = 10;
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..name.len()) else { return Sort::Other };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"script" => Sort::Raw("script"),
            b"style" => Sort::Raw("style"),
            b"textarea" => Sort::Raw("textarea"),
            b"title" => Sort::Raw("title"),
            b"noscript" => Sort::Raw("noscript"),
            b"iframe" => Sort::Raw("iframe"),
            b"noembed" => Sort::Raw("noembed"),
            b"noframes" => Sort::Raw("noframes"),
            b"xmp" => Sort::Raw("xmp"),
            b"plaintext" => Sort::Plaintext,
            b"area" | b"base" | b"br" | b"col" | b"embed" | b"hr" | b"img" | b"input" | b"link" | b"meta"
            | b"param" | b"source" | b"track" | b"wbr" | b"basefont" | b"bgsound" | b"keygen" | b"image" => Sort::Void,
            b"p" => Sort::Paragraph,
            b"li" | b"dt" | b"dd" | b"option" => Sort::Item,
            b"td" | b"th" | b"tr" | b"tbody" | b"thead" | b"tfoot" | b"colgroup" | b"caption" => Sort::Cell,
            b"a" => Sort::Link,
            b"b" | b"big" | b"code" | b"em" | b"font" | b"i" | b"nobr" | b"s" | b"small" | b"strike" | b"strong"
            | b"tt" | b"u" => Sort::Formatting,
            b"applet" | b"article" | b"aside" | b"blockquote" | b"body" | b"button" | b"center" | b"details"
            | b"dir" | b"dl" | b"fieldset" | b"figcaption" | b"figure" | b"footer" | b"form" | b"frameset" | b"h1"
            | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"head" | b"header" | b"hgroup" | b"html" | b"listing"
            | b"main" | b"marquee" | b"menu" | b"nav" | b"object" | b"ol" | b"pre" | b"search" | b"section"
            | b"select" | b"summary" | b"table" | b"template" | b"ul" => Sort::Block,
            _ => Sort::Other,
        }
    }

    fn is_formatting(self) -> bool {
        matches!(self, Sort::Link | Sort::Formatting)
    }
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn tamed(html: &str) -> String {
        let tame = tame(html);
        assert_eq!(tame.extent, Extent::Whole);
        tame.html.into_owned()
    }

    /// How many nodes a parser makes of a page, and how deep.
    fn measures(html: &str) -> (usize, usize) {
        let document = Html::parse_document(html);
        let (mut nodes, mut deepest) = (0, 0);
        let mut left = vec![(document.tree.root(), 0)];
        while let Some((node, depth)) = left.pop() {
            (nodes, deepest) = (nodes + 1, deepest.max(depth));
            left.extend(node.children().map(|child| (child, depth + 1)));
        }
        (nodes, deepest)
    }

    #[test]
    fn an_ordinary_page_stays_as_it_is() {
        for page in [
            "<title>a</title><meta charset=utf-8><p>b",
            "<ul><li><p>a<p>b<li>c</ul><br><b>d</b>",
            "<a href=/1 title='x > y'>z</a> <!-- <b> --> 1 < 2 <3 <?x y?>",
            "<table><tr><td>a<td><font color=red>b<tr><td>c</table>",
            "<ul><li><span>a<li>b</ul><select><option>a<option>b</select><dl><dt>a<dd><p>b<dt>c</dl>",
            "<script>let a = 1 > 0;</script><style>p > a {}</style><noscript></noscript>",
        ] {
            let page = format!("<!DOCTYPE html><html lang=fr><body class='x y'>{}</body></html>", page.repeat(300));
            assert!(matches!(tame(&page), Tame { html: Cow::Borrowed(_), extent: Extent::Whole }), "{page:.200}");
        }
    }

    #[test]
    fn only_what_is_too_much_goes() {
        let long = "x".repeat(LONGEST_VALUE + 1);
        let many: String = (0..100).map(|at| format!(" a{at}='\"'")).collect();
        let few: String = (0..MOST_ATTRIBUTES).map(|at| format!(" a{at}=\"&quot;\"")).collect();
        for (page, expected) in [
            (format!("{}x{}<i>y</i>", "<div>".repeat(300), "</div>".repeat(300)), {
                format!("{}x{}<i>y</i>", "<div>".repeat(256), "</div>".repeat(256))
            }),
            (format!("<p {many}>x"), format!("<p{few}>x")),
            (format!("<img src='{long}' alt=y>"), "<img alt=\"y\">".to_owned()),
            (format!("a</p {many}>b"), "a</p>b".to_owned()),
            (
                "<script>w('<p>')</script>x<title>a <b></title>".to_owned(),
                "<script></script>x<title>a &lt;b></title>".to_owned(),
            ),
            ("<svg><style/><path d=a/><g><path d='b'/></g></svg><p/>y".to_owned(), {
                "<svg><style></style><path d=a/><g><path d=\"b\"></path></g></svg><p/>y".to_owned()
            }),
            ("a<![CDATA[ <b> ]]>c<plaintext>d".to_owned(), "a ]]>cd".to_owned()),
            ("<p>x<a href='y>z".to_owned(), "<p>x".to_owned()),
        ] {
            assert_eq!(tamed(&page), expected);
        }
        // A page that forgets to close its `b` loses only `b`.
        let careless = format!("{}<div>y</div>", "<div><b>x</div>".repeat(300));
        assert!(tamed(&careless).ends_with("<div>x</div><div>y</div>"));
        // A drawing of many lines does not count as depth.
        let drawing = format!("<div><svg>{}</svg></div><div>x</div>", "<path d='x'/>".repeat(300));
        assert!(tamed(&drawing).ends_with("</svg></div><div>x</div>"));
    }

    #[test]
    fn no_page_makes_a_larger_tree_than_it_may() {
        let formatting: String = (0..100).map(|at| format!("<b id={at}><i id={at}>")).collect();
        let blocks = "<div>".repeat(200);
        const LARGEST: usize = 1 << 20;
        for piece in [
            "<p>",
            "<table><tr><td><article>",
            "<b><i><a href=x><p>",
            "<!---->",
            "<a href=/x><table><tr><td>",
            "<table><b>x",
            "<table><td><b><div></td>",
            "<svg><foo/><p><bar/>",
            "<svg><title><b></title><style><i></style>",
            "<select><option><b><textarea><p></textarea>",
            "<b><div></b>",
            "<nobr><button><p>",
            "<b></b><p>x</p>",
            "</b></i>",
            "<x/>",
            "<dd><dt><li>x",
            "<li><span>x",
            "<optgroup>x",
            "<option><i>x<li>",
            "<option><x>",
            "<ruby><rt><rb>x",
            "<frameset><template>",
            "</p></br>",
            "<p a b c d e f g h i j k l m n o p q r s t>",
        ] {
            for start in ["", &formatting, &format!("<b><i>{blocks}")] {
                let page = format!("{start}{}", piece.repeat(100_000 / piece.len()));
                let Tame { html, .. } = bounded(&page, DEEPEST, LARGEST);
                let (nodes, depth) = measures(&html);
                // A table makes the rows that are not told.
                assert!(nodes <= 2 * LARGEST / NODE + 100, "{piece}: {nodes} nodes");
                // So it does of what is between it and a cell, and a link may stand around each table.
                assert!(depth <= 5 * DEEPEST + MOST_OPEN, "{piece}: {depth} deep");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_tag_has_more_attributes_than_it_may(
            pieces in proptest::collection::vec(proptest::sample::select(&[
                "<", ">", "'", "\"", "=", "/", " ", "<p", "</", "<svg>", "</svg>", "<style>", "</style>", "<script>", "<!--",
                "-->", "</script>", "<title>", "</title>", "<![CDATA[", "]]>", "<select>", "<textarea>", "<table>", "MANY",
            ][..]), 0..30)
        ) {
            let many: String = (0..70).map(|at| format!(" a{at}")).collect();
            let page = pieces.concat().replace("MANY", &many);
            let tamed = tame(&page).html.into_owned();
            let document = Html::parse_document(&tamed);
            for element in document.tree.nodes().filter_map(|node| node.value().as_element()) {
                proptest::prop_assert!(element.attrs().count() <= MOST_ATTRIBUTES, "{} from {}", tamed, page);
            }
            let again = tame(&tamed).html.into_owned();
            proptest::prop_assert_eq!(again, tamed);
        }
    }
}
