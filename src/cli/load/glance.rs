//! What is known of an installation without reading its sources: enough to see that nothing is due.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{base, secret};
use crate::{
    cli::Global,
    config::{self, Config, Context, Input, SourcesFile},
    model::Sections,
    render::Templates,
};

/// The settings, and what stands for every file that is read with them.
pub struct Glance {
    /// As `vigie.toml` says, without the sources.
    pub settings: Config,
    /// Of the octets of all files: the same as long as none of them changes.
    pub print: String,
}

/// Takes it; `None` where only a full reading can tell, or say what is wrong.
pub fn glance(global: &Global) -> Option<Glance> {
    let path = &global.config;
    let base = base(path);
    let octets = std::fs::read(path).ok();
    let text = match &octets {
        Some(octets) => Some(std::str::from_utf8(octets).ok()?),
        None => None,
    };
    let input = text.map(|text| Input { name: "", text });
    let sources = match config::sources_file(input) {
        // They would have to be read.
        SourcesFile::Inline => return None,
        SourcesFile::Beside => base.join("sources.toml"),
        SourcesFile::Named(name) => base.join(name),
    };
    let context = Context {
        base: &base,
        here: &std::env::current_dir().ok()?,
        data: global.data.as_deref(),
        sections: &Sections::default(),
        env: &|name| std::env::var(name).ok(),
        read_secret: &secret,
        selector: &|_| Ok(()),
        named: &|_, _| Ok(()),
    };
    let settings = config::load(input, None, &context).ok()?;
    let mut files = vec![path.clone(), sources];
    files.extend(config::rules_path(input).map(|name| base.join(name)));
    files.extend(config::operators_path(input).map(|name| base.join(name)));
    let templates =
        settings.templates.iter().flat_map(|folder| Templates::names().iter().map(|name| folder.join(name)));
    files.extend(templates);
    Some(Glance { print: print(&files, global.data.as_deref())?, settings })
}

/// The places, and what stands there. A file that is not there is told from an empty one.
fn print(files: &[PathBuf], data: Option<&Path>) -> Option<String> {
    let mut hash = Sha256::new();
    let mut take = |octets: &[u8]| {
        hash.update(octets.len().to_le_bytes());
        hash.update(octets);
    };
    take(env!("CARGO_PKG_VERSION").as_bytes());
    take(data.unwrap_or(Path::new("")).as_os_str().as_encoded_bytes());
    for file in files {
        take(std::path::absolute(file).ok()?.as_os_str().as_encoded_bytes());
        match std::fs::read(file) {
            Ok(octets) => take(&octets),
            Err(error) => take(format!("{:?}", error.kind()).as_bytes()),
        }
    }
    Some(hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect())
}
