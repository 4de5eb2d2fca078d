//! `vigie notices`

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{
    Exit, named,
    output::{Output, Table},
    sources::at,
};
use crate::{
    model::{Notice, NoticeId, Placed, StoryId},
    store::{
        exploited,
        notices::{self, Former, Reason},
        pairs::{self, Suspicion},
        sources,
    },
    text::{
        self,
        diff::{Piece, changes, marked},
    },
    work::App,
};

#[derive(Debug, Args)]
pub struct Notices {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The latest, newest first.
    List {
        /// Only what this source brought first.
        #[arg(long)]
        source: Option<String>,
        /// At most that many; 0: all.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One notice, with what it said before.
    Show {
        id: i64,
        /// Only what changed from one revision to the next, in words: `[-removed-]`, `{+added+}`.
        #[arg(long)]
        diff: bool,
    },
    /// Why it is new, the same, revised or a copy; why this section, this nature, this severity.
    Explain { id: i64 },
}

pub fn run(args: &Notices, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List { source, limit } => list(app, source.as_deref(), *limit, out)?,
        Verb::Show { id, diff: false } => show(app, NoticeId::new(*id), out)?,
        Verb::Show { id, diff: true } => diff(app, NoticeId::new(*id), out)?,
        Verb::Explain { id } => explain(app, NoticeId::new(*id), out)?,
    }
    Ok(Exit::Done)
}

fn list(app: &App, source: Option<&str>, limit: u32, out: &Output) -> anyhow::Result<()> {
    let source = source.map(named::source).transpose()?;
    // One more than is shown tells whether there are more.
    let most = if limit == 0 { u32::MAX } else { limit.saturating_add(1) };
    let mut latest = app.store.read(|db| notices::latest(db, source.as_ref(), most))?;
    if limit > 0 && latest.len() > limit as usize {
        latest.truncate(limit as usize);
        let total = app.store.read(|db| match &source {
            Some(source) => notices::count(db, source),
            None => sources::all(db)?.iter().map(|known| notices::count(db, &known.id)).sum(),
        })?;
        out.say(format!("{limit} of {total}; `--limit 0` for all"));
    }
    out.list(&latest, || {
        let mut table = Table::new(["ID", "DATE", "SOURCE", "NATURE", "SECTION", "SEVERITY", "TITLE"]);
        for notice in &latest {
            table.row([
                notice.id.to_string(),
                notice.published.map_or_else(String::new, |d| d.date(&app.config.site.zone).to_string()),
                notice.source.to_string(),
                notice.nature.to_string(),
                notice.section.to_string(),
                notice.severity.to_string(),
                text::truncate(&notice.title, 70),
            ]);
        }
        table
    })
}

fn find(app: &App, id: NoticeId) -> anyhow::Result<Notice> {
    match app.store.read(|db| notices::get(db, id))? {
        Some(notice) => Ok(notice),
        None => bail!("there is no notice {id}\nhint: `vigie notices list` shows the latest"),
    }
}

#[derive(serde::Serialize)]
struct Shown {
    #[serde(flatten)]
    notice: Notice,
    text: String,
    former: Vec<Former>,
    seen_at: Vec<(String, Option<String>)>,
}

fn show(app: &App, id: NoticeId, out: &Output) -> anyhow::Result<()> {
    let notice = find(app, id)?;
    let (former, seen_at) = app.store.read(|db| Ok((notices::former(db, id)?, notices::sightings(db, id)?)))?;
    let shown = Shown { text: notice.text.clone(), notice, former, seen_at };
    out.data(&shown, || {
        let Shown { notice, text, former, seen_at } = &shown;
        let mut page = format!(
            "{} {}\n{} · {} · {} · {} · story {} · revision {}\n",
            notice.id,
            notice.title,
            notice.source,
            notice.section,
            notice.nature,
            notice.severity,
            notice.story,
            notice.revision,
        );
        if let Some(reference) = &notice.reference {
            page += &format!("reference {reference}\n");
        }
        if let Some(published) = notice.published {
            page += &format!("published {}\n", published.date(&app.config.site.zone));
        }
        page += &format!("first seen {}\n", at(app, Some(notice.first_seen)));
        for (source, url) in seen_at {
            page += &format!("at {source}: {}\n", url.as_deref().unwrap_or("no address"));
        }
        page += &format!("\n{}\n", if text.is_empty() { &notice.summary } else { text });
        for state in former {
            page += &format!(
                "\n--- revision {}, until {}\n{}\n{}\n",
                state.number,
                at(app, Some(state.until)),
                state.title,
                if state.text.is_empty() { &state.summary } else { &state.text },
            );
        }
        page
    })
}

/// What one revision changed.
#[derive(serde::Serialize)]
struct Step {
    id: NoticeId,
    /// The revision that it led to.
    revision: u32,
    at: Timestamp,
    title: Vec<Piece>,
    summary: Vec<Piece>,
    text: Vec<Piece>,
}

fn diff(app: &App, id: NoticeId, out: &Output) -> anyhow::Result<()> {
    let notice = find(app, id)?;
    let former = app.store.read(|db| notices::former(db, id))?;
    let mut states: Vec<[&str; 3]> = former.iter().map(|s| [&*s.title, &*s.summary, &*s.text]).collect();
    states.push([&notice.title, &notice.summary, &notice.text]);
    let mut steps = Vec::with_capacity(former.len());
    for ((state, pair), revision) in former.iter().zip(states.windows(2)).zip(2..) {
        let [before, after] = pair else { continue };
        let [title, summary, text] = [0, 1, 2].map(|part| changes(before[part], after[part]));
        steps.push(Step { id, revision, at: state.until, title, summary, text });
    }
    if steps.is_empty() {
        out.say(format!("notice {id} was never revised"));
    }
    let page = steps.iter().map(|step| {
        let mut page = format!("--- revision {}, {}\n", step.revision, at(app, Some(step.at)));
        for (name, pieces) in [("title", &step.title), ("summary", &step.summary), ("text", &step.text)] {
            if pieces.iter().any(|piece| !matches!(piece, Piece::Kept(_))) {
                page += &format!("{name}: {}\n", marked(pieces, 120));
            }
        }
        page
    });
    out.text_or_list(&steps, &page.collect::<Vec<_>>().join("\n"))
}

#[derive(serde::Serialize)]
struct Explained {
    id: NoticeId,
    title: String,
    story: StoryId,
    placed: Placed,
    decisions: Vec<Reason>,
    shelved: Vec<String>,
    relevance: i32,
    relevance_because: Vec<String>,
    /// The vulnerabilities that it names, where that is looked at.
    vulnerabilities: Vec<String>,
    /// What it is kept apart from.
    apart: Vec<NoticeId>,
    suspicions: Vec<Suspicion>,
}

fn explain(app: &App, id: NoticeId, out: &Output) -> anyhow::Result<()> {
    let notice = find(app, id)?;
    let lines = |text: String| text.lines().map(String::from).collect();
    let explained = app.store.read(|db| {
        Ok(Explained {
            id,
            decisions: notices::reasons(db, id)?,
            shelved: lines(notices::shelved_because(db, id)?),
            relevance: notice.relevance,
            relevance_because: lines(notices::why_relevant(db, id)?),
            vulnerabilities: exploited::named(db, id)?,
            apart: pairs::apart_from(db, id)?,
            suspicions: pairs::suspicions(db, id)?,
            story: notice.story,
            placed: notice.placed,
            title: notice.title,
        })
    })?;
    out.data(&explained, || {
        let mut page = format!("{} {}\nstory {}", explained.id, explained.title, explained.story);
        page += if explained.placed == Placed::Editor { ", where an editor put it\n" } else { "\n" };
        for reason in &explained.decisions {
            page +=
                &format!("{} {} [{}] {}\n", at(app, Some(reason.at)), reason.source, reason.verdict, reason.because);
        }
        explained.shelved.iter().for_each(|line| page += &format!("{line}\n"));
        page += &relevance(explained.relevance, &explained.relevance_because);
        if !explained.vulnerabilities.is_empty() {
            page += &format!("vulnérabilités : {}\n", explained.vulnerabilities.join(", "));
        }
        if !explained.apart.is_empty() {
            let others: Vec<String> = explained.apart.iter().map(ToString::to_string).collect();
            page += &format!("kept apart from {}\n", others.join(", "));
        }
        explained.suspicions.iter().for_each(|suspicion| page += &doubt(suspicion));
        page
    })
}

/// « pertinence : −7 : nomination d’une personne (−10), commune (+3) ».
pub(super) fn relevance(points: i32, because: &[String]) -> String {
    let because = if because.is_empty() { String::from("aucune règle") } else { because.join(", ") };
    format!("pertinence : {} ({because})\n", text::points(points).trim_start_matches('+'))
}

/// « doublon possible : notices 12 et 4, histoires 9 et 3 : 78 % du texte ».
pub(super) fn doubt(suspicion: &Suspicion) -> String {
    let Suspicion { notice, other, stories: (mine, theirs), kind, because, settled, .. } = suspicion;
    let settled = if settled.is_some() { " [réglé]" } else { "" };
    format!("{} : notices {notice} et {other}, histoires {mine} et {theirs} : {because}{settled}\n", kind.name())
}
