//! Reads the configuration, and opens the installation.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

mod glance;
mod read;

pub(super) use glance::{Glance, glance};
use read::{Unread, named, own_key, own_operators, own_rules, own_templates, read};

use super::{
    Exit, Global,
    output::{Output, count},
};
use crate::{
    classify::Rules,
    clock::Clock,
    config::{self, Config, ConfigProblem, Context, Input, Problems, SourcesFile},
    extract, files,
    model::Source,
    render::Templates,
    work::App,
};

/// The settings, unless others are named.
const DEFAULT: &str = "vigie.toml";

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
    let mut app = App::open(loaded.config, loaded.rules, loaded.templates, Clock::System)?;
    app.options = options(global);
    Ok(app)
}

/// The global options as they must be typed in any folder. The default is left to the folder: a file that need not be
/// there must be, once it is named.
fn options(global: &Global) -> String {
    let named = [
        ("--config", Some(&global.config).filter(|path| path.as_path() != Path::new(DEFAULT))),
        ("--data", global.data.as_ref()),
    ];
    let option = |(name, path): (&str, Option<&PathBuf>)| {
        let path = path?;
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Some(format!(" {name} {}", in_shell(&path.display().to_string())))
    };
    named.into_iter().filter_map(option).collect()
}

/// One word of a POSIX shell.
fn in_shell(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// `vigie check`: every problem of all files; or what they say, and what they should say.
pub(super) fn check(global: &Global, out: &Output) -> anyhow::Result<Exit> {
    match load(&global.config, global.data.as_deref()) {
        Ok(loaded) => {
            let keys = loaded.config.mail.dkim.iter().flat_map(|dkim| &dkim.keys);
            let open = keys.filter(|key| files::is_open_to_all(&key.file).is_ok_and(|open| open));
            let open: Vec<_> = open.map(|key| config::Warning::open_key(&key.file.display().to_string())).collect();
            let files: Vec<String> = loaded.files.iter().map(|path| format!("`{}`", path.display())).collect();
            let read = files.join(", ");
            let warnings = [config::warnings(&loaded.config), open].concat();
            let sources = loaded.config.sources.len();
            out.data(&serde_json::json!({ "problems": [], "warnings": warnings, "sources": sources }), || {
                format!("{read}: no problem, {}", count(sources, "source"))
            })?;
            warnings.iter().for_each(|warning| out.say(warning.to_string()));
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
///
/// # Errors
/// [`ConfigError`]: every problem of all of them at once, in the order in which they are named here.
pub fn load(path: &Path, data: Option<&Path>) -> anyhow::Result<Loaded> {
    load_with(path, data, None, Keys::Checked)
}

/// The same, whether the keys that it names are there or not: for the command that makes them.
pub(super) fn load_without_keys(global: &Global) -> anyhow::Result<Loaded> {
    load_with(&global.config, global.data.as_deref(), None, Keys::Unread)
}

/// What is done about the private keys that the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Checked,
    Unread,
}

/// What the installation says; where there is none, what stands for settings that say nothing.
///
/// # Errors
/// [`ConfigError`], as [`load`].
pub(super) fn installed(global: &Global) -> anyhow::Result<Loaded> {
    let default = Path::new(DEFAULT);
    let is_none = global.config == default && !global.config.exists() && !sources_path(global).exists();
    load_with(&global.config, global.data.as_deref(), is_none.then_some((default, "")), Keys::Checked)
}

/// The file in which the sources are written, or would be if there were any.
pub(super) fn sources_path(global: &Global) -> PathBuf {
    let settings = std::fs::read_to_string(&global.config).unwrap_or_default();
    let base = base(&global.config);
    match config::sources_file(Some(Input { name: "", text: &settings })) {
        SourcesFile::Inline => global.config.clone(),
        SourcesFile::Beside => base.join("sources.toml"),
        SourcesFile::Named(name) => base.join(name),
    }
}

/// What a file of one secret holds; the error is text for the operator.
fn secret(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map(|secret| secret.trim_end().to_owned()).map_err(|error| error.to_string())
}

/// The folder of the settings.
pub(super) fn base(settings: &Path) -> PathBuf {
    settings.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Whether the installation would load if the file of its sources held this text.
///
/// # Errors
/// [`ConfigError`], as [`load`].
pub(super) fn would_load(global: &Global, sources: &Path, text: &str) -> anyhow::Result<()> {
    load_with(&global.config, global.data.as_deref(), Some((sources, text)), Keys::Checked).map(drop)
}

/// The first source of a text that is no file of this installation, checked as its own are.
///
/// # Errors
/// [`ConfigError`]: every problem of the text.
pub(super) fn described(name: &str, text: &str, app: &App) -> anyhow::Result<Source> {
    let networks: Vec<String> =
        app.config.crawl.allow.iter().map(|network| format!("\"{}/{}\"", network.address, network.prefix)).collect();
    let settings = format!("[crawl]\nallow = [{}]\n", networks.join(", "));
    let context = Context {
        base: Path::new(""),
        here: Path::new(""),
        data: None,
        sections: app.rules.sections(),
        env: &|name| std::env::var(name).ok(),
        read_secret: &secret,
        selector: &extract::check_selector,
        named: &|_, _| Ok(()),
    };
    let settings = Input { name: "(settings)", text: &settings };
    let input = Input { name, text };
    let config = config::load(Some(settings), Some(input), &context);
    // What else is wrong with keys that stand in no table follows from that.
    if config::is_toml(input) && config::sources_file(Some(input)) != SourcesFile::Inline {
        let hint = "hint: write a line `[[source]]` above its keys, as in `sources.toml`";
        return Err(ConfigError::Other(format!("there is no `[[source]]` in `{name}`\n{hint}")).into());
    }
    let config = config.map_err(ConfigError::Problems)?;
    let first = config.sources.into_iter().chain(config.aside).next();
    let hint = "hint: write one `[[source]]` table, as in `sources.toml`";
    first.ok_or_else(|| ConfigError::Other(format!("`{name}` holds no source\n{hint}")).into())
}

/// Reads an installation; one of its files may be taken to hold another text.
fn load_with(path: &Path, data: Option<&Path>, instead: Option<(&Path, &str)>, keys: Keys) -> anyhow::Result<Loaded> {
    let text_of = |path: &Path, found: &mut Vec<ConfigProblem>| match instead {
        Some((other, text)) if other == path => Ok(Some(text.to_owned())),
        _ => read(path, found),
    };
    let base = base(path);
    let shown = path.display().to_string();
    let mut found = Vec::new();
    let settings = match text_of(path, &mut found) {
        Ok(text) => text,
        // Named by hand, it must be there; the default need not be.
        Err(Unread::Absent) if path == Path::new(DEFAULT) => None,
        Err(Unread::Absent) => {
            let hint = "`vigie init` writes one to start from";
            return Err(refused(vec![ConfigProblem::whole(&shown, "there is no such file".into(), hint.into())]));
        }
        Err(unread) => {
            found.push(unread.whole(path));
            None
        }
    };
    let input = settings.as_deref().map(|text| Input { name: &shown, text });
    let mut unread = BTreeMap::new();
    let sources = match config::sources_file(input) {
        SourcesFile::Inline => None,
        SourcesFile::Beside => {
            let path = base.join("sources.toml");
            match text_of(&path, &mut found) {
                Ok(text) => text.map(|text| (path, text)),
                Err(Unread::Absent) => None,
                Err(unread) => {
                    found.push(unread.whole(&path));
                    None
                }
            }
        }
        SourcesFile::Named(name) => match instead.filter(|(other, _)| *other == base.join(&name)) {
            Some((path, text)) => Some((path.to_owned(), text.to_owned())),
            None => named("sources", base.join(name), &mut found, &mut unread),
        },
    };
    if settings.is_none() && sources.is_none() && found.is_empty() {
        let hint = "hint: `vigie init` writes both to start from; `--config` names another place";
        let text = format!("there is neither `{shown}` nor `{}`\n{hint}", base.join("sources.toml").display());
        return Err(ConfigError::Other(text).into());
    }
    let own = config::rules_path(input).and_then(|name| named("rules", base.join(name), &mut found, &mut unread));
    let rules = own.map_or_else(Rules::embedded, |(path, text)| own_rules(&path, &text, &mut found));
    let own = config::operators_path(input).and_then(|n| named("operators", base.join(n), &mut found, &mut unread));
    let operators = own_operators(own, &mut found);
    let files: Vec<PathBuf> =
        settings.iter().map(|_| path.to_owned()).chain(sources.iter().map(|(path, _)| path.clone())).collect();
    let sources = sources.map(|(path, text)| (path.display().to_string(), text));
    let sources = sources.as_ref().map(|(name, text)| Input { name, text });
    let templates = RefCell::new((Templates::embedded(), Vec::new()));
    let context = Context {
        base: &base,
        here: &std::env::current_dir().unwrap_or_default(),
        data,
        sections: rules.sections(),
        env: &|name| std::env::var(name).ok(),
        read_secret: &secret,
        selector: &extract::check_selector,
        named: &|key, path| match key {
            "key" if keys == Keys::Checked => own_key(path),
            "templates" => own_templates(path).map(|read| drop(templates.replace(read))),
            _ => unread.get(key).map_or(Ok(()), |why: &String| Err(why.clone())),
        },
    };
    let config = config::load(input, sources, &context);
    let (templates, mut of_templates) = templates.into_inner();
    let (config, mut problems) = match config {
        Ok(config) => (Some(config), Vec::new()),
        Err(problems) => (None, problems.into_vec()),
    };
    // What else is odd about a line that is no text is a consequence.
    problems.retain(|p| !found.iter().any(|f| f.file == p.file && f.line == p.line && f.line > 0));
    problems.append(&mut found);
    // Those of the settings, of the sources, of the rules.
    let order = [Some(shown.as_str()), sources.map(|input| input.name)];
    problems.sort_by_key(|p| (order.iter().position(|name| *name == Some(p.file.as_str())).unwrap_or(2), p.line));
    problems.append(&mut of_templates);
    match config {
        Some(mut config) if problems.is_empty() => {
            config.mail.operators = operators;
            Ok(Loaded { config, rules, templates, files })
        }
        _ => Err(refused(problems)),
    }
}

fn refused(problems: Vec<ConfigProblem>) -> anyhow::Error {
    ConfigError::Problems(Problems::new(problems)).into()
}
