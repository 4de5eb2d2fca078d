//! Notices of servers that do not write RFC 3464: recognised by the words that their programs always write. What is in none of
//! these forms is not guessed at. Pure.

use super::{Action, Fate, fields::Fields, said};
use crate::model::SmtpReply;

/// What is looked at of a text, in characters.
const LOOKED_AT: usize = 20_000;

struct Dialect {
    /// All in lower case; one of them must stand in the notice.
    marks: &'static [&'static str],
    /// From one of these on, it tells what became of the message.
    told: &'static [&'static str],
}

const DIALECTS: &[Dialect] = &[
    // qmail, QSBMF (https://cr.yp.to/proto/qsbmf.txt), and what took it over.
    Dialect {
        marks: &["this is the qmail-send program at", "this is a permanent error; i've given up"],
        told: &["\n<"],
    },
    // Postfix before it wrote RFC 3464, or behind a gateway that took its parts away.
    Dialect { marks: &["this is the mail system at host", "this is the postfix program at host"], told: &["\n<"] },
    Dialect {
        marks: &["this message was created automatically by mail delivery software"],
        told: &["address(es) failed", "has not yet been delivered", "failed:"],
    },
    Dialect {
        marks: &["the following addresses had permanent fatal errors", "transcript of session follows"],
        told: &["permanent fatal errors", "transcript of session follows"],
    },
    // Exchange and Outlook, in English and in French.
    Dialect {
        marks: &[
            "delivery has failed to these recipients or",
            "your message did not reach some or all of the intended recipients",
            "diagnostic information for administrators",
            "échec de la remise pour ces destinataires ou",
            "échec de la remise à ces destinataires ou",
            "votre message n'est pas parvenu à certains des destinataires",
            "votre message n'est pas parvenu à certains ou à tous les destinataires",
            "informations de diagnostic pour les administrateurs",
        ],
        told: &[
            "diagnostic information for administrators",
            "informations de diagnostic pour les administrateurs",
            "remote server returned",
            "le serveur distant a renvoyé",
            "could not be reached",
            "n'ont pu être joints",
            "recipients",
            "destinataires",
        ],
    },
    Dialect {
        marks: &[
            "delivery to the following recipient failed permanently",
            "delivery to the following recipients failed",
        ],
        told: &["the error that the other server returned was", "technical details of permanent failure", "failed"],
    },
];

/// Words of a notice that the message is only late.
const LATE: &[&str] = &[
    "you do not need to resend your message",
    "has not yet been delivered",
    "will be retried",
    "warning message only",
    "delivery is delayed",
    "n'a pas encore été remis",
];

/// Where a copy of the message begins.
const COPY: &[&str] = &[
    "--- below this line is a copy of the message",
    "--- enclosed is a copy of the message",
    "------ this is a copy of the message",
    "----- original message -----",
    "original message headers:",
    "en-têtes du message d'origine",
    "en-têtes de message d'origine",
];

/// What a notice in words says of one message, and the fields of that message as far as it shows them. `None`: it is in no
/// form that is known.
pub(super) fn read(text: &str) -> Option<(Fate, Fields)> {
    let text: String =
        text.chars().filter(|c| *c != '\r').map(|c| if c == '’' { '\'' } else { c }).take(LOOKED_AT).collect();
    // Of the same length as the text, so that what is found in one stands at the same place in the other.
    let low = text.to_ascii_lowercase().replace('É', "é");
    let low = if low.len() == text.len() { low } else { text.to_ascii_lowercase() };
    let dialect = DIALECTS.iter().find(|dialect| dialect.marks.iter().any(|mark| low.contains(mark)))?;
    let copy = COPY.iter().filter_map(|mark| Some(low.find(mark)? + mark.len())).min();
    let (notice, copy) = text.split_at(copy.unwrap_or(text.len()));
    let low = &low[..notice.len()];
    let from = dialect.told.iter().find_map(|mark| low.find(mark)).unwrap_or(0);
    let told = &notice[from..];
    let reply = said::reply(told).unwrap_or_else(|| SmtpReply { code: 0, enhanced: None, text: sentence(told) });
    let is_late = LATE.iter().any(|words| low.contains(words));
    let fate = Fate {
        action: if is_late { Action::Delayed } else { Action::Failed },
        reply,
        host: String::new(),
        is_remote: false,
        recipients: recipients(told),
    };
    let fields = Fields::blocks(copy.as_bytes()).into_iter().find(|block| block.get("message-id").is_some());
    Some((fate, fields.unwrap_or_default()))
}

/// The addresses at the head of a line, as all these programs write whom they speak of.
fn recipients(told: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let word = line.trim().split([' ', '\t', ':']).next()?.trim_matches(['<', '>', '(', ')']);
        (word.len() <= 320 && word.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.')))
            .then(|| word.to_lowercase())
    };
    told.lines().filter_map(of_line).take(20).collect()
}

/// The first words that are no address.
fn sentence(told: &str) -> String {
    let line = told.lines().map(str::trim).find(|line| line.contains(' ') && !line.ends_with(':'));
    said::kept(line.unwrap_or(told))
}
