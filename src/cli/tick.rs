//! `vigie tick`

use anyhow::bail;

use super::{Exit, compose, crawl, output::Output, send};
use crate::work::{App, health::Told, tick};

/// Cron mails what is printed: nothing is, unless something was done or failed.
pub async fn run(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let report = tick::tick(app, &|_| ()).await?;
    out.data(&report, String::new)?;
    if report.busy {
        out.say("another `vigie tick` or `vigie run` is at work: nothing to do");
        return Ok(Exit::Done);
    }
    let crawled = if report.crawl.sources.is_empty() { Exit::Done } else { crawl::tell(&report.crawl, out) };
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
    let is_partly = [crawled, sent, told].contains(&Exit::Partly);
    Ok(if is_partly { Exit::Partly } else { sent })
}
