//! The CVSS score that a text states.

/// What is looked at behind « CVSS »: a vector of version 4 and some words.
const BEHIND: usize = 160;
/// What is looked at before it: « un score de 9,8 sur l'échelle CVSS ».
const BEFORE: usize = 40;
/// A text that says « CVSS » more often is a list, of which the beginning tells enough.
const MOST: usize = 200;
/// Behind « CVSS » these are versions of the scale.
const VERSIONS: [u32; 4] = [20, 30, 31, 40];
/// … when they stand so near: « CVSS base score (version 3.1) ».
const NEAR: usize = 25;

/// The greatest score that stands beside the word « CVSS », in tenths: « CVSS 9.8 », « CVSS v3.1 : 9,8 »,
/// « CVSS:3.1/AV:N/… 9.8 », « score de 7,5/10 (CVSS) ». A number without a decimal counts only as « 9/10 ».
pub(super) fn score(text: &str) -> Option<u32> {
    let windows = text.as_bytes().windows(4).enumerate();
    // « cv » stands in few words.
    let windows = windows.filter(|(_, four)| matches!(four, [b'c' | b'C', b'v' | b'V', ..]));
    let places = windows.filter(|(_, four)| four.eq_ignore_ascii_case(b"cvss")).map(|(at, _)| at);
    places.take(MOST).filter_map(|at| beside(text, at)).max()
}

fn beside(text: &str, at: usize) -> Option<u32> {
    let behind = at + 4;
    let behind = text.get(behind..text.floor_char_boundary(behind.saturating_add(BEHIND)))?;
    // What stands behind the next « CVSS » is its own.
    let next = behind.to_ascii_lowercase().find("cvss").unwrap_or(behind.len());
    let behind = behind.get(..next).unwrap_or(behind);
    let mut numbers = numbers(behind);
    let first = numbers.next();
    let is_version = |(number, place): (u32, usize)| VERSIONS.contains(&number) && place <= NEAR;
    match first {
        Some(first) if !is_version(first) => return Some(first.0),
        Some(_) => {
            if let Some((number, _)) = numbers.next() {
                return Some(number);
            }
        }
        None => {}
    }
    let before = text.get(text.ceil_char_boundary(at.saturating_sub(BEFORE))..at)?;
    let (number, place) = self::numbers(before).last()?;
    let said = before.get(..place)?.to_lowercase();
    let is_score = ["score", "note", "rated", "cotation", "sévérité", "gravité"].iter().any(|word| said.contains(word));
    is_score.then_some(number)
}

/// The numbers from 0 to 10 with one decimal, or before « /10 », in tenths, and where they stand. Parts of longer
/// numbers, versions and names are none.
fn numbers(text: &str) -> impl Iterator<Item = (u32, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(done..).filter(|rest| !rest.is_empty()) {
            let Some(from) = rest.find(|c: char| c.is_ascii_digit()).map(|at| at + done) else { break };
            let tail = text.get(from..).unwrap_or_default();
            let length = tail.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
            done = from + length;
            let number = tail.get(..length).unwrap_or_default().trim_end_matches(['.', ',']);
            let behind = tail.get(number.len()..).unwrap_or_default();
            let before = text.get(..from).unwrap_or_default();
            // The version in « v3.1 » and « CVSS:3.1/AV » is told by its place; « AV:N » holds no digit.
            let is_part = before
                .ends_with(|c: char| c.is_alphanumeric() && !matches!(c, 'v' | 'V') || c == '-' || c == '_')
                || behind.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '%')
                || behind.starts_with(" %");
            match tenths(number, behind) {
                Some(tenths) if !is_part => return Some((tenths, from)),
                _ => {}
            }
        }
        None
    })
}

fn tenths(number: &str, behind: &str) -> Option<u32> {
    let tenths = match number.split_once(['.', ',']) {
        Some((whole, decimal)) if decimal.len() == 1 => {
            whole.parse::<u32>().ok()?.checked_mul(10)? + decimal.parse::<u32>().ok()?
        }
        None if behind.trim_start().strip_prefix('/')?.trim_start().starts_with("10") => {
            number.parse::<u32>().ok()?.checked_mul(10)?
        }
        _ => return None,
    };
    (tenths <= 100).then_some(tenths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_score_beside_the_word_is_read() {
        for (text, expected) in [
            ("CVSS 9.8", Some(98)),
            ("Score CVSS v3.1 : 7,5.", Some(75)),
            ("CVSSv3: 10.0", Some(100)),
            ("cvss base score (version 3.1): 8.1", Some(81)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H (9.8)", Some(98)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
            ("CVSS 4.0 : 9.3", Some(93)),
            ("un score de 9,1 sur l'échelle CVSS", Some(91)),
            ("Note de 9/10 (CVSS)", Some(90)),
            ("GLPI 9.5 : une faille, sans score CVSS", None),
            ("GLPI 10.0.12, CVSS inconnu", None),
            ("CVSS 5.3, puis CVSS 9.0", Some(90)),
            ("CVSS 4.0", None),
            ("CVSS 12.5", None),
            ("le score est de 9.8", None),
            ("CVSS", None),
            ("", None),
        ] {
            assert_eq!(score(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|cvss|CVSS:|[0-9]{1,3}[.,/]?| ){0,60}") {
            prop_assert!(score(&text).is_none_or(|tenths| tenths <= 100));
        }
    }
}
