//! `vigie dkim`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{Exit, Global, load, output::Output};
use crate::{
    clock::Clock,
    config::{self, Config, DkimKey},
    files,
    mail::dkim::{Key, KeyKind, generate, strings, zone_line},
};

#[derive(Debug, Args)]
pub struct Dkim {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key, and print the DNS record to publish and the lines for vigie.toml.
    Generate(Generate),
    /// Print the DNS records of the keys that are set.
    Show,
}

#[derive(Debug, Args)]
struct Generate {
    /// Under which name the key is published [default: `v` with the year and the month]
    #[arg(long, value_name = "S", value_parser = config::selector)]
    selector: Option<String>,
    /// Every receiver verifies RSA, some Ed25519 too; `both` makes two keys, `S-rsa` and `S-ed25519`.
    #[arg(long, value_enum, default_value = "rsa")]
    kind: Kinds,
    /// The folder that keys go into [default: `dkim` beside the settings]
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,
    /// The domain that mail comes from [default: that of the settings]
    #[arg(long, value_name = "D")]
    domain: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kinds {
    Rsa,
    Ed25519,
    Both,
}

/// The public half of a key, as it is to be published.
#[derive(Debug, Serialize)]
struct Record {
    selector: String,
    kind: KeyKind,
    bits: usize,
    file: PathBuf,
    name: String,
    value: String,
    /// The value in the strings that a TXT record is made of.
    strings: Vec<String>,
    /// The line of a zone file.
    zone: String,
}

impl Record {
    fn new(key: &Key, file: &Path, domain: &str) -> Self {
        let (name, value) = (format!("{}._domainkey.{domain}", key.selector()), key.record());
        Self {
            selector: key.selector().to_owned(),
            kind: key.kind(),
            bits: key.bits(),
            file: file.to_owned(),
            strings: strings(&value).into_iter().map(str::to_owned).collect(),
            zone: zone_line(&name, &value),
            name,
            value,
        }
    }

    fn told(&self) -> String {
        let form = if self.strings.len() > 1 { ", where each string may have 255 characters" } else { "" };
        format!(
            "TXT record of {} ({}, {} bits)\n{}\n\nor as lines of a zone file{form}:\n{}\n\n",
            self.name,
            self.kind.as_str(),
            self.bits,
            self.value,
            self.zone
        )
    }
}

pub fn run(args: &Dkim, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Generate(args) => make(args, global, out),
        Verb::Show => show(global, out),
    }
}

fn make(args: &Generate, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let settings = match load::load_without_keys(global) {
        Ok(loaded) => Some(loaded.config),
        // Without settings, a key can be made for a domain that is named.
        Err(_) if args.domain.is_some() && !global.config.exists() => None,
        Err(error) => return Err(error),
    };
    let domain = domain(args, settings.as_ref())?;
    let base = load::base(&global.config);
    let dir = args.dir.clone().unwrap_or_else(|| base.join("dkim"));
    let selector = args.selector.clone().unwrap_or_else(|| Clock::System.now().strftime("v%Y%m").to_string());
    let wanted = match args.kind {
        Kinds::Rsa => vec![(selector, KeyKind::Rsa)],
        Kinds::Ed25519 => vec![(selector, KeyKind::Ed25519)],
        Kinds::Both => {
            [KeyKind::Rsa, KeyKind::Ed25519].map(|kind| (format!("{selector}-{}", kind.as_str()), kind)).to_vec()
        }
    };
    let file = |selector: &str| dir.join(format!("{selector}.pem"));
    // All or nothing: before the first is made.
    if let Some((there, _)) = wanted.iter().find(|(selector, _)| file(selector).exists()) {
        bail!(
            "`{}` is there already\nhint: a key is never replaced: take another name with `--selector`, publish it, then change the settings",
            file(there).display()
        );
    }
    files::create_private_folder(&dir).with_context(|| format!("cannot make the folder `{}`", dir.display()))?;
    let mut records = Vec::new();
    for (selector, kind) in &wanted {
        let pem = generate(*kind)?;
        let key = Key::parse(selector, pem.as_bytes())?;
        let path = file(selector);
        files::write_new_secret(&path, pem.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))?;
        out.say(format!("wrote {}: it is a secret, and only its owner may read it", path.display()));
        records.push(Record::new(&key, &path, &domain));
    }
    let text: String = records.iter().map(Record::told).collect();
    out.text_or_list(&records, &format!("{text}{}", lines(&records, &base, settings.as_ref())))?;
    out.say("next: publish it, write the lines into vigie.toml, then `vigie doctor`");
    Ok(Exit::Done)
}

/// What is signed for; an error that says how to name it.
fn domain(args: &Generate, settings: Option<&Config>) -> anyhow::Result<String> {
    let mail = settings.map(|config| &config.mail);
    let of_keys = mail.and_then(|mail| mail.dkim.as_ref()).map(|dkim| dkim.domain.clone());
    let of_sender = mail.and_then(|mail| mail.from.as_ref()).map(|from| from.address.domain().to_owned());
    args.domain.clone().or(of_keys).or(of_sender).context(
        "there is no domain to sign for\nhint: set `from` under `[mail]`, or give it: `--domain veille.example.fr`",
    )
}

/// The lines for the settings: the keys that are there sign until they are taken out.
fn lines(records: &[Record], base: &Path, settings: Option<&Config>) -> String {
    let there = settings.and_then(|config| config.mail.dkim.as_ref()).map(|dkim| dkim.keys.clone()).unwrap_or_default();
    let new = records.iter().map(|record| DkimKey { selector: record.selector.clone(), file: record.file.clone() });
    let is_new = |key: &DkimKey| records.iter().any(|record| record.selector == key.selector);
    let keys = there.into_iter().filter(|key| !is_new(key)).chain(new).map(|key| {
        let file = match key.file.strip_prefix(base) {
            Ok(inside) => inside.to_owned(),
            Err(_) => std::path::absolute(&key.file).unwrap_or(key.file),
        };
        format!("  {{ selector = \"{}\", file = \"{}\" }},\n", key.selector, file.display())
    });
    format!("in vigie.toml:\n[mail.dkim]\nkeys = [\n{}]\n", keys.collect::<String>())
}

fn show(global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let loaded = load::load(&global.config, global.data.as_deref())?;
    let Some(dkim) = &loaded.config.mail.dkim else {
        out.say("no key is set: mail is not signed here\nhint: `vigie dkim generate` makes one");
        return Ok(Exit::Done);
    };
    let record = |key: &DkimKey| {
        let read = Key::read(&key.selector, &key.file);
        let read = read.map_err(|why| {
            anyhow::anyhow!("the key `{}` {why}\nhint: {}", key.file.display(), why.hint(&key.selector))
        })?;
        Ok(Record::new(&read, &key.file, &dkim.domain))
    };
    let records = dkim.keys.iter().map(record).collect::<anyhow::Result<Vec<_>>>()?;
    out.text_or_list(&records, &records.iter().map(Record::told).collect::<String>())?;
    Ok(Exit::Done)
}
