//! French typography, dates and numbers (*Lexique des règles typographiques en usage à l'Imprimerie nationale*).

use std::ops::Range;

use jiff::civil::{Date, Weekday};

/// No-break space: before `:`, and between a number and what it counts.
const WIDE: char = '\u{a0}';
/// Narrow no-break space: before `;` `!` `?`, inside « », between thousands.
const NARROW: char = '\u{202f}';

/// Puts a French text into French typography: no-break spaces before double punctuation and inside « », `’`, `…`,
/// « » for straight quotes that form a pair. Addresses, paths, identifiers, times and versions stay as they are.
///
/// No letter or digit is ever added, dropped or moved, and applied twice it changes nothing more.
pub fn french(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (code, chars) = (code_spans(&chars), chars);
    let quotes = paired_quotes(&chars, &code);
    let mut out = Setter { out: String::with_capacity(text.len() + 16), last: None };
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        at += 1;
        if code[at - 1] {
            out.put(c);
            continue;
        }
        match quotes[at - 1].unwrap_or(c) {
            c if c.is_whitespace() => {
                let run = at - 1..chars[at..].iter().position(|c| !c.is_whitespace()).map_or(chars.len(), |n| at + n);
                at = run.end;
                out.space(&chars, run, &code, &quotes);
            }
            '«' => {
                out.put('«');
                if next.is_some_and(|n| !n.is_whitespace()) {
                    out.put(NARROW);
                }
            }
            '»' => {
                if out.last.is_some_and(|l| !l.is_whitespace()) {
                    out.put(NARROW);
                }
                out.put('»');
            }
            mark @ (';' | '!' | '?' | ':') => {
                if ends_clause(next) && !code_before(&chars[..at - 1], mark) && out.last.is_some_and(closes_word) {
                    out.put(if mark == ':' { WIDE } else { NARROW });
                }
                out.put(mark);
            }
            '%' if next.is_none_or(|n| !n.is_alphanumeric()) && out.last.is_some_and(|l| l.is_ascii_digit()) => {
                out.put(WIDE);
                out.put('%');
            }
            '\'' if is_elision(out.last, next, quotes.get(at).copied().flatten()) => out.put('’'),
            '.' if is_ellipsis(&chars, at - 1) => {
                at += 2;
                out.put('…');
            }
            '°' if out.last.is_some_and(|l| matches!(l, 'n' | 'N')) && next.is_some_and(|n| n.is_ascii_digit()) => {
                out.put('°');
                out.put(WIDE);
            }
            c => out.put(c),
        }
    }
    out.out
}

/// « lundi 23 novembre 2026 », « mardi 1er septembre 2026 ».
pub fn date_in_words(date: Date) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "lundi",
        Weekday::Tuesday => "mardi",
        Weekday::Wednesday => "mercredi",
        Weekday::Thursday => "jeudi",
        Weekday::Friday => "vendredi",
        Weekday::Saturday => "samedi",
        Weekday::Sunday => "dimanche",
    };
    format!("{weekday} {}", day_in_words(date))
}

/// « 23 novembre 2026 », « 1er septembre 2026 »: a date without its day of the week.
pub fn day_in_words(date: Date) -> String {
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let month = usize::try_from(date.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    let ordinal = if date.day() == 1 { "er" } else { "" };
    format!("{}{ordinal} {month} {}", date.day(), date.year())
}

/// Thousands apart by a narrow no-break space: « 700 000 ».
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(NARROW);
        }
        out.push(digit);
    }
    out
}

/// Points that are given or taken: « +3 », « −10 » (U+2212), « 0 ».
pub fn points(n: i32) -> String {
    match n {
        0 => String::from("0"),
        1.. => format!("+{n}"),
        _ => format!("\u{2212}{}", n.unsigned_abs()),
    }
}

/// The text set so far.
struct Setter {
    out: String,
    last: Option<char>,
}

impl Setter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.last = Some(c);
    }

    /// Sets a run of white space, which what stands around it may turn into one no-break space.
    fn space(&mut self, chars: &[char], run: Range<usize>, code: &[bool], quotes: &[Option<char>]) {
        let spaces = &chars[run.clone()];
        let at = run.end;
        let next = chars.get(at).map(|c| quotes[at].unwrap_or(*c)).filter(|_| !code[at]);
        let is_line_end = spaces.iter().any(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
        let glue = match (self.last, next) {
            _ if is_line_end || self.last.is_none() || at == chars.len() => None,
            (Some('«'), _) | (_, Some('»')) => Some(NARROW),
            (_, Some(mark @ (';' | '!' | '?' | ':'))) => {
                let code_like = chars.get(at + 1).is_some_and(|c| "=/\\-_$@<>&|[{;:".contains(*c));
                (!code_like).then_some(if mark == ':' { WIDE } else { NARROW })
            }
            (Some(last), Some('%' | '€')) if last.is_ascii_digit() => Some(WIDE),
            (Some('°'), _) if chars.get(at).is_some_and(char::is_ascii_digit) => Some(WIDE),
            _ if parts_thousands(chars, run.start, at) => Some(NARROW),
            _ => None,
        };
        match glue {
            Some(glue) => self.put(glue),
            None => spaces.iter().for_each(|c| self.put(*c)),
        }
    }
}

/// Whether what stands before `start` and from `end` on are groups of one number: « 700 000 », but not « en 2023 300 ».
fn parts_thousands(chars: &[char], start: usize, end: usize) -> bool {
    let before = chars.get(..start).unwrap_or_default().iter().rev().take(4).take_while(|c| c.is_ascii_digit()).count();
    let after = chars.get(end..).unwrap_or_default();
    let digits = after.iter().take(4).take_while(|c| c.is_ascii_digit()).count();
    let begins = chars.get(..start.saturating_sub(before)).and_then(<[char]>::last);
    // A version, a decimal or the number of a decree goes on where a number would begin.
    let is_number = begins.is_none_or(|c| !c.is_alphanumeric() && !".,-/:".contains(*c));
    let ends = after.get(digits).is_none_or(|c| !c.is_alphanumeric() && !"-/:".contains(*c));
    (1..=3).contains(&before) && digits == 3 && is_number && ends
}

/// Which characters belong to words that are no prose: addresses, paths, code.
fn code_spans(chars: &[char]) -> Vec<bool> {
    let mut code = vec![false; chars.len()];
    let mut start = 0;
    while start < chars.len() {
        let len = chars[start..].iter().take_while(|c| !c.is_whitespace()).count();
        let word = &chars[start..start + len];
        let span = without_quotes(word);
        if is_code(&word[span.clone()]) {
            code[start + span.start..start + span.end].fill(true);
        }
        start += len.max(1);
    }
    code
}

fn is_code(word: &[char]) -> bool {
    let pair = |a: char, b: char| word.windows(2).any(|w| w == [a, b]);
    word.iter().any(|c| "\\`@_=|{}~$#^<>".contains(*c))
        || pair(':', '/')
        || pair(':', ':')
        || pair('&', '#')
        || word.windows(4).any(|w| w == ['w', 'w', 'w', '.'])
        || is_entity(word)
}

/// `&eacute;` shown as text.
fn is_entity(word: &[char]) -> bool {
    word.iter().enumerate().any(|(at, c)| {
        let name = word[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        *c == '&' && name > 0 && word.get(at + 1 + name) == Some(&';')
    })
}

/// The part of a word between quotes that stand at its ends, with the punctuation that follows them.
fn without_quotes(word: &[char]) -> Range<usize> {
    let start = word.iter().take_while(|c| "\"«([".contains(**c)).count();
    let tail = word.iter().rev().take_while(|c| "\"»)].,;:!?…".contains(**c)).count();
    let end = word[word.len() - tail..].iter().position(|c| "\"»".contains(*c)).map(|n| word.len() - tail + n);
    start..end.unwrap_or(word.len()).max(start)
}

/// For each straight quote that has a partner in the same paragraph, what takes its place.
fn paired_quotes(chars: &[char], code: &[bool]) -> Vec<Option<char>> {
    let mut quotes = vec![None; chars.len()];
    let mut opened: Vec<usize> = Vec::new();
    for (at, &c) in chars.iter().enumerate() {
        if c == '\n' {
            opened.clear();
        }
        if c != '"' || code[at] {
            continue;
        }
        let before = at.checked_sub(1).map(|b| chars[b]);
        let after = chars.get(at + 1).copied();
        let opens = before.is_none_or(|b| b.is_whitespace() || "([«-–—/'’\u{200b}".contains(b))
            && after.is_some_and(|a| !a.is_whitespace() && !"\".,;:!?)»".contains(a));
        let closes = before.is_some_and(|b| !b.is_whitespace() && !"(«[".contains(b))
            && after.is_none_or(|a| !a.is_alphanumeric());
        if opens {
            opened.push(at);
        } else if closes && let Some(start) = opened.pop() {
            quotes[start] = Some('«');
            quotes[at] = Some('»');
        }
    }
    quotes
}

/// What may stand just before double punctuation in prose.
fn closes_word(c: char) -> bool {
    c.is_alphanumeric() || ")]»…%€°’.²³™®\"'".contains(c)
}

/// Whether a mark before `next` ends a clause, rather than standing inside a time, a path or a version.
fn ends_clause(next: Option<char>) -> bool {
    next.is_none_or(|n| n.is_whitespace() || "»)],.;:!?…\"”".contains(n))
}

/// `C:` is a drive.
fn code_before(before: &[char], mark: char) -> bool {
    let boundary = |c: &char| c.is_whitespace() || "\"«([;:!?'’".contains(*c);
    match before {
        [rest @ .., letter] => mark == ':' && letter.is_ascii_uppercase() && rest.last().is_none_or(boundary),
        [] => true,
    }
}

/// `l'État`, `l'« État »`.
fn is_elision(last: Option<char>, next: Option<char>, quote: Option<char>) -> bool {
    last.is_some_and(char::is_alphabetic)
        && (next.is_some_and(|n| n.is_alphanumeric() || n == '«') || quote == Some('«'))
}

/// Exactly three dots that end something: not a range (`0...9`) nor a path.
fn is_ellipsis(chars: &[char], at: usize) -> bool {
    chars[at..].starts_with(&['.', '.', '.'])
        && at.checked_sub(1).is_none_or(|b| !matches!(chars[b], '.' | '/'))
        && chars.get(at + 3).is_none_or(|n| !n.is_alphanumeric() && !matches!(n, '.' | '/'))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    /// Written with `_` for U+00A0 and `~` for U+202F, which nobody can see.
    fn visible(text: &str) -> String {
        text.replace(WIDE, "_").replace(NARROW, "~")
    }

    #[test]
    fn points_have_the_sign_of_their_sum() {
        let told = [0, 3, -10, i32::MAX, i32::MIN].map(points);
        assert_eq!(told, ["0", "+3", "\u{2212}10", "+2147483647", "\u{2212}2147483648"]);
    }

    #[test]
    fn prose_is_set_as_the_lexique_wants() {
        for (raw, set) in [
            ("Attention! Que faire? Ceci; cela: rien", "Attention~! Que faire~? Ceci~; cela_: rien"),
            ("Attention ! Que faire ? Ceci ; cela : rien", "Attention~! Que faire~? Ceci~; cela_: rien"),
            ("Quoi?! Non!!!", "Quoi~?! Non~!!!"),
            ("le \"plan\" d'action", "le «~plan~» d’action"),
            ("l'\"obligation\" (\"forte\")", "l’«~obligation~» («~forte~»)"),
            ("« plan », «plan»;", "«~plan~», «~plan~»~;"),
            ("l'État, aujourd'hui", "l’État, aujourd’hui"),
            ("etc... [...]", "etc… […]"),
            ("décret n° 2026-12, n°12", "décret n°_2026-12, n°_12"),
            ("10% de 5 €", "10_% de 5_€"),
            ("700 000 machines, dont 26 000. 1 234 567,8", "700~000 machines, dont 26~000. 1~234~567,8"),
            ("en 2023 300 postes, 5.1 200 fois", "en 2023 300 postes, 5.1 200 fois"),
            ("un écran de 17\" à voir", "un écran de 17\" à voir"),
            ("une \"citation\nsur deux lignes\"", "une \"citation\nsur deux lignes\""),
        ] {
            assert_eq!(visible(&french(raw)), set, "{raw}");
        }
    }

    #[test]
    fn what_is_no_prose_stays_as_it_is() {
        for text in [
            "https://exemple.fr/a?b=c;d!e:f",
            "http://exemple.fr/?",
            "à 8:30 ou 08:30:15",
            "C:\\Program Files\\x",
            "le disque C: plein",
            "std::mem et ::1",
            "version 1.2.3, 2001:db8::1, CVE-2026-1234",
            "0...9 et ../../etc",
            "nom@exemple.fr; suite_de_mots!",
            "&eacute; &amp;",
            "mailto:a@b.fr?subject=x",
            "a != b",
        ] {
            assert_eq!(french(text), text);
        }
    }

    #[test]
    fn a_quoted_address_keeps_its_letters() {
        assert_eq!(visible(&french("voir \"https://exemple.fr/\".")), "voir «~https://exemple.fr/~».");
    }

    #[test]
    fn dates_and_numbers_in_words() {
        assert_eq!(date_in_words(date(2026, 11, 23)), "lundi 23 novembre 2026");
        assert_eq!(date_in_words(date(2026, 9, 1)), "mardi 1er septembre 2026");
        assert_eq!(day_in_words(date(2023, 8, 9)), "9 août 2023");
        for (n, words) in [(0, "0"), (999, "999"), (1000, "1~000"), (700_000, "700~000"), (12_345_678, "12~345~678")] {
            assert_eq!(visible(&number(n)), words);
        }
    }

    /// Found by the property below, run a million times: what one passage sets must not change what the next reads.
    #[test]
    fn a_mark_that_was_set_does_not_pair_the_quotes_anew() {
        for text in ["\"/\"»", "…»-»::\u{202f}", "\"[\"w\"\"\u{202f}", "\"'\"€\"\""] {
            let once = french(text);
            assert_eq!(french(&once), once, "{text}");
        }
    }

    fn letters(text: &str) -> String {
        text.chars().filter(|c| c.is_alphanumeric()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn twice_is_once_and_no_letter_is_lost(text in "[aBé1 ;:!?«»\"'’.…%°n€&/()\\[\\]\u{a0}\u{202f}\n#_=wC-]{0,24}|\\PC{0,40}") {
            let once = french(&text);
            prop_assert_eq!(french(&once), once.clone(), "{}", visible(&once));
            prop_assert_eq!(letters(&once), letters(&text));
        }
    }
}
