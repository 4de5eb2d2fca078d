//! Selections as feeds, and the deadlines that stories tell of as a calendar.

use super::{App, Part, installed, title};
use crate::{
    bulletin,
    model::{Brings, FeedFormat, Selection, Source, Story, StoryId},
    normalise::deadline::Deadline,
    publish::{self, Channel, Entry, Event, Head, PageKind, Paging},
    render::Medium,
    store::{self, Db, notices, settings, stories},
    text,
    work::compose,
};

/// How many of the latest stories are looked through for deadlines that are still to come: their texts are read each time.
const LOOKED_THROUGH: u32 = 300;

/// Host and day under which ids are minted (RFC 4151). Chosen once: an id must outlive a change of address.
pub fn authority(app: &App) -> anyhow::Result<String> {
    if let Some(known) = app.store.read(|db| settings::get(db, "tag-authority"))? {
        return Ok(known);
    }
    let host = app.config.site.url.as_ref().and_then(url::Url::host_str).unwrap_or("vigie.invalid");
    let day = app.config.site.zone.to_datetime(app.clock.now()).date();
    Ok(app.store.write(|tx| settings::get_or_set(tx, "tag-authority", &format!("{host},{day}")))?)
}

/// The feeds that are watched, for a feed reader.
pub fn opml(app: &App) -> Vec<u8> {
    let sources: Vec<&Source> = app.config.sources.iter().filter(|source| source.brings == Brings::Notices).collect();
    publish::opml(&sources, &app.config.site)
}

/// Of each selection, the stories with so many numbers in a row are one archive: it has its address for ever, and from the moment
/// at which a later number is given nothing new comes into it.
const STRETCH: i64 = 50;

/// The archive that a story stands in.
const fn archive_of(story: StoryId) -> i64 {
    (story.get() - 1) / STRETCH
}

/// The first number behind an archive.
const fn behind(archive: i64) -> StoryId {
    StoryId::new(archive.saturating_add(1).saturating_mul(STRETCH).saturating_add(1))
}

/// A selection as a feed: what is new, a page of what is older (RFC 5005 3), or an archive (RFC 5005 4), of which every story is in
/// one or in what is new. `None` where there is no such selection, or archive.
pub(super) fn feed(
    app: &App,
    selection: &Selection,
    format: FeedFormat,
    part: Part,
    medium: Medium,
) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(title) = title(app, selection) else { return Ok(None) };
    let most = app.config.publish.entries;
    let found = app.store.read(|db| {
        // Numbers are given in order: what has a later one behind it is complete.
        let complete = stories::last(db)?.map_or(0, archive_of);
        let is_now = |story: &Story| archive_of(story.id) >= complete;
        let (mut shown, is_more) = match part {
            Part::Archive(archive) if archive >= complete => return Ok(None),
            Part::Archive(archive) => {
                let all = stories::shown(db, selection, Some(behind(archive)), STRETCH as u32)?;
                let of_it: Vec<Story> = all.into_iter().filter(|story| archive_of(story.id) == archive).collect();
                (of_it, false)
            }
            part => {
                let room = most.max(STRETCH as usize) + 1;
                let before = part.before().map(StoryId::new);
                let mut all = stories::shown(db, selection, before, u32::try_from(room).unwrap_or(u32::MAX))?;
                let total = all.len();
                let now = all.iter().take_while(|story| part == Part::Newest && is_now(story)).count();
                all.truncate(most.max(now));
                let is_more = total > all.len();
                (all, is_more)
            }
        };
        let former = match part {
            Part::Before(_) => None,
            Part::Archive(archive) => stories::shown(db, selection, Some(behind(archive - 1)), 1)?.pop(),
            Part::Newest => stories::shown(db, selection, Some(behind(complete - 1)), 1)?.pop(),
        };
        if medium == Medium::Folder {
            shown.truncate(most);
        }
        Ok(Some((shown, is_more, former.map(|story| archive_of(story.id)))))
    })?;
    let Some((shown, is_more, former)) = found else { return Ok(None) };
    if matches!(part, Part::Archive(_)) && shown.is_empty() {
        return Ok(None);
    }
    let is_served = medium == Medium::Server;
    let named = |part: Part| match part {
        Part::Newest => None,
        Part::Before(id) => Some(format!("avant={id}")),
        Part::Archive(archive) => Some(format!("archive={archive}")),
    };
    let paging = Paging {
        this: named(part),
        kind: match part {
            Part::Newest => PageKind::Current,
            Part::Before(_) => PageKind::Later,
            Part::Archive(_) => PageKind::Archive,
        },
        next: shown.last().filter(|_| is_more && is_served).and_then(|story| named(Part::Before(story.id.get()))),
        former: former.filter(|_| is_served).and_then(|archive| named(Part::Archive(archive))),
    };
    let site = &app.config.site.name;
    let name = if *selection == Selection::All { site.clone() } else { format!("{site} – {title}") };
    written(app, selection.path(), name, &title, &shown, paging, format).map(Some)
}

/// What a search finds, as a feed.
pub(super) fn of_search(app: &App, query: &str, format: FeedFormat) -> anyhow::Result<Vec<u8>> {
    let (search, found) = super::search::stories(app, query)?;
    let shown = app.store.read(|db| {
        let stories = found.iter().map(|id| stories::get(db, *id)).collect::<store::Result<Vec<_>>>()?;
        Ok(stories.into_iter().flatten().collect::<Vec<_>>())
    })?;
    let words = if search.words.is_empty() { &search.reference } else { &search.words };
    let title = format!("Recherche « {words} »");
    let this = Some(search.query()).filter(|query| !query.is_empty());
    let paging = Paging { this, ..Paging::default() };
    let name = format!("{} – {title}", app.config.site.name);
    written(app, String::from("recherche"), name, &title, &shown, paging, format)
}

fn written(
    app: &App,
    path: String,
    name: String,
    title: &str,
    shown: &[Story],
    paging: Paging,
    format: FeedFormat,
) -> anyhow::Result<Vec<u8>> {
    let authority = authority(app)?;
    let (entries, began) = app.store.read(|db| {
        let mut entries = Vec::with_capacity(shown.len());
        for story in shown {
            let told = app.told.entry(story, || entry(app, db, &authority, story))?;
            entries.extend(told.map(|entry| Entry::clone(&entry)));
        }
        Ok((entries, installed(db)?))
    })?;
    let updated = entries.iter().map(|entry: &Entry| entry.updated).max().unwrap_or(began);
    let query = if path == "recherche" { paging.this.clone().map(|query| format!("?{query}")) } else { None };
    let feed_id = format!("tag:{authority}:{path}{}", query.unwrap_or_default());
    let description = format!("{title}\u{a0}: l’actualité juridique et cyber des collectivités");
    let channel = Channel { path, title: name, description, entries, paging };
    let head = Head { site: &app.config.site, feed_id, updated, hub: app.config.publish.hub.as_ref() };
    Ok(publish::feed(&channel, &head, format))
}

fn entry(app: &App, db: &Db, authority: &str, story: &Story) -> store::Result<Option<Entry>> {
    let told = notices::telling(db, story)?;
    // What is told does not depend on the hour: only the points do, which no feed shows.
    let Some(item) = super::item(app, db, story)? else { return Ok(None) };
    let Some(lead) = told.iter().find(|notice| notice.id == story.lead) else { return Ok(None) };
    let source = app.source(&lead.source);
    // Typography is that of the language; a source's own words in another one stay as they are.
    let typeset = |text: &str| if lead.language.starts_with("fr") { text::french(text) } else { text.to_owned() };
    // An editor writes French.
    let title = story.title.as_ref().map_or_else(|| typeset(&lead.title), |title| text::french(title));
    let shown = source.is_some_and(|source| source.licence.allows_full_text()) && !lead.content.is_empty();
    // The whole document says all that we would extract of it; what other sources add comes before it.
    let content = match (publish::digest(&item), shown) {
        (digest, false) => digest,
        (Some(digest), true) if told.len() > 1 => Some(format!("{digest}<hr>\n{}", lead.content)),
        (_, true) => Some(lead.content.clone()),
    };
    Ok(Some(Entry {
        id: format!("tag:{authority}:story:{}", story.id),
        summary: typeset(&item.summary),
        title: format!("{} - {title}", story.nature.prefix()),
        content,
        url: item.url,
        published: lead.published.map_or(story.first_seen, |date| date.at.min(story.first_seen)),
        updated: story.updated,
        section: app.rules.sections().name(&story.section).to_owned(),
        nature: story.nature,
        source: item.source,
        source_url: source.map(|source| source.url.to_string()),
        language: item.language,
    }))
}

/// The deadlines to come, as a calendar; none without any.
pub(super) fn calendar(app: &App) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(publish::ics(&events(app)?, &app.config.site))
}

/// The days to come that the stories shown tell of, the nearest first.
pub(super) fn events(app: &App) -> anyhow::Result<Vec<Event>> {
    let authority = authority(app)?;
    let zone = &app.config.site.zone;
    let today = zone.to_datetime(app.clock.now()).date();
    let host = authority.split(',').next().unwrap_or("vigie.invalid");
    let mut events = app.store.read(|db| {
        let mut events = Vec::new();
        for story in stories::shown(db, &Selection::All, None, LOOKED_THROUGH)? {
            let days = app.told.days(&story, || days(app, db, &story, host))?;
            events.extend(days.iter().filter(|event| event.day >= today).cloned());
        }
        Ok(events)
    })?;
    events.sort_by(|a, b| (a.day, &a.uid).cmp(&(b.day, &b.uid)));
    Ok(events)
}

/// All days that a story tells of.
fn days(app: &App, db: &Db, story: &Story, host: &str) -> store::Result<Vec<Event>> {
    let notices = notices::telling(db, story)?;
    let told: Vec<_> = notices.iter().map(|notice| compose::told(app, notice)).collect();
    let Some(lead) = told.iter().find(|told| told.notice.id == story.lead) else { return Ok(Vec::new()) };
    let deadlines = bulletin::story_deadlines(&told, &app.config.site.zone);
    let event = |deadline: Deadline| Event {
        uid: format!("echeance-{}-{}@{host}", story.id, deadline.day),
        day: deadline.day,
        bound: deadline.bound,
        title: text::french(&lead.notice.title),
        description: format!("{}\n{}", bulletin::summarise(lead), lead.source),
        url: lead.notice.url.as_ref().map(|url| url.to_string()),
        updated: story.updated,
    };
    Ok(deadlines.into_iter().map(event).collect())
}
