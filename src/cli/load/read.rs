//! The files that make up a configuration, and why one of them cannot be used.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::{
    classify::Rules,
    config::{ConfigProblem, Input, Operators},
    mail::dkim::{Key, KeyError},
    render::{RenderError, Templates},
};

/// Why there is no text of a file.
pub(super) enum Unread {
    Absent,
    Folder,
    Other(io::Error),
}

impl Unread {
    /// As a problem of the file itself, when no line of another one names it.
    pub fn whole(self, path: &Path) -> ConfigProblem {
        let (message, hint) = match self {
            Unread::Absent => ("there is no such file".to_owned(), "write it"),
            Unread::Folder => {
                ("this is a folder, not a file".to_owned(), "a file is read at this place: rename the folder")
            }
            Unread::Other(error) => {
                (format!("this file cannot be read: {error}"), "let the user that runs Vigie read it")
            }
        };
        ConfigProblem::whole(&path.display().to_string(), message, hint.to_owned())
    }

    /// After the name of the key that names the file.
    fn said(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Unread::Absent => format!("names a file that is not there, `{path}`"),
            Unread::Folder => format!("names a folder, `{path}`, where a file is needed"),
            Unread::Other(error) => format!("names a file that cannot be read, `{path}`: {error}"),
        }
    }
}

/// A file that the settings name by `key`. Why it cannot be read goes to `unread`.
pub(super) fn named(
    key: &'static str,
    path: PathBuf,
    found: &mut Vec<ConfigProblem>,
    unread: &mut BTreeMap<&'static str, String>,
) -> Option<(PathBuf, String)> {
    match read(&path, found) {
        Ok(text) => text.map(|text| (path, text)),
        Err(why) => {
            unread.insert(key, why.said(&path));
            None
        }
    }
}

/// The text of a file. Where it is not in UTF-8 that goes to `found`, and what can be guessed of it is returned, so that the
/// rest of it is checked too.
pub(super) fn read(path: &Path, found: &mut Vec<ConfigProblem>) -> Result<Option<String>, Unread> {
    let octets = match std::fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unread::Absent),
        Err(_) if path.is_dir() => return Err(Unread::Folder),
        Err(error) => return Err(Unread::Other(error)),
    };
    let name = path.display().to_string();
    let (message, hint) = ("this is not a text in UTF-8", "save the file as UTF-8 (« Encodage : UTF-8 » in an editor)");
    // UTF-16, as some editors call « Unicode »: nothing of it can be guessed.
    if octets.starts_with(&[0xff, 0xfe]) || octets.starts_with(&[0xfe, 0xff]) {
        found.push(ConfigProblem::at(&name, "", 0..0, message.to_owned(), hint.to_owned()));
        return Ok(None);
    }
    match String::from_utf8(octets) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let (at, text) = (error.utf8_error().valid_up_to(), String::from_utf8_lossy(error.as_bytes()));
            let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            found.push(ConfigProblem::at(&name, &text, span, message.to_owned(), hint.to_owned()));
            Ok(Some(text.into_owned()))
        }
    }
}

/// Whether a file holds a key that mail can be signed with.
pub(super) fn own_key(path: &Path) -> Result<(), String> {
    let error =
        |error: KeyError| format!("names a key that {}: `{}`\nhint: {}", error, path.display(), error.hint("SELECTOR"));
    Key::read("", path).map(drop).map_err(error)
}

/// What can be read of somebody's own rules. Without a section of theirs, the rest is checked against the embedded ones.
pub(super) fn own_rules(path: &Path, text: &str, found: &mut Vec<ConfigProblem>) -> Rules {
    let (rules, mistakes) = Rules::read(text);
    let name = path.display().to_string();
    let is_usable = mistakes.is_empty() || rules.sections().iter().next().is_some();
    found.extend(mistakes.into_iter().map(|m| ConfigProblem::at(&name, text, m.span, m.message, m.hint)));
    if is_usable { rules } else { Rules::embedded() }
}

/// The operators that ship, with what somebody's own file says of them.
pub(super) fn own_operators(file: Option<(PathBuf, String)>, found: &mut Vec<ConfigProblem>) -> Operators {
    let shipped = Operators::shipped();
    let Some((path, text)) = file else { return shipped };
    let name = path.display().to_string();
    shipped.with(Input { name: &name, text: &text }).unwrap_or_else(|problems| {
        found.extend(problems.into_vec());
        shipped
    })
}

/// The templates of a folder in the place of the embedded ones, and what is wrong with them; or why there is no such folder.
pub(super) fn own_templates(folder: &Path) -> Result<(Templates, Vec<ConfigProblem>), String> {
    if !folder.is_dir() {
        let what = if folder.exists() { "a file, where a folder is needed," } else { "a folder that is not there," };
        return Err(format!("names {what} `{}`", folder.display()));
    }
    let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
    for name in Templates::names() {
        let path = folder.join(name);
        match read(&path, &mut problems) {
            Ok(Some(text)) => drop(texts.insert((*name).to_owned(), text)),
            Ok(None) | Err(Unread::Absent) => {}
            Err(unread) => problems.push(unread.whole(&path)),
        }
    }
    let templates = Templates::with(texts.clone()).unwrap_or_else(|error| {
        problems.push(wrong_template(folder, &texts, &error));
        Templates::embedded()
    });
    Ok((templates, problems))
}

fn wrong_template(folder: &Path, texts: &BTreeMap<String, String>, error: &RenderError) -> ConfigProblem {
    if let RenderError::Template { name, line: Some(line), what, .. } = error
        && let Some(text) = texts.get(name)
    {
        let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let rest = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let indent = rest.len() - rest.trim_start().len();
        let span = start + indent..start + rest.trim_end().len().max(indent);
        let hint = "compare with the embedded template of the same name";
        return ConfigProblem::at(&folder.join(name).display().to_string(), text, span, what.clone(), hint.to_owned());
    }
    let told = error.to_string();
    let (message, hint) = told.split_once("\nhint: ").unwrap_or((&told, "compare with the embedded templates"));
    ConfigProblem::whole(&folder.display().to_string(), message.to_owned(), hint.to_owned())
}
