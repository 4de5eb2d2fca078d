//! Writes the feeds and the pages as files that any web server can serve.

use std::{cmp::Reverse, collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{App, compose, weather};
use crate::{
    bulletin,
    config::Config,
    files::{self, Written},
    model::{Nature, Source, Story, StoryId},
    publish::{self, Channel, Entry, Event, Head},
    render::{self, Calendar, FeedGroup, FeedLink, PastEdition},
    store::{
        self, Db, Tx,
        bulletins::{self, Sort},
        notices, settings,
        stories::Shelf,
    },
    text,
};

/// How many past editions keep their page.
const EDITIONS: u32 = 400;

/// How many of the latest stories are looked through for deadlines that are still to come: their texts are read each time.
const LOOKED_THROUGH: u32 = 300;

/// Set while something is stored that the folder does not show yet.
const PENDING: &str = "publish-pending";
/// Of which settings the folder was written.
const WRITTEN_AS: &str = "published-as";

/// Something came in that the folder does not show yet: to be said in the transaction that stores it.
pub fn announce(tx: &Tx) -> store::Result<()> {
    settings::set(tx, PENDING, "yes")
}

/// Publishes what changed since the folder was written: documents, editions, settings, or the folder itself. How many
/// files moved.
pub fn refresh(app: &App) -> anyhow::Result<usize> {
    let print = print(app);
    if app.store.read(|db| standing(&app.config, db))?.as_ref() == Some(&print) {
        return Ok(0);
    }
    // While it is being written the folder is of no settings: a program that dies here leaves work for the next.
    app.store.write(|tx| {
        settings::set(tx, WRITTEN_AS, "")?;
        settings::set(tx, PENDING, "")
    })?;
    let published = publish(app, None)?;
    app.store.write(|tx| settings::set(tx, WRITTEN_AS, &print))?;
    Ok(published.written + published.removed)
}

/// Of which settings the folder stands as the database would have it; `None` when it does not.
pub(super) fn standing(config: &Config, db: &Db) -> store::Result<Option<String>> {
    let pending = settings::get(db, PENDING)?.is_some_and(|pending| !pending.is_empty());
    let written = settings::get(db, WRITTEN_AS)?.filter(|print| !print.is_empty() && !pending);
    Ok(written.filter(|_| config.publish.out.join(render::INDEX_PATH).exists()))
}

/// What the pages depend on besides the database.
fn print(app: &App) -> String {
    let mut hash = Sha256::new();
    let mut take = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    take(env!("CARGO_PKG_VERSION"));
    take(&format!("{:?}{:?}", app.config.site, app.config.publish));
    app.templates.texts().iter().for_each(|text| take(text));
    app.rules.sections().iter().for_each(|section| {
        take(section.id.as_str());
        take(&section.name);
    });
    for source in &app.config.sources {
        [source.id.as_str(), &source.name, source.url.as_str(), source.kind.as_str(), source.licence.as_str()]
            .into_iter()
            .chain([source.authority.as_str()])
            .for_each(&mut take);
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Writes the folder: feeds of everything, of each section and of each nature, the list of sources, the editions.
pub fn publish(app: &App, out: Option<&Path>) -> anyhow::Result<Written> {
    let out = out.unwrap_or(&app.config.publish.out);
    // A web server would hand out the database.
    let (data, folder) = (std::path::absolute(&app.config.data)?, std::path::absolute(out)?);
    if data.starts_with(&folder) || folder.starts_with(&data) {
        bail!("`{}` and the data folder hold each other\nhint: name another folder with `--out`", out.display());
    }
    let authority = authority(app)?;
    let mut files = Vec::new();
    let mut links = Vec::new();
    let mut known = BTreeMap::new();
    for (shelf, group, path, title) in shelves(app) {
        links.push(FeedLink { path: path.clone(), title: title.clone(), group });
        let (channel, updated) = channel(app, &authority, &mut known, shelf, path, title)?;
        let feed_id = format!("tag:{authority}:{}", channel.path);
        let head = Head { site: &app.config.site, feed_id, updated };
        files.extend(publish::files(&channel, &head));
    }
    files.push((String::from("sources.opml"), opml(app)));
    let past = editions(app, &mut files)?;
    let events = events(app, &authority)?;
    files.extend(publish::ics(&events, &app.config.site).map(|bytes| (publish::CALENDAR_PATH.to_owned(), bytes)));
    let calendar = Calendar { path: publish::CALENDAR_PATH, days: events.len() };
    let index = render::index_page(&app.templates, &app.config.site, &past, &links, calendar, &warnings(app)?)?;
    files.push((render::INDEX_PATH.to_owned(), index.into_bytes()));
    let about = render::about_page(&app.templates, &app.config.site)?;
    files.push((render::ABOUT_PATH.to_owned(), about.into_bytes()));
    files.push((render::STYLE_PATH.to_owned(), app.templates.style().as_bytes().to_vec()));
    files::write_folder(out, &files).with_context(|| {
        format!(
            "cannot write the folder `{}`\nhint: it must be writable, with room on its disk, and hold nothing of others under our names; `--out` names another",
            out.display()
        )
    })
}

/// The feeds that are watched, for a feed reader.
pub fn opml(app: &App) -> Vec<u8> {
    let sources: Vec<&Source> = app.config.sources.iter().collect();
    publish::opml(&sources, &app.config.site)
}

/// The shelves that have a feed, with its path and its title.
fn shelves(app: &App) -> Vec<(Shelf<'_>, FeedGroup, String, String)> {
    let mut out = vec![(Shelf::All, FeedGroup::All, String::from("veille"), String::from("Toute la veille"))];
    for section in app.rules.sections().iter() {
        let path = format!("sections/{}", section.id);
        out.push((Shelf::Section(&section.id), FeedGroup::Section, path, section.name.clone()));
    }
    for nature in Nature::ALL {
        out.push((Shelf::Nature(nature), FeedGroup::Nature, format!("natures/{nature}"), nature.name().to_owned()));
    }
    out
}

/// Host and day under which ids are minted (RFC 4151). Chosen once: an id must outlive a change of address.
fn authority(app: &App) -> anyhow::Result<String> {
    if let Some(known) = app.store.read(|db| settings::get(db, "tag-authority"))? {
        return Ok(known);
    }
    let host = app.config.site.url.as_ref().and_then(url::Url::host_str).unwrap_or("vigie.invalid");
    let day = app.config.site.zone.to_datetime(app.clock.now()).date();
    Ok(app.store.write(|tx| settings::get_or_set(tx, "tag-authority", &format!("{host},{day}")))?)
}

/// `known` holds the entries made so far: a story stands in several channels.
fn channel(
    app: &App,
    authority: &str,
    known: &mut BTreeMap<StoryId, Option<Entry>>,
    shelf: Shelf,
    path: String,
    title: String,
) -> anyhow::Result<(Channel, Timestamp)> {
    let most = u32::try_from(app.config.publish.entries).unwrap_or(u32::MAX);
    let installed = app.store.read(|db| settings::get(db, "installed"))?;
    let installed = installed.and_then(|at| at.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let entries = app.store.read(|db| {
        let mut entries = Vec::new();
        for story in store::stories::shown(db, shelf, most)? {
            if let Some(entry) = known.get(&story.id) {
                entries.extend(entry.clone());
                continue;
            }
            let made = entry(app, db, authority, &story)?;
            entries.extend(made.clone());
            known.insert(story.id, made);
        }
        Ok(entries)
    })?;
    let updated = entries.iter().map(|entry: &Entry| entry.updated).max().unwrap_or(installed);
    let description = format!("{title}\u{a0}: l’actualité juridique et cyber des collectivités");
    let site = &app.config.site.name;
    let title = if matches!(shelf, Shelf::All) { site.clone() } else { format!("{site} – {title}") };
    Ok((Channel { path, title, description, entries }, updated))
}

fn entry(app: &App, db: &Db, authority: &str, story: &Story) -> store::Result<Option<Entry>> {
    let told = notices::telling(db, story)?;
    // What is told does not depend on the hour: only the points do, which no feed shows.
    let Some((item, _)) = compose::tell(app, story, &told, story.updated) else { return Ok(None) };
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

/// The days to come that the stories shown tell of, the nearest first.
fn events(app: &App, authority: &str) -> anyhow::Result<Vec<Event>> {
    let zone = &app.config.site.zone;
    let today = zone.to_datetime(app.clock.now()).date();
    let host = authority.split(',').next().unwrap_or("vigie.invalid");
    let mut events = app.store.read(|db| {
        let mut events = Vec::new();
        for story in store::stories::shown(db, Shelf::All, LOOKED_THROUGH)? {
            let notices = notices::telling(db, &story)?;
            let told: Vec<_> = notices.iter().map(|notice| compose::told(app, notice)).collect();
            let Some(lead) = told.iter().find(|told| told.notice.id == story.lead) else { continue };
            let coming = bulletin::story_deadlines(&told, zone).into_iter().filter(|deadline| deadline.day >= today);
            events.extend(coming.map(|deadline| Event {
                uid: format!("echeance-{}-{}@{host}", story.id, deadline.day),
                day: deadline.day,
                bound: deadline.bound,
                title: text::french(&lead.notice.title),
                description: format!("{}\n{}", bulletin::summarise(lead), lead.source),
                url: lead.notice.url.as_ref().map(|url| url.to_string()),
                updated: story.updated,
            }));
        }
        Ok(events)
    })?;
    events.sort_by(|a, b| (a.day, &a.uid).cmp(&(b.day, &b.uid)));
    Ok(events)
}

/// Of whom readers are warned that their mail does not come through.
fn warnings(app: &App) -> anyhow::Result<Vec<render::Notice>> {
    let site = &app.config.site;
    let refusals = weather::notices(app)?;
    Ok(refusals.iter().filter_map(|refusal| render::notice(refusal, site)).collect())
}

/// The pages of the latest editions, put among the files.
fn editions(app: &App, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<Vec<PastEdition>> {
    // Alerts, of which there are many, take no page from the bulletins.
    let latest = app.store.read(|db| {
        let mut latest = bulletins::latest_of(db, Sort::Bulletins, EDITIONS)?;
        latest.extend(bulletins::latest_of(db, Sort::Alerts, EDITIONS)?);
        latest.sort_by_key(|bulletin| Reverse(bulletin.id));
        Ok(latest)
    })?;
    let mut past = Vec::with_capacity(latest.len());
    for bulletin in latest {
        let Some(edition) = compose::edition(app, bulletin.id, None)? else { continue };
        let path = render::edition_path(&edition);
        let page = render::bulletin_page(&app.templates, &edition, &app.config.site)?;
        files.push((path, page.into_bytes()));
        past.push(PastEdition {
            cadence: edition.cadence,
            date: edition.date,
            number: edition.number,
            stories: bulletin.stories,
        });
    }
    Ok(past)
}
