//! Titles as readers see them.

use jiff::civil::Date;

use super::{date, entity, markup, mojibake};
use crate::text;

/// A title without what is no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// One line, without markup.
    pub text: String,
    /// The date that stood in brackets at its end: « (14 août 2026) ».
    pub date: Option<Date>,
}

/// Decodes references (also those escaped twice), removes HTML tags, collapses white space, and takes off the marks that a
/// source puts around a title: « [MàJ] » in front, which comes and goes with revisions, and the date in brackets.
pub fn clean(raw: &str) -> Title {
    let text = plain(raw);
    let mut rest = text.as_str();
    while let Some(after) = strip_update_mark(rest) {
        rest = after;
    }
    let dated = rest.strip_suffix(')').and_then(|inner| inner.rsplit_once('(')).and_then(|(before, date)| {
        let before = before.trim_end();
        Some((before, date::day_in_words(date)?)).filter(|_| !before.is_empty())
    });
    let (rest, date) = dated.map_or((rest, None), |(before, date)| (before, Some(date)));
    Title { text: rest.to_owned(), date }
}

/// One line of text without markup, for titles and labels.
pub fn plain(raw: &str) -> String {
    let raw = raw.get(..raw.floor_char_boundary(LONGEST)).unwrap_or(raw);
    let once = strip_tags(&entity::decode(raw));
    // `&amp;eacute;` and `&amp;lt;b&amp;gt;`: escaped twice, by two programs that did not know of each other.
    let twice = strip_tags(&entity::decode(&once));
    text::collapse(&mojibake::repair(&twice))
}

/// Octets of a title that are looked at.
const LONGEST: usize = 16 * 1024;

fn strip_update_mark(text: &str) -> Option<&str> {
    let (mark, rest) = text.strip_prefix('[')?.split_once(']')?;
    let mark = text::slug(mark);
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ":-–".contains(c));
    matches!(mark.as_str(), "maj" | "mise-a-jour" | "m-a-j" | "update" | "updated")
        .then_some(rest)
        .filter(|r| !r.is_empty())
}

/// Drops what has the form of an HTML tag; `a < b` and `<nom>` stay.
fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let name_at = after.strip_prefix('/').unwrap_or(after);
        let name = markup::name(name_at);
        // A tag has no `<` in it: this keeps the search short, whatever the text.
        let end = after.find(['>', '<']).filter(|end| after[*end..].starts_with('>'));
        match end.and_then(|end| after.get(end + 1..)) {
            Some(tail) if after.starts_with("!--") || markup::is_element(&name) => {
                if BREAKS.contains(&name.as_str()) {
                    out.push(' ');
                }
                rest = tail;
                if matches!(name.as_str(), "script" | "style")
                    && let Some(end) = tail.find("</").filter(|_| !after.starts_with('/'))
                {
                    rest = tail.get(end..).unwrap_or_default();
                }
            }
            _ => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Those between which words do not run on.
const BREAKS: [&str; 8] = ["br", "p", "div", "li", "h1", "h2", "h3", "hr"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_lose_what_is_no_part_of_them() {
        for (raw, expected) in [
            ("Multiples vulnérabilités dans SPIP (17 août 2026)", "Multiples vulnérabilités dans SPIP"),
            ("[MàJ] Vulnérabilité dans Cisco IOS XE (16 octobre 2023)", "Vulnérabilité dans Cisco IOS XE"),
            ("[Mise à jour] : Faille dans Citrix", "Faille dans Citrix"),
            ("[Webinaire] RGPD", "[Webinaire] RGPD"),
            ("Deuxi&egrave;me &amp;amp; article", "Deuxième & article"),
            ("R&amp;eacute;gion", "Région"),
            ("Un <b>titre</b><br/>en &lt;i&gt;italique&lt;/i&gt;", "Un titre en italique"),
            ("Seuils : a < b et 3 > 2", "Seuils : a < b et 3 > 2"),
            ("Décret n° 2026-12 du 14 août 2026", "Décret n° 2026-12 du 14 août 2026"),
            ("Rapport (2026)", "Rapport (2026)"),
            ("(14 août 2026)", "(14 août 2026)"),
            ("  21\u{a0}août\n\tfin ", "21 août fin"),
            ("<script>alert(1)</script>Titre", "Titre"),
            ("SÃ©curitÃ©", "Sécurité"),
        ] {
            assert_eq!(clean(raw).text, expected);
        }
        assert_eq!(clean("OpenSSL (14 août 2026)").date, Some(jiff::civil::date(2026, 8, 14)));
    }

    proptest::proptest! {
        #[test]
        fn any_title_is_accepted(raw in "\\PC{0,60}|[<>/a&;!\\-\\[\\](]{0,60}") {
            clean(&raw);
        }
    }
}
