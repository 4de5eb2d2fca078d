//! `vigie crawl`

use clap::Args;

use super::{
    Exit,
    output::{Output, Table, count},
};
use crate::work::{
    App,
    crawl::{self, Asking, Report, SourceReport, Which},
};

#[derive(Debug, Args)]
pub struct Crawl {
    /// Only these, due or not.
    sources: Vec<String>,
    /// All sources, due or not.
    #[arg(long)]
    force: bool,
    /// Ask for whole pages, also where nothing changed (implies --force unless sources are named).
    #[arg(long)]
    full: bool,
}

pub async fn run(args: &Crawl, app: &App, out: &Output) -> anyhow::Result<Exit> {
    if app.config.sources.is_empty() && args.sources.is_empty() {
        out.say("there is no source to watch\nhint: `vigie init` writes a `sources.toml` to start from");
        return Ok(Exit::Done);
    }
    let which = match args.sources.as_slice() {
        [] if args.force || args.full => Which::All,
        [] => Which::Due,
        names => Which::Named(names.to_vec()),
    };
    let asking = if args.full { Asking::InFull } else { Asking::Conditionally };
    let bar = out.progress(app.config.sources.len() as u64);
    let report = crawl::crawl(app, &which, asking, &|source| {
        bar.inc(1);
        bar.set_message(source.id.to_string());
    })
    .await?;
    bar.finish_and_clear();
    out.list(&report.sources, Table::default)?;
    let told = tell(&report, out);
    // Who names a source wants it asked.
    let skipped = !args.sources.is_empty() && report.sources.iter().any(|source| source.skipped);
    Ok(if skipped { Exit::Partly } else { told })
}

/// Tells a person what a crawl brought, and names what failed.
pub fn tell(report: &Report, out: &Output) -> Exit {
    if report.busy {
        out.say("another crawl is under way: nothing to do");
        return Exit::Done;
    }
    for source in &report.sources {
        tell_source(source, out);
    }
    if report.sources.is_empty() {
        out.say("no source is due\nhint: `vigie sources health` says when each is; `--force` asks them all now");
        return Exit::Done;
    }
    let failed = report.failed().count();
    let sum = |of: fn(&SourceReport) -> u32| report.sources.iter().map(of).sum::<u32>();
    out.say(format!(
        "{}: {} new, {} revised, {} known under another address or from another source, {} copied from another, {} of a known event; {} failed",
        count(report.sources.len(), "source"),
        sum(|s| s.new),
        sum(|s| s.revised),
        sum(|s| s.duplicates),
        sum(|s| s.copies),
        sum(|s| s.joined),
        failed,
    ));
    if failed > 0 { Exit::Partly } else { Exit::Done }
}

fn tell_source(source: &SourceReport, out: &Output) {
    let id = &source.id;
    if source.skipped {
        out.say(format!("{id}: not asked: {}", source.detail));
    } else if source.failed() {
        let status = source.status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        let mut lines = source.detail.lines();
        out.complain(format!("{id}: {}{status}: {}", source.state.as_str(), lines.next().unwrap_or_default()));
        lines.for_each(|line| out.complain(format!("  {line}")));
    } else if source.new + source.revised + source.copies + source.duplicates > 0 {
        out.say(format!("{id}: {} new, {} revised of {}", source.new, source.revised, source.drafts));
    }
    if source.exploited > 0 {
        out.say(format!("{id}: {} newly known as exploited", count(source.exploited, "vulnerability")));
    }
    if !source.failed() {
        for problem in source.problems.iter().take(5) {
            out.say(format!("{id}: {problem}"));
        }
        if source.problems.len() > 5 {
            out.say(format!("{id}: and {} more problems: `vigie sources health {id}`", source.problems.len() - 5));
        }
    }
    if let Some(moved) = &source.moved_to {
        out.say(format!("{id}: moved for good\nhint: set its `url` to \"{moved}\" in `sources.toml`"));
    }
}
