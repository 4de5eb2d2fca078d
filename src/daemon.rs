//! `vigie run`: what `vigie tick` does, for ever, until SIGTERM or SIGINT.
//!
//! Each use case has a loop of its own, so that none waits for another: an alert leaves while a digest goes out to a hundred
//! thousand readers and a slow source is read. Only what somebody waits for has the full right to a core: the site, alerts and
//! confirmations; the other loops yield to these. Between them there is only the database: what is due stands in it, so a step
//! that is late, lost or done twice changes nothing. On a signal each loop ends with the step under way (pages being fetched
//! are stored, messages on the wire get their reply) and the program with the last of them.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tracing::{error, info, warn};

use crate::work::{
    App, bounce, compose,
    crawl::{self, SourceReport},
    forms,
    health::{self, Told},
    publish, send, tick, tidy, weather,
};

/// How often the database is asked what there is to fetch, to take in, and to tell.
const EVERY: Duration = Duration::from_secs(30);
/// How often it is asked what there is to freeze, to send and to publish: somebody may wait for it.
const SOON: Duration = Duration::from_secs(2);

/// Runs until told to stop.
pub async fn run(app: &Arc<App>) -> anyhow::Result<()> {
    let listen = wait_for_signal(app)?;
    let work = async {
        info!(sources = app.config.sources.len(), data = %app.config.data.display(), "running");
        notify(sd_notify::NotifyState::Ready);
        let worked = work(app).await;
        // One that failed as a whole takes the others with it: the service manager starts them all anew.
        app.stop.cancel();
        worked
    };
    tokio::join!(listen, work).1
}

async fn work(app: &Arc<App>) -> anyhow::Result<()> {
    let Some(_alone) = alone(app).await? else { return Ok(()) };
    let loops = [
        on_its_own(app, "crawl", EVERY, Right::Yields, crawl),
        on_its_own(app, "compose", SOON, Right::Full, compose),
        on_its_own(app, "send", SOON, Right::Yields, send),
        on_its_own(app, "send-urgent", SOON, Right::Full, send_urgent),
        on_its_own(app, "bounces", EVERY, Right::Yields, take_in),
        on_its_own(app, "publish", SOON, Right::Yields, publish),
        on_its_own(app, "keep", EVERY, Right::Yields, keep),
    ];
    let mut running = FuturesUnordered::new();
    let mut ended = Ok(());
    for started in loops {
        match started {
            Ok(one) => running.push(one),
            Err(error) => ended = ended.and(Err(error)),
        }
    }
    if ended.is_err() {
        app.stop.cancel();
    }
    // The right to be the only one is kept until the last of them has ended.
    while let Some(one) = running.next().await {
        if let Err(error) = one {
            app.stop.cancel();
            ended = ended.and(Err(error).context("a loop was stopped"));
        }
    }
    ended
}

/// The right to be the only one that does what is due. Another daemon is waited for: should it die, this one goes on.
async fn alone(app: &App) -> anyhow::Result<Option<tick::Alone>> {
    let mut is_told = false;
    loop {
        if let Some(alone) = tick::alone(app)? {
            return Ok(Some(alone));
        }
        if !std::mem::replace(&mut is_told, true) {
            warn!("another `vigie tick` or `vigie run` is at work: this one waits until it ends");
        }
        if app.stop.run_until_cancelled(tokio::time::sleep(SOON)).await.is_none() {
            return Ok(None);
        }
    }
}

/// What right to a core a loop has, where there are too few.
#[derive(Clone, Copy, PartialEq)]
enum Right {
    Full,
    Yields,
}

/// A step, again and again, on a thread of its own: what blocks one loop, such as a long transaction, holds up no other.
fn on_its_own(
    app: &Arc<App>,
    name: &str,
    pause: Duration,
    right: Right,
    step: impl AsyncFn(&App) + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let app = Arc::clone(app);
    let runtime = tokio::runtime::Builder::new_current_thread().thread_name(name).enable_all().build();
    let runtime = runtime.with_context(|| format!("cannot start the loop `{name}`"))?;
    Ok(tokio::task::spawn_blocking(move || {
        if right == Right::Yields {
            yield_to_others();
        }
        runtime.block_on(async {
            step(&app).await;
            while app.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
                step(&app).await;
            }
        });
    }))
}

/// Lowers the priority of this thread and of those that it starts. In Linux each thread has one of its own (nice(2)), elsewhere
/// only the program as a whole.
#[cfg(target_os = "linux")]
fn yield_to_others() {
    /// Of two threads that want one core, this one gets a tenth of it.
    const NICE: i32 = 10;
    if let Err(error) = rustix::process::nice(NICE) {
        warn!(%error, "a loop has the priority of the site");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

async fn crawl(app: &App) {
    match crawl::crawl(app, &crawl::Which::Due, crawl::Asking::Conditionally, &tell).await {
        Ok(report) if report.busy => warn!("another program is crawling: nothing was done"),
        Ok(_) => {}
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

async fn compose(app: &App) {
    match compose::compose(app, compose::Which::Due) {
        Ok(composed) => composed.iter().for_each(|composed| {
            info!(cadence = %composed.cadence, date = %composed.date, stories = composed.stories,
                deliveries = composed.deliveries, "bulletin frozen");
        }),
        Err(error) => error!("{error:#}"),
    }
}

async fn send(app: &App) {
    send_which(app, send::Which::Ordinary).await;
}

/// What forms asked for besides, which the site did not get to do itself.
async fn send_urgent(app: &App) {
    forms::answer(app);
    send_which(app, send::Which::Urgent).await;
}

async fn send_which(app: &App, which: send::Which) {
    match send::send(app, which, &|_| ()).await {
        Ok(sent) => {
            if sent.sent + sent.deferred + sent.failed > 0 {
                info!(sent = sent.sent, deferred = sent.deferred, failed = sent.failed, "mail");
            }
            if let Some(trouble) = &sent.trouble {
                warn!(%trouble, "mail stays due");
            }
        }
        Err(error) => error!("{error:#}"),
    }
}

async fn take_in(app: &App) {
    match bounce::take_in(app, bounce::Which::Due).await {
        Ok(back) => {
            if back.read > 0 {
                let (read, failed, complaints, left) = (back.read, back.failed, back.complaints, back.left);
                info!(read, failed, complaints, left, unreadable = back.unreadable.len(), "what came back");
            }
            back.trouble.iter().for_each(|trouble| warn!(%trouble, "what came back stays where it is"));
            back.policy.iter().for_each(|(said, times)| warn!(%said, times, "refused for what we are or send"));
        }
        Err(error) => error!("{error:#}"),
    }
}

async fn publish(app: &App) {
    publish::refresh(app).map(drop).unwrap_or_else(|error| error!("{error:#}"));
}

/// Looks at how mail and sources fare, tells the operator, and tidies up.
async fn keep(app: &App) {
    let failed = |error: anyhow::Error| error!("{error:#}");
    weather::look(app).map(drop).unwrap_or_else(failed);
    match health::tell(app).await {
        Ok(Told::Sent { began, ended }) => info!(began, ended, "the operator was told of alarms"),
        Ok(Told::Waiting { why } | Told::Failed { why }) => warn!(%why, "the operator is not told of alarms yet"),
        Ok(Told::Nothing) => {}
        Err(error) => failed(error),
    }
    tidy::tidy(app).map(drop).unwrap_or_else(failed);
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
        info!("stopping: the steps under way end first");
        notify(sd_notify::NotifyState::Stopping);
        app.stop.cancel();
    })
}

/// Tells systemd, where there is one.
fn notify(state: sd_notify::NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "cannot tell the service manager");
    }
}
