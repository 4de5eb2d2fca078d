//! `vigie search`

use clap::Args;
use jiff::{Timestamp, civil::Date};

use super::{Exit, named, output::Output};
use crate::{
    normalise::terms::Query,
    store::search::{self, Filter, Found, Order},
    text,
    work::{self, App},
};

#[derive(Debug, Args)]
pub struct Search {
    /// Words, all of which must be there; "several in quotation marks" stand together; start* is any word that begins so.
    #[arg(required = true)]
    words: Vec<String>,
    /// Only on this shelf, by its id or its name.
    #[arg(long)]
    section: Option<String>,
    /// Only of this nature, such as `avis`.
    #[arg(long)]
    nature: Option<String>,
    /// Only from this source.
    #[arg(long)]
    source: Option<String>,
    /// Only from that day on, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// Only until that day, with it, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Only of this severity or a greater one, such as `high`.
    #[arg(long)]
    severity: Option<String>,
    /// At most that many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// The best matches first, and not the newest.
    #[arg(long)]
    best: bool,
}

pub fn run(args: &Search, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let filter = Filter {
        section: args.section.as_deref().map(|name| named::section(app, name)).transpose()?,
        nature: args.nature.as_deref().map(named::nature).transpose()?,
        source: args.source.as_deref().map(named::source).transpose()?,
        since: args.since.map(|day| named::day(app, day)).transpose()?,
        until: args.until.map(|day| named::day(app, day.tomorrow()?)).transpose()?,
        least_severity: args.severity.as_deref().map(named::severity).transpose()?,
    };
    let query = Query::parse(&args.words.join(" "));
    if query.is_empty() {
        out.complain("error: there is no word to look for\nhint: write one, such as `vigie search collectivités`");
        return Ok(Exit::Usage);
    }
    work::search::catch_up(app)?;
    let order = if args.best { Order::Best } else { Order::Newest };
    let found = app.store.read(|db| search::find(db, &query, &filter, order, args.limit))?;
    if found.is_empty() {
        out.say("no notice has all of these words");
    }
    let page: Vec<String> = found.iter().map(|found| shown(app, found)).collect();
    out.text_or_list(&found, &page.join("\n"))?;
    Ok(Exit::Done)
}

/// Title, address and excerpt below a line that says when, what and where.
fn shown(app: &App, found: &Found) -> String {
    let notice = &found.notice;
    let date = |at: Timestamp| at.to_zoned(app.config.site.zone.clone()).date().to_string();
    let date = notice.published.map_or_else(|| date(notice.first_seen), |d| d.date(&app.config.site.zone).to_string());
    let mut page =
        format!("{date}  {}  {}  {}\n", notice.nature, app.rules.sections().name(&notice.section), notice.id);
    page += &format!("  {}\n", text::collapse(&notice.title));
    if let Some(url) = &notice.url {
        page += &format!("  {url}\n");
    }
    if !found.excerpt.text.is_empty() {
        page += &format!("  {}\n", found.excerpt.marked("*", "*"));
    }
    page
}
