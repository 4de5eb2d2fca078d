//! Plain text: white space, cutting at a word, French typography.

pub mod diff;
mod fold;
mod typography;

pub use fold::fold;
pub use typography::{date_in_words, day_in_words, french, number, points};

/// White space of every kind (no-break spaces included) becomes one space; none is left at the ends.
pub fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    collapse_onto(&mut out, text);
    out
}

/// Collapses each line, and drops the empty ones: one paragraph a line.
pub fn collapse_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let end = out.len();
        if end > 0 {
            out.push('\n');
        }
        let begin = out.len();
        collapse_onto(&mut out, line);
        if out.len() == begin {
            out.truncate(end);
        }
    }
    out
}

fn collapse_onto(out: &mut String, text: &str) {
    let begin = out.len();
    for word in text.split(|c: char| c == ' ' || c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}') {
        if !word.is_empty() {
            if out.len() > begin {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
}

/// At most `most` characters, cut between two words and closed by `…` when something was left out.
pub fn truncate(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let cut_inside_word = text.chars().nth(kept.chars().count()).is_some_and(|c| !c.is_whitespace());
    let kept = match kept.rfind(char::is_whitespace) {
        Some(at) if cut_inside_word => &kept[..at],
        _ => &kept,
    };
    format!("{}…", kept.trim_end_matches(|c: char| c.is_whitespace() || ",;:–-".contains(c)))
}

/// Lower case ASCII letters and digits joined by dashes, for addresses and file names: « Été n° 2 » → `ete-n-2`.
pub fn slug(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut out = String::new();
    for c in text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
        match c.to_lowercase().next() {
            Some(c) if c.is_ascii_alphanumeric() => out.push(c),
            Some('œ') => out.push_str("oe"),
            Some('æ') => out.push_str("ae"),
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}
