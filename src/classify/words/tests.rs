use proptest::prelude::*;

use super::*;

#[test]
fn folding_leaves_letters_and_digits() {
    for (text, folded) in [
        ("L'Élu(e) – n° 2", "l elu e n 2"),
        ("CŒUR de ville", "coeur de ville"),
        ("cafe\u{301}", "cafe"),
        ("  \u{a0}", ""),
        ("NIS 2 : 5G", "nis 2 5g"),
        ("rançon\u{ad}giciel", "rancongiciel"),
    ] {
        assert_eq!(fold(text), folded, "{text}");
    }
}

fn lexicon<const N: usize>(phrases: [&str; N]) -> (Lexicon, [PhraseId; N]) {
    let mut lexicon = Lexicon::default();
    let ids = phrases.map(|phrase| lexicon.add(phrase).unwrap());
    ids.iter().for_each(|id| lexicon.count(*id));
    (lexicon, ids)
}

#[test]
fn words_are_found_in_all_their_forms_or_in_one_or_by_their_start() {
    let phrases = ["élu", "cyber*", "marchés publics", "exploit* activement", "La Réunion", "=communes"];
    let (mut lexicon, [elu, cyber, market, active, la_reunion, communes]) = lexicon(phrases);
    assert_eq!(lexicon.add("ELUS"), Ok(elu));
    for (text, ids) in [
        ("un élu", vec![elu]),
        ("les élues", vec![elu]),
        ("élucider un éluard", vec![]),
        ("Cyberattaque", vec![cyber]),
        ("les marchés\u{a0}publics", vec![market]),
        ("un marché public", vec![market]),
        ("marchés non publics", vec![]),
        ("faille exploitée activement", vec![active]),
        ("l'élu de la Réunion, cybermenacé", vec![elu, cyber, la_reunion]),
        ("les communes", vec![communes]),
        ("un projet commun à la commune", vec![]),
        ("", vec![]),
    ] {
        let found = lexicon.find(&fold(text), usize::MAX);
        let all: Vec<PhraseId> = (0..lexicon.known.len()).filter(|id| found.has(*id)).collect();
        assert_eq!(all, ids, "{text}");
    }
    for bad in ["", " * ", "ab*", "cy*ber", "…", "="] {
        assert!(lexicon.add(bad).is_err(), "{bad}");
    }
}

#[test]
fn of_phrases_at_one_place_the_longest_counts() {
    let (lexicon, [security, social, social_security, start]) =
        lexicon(["sécurité", "social", "sécurité sociale", "sécur*"]);
    for (text, lead, counted) in [
        ("la sécurité sociale", usize::MAX, vec![social_security]),
        ("sécurité et social, sécurité", usize::MAX, vec![security, social]),
        ("sécurisation", usize::MAX, vec![start]),
        ("le social, puis la sécurité", 3, vec![social]),
    ] {
        let found = lexicon.find(&fold(text), lead);
        assert_eq!(found.counted, counted, "{text}");
        assert!(counted.iter().all(|id| found.has(*id)));
    }
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn a_word_is_found_in_any_case_and_between_any_marks(word in "[a-zéèçàù]{3,12}", mark in "[ .,;!?'()«»-]") {
        let (lexicon, [id]) = lexicon([word.as_str()]);
        let text = format!("x{mark}{}{mark}y", word.to_uppercase());
        prop_assert!(lexicon.find(&fold(&text), usize::MAX).has(id), "{}", text);
    }
}
