//! Reads the configuration, and opens the installation.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::{
    Exit, Global,
    output::{Output, count},
};
use crate::{
    classify::Rules,
    clock::Clock,
    config::{self, Config, Context, Input, Problems, SourcesFile},
    render::Templates,
    work::App,
};

/// A configuration that cannot be used: told as it is, with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{0}")]
    Problems(Problems),
    #[error("{0}")]
    Other(String),
}

/// A configuration with what it refers to.
pub struct Loaded {
    pub config: Config,
    pub rules: Rules,
    pub templates: Templates,
    /// Which files were read.
    pub files: Vec<PathBuf>,
}

/// Opens the installation that the global options name.
pub(super) fn app(global: &Global) -> anyhow::Result<App> {
    let loaded = load(&global.config, global.data.as_deref())?;
    App::open(loaded.config, loaded.rules, loaded.templates, Clock::System)
}

/// `vigie check`: every problem of both files, or what they say.
pub(super) fn check(global: &Global, out: &Output) -> anyhow::Result<Exit> {
    match load(&global.config, global.data.as_deref()) {
        Ok(loaded) => {
            let files: Vec<String> = loaded.files.iter().map(|path| format!("`{}`", path.display())).collect();
            let read = files.join(", ");
            out.data(&serde_json::json!({ "problems": [], "sources": loaded.config.sources.len() }), || {
                format!("{read}: no problem, {}", count(loaded.config.sources.len(), "source"))
            })?;
            Ok(Exit::Done)
        }
        Err(error) => match error.downcast_ref::<ConfigError>() {
            Some(ConfigError::Problems(problems)) => {
                out.data(&serde_json::json!({ "problems": problems }), String::new)?;
                out.complain(problems.to_string());
                Ok(Exit::Usage)
            }
            _ => Err(error),
        },
    }
}

/// Reads the settings named by `path` (absent: defaults), the sources beside them, the rules and the templates.
pub fn load(path: &Path, data: Option<&Path>) -> anyhow::Result<Loaded> {
    let base = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let shown = path.display().to_string();
    let settings = text(path)?;
    // Named by hand, it must be there; the default need not be.
    if settings.is_none() && path != Path::new("vigie.toml") {
        let hint = "hint: `vigie init` writes one to start from";
        return Err(ConfigError::Other(format!("there is no file `{shown}`\n{hint}")).into());
    }
    let input = settings.as_deref().map(|text| Input { name: &shown, text });
    let rules = match config::rules_path(input) {
        None => Rules::embedded(),
        Some(name) => {
            let path = base.join(&name);
            let text = text(&path)?.ok_or_else(|| {
                ConfigError::Other(format!(
                    "there is no file `{}`\nhint: `rules` in `{shown}` names it",
                    path.display()
                ))
            })?;
            Rules::parse(&path.display().to_string(), &text).map_err(ConfigError::Other)?
        }
    };
    let mut files: Vec<PathBuf> = settings.iter().map(|_| path.to_owned()).collect();
    let sources = match config::sources_file(input) {
        SourcesFile::Inline => None,
        SourcesFile::Beside => {
            let path = base.join("sources.toml");
            text(&path)?.map(|text| (path, text))
        }
        SourcesFile::Named(name) => {
            let path = base.join(name);
            let text = text(&path)?.ok_or_else(|| {
                let hint = format!("hint: `sources` in `{shown}` names it");
                ConfigError::Other(format!("there is no file `{}`\n{hint}", path.display()))
            })?;
            Some((path, text))
        }
    };
    if settings.is_none() && sources.is_none() {
        let hint = "hint: `vigie init` writes both to start from; `--config` names another place";
        let text = format!("there is neither `{shown}` nor `{}`\n{hint}", base.join("sources.toml").display());
        return Err(ConfigError::Other(text).into());
    }
    files.extend(sources.iter().map(|(path, _)| path.clone()));
    let sources = sources.map(|(path, text)| (path.display().to_string(), text));
    let sources = sources.as_ref().map(|(name, text)| Input { name, text });
    let context = Context {
        base: &base,
        sections: rules.sections(),
        env: &|name| std::env::var(name).ok(),
        read_secret: &|path| {
            std::fs::read_to_string(path).map(|secret| secret.trim_end().to_owned()).map_err(|error| error.to_string())
        },
    };
    let mut config = config::load(input, sources, &context).map_err(ConfigError::Problems)?;
    if let Some(data) = data {
        config.data = data.to_owned();
    }
    let templates = match &config.templates {
        None => Templates::embedded(),
        Some(folder) => Templates::with(overrides(folder)?).map_err(|error| ConfigError::Other(error.to_string()))?,
    };
    Ok(Loaded { config, rules, templates, files })
}

/// The files of a folder that bear the name of a template.
fn overrides(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    if !folder.is_dir() {
        let hint = "hint: `templates` names a folder of templates that take the place of the embedded ones";
        return Err(ConfigError::Other(format!("there is no folder `{}`\n{hint}", folder.display())).into());
    }
    let mut found = BTreeMap::new();
    for name in Templates::names() {
        if let Some(text) = text(&folder.join(name))? {
            found.insert((*name).to_owned(), text);
        }
    }
    Ok(found)
}

/// The text of a file; `None` where there is none.
fn text(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            let hint = "hint: save it as UTF-8";
            Err(ConfigError::Other(format!("`{}` is not a text in UTF-8\n{hint}", path.display())).into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}
