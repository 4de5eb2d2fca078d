//! Plays a list of documents again, in its order, through what recognises those of a crawl: to measure its decisions
//! against labels, and its cost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    App,
    prepare::{Desk, Entry},
    recognise::Recogniser,
    takein::{Added, Intake, Taken},
};
use crate::{
    classify::Rules,
    clock::Clock,
    config::Config,
    dedup::Verdict,
    model::{Draft, Nature, NoticeId, PublicationDate, SectionId, Source, SourceId},
    normalise::reference,
    render::Templates,
    store::{
        self, Tx, likeness, notices,
        pairs::{self, Suspected},
        sources::Known,
    },
};

/// A document as a crawler would have it.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    pub id: String,
    /// Who published it.
    pub source: String,
    #[serde(default)]
    pub url: String,
    pub title: String,
    #[serde(default)]
    pub text: String,
    /// A day, or an instant; without zone it is UTC.
    pub published: String,
    /// BCP 47.
    #[serde(default)]
    pub lang: Option<String>,
    /// What sort of item its source gives, such as `avis`.
    #[serde(default)]
    pub nature: Option<Nature>,
}

/// What a document was taken for when it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recognised {
    pub id: String,
    /// The same for a document, its revisions and its copies.
    pub group: i64,
    /// `new`, `same`, `revision` or `copy`.
    pub relation: &'static str,
    /// The same for all that tells of one event.
    pub story: i64,
    /// Of those before: what it is perhaps a copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible: Option<String>,
    /// In French.
    pub because: String,
}

/// An installation in a folder of its own, which goes with it.
pub struct Replay {
    app: App,
    desk: Desk,
    sources: BTreeMap<String, Source>,
    /// By their notices.
    names: BTreeMap<NoticeId, String>,
    folder: PathBuf,
}

impl Drop for Replay {
    fn drop(&mut self) {
        // What is left in the folder for temporary files is nobody's loss.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Replay {
    /// An empty installation that watches these sources, by the settings that a crawl would have.
    pub fn new(config: Config, rules: Rules, names: &BTreeSet<String>, start: Timestamp) -> anyhow::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).context("this machine gives no random numbers")?;
        let folder = std::env::temp_dir().join(format!("vigie-replay-{:016x}", u64::from_le_bytes(random)));
        let section = rules.sections().iter().next().map(|section| section.id.clone());
        let section = section.or_else(|| SectionId::parse("tic")).context("the rules name no section")?;
        let url = Url::parse("https://source.invalid/")?;
        let mut sources = BTreeMap::new();
        for (number, name) in names.iter().enumerate() {
            let id = SourceId::parse(&format!("source-{number}")).context("too many sources")?;
            sources.insert(name.clone(), Source::feed(id, name, url.clone(), section.clone()));
        }
        let config = Config { data: folder.clone(), sources: sources.values().cloned().collect(), ..config };
        let app = App::open(config, rules, Templates::embedded(), Clock::Fixed(start))?;
        Ok(Self { desk: Desk::of(&app), app, sources, names: BTreeMap::new(), folder })
    }

    /// Recognises documents, in their order and in one transaction.
    pub fn take(&mut self, documents: &[Document]) -> anyhow::Result<Vec<Recognised>> {
        let drafts = documents.iter().map(|document| {
            let source = self.sources.get(&document.source).context("a source that was not announced")?;
            Ok((document, source, draft(document)?))
        });
        let drafts = drafts.collect::<anyhow::Result<Vec<_>>>()?;
        let store = std::sync::Arc::clone(&self.app.store);
        let taken = store.write(|tx| {
            let mut recognised = Vec::with_capacity(drafts.len());
            for (document, source, draft) in drafts {
                recognised.push(one(&self.app.config, &self.desk, tx, &mut self.names, document, source, draft)?);
            }
            Ok(recognised)
        })?;
        Ok(taken)
    }
}

fn one(
    config: &Config,
    desk: &Desk,
    tx: &Tx,
    names: &mut BTreeMap<NoticeId, String>,
    document: &Document,
    source: &Source,
    draft: Draft,
) -> store::Result<Recognised> {
    let now = draft.published.map_or(Timestamp::UNIX_EPOCH, |date| date.at);
    let known = Known::unread(&source.id, now);
    let entries = desk.prepare(source, &known, vec![draft], now)?;
    let keys = entries.first().map(|entry| match entry {
        Entry::Open(prepared) => prepared.keys.clone(),
        Entry::Settled(_) | Entry::Exploited(_) => Vec::new(),
    });
    let known_as = notices::by_keys(tx, &keys.unwrap_or_default(), &source.id)?;
    let (Taken { revised, .. }, added) = Intake { config, tx, source, known: &known, now }.take(entries)?;
    let (relation, notice) = match added.into_iter().next() {
        Some(Added { arrival, .. }) => {
            let notice = arrival.notice;
            let mut recogniser = Recogniser::new(config, tx, now);
            let verdict = recogniser.take(&[arrival])?.pop();
            recogniser.finish()?;
            names.insert(notice, document.id.clone());
            (if matches!(verdict, Some(Verdict::Copy { .. })) { "copy" } else { "new" }, notice)
        }
        None => {
            let notice = known_as.values().map(|known| known.notice).min().unwrap_or(NoticeId::new(0));
            (if revised > 0 { "revision" } else { "same" }, notice)
        }
    };
    let possible = pairs::suspicions(tx, notice)?
        .into_iter()
        .filter(|suspicion| suspicion.notice == notice && suspicion.kind == Suspected::Copy)
        .find_map(|suspicion| names.get(&suspicion.other).cloned())
        .filter(|_| relation == "new");
    Ok(Recognised {
        id: document.id.clone(),
        group: likeness::copy_of(tx, notice)?.unwrap_or(notice).get(),
        relation,
        story: notices::story_of(tx, notice)?.map_or(0, |story| story.get()),
        possible,
        because: because(tx, notice, relation)?,
    })
}

/// What was told of a document last; of one that came again unchanged nothing is.
fn because(tx: &Tx, notice: NoticeId, relation: &str) -> store::Result<String> {
    let told = notices::reasons(tx, notice)?.pop().filter(|reason| relation != "same" || reason.verdict == "same");
    Ok(told.map_or_else(|| String::from("Même document ; inchangé"), |reason| reason.because))
}

fn draft(document: &Document) -> anyhow::Result<Draft> {
    let Document { id, url, title, text, published, .. } = document;
    let at = instant(published).with_context(|| {
        format!("`{published}` of `{id}` is no date\nhint: write it as 2026-11-25 or 2026-11-25T07:30:00Z")
    })?;
    let url = Url::parse(url).ok();
    let reference = reference::own(url.as_ref(), None, &[title.as_str(), "\n", text].concat());
    Ok(Draft {
        url,
        reference,
        title: title.clone(),
        text: text.clone(),
        published: Some(PublicationDate::second(at)),
        language: document.lang.clone(),
        nature: document.nature,
        ..Draft::default()
    })
}

fn instant(written: &str) -> Option<Timestamp> {
    let utc = |at: jiff::civil::DateTime| at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let written = written.trim();
    written.parse().ok().or_else(|| utc(written.parse().ok()?)).or_else(|| {
        let day: jiff::civil::Date = written.parse().ok()?;
        utc(day.to_datetime(jiff::civil::Time::midnight()))
    })
}
