//! What is gathered from a page, or from the many files of an archive: drafts, problems, and what every kind does to them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Extracted, build::Raw, feed::MOST_ENTRIES, problems::Problems};
use crate::{
    model::{Brings, Details, Draft, Part, Problem, ProblemKind, Source},
    normalise::{
        mojibake, reference,
        url::{CanonicalUrl, NotAWebAddress, untracked, web_address},
    },
    text,
};

/// Whether a source dates a document further back than `max_age`, by its last change where it states one: a revision of an old
/// document is news. What bears no date is never too old.
pub fn too_old(draft: &Draft, max_age: Duration, now: Timestamp) -> bool {
    let last = draft.published.max(draft.updated).map(|date| date.at);
    last.is_some_and(|last| is_past(last, max_age, now))
}

fn is_past(at: Timestamp, max_age: Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(max_age).is_ok_and(|most| now.duration_since(at) > most)
}

/// The vulnerabilities that an entry of a list of exploited ones is about: those of its identifier, else of its title. What
/// its text mentions besides is another's.
pub fn exploited(draft: &Draft) -> Vec<String> {
    let own = draft.guid.as_deref().map(reference::cves).unwrap_or_default();
    if own.is_empty() { reference::cves(&draft.title) } else { own }
}

/// No document was published the day after tomorrow: such a date would stand first for years.
pub(super) const SOON: SignedDuration = SignedDuration::from_hours(48);

/// What an expression found nowhere so far.
struct Miss {
    found: bool,
    message: String,
}

pub(super) struct Harvest<'a> {
    pub source: &'a Source,
    pub problems: Problems,
    pub title: Option<String>,
    pub ttl: Option<Duration>,
    now: Timestamp,
    /// The file of an archive that is being read.
    member: Option<String>,
    /// Files of an archive of which nothing could be read.
    broken: usize,
    drafts: Vec<Gathered>,
    misses: BTreeMap<(usize, &'static str, String), Miss>,
    /// Items that were looked at, whatever became of them.
    items: usize,
    incomplete: usize,
    old: usize,
    surplus: usize,
}

struct Gathered {
    member: String,
    number: usize,
    draft: Draft,
}

impl<'a> Harvest<'a> {
    pub(super) fn new(source: &'a Source, now: Timestamp) -> Self {
        Self {
            source,
            problems: Problems::default(),
            title: None,
            ttl: None,
            now,
            member: None,
            broken: 0,
            drafts: Vec::new(),
            misses: BTreeMap::new(),
            items: 0,
            incomplete: 0,
            old: 0,
            surplus: 0,
        }
    }

    /// Begins a file of an archive, or ends the last one. What is fatal to it is not to the others.
    pub(super) fn enter(&mut self, member: Option<String>) {
        self.member = member;
    }

    pub(super) fn problem(&mut self, mut problem: Problem) {
        if let Some(member) = &self.member {
            problem.place = match problem.place.as_str() {
                "" => member.clone(),
                place => format!("{member}: {place}"),
            };
            if problem.kind.is_fatal() {
                self.broken += 1;
                problem.kind = ProblemKind::Mended;
            }
        }
        self.problems.push(problem);
    }

    /// Counts an item and names it.
    pub(super) fn item(&mut self, position: usize) -> String {
        self.items += 1;
        format!("entry {}", position + 1)
    }

    /// Leaves out an item that is not a document yet.
    pub(super) fn skip(&mut self) {
        self.incomplete += 1;
    }

    /// Notes whether a place was found in an item; `message` says what is there instead. `order` is that of the report.
    pub(super) fn note(
        &mut self,
        order: usize,
        name: &'static str,
        place: &str,
        found: Found,
        message: impl FnOnce() -> String,
    ) {
        let key = (order, name, place.to_owned());
        match (self.misses.get_mut(&key), found) {
            (Some(miss), Found::Something) => miss.found = true,
            (Some(_), Found::Nothing) => {}
            (None, Found::Something) => drop(self.misses.insert(key, Miss { found: true, message: String::new() })),
            (None, Found::Nothing) => drop(self.misses.insert(key, Miss { found: false, message: message() })),
        }
    }

    /// The address for readers that a text gives: absolute, without what follows its readers, at the host that is meant.
    pub(super) fn address(&self, written: &str, base: &Url) -> Result<Url, NotAWebAddress> {
        Ok(self.moved(untracked(&web_address(written, base)?)))
    }

    /// The same address, or that at the host which takes the place of its own.
    pub(super) fn moved(&self, mut url: Url) -> Url {
        if let Some(host) = url.host_str().and_then(|host| self.source.hosts.get(host)).cloned() {
            // A name that is none was refused with the settings.
            let _ = url.set_host(Some(&host));
        }
        url
    }

    /// Takes a draft in, unless its source dates it too far back. `latest` is the last day it can be of, when it states none.
    pub(super) fn accept(&mut self, place: &str, mut draft: Draft, latest: Option<Timestamp>) {
        let now = self.now;
        let ahead = |date: &mut Option<_>| {
            date.take_if(|date: &mut crate::model::PublicationDate| date.at.duration_since(now) > SOON).is_some()
        };
        if ahead(&mut draft.published) | ahead(&mut draft.updated) {
            self.problem(Problem::at(place, ProblemKind::Date, "its date lies in the future, and is left out"));
        }
        if self.source.brings == Brings::Exploited && exploited(&draft).is_empty() {
            let message = "names no vulnerability, and was left out\nhint: `guid` or `title` must hold one, such as `CVE-2024-1709`";
            self.problem(Problem::at(place, ProblemKind::Entry, message));
            return;
        }
        if let Some(most) = self.source.max_age {
            let undated = draft.published.is_none() && draft.updated.is_none();
            if too_old(&draft, most, now) || (undated && latest.is_some_and(|latest| is_past(latest, most, now))) {
                self.old += 1;
                return;
            }
        }
        if let Some(example) = [&draft.title, &draft.text].into_iter().find_map(|text| mojibake::remains(text)) {
            let message = format!(
                "its text was misread before it came here, and could not be mended: « {} »\nhint: tell the keeper of the site",
                text::truncate(&example, 60)
            );
            self.problem(Problem::at(place, ProblemKind::Mojibake, message));
        }
        if draft.details.is_none() {
            draft.details = self.details(&draft);
        }
        let member = self.member.clone().unwrap_or_default();
        self.drafts.push(Gathered { member, number: self.drafts.len(), draft });
        if self.drafts.len() >= 2 * MOST_ENTRIES {
            self.prune();
        }
    }

    /// Where the rest of a draft stands, as far as the draft itself can tell.
    fn details(&self, draft: &Draft) -> Option<Url> {
        match self.source.details.as_ref()? {
            Details::FullText => {
                let is_whole = !draft.content.is_empty() && draft.text.len() > draft.summary.len();
                draft.url.clone().filter(|_| !is_whole)
            }
            Details::Mapped { url, .. } => {
                let mut written = String::new();
                for part in &url.parts {
                    written.push_str(match part {
                        Part::Text(text) => text,
                        Part::Place(place) => of_draft(place, draft)?,
                    });
                }
                let base = draft.url.as_ref().unwrap_or(self.source.url.sample());
                web_address(&written, base).ok()
            }
        }
    }

    /// Whether an item says by its dates alone that it is too old; it is then counted.
    pub(super) fn leaves_out(&mut self, raw: &Raw) -> bool {
        let Some(most) = self.source.max_age else { return false };
        let (published, updated) = raw.dated(&self.source.zone);
        let is_old = too_old(&Draft { published, updated, ..Draft::default() }, most, self.now);
        self.old += usize::from(is_old);
        is_old
    }

    /// Keeps the newest entries, in their order; those without a date count as new.
    fn prune(&mut self) {
        if self.drafts.len() <= MOST_ENTRIES {
            return;
        }
        self.surplus += self.drafts.len() - MOST_ENTRIES;
        self.drafts.sort_by_key(|gathered| {
            let date = gathered.draft.published.max(gathered.draft.updated).map(|date| date.at);
            (date.is_some(), Reverse(date), gathered.number)
        });
        self.drafts.truncate(MOST_ENTRIES);
        self.drafts.sort_by_key(|gathered| gathered.number);
    }

    pub(super) fn finish(mut self) -> Extracted {
        self.prune();
        self.member = None;
        if self.surplus > 0 {
            let message = format!(
                "more than {MOST_ENTRIES} entries; the {} oldest were left out\nhint: set `max_age` to what is worth reading",
                self.surplus
            );
            self.problems.push(Problem::page(ProblemKind::Limit, message));
        }
        let misses = std::mem::take(&mut self.misses);
        for ((_, name, _), miss) in misses.into_iter().filter(|(_, miss)| !miss.found) {
            self.problems.push(Problem::at(name, ProblemKind::Mapping, miss.message));
        }
        // In the order of the names, and within a file in that of the file.
        self.drafts.sort_by(|a, b| (&a.member, a.number).cmp(&(&b.member, b.number)));
        let mut drafts: Vec<Draft> = self.drafts.into_iter().map(|gathered| gathered.draft).collect();
        if drafts.is_empty() && self.broken > 0 && self.items == 0 {
            let message = format!("none of its {} files could be read", self.broken);
            self.problems.push(Problem::page(ProblemKind::Unreadable, message));
        } else if drafts.is_empty() && self.items > 0 && self.incomplete + self.old == self.items {
            let message = format!(
                "none of the {} entries is taken: {} lack what `require` asks for, {} are older than `max_age`",
                self.items, self.incomplete, self.old
            );
            self.problems.push(Problem::page(ProblemKind::Empty, message));
        }
        forget_shared_guids(&mut drafts, &mut self.problems);
        Extracted {
            drafts,
            problems: self.problems.into_vec(),
            title: self.title,
            ttl: self.ttl,
            incomplete: self.incomplete,
            too_old: self.old,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Something,
    Nothing,
}

/// What a draft itself has to say where the address of its details asks for it.
pub(super) fn of_draft<'d>(place: &str, draft: &'d Draft) -> Option<&'d str> {
    match place {
        "link" => draft.url.as_ref().map(Url::as_str),
        "guid" => draft.guid.as_deref(),
        "reference" => draft.reference.as_ref().map(|reference| reference.number.as_str()),
        _ => None,
    }
}

/// A guid that stands for several documents identifies none: without this, each would be taken for a revision of the
/// one before.
fn forget_shared_guids(drafts: &mut [Draft], problems: &mut Problems) {
    let mut documents: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for draft in drafts.iter() {
        if let Some(guid) = draft.guid.as_deref() {
            let key = draft.url.as_ref().map_or_else(|| draft.title.clone(), |url| CanonicalUrl::of(url).to_string());
            documents.entry(guid).or_default().insert(key);
        }
    }
    let shared: BTreeMap<String, usize> = documents
        .into_iter()
        .filter(|(_, keys)| keys.len() > 1)
        .map(|(guid, keys)| (guid.to_owned(), keys.len()))
        .collect();
    for draft in drafts {
        draft.guid = draft.guid.take().filter(|guid| !shared.contains_key(guid));
    }
    for (guid, count) in shared {
        let message = format!("one guid for {count} entries, which are told apart by address instead");
        problems.push(Problem::at(text::truncate(&guid, 100), ProblemKind::Mended, message));
    }
}
