//! The values of headers: what cannot stand in one is left out here, the rest is encoded (RFC 2047) and folded
//! (RFC 5322 2.2.3) by lettre and by the encoders that lettre is made with.

use std::fmt::{self, Write};

use email_encoding::headers::{quoted_string, rfc2047, writer::EmailWriter};
use lettre::message::header::{HeaderName, HeaderValue};

use crate::model::EmailAddress;

/// The longest ASCII word that is left as it is: it fits on a line beside any header name of ours.
const LONGEST_WORD: usize = 60;

/// A text for one header: without control characters, so that it cannot end its line and begin another header.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A free text such as a subject. lettre leaves ASCII words as they are, even one that looks encoded, and folds only at
/// spaces, where a reader may lose one of two: a text with such words or spaces is encoded whole.
pub(super) fn text(name: &'static str, text: &str) -> HeaderValue {
    let text = one_line(text);
    if reads_as_it_is(&text) {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), text)
    } else {
        value(name, "", |w| rfc2047::encode(&text, w))
    }
}

/// One address, with the name that readers see where there is one.
pub(super) fn mailbox(name: &'static str, display: Option<&str>, address: &EmailAddress) -> HeaderValue {
    named(name, display.unwrap_or_default(), address.as_str(), &format!("<{address}>"))
}

/// `List-Id` (RFC 2919): always in angle brackets.
pub(super) fn list_id(display: &str, id: &str) -> HeaderValue {
    let id = format!("<{id}>");
    named("List-Id", display, &id, &id)
}

/// Words of ours in ASCII, folded at their spaces. None is cut: see to their lengths before.
pub(super) fn words(name: &'static str, words: &str) -> HeaderValue {
    value(name, words, |w| w.folding().write_str(words))
}

/// A value that is written as `written` and that lettre reads as `read`.
pub(super) fn as_written(name: &'static str, written: String, read: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), read, written)
}

/// `bare` where there is no name to show, otherwise the name (*phrase*, RFC 5322 3.2.5) and `bracketed`.
fn named(name: &'static str, display: &str, bare: &str, bracketed: &str) -> HeaderValue {
    let display = one_line(display);
    if display.is_empty() {
        return value(name, bare, |w| w.folding().write_str(bare));
    }
    value(name, bare, |w| {
        if is_phrase(&display) {
            quoted_string::encode(&display, w)?;
        } else {
            rfc2047::encode(&display, w)?;
        }
        w.space();
        w.folding().write_str(bracketed)
    })
}

/// Lets `write` fold from the colon on, so that a long first word stands on a line of its own.
fn value(name: &'static str, read: &str, write: impl FnOnce(&mut EmailWriter) -> fmt::Result) -> HeaderValue {
    let mut written = String::new();
    let mut writer = EmailWriter::new(&mut written, name.len() + 1, 1, true);
    write(&mut writer).expect("a string takes whatever is written to it");
    drop(writer);
    // lettre itself writes one space after the colon.
    if written.starts_with(' ') {
        written.remove(0);
    }
    as_written(name, written, read.to_owned())
}

fn reads_as_it_is(text: &str) -> bool {
    !text.contains("=?")
        && text.split(' ').all(|word| !word.is_empty() && (word.len() <= LONGEST_WORD || !word.is_ascii()))
}

/// Whether a name can stand bare or between quotes, with nothing in it to escape. A dot is no part of a bare word.
fn is_phrase(text: &str) -> bool {
    reads_as_it_is(text)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" -_.".contains(&b))
        && (text.contains(' ') || !text.contains('.'))
}
