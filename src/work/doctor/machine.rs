//! What stands on this machine: the data folder, its disk, the database, the clock.

use std::{collections::BTreeSet, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Check, Grade};
use crate::{
    clock::Clock,
    config::Config,
    files,
    model::SourceId,
    store::{Store, alarms, fetches},
    work::App,
};

/// Under this, a crawl of a morning may fill the disk; under ten times this, somebody should know.
const LEAST_ROOM: u64 = 200 << 20;
/// How long the database is looked through.
const LOOK: Duration = Duration::from_secs(3);
/// By how much two readings of a clock that is kept right may differ.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn checks(config: &Config, app: &anyhow::Result<&App>, clock: Clock) -> Vec<Check> {
    let data = &config.data;
    let mut checks = vec![folder(data), disk(data)];
    match app {
        Ok(app) => checks.extend([database(&app.store), the_clock(&app.store, clock), sources(app)]),
        Err(error) => {
            let fix = format!("{error:#}").split_once("\nhint: ").map(|(_, hint)| hint.to_owned());
            let found = error.to_string().lines().next().unwrap_or_default().to_owned();
            checks.push(Check::new("database", Grade::Fail, found, fix));
            checks.push(Check::skip("clock", "there is nothing to compare it with: the database cannot be opened"));
        }
    }
    checks
}

fn folder(data: &Path) -> Check {
    let shown = data.display();
    let probe = data.join(format!(".vigie-doctor-{}", std::process::id()));
    let written = files::write_new_secret(&probe, b"x").and_then(|()| std::fs::remove_file(&probe));
    match (written, files::is_open_to_all(data)) {
        (Err(error), _) => {
            let fix = format!("make it writable for the user that runs Vigie: `chown -R vigie: {shown}`");
            Check::new("data", Grade::Fail, format!("`{shown}` cannot be written in: {error}"), Some(fix))
        }
        (Ok(()), Ok(true)) => {
            let found =
                format!("`{shown}`, which holds the addresses of readers, is open to every user of this machine");
            Check::new("data", Grade::Warn, found, Some(format!("`chmod 700 {shown}`")))
        }
        (Ok(()), _) => Check::ok("data", format!("`{shown}` can be written in, and is closed to others")),
    }
}

fn disk(data: &Path) -> Check {
    let room = match files::room(data) {
        Ok(room) => room,
        Err(error) => return Check::skip("disk", format!("its room cannot be read: {error}")),
    };
    let found = format!("{} MiB are left for `{}`", room >> 20, data.display());
    let fix = || Some(String::from("make room, or let `[store] data` name a folder on another disk"));
    match room {
        room if room < LEAST_ROOM => Check::new("disk", Grade::Fail, found, fix()),
        room if room < 10 * LEAST_ROOM => Check::new("disk", Grade::Warn, found, fix()),
        _ => Check::ok("disk", found),
    }
}

fn database(store: &Store) -> Check {
    let restore = "stop Vigie, keep a copy of the files, and put back the last backup of the data folder";
    let failed = |found: String| Check::new("database", Grade::Fail, found, Some(restore.to_owned()));
    let (schema, known) = match store.schema() {
        Ok(schema) => schema,
        Err(error) => return failed(error.to_string()),
    };
    match store.quick_check(LOOK) {
        Err(error) => failed(error.to_string()),
        Ok(Some(wrong)) if !wrong.is_empty() => failed(format!("the database is damaged: {}", wrong.join("; "))),
        Ok(Some(_)) => Check::ok("database", format!("schema {schema} of {known}, and SQLite finds nothing wrong")),
        Ok(None) => {
            let found = format!("schema {schema} of {known}; it is too large to look through in {} s", LOOK.as_secs());
            Check::new("database", Grade::Skip, found, Some("`sqlite3 vigie.db 'PRAGMA quick_check'`".into()))
        }
    }
}

/// How many sources somebody must look at.
fn sources(app: &App) -> Check {
    let open = match app.store.read(alarms::all_open) {
        Ok(open) => open,
        Err(error) => return Check::skip("sources", error.to_string()),
    };
    let broken: BTreeSet<&SourceId> =
        open.iter().filter(|raised| raised.alarm.kind.is_broken()).map(|raised| &raised.source).collect();
    let watched = app.config.sources.iter().filter(|source| broken.contains(&source.id)).count();
    match watched {
        0 => Check::ok("sources", "none is known to be broken"),
        n => {
            let found = format!("{n} of {} are broken", app.config.sources.len());
            Check::new("sources", Grade::Warn, found, Some("`vigie sources health --broken` says what to try".into()))
        }
    }
}

fn the_clock(store: &Store, clock: Clock) -> Check {
    let now = clock.now();
    let fix = || Some(String::from("`timedatectl set-ntp true`, then look at `timedatectl`"));
    let built: Timestamp = Timestamp::constant(1_764_000_000, 0);
    match store.read(fetches::last) {
        Ok(Some(last)) if last > now.saturating_add(SLACK).unwrap_or(now) => {
            let found = format!("it says {now:.0}, but something was written down at {last:.0}: one of them is wrong");
            Check::new("clock", Grade::Fail, found, fix())
        }
        _ if now < built => {
            Check::new("clock", Grade::Fail, format!("it says {now:.0}, which is before this program was made"), fix())
        }
        Ok(Some(last)) => Check::ok("clock", format!("it says {now:.0}; what was last written down is of {last:.0}")),
        Ok(None) | Err(_) => {
            Check::ok("clock", format!("it says {now:.0}; nothing is written down to compare it with"))
        }
    }
}
