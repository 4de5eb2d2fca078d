//! What to do, in the source's own words, where it has a heading for it.

use super::prose::{is_action_heading, is_heading, sentences};
use crate::text;

const MOST: usize = 5;
const MOST_CHARS: usize = 240;

/// The lines that stand under such a heading, up to the next one; empty where the text has none.
pub fn actions(body: &str) -> Vec<String> {
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let Some(at) = lines.iter().position(|line| is_action_heading(line)) else { return vec![] };
    let mut out = Vec::new();
    let under: Vec<&str> = lines[at + 1..].iter().copied().take_while(|line| !ends_part(line)).collect();
    // A single paragraph is cut into its sentences; a list stays as its items.
    match under.as_slice() {
        [paragraph] => out.extend(sentences(paragraph)),
        items => out.extend(items.iter().map(|item| text::collapse(item))),
    }
    out.into_iter().take(MOST).map(|line| text::truncate(&line, MOST_CHARS)).collect()
}

/// The next heading: a short line without a stop that asks, or is a known kind of heading.
fn ends_part(line: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "documentation",
        "chiffres-cles",
        "contacts",
        "contact",
        "liens-utiles",
        "references",
        "resume",
        "risques",
        "en-savoir-plus",
        "gestion-detaillee-du-document",
    ];
    let short = line.chars().count() < 70;
    let asks = line.ends_with('?') && short;
    let known = OTHERS.contains(&text::slug(line.trim_start_matches(['#', ' '])).as_str());
    (short && asks) || (is_heading(line) && known) || line.starts_with("## ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_under_the_heading_is_taken_up_to_the_next_one() {
        let body = "Suis-je concerné ?\nVérifiez votre adresse.\nQue faire ?\nChangez vos mots de passe.\n\
                    Portez plainte.\nOù s'informer ?\nAilleurs.";
        assert_eq!(actions(body), ["Changez vos mots de passe.", "Portez plainte."]);
    }

    #[test]
    fn the_solution_of_an_advisory_is_cut_into_sentences() {
        let body = "Résumé\nUne vulnérabilité.\n## Solutions\nSe référer au bulletin de l'éditeur. Appliquer le correctif.\nDocumentation\nLien";
        assert_eq!(actions(body), ["Se référer au bulletin de l'éditeur.", "Appliquer le correctif."]);
    }

    #[test]
    fn a_source_that_says_nothing_gives_nothing() {
        assert!(actions("La solution est connue de tous.\nRien à ajouter.").is_empty());
    }
}
