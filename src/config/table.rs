//! A source as a `[[source]]` table of `sources.toml`: what the check of the settings reads, written.

use std::time::Duration;

use crate::model::{Expression, Kind, Mapping, Markup, Nature, Part, Source};

/// The table of a source, with comments above it. Keys whose value is the default are left out, and so is what a proposal
/// never holds: archives, details, credentials.
pub fn source_table(source: &Source, comments: &[String]) -> String {
    let mut out = String::new();
    for comment in comments.iter().flat_map(|comment| comment.lines()) {
        // TOML 1.0 takes no other control character than a tab in a comment.
        let clean: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        out.push_str(format!("# {clean}").trim_end());
        out.push('\n');
    }
    out.push_str("[[source]]\n");
    let mut key = |name: &str, value: &str| out.push_str(&format!("{name} = {}\n", quoted(value)));
    key("id", source.id.as_str());
    let name: String = source.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = crate::text::collapse(&name);
    if !name.is_empty() {
        key("name", &name);
    }
    key("url", source.url.as_str());
    if source.kind != Kind::Feed {
        key("kind", source.kind.as_str());
    }
    match &source.kind {
        Kind::Feed => {}
        Kind::Html(mapping) | Kind::Json(mapping) | Kind::Xml(mapping) => places(mapping, &mut key),
        Kind::Csv(mapping, dialect) => {
            places(mapping, &mut key);
            if dialect.delimiter != b',' {
                key(
                    "delimiter",
                    &if dialect.delimiter == b'\t' {
                        String::from("tab")
                    } else {
                        char::from(dialect.delimiter).to_string()
                    },
                );
            }
            if let Some(comment) = dialect.comment {
                key("comment", &char::from(comment).to_string());
            }
            if let Some(charset) = &dialect.charset {
                key("charset", charset);
            }
        }
        Kind::Links(patterns) => patterns.first().into_iter().for_each(|pattern| key("pattern", pattern.as_str())),
        Kind::Sitemap(pattern) => pattern.iter().for_each(|pattern| key("pattern", pattern.as_str())),
    }
    key("section", source.section.as_str());
    if source.nature != Nature::Actu {
        key("nature", source.nature.as_str());
    }
    if source.language != "fr" {
        key("language", &source.language);
    }
    key("every", &written_duration(source.every));
    if source.allow_private {
        out.push_str("allow_private = true\n");
    }
    out
}

fn places(mapping: &Mapping, key: &mut impl FnMut(&str, &str)) {
    mapping.item.iter().for_each(|item| key("item", item));
    for (field, expression) in &mapping.fields {
        key(field.as_str(), &written(expression));
    }
    match mapping.markup {
        Markup::Html => {}
        Markup::Markdown => key("markup", "markdown"),
        Markup::Text => key("markup", "text"),
    }
}

fn written(expression: &Expression) -> String {
    if let [Part::Place(place)] = expression.parts.as_slice() {
        return place.clone();
    }
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Place(place) => format!("{{{place}}}"),
    };
    expression.parts.iter().map(part).collect()
}

/// A duration as settings write it, in the largest unit that holds it whole: `30min`, `2h`.
pub fn written_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit = units.into_iter().find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(length, name)| format!("{}{name}", seconds / length))
}

/// A TOML string: between apostrophes where nothing then needs an escape, as selectors and patterns read best.
fn quoted(text: &str) -> String {
    let needs_escape = text.contains(['"', '\\']);
    if needs_escape && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}
