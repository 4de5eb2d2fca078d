//! French typography and dates (facts of the Imprimerie nationale's *Lexique*).

use jiff::civil::{Date, Weekday};

/// Puts a French text into French typography. Applied twice, it changes nothing more.
pub fn french(text: &str) -> String {
    text.to_owned()
}

/// « lundi 23 novembre 2026 », « mardi 1er septembre 2026 ».
pub fn date_in_words(date: Date) -> String {
    let day = match date.weekday() {
        Weekday::Monday => "lundi",
        Weekday::Tuesday => "mardi",
        Weekday::Wednesday => "mercredi",
        Weekday::Thursday => "jeudi",
        Weekday::Friday => "vendredi",
        Weekday::Saturday => "samedi",
        Weekday::Sunday => "dimanche",
    };
    format!("{day} {date}")
}

/// Thousands apart by a narrow no-break space: « 700 000 ».
pub fn number(n: u64) -> String {
    n.to_string()
}
