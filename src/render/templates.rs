//! The templates: those of the program, and those that an installation puts in their place.

use std::collections::BTreeMap;

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter, syntax::SyntaxConfig,
    value::Serde,
};
use serde::Serialize;

use super::{sample, words};

const EMBEDDED: [(&str, &str); 41] = [
    ("access.html", include_str!("../../templates/access.html")),
    ("access.txt", include_str!("../../templates/access.txt")),
    ("answer.html", include_str!("../../templates/answer.html")),
    ("base.html", include_str!("../../templates/base.html")),
    ("bulletin.html", include_str!("../../templates/bulletin.html")),
    ("button.html", include_str!("../../templates/button.html")),
    ("confirmation.html", include_str!("../../templates/confirmation.html")),
    ("confirmation.txt", include_str!("../../templates/confirmation.txt")),
    ("contact.html", include_str!("../../templates/contact.html")),
    ("editions.html", include_str!("../../templates/editions.html")),
    ("goodbye.html", include_str!("../../templates/goodbye.html")),
    ("goodbye.txt", include_str!("../../templates/goodbye.txt")),
    ("help.html", include_str!("../../templates/help.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("letter.html", include_str!("../../templates/letter.html")),
    ("letter.txt", include_str!("../../templates/letter.txt")),
    ("lines.html", include_str!("../../templates/lines.html")),
    ("list.html", include_str!("../../templates/list.html")),
    ("mail.html", include_str!("../../templates/mail.html")),
    ("mail.txt", include_str!("../../templates/mail.txt")),
    ("missing.html", include_str!("../../templates/missing.html")),
    ("operator.html", include_str!("../../templates/operator.html")),
    ("operator.txt", include_str!("../../templates/operator.txt")),
    ("preferences.html", include_str!("../../templates/preferences.html")),
    ("question.html", include_str!("../../templates/question.html")),
    ("question.txt", include_str!("../../templates/question.txt")),
    ("renewal.html", include_str!("../../templates/renewal.html")),
    ("renewal.txt", include_str!("../../templates/renewal.txt")),
    ("search.html", include_str!("../../templates/search.html")),
    ("sources.html", include_str!("../../templates/sources.html")),
    ("story.html", include_str!("../../templates/story.html")),
    ("subscribe.html", include_str!("../../templates/subscribe.html")),
    ("text.html", include_str!("../../templates/text.html")),
    ("trace.html", include_str!("../../templates/trace.html")),
    ("trace.txt", include_str!("../../templates/trace.txt")),
    ("welcome.html", include_str!("../../templates/welcome.html")),
    ("welcome.txt", include_str!("../../templates/welcome.txt")),
    ("wish.html", include_str!("../../templates/wish.html")),
    ("words.html", include_str!("../../templates/words.html")),
    (STYLE, include_str!("../../templates/style.css")),
    (ICON, include_str!("../../templates/icon.svg")),
];
const NAMES: [&str; EMBEDDED.len()] = {
    let mut names = [""; EMBEDDED.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = EMBEDDED[at].0;
        at += 1;
    }
    names
};
/// No templates: these are handed out as they stand.
const STYLE: &str = "style.css";
const ICON: &str = "icon.svg";
/// Steps that one rendering may take: a bulletin of 1,000 stories needs less than a tenth of it.
const FUEL: u64 = 5_000_000;

/// Templates ready to render, with the strictest reading: a name that does not exist is an error.
#[derive(Debug, Clone)]
pub struct Templates {
    environment: Environment<'static>,
    style: String,
    icon: String,
}

/// What is wrong with a template, or with what it made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("template `{name}`{}: {what}{}", at_line(*.line), excerpt(.text))]
    Template {
        name: String,
        /// Counted from 1.
        line: Option<usize>,
        what: String,
        /// That line.
        text: Option<String>,
    },
    #[error("there is no template `{name}`\nhint: the templates are {}", NAMES.map(|n| format!("`{n}`")).join(", "))]
    Unknown { name: String },
    #[error("the styles of a mail cannot be put in place: {what}\nhint: only plain CSS inside `<style>` is understood")]
    Style { what: String },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn excerpt(text: &Option<String>) -> String {
    const HINT: &str = "hint: compare with the embedded template of the same name";
    match text {
        Some(text) => format!(", in `{text}`\n{HINT}"),
        None => format!("\n{HINT}"),
    }
}

impl Templates {
    /// The templates of the program.
    pub fn embedded() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        environment.set_formatter(escape);
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        words::add_filters(&mut environment);
        for (name, source) in EMBEDDED.into_iter().filter(|(name, _)| ![STYLE, ICON].contains(name)) {
            let added = environment.add_template(name, source);
            debug_assert!(added.is_ok(), "embedded template `{name}`: {added:?}");
        }
        let [style, icon] = [STYLE, ICON].map(|name| Self::source(name).unwrap_or_default().to_owned());
        Self { environment, style, icon }
    }

    /// The templates of the program, some replaced by others (file name → text). Each one that is given is tried on a
    /// made-up bulletin, so that a mistake shows now and not when the bulletin must leave.
    ///
    /// # Errors
    /// The first mistake, with its file, its line and a hint.
    pub fn with(overrides: BTreeMap<String, String>) -> Result<Self, RenderError> {
        let mut templates = Self::embedded();
        let is_changed = !overrides.is_empty();
        for (name, source) in overrides {
            if !NAMES.contains(&name.as_str()) {
                return Err(RenderError::Unknown { name });
            }
            match name.as_str() {
                STYLE => templates.style = source,
                ICON => templates.icon = source,
                _ => {
                    let added = templates.environment.add_template_owned(name.clone(), source.clone());
                    added.map_err(|error| told(&error, &name, Some(&source)))?;
                }
            }
        }
        if is_changed {
            sample::try_all(&templates)?;
        }
        Ok(templates)
    }

    /// The file names that may be replaced, sorted.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The text of an embedded template: what to start from.
    pub fn source(name: &str) -> Option<&'static str> {
        EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
    }

    /// The style sheet of the pages.
    pub fn style(&self) -> &str {
        &self.style
    }

    /// The icon of the site, an SVG.
    pub fn icon(&self) -> &str {
        &self.icon
    }

    /// All that they hold, what is handed out as it stands last: what was rendered with the same texts need not be rendered again.
    pub fn texts(&self) -> Vec<String> {
        let named = self.environment.templates().map(|(name, template)| (name, template.source().to_owned()));
        let named: BTreeMap<&str, String> = named.collect();
        named.into_values().chain([self.style.clone(), self.icon.clone()]).collect()
    }

    pub(super) fn render(&self, name: &str, view: &impl Serialize) -> Result<String, RenderError> {
        let template = self.environment.get_template(name).map_err(|error| told(&error, name, None))?;
        template.render(Serde(view)).map_err(|error| {
            // The mistake may stand in a template that this one extends.
            let place = error.name().unwrap_or(name);
            let source = self.environment.get_template(place).ok().map(|t| t.source().to_owned());
            told(&error, place, source.as_deref())
        })
    }
}

/// Escapes like the engine, but for `/`, which needs no escape: addresses stay legible and short.
fn escape(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let text = match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => text,
        _ => return escape_formatter(out, state, value),
    };
    for part in text.split_inclusive(['<', '>', '&', '"', '\'']) {
        let mark = part.chars().next_back().and_then(|c| match c {
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '&' => Some("&amp;"),
            '"' => Some("&quot;"),
            '\'' => Some("&#39;"),
            _ => None,
        });
        let plain = if mark.is_some() { part.split_at_checked(part.len() - 1).map_or(part, |(p, _)| p) } else { part };
        out.write_str(plain)?;
        out.write_str(mark.unwrap_or_default())?;
    }
    Ok(())
}

fn told(error: &Error, name: &str, source: Option<&str>) -> RenderError {
    let line = error.line();
    let what = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let text = line.zip(source).and_then(|(line, source)| source.lines().nth(line.checked_sub(1)?));
    RenderError::Template { name: name.to_owned(), line, what, text: text.map(|text| text.trim().to_owned()) }
}
