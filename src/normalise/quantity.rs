//! Amounts and counts in a text: « 8,6 millions de dollars », « 700 000 machines », « 26 000 en France ».
//!
//! A number is one whatever stands between its thousands (a space, a no-break space, a dot, a comma). Dates, versions,
//! numbers of articles, durations and percentages are no quantities.

use std::ops::Range;

use crate::text;

/// Words that are looked at.
const LONGEST: usize = 20_000;
const MOST: usize = 100;

/// A number of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Thousandths.
    pub milli: u64,
    pub of: Of,
    /// As written, white space collapsed: « 8,6 millions de dollars ».
    pub said: String,
    /// Whether it was written in digits.
    pub written: Written,
}

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// ISO 4217.
    Money(&'static str),
    /// The word after it, folded.
    Things(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Digits,
    Words,
}

impl Quantity {
    /// The same for one quantity told twice, also in other words or another language: « 700 000 machines » and
    /// « 700,000 computers » are one; small numbers count only what they are said to count.
    pub fn key(&self) -> String {
        match &self.of {
            Of::Money(currency) => format!("{} {currency}", self.milli),
            Of::Things(_) if self.milli >= 100_000 => self.milli.to_string(),
            Of::Things(what) => format!("{} {what}", self.milli),
        }
    }

    /// Whether a reader remembers it: an amount, or a count that is not small.
    pub fn is_telling(&self) -> bool {
        match self.of {
            Of::Money(_) => true,
            Of::Things(_) => self.written == Written::Digits && self.milli >= 20_000,
        }
    }
}

/// The quantities of a text, in its order.
pub fn quantities(text: &str) -> Vec<Quantity> {
    let words: Vec<(Range<usize>, &str)> = words(text).take(LONGEST).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() && out.len() < MOST {
        let found = number(&words, at).and_then(|number| {
            let before = at.checked_sub(1).and_then(|at| words.get(at)).map(|(_, word)| *word);
            quantity(text, &words, at, &number, before).map(|(found, end)| (found, end.max(number.end)))
        });
        match found {
            Some((quantity, end)) => {
                out.push(quantity);
                at = end;
            }
            None => at += 1,
        }
    }
    out
}

/// A number as it stands at the front of some words.
struct Number<'a> {
    milli: u64,
    written: Written,
    /// The first word after it.
    end: usize,
    /// What stands in the last word after the digits: `€`, `M€`, `%`.
    tail: &'a str,
    /// Whether its thousands were set apart: then it is no year.
    grouped: Grouped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grouped {
    Yes,
    No,
}

fn number<'a>(words: &[(Range<usize>, &'a str)], at: usize) -> Option<Number<'a>> {
    let word = words.get(at)?.1.trim_start_matches(['(', '«', '"', '“', '[', '~']);
    let word = word.trim_start_matches(['$', '€', '£']);
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        let value = spelt(&folded(word))?;
        return Some(Number {
            milli: value * 1000,
            written: Written::Words,
            end: at + 1,
            tail: "",
            grouped: Grouped::Yes,
        });
    }
    let length = word.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
    let (digits, mut tail) = word.split_at_checked(length)?;
    // A stop or comma at the end belongs to the sentence.
    let bare = digits.trim_end_matches(['.', ',']);
    let stops = bare.len() < digits.len() || !tail.is_empty();
    let (mut whole, fraction, mut grouped) = split(bare)?;
    let mut end = at + 1;
    if !stops && fraction.is_empty() && (1..=3).contains(&whole.len()) && grouped == Grouped::No {
        while let Some((_, next)) = words.get(end) {
            let length = next.bytes().take_while(u8::is_ascii_digit).count();
            let (group, rest) = next.split_at_checked(length)?;
            if length != 3 || whole.len() > 15 {
                break;
            }
            whole.push_str(group);
            grouped = Grouped::Yes;
            end += 1;
            if !rest.is_empty() {
                tail = rest;
                break;
            }
        }
    }
    let mut milli = whole.parse::<u64>().ok()?.checked_mul(1000)?;
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    milli = milli.checked_add(thousandths.parse().ok()?)?;
    let tail = if bare.len() < digits.len() && end == at + 1 { "." } else { tail };
    Some(Number { milli, written: Written::Digits, end, tail, grouped })
}

/// The digits before and after the decimal sign. A comma or a dot before exactly three digits sets thousands apart.
fn split(digits: &str) -> Option<(String, &str, Grouped)> {
    let parts: Vec<&str> = digits.split(['.', ',']).collect();
    match parts.as_slice() {
        [whole] => Some(((*whole).to_owned(), "", Grouped::No)),
        [first, rest @ ..] if first.len() <= 3 && *first != "0" && rest.iter().all(|part| part.len() == 3) => {
            Some((parts.concat(), "", Grouped::Yes))
        }
        [whole, fraction] if (1..=2).contains(&fraction.len()) => Some(((*whole).to_owned(), fraction, Grouped::No)),
        _ => None,
    }
}

fn quantity(
    text: &str,
    words: &[(Range<usize>, &str)],
    at: usize,
    number: &Number<'_>,
    before: Option<&str>,
) -> Option<(Quantity, usize)> {
    let start = words.get(at)?.0.start;
    let is_dollars = |word: &str| word.trim_start_matches(['(', '«', '"']).starts_with('$');
    let make = |milli: u64, of: Of, last: usize| {
        let end = words.get(last)?.0.end;
        let said = text::collapse(text.get(start..end)?);
        let said = said.trim_matches(|c: char| "()«»\"“”[],;:!?…~ ".contains(c)).trim_end_matches('.').to_owned();
        Some((Quantity { milli, of, said, written: number.written }, last + 1))
    };
    // What the last word of the number holds besides digits: « 1,2Md€ », « 15 % » is none.
    let tail = number.tail.trim_end_matches(|c: char| ".,;:!?)»\"…".contains(c));
    if !tail.is_empty() {
        let (scale, rest) = scaled(tail).unwrap_or((1, tail));
        let money = currency(rest)?;
        return make(number.milli.checked_mul(scale)?, Of::Money(money), number.end - 1);
    }
    if !number.tail.is_empty() {
        return None;
    }
    let word = |n: usize| words.get(n).map(|(_, word)| folded(word)).filter(|word| !word.is_empty());
    let goes_on = |n: usize| words.get(n).is_some_and(|(_, word)| word.ends_with(|c: char| c.is_alphanumeric()));
    let mut milli = number.milli;
    let mut next = number.end;
    let mut is_scaled = false;
    let raw = words.get(next).map_or("", |(_, word)| *word);
    let trimmed = raw.trim_end_matches(|c: char| ".,;:!?)»\"…".contains(c));
    if let Some((scale, rest)) = scaled(trimmed) {
        milli = milli.checked_mul(scale)?;
        if !rest.is_empty() {
            return make(milli, Of::Money(currency(rest)?), next);
        }
        is_scaled = true;
        if !goes_on(next) {
            // « for $8.6 million. »
            return is_dollars(words.get(at)?.1).then(|| make(milli, Of::Money("USD"), next)).flatten();
        }
        next += 1;
    }
    if is_dollars(words.get(at)?.1) {
        return make(milli, Of::Money("USD"), next - 1);
    }
    let preposition = word(next).filter(|word| is_scaled && (word == "de" || word == "of"));
    next += usize::from(preposition.is_some());
    let unit = word(next)?;
    let unit = unit.strip_prefix("d'").unwrap_or(&unit).to_owned();
    if let Some(money) = currency(&unit)
        .or_else(|| currency(words.get(next).map_or("", |(_, w)| w.trim_end_matches(['.', ',', ';', ')']))))
    {
        return make(milli, Of::Money(money), next);
    }
    let is_year = number.grouped == Grouped::No && (1_900_000..2_100_000).contains(&milli);
    let is_whole = milli.is_multiple_of(1000);
    let numbered =
        before.map(folded).is_some_and(|before| NUMBERED.contains(&before.as_str()) || before.ends_with('°'));
    if is_year || !is_whole || numbered || milli < 2_000 {
        return None;
    }
    // « 26 000 en France »: the place says what is counted.
    if ["en", "dans", "in"].contains(&unit.as_str()) && !is_scaled {
        let place = words.get(next + 1)?.1;
        return (milli >= 100_000 && place.starts_with(char::is_uppercase) && !is_dated(&folded(place)))
            .then(|| make(milli, Of::Things(folded(place)), next + 1))
            .flatten();
    }
    let is_noun = unit.len() >= 3
        && unit.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
        && unit.ends_with(['s', 'x'])
        && !NO_NOUNS.contains(&unit.as_str())
        && !words.get(next)?.1.starts_with(char::is_uppercase);
    is_noun.then(|| make(milli, Of::Things(unit), next)).flatten()
}

/// How many units a word stands for, and what it holds besides: « Md€ ».
fn scaled(word: &str) -> Option<(u64, &str)> {
    const WORDS: [(&str, u64); 10] = [
        ("milliards", 1_000_000_000),
        ("milliard", 1_000_000_000),
        ("billion", 1_000_000_000),
        ("millions", 1_000_000),
        ("million", 1_000_000),
        ("Mds", 1_000_000_000),
        ("Md", 1_000_000_000),
        ("M", 1_000_000),
        ("k", 1_000),
        ("K", 1_000),
    ];
    let (name, scale) = WORDS
        .iter()
        .find(|(name, _)| word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || currency(rest).is_some()))?;
    Some((*scale, word.strip_prefix(name)?))
}

fn currency(word: &str) -> Option<&'static str> {
    Some(match word {
        "€" | "euros" | "euro" | "eur" | "EUR" => "EUR",
        "$" | "dollars" | "dollar" | "usd" | "USD" => "USD",
        "£" | "livres" | "pounds" | "GBP" => "GBP",
        "CHF" | "francs" => "CHF",
        _ => return None,
    })
}

fn spelt(word: &str) -> Option<u64> {
    Some(match word {
        "deux" => 2,
        "trois" => 3,
        "quatre" => 4,
        "cinq" => 5,
        "six" => 6,
        "sept" => 7,
        "huit" => 8,
        "neuf" => 9,
        "dix" => 10,
        "onze" => 11,
        "douze" => 12,
        "treize" => 13,
        "quatorze" => 14,
        "quinze" => 15,
        "seize" => 16,
        "vingt" => 20,
        "trente" => 30,
        "quarante" => 40,
        "cinquante" => 50,
        "soixante" => 60,
        "cent" => 100,
        "mille" => 1_000,
        _ => return None,
    })
}

fn is_dated(word: &str) -> bool {
    super::date::month(word).is_some()
}

/// Words before a number that is a name.
const NUMBERED: [&str; 15] = [
    "article", "articles", "art", "n", "no", "numero", "version", "versions", "page", "pages", "chapitre", "alinea",
    "windows", "annexe", "port",
];

/// What stands after a number and is not counted by it.
#[rustfmt::skip]
const NO_NOUNS: [&str; 34] = [
    "plus", "dans", "sans", "sous", "mais", "puis", "fois", "des", "pas", "tres", "jours", "mois", "ans", "annees", "heures",
    "minutes", "secondes", "semaines", "trimestres", "days", "hours", "weeks", "months", "years", "was", "has", "is", "ainsi",
    "alors", "vers", "depuis", "mars", "points", "bits",
];

fn folded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    word.chars().for_each(|c| text::fold(c, |c| out.push(if c == '\u{2019}' { '\'' } else { c })));
    out.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '°' | '€' | '$' | '£')).to_owned()
}

/// The words of a text with where they stand.
pub(super) fn words(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut from = 0;
    text.split(char::is_whitespace).filter_map(move |word| {
        let start = from;
        from = start + word.len();
        from += text.get(from..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((start..start + word.len(), word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_every_form() {
        for (text, milli, currency, said) in [
            ("et 8,6 millions de dollars ont été saisis", 8_600_000_000, "USD", "8,6 millions de dollars"),
            ("une amende de 40 000 euros contre", 40_000_000, "EUR", "40 000 euros"),
            ("une amende de 40\u{202f}000\u{a0}€.", 40_000_000, "EUR", "40 000 €"),
            ("un budget de 1,2 Md€ pour", 1_200_000_000_000, "EUR", "1,2 Md€"),
            ("un budget (1,2\u{a0}milliard d’euros) pour", 1_200_000_000_000, "EUR", "1,2 milliard d’euros"),
            ("50.000€, dit-il", 50_000_000, "EUR", "50.000€"),
            ("worth 8.6 million dollars was", 8_600_000_000, "USD", "8.6 million dollars"),
            ("a fine of $2,500 was", 2_500_000, "USD", "$2,500"),
            ("3 M€ et", 3_000_000_000, "EUR", "3 M€"),
            ("12,50 euros par", 12_500, "EUR", "12,50 euros"),
        ] {
            let found = quantities(text);
            let seen: Vec<_> = found.iter().map(|q| (q.milli, &q.of, q.said.as_str())).collect();
            assert_eq!(seen, [(milli, &Of::Money(currency), said)], "{text}");
        }
    }

    #[test]
    fn counts_are_read_with_what_they_count() {
        for (text, expected) in [
            (
                "Environ 700 000 machines étaient infectées dans le monde, dont 26 000 en France.",
                "700 000 machines|26 000 en France",
            ),
            ("Environ 700\u{202f}000 machines", "700 000 machines"),
            ("About 700,000 machines were infected worldwide", "700,000 machines"),
            ("Sur les 170 serveurs qui les commandaient, 6 se trouvaient en France", "170 serveurs"),
            ("Onze mairies, deux syndicats d'eau et un collège", "Onze mairies|deux syndicats"),
            ("3 millions de personnes", "3 millions de personnes"),
            ("62 communes reçoivent", "62 communes"),
        ] {
            let found: Vec<String> = quantities(text).into_iter().map(|q| q.said).collect();
            assert_eq!(found.join("|"), expected, "{text}");
        }
    }

    #[test]
    fn dates_versions_articles_and_durations_are_no_quantities() {
        for text in [
            "le 26 août 2023, 14 novembre, en 2023 les communes, 2023 en France",
            "article 12 des statuts, art. 300 nouveaux, n° 2023 communes, NOR 1234567",
            "Bastide 6.4.9 et versions 10 anciennes, Windows 11 Pro",
            "trente jours, 48 heures, 15 % des communes, 8 h 30",
            "CVE-2023-99020, 11.0.6 sans attendre, 1er octobre, le 3e étage",
            "",
        ] {
            assert_eq!(quantities(text), [], "{text}");
        }
    }

    #[test]
    fn the_same_quantity_in_other_words_has_the_same_key() {
        let key = |text: &str| quantities(text).first().map(Quantity::key);
        assert_eq!(key("700 000 machines"), key("about 700,000 computers"));
        assert_eq!(key("8,6 millions de dollars"), key("8.6 million dollars"));
        assert_ne!(key("11 mairies"), key("11 lycées"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "(\\PC|[0-9]{1,25}|[0-9.,]{1,9}| |\u{202f}|€|M€|Md|millions|de|euros|en France){0,40}") {
            for quantity in quantities(&text) {
                proptest::prop_assert!(!quantity.said.is_empty());
            }
        }
    }
}
