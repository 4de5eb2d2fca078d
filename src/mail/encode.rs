//! How words that are not ASCII travel: encoded words in headers (RFC 2047), quoted-printable in bodies (RFC 2045 6.7).

use base64::{Engine, engine::general_purpose::STANDARD};

/// The longest header line that RFC 5322 2.1.1 recommends, in columns, without its CRLF.
const LINE: usize = 78;
/// The longest encoded word (RFC 2047 2).
const WORD: usize = 75;
/// `=?UTF-8?Q?` and `?=`.
const AROUND: usize = 12;
/// The longest line of quoted-printable, without the `=` of a soft break.
const QUOTED: usize = 75;

/// A text for one header: without control characters, so that it cannot end its line and begin another header.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A text for a body: lines end with `\n`, and the only other control character is the tab.
pub(super) fn body_text(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

/// Writes `name: token token…`, folded before each token that would pass the line. A token is never cut.
pub(super) fn field(out: &mut String, name: &str, tokens: &[String]) {
    out.push_str(name);
    out.push(':');
    let mut column = name.len() + 1;
    for token in tokens {
        if column + 1 + token.len() > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(token);
        column += 1 + token.len();
    }
    out.push_str("\r\n");
}

/// The tokens of a free text such as a subject, for a header of this name.
pub(super) fn unstructured(name: &str, text: &str) -> Vec<String> {
    let text = one_line(text);
    if is_plain(&text) { words(&text) } else { encoded_words(&text, LINE - (name.len() + 2).min(LINE)) }
}

/// The tokens of a display name (*phrase*, RFC 5322 3.2.5), for a header of this name.
pub(super) fn phrase(name: &str, text: &str) -> Vec<String> {
    let text = one_line(text);
    let room = LINE - (name.len() + 2).min(LINE);
    if text.is_empty() {
        return Vec::new();
    }
    if is_plain(&text) {
        if text.bytes().all(|b| b == b' ' || is_atext(b)) {
            return words(&text);
        }
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        if quoted.len() <= room {
            return vec![quoted];
        }
    }
    encoded_words(&text, room)
}

/// Quoted-printable, with CRLF between lines and none added at the end. No character is cut by a soft break; no line
/// begins with a dot or with `From `, which some relays change on the way.
pub(super) fn quoted_printable(out: &mut String, text: &str) {
    for (number, line) in body_text(text).split('\n').enumerate() {
        if number > 0 {
            out.push_str("\r\n");
        }
        let mut column = 0;
        for (at, c) in line.char_indices() {
            let rest = &line[at..];
            let ends_line = rest.len() == c.len_utf8();
            let starts_badly = column == 0 || column + 1 > QUOTED;
            let plain = match c {
                ' ' | '\t' => !ends_line,
                '.' => !starts_badly,
                'F' => !(starts_badly && rest.starts_with("From ")),
                _ => c.is_ascii_graphic() && c != '=',
            };
            let width = if plain { 1 } else { 3 * c.len_utf8() };
            if column + width > QUOTED {
                out.push_str("=\r\n");
                column = 0;
            }
            if plain {
                out.push(c);
            } else {
                push_hex(out, c);
            }
            column += width;
        }
    }
}

/// Whether a text may stand in a header as it is: ASCII words, one space apart, none too long for a line, nothing that
/// would be taken for an encoded word.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && !text.contains("=?")
        && text.split(' ').all(|word| !word.is_empty() && word.len() < LINE)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The whole text as encoded words, in the shorter of the two encodings. `room` is what the first line has left.
fn encoded_words(text: &str, room: usize) -> Vec<String> {
    let quoted: usize = text.chars().map(quoted_width).sum();
    let letter = if quoted <= text.len().div_ceil(3) * 4 { 'Q' } else { 'B' };
    let width = |word: &str| match letter {
        'Q' => word.chars().map(quoted_width).sum(),
        _ => word.len().div_ceil(3) * 4,
    };

    let mut out = Vec::new();
    let mut room = if room < 2 * AROUND { WORD } else { room.min(WORD) };
    let mut word = String::new();
    for c in text.chars() {
        word.push(c);
        if width(&word) + AROUND > room {
            word.pop();
            out.push(encoded_word(letter, &word));
            word.clear();
            word.push(c);
            room = WORD;
        }
    }
    if !word.is_empty() {
        out.push(encoded_word(letter, &word));
    }
    out
}

fn encoded_word(letter: char, word: &str) -> String {
    let mut payload = String::new();
    if letter == 'Q' {
        for c in word.chars() {
            match c {
                ' ' => payload.push('_'),
                c if quoted_width(c) == 1 => payload.push(c),
                c => push_hex(&mut payload, c),
            }
        }
    } else {
        STANDARD.encode_string(word, &mut payload);
    }
    format!("=?UTF-8?{letter}?{payload}?=")
}

/// In the "Q" encoding that is also safe inside a phrase (RFC 2047 5, rule 3).
fn quoted_width(c: char) -> usize {
    if c == ' ' || c.is_ascii_alphanumeric() || "!*+-/".contains(c) { 1 } else { 3 * c.len_utf8() }
}

fn push_hex(out: &mut String, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut octets = [0; 4];
    for octet in c.encode_utf8(&mut octets).bytes() {
        out.push('=');
        out.push(char::from(DIGITS[usize::from(octet >> 4)]));
        out.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
}

/// `atext` of RFC 5322 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}
