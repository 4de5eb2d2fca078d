//! `vigie bounces`

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use sha2::{Digest, Sha256};

use super::{
    Exit, Global, load,
    output::{Output, count},
};
use crate::{
    files,
    work::{
        App,
        bounce::{self, Report, Which},
    },
};

/// So many mails that came through a pipe and could not be understood are kept: rubbish must not fill the disk.
const MOST_KEPT: usize = 1_000;

#[derive(Debug, Args)]
pub struct Bounces {
    /// A maildir, a folder of files, an mbox, one mail; `-` for a mail from standard input [default: what `[bounces]` names]
    #[arg(value_name = "FILE|DIR|-")]
    places: Vec<PathBuf>,
    /// Whom the mail was sent to, where a mail server pipes it in and its fields do not say.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

impl Bounces {
    /// Whether a mail server waits at the other end of a pipe.
    fn is_piped(&self) -> bool {
        self.places.iter().any(|place| place == Path::new("-"))
    }
}

pub async fn run(args: &Bounces, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    match take_in(args, global, out).await {
        // Whatever is wrong here, the mail is not: the server is to keep it and try again.
        Err(error) if args.is_piped() => {
            super::fail(&error);
            Ok(Exit::Later)
        }
        other => other,
    }
}

async fn take_in(args: &Bounces, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let app = load::app(global)?;
    let report = if args.places.is_empty() {
        let settings = &app.config.bounces;
        if settings.maildir.is_none() && settings.imap.is_none() {
            bail!(
                "no place is named to read from\nhint: name a file or folder, or set `maildir` of `[bounces]`, or `[bounces.imap]`"
            );
        }
        bounce::take_in(&app, Which::All).await?
    } else {
        let mut report = Report::default();
        for place in &args.places {
            read(&app, place, args.to.as_deref(), &mut report)?;
        }
        report
    };
    out.data(&report, String::new)?;
    let exit = tell(&report, out);
    if args.is_piped() && report.early > 0 {
        return Ok(Exit::Later);
    }
    // The mail is taken in: the server need not know that somebody is to look at it.
    Ok(if args.is_piped() { Exit::Done } else { exit })
}

fn read(app: &App, place: &Path, to: Option<&str>, report: &mut Report) -> anyhow::Result<()> {
    if place == Path::new("-") {
        let keep = |_, octets: &[u8]| keep(&app.config.data.join("bounces"), octets);
        return bounce::take_file(app, std::io::stdin().lock(), to, report, keep).context("standard input");
    }
    let named = || format!("`{}`", place.display());
    if place.is_dir() {
        return bounce::take_folder(app, place, report);
    }
    let file = File::open(place).with_context(|| format!("cannot open {}\nhint: name a file or a folder", named()))?;
    let name = |number, _: &[u8]| Ok(format!("mail {number} of {}", named()));
    bounce::take_file(app, BufReader::new(file), to, report, name).with_context(named)
}

/// Keeps a mail that came through a pipe, under a name that stands for what it holds; where it lies.
fn keep(folder: &Path, octets: &[u8]) -> anyhow::Result<String> {
    files::create_private_folder(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let digest: String = Sha256::digest(octets).iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    let path = folder.join(format!("{digest}.eml"));
    let is_full = std::fs::read_dir(folder).is_ok_and(|entries| entries.count() >= MOST_KEPT);
    if !is_full && !path.exists() {
        files::write_file(&path, octets).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(path.display().to_string())
}

/// Tells a person what was read, and names what is to be looked at.
pub fn tell(report: &Report, out: &Output) -> Exit {
    if report.busy {
        out.say("another program is reading what came back: nothing to do");
        return Exit::Done;
    }
    let Report { failed, delayed, delivered, complaints, left, again, automatic, letters, unknown, early, .. } = report;
    let refused: usize = report.policy.values().sum();
    let told = [
        (*failed, "failure"),
        (refused, "refusal of what we are or send"),
        (*delayed, "delay"),
        (*delivered, "success"),
        (*complaints, "complaint"),
        (*left, "request to leave"),
        (*again, "known already"),
        (*automatic, "automatic"),
        (*letters, "of no concern"),
        (*unknown, "of nothing of ours"),
        (*early, "of a message that is still being sent, left for the next time"),
        (report.unreadable.len(), "not understood"),
    ];
    let told: Vec<String> = told.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match told.is_empty() {
        // What could not be read may hold something.
        true if !report.trouble.is_empty() => {}
        true => out.say("nothing came back"),
        false => out.say(format!("{} read: {}", count(report.read, "mail"), told.join(", "))),
    }
    for (ground, number) in &report.suppressed {
        out.say(format!("{} given up: {ground} (`vigie subscribers suppressed`)", count(*number, "address")));
    }
    for (said, number) in &report.policy {
        out.complain(format!("{number} ×: {said}"));
    }
    if refused > 0 {
        out.complain("hint: no reader is given up for it; look at SPF, DKIM, DMARC and what the server's keepers say");
    }
    for unread in &report.unreadable {
        out.complain(format!("{}: {}; it was kept", unread.name, unread.why));
    }
    for trouble in &report.trouble {
        out.complain(trouble);
    }
    if report.complete() { Exit::Done } else { Exit::Partly }
}
