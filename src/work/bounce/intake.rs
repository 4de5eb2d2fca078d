//! The places where what came back lies: files, folders, and what the settings name.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::Timestamp;

use super::{Report, Taken, Which, imap, take};
use crate::{
    config::Config,
    files::{
        Mails,
        maildir::{self, Away},
    },
    mail::bounce::LOOKED_AT,
    store::{self, Db},
    work::App,
};

/// Reads what the settings name: a maildir, a folder of an IMAP server. A place that fails does not keep the other from being read.
pub async fn take_in(app: &App, which: Which) -> anyhow::Result<Report> {
    let settings = &app.config.bounces;
    if settings.maildir.is_none() && settings.imap.is_none() {
        return Ok(Report::default());
    }
    let Some(_alone) = app.alone("bounces")? else { return Ok(Report { busy: true, ..Report::default() }) };
    let mut report = Report::default();
    if let Some(folder) = &settings.maildir
        && let Err(error) = take_folder(app, folder, &mut report)
    {
        report.trouble.push(format!("{error:#}"));
    }
    if let Some(settings) = &settings.imap
        && let Err(error) = imap::take_mailbox(app, settings, which, &mut report).await
    {
        report.trouble.push(format!("{error:#}"));
    }
    Ok(report)
}

/// Whether there may be something to read in what the settings name.
pub fn is_due(config: &Config, db: &Db, now: Timestamp) -> store::Result<bool> {
    let waits = |folder: &PathBuf| maildir::waiting(folder).map_or(true, |waiting| !waiting.is_empty());
    if config.bounces.maildir.as_ref().is_some_and(waits) {
        return Ok(true);
    }
    config.bounces.imap.as_ref().map_or(Ok(false), |_| imap::is_due(db, now))
}

/// Reads a maildir, or a folder of files: each mail is put away once it is taken in. Read twice, after a crash in between, it is
/// known and changes nothing.
pub fn take_folder(app: &App, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let waiting = maildir::waiting(folder).with_context(|| {
        format!("cannot read the folder `{}`\nhint: name a maildir, or a folder of files", folder.display())
    })?;
    for path in waiting {
        if app.stop.is_cancelled() {
            break;
        }
        let Some(octets) = maildir::read(&path, LOOKED_AT)? else { continue };
        let taken = take(app, &octets, None)?;
        let how = match &taken {
            Taken::Early => None,
            Taken::Unreadable { .. } => Some(Away::Puzzling),
            _ => Some(Away::Read),
        };
        if let Some(how) = how {
            maildir::put_away(folder, &path, how)
                .context("what was read cannot be put away\nhint: make the folder writable for this user")?;
        }
        report.count(taken, || path.display().to_string());
    }
    Ok(())
}

/// Reads the mails of a file, one or many, without touching it. `kept` is asked to keep what cannot be understood, and says where.
pub fn take_file(
    app: &App,
    reader: impl BufRead,
    envelope: Option<&str>,
    report: &mut Report,
    kept: impl Fn(usize, &[u8]) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    for (number, mail) in Mails::new(reader, LOOKED_AT).enumerate() {
        let octets = mail.context("cannot be read")?;
        let taken = take(app, &octets, envelope)?;
        let name = match &taken {
            Taken::Unreadable { .. } => kept(number + 1, &octets)?,
            _ => String::new(),
        };
        report.count(taken, || name);
    }
    Ok(())
}
