//! The parts of a plain text: headings, sentences.

use crate::text;

/// A line that no stop ends.
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

/// A text as it is compared: without case, accents, punctuation and kinds of space.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        text::fold(c, |c| {
            if c.is_alphanumeric() {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push(c);
            } else {
                gap = true;
            }
        });
    }
    out
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
}
