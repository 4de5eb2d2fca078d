//! Elements that repeat under one parent, each with a link and words: what a list of documents looks like.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{
    Idea, LEAST,
    class::{self, lasting, lasting_id, says},
    fields::{self, Reading},
};
use crate::model::Kind;

/// How many groups are looked at, the largest first.
const MOST_GROUPS: usize = 60;

/// How many elements of a group are looked at closely.
pub(super) const SAMPLE: usize = 30;

/// How many links of a page are looked at.
const MOST_LINKS: usize = 5_000;

/// What can be one document of a list.
const ITEMS: [&str; 12] = ["article", "li", "div", "section", "tr", "dd", "dt", "p", "a", "h2", "h3", "h4"];

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// The mappings that the repeated structure of a page suggests, the best first.
pub(super) fn ideas(document: &Html, address: &Url) -> Vec<Idea> {
    let mut scored: Vec<(f64, String, Idea)> = Vec::new();
    let mut tried = BTreeSet::new();
    for group in groups(document) {
        for written in selectors(document, &group) {
            if !tried.insert(written.clone()) {
                continue;
            }
            let Ok(selector) = Selector::parse(&written) else { continue };
            let items: Vec<ElementRef<'_>> = document.select(&selector).take(SAMPLE).collect();
            let Some(reading) = fields::read(&items, address) else { continue };
            let score = score(&items, &reading, &written);
            if score >= 3.0 {
                let made_from = format!("{} elements `{written}`", document.select(&selector).count());
                let kind = Kind::Html(reading.mapping(&written));
                scored.push((score, written, Idea { kind, made_from }));
            }
        }
    }
    scored.sort_by(|(a, one, _), (b, other, _)| b.total_cmp(a).then(one.len().cmp(&other.len())).then(one.cmp(other)));
    scored.into_iter().map(|(_, _, idea)| idea).collect()
}

/// Elements of one sort under one parent.
struct Group<'d> {
    members: Vec<ElementRef<'d>>,
    /// What they have in common besides their tag.
    class: Option<&'d str>,
}

fn groups(document: &Html) -> Vec<Group<'_>> {
    let Ok(links) = Selector::parse("a[href]") else { return Vec::new() };
    let mut linked = HashSet::new();
    let mut found: Vec<Group<'_>> = Vec::new();
    // By parent and tag, in the order of the page.
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut families: Vec<Vec<ElementRef<'_>>> = Vec::new();
    for link in document.select(&links).take(MOST_LINKS) {
        let chain = std::iter::once(link).chain(link.ancestors().filter_map(ElementRef::wrap));
        for element in chain {
            // What stands above was seen with another link.
            if !linked.insert(element.id()) {
                break;
            }
            let Some(parent) = element.parent().filter(|_| ITEMS.contains(&element.value().name())) else { continue };
            let place = *places.entry((parent.id(), element.value().name())).or_insert_with(|| {
                families.push(Vec::new());
                families.len() - 1
            });
            if let Some(family) = families.get_mut(place) {
                family.push(element);
            }
        }
    }
    for members in families.into_iter().filter(|members| members.len() >= LEAST) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        members
            .iter()
            .take(200)
            .for_each(|member| lasting(*member).for_each(|class| *counts.entry(class).or_default() += 1));
        let mut classes: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count >= LEAST).collect();
        classes.sort_by_key(|(class, count)| (!says(class, &class::ITEM), usize::MAX - count, class.len()));
        for (class, _) in classes.into_iter().take(3) {
            let members = members.iter().filter(|member| member.value().classes().any(|own| own == class)).copied();
            found.push(Group { members: members.collect(), class: Some(class) });
        }
        if let Some(inside) = only_children(&members) {
            let shared = inside.first().into_iter().flat_map(|first| lasting(*first));
            let shared =
                shared.filter(|class| inside.iter().all(|child| child.value().classes().any(|own| own == *class)));
            let class = shared.min_by_key(|class| (!says(class, &class::ITEM), class.len()));
            found.push(Group { members: inside, class });
        }
        found.push(Group { members, class: None });
    }
    found.sort_by_key(|group| usize::MAX - group.members.len());
    found.truncate(MOST_GROUPS);
    found
}

/// What stands in wrappers that hold nothing else: the cards in the columns of a grid.
fn only_children<'d>(members: &[ElementRef<'d>]) -> Option<Vec<ElementRef<'d>>> {
    let only = |member: &ElementRef<'d>| {
        let mut children = member.child_elements();
        children.next().filter(|child| children.next().is_none() && ITEMS.contains(&child.value().name()))
    };
    let inside: Vec<ElementRef<'d>> = members.iter().map(only).collect::<Option<_>>()?;
    let name = inside.first()?.value().name();
    inside.iter().all(|child| child.value().name() == name).then_some(inside)
}

/// Selectors of a group, the shortest that take in all of it and little else.
fn selectors(document: &Html, group: &Group<'_>) -> Vec<String> {
    let Some(first) = group.members.first().copied() else { return Vec::new() };
    let name = first.value().name();
    let own = match group.class {
        Some(class) if name == "div" => format!(".{class}"),
        Some(class) => format!("{name}.{class}"),
        None if name == "tr" => String::from("tr:has(td)"),
        None => name.to_owned(),
    };
    let mut written = Vec::new();
    if group.class.is_some() || name == "article" {
        written.extend([String::from(name), format!("main {name}")].into_iter().filter(|_| name == "article"));
        written.push(own.clone());
        written.push(format!("main {own}"));
    }
    for ancestor in first.ancestors().filter_map(ElementRef::wrap).take(6) {
        let tag = ancestor.value().name();
        let anchors = lasting_id(ancestor).map(|id| format!("#{id}")).into_iter();
        let anchors = anchors.chain(
            lasting(ancestor)
                .take(2)
                .map(|class| if tag == "div" { format!(".{class}") } else { format!("{tag}.{class}") }),
        );
        for anchor in anchors {
            written.push(format!("{anchor} {own}"));
        }
        if first.parent().is_some_and(|parent| parent.id() == ancestor.id()) && matches!(tag, "ul" | "ol" | "dl") {
            written.extend([format!("main {tag} > {own}"), format!("{tag} > {own}")]);
            let before = ancestor.prev_siblings().find_map(ElementRef::wrap).map(|before| before.value().name());
            written.extend(before.filter(|name| HEADINGS.contains(name)).map(|name| format!("{name} + {tag} > {own}")));
            let above = ancestor.parent().and_then(ElementRef::wrap).map(|above| above.value().name());
            written.extend(above.map(|above| format!("{above} > {tag} > {own}")));
        }
        if matches!(tag, "main" | "table") {
            written.push(format!("{tag} {own}"));
        }
    }
    let ids: HashSet<_> = group.members.iter().map(|member| member.id()).collect();
    let strangers = |written: &String| {
        let selector = Selector::parse(written).ok()?;
        let (mut all, mut mine) = (0_usize, 0_usize);
        for element in document.select(&selector) {
            all += 1;
            mine += usize::from(ids.contains(&element.id()));
        }
        (mine == ids.len()).then(|| all - mine)
    };
    let mut ranked: Vec<(usize, usize, String)> = written
        .into_iter()
        .enumerate()
        .take(24)
        .filter_map(|(place, text)| Some((strangers(&text)?, place, text)))
        .collect();
    ranked.sort();
    // The tightest, and the plainest if it takes in lists of the same form elsewhere on the page.
    let tightest = ranked.first().cloned();
    let plainest = ranked.into_iter().min_by_key(|(_, place, _)| *place);
    tightest.into_iter().chain(plainest).map(|(_, _, text)| text).collect()
}

/// How much a group looks like a list of documents, and not like a menu.
fn score(items: &[ElementRef<'_>], reading: &Reading, written: &str) -> f64 {
    let count = items.len() as f64;
    let share = |n: usize| n as f64 / count;
    let Some(first) = items.first() else { return 0.0 };
    let length = reading.title_length;
    let mut score = count.ln();
    score += 4.0 * reading.dated + ((length - 15.0) / 20.0).clamp(-1.5, 2.0);
    score += if reading.has_heading { 2.0 } else { 0.0 };
    score += if reading.summary.is_some() { 1.5 } else { 0.0 };
    score += if lasting(*first).any(|class| says(class, &class::ITEM)) || first.value().name() == "article" {
        1.0
    } else {
        0.0
    };
    score -= if reading.links > 8.0 { 3.0 } else { 0.0 };
    score -= 2.0 * share(reading.foreign);
    score -= if reading.distinct < 0.9 { 2.0 } else { 0.0 };
    let ancestors = || first.ancestors().filter_map(ElementRef::wrap).chain(std::iter::once(*first));
    if ancestors()
        .any(|ancestor| matches!(ancestor.value().name(), "main" | "article") || ancestor.attr("role") == Some("main"))
    {
        score += 1.5;
    }
    if ancestors().any(is_furniture) {
        score -= 5.0;
    }
    // Of two selectors of the same elements, the plainer one lasts longer.
    score - written.len() as f64 / 200.0
}

fn is_furniture(element: ElementRef<'_>) -> bool {
    let name = element.value().name();
    let names = element.value().classes().chain(element.attr("id"));
    let is_named =
        |name: &str| name.to_ascii_lowercase().split(['-', '_']).any(|part| class::FURNITURE.contains(&part));
    matches!(name, "nav" | "footer" | "aside" | "form")
        || element.attr("role") == Some("navigation")
        // The classes of `body` and `html` say what the page is, not what stands here.
        || (!matches!(name, "body" | "html" | "main") && names.into_iter().any(is_named))
}
