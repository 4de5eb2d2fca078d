//! `vigie stories list`

use clap::Args;
use jiff::civil::Date;
use serde::Serialize;

use crate::{
    cli::{
        named,
        notices::doubt,
        output::{Output, Table},
    },
    model::{Notice, Review, Story},
    store::{
        notices,
        pairs::{self, Suspicion},
        reviews,
        stories::{self, Doubtful, Filter},
    },
    text,
    work::App,
};

#[derive(Debug, Args)]
pub struct List {
    /// Only those that wait for an editor.
    #[arg(long)]
    pending: bool,
    /// Only those that are kept out, by their relevance or by an editor, and why.
    #[arg(long, conflicts_with = "pending")]
    left_out: bool,
    /// Only those that are perhaps told by another story too.
    #[arg(long)]
    doubtful: bool,
    /// Only those that stand in this section, by its id or its name.
    #[arg(long)]
    section: Option<String>,
    /// Only those first seen from that day on, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// At most that many; 0: all.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    story: Story,
    /// Of the lead, where no editor wrote one.
    lead_title: String,
    source: String,
    notices: usize,
    /// Who decided what it is, and why.
    by: String,
    because: String,
    /// What an editor should look at.
    suspicions: Vec<Suspicion>,
}

pub fn run(args: &List, app: &App, out: &Output) -> anyhow::Result<()> {
    let filter = Filter {
        review: match (args.pending, args.left_out) {
            (true, _) => Some(Review::Pending),
            (_, true) => Some(Review::Rejected),
            _ => None,
        },
        section: args.section.as_deref().map(|name| named::section(app, name)).transpose()?,
        since: args.since.map(|day| named::day(app, day)).transpose()?,
        doubtful: if args.doubtful { Doubtful::Only } else { Doubtful::OrNot },
    };
    // One more than is shown tells whether there are more.
    let most = if args.limit == 0 { u32::MAX } else { args.limit.saturating_add(1) };
    let mut listed = app.store.read(|db| {
        let stories = stories::list(db, &filter, most)?;
        let listed = |story: Story| {
            let lead = notices::get(db, story.lead)?;
            let last = reviews::last(db, story.id)?;
            let (by, because) = last.map(|last| (last.by, last.because)).unwrap_or_default();
            let tellers = stories::tellers(db, story.id)?;
            let mut suspicions = Vec::new();
            for teller in tellers.iter().filter(|_| args.doubtful) {
                suspicions.extend(pairs::suspicions(db, teller.id)?);
            }
            suspicions.retain(|suspicion| suspicion.settled.is_none());
            let (lead_title, source) = lead
                .map(|Notice { title, source, .. }| (title, app.source_name(&source).to_owned()))
                .unwrap_or_default();
            Ok(Listed { notices: tellers.len(), story, lead_title, source, by, because, suspicions })
        };
        stories.into_iter().map(listed).collect::<crate::store::Result<Vec<_>>>()
    })?;
    if args.limit > 0 && listed.len() > args.limit as usize {
        listed.truncate(args.limit as usize);
        out.say(format!("the latest {}; `--limit 0` for all", args.limit));
    }
    out.list(&listed, || table(app, args, &listed))
}

fn table(app: &App, args: &List, listed: &[Listed]) -> Table {
    let date = |story: &Story| app.config.site.zone.to_datetime(story.first_seen).date().to_string();
    let title = |one: &Listed| text::truncate(one.story.title.as_ref().unwrap_or(&one.lead_title), 70);
    if args.left_out {
        let mut table = Table::new(["ID", "DATE", "SECTION", "NATURE", "SOURCE", "BY", "BECAUSE", "TITLE"]);
        for one in listed {
            table.row([
                one.story.id.to_string(),
                date(&one.story),
                one.story.section.to_string(),
                one.story.nature.to_string(),
                one.source.clone(),
                one.by.clone(),
                one.because.replace('\n', " "),
                title(one),
            ]);
        }
        return table;
    }
    if args.doubtful {
        let mut table = Table::new(["ID", "DATE", "REVIEW", "TITLE", "PERHAPS"]);
        for one in listed {
            let perhaps: Vec<String> = one.suspicions.iter().map(|s| doubt(s).trim_end().to_owned()).collect();
            table.row([
                one.story.id.to_string(),
                date(&one.story),
                one.story.review.as_str().to_owned(),
                title(one),
                perhaps.join(" | "),
            ]);
        }
        return table;
    }
    let mut table = Table::new([
        "ID",
        "DATE",
        "REVIEW",
        "SECTION",
        "NATURE",
        "SEVERITY",
        "RELEVANCE",
        "NOTICES",
        "SOURCE",
        "TITLE",
    ]);
    for one in listed {
        table.row([
            one.story.id.to_string(),
            date(&one.story),
            one.story.review.as_str().to_owned(),
            one.story.section.to_string(),
            one.story.nature.to_string(),
            one.story.severity.to_string(),
            one.story.relevance.to_string(),
            one.notices.to_string(),
            one.source.clone(),
            title(one),
        ]);
    }
    table
}
