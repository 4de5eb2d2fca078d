//! Letters without what varies in them: accents, case, compatibility forms.

use std::sync::LazyLock;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Calls back with what is left of a character: its compatibility decomposition (Unicode NFKD) without combining marks,
/// in lower case. « É » is `e`, « ﬁ » is `f` then `i`, a combining accent is nothing.
///
/// Marks are all dropped, so their order does not matter, and a text can be folded character by character.
pub fn fold(c: char, mut with: impl FnMut(char)) {
    if c.is_ascii() {
        return with(c.to_ascii_lowercase());
    }
    match LATIN.get(c as usize) {
        Some(folded) => folded.iter().copied().take_while(|c| *c != '\0').for_each(with),
        None => decompose(c, with),
    }
}

/// What the letters of European languages and their punctuation come to, up to the quotation marks and dashes.
static LATIN: LazyLock<Vec<[char; 4]>> = LazyLock::new(|| {
    let row = |code: u32| {
        let mut row = ['\0'; 4];
        let mut places = row.iter_mut();
        if let Some(c) = char::from_u32(code) {
            decompose(c, |part| {
                if let Some(place) = places.next() {
                    *place = part;
                }
            });
        }
        row
    };
    (0..0x2070).map(row).collect()
});

fn decompose(c: char, with: impl FnMut(char)) {
    std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).for_each(with);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_folded_as_its_decomposition_says() {
        for c in (1..=0x10_ffff).filter_map(char::from_u32) {
            let (mut fast, mut slow) = (String::new(), String::new());
            fold(c, |part| fast.push(part));
            if c.is_ascii() {
                slow.push(c.to_ascii_lowercase());
            } else {
                decompose(c, |part| slow.push(part));
            }
            assert_eq!(fast, slow, "{c:?}");
        }
    }
}
