//! `vigie tick`

use anyhow::bail;

use super::{Exit, Global, bounces, compose, crawl, load, output::Output, send};
use crate::{
    clock::Clock,
    work::{
        health::Told,
        tick::{self, Report},
    },
};

/// Cron mails what is printed: nothing is, unless something was done or failed.
pub async fn run(global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let report = report(global).await?;
    out.data(&report, String::new)?;
    if report.busy {
        out.say("another `vigie tick` or `vigie run` is at work: nothing to do");
        return Ok(Exit::Done);
    }
    let crawled = if report.crawl.sources.is_empty() { Exit::Done } else { crawl::tell(&report.crawl, out) };
    let returned = if report.bounces.is_empty() { Exit::Done } else { bounces::tell(&report.bounces, out) };
    compose::tell(&report.composed, out);
    let send = &report.send;
    let idle = send.sent + send.deferred + send.failed + send.cancelled == 0 && send.trouble.is_none();
    let sent = if idle { Exit::Done } else { send::tell(send, out) };
    let told = match &report.told {
        Told::Sent { began, ended } => {
            out.say(format!("the operator was told: {began} began, {ended} ended"));
            Exit::Done
        }
        Told::Waiting { why } => {
            out.say(format!("the operator is not told of alarms yet: {why}"));
            Exit::Done
        }
        Told::Failed { why } => {
            out.complain(format!("the operator cannot be told of alarms, it is tried again in an hour: {why}"));
            Exit::Partly
        }
        Told::Nothing => Exit::Done,
    };
    if !report.errors.is_empty() {
        bail!("{}", report.errors.join("\n"));
    }
    let is_partly = [crawled, returned, sent, told].contains(&Exit::Partly);
    Ok(if is_partly { Exit::Partly } else { sent })
}

/// Does what is due. Nine times in ten that is nothing, and then the sources are not even read.
async fn report(global: &Global) -> anyhow::Result<Report> {
    // Before the files are read in full: what changes in between is seen by the next tick.
    let glance = load::glance(global);
    // What goes wrong here goes wrong below too, and is told there.
    let is_idle =
        |glance: &load::Glance| tick::is_idle(&glance.settings, &glance.print, Clock::System.now()).unwrap_or(false);
    if glance.as_ref().is_some_and(is_idle) {
        return Ok(Report::nothing());
    }
    let app = load::app(global)?;
    let report = tick::tick(&app, &|_| ()).await?;
    if let Some(glance) = glance {
        tick::remember(&app, &report, &glance.print)?;
    }
    Ok(report)
}
