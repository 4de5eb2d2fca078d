//! Delivery status notifications (RFC 3464, and RFC 6533 for addresses in UTF-8). Pure.

use super::{Action, Fate, fields::Fields, said};
use crate::model::SmtpReply;

/// What `message/delivery-status` says: one fate for each reader that it names.
pub(super) fn read(body: &[u8]) -> Vec<Fate> {
    let blocks = Fields::blocks(body);
    let reporter = blocks.iter().find_map(|block| block.get("reporting-mta")).map(named).unwrap_or_default();
    // The first block speaks of the message. Some servers leave the empty line after it out.
    blocks.iter().filter_map(|block| fate(block, &reporter)).collect()
}

fn fate(block: &Fields, reporter: &str) -> Option<Fate> {
    let status = block.get("status").and_then(said::status);
    let action = block.get("action").and_then(action).or_else(|| match status.as_deref()?.as_bytes().first()? {
        b'5' => Some(Action::Failed),
        b'4' => Some(Action::Delayed),
        _ => Some(Action::Delivered),
    })?;
    let diagnostic = block.get("diagnostic-code").map(typed).unwrap_or_default().1;
    let said = said::reply(diagnostic);
    let host = block.get("remote-mta").map(named).filter(|host| !host.is_empty());
    let recipients = ["original-recipient", "final-recipient", "x-actual-recipient"];
    Some(Fate {
        action,
        reply: SmtpReply {
            code: said.as_ref().map_or(0, |reply| reply.code),
            enhanced: enhanced(status, said.as_ref().and_then(|reply| reply.enhanced.clone())),
            text: said.map_or_else(|| said::kept(diagnostic), |reply| reply.text),
        },
        is_remote: host.is_some(),
        host: host.unwrap_or_else(|| reporter.to_owned()),
        recipients: recipients.into_iter().filter_map(|name| address(typed(block.get(name)?))).collect(),
    })
}

/// RFC 3464 2.3.3; a word in brackets may follow.
fn action(value: &str) -> Option<Action> {
    let word = value.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty())?;
    Action::ALL.into_iter().find(|action| action.as_str().eq_ignore_ascii_case(word))
}

/// The code that says most: a server that gave up after days says `4.4.7`, and what it was told `4.2.2`.
fn enhanced(status: Option<String>, told: Option<String>) -> Option<String> {
    let is_vague = |code: &String| code.ends_with(".0.0") || ["4.4.7", "5.4.7", "5.5.0"].contains(&code.as_str());
    match (status, told) {
        (Some(status), Some(told)) if is_vague(&status) => Some(told),
        (status, told) => status.or(told),
    }
}

/// `type; value` (RFC 3464 2.1.2); without a type, all is the value.
fn typed(value: &str) -> (&str, &str) {
    match value.split_once(';') {
        Some((kind, value)) if kind.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            (kind.trim(), value.trim())
        }
        _ => ("", value.trim()),
    }
}

/// A server's name without its type.
fn named(value: &str) -> String {
    said::kept(typed(value).1)
}

/// An address in lower case. One in UTF-8 may be written in ASCII: `\x{E9}` (RFC 6533 3).
fn address((kind, value): (&str, &str)) -> Option<String> {
    let value = value.trim_matches(|c: char| c == '<' || c == '>' || c.is_whitespace());
    let plain = if kind.eq_ignore_ascii_case("utf-8") { unescaped(value) } else { value.to_owned() };
    let is_address = plain.len() <= 320 && plain.contains('@') && !plain.contains(char::is_whitespace);
    is_address.then(|| plain.to_lowercase())
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\x{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter = part.split_once('}').and_then(|(hex, rest)| {
            let code = (hex.len() <= 6).then(|| u32::from_str_radix(hex, 16).ok())??;
            Some((char::from_u32(code)?, rest))
        });
        match letter {
            Some((letter, rest)) => plain.extend([letter.to_string().as_str(), rest]),
            None => plain.extend(["\\x{", part]),
        }
    }
    plain
}
