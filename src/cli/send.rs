//! `vigie send`

use clap::Args;

use super::{Exit, output::Output};
use crate::work::{
    App,
    send::{self, Report, Which},
};

#[derive(Debug, Args)]
pub struct Send {
    /// Also try at once what was refused and waits for its next try.
    #[arg(long)]
    now: bool,
}

pub async fn run(args: &Send, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let which = if args.now { Which::Waiting } else { Which::Due };
    let bar = out.progress(0);
    let report = send::send(app, which, &|sent| bar.set_message(format!("{sent} sent"))).await?;
    bar.finish_and_clear();
    out.data(&report, String::new)?;
    Ok(tell(&report, out))
}

/// Tells a person what went out, and names what did not.
pub fn tell(report: &Report, out: &Output) -> Exit {
    if report.busy {
        out.say("another program is sending: nothing to do");
        return Exit::Done;
    }
    out.say(format!(
        "{} sent, {} refused for now, {} refused for good, {} no longer wanted",
        report.sent, report.deferred, report.failed, report.cancelled
    ));
    for (reply, times) in &report.refusals {
        out.complain(format!("{times} ×: {reply}"));
    }
    if !report.refusals.is_empty() {
        out.say("hint: `vigie bulletins deliveries ID` names whom, `vigie send --now` tries again at once");
    }
    if let Some(trouble) = &report.trouble {
        out.complain(format!("stopped: {trouble}\nwhat was left stays due"));
    }
    if report.complete() { Exit::Done } else { Exit::Partly }
}
