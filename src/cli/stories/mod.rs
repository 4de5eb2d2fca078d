//! `vigie stories`

mod list;
mod show;

use std::collections::BTreeSet;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{
    Exit, named,
    output::{Output, count},
};
use crate::{
    model::{Edited, NoticeId, Review, Story, StoryId},
    store::stories::Edit,
    text,
    work::{
        App,
        editor::{self, Editor},
    },
};

#[derive(Debug, Args)]
pub struct Stories {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The latest, newest first, without those that were merged into others.
    List(list::List),
    /// One story: who tells it and why, what decided of its shelf, its relevance and its place, who reviewed it.
    Show { id: i64 },
    /// Put the notices of other stories into one; their numbers and addresses lead there from then on.
    Merge {
        into: i64,
        #[arg(required = true)]
        from: Vec<i64>,
        #[command(flatten)]
        word: Word,
    },
    /// Make a story of some notices of another one. No program joins them again.
    ///
    /// It is approved, pending or archived as the other one is, and waits for those bulletins that have not told of its
    /// notices.
    Split {
        story: i64,
        #[arg(required = true)]
        notices: Vec<i64>,
        #[command(flatten)]
        word: Word,
    },
    /// Say that stories tell of different things: no program joins them.
    Apart {
        #[arg(required = true, num_args = 2..)]
        ids: Vec<i64>,
        #[command(flatten)]
        word: Word,
    },
    /// Let stories in: they are shown, and wait for the bulletins that have not carried them.
    Approve {
        #[arg(required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        word: Word,
    },
    /// Keep stories out: they are shown nowhere, and no bulletin carries them.
    Reject {
        #[arg(required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        word: Word,
    },
    /// Write a title, a section, a nature or a severity that stays, whatever its notices say.
    #[command(name = "edit")]
    Change(Change),
}

/// Who decides, and why.
#[derive(Debug, Args)]
struct Word {
    /// Who decides [default: $USER, else editor]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The reason, for whoever asks later.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

#[derive(Debug, Args)]
struct Change {
    id: i64,
    #[arg(long)]
    title: Option<String>,
    /// By its id or its name.
    #[arg(long)]
    section: Option<String>,
    #[arg(long)]
    nature: Option<String>,
    /// info, notable, high or critical.
    #[arg(long)]
    severity: Option<String>,
    /// Give a field (title, section, nature, severity) back to what the notices say; may be repeated.
    #[arg(long, value_name = "FIELD")]
    back: Vec<String>,
    #[command(flatten)]
    word: Word,
}

impl Word {
    fn editor(&self) -> anyhow::Result<Editor> {
        match &self.by {
            Some(name) => Editor::named(name),
            None => {
                let user = std::env::var("USER").unwrap_or_default();
                Editor::named(&user).or_else(|_| Editor::named("editor"))
            }
        }
    }
}

pub fn run(args: &Stories, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List(args) => list::run(args, app, out)?,
        Verb::Show { id } => show::run(StoryId::new(*id), app, out)?,
        Verb::Merge { into, from, word } => {
            let story = editor::merge(app, StoryId::new(*into), &ids(from), &word.editor()?, &word.because)?;
            tell(app, out, &[story], "holds them all")?;
        }
        Verb::Split { story, notices, word } => {
            let notices: Vec<NoticeId> = notices.iter().map(|id| NoticeId::new(*id)).collect();
            let new = editor::split(app, StoryId::new(*story), &notices, &word.editor()?, &word.because)?;
            tell(app, out, &[new], "is new")?;
        }
        Verb::Apart { ids: stories, word } => {
            let pairs = editor::keep_apart(app, &ids(stories), &word.editor()?)?;
            out.data(&serde_json::json!({ "pairs": pairs }), String::new)?;
            out.say(format!("{} of notices are kept apart", count(pairs, "pair")));
        }
        Verb::Approve { ids: stories, word } => {
            let stories = editor::approve(app, &ids(stories), &word.editor()?, &word.because)?;
            tell(app, out, &stories, "is approved")?;
        }
        Verb::Reject { ids: stories, word } => {
            let stories = editor::reject(app, &ids(stories), &word.editor()?, &word.because)?;
            tell(app, out, &stories, "is rejected")?;
        }
        Verb::Change(args) => change(args, app, out)?,
    }
    Ok(Exit::Done)
}

/// Titles of sources are not longer either.
const LONGEST_TITLE: usize = crate::extract::LONGEST_TITLE;

fn ids(given: &[i64]) -> Vec<StoryId> {
    given.iter().map(|id| StoryId::new(*id)).collect()
}

fn change(args: &Change, app: &App, out: &Output) -> anyhow::Result<()> {
    let title = match args.title.as_deref().map(text::collapse) {
        Some(title) if title.is_empty() => {
            bail!("a story needs a title\nhint: `--back title` gives it that of its lead notice")
        }
        Some(title) if title.chars().count() > LONGEST_TITLE => {
            bail!("the title has more than {LONGEST_TITLE} characters\nhint: say the rest in another place")
        }
        title => title,
    };
    let edit = Edit {
        title,
        section: args.section.as_deref().map(|name| named::section(app, name)).transpose()?,
        nature: args.nature.as_deref().map(named::nature).transpose()?,
        severity: args.severity.as_deref().map(named::severity).transpose()?,
    };
    let mut back = BTreeSet::new();
    for name in &args.back {
        match Edited::parse(name) {
            Some(field) => back.insert(field),
            None => bail!("there is no field `{name}`\nhint: one of {}", Edited::ALL.map(Edited::as_str).join(", ")),
        };
    }
    if edit == Edit::default() && back.is_empty() {
        bail!("there is nothing to change\nhint: name `--title`, `--section`, `--nature`, `--severity` or `--back`");
    }
    let (id, word) = (StoryId::new(args.id), &args.word);
    let story = editor::edit(app, id, &edit, &back, &word.editor()?, &word.because)?;
    tell(app, out, &[story], "is changed")
}

/// What the stories are now; for a person, one line each.
fn tell(app: &App, out: &Output, stories: &[Story], what: &str) -> anyhow::Result<()> {
    out.text_or_list(stories, "")?;
    for story in stories {
        let shelf = app.rules.sections().name(&story.section);
        out.say(format!("story {} {what}: {}, {}, {}", story.id, shelf, story.nature, story.severity));
        let is_seen = matches!(story.review, Review::Approved | Review::Archived);
        if !is_seen && what != "is rejected" {
            let hint = format!("hint: `vigie stories approve {}` lets it in", story.id);
            out.say(format!("story {} is {}: readers do not see it\n{hint}", story.id, story.review.as_str()));
        }
    }
    Ok(())
}
