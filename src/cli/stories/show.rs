//! `vigie stories show`

use anyhow::bail;
use serde::Serialize;

use crate::{
    bulletin::Importance,
    cli::{
        notices::{doubt, relevance},
        output::Output,
        sources::at,
    },
    model::{Edited, Notice, Placed, Story, StoryId},
    store::{
        self, Db,
        notices::{self, Reason},
        pairs::{self, Suspicion},
        reviews::{self, Reviewed},
        stories,
    },
    text,
    work::{App, compose},
};

/// All that is known of a story.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    story: Story,
    /// Of the notice that speaks for it, or did before they went elsewhere.
    lead_title: String,
    relevance_because: Vec<String>,
    /// In a bulletin that would be frozen now.
    importance: Option<Importance>,
    /// Oldest first.
    reviews: Vec<Reviewed>,
    /// The lead first, then oldest first.
    notices: Vec<Told>,
    suspicions: Vec<Suspicion>,
}

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    notice: Notice,
    source_name: String,
    /// Why it is new, the same, revised, a copy, or part of the story.
    decisions: Vec<Reason>,
    /// What decided of its section, nature and severity.
    shelved: Vec<String>,
}

pub fn run(id: StoryId, app: &App, out: &Output) -> anyhow::Result<()> {
    let Some(mut shown) = app.store.read(|db| shown(app, db, id))? else {
        bail!("there is no story {id}\nhint: `vigie stories list` shows the latest");
    };
    shown.importance = compose::importance(app, id)?;
    out.data(&shown, || page(app, &shown))
}

fn shown(app: &App, db: &Db, id: StoryId) -> store::Result<Option<Shown>> {
    let Some(story) = stories::get(db, id)? else { return Ok(None) };
    let lines = |text: String| text.lines().map(String::from).collect();
    let told = |notice: Notice| {
        Ok(Told {
            source_name: app.source_name(&notice.source).to_owned(),
            decisions: notices::reasons(db, notice.id)?,
            shelved: lines(notices::shelved_because(db, notice.id)?),
            notice,
        })
    };
    let mut told = notices::of_story(db, id)?.into_iter().map(told).collect::<store::Result<Vec<_>>>()?;
    told.sort_by_key(|told| (told.notice.id != story.lead, told.notice.id));
    let mut suspicions = Vec::new();
    for one in &told {
        suspicions.extend(pairs::suspicions(db, one.notice.id)?);
    }
    suspicions.sort_by_key(|suspicion| (suspicion.at, suspicion.notice, suspicion.other));
    suspicions.dedup();
    Ok(Some(Shown {
        relevance_because: lines(stories::why_relevant(db, id)?),
        importance: None,
        reviews: reviews::all(db, id)?,
        lead_title: notices::get(db, story.lead)?.map(|lead| lead.title).unwrap_or_default(),
        notices: told,
        suspicions,
        story,
    }))
}

fn page(app: &App, shown: &Shown) -> String {
    let Shown { story, lead_title: lead, relevance_because, importance, reviews, notices, suspicions } = shown;
    let sections = app.rules.sections();
    let mut page = format!("{} {}\n", story.id, story.title.as_deref().unwrap_or(lead));
    if let Some(into) = story.merged_into {
        page += &format!("merged into story {into}: `vigie stories show {into}`\n");
    }
    let of = |field, text: String| if story.edited.contains(&field) { format!("{text} (editor)") } else { text };
    page += &format!(
        "{} · {} · {} · {}\n",
        of(Edited::Section, sections.name(&story.section).to_owned()),
        of(Edited::Nature, story.nature.to_string()),
        of(Edited::Severity, story.severity.to_string()),
        story.review.as_str(),
    );
    if !story.also.is_empty() {
        let also: Vec<&str> = story.also.iter().map(|section| sections.name(section)).collect();
        page += &format!("also in {}\n", also.join(", "));
    }
    if story.edited.contains(&Edited::Title) {
        page += &format!("title by an editor; that of the lead: {lead}\n");
    }
    page += &format!("first seen {}, moved {}\n", at(app, Some(story.first_seen)), at(app, Some(story.updated)));

    page.push('\n');
    page += &relevance(story.relevance, relevance_because);
    if let Some(Importance { points, because }) = importance {
        let because: Vec<String> =
            because.iter().map(|reason| format!("{} ({})", reason.text, text::points(reason.points))).collect();
        page += &format!("importance : {points} ({})\n", because.join(", "));
    }

    page += "\nreviews\n";
    for Reviewed { decision, by, at: when, because } in reviews {
        let because = if because.is_empty() { String::new() } else { format!(": {because}") };
        page += &format!("  {} {decision} by {by}{because}\n", at(app, Some(*when)));
    }
    for told in notices {
        page.push('\n');
        page += &of_notice(app, told, story);
    }
    if !suspicions.is_empty() {
        page += "\nperhaps one\n";
        suspicions.iter().for_each(|suspicion| page += &format!("  {}", doubt(suspicion)));
    }
    page
}

fn of_notice(app: &App, told: &Told, story: &Story) -> String {
    let Told { notice, source_name, decisions, shelved } = told;
    let what = if notice.id == story.lead { "lead notice" } else { "notice" };
    let date = notice.published.map_or_else(String::new, |date| format!(", {}", date.date(&app.config.site.zone)));
    let mut page = format!("{what} {} {}\n  {source_name}{date}", notice.id, notice.title);
    if let Some(reference) = &notice.reference {
        page += &format!(", {reference}");
    }
    if notice.revision > 1 {
        page += &format!(", revision {} (`vigie notices show {} --diff`)", notice.revision, notice.id);
    }
    page += if notice.placed == Placed::Editor { ", put here by an editor\n" } else { "\n" };
    if let Some(url) = &notice.url {
        page += &format!("  {url}\n");
    }
    for reason in decisions {
        page += &format!("  {} [{}] {}\n", at(app, Some(reason.at)), reason.verdict, reason.because);
    }
    shelved.iter().for_each(|line| page += &format!("  {line}\n"));
    page
}
