//! A faithful extract: whole sentences of the source, none rewritten.

use super::prose::{is_action_heading, is_heading, sentences};
use crate::text;

/// Two or three sentences, in this many characters at most.
const MOST_SENTENCES: usize = 3;
const MOST_CHARS: usize = 420;
/// A text that is cut by its source says less than that much of the full text.
const SHORT: usize = 80;

/// The summary of a notice: its first whole sentences, from the source's own summary, or from the text where the
/// summary is missing or was cut short by the source.
pub fn summarise(title: &str, summary: &str, body: &str) -> String {
    let cut = summary.ends_with('…') || summary.ends_with("...");
    let from = if summary.is_empty() || (cut && body.len() > summary.len()) || summary.len() < SHORT.min(body.len()) {
        body
    } else {
        summary
    };
    let mut out = String::new();
    for (count, sentence) in prose(from, title).enumerate() {
        let length = out.chars().count() + sentence.chars().count() + 1;
        if count > 0 && (count == MOST_SENTENCES || length > MOST_CHARS) {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&sentence);
    }
    text::truncate(&out, MOST_CHARS)
}

/// The sentences of the paragraphs, without headings (short lines that no stop ends) and without the title again, up
/// to where the text says what to do: that stands under the summary.
fn prose(body: &str, title: &str) -> impl Iterator<Item = String> {
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.take_while(|line| !is_action_heading(line)).collect();
    let title = text::collapse(title);
    let alone = lines.len() <= 1;
    let kept: Vec<&str> = lines
        .into_iter()
        .filter(|line| alone || (text::collapse(line) != title && !(is_heading(line) && line.chars().count() < SHORT)))
        .collect();
    kept.into_iter().flat_map(sentences).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_whole_sentences_of_the_source() {
        let body = "Titre\nContexte\nLe réseau a été démantelé samedi. Il comptait 700 000 machines. La justice a saisi \
                    8,6 millions de dollars. Une quatrième phrase n'est pas utile ici.";
        assert_eq!(
            summarise("Titre", "", body),
            "Le réseau a été démantelé samedi. Il comptait 700 000 machines. La justice a saisi 8,6 millions de dollars."
        );
    }

    #[test]
    fn what_to_do_is_not_said_twice() {
        let body = "Une vulnérabilité a été découverte.\nSolutions\nMettre à jour.";
        assert_eq!(summarise("Titre", "", body), "Une vulnérabilité a été découverte.");
    }

    #[test]
    fn a_summary_cut_by_its_source_gives_way_to_the_text() {
        let body =
            "De multiples vulnérabilités ont été découvertes dans GitLab. Elles permettent une injection de code.";
        assert_eq!(summarise("GitLab", "De multiples vulnérabilités ont été…", body), body);
    }

    #[test]
    fn one_endless_sentence_is_cut_at_a_word() {
        let endless = "mot ".repeat(500);
        let summary = summarise("Titre", &endless, "");
        assert!(summary.chars().count() <= MOST_CHARS && summary.ends_with("mot…"), "{summary}");
    }
}
