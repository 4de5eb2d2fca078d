//! XML as a small tree over its text, whatever is wrong with it: elements know where they begin and end, and nothing is copied.

use std::ops::Range;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::{
    extract::{feed::LONGEST_TEXT, plain::plain, space::attribute, xml::open_sections},
    normalise::{entity, markup},
};

/// An element, by its place in the order of the text.
pub(in crate::extract) type Node = usize;

/// Elements nested deeper are part of the text of the one around them.
const DEEPEST: usize = 200;
const MOST_NODES: usize = 1_000_000;
/// Of what stands in one element, in octets: several times the longest text.
const LONGEST: usize = 4 * LONGEST_TEXT;

pub(in crate::extract) struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Element>,
    /// Why what follows the last element could not be read.
    pub broken: Option<String>,
}

/// Places are octets of the text, in 32 bits: there may be a million of these.
struct Element {
    /// Between `<` and `>` of its start tag.
    tag: Range<u32>,
    /// How much of that is its name.
    name: u32,
    /// Between its start tag and its end tag.
    inner: Range<u32>,
    /// One past its last descendant.
    end: u32,
    state: State,
}

fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Whole,
}

impl<'t> Tree<'t> {
    /// Reads text that [`crate::extract::mend`] has prepared.
    pub(in crate::extract) fn read(text: &'t str) -> Self {
        let mut tree = Self { text, nodes: Vec::new(), broken: None };
        let mut open: Vec<Node> = Vec::new();
        // Starts beyond the deepest level whose end is still to come.
        let mut ignored = 0usize;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let position = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        loop {
            let from = position(&reader);
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    tree.broken = Some(error.to_string());
                    break;
                }
            };
            let to = position(&reader);
            match event {
                Event::Eof => break,
                Event::Start(_) if open.len() >= DEEPEST => ignored += 1,
                Event::End(_) if ignored > 0 => ignored -= 1,
                Event::Start(_) | Event::Empty(_) if tree.nodes.len() >= MOST_NODES => {
                    tree.broken = Some(format!("more than {MOST_NODES} elements"));
                    break;
                }
                Event::Start(start) => {
                    let node = tree.push(from, to);
                    // HTML leaves them open, and they hold nothing.
                    match VOID.contains(&start.name().as_ref()) {
                        true => tree.close(node, to),
                        false => open.push(node),
                    }
                }
                Event::Empty(_) => {
                    let node = tree.push(from, to);
                    tree.close(node, to);
                }
                Event::End(end) => {
                    let name = end.name();
                    let matching = open.iter().rposition(|node| tree.name(*node) == name.as_ref());
                    if let Some(matching) = matching {
                        for node in open.drain(matching..) {
                            tree.close(node, from);
                        }
                    }
                }
                _ => {}
            }
        }
        let end = text.len();
        if let (false, None) = (open.is_empty(), &tree.broken) {
            tree.broken = Some("it ends before its last tag".to_owned());
        }
        for node in open {
            tree.close(node, end);
            if let Some(element) = tree.nodes.get_mut(node) {
                element.state = State::Open;
            }
        }
        tree
    }

    fn push(&mut self, from: usize, to: usize) -> Node {
        let tag = from + 1..to.saturating_sub(1).max(from + 1);
        let inside = self.text.get(tag.clone()).unwrap_or_default();
        let length = inside.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(inside.len());
        self.nodes.push(Element {
            tag: narrow(tag.start)..narrow(tag.end),
            name: narrow(length),
            inner: narrow(to)..narrow(to),
            end: 0,
            state: State::Open,
        });
        self.nodes.len() - 1
    }

    fn close(&mut self, node: Node, at: usize) {
        let end = narrow(self.nodes.len());
        if let Some(element) = self.nodes.get_mut(node) {
            element.inner.end = narrow(at).max(element.inner.start);
            element.end = end;
            element.state = State::Whole;
        }
    }

    /// The first element.
    pub(in crate::extract) fn root(&self) -> Option<Node> {
        (!self.nodes.is_empty()).then_some(0)
    }

    /// The whole name, prefix included.
    pub(in crate::extract) fn name(&self, node: Node) -> &'t str {
        let name = |element: &Element| {
            let start = element.tag.start as usize;
            self.text.get(start..start + element.name as usize)
        };
        self.nodes.get(node).and_then(name).unwrap_or_default()
    }

    /// Whether an element is called so, with its prefix or without it.
    pub(in crate::extract) fn is(&self, node: Node, name: &str) -> bool {
        let whole = self.name(node);
        name == "*" || whole == name || whole.rsplit_once(':').is_some_and(|(_, local)| local == name)
    }

    /// Whether its end was seen: what a broken text cuts off is not all of it.
    pub(in crate::extract) fn is_whole(&self, node: Node) -> bool {
        self.nodes.get(node).is_some_and(|element| element.state == State::Whole)
    }

    pub(in crate::extract) fn children(&self, node: Node) -> impl Iterator<Item = Node> {
        let end = self.nodes.get(node).map_or(0, |element| element.end as usize);
        let next = |child: &Node| self.nodes.get(*child).map(|element| (element.end as usize).max(*child + 1));
        std::iter::successors(Some(node + 1), next).take_while(move |child| *child < end)
    }

    /// An element and all that stands in it, in the order of the text.
    pub(in crate::extract) fn subtree(&self, node: Node) -> Range<Node> {
        node..self.nodes.get(node).map_or(node, |element| element.end as usize)
    }

    pub(in crate::extract) fn attribute(&self, node: Node, name: &str) -> Option<String> {
        let element = self.nodes.get(node)?;
        let tag = self.text.get(wide(&element.tag))?.trim_end_matches('/');
        attribute(&BytesStart::from_content(tag, element.name as usize), name)
    }

    /// What an element says, on lines: references decoded once, markup taken off.
    pub(in crate::extract) fn text(&self, node: Node) -> String {
        let raw = self.raw(node);
        match self.is_leaf(node) {
            true => open_sections(raw, |text| entity::decode(text).into_owned()),
            false => plain(raw),
        }
    }

    /// The same as HTML: the elements in it, or else its text, which may hold HTML that was escaped.
    pub(in crate::extract) fn html(&self, node: Node) -> String {
        match self.is_leaf(node) {
            true => self.text(node),
            false => {
                let html = open_sections(self.raw(node), str::to_owned);
                // What shows that it is markup even where all its elements are strange to HTML.
                if markup::is_present(&html) { html } else { format!("<div>{html}</div>") }
            }
        }
    }

    /// How long it is as it is written, its own tags apart.
    pub(in crate::extract) fn length(&self, node: Node) -> usize {
        self.nodes.get(node).map_or(0, |element| wide(&element.inner).len())
    }

    /// What stands in it as it is written; of more than is read of anything, the beginning.
    fn raw(&self, node: Node) -> &'t str {
        let raw = self.nodes.get(node).and_then(|element| self.text.get(wide(&element.inner))).unwrap_or_default();
        raw.get(..raw.floor_char_boundary(LONGEST)).unwrap_or_default()
    }

    /// Whether nothing but text stands in an element.
    fn is_leaf(&self, node: Node) -> bool {
        self.nodes.get(node).is_none_or(|element| element.end as usize <= node + 1)
    }
}

const VOID: [&str; 4] = ["br", "hr", "img", "wbr"];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tree: &Tree<'_>, name: &str) -> Vec<Node> {
        tree.root().map(|root| tree.subtree(root).filter(|node| tree.is(*node, name)).collect()).unwrap_or_default()
    }

    #[test]
    fn a_text_becomes_a_tree() {
        let tree = Tree::read("<a x='1'><n:b y='&eacute;'>un<c/></n:b>&amp;<b><![CDATA[<p>deux</p>]]></b></a>");
        let bs = named(&tree, "b");
        assert_eq!(bs.iter().map(|b| tree.html(*b)).collect::<Vec<_>>(), ["<div>un<c/></div>", "<p>deux</p>"]);
        assert_eq!(tree.attribute(bs[0], "y").as_deref(), Some("é"));
        assert_eq!(tree.children(0).map(|child| tree.name(child)).collect::<Vec<_>>(), ["n:b", "b"]);
        assert!(tree.broken.is_none() && tree.is_whole(0));
    }

    #[test]
    fn html_inside_does_not_break_it() {
        let tree = Tree::read("<a><t>un<br>deux<p>trois<p>quatre</i></t><u>x</u></a>");
        let [t] = named(&tree, "t")[..] else { panic!() };
        assert_eq!(tree.text(t), "un\ndeux\ntrois\nquatre");
        assert_eq!(named(&tree, "u").iter().map(|u| tree.text(*u)).collect::<Vec<_>>(), ["x"]);
        assert_eq!(tree.children(0).count(), 2);
    }

    #[test]
    fn what_is_cut_off_is_known() {
        let tree = Tree::read("<a><b>un</b><b>de");
        let whole: Vec<bool> = named(&tree, "b").into_iter().map(|b| tree.is_whole(b)).collect();
        assert_eq!((whole, tree.broken.is_some()), (vec![true, false], true));
    }

    #[test]
    fn depth_and_breadth_are_bounded() {
        let deep = format!("{}x{}<b>y</b></a>", "<a>".repeat(5_000), "</a>".repeat(4_999));
        let tree = Tree::read(&deep);
        assert_eq!(tree.nodes.len(), DEEPEST + 1);
        assert_eq!(named(&tree, "b").len(), 1);
        Tree::read(&"<a>".repeat(200_000));
    }
}
