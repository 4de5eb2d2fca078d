//! UTF-8 that was once read as windows-1252 or windows-1250, and stored so: « dÃ©butÃ© », « dĂ©butĂ© ».

use std::{borrow::Cow, sync::LazyLock};

use encoding_rs::{Encoding, WINDOWS_1250, WINDOWS_1252};

/// Gives the text that was meant, when at least two sequences tell that it was misread; each sequence is mended alone,
/// since pages mix right and wrong paragraphs. One sequence may be meant (a page on encodings), two are not.
pub fn repair(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(LEADS) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let counted = PAGES.iter().map(|page| (count(&chars, page), page));
    // The first of equals: windows-1252 is by far the more frequent culprit.
    match counted.rev().max_by_key(|(count, _)| *count) {
        Some((count, page)) if count >= 2 => Cow::Owned(rewrite(&chars, page)),
        _ => Cow::Borrowed(text),
    }
}

/// The words around the first sequence of a text that still holds two or more of them, or as many signs of lost characters
/// (U+FFFD): what [`repair`] could not mend, because it was misread twice or cut.
pub fn remains(text: &str) -> Option<String> {
    if text.is_ascii() || !text.contains(|c| LEADS.contains(&c) || c == '\u{fffd}') {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let misread = |at: &usize| {
        chars.get(*at) == Some(&'\u{fffd}')
            || chars.get(*at..).is_some_and(|rest| PAGES.iter().any(|page| sequence(rest, page).is_some()))
    };
    let mut found = (0..chars.len()).filter(misread);
    let (first, _) = (found.next()?, found.next()?);
    Some(chars.iter().skip(first.saturating_sub(15)).take(40).collect())
}

/// What the first octet of a sequence looks like: C2, C3, C5, E2 and F0 in either code page.
const LEADS: [char; 9] = ['Â', 'Ã', 'Ă', 'Å', 'Ĺ', 'â', 'ð', 'đ', 'Ð'];

/// The characters of the octets 0x80 to 0xFF.
type CodePage = [char; 128];

static PAGES: LazyLock<[CodePage; 2]> = LazyLock::new(|| [table(WINDOWS_1252), table(WINDOWS_1250)]);

fn table(encoding: &'static Encoding) -> CodePage {
    std::array::from_fn(|index| {
        let octet = [0x80 | u8::try_from(index).unwrap_or_default()];
        encoding.decode_without_bom_handling(&octet).0.chars().next().unwrap_or('\u{fffd}')
    })
}

fn count(chars: &[char], page: &CodePage) -> usize {
    (0..chars.len()).filter(|at| sequence(&chars[*at..], page).is_some()).count()
}

fn rewrite(chars: &[char], page: &CodePage) -> String {
    let mut out = String::with_capacity(chars.len());
    let mut at = 0;
    while let Some(first) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        if let Some((meant, length)) = sequence(&chars[at..], page) {
            out.push(meant);
            at += length;
        } else if octet(*first, page) == Some(0xc3) && next.is_whitespace() {
            // « Ã » and a no-break space (C3 A0) whose space was since taken for an ordinary one.
            out.push('à');
            at += 1;
        } else if octet(*first, page) == Some(0xc2) && next.is_whitespace() {
            at += 1;
        } else {
            out.push(*first);
            at += 1;
        }
    }
    out
}

/// The character that a misread UTF-8 sequence at the start of `chars` stands for, and the sequence's length. Only
/// what French text is made of: Latin-1 letters, œ, typographic signs, pictographs.
fn sequence(chars: &[char], page: &CodePage) -> Option<(char, usize)> {
    // « â » alone is common: looking up the rest of the text would cost more than all else.
    let lead = octet(*chars.first().filter(|c| LEADS.contains(c))?, page)?;
    let length = match lead {
        0xc2 | 0xc3 | 0xc5 => 2,
        0xe2 => 3,
        0xf0 => 4,
        _ => return None,
    };
    let mut octets = [lead, 0, 0, 0];
    for (octet_of, c) in octets.iter_mut().zip(chars.get(..length)?) {
        *octet_of = octet(*c, page)?;
    }
    let meant = std::str::from_utf8(octets.get(..length)?).ok()?.chars().next()?;
    Some((meant, length))
}

fn octet(c: char, page: &CodePage) -> Option<u8> {
    if c.is_ascii() {
        return None;
    }
    // True ISO 8859-1 leaves C1 controls where the code pages have signs.
    if ('\u{80}'..='\u{9f}').contains(&c) {
        return u8::try_from(u32::from(c)).ok();
    }
    let index = page.iter().position(|p| *p == c)?;
    u8::try_from(index + 0x80).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_text_is_mended_and_right_text_left_alone() {
        for (text, expected) in [
            ("les difficultÃ©s rencontrÃ©es", "les difficultés rencontrées"),
            (
                "ont dĂ©butĂ© hier Ă Saint-RĂ©my ; la clĂ´ture rencontrĂ©es.Â",
                "ont débuté hier à Saint-Rémy ; la clôture rencontrées.",
            ),
            ("lâ€™Ã‰tat dâ€™abord", "l’État d’abord"),
            ("bÅ“uf et cÅ“ur", "bœuf et cœur"),
            ("dÃ©jà lÃ© : Ã©crit", "déjà lé : écrit"),
            ("une seule sÃ©quence", "une seule sÃ©quence"),
            ("LIBERTÉ, ÉGALITÉ « FRATERNITÉ » déjà à l’été", "LIBERTÉ, ÉGALITÉ « FRATERNITÉ » déjà à l’été"),
            ("Âge, Ângström", "Âge, Ângström"),
        ] {
            assert_eq!(repair(text), expected);
        }
    }

    #[test]
    fn what_could_not_be_mended_is_told() {
        let twice = "les difficultÃƒÂ©s rencontrÃƒÂ©es";
        assert!(remains(&repair(twice)).is_some_and(|words| words.contains("difficult")));
        assert!(remains("fa\u{fffd}ade et gar\u{fffd}on").is_some());
        for text in ["une seule sÃ©quence", "L’ÉTÉ À NÎMES, « Ça va », Âge, Ã", "un signe \u{fffd} perdu", ""]
        {
            assert_eq!(remains(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "[ÃÂâĂ€™©a ]{0,40}|\\PC{0,40}") {
            remains(&repair(&text));
        }
    }
}
