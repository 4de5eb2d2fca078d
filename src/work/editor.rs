//! What an editor decides of stories: each verb looks whether it can be done, and then does it as a whole.

use std::collections::BTreeSet;

use anyhow::bail;
use jiff::Timestamp;

use super::{App, publish, regroup};
use crate::{
    model::{Edited, Hand, NoticeId, Review, Story, StoryId},
    store::{
        Db, Result, Tx, alerts, notices, pairs, reviews,
        stories::{self, Edit},
    },
    text,
};

/// Who decides, by the name under which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor(String);

impl Editor {
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let name = text::collapse(name);
        if name.is_empty() || name.chars().count() > 100 || name == Hand::AUTOMATIC {
            bail!("`{name}` cannot be the name of an editor\nhint: say who decides, such as `--by marie`");
        }
        Ok(Self(name))
    }

    fn hand(&self) -> Hand<'_> {
        Hand::Editor(&self.0)
    }
}

/// What an editor asks for cannot be done; text for the editor.
type Checked<T> = Result<std::result::Result<T, String>>;

/// Lets stories in: readers see them, and they wait for the bulletins that have not carried them. What they are now.
pub fn approve(app: &App, ids: &[StoryId], by: &Editor, because: &str) -> anyhow::Result<Vec<Story>> {
    decide(app, ids, Review::Approved, by, because)
}

/// Keeps stories out: from then on readers see them nowhere, but in what was sent; those who were alerted of them are told.
/// What they are now.
pub fn reject(app: &App, ids: &[StoryId], by: &Editor, because: &str) -> anyhow::Result<Vec<Story>> {
    decide(app, ids, Review::Rejected, by, because)
}

fn decide(app: &App, ids: &[StoryId], what: Review, by: &Editor, because: &str) -> anyhow::Result<Vec<Story>> {
    let cadences = || app.config.cadences.keys().copied();
    write(app, |tx, now| {
        let stories = match find_all(tx, ids)? {
            Ok(stories) => stories,
            Err(why) => return Ok(Err(why)),
        };
        for story in &stories {
            reviews::decide(tx, story.id, what, by.hand(), &text::collapse(because), cadences(), now)?;
            match what {
                Review::Approved => alerts::bring_back(tx, story.id, now)?,
                _ => alerts::withdraw(tx, story.id, now)?,
            }
        }
        publish::announce(tx)?;
        find_all(tx, ids)
    })
}

/// Puts the notices of other stories into one. The story that it makes.
pub fn merge(app: &App, into: StoryId, from: &[StoryId], by: &Editor, because: &str) -> anyhow::Result<Story> {
    write(app, |tx, now| {
        match find_all(tx, &[&[into], from].concat())? {
            Err(why) => return Ok(Err(why)),
            Ok(_) if from.contains(&into) => {
                return Ok(Err(format!("story {into} cannot be merged into itself\nhint: name others after it")));
            }
            Ok(_) => {}
        }
        let told = signed(&format!("Réunie à l’histoire {into}"), by, because);
        regroup::merge(&app.config, tx, into, from, by.hand(), &told, now)?;
        // What came into one that is kept out is kept out too.
        alerts::withdraw(tx, into, now)?;
        find(tx, into)
    })
}

/// Makes a story of some notices of another one. The new story.
pub fn split(app: &App, id: StoryId, notices: &[NoticeId], by: &Editor, because: &str) -> anyhow::Result<Story> {
    write(app, |tx, now| {
        if let Err(why) = find(tx, id)? {
            return Ok(Err(why));
        }
        let all: BTreeSet<NoticeId> = stories::tellers(tx, id)?.into_iter().map(|teller| teller.id).collect();
        if let Some(stranger) = notices.iter().find(|notice| !all.contains(notice)) {
            let hint = format!("hint: `vigie stories show {id}` lists those that are");
            return Ok(Err(match notices::get(tx, *stranger)? {
                Some(notice) => format!("notice {stranger} is not in story {id}, but in {}\n{hint}", notice.story),
                None => format!("there is no notice {stranger}\n{hint}"),
            }));
        }
        let told = signed(&format!("Séparée de l’histoire {id}"), by, because);
        match regroup::split(&app.config, tx, id, notices, by.hand(), &told, now)? {
            Some(new) => find(tx, new),
            None => Ok(Err(format!(
                "nothing would be left of story {id}\nhint: leave at least one of its notices, or reject the story"
            ))),
        }
    })
}

/// Says that stories tell of different things: no program joins their notices any more. How many pairs were told apart.
pub fn keep_apart(app: &App, ids: &[StoryId], by: &Editor) -> anyhow::Result<usize> {
    write(app, |tx, now| {
        if let Err(why) = find_all(tx, ids)? {
            return Ok(Err(why));
        }
        let mut pairs = 0;
        for (at, one) in ids.iter().enumerate() {
            for other in ids.iter().skip(at + 1).filter(|other| *other != one) {
                for mine in stories::tellers(tx, *one)? {
                    for theirs in stories::tellers(tx, *other)? {
                        pairs::keep_apart(tx, mine.id, theirs.id, by.hand(), now)?;
                        pairs += 1;
                    }
                }
            }
        }
        Ok(Ok(pairs))
    })
}

/// Writes a title, a section, a nature or a severity in the place of what the notices of a story say, and gives fields back
/// to them. What the story is now.
pub fn edit(
    app: &App,
    id: StoryId,
    edit: &Edit,
    back: &BTreeSet<Edited>,
    by: &Editor,
    because: &str,
) -> anyhow::Result<Story> {
    write(app, |tx, now| {
        let story = match find(tx, id)? {
            Ok(story) => story,
            Err(why) => return Ok(Err(why)),
        };
        let given = [
            (Edited::Title, edit.title.is_some()),
            (Edited::Section, edit.section.is_some()),
            (Edited::Nature, edit.nature.is_some()),
            (Edited::Severity, edit.severity.is_some()),
        ];
        let given: BTreeSet<Edited> = given.into_iter().filter(|(_, given)| *given).map(|(field, _)| field).collect();
        if let Some(field) = given.intersection(back).next() {
            let name = field.as_str();
            return Ok(Err(format!(
                "`{name}` is both written and given back\nhint: name it with `--{name}` or with `--back`"
            )));
        }
        let edited = story.edited.union(&given).copied().filter(|field| !back.contains(field)).collect();
        let mut edit = edit.clone();
        if back.contains(&Edited::Title) {
            edit.title = Some(String::new());
        }
        stories::edit(tx, &story, &edit, &edited, now)?;
        // What was given back is again what the notices say.
        regroup::elect(&app.config, tx, id, now)?;
        let after = find(tx, id)?;
        if let Ok(after) = &after {
            // Readers who know it as less, or whose choices left it out, are told.
            if after.severity > story.severity {
                alerts::presses_more(tx, id, now)?;
                if stories::is_carried(tx, id)? {
                    reviews::wait_again(tx, id, app.config.cadences.keys().copied(), now)?;
                }
            }
            let told = signed(&changes(&story, after), by, because);
            reviews::note(tx, id, reviews::EDITED, by.hand(), &told, now)?;
        }
        publish::announce(tx)?;
        Ok(after)
    })
}

/// « rubrique : tic → finances ; gravité : information → urgent ».
fn changes(before: &Story, after: &Story) -> String {
    let title = |story: &Story| story.title.clone().unwrap_or_else(|| String::from("celui de la notice"));
    let fields = [
        ("titre", title(before), title(after)),
        ("rubrique", before.section.to_string(), after.section.to_string()),
        ("nature", before.nature.prefix().to_owned(), after.nature.prefix().to_owned()),
        ("gravité", before.severity.name().to_owned(), after.severity.name().to_owned()),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    let told: Vec<String> = changed.map(|(name, before, after)| format!("{name} : {before} → {after}")).collect();
    if told.is_empty() { String::from("rien de changé") } else { told.join(" ; ") }
}

/// A reason with who gave it.
fn signed(what: &str, by: &Editor, because: &str) -> String {
    let because = text::collapse(because);
    let colon = if because.is_empty() { "" } else { " : " };
    format!("{what} par {}{colon}{because}", by.0)
}

fn write<T>(app: &App, work: impl FnOnce(&Tx, Timestamp) -> Checked<T>) -> anyhow::Result<T> {
    let now = app.clock.now();
    match app.store.write(|tx| work(tx, now))? {
        Ok(done) => Ok(done),
        Err(why) => bail!(why),
    }
}

fn find_all(db: &Db, ids: &[StoryId]) -> Checked<Vec<Story>> {
    ids.iter().map(|id| find(db, *id)).collect::<Result<std::result::Result<Vec<Story>, String>>>()
}

/// A story that can still be decided of.
fn find(db: &Db, id: StoryId) -> Checked<Story> {
    Ok(match stories::get(db, id)? {
        Some(Story { merged_into: Some(into), .. }) => {
            Err(format!("story {id} was merged into {into}\nhint: name {into}: it holds its notices"))
        }
        Some(story) => Ok(story),
        None => Err(format!("there is no story {id}\nhint: `vigie stories list` shows the latest")),
    })
}
