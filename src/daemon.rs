//! `vigie run`: the same steps as `vigie tick`, for ever, until SIGTERM or SIGINT.
//!
//! What is due stands in the database, so a step that is late, lost or done twice changes nothing. On a signal the
//! step under way ends (pages being fetched are stored, messages on the wire get their reply) and the program with it.

use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::work::{App, crawl::SourceReport, health::Told, tick};

/// How often the database is asked what is due.
const EVERY: Duration = Duration::from_secs(30);

/// Runs until told to stop.
pub async fn run(app: &App) -> anyhow::Result<()> {
    let listen = wait_for_signal(app)?;
    let work = async {
        info!(sources = app.config.sources.len(), data = %app.config.data.display(), "running");
        notify(sd_notify::NotifyState::Ready);
        step(app).await;
        while app.stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            step(app).await;
        }
    };
    tokio::join!(listen, work);
    Ok(())
}

/// Hears SIGTERM and SIGINT from now on; once one comes, or somebody else says so, everything is told to stop.
pub fn wait_for_signal(app: &App) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
            () = app.stop.cancelled() => (),
        }
        info!("stopping: the step under way ends first");
        notify(sd_notify::NotifyState::Stopping);
        app.stop.cancel();
    })
}

/// One tick, told to the log. A failure is told and does not end the daemon: the next step tries again.
pub async fn step(app: &App) {
    match tick::tick(app, &tell).await {
        Ok(report) if report.busy => warn!("another `vigie tick` or `vigie run` is at work: nothing was done"),
        Ok(report) => {
            for composed in &report.composed {
                info!(cadence = %composed.cadence, date = %composed.date, stories = composed.stories,
                    deliveries = composed.deliveries, "bulletin frozen");
            }
            let back = &report.bounces;
            if back.read > 0 {
                info!(
                    read = back.read,
                    failed = back.failed,
                    complaints = back.complaints,
                    left = back.left,
                    unreadable = back.unreadable.len(),
                    "what came back"
                );
            }
            back.trouble.iter().for_each(|trouble| warn!(%trouble, "what came back stays where it is"));
            back.policy.iter().for_each(|(said, times)| warn!(%said, times, "refused for what we are or send"));
            let sent = &report.send;
            if sent.sent + sent.deferred + sent.failed > 0 {
                info!(sent = sent.sent, deferred = sent.deferred, failed = sent.failed, "mail");
            }
            report.errors.iter().for_each(|error| error!("{error}"));
            if let Some(trouble) = &sent.trouble {
                warn!(%trouble, "mail stays due");
            }
            match &report.told {
                Told::Sent { began, ended } => info!(began, ended, "the operator was told of alarms"),
                Told::Waiting { why } | Told::Failed { why } => warn!(%why, "the operator is not told of alarms yet"),
                Told::Nothing => {}
            }
        }
        Err(error) => error!("{error:#}"),
    }
}

fn tell(report: &SourceReport) {
    let (source, new, revised) = (&report.id, report.new, report.revised);
    if report.failed() {
        warn!(%source, state = report.state.as_str(), next = %report.next_check, "{}", report.detail);
    } else if new + revised > 0 {
        info!(%source, new, revised, "crawled");
    }
}

/// Tells systemd, where there is one.
fn notify(state: sd_notify::NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "cannot tell the service manager");
    }
}
