//! XML: places are element paths from the item, such as `/TEXTE/ID`, `//CONTENU` (anywhere in it), `/JO/META/@id`. The first
//! name of a path is that of the item itself.

use std::collections::BTreeSet;

use super::{
    Finder, Taker, Tree, Wrong, inside_each_other, items,
    near::{listed, nearest},
    plan::unreadable,
    tree::Node,
};
use crate::{
    extract::{mend, problems::decoded, stranger},
    model::{Field, Mapping, Page, Problem, ProblemKind},
    normalise::charset::Syntax,
};

pub(in crate::extract) fn read(page: &Page, mapping: &Mapping, taker: &mut Taker<'_, '_>) {
    let harvest = taker.harvest();
    let Some(text) = decoded(page, Syntax::Xml, page.content_type.as_deref(), harvest) else { return };
    let mended = mend::mend(&text);
    let name = crate::extract::xml::root(&mended);
    if name.as_deref().is_none_or(|name| name == "html") {
        return harvest.problem(stranger::problem("XML", &text, name.as_deref(), &page.url));
    }
    let finder = Paths(Tree::read(&mended));
    let tree = &finder.0;
    let Some(root) = tree.root() else { return };
    let nodes = match &mapping.item {
        None => vec![root],
        Some(written) => match compile(written) {
            Ok(path) if path.attribute.is_none() => {
                let found = finder.stand_at(root, &path.steps);
                if found.is_empty() {
                    let message = finder.instead(&root, &path, written);
                    return harvest.problem(Problem::at("item", ProblemKind::Mapping, message));
                }
                found
            }
            Ok(_) => {
                let wrong = Wrong { why: "an attribute is no item".to_owned(), hint: HINT };
                return harvest.problem(unreadable("item", written, &wrong));
            }
            Err(wrong) => return harvest.problem(unreadable("item", written, &wrong)),
        },
    };
    let all = nodes.len();
    let mut whole: Vec<Node> = nodes.into_iter().filter(|node| tree.is_whole(*node)).collect();
    if let Some(why) = &tree.broken {
        let kind = if whole.is_empty() { ProblemKind::Unreadable } else { ProblemKind::Mended };
        let message = format!(
            "broken XML: {why}; {} of {all} entries are whole\nhint: tell the keeper of the site if it lasts",
            whole.len()
        );
        harvest.problem(Problem::page(kind, message));
    }
    // Each is read with all that stands in it.
    let mut left = MOST_TIMES * mended.len();
    let kept = whole.iter().take_while(|node| {
        let length = tree.length(**node);
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    });
    let kept = kept.count();
    if kept < whole.len() {
        harvest.problem(inside_each_other(whole.len() - kept));
        whole.truncate(kept);
    }
    items(&finder, whole.into_iter(), mapping, &page.url, taker);
}

/// Items may stand inside items: as many are read as come to so many times the text.
const MOST_TIMES: usize = 8;
/// Of the values at one place of an item, in octets: several times the longest text.
const LONGEST_VALUES: usize = 2 << 20;

const HINT: &str = "write a path from the item, such as `/TEXTE/ID`, `//CONTENU` or `/JO/META/@id`";

#[derive(Debug)]
pub(in crate::extract) struct Path {
    steps: Vec<Step>,
    attribute: Option<String>,
}

#[derive(Debug)]
struct Step {
    reach: Reach,
    /// With or without prefix; `*` for any.
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Child,
    /// At any depth.
    Descendant,
}

/// # Errors
/// The path does not begin with `/`, or a name in it is empty or no name.
pub(in crate::extract) fn compile(written: &str) -> Result<Path, Wrong> {
    let wrong = |why: String| Wrong { why, hint: HINT };
    let mut rest = written.strip_prefix('/').ok_or_else(|| wrong("it does not begin with `/`".to_owned()))?;
    let mut path = Path { steps: Vec::new(), attribute: None };
    loop {
        let reach = match rest.strip_prefix('/') {
            Some(after) => {
                rest = after;
                Reach::Descendant
            }
            None => Reach::Child,
        };
        let (name, after) = rest.split_once('/').map_or((rest, None), |(name, after)| (name, Some(after)));
        let bare = name.strip_prefix('@').unwrap_or(name);
        let is_name = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
        if bare.is_empty() {
            return Err(wrong("a name is missing in it".to_owned()));
        }
        if bare != "*" && !bare.chars().all(is_name) {
            return Err(wrong(format!("`{bare}` is no name of an element")));
        }
        match (name.strip_prefix('@'), after) {
            (Some(_), Some(_)) => return Err(wrong("nothing can follow an attribute".to_owned())),
            (Some(attribute), None) => {
                if reach == Reach::Descendant {
                    path.steps.push(Step { reach, name: "*".to_owned() });
                }
                path.attribute = Some(attribute.to_owned());
                return Ok(path);
            }
            (None, _) => path.steps.push(Step { reach, name: name.to_owned() }),
        }
        match after {
            Some(after) => rest = after,
            None => return Ok(path),
        }
    }
}

/// Items are elements of one tree.
struct Paths<'t>(Tree<'t>);

impl Paths<'_> {
    fn stand_at(&self, item: Node, steps: &[Step]) -> Vec<Node> {
        let tree = &self.0;
        let mut here = vec![item];
        for (position, step) in steps.iter().enumerate() {
            let mut next: BTreeSet<Node> = BTreeSet::new();
            // What stands inside one that was searched to the bottom was searched with it.
            let mut searched = 0;
            for node in here {
                match (step.reach, position) {
                    (Reach::Child, 0) => next.extend(tree.is(node, &step.name).then_some(node)),
                    (Reach::Child, _) => next.extend(tree.children(node).filter(|child| tree.is(*child, &step.name))),
                    (Reach::Descendant, _) => {
                        let subtree = tree.subtree(node);
                        let first = if position == 0 { subtree.start } else { subtree.start + 1 };
                        next.extend((first.max(searched)..subtree.end).filter(|inside| tree.is(*inside, &step.name)));
                        searched = searched.max(subtree.end);
                    }
                }
            }
            here = next.into_iter().collect();
        }
        here
    }
}

impl Finder for Paths<'_> {
    type Item = Node;
    type Place = Path;

    fn place(&self, written: &str) -> Result<Path, Wrong> {
        compile(written)
    }

    fn find(&self, item: &Node, path: &Path, field: Field) -> Option<Vec<String>> {
        let tree = &self.0;
        let mut nodes = self.stand_at(*item, &path.steps);
        // One of them may hold the next.
        let mut left = LONGEST_VALUES;
        nodes.retain(|node| {
            let is_first = left > 0;
            left = left.saturating_sub(tree.length(*node));
            is_first
        });
        let values: Vec<String> = match (&path.attribute, field) {
            (Some(name), _) => nodes.iter().filter_map(|node| tree.attribute(*node, name)).collect(),
            (None, Field::Summary | Field::Content) => nodes.iter().map(|node| tree.html(*node)).collect(),
            (None, _) => nodes.iter().map(|node| tree.text(*node)).collect(),
        };
        (!values.is_empty()).then_some(values)
    }

    fn instead(&self, item: &Node, path: &Path, written: &str) -> String {
        let tree = &self.0;
        // A path without elements is that of an attribute of the item.
        let depth = (1..path.steps.len())
            .rev()
            .find(|depth| path.steps.get(..*depth).is_some_and(|steps| !self.stand_at(*item, steps).is_empty()));
        let reached = depth.and_then(|depth| path.steps.get(..depth)).unwrap_or_default();
        let here = self.stand_at(*item, reached);
        let name = here.first().map_or("", |node| tree.name(*node));
        let missing = path.steps.get(reached.len()).map_or("", |step| step.name.as_str());
        let inside: BTreeSet<&str> = here
            .iter()
            .flat_map(|node| match reached.is_empty() {
                true => tree.subtree(*node).skip(1).take(10_000).collect::<Vec<_>>(),
                false => tree.children(*node).collect(),
            })
            .map(|node| tree.name(node))
            .collect();
        let inside: Vec<&str> = inside.into_iter().collect();
        let hint = match nearest(missing, &inside) {
            Some(near) if near != missing => format!("write `{near}` in the place of `{missing}`"),
            _ => format!("paths begin with the name of the item itself, here `/{}`", tree.name(*item)),
        };
        format!("nothing at `{written}`; `{name}` holds the elements {}\nhint: {hint}", listed(&inside))
    }
}
