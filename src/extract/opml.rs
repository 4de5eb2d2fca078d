//! Lists of feeds: OPML 1.0 and 2.0 (opml.org/spec2.opml), as readers of feeds export them and as people mend them by hand.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use url::Url;

use super::{mend, space::attribute, xml};
use crate::{
    model::{Problem, ProblemKind},
    normalise::{
        charset::{self, Syntax},
        title,
        url::web_address,
    },
    text,
};

/// What a list of feeds holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedList {
    /// In the order of the file.
    pub feeds: Vec<ListedFeed>,
    /// What names no feed, and why: « Title: it has no `xmlUrl` ».
    pub left_out: Vec<String>,
    pub problems: Vec<Problem>,
}

/// One feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFeed {
    pub url: Url,
    /// Empty when the list gives none.
    pub title: String,
    /// The web page to which it belongs.
    pub page: Option<Url>,
    /// Its `category`, or else the folder in which it stands; empty when there is neither.
    pub category: String,
}

/// How many outlines of a list are read.
const MOST: usize = 10_000;

/// How many breaks of its markup are passed over: after each, the rest of the text is read again.
const MOST_BREAKS: usize = 20;

/// Reads a list of feeds; broken XML is read as far as it goes.
///
/// # Errors
/// `NotAFeed` for what is no list at all.
pub fn opml(body: &[u8]) -> Result<FeedList, Problem> {
    let decoded = charset::decode(body, None, Syntax::Xml);
    let mended = mend::mend(&decoded.text);
    let root = xml::root(&mended);
    if root.as_deref() != Some("opml") && !mended.to_ascii_lowercase().contains("<outline") {
        let found = root.map_or_else(
            || String::from("text that is no XML"),
            |name| format!("XML whose root is `{}`", text::truncate(&name, 60)),
        );
        let message = format!(
            "expected an OPML list of feeds, got {found}\nhint: export the list from the reader of feeds again, as OPML"
        );
        return Err(Problem::page(ProblemKind::NotAFeed, message));
    }
    let mut walk = Walk::default();
    let mut rest = mended.as_str();
    for _ in 0..MOST_BREAKS {
        let Err((at, why)) = walk.read(rest) else { break };
        walk.list
            .problems
            .push(Problem::page(ProblemKind::Mended, format!("broken after {} feeds: {why}", walk.list.feeds.len())));
        let next = rest.get(at + 1..).and_then(|tail| Some(at + 1 + tail.find("<outline")?));
        let Some(tail) = next.and_then(|next| rest.get(next..)) else { break };
        rest = tail;
    }
    walk.close_to(0);
    Ok(walk.list)
}

#[derive(Default)]
struct Walk {
    list: FeedList,
    open: Vec<Open>,
    outlines: usize,
}

/// An outline whose end has not come yet.
struct Open {
    name: String,
    names: Names,
}

/// What an outline without an address is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Feed,
    /// It holds others.
    Folder,
    Nothing,
}

impl Walk {
    /// Where it breaks, in octets, and why.
    fn read(&mut self, text: &str) -> Result<(), (usize, String)> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let event = reader.read_event();
            match event
                .map_err(|error| (usize::try_from(reader.error_position()).unwrap_or(text.len()), error.to_string()))?
            {
                Event::Eof => return Ok(()),
                Event::Start(start) if is_outline(start.local_name().as_ref()) => self.start(&start),
                Event::Empty(start) if is_outline(start.local_name().as_ref()) => {
                    self.start(&start);
                    self.close_to(self.open.len().saturating_sub(1));
                }
                Event::End(end) if is_outline(end.local_name().as_ref()) => {
                    self.close_to(self.open.len().saturating_sub(1))
                }
                _ => {}
            }
            if self.outlines > MOST {
                let message = format!("more than {MOST} outlines; the others were left out");
                self.list.problems.push(Problem::page(ProblemKind::Limit, message));
                return Ok(());
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) {
        self.outlines += 1;
        let said =
            |name| attribute(start, name).map(|text| text::truncate(&title::plain(&text), 200)).unwrap_or_default();
        let [title, words] = [said("title"), said("text")];
        let name = if title.is_empty() { words } else { title };
        if let Some(folder) = self.open.last_mut().filter(|open| open.names == Names::Nothing) {
            folder.names = Names::Folder;
        }
        let kind = said("type").to_ascii_lowercase();
        let written = attribute(start, "xmlUrl")
            .or_else(|| attribute(start, "url").filter(|_| matches!(kind.as_str(), "rss" | "atom" | "feed")));
        let names = match written.filter(|written| !written.is_empty()) {
            None => Names::Nothing,
            Some(written) => {
                match address(&written) {
                    Ok(url) => {
                        let page = attribute(start, "htmlUrl").and_then(|written| address(&written).ok());
                        let category = Some(said("category")).filter(|category| !category.is_empty());
                        let folder = || self.open.iter().rev().find(|open| open.names == Names::Folder);
                        let category = category.or_else(|| folder().map(|open| open.name.clone())).unwrap_or_default();
                        self.list.feeds.push(ListedFeed { url, title: name.clone(), page, category });
                    }
                    Err(why) => {
                        let shown = text::truncate(&text::collapse(&written), 100);
                        self.list.left_out.push(format!("{}: `{shown}` is no address: {why}", shown_name(&name)));
                    }
                }
                Names::Feed
            }
        };
        self.open.push(Open { name, names });
    }

    fn close_to(&mut self, depth: usize) {
        for open in self.open.drain(depth..).rev() {
            if open.names == Names::Nothing {
                self.list.left_out.push(format!("{}: it has no `xmlUrl`", shown_name(&open.name)));
            }
        }
    }
}

fn is_outline(name: &str) -> bool {
    name.eq_ignore_ascii_case("outline")
}

fn shown_name(name: &str) -> &str {
    if name.is_empty() { "an outline without a title" } else { name }
}

/// Some programs write `feed://host/…` or `feed:https://…`.
fn address(written: &str) -> Result<Url, String> {
    let written = written.trim();
    let bare = match written.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => written.to_owned(),
    };
    let absolute = Url::parse(&bare).map_err(|error| error.to_string())?;
    web_address(&bare, &absolute).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_nest_and_names_come_in_any_case() {
        let list = opml(
            br#"<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x "y">]><OPML version="1.0"><head><title>M</title></head><body>
            <outline text="Droit &amp; sant&eacute;"><outline text="Etat"><outline TITLE="CNIL" text="x" XMLURL="https://www.cnil.fr/fr/rss.xml" htmlurl="https://www.cnil.fr/"/></outline>
            <outline type="rss" text="DAJ" xmlUrl="feed://www.economie.gouv.fr/daj/rss?a=1&b=2" category="achats"></outline></outline>
            <outline text="Vide"/><outline text="Piege" xmlUrl="file:///etc/passwd"/><outline xmlUrl=""/>
            <outline type="rss" text="Vieux" url="http://vieux.fr/rss"/></body></OPML>"#,
        )
        .unwrap();
        let feeds: Vec<[&str; 3]> =
            list.feeds.iter().map(|feed| [feed.title.as_str(), feed.url.as_str(), feed.category.as_str()]).collect();
        assert_eq!(
            feeds,
            [
                ["CNIL", "https://www.cnil.fr/fr/rss.xml", "Etat"],
                ["DAJ", "http://www.economie.gouv.fr/daj/rss?a=1&b=2", "achats"],
                ["Vieux", "http://vieux.fr/rss", ""]
            ]
        );
        assert_eq!(list.feeds[0].page.as_ref().map(Url::as_str), Some("https://www.cnil.fr/"));
        assert_eq!(
            list.left_out,
            [
                "Vide: it has no `xmlUrl`",
                "Piege: `file:///etc/passwd` is no address: `file:` is neither http nor https",
                "an outline without a title: it has no `xmlUrl`"
            ]
        );
    }

    #[test]
    fn broken_lists_are_read_as_far_as_they_go() {
        let cut = "<opml><body><outline text='A & B' xmlUrl='https://a.fr/feed'><outline text=C xmlUrl=https://c.fr/rss><outline text='D' xmlUr";
        let list = opml(cut.as_bytes()).unwrap();
        assert_eq!(list.feeds.iter().map(|feed| feed.title.as_str()).collect::<Vec<_>>(), ["A & B", "C"]);
        assert!(!list.problems.is_empty());
        for stranger in ["", "<rss><channel/></rss>", "{}", "%PDF-1.4"] {
            let problem = opml(stranger.as_bytes()).unwrap_err();
            assert!(problem.message.contains("expected an OPML list") && problem.message.contains("hint: "));
        }
        let deep = "<outline text='x'>".repeat(20_000);
        assert_eq!(opml(deep.as_bytes()).unwrap().problems[0].kind, ProblemKind::Limit);
        opml("<outline '".repeat(50_000).as_bytes()).unwrap();
    }

    proptest! {
        #[test]
        fn no_list_makes_it_fail(body in "(<|>|outline|/|xmlUrl=|'|\"|https://a.fr/|&|[a-z ]){0,60}") {
            if let Ok(list) = opml(body.as_bytes()) {
                prop_assert!(list.feeds.iter().all(|feed| matches!(feed.url.scheme(), "http" | "https")));
            }
        }
    }
}
