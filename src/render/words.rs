//! Words that need counting, agreeing or setting: what a template cannot do well.

use std::collections::BTreeMap;

use minijinja::Environment;

use super::alert;
use crate::{
    bulletin::Edition,
    model::{Cadence, Nature, Preferences, Sections, Severity},
    text::{collapse, day_in_words, french, number},
};

/// Columns of the text part.
const COLUMNS: usize = 72;
/// What most readers' screens show of a subject.
pub(super) const SUBJECT: usize = 70;

/// The filters of the templates: `french`, `wrap(first, rest)` and `underline(mark)`.
pub(super) fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("french", |text: &str| french(text));
    environment.add_filter("wrap", |text: &str, first: Option<&str>, rest: Option<&str>| {
        let first = first.unwrap_or_default();
        wrap(text, first, rest.unwrap_or(first))
    });
    environment.add_filter("underline", |text: &str, mark: &str| underline(text, mark));
}

/// « Veille du 30 août 2023 : 1 alerte, 4 avis, 6 actualités », at most 70 characters.
pub(super) fn subject(edition: &Edition) -> String {
    let rhythm = match edition.cadence {
        Cadence::Daily => "",
        Cadence::Weekly => " hebdomadaire",
        Cadence::Monthly => " mensuelle",
        Cadence::Alert => return alert::subject(edition),
    };
    let opening = french(&format!("Veille{rhythm} du {} : ", day_in_words(edition.date)));
    let counts = counts(edition);
    (1..=counts.len())
        .rev()
        .map(|kept| format!("{opening}{}", list_of(&counts, kept)))
        .find(|subject| subject.chars().count() <= SUBJECT)
        .unwrap_or_else(|| format!("{opening}{}", list_of(&counts, 0)))
}

/// « 1 alerte, 4 avis, 6 actualités ».
pub(super) fn news(edition: &Edition) -> String {
    if edition.cadence == Cadence::Alert {
        return alert::counts(edition);
    }
    let counts = counts(edition);
    list_of(&counts, counts.len())
}

fn counts(edition: &Edition) -> Vec<(Nature, u64)> {
    let mut counts = BTreeMap::new();
    for item in edition.items() {
        *counts.entry(item.nature).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// The first counts in full, the others as one.
fn list_of(counts: &[(Nature, u64)], kept: usize) -> String {
    let mut parts: Vec<String> = counts.iter().take(kept).map(|(nature, n)| counted(*n, noun(*nature))).collect();
    let others: u64 = counts.iter().skip(kept).map(|(_, n)| n).sum();
    if others > 0 {
        parts.push(counted(others, if kept == 0 { ("nouveauté", "nouveautés") } else { ("autre", "autres") }));
    }
    parts.join(", ")
}

/// With a capital at its head.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// « 1 alerte », « 1 200 alertes ».
pub(super) fn counted(n: u64, (one, many): (&str, &str)) -> String {
    // Nothing takes the singular in French: « 0 alerte ».
    format!("{}\u{a0}{}", number(n), if n < 2 { one } else { many })
}

const fn noun(nature: Nature) -> (&'static str, &'static str) {
    match nature {
        Nature::Alerte => ("alerte", "alertes"),
        Nature::Avis => ("avis", "avis"),
        Nature::Jorf => ("texte au JO", "textes au JO"),
        Nature::Parl => ("travail du Parlement", "travaux du Parlement"),
        Nature::Ue => ("texte européen", "textes européens"),
        Nature::Circ => ("circulaire", "circulaires"),
        Nature::Juris => ("décision", "décisions"),
        Nature::Rm => ("réponse ministérielle", "réponses ministérielles"),
        Nature::Doc => ("document", "documents"),
        Nature::Actu => ("actualité", "actualités"),
    }
}

/// What a reader chose, one sentence a choice.
pub(super) fn choices(preferences: &Preferences, sections: &Sections) -> Vec<String> {
    let mut choices = vec![match preferences.cadence {
        Cadence::Alert => String::from("alertes seules"),
        cadence => format!("bulletin {}", cadence.name()),
    }];
    // In the order of the bulletin, not of the short names.
    let mut wanted: Vec<_> = preferences.sections.iter().collect();
    wanted.sort_by_key(|id| (sections.position(id), *id));
    let names: Vec<&str> = wanted.into_iter().map(|id| sections.name(id)).collect();
    choices.push(if names.is_empty() { "toutes les rubriques".into() } else { listed("rubrique", &names) });
    let natures: Vec<&str> = preferences.natures.iter().map(|nature| nature.name()).collect();
    if !natures.is_empty() {
        choices.push(listed("nature", &natures));
    }
    if preferences.least_severity > Severity::Info {
        choices.push(format!("à partir du niveau « {} »", preferences.least_severity.name()));
    }
    if let Some(from) = preferences.alerts.from {
        choices.push(format!("alertes à partir du niveau « {} »", from.name()));
    }
    let words: Vec<&str> = preferences.alerts.words.iter().map(String::as_str).collect();
    if !words.is_empty() {
        let the = if words.len() > 1 { "les" } else { "le" };
        choices.push(format!("alertes sur {the} {}", listed("mot", &words)));
    }
    choices.iter().map(|choice| french(choice)).collect()
}

fn listed(noun: &str, names: &[&str]) -> String {
    let plural = if names.len() > 1 { "s" } else { "" };
    format!("{noun}{plural} {}", names.iter().map(|name| format!("« {name} »")).collect::<Vec<_>>().join(", "))
}

/// One line of what a source wrote: no control character, none that turns the direction of writing.
pub(super) fn one_line(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(*c)).collect();
    collapse(&kept)
}

/// Marks that let a text pass for another (UAX 9), and code points that HTML does not allow.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Breaks each line of a text at ordinary spaces, so that it fits in 72 columns. An address is never broken.
pub(super) fn wrap(text: &str, first: &str, rest: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut columns = 0;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let width = word.chars().count();
            if columns > 0 && columns + 1 + width > COLUMNS {
                lines.push(std::mem::take(&mut line));
                columns = 0;
            }
            let before = match (columns, lines.is_empty()) {
                (0, true) => first,
                (0, false) => rest,
                _ => " ",
            };
            line.push_str(before);
            line.push_str(word);
            columns += before.chars().count() + width;
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn underline(text: &str, mark: &str) -> String {
    let text = wrap(text, "", "");
    let columns = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    format!("{text}\n{}", mark.repeat(columns))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_wrapped_at_72_columns_and_addresses_are_not_broken() {
        let address = format!("https://exemple.fr/{}", "a".repeat(90));
        let text = format!("{} {address} fin", "mot ".repeat(30).trim());
        let wrapped = wrap(&text, "- ", "  ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= COLUMNS || line.trim() == address), "{wrapped}");
        assert!(wrapped.starts_with("- mot"));
        assert!(wrapped.contains(&address));
    }

    #[test]
    fn what_a_source_wrote_stays_on_one_line_and_does_not_turn_round() {
        assert_eq!(one_line("a\r\nb\u{0}c\u{202e}d\u{fffe}"), "a b cd");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn wrapping_loses_no_word(text in "[a-z ]{0,200}") {
            let wrapped = wrap(&text, "", "");
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        }
    }
}
