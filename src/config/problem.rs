//! What is wrong with the settings: where, why, and what to write instead.

use std::{fmt, ops::Range};

use serde::Serialize;

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigProblem {
    /// The file's name, as the operator gave it.
    pub file: String,
    /// From 1; 0 when it concerns no line in particular.
    pub line: usize,
    /// In characters, from 1; 0 when it concerns no line in particular.
    pub column: usize,
    /// Lower case, no final stop.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The line as it may be shown: no secret in it.
    #[serde(skip)]
    shown: String,
    /// How many characters are wrong.
    #[serde(skip)]
    width: usize,
}

/// Every mistake of all files, in the order in which they are written. Never empty in an `Err`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Problems(Vec<ConfigProblem>);

/// A longer line is not shown: the column alone says where.
const WIDEST: usize = 240;

impl ConfigProblem {
    /// A mistake at these bytes of `text`.
    pub fn at(file: &str, text: &str, span: Range<usize>, message: String, hint: String) -> Self {
        let line = text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
        Self::on_line(file, text, line, span, message, hint)
    }

    /// The same, where it is known on which line that is, counted from 1.
    pub(super) fn on_line(
        file: &str,
        text: &str,
        line: usize,
        span: Range<usize>,
        message: String,
        hint: String,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let full = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let column = before.get(start..).unwrap_or("").chars().count() + 1;
        let width = text.get(span).and_then(|s| s.lines().next()).map_or(1, |s| s.chars().count()).max(1);
        let shown = without_secret(full);
        let shown = if shown.chars().count() > WIDEST { String::new() } else { shown };
        Self { file: file.to_owned(), line, column, message, hint, shown, width }
    }

    /// A mistake that stands in no line, such as something that lacks on this machine.
    pub fn whole(file: &str, message: String, hint: String) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, message, hint, shown: String::new(), width: 0 }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        match self.line {
            0 => writeln!(f, " --> {}", self.file)?,
            line => writeln!(f, " --> {}:{line}:{}", self.file, self.column)?,
        }
        let length = self.shown.chars().count();
        if length > 0 {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            // Where the rest of the line is masked, the caret stands on the mask.
            let from = self.column.saturating_sub(1).min(length - 1);
            let width = self.width.clamp(1, (length - from).max(1));
            let pad: String = self.shown.chars().take(from).map(|c| if c == '\t' { c } else { ' ' }).collect();
            writeln!(f, "{margin} |\n{number} | {}\n{margin} | {pad}{}", self.shown, "^".repeat(width))?;
        }
        write!(f, "hint: {}", self.hint)
    }
}

impl Problems {
    pub fn new(problems: Vec<ConfigProblem>) -> Self {
        Self(problems)
    }
    pub fn into_vec(self) -> Vec<ConfigProblem> {
        self.0
    }
    pub fn iter(&self) -> impl Iterator<Item = &ConfigProblem> {
        self.0.iter()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{problem}")?;
        }
        match self.0.len() {
            1 => f.write_str("\n\n1 problem"),
            n => write!(f, "\n\n{n} problems"),
        }
    }
}

/// A line of a settings file as it may be printed: what follows a key that names a secret is left out, even when the
/// key is misspelt, and so is what stands before the `@` of an address.
fn without_secret(line: &str) -> String {
    let cut = line.match_indices('=').find(|(at, _)| names_secret(line.get(..*at).unwrap_or("")));
    let kept = match cut {
        Some((at, _)) => format!("{} …", line.get(..=at).unwrap_or("")),
        None => line.to_owned(),
    };
    let mut out = String::with_capacity(kept.len());
    let mut rest = kept.as_str();
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|c: char| c == '/' || c == '"' || c == '\'' || c.is_whitespace()).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        out.push_str(before);
        out.push_str("://");
        match authority.rsplit_once('@') {
            Some((_, host)) => out.push_str(&format!("…@{host}")),
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out + rest
}

fn names_secret(before_equals: &str) -> bool {
    let key = before_equals.trim_end().trim_end_matches(['"', '\'']).to_lowercase();
    let start = key.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).map_or(0, |at| at + 1);
    let key = key.get(start..).unwrap_or("").trim_start_matches(|c: char| !c.is_alphanumeric());
    !["file", "url"].iter().any(|end| key.ends_with(end))
        && ["pass", "pasw", "pwd", "mdp", "secret", "token"].iter().any(|s| key.contains(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let at = line.len();
        ConfigProblem::at("f", line, at..at, "m".into(), "h".into()).to_string()
    }

    #[test]
    fn secrets_are_never_printed() {
        for line in [
            "password = \"hunter2\"",
            "pasword=\"hunter2\"",
            "\"password\" = 'hunter2",
            "smtp = { user = \"a\", password = \"hunter2\", prot = 3 }",
            "mail.smtp.password = \"hunter2\"",
            "url = \"https://me:hunter2@example.org/feed\"",
            "url = \"https://me:hunter2@example.org",
        ] {
            assert!(!shown(line).contains("hunter2"), "{}", shown(line));
        }
        assert!(shown("password_file = \"/run/secrets/smtp\"").contains("/run/secrets/smtp"));
    }

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        let text = "a = 1\n\té = \"x\" # longer\n";
        let at = text.find("\"x\"").unwrap();
        let problem = ConfigProblem::at("vigie.toml", text, at..at + 3, "bad".into(), "mend it".into());
        assert_eq!(
            problem.to_string(),
            "error: bad\n --> vigie.toml:2:6\n  |\n2 | \té = \"x\" # longer\n  | \t    ^^^\nhint: mend it"
        );
    }

    #[test]
    fn odd_places_do_not_panic() {
        for span in [0..0, 0..99, 99..120, 1..2] {
            let _ = ConfigProblem::at("f", "é\r\n", span, String::new(), String::new()).to_string();
        }
    }
}
