//! A faithful extract: whole sentences of the source, none rewritten.

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
    let mut count = 0;
    for sentence in prose(from, title) {
        let length = out.chars().count() + sentence.chars().count() + 1;
        if count > 0 && (count == MOST_SENTENCES || length > MOST_CHARS) {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&sentence);
        count += 1;
    }
    text::truncate(&out, MOST_CHARS)
}

/// The sentences of the paragraphs, without headings (short lines that no stop ends) and without the title again.
fn prose(body: &str, title: &str) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let title = text::collapse(title);
    let alone = lines.len() <= 1;
    let kept: Vec<&str> = lines
        .into_iter()
        .filter(|line| alone || (text::collapse(line) != title && !(is_heading(line) && line.chars().count() < SHORT)))
        .collect();
    kept.into_iter().flat_map(sentences).collect::<Vec<_>>().into_iter()
}

pub(super) fn is_heading(line: &str) -> bool {
    !line.ends_with(['.', '!', ';', ':', '…', '»', ','])
}

/// Cuts a paragraph after each stop that is followed by a capital, a digit or a quotation; not after an
/// abbreviation or an initial.
pub(super) fn sentences(paragraph: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut start = 0;
    let chars: Vec<(usize, char)> = paragraph.char_indices().collect();
    for (n, (at, c)) in chars.iter().enumerate() {
        let end = at + c.len_utf8();
        let Some((_, next)) = chars.get(n + 1) else { continue };
        let opens = chars[n + 1..].iter().map(|(_, c)| *c).find(|c| !c.is_whitespace());
        let begins = opens.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || "«“\"([".contains(c));
        if !matches!(c, '.' | '!' | '?' | '…') || !next.is_whitespace() || !begins {
            continue;
        }
        if *c == '.' && is_abbreviation(&paragraph[start..*at]) {
            continue;
        }
        out.push(text::collapse(&paragraph[start..end]));
        start = end;
    }
    out.push(text::collapse(&paragraph[start..]));
    out.retain(|sentence| !sentence.is_empty());
    out
}

fn is_abbreviation(before: &str) -> bool {
    let word =
        before.rsplit(|c: char| c.is_whitespace() || c == '(' || c == '\u{2019}' || c == '\'').next().unwrap_or("");
    const ABBREVIATIONS: [&str; 16] =
        ["M", "MM", "Mme", "Dr", "Me", "art", "al", "cf", "etc", "n", "p", "ex", "no", "St", "Ste", "Mr"];
    ABBREVIATIONS.contains(&word) || (word.chars().count() == 1 && word.chars().all(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_stops_and_not_at_abbreviations_or_initials() {
        let text =
            "M. Dupont, art. 5 du code, a écrit à Mme. Durand. Il a payé 3.5 millions. « Quoi ? » dit J. Martin. Fin";
        assert_eq!(
            sentences(text),
            [
                "M. Dupont, art. 5 du code, a écrit à Mme. Durand.",
                "Il a payé 3.5 millions.",
                "« Quoi ? » dit J. Martin.",
                "Fin"
            ]
        );
    }

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
