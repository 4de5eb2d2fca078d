//! For which stories a reader wants an alert.

use super::told::Told;
use crate::{
    model::{AlertWish, Nature, Preferences, SectionId, Severity},
    normalise::terms::Stems,
    text,
};

/// What of a story alerts are chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressing {
    pub section: SectionId,
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    /// Of titles, summaries and the names in the contents, as the search keeps words ([`Stems::of`]); a stretch of words that
    /// belong together stands between two bars.
    pub terms: String,
}

/// What parts stretches of words. No term holds it.
const BAR: &str = " | ";
/// A shorter start would be found nearly everywhere.
const SHORTEST_START: usize = 2;

/// The terms by which alerts find a story: of what its notices say, the title and the summary whole, and of the rest the
/// names. A word that a long text merely mentions alerts nobody.
pub fn terms(told: &[Told<'_>], title: Option<&str>) -> String {
    let mut stems = Stems::default();
    let mut out = String::from(BAR);
    let mut keep = |text: &str| {
        let terms = stems.of(text);
        if !terms.is_empty() {
            out.push_str(&terms);
            out.push_str(BAR);
        }
    };
    title.into_iter().for_each(&mut keep);
    for told in told {
        let notice = told.notice;
        keep(&notice.title);
        keep(&notice.summary);
        notice.reference.as_deref().into_iter().for_each(&mut keep);
        names(&notice.text).iter().for_each(|names| keep(names));
    }
    out
}

/// The stretches of words that bear a capital: « Fortinet », « Palo Alto Networks », « CVE-2026-1234 ».
fn names(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut goes_on = false;
    for word in text.split_whitespace() {
        let is_name = word.chars().any(char::is_uppercase);
        match out.last_mut().filter(|_| is_name && goes_on) {
            Some(names) => {
                names.push(' ');
                names.push_str(word);
            }
            None if is_name => out.push(word.to_owned()),
            None => {}
        }
        goes_on = is_name && !word.ends_with(['.', ',', ';', ':', '!', '?', ')']);
    }
    out
}

/// Whether somebody of these choices wants an alert of it: in sections and of natures that are wanted, and grave enough or
/// with one of the words.
pub fn wants_alert(preferences: &Preferences, words: &Words, story: &Pressing) -> bool {
    preferences.admit(&story.section, &story.also, story.nature)
        && (preferences.alerts.from.is_some_and(|from| story.severity >= from) || words.stand_in(&story.terms))
}

/// The words of a wish as terms, to be compared with many stories.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of(wish: &AlertWish) -> Self {
        if wish.words.is_empty() {
            return Self::default();
        }
        let mut stems = Stems::default();
        Self(wish.words.iter().flat_map(|word| phrases(&mut stems, word)).collect())
    }

    fn stand_in(&self, terms: &str) -> bool {
        self.0.iter().any(|phrase| terms.contains(phrase.as_str()))
    }
}

/// Whether a word says something: « le » does not.
pub fn is_telling(word: &str) -> bool {
    !phrases(&mut Stems::default(), word).is_empty()
}

/// What to look for among terms: these in a row. Of `start*` a term that begins so, or that of the same stem, for a term may be
/// shorter than what was written of its word.
fn phrases(stems: &mut Stems, written: &str) -> Vec<String> {
    let written = written.trim_matches(['"', '«', '»', '“', '”', ' ', '\u{a0}']);
    let whole = |terms: String| if terms.is_empty() { vec![] } else { vec![format!(" {terms} ")] };
    let Some(begun) = written.strip_suffix('*') else { return whole(stems.of(written)) };
    let (before, last) = begun.rsplit_once(' ').unwrap_or(("", begun));
    let start = text::slug(last).replace('-', "");
    if start.chars().count() < SHORTEST_START {
        return vec![];
    }
    let before = stems.of(before);
    let gap = if before.is_empty() { "" } else { " " };
    let mut out = whole(stems.of(begun));
    out.push(format!(" {before}{gap}{start}"));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Cadence;

    fn story(title: &str, severity: Severity) -> Pressing {
        Pressing {
            section: SectionId::parse("tic").unwrap(),
            also: vec![],
            nature: Nature::Avis,
            severity,
            terms: format!("{BAR}{}{BAR}", Stems::default().of(title)),
        }
    }

    fn wish(from: Option<Severity>, words: &[&str]) -> Preferences {
        let words = words.iter().map(ToString::to_string).collect();
        Preferences { alerts: AlertWish { from, words }, ..Preferences::all(Cadence::Daily) }
    }

    fn wants(preferences: &Preferences, story: &Pressing) -> bool {
        wants_alert(preferences, &Words::of(&preferences.alerts), story)
    }

    #[test]
    fn words_are_found_in_every_dress_and_phrases_in_a_row() {
        let text = "Des rançongiciels frappent Fortinet\u{a0}: CVE-2026-1234, fuites de données dans l’Orne";
        for (word, is) in [
            ("rançongiciel", true),
            ("RANCONGICIELS", true),
            ("fortinet", true),
            ("forti", false),
            ("forti*", true),
            ("cve-2026-1234", true),
            ("CVE-2026-12", false),
            ("fuite de données", true),
            ("données fuites", false),
            ("« orne »", true),
            ("qakbot", false),
        ] {
            assert_eq!(wants(&wish(None, &[word]), &story(text, Severity::Info)), is, "{word}");
        }
        assert!(!is_telling("le") && !is_telling("") && !is_telling("*") && is_telling("qakbot"));
    }

    #[test]
    fn names_keep_together_and_other_words_are_left_out() {
        let found = names("les pare-feu Palo Alto Networks, et FortiOS, sont visés. Rien d’autre");
        assert_eq!(found, ["Palo Alto Networks,", "FortiOS,", "Rien"]);
    }

    fn any_severity() -> impl Strategy<Value = Severity> {
        prop::sample::select(Severity::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn what_is_graver_is_wanted_by_whoever_wants_less(
            from in prop::option::of(any_severity()), one in any_severity(), other in any_severity(),
            words in prop::collection::vec("[a-zé]{3,8}", 0..3), title in "[a-zé ]{0,40}",
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let preferences = wish(from, &words);
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(!wants(&preferences, &story(&title, less)) || wants(&preferences, &story(&title, more)));
        }

        #[test]
        fn who_asked_for_nothing_gets_nothing(title in "\\PC{0,60}", severity in any_severity()) {
            prop_assert!(!wants(&wish(None, &[]), &story(&title, severity)));
        }

        #[test]
        fn a_section_that_is_not_wanted_alerts_nobody(title in "[a-z ]{0,40}", severity in any_severity()) {
            let sections = [SectionId::parse("finances").unwrap()].into();
            let preferences = Preferences { sections, ..wish(Some(Severity::Info), &["a*"]) };
            prop_assert!(!wants(&preferences, &story(&title, severity)));
        }

        #[test]
        fn a_title_is_found_by_its_own_words(title in "[a-zé]{3,9}( [a-zé]{3,9}){0,4}", at in 0_usize..5) {
            let words: Vec<&str> = title.split(' ').collect();
            let word = words[at % words.len()];
            prop_assume!(is_telling(word));
            prop_assert!(wants(&wish(None, &[word]), &story(&title, Severity::Info)));
        }
    }
}
