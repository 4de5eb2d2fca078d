//! Looking for words in what readers may see: any text is a search, and each search has an address and a feed of its own.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{App, LONGEST_QUERY, item, items};
use crate::{
    bulletin::Item,
    model::{Nature, NoticeId, SectionId, Selection, Severity, SourceId, Story, StoryId},
    normalise::terms::{Excerpt, Query, Stems, excerpt},
    render::{self, Frame, SearchChoice, SearchFacts, SearchHit},
    store::{
        Db, notices,
        search::{self, Among, Within},
        stories,
    },
};

/// Stories on a page.
const PAGE: usize = 20;
/// How long an excerpt is, in octets.
const WIDTH: usize = 260;
/// The same of what is under rights.
const SHORT: usize = 140;
/// Characters of what is looked for: more are cut.
const LONGEST: usize = 200;

/// What is looked for, as an address says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub words: String,
    pub section: Option<SectionId>,
    pub nature: Option<Nature>,
    pub source: Option<SourceId>,
    pub least_severity: Option<Severity>,
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// CVE-…, CERTFR-…, a NOR.
    pub reference: String,
    pub order: Order,
    after: Option<Cursor>,
    /// What an address says that means nothing here: the name of the field and what it held.
    pub ignored: Vec<(&'static str, String)>,
}

/// Which come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Newest,
    /// Those that have all the words in their title, of the recent ones; among equals the newest.
    Best,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    within: Within,
    below: NoticeId,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (within, rest) = match text.strip_prefix('t') {
            Some(rest) => (Within::Title, rest),
            None => (Within::Anywhere, text),
        };
        rest.parse().ok().filter(|id| *id > 0).map(|id| Self { within, below: NoticeId::new(id) })
    }

    fn written(self) -> String {
        let mark = if self.within == Within::Title { "t" } else { "" };
        format!("{mark}{}", self.below)
    }
}

impl Search {
    /// Reads the query of an address. It never fails: what is not understood is told.
    pub fn parse(app: &App, query: &str) -> Self {
        let mut search = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = crate::text::collapse(&value);
            let short: String = value.chars().take(LONGEST).collect();
            if short.is_empty() {
                continue;
            }
            let mut told = |field, is_understood: bool| {
                if !is_understood {
                    search.ignored.push((field, short.clone()));
                }
            };
            match name.as_ref() {
                "q" => search.words = short,
                "reference" => search.reference = short,
                "rubrique" => {
                    let found = app.rules.sections().named(&short).map(|section| section.id.clone());
                    told("rubrique", found.is_some());
                    search.section = found;
                }
                "nature" => {
                    let found = Nature::parse(&short);
                    told("nature", found.is_some());
                    search.nature = found;
                }
                "source" => {
                    let found = SourceId::parse(&short).filter(|id| app.source(id).is_some());
                    told("source", found.is_some());
                    search.source = found;
                }
                "gravite" => {
                    let found = Severity::parse(&short);
                    told("gravité", found.is_some());
                    search.least_severity = found;
                }
                "du" => {
                    let found = short.parse().ok();
                    told("date de début", found.is_some());
                    search.from = found;
                }
                "au" => {
                    let found = short.parse().ok();
                    told("date de fin", found.is_some());
                    search.until = found;
                }
                "ordre" => {
                    told("ordre", short == "pertinence");
                    search.order = if short == "pertinence" { Order::Best } else { Order::Newest };
                }
                "apres" => search.after = Cursor::parse(&short),
                _ => {}
            }
        }
        if search.wanted().is_empty() {
            let useless = [("mots", &search.words), ("référence", &search.reference)];
            let useless = useless.into_iter().filter(|(_, text)| !text.is_empty());
            search.ignored.extend(useless.map(|(name, text)| (name, text.clone())).collect::<Vec<_>>());
        }
        if let (Some(from), Some(until)) = (search.from, search.until)
            && from > until
        {
            (search.from, search.until) = (Some(until), Some(from));
        }
        search
    }

    /// As an address says it, without where a page begins.
    pub fn query(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.append_pair(name, &value);
            }
        };
        put("q", Some(self.words.clone()));
        put("rubrique", self.section.as_ref().map(SectionId::to_string));
        put("nature", self.nature.map(|nature| nature.as_str().to_owned()));
        put("source", self.source.as_ref().map(SourceId::to_string));
        put("gravite", self.least_severity.map(|severity| severity.as_str().to_owned()));
        put("du", self.from.map(|day| day.to_string()));
        put("au", self.until.map(|day| day.to_string()));
        put("reference", Some(self.reference.clone()));
        put("ordre", (self.order == Order::Best).then(|| String::from("pertinence")));
        out.finish()
    }

    /// As the form to subscribe to alerts takes it.
    fn wish(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let words = [self.words.as_str(), self.reference.as_str()].join(" ");
        let parts = [
            ("mots", Some(words.trim().to_owned())),
            ("rubrique", self.section.as_ref().map(SectionId::to_string)),
            ("nature", self.nature.map(|nature| nature.as_str().to_owned())),
        ];
        for (name, value) in parts {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.append_pair(name, &value);
            }
        }
        out.finish()
    }

    /// Whether anything is asked for besides words.
    fn is_filtered(&self) -> bool {
        let Self { section, nature, source, least_severity, from, until, .. } = self;
        section.is_some()
            || nature.is_some()
            || source.is_some()
            || least_severity.is_some_and(|least| least > Severity::Info)
            || from.is_some()
            || until.is_some()
    }

    fn wanted(&self) -> Query {
        Query::parse(&format!("{} {}", self.words, self.reference))
    }

    fn among(&self, app: &App) -> Among {
        let zone = &app.config.site.zone;
        let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
        Among {
            section: self.section.clone(),
            nature: self.nature,
            least_severity: self.least_severity,
            source: self.source.clone(),
            since: self.from.and_then(start),
            until: self.until.and_then(|day| day.tomorrow().ok()).and_then(start),
        }
    }
}

/// A story that was found, by which of its notices, and where the words stand.
pub struct Hit {
    pub item: Item,
    pub excerpt: Excerpt,
    /// Whose words the excerpt is of, where they are not of the source that the story is told by.
    pub source: Option<String>,
    /// Of the excerpt (BCP 47).
    pub language: String,
}

/// A page of what was found.
pub struct Results {
    pub hits: Vec<Hit>,
    /// Where the next page begins, as the field `apres` says it.
    pub next: Option<String>,
}

/// Looks.
///
/// # Errors
/// Of the database.
pub fn search(app: &App, search: &Search) -> crate::store::Result<Results> {
    let query = search.wanted();
    app.store.read(|db| {
        if query.is_empty() {
            let (found, next) = if search.is_filtered() { filtered(app, db, search)? } else { (Vec::new(), None) };
            let hit = |item: Item| Hit {
                excerpt: Excerpt { text: item.summary.clone(), marks: Vec::new() },
                source: None,
                language: item.language.clone(),
                item,
            };
            let hits = items(app, db, &found)?.into_iter().map(hit).collect();
            return Ok(Results { hits, next: next.map(Cursor::written) });
        }
        let (found, next) = walk(app, db, search, &query)?;
        let mut stems = Stems::default();
        let mut hits = Vec::with_capacity(found.len());
        for (notice, story) in found {
            let (Some(notice), Some(story)) = (notices::get(db, notice)?, stories::get(db, story)?) else { continue };
            let Some(item) = item(app, db, &story)? else { continue };
            // Of what must not be shown whole, of the summary alone, and less.
            let (text, width) = match app.licence(&notice.source).allows_full_text() {
                true if !notice.text.is_empty() => (&notice.text, WIDTH),
                true => (&notice.summary, WIDTH),
                false => (&notice.summary, SHORT),
            };
            let source = app.source_name(&notice.source).to_owned();
            hits.push(Hit {
                excerpt: excerpt(text, &query, &mut stems, width),
                source: (notice.id != story.lead && source != item.source).then_some(source),
                language: notice.language.clone(),
                item,
            });
        }
        Ok(Results { hits, next: next.map(Cursor::written) })
    })
}

/// Matches that are looked at for one page.
const LOOKED_AT: usize = 4_000;

/// Notices and their stories, and where the next page begins.
type Walked = (Vec<(NoticeId, StoryId)>, Option<Cursor>);

/// A page of notices, one a story.
fn walk(app: &App, db: &Db, search: &Search, query: &Query) -> crate::store::Result<Walked> {
    let among = search.among(app);
    let first = match search.order {
        Order::Best => Within::Title,
        Order::Newest => Within::Anywhere,
    };
    let mut at = search.after.map_or((first, None), |after| (after.within, Some(after.below)));
    let (mut found, mut seen, mut budget) = (Vec::new(), BTreeSet::new(), LOOKED_AT);
    let recent = search::recent(db)?;
    loop {
        let (within, below) = at;
        let room = (PAGE - found.len()) as u32;
        let step = search::step(db, query, within, &among, below, room, &mut budget)?;
        // Behind those of the titles the others come, without them.
        let told = match (search.order, within, step.hits.first(), step.hits.last()) {
            (Order::Best, Within::Anywhere, Some((newest, _)), Some((oldest, _))) if *newest >= recent => {
                search::in_title(db, query, recent.max(*oldest), *newest)?
            }
            _ => BTreeSet::new(),
        };
        // A story comes once, by the first of its notices that is found: on this page or on one before.
        let first = (search.order == Order::Best && within == Within::Anywhere).then_some(Within::Title);
        for (notice, story) in step.hits {
            if told.contains(&notice) || !seen.insert(story) {
                continue;
            }
            if !search::is_repeated(db, query, within, first, &among, (notice, story))? {
                found.push((notice, story));
            }
        }
        at = match (step.end, within) {
            (Some(end), _) => (within, Some(end)),
            (None, Within::Title) => (Within::Anywhere, None),
            (None, Within::Anywhere) => return Ok((found, None)),
        };
        if found.len() >= PAGE || budget == 0 {
            let (within, below) = at;
            let below = below.unwrap_or(NoticeId::new(i64::MAX));
            return Ok((found, Some(Cursor { within, below })));
        }
    }
}

/// What passes the filters, where no words are looked for: a page of stories, and the one below which the next begins.
fn filtered(app: &App, db: &Db, search: &Search) -> crate::store::Result<(Vec<Story>, Option<Cursor>)> {
    let among = search.among(app);
    // Along the one that lets the fewest through.
    let selection = match (&search.source, &search.section, search.nature) {
        (Some(source), _, _) => Selection::Source(source.clone()),
        (None, Some(section), _) => Selection::Section(section.clone()),
        (None, None, Some(nature)) => Selection::Nature(nature),
        (None, None, None) => Selection::All,
    };
    let passes = |story: &Story| {
        let stands = |section: &SectionId| story.section == *section || story.also.contains(section);
        among.section.as_ref().is_none_or(stands)
            && among.nature.is_none_or(|nature| story.nature == nature)
            && among.least_severity.is_none_or(|least| story.severity >= least)
            && among.since.is_none_or(|since| story.updated >= since)
            && among.until.is_none_or(|until| story.first_seen < until)
    };
    let mut before = search.after.map(|after| StoryId::new(after.below.get()));
    let cursor = |story: StoryId| Cursor { within: Within::Anywhere, below: NoticeId::new(story.get()) };
    let (mut found, mut looked_at): (Vec<Story>, _) = (Vec::new(), 0);
    while looked_at < LOOKED_AT {
        let some = stories::shown(db, &selection, before, PAGE as u32 * 10)?;
        looked_at += some.len();
        let is_last = some.len() < PAGE * 10;
        for story in some {
            before = Some(story.id);
            if !passes(&story) {
                continue;
            }
            if let Some(last) = found.last().filter(|_| found.len() >= PAGE) {
                // One more than a page: there is a next one.
                let next = cursor(last.id);
                return Ok((found, Some(next)));
            }
            found.push(story);
        }
        if is_last {
            return Ok((found, None));
        }
    }
    Ok((found, before.map(cursor)))
}

/// A query as we write it, so that one search has one address; one of which something is not understood stays as it is, for
/// the page says so.
pub(super) fn canonical(app: &App, query: &str) -> String {
    let query: String = query.chars().take(LONGEST_QUERY).collect();
    let search = Search::parse(app, &query);
    if !search.ignored.is_empty() {
        return query;
    }
    let canonical = search.query();
    match search.after {
        Some(after) => format!("{canonical}&apres={}", after.written()),
        None => canonical,
    }
}

pub(super) fn page(app: &App, frame: Frame<'_>, query: &str) -> anyhow::Result<String> {
    let search = Search::parse(app, query);
    let results = self::search(app, &search)?;
    let hits: Vec<SearchHit<'_>> = results
        .hits
        .iter()
        .map(|hit| SearchHit {
            item: &hit.item,
            excerpt: &hit.excerpt,
            source: hit.source.as_deref(),
            language: &hit.language,
        })
        .collect();
    let choice = |value: String, name: &str, is_chosen| SearchChoice { value, name: name.to_owned(), is_chosen };
    let sections = app.rules.sections().iter();
    let mut sources: Vec<_> =
        app.config.sources.iter().filter(|source| source.brings == crate::model::Brings::Notices).collect();
    sources.sort_by_cached_key(|source| (crate::text::slug(&source.name), source.id.clone()));
    let canonical = search.query();
    let facts = SearchFacts {
        words: &search.words,
        reference: &search.reference,
        from: search.from,
        until: search.until,
        is_best: search.order == Order::Best,
        sections: sections
            .map(|one| choice(one.id.to_string(), &one.name, search.section.as_ref() == Some(&one.id)))
            .collect(),
        natures: Nature::ALL.map(|one| choice(one.as_str().to_owned(), one.name(), search.nature == Some(one))).into(),
        severities: Severity::ALL
            .map(|one| choice(one.as_str().to_owned(), one.name(), search.least_severity == Some(one)))
            .into(),
        sources: sources
            .into_iter()
            .map(|one| choice(one.id.to_string(), &one.name, search.source.as_ref() == Some(&one.id)))
            .collect(),
        ignored: &search.ignored,
        is_asked: !search.wanted().is_empty() || search.is_filtered(),
        is_first: search.after.is_none(),
        hits: &hits,
        next: results.next.map(|next| format!("{canonical}&apres={next}")),
        query: &canonical,
        wish: &search.wish(),
    };
    Ok(render::search_page(&app.templates, frame, &facts)?)
}

/// The stories that a search finds, the newest first, for its feed.
pub(super) fn stories(app: &App, query: &str) -> crate::store::Result<(Search, Vec<StoryId>)> {
    let search = Search { order: Order::Newest, ..Search::parse(app, query) };
    let wanted = search.wanted();
    if wanted.is_empty() {
        let found = match search.is_filtered() {
            true => app.store.read(|db| filtered(app, db, &search))?.0,
            false => Vec::new(),
        };
        return Ok((search, found.into_iter().map(|story| story.id).collect()));
    }
    let (found, _) = app.store.read(|db| walk(app, db, &search, &wanted))?;
    Ok((search, found.into_iter().map(|(_, story)| story).collect()))
}
