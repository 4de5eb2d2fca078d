//! Writes the feeds and the pages as files that any web server can serve.

use std::path::Path;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::{
    App,
    site::{self, Asked, Found},
};
use crate::{
    config::Config,
    files::{Folder, Written},
    model::SitePath,
    render::Medium,
    store::{self, Db, Tx, settings},
};

/// Set while something is stored that the folder does not show yet.
const PENDING: &str = "publish-pending";
/// Counts what changed of what the site shows.
const STATE: &str = "site-state";
/// Of which settings the folder was written.
const WRITTEN_AS: &str = "published-as";

/// Something came in that the folder and the pages in memory do not show yet: to be said in the transaction that stores it.
pub fn announce(tx: &Tx) -> store::Result<()> {
    settings::set(tx, PENDING, "yes")?;
    let next = state(tx)?.wrapping_add(1);
    settings::set(tx, STATE, &next.to_string())
}

/// What number what the site shows bears: another one once anything of it changed.
pub fn state(db: &Db) -> store::Result<u64> {
    Ok(settings::get(db, STATE)?.and_then(|state| state.parse().ok()).unwrap_or(0))
}

/// Publishes what changed since the folder was written: documents, editions, settings, or the folder itself. How many
/// files moved.
pub fn refresh(app: &App) -> anyhow::Result<usize> {
    let print = print(app);
    if app.store.read(|db| standing(&app.config, db))?.as_ref() == Some(&print) {
        return Ok(0);
    }
    // While it is being written the folder is of no settings: a program that dies here leaves work for the next.
    app.store.write(|tx| {
        settings::set(tx, WRITTEN_AS, "")?;
        settings::set(tx, PENDING, "")
    })?;
    let published = publish(app, None)?;
    app.store.write(|tx| settings::set(tx, WRITTEN_AS, &print))?;
    Ok(published.written + published.removed)
}

/// Of which settings the folder stands as the database would have it; `None` when it does not.
pub(super) fn standing(config: &Config, db: &Db) -> store::Result<Option<String>> {
    let pending = settings::get(db, PENDING)?.is_some_and(|pending| !pending.is_empty());
    let written = settings::get(db, WRITTEN_AS)?.filter(|print| !print.is_empty() && !pending);
    Ok(written.filter(|_| config.publish.out.join(SitePath::Home.to_string()).exists()))
}

/// What the pages depend on besides the database.
fn print(app: &App) -> String {
    let mut hash = Sha256::new();
    let mut take = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    take(env!("CARGO_PKG_VERSION"));
    take(&format!("{:?}{:?}", app.config.site, app.config.publish));
    app.templates.texts().iter().for_each(|text| take(text));
    app.rules.sections().iter().for_each(|section| {
        take(section.id.as_str());
        take(&section.name);
    });
    for source in &app.config.sources {
        [source.id.as_str(), &source.name, source.url.as_str(), source.kind.as_str(), source.licence.as_str()]
            .into_iter()
            .chain([source.authority.as_str()])
            .for_each(&mut take);
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Writes the folder: every page and feed that does not need a server to answer.
pub fn publish(app: &App, out: Option<&Path>) -> anyhow::Result<Written> {
    let out = out.unwrap_or(&app.config.publish.out);
    // A web server would hand out the database.
    let (data, folder) = (std::path::absolute(&app.config.data)?, std::path::absolute(out)?);
    if data.starts_with(&folder) || folder.starts_with(&data) {
        bail!("`{}` and the data folder hold each other\nhint: name another folder with `--out`", out.display());
    }
    // One at a time: all of them would fill the memory.
    let written = || -> anyhow::Result<Written> {
        let mut folder = Folder::open(out)?;
        for path in site::all(app)? {
            // What has nothing to say, such as a calendar without days, is not there.
            if let Found::Page(bytes) = site::find(app, &Asked::first(path.clone()), Medium::Folder)? {
                folder.put(&path.to_string(), &bytes)?;
            }
        }
        Ok(folder.finish()?)
    };
    written().with_context(|| {
        format!(
            "cannot write the folder `{}`\nhint: it must be writable, with room on its disk, and hold nothing of others under our names; `--out` names another",
            out.display()
        )
    })
}
