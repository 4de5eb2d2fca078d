//! A folder of an IMAP server, read from where the last reading ended.

use jiff::{SignedDuration, Timestamp};

use super::{Report, Taken, Which, take};
use crate::{
    config::ImapFolder,
    mail::Imap,
    store::{self, Db, settings},
    work::App,
};

/// How often a server is asked.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How long one that failed is left alone.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// When it is asked next.
const NEXT: &str = "imap-next";
/// Which folder was read, and up to which message.
const LAST: &str = "imap-last";

/// Whether it is time to ask.
pub(super) fn is_due(db: &Db, now: Timestamp) -> store::Result<bool> {
    let next = settings::get(db, NEXT)?.and_then(|at| at.parse::<Timestamp>().ok());
    // A time that lies further off than any pause is that of a clock that was set back.
    Ok(next.is_none_or(|next| next <= now || next.duration_since(now) > PAUSE))
}

/// Takes in what came since, and what nobody saw. A mail is marked when it is taken in: after a crash in between it is read again,
/// and known.
pub(super) async fn take_mailbox(
    app: &App,
    folder: &ImapFolder,
    which: Which,
    report: &mut Report,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    if which == Which::Due && !app.store.read(|db| is_due(db, now))? {
        return Ok(());
    }
    let done = conversation(app, folder, report).await;
    let pause = if done.is_ok() { EVERY } else { PAUSE };
    let next = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    app.store.write(|tx| settings::set(tx, NEXT, &next.to_string()))?;
    done
}

async fn conversation(app: &App, folder: &ImapFolder, report: &mut Report) -> anyhow::Result<()> {
    let mut imap = Imap::open(folder).await?;
    // Numbers hold for one folder of one server, as long as it says so.
    let place = format!("{} {} {} {}", folder.host, folder.login.user, folder.folder, imap.validity());
    let known = app.store.read(|db| settings::get(db, LAST))?.unwrap_or_default();
    let last = known.strip_prefix(&place).and_then(|last| last.trim().parse().ok()).unwrap_or(0);
    for uid in imap.waiting(last).await? {
        if app.stop.is_cancelled() {
            break;
        }
        let Some(octets) = imap.fetch(uid).await? else { continue };
        let taken = take(app, &octets, None)?;
        let (is_puzzling, is_early) = (matches!(taken, Taken::Unreadable { .. }), taken == Taken::Early);
        report.count(taken, || format!("message {uid} in `{}`", folder.folder));
        // Unseen, it is found again.
        if is_early {
            continue;
        }
        imap.seen(uid).await?;
        if uid > last {
            app.store.write(|tx| settings::set(tx, LAST, &format!("{place} {uid}")))?;
        }
        // What somebody is to look at stays where it was.
        if !is_puzzling {
            imap.put_away(uid).await?;
        }
    }
    imap.quit().await;
    Ok(())
}
