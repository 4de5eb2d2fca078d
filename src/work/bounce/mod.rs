//! Takes in what came back: failures, complaints, requests to leave. Each mail counts once, wherever and however often it is read,
//! and only where it bears a token of ours. Nothing is ever answered.

mod imap;
mod intake;
mod paths;
mod report;

pub use intake::{is_due, take_file, take_folder, take_in};
pub use paths::Paths;
pub use report::{Report, Unread, Which};

use jiff::Timestamp;

use super::{
    App, compose,
    strikes::{self, Message, Suppressed},
};
use crate::{
    mail::{
        self, Blames, Named,
        bounce::{self, Action, Automatic, Complaint, Fate, Returned, What},
        verp::{self, Meant},
    },
    model::{DeliveryId, DeliveryState, EmailAddress, Ground, SmtpReply, SubscriberId, mask_addresses},
    store::{
        self, Db, Tx,
        bounces::{self, ByReport, Found, Kind, NewReport},
        subscribers,
        suppressions::{self, Cause},
    },
};

/// What one mail came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Failed {
        suppressed: Option<Ground>,
    },
    /// Refused for what we are, or sent: for the operator, not for the reader.
    Policy {
        said: String,
    },
    Delayed,
    Delivered,
    Complaint {
        suppressed: bool,
    },
    /// A complaint that is no reader's wish.
    Notice,
    Left,
    /// It was taken in before.
    Again,
    /// An absence, a challenge, an acknowledgement.
    Automatic,
    /// A person wrote here, or a program, of nothing that concerns us.
    Letter,
    /// It tells of a message that a sender still works on: it is to be read again later, when it is known what the door said.
    Early,
    /// A report that names no message of ours, or whose token is not ours.
    Unknown,
    Unreadable {
        why: String,
    },
}

/// Takes in one mail. `envelope` is whom it was sent to, where that is known besides what its fields say.
///
/// # Errors
/// Of the database only: whatever the mail is, it is no error.
pub fn take(app: &App, octets: &[u8], envelope: Option<&str>) -> store::Result<Taken> {
    let returned = bounce::read(octets);
    match &returned.what {
        What::Unreadable(why) => return Ok(Taken::Unreadable { why: why.clone() }),
        What::Automatic(Automatic::Answer) => return Ok(Taken::Automatic),
        _ => {}
    }
    let now = app.clock.now();
    app.store.write_durably(|tx| {
        if bounces::is_known(tx, &returned.digest)? {
            return Ok(Taken::Again);
        }
        let tokens = Tokens::read(app, tx, &returned, envelope)?;
        match &returned.what {
            What::Status(fates) => match tokens.delivery(tx, &returned)? {
                Some(found) => status(app, tx, &returned, &found, fates, now),
                None => Ok(Taken::Unknown),
            },
            What::Complaint(complaint) => complained(tx, &returned, &tokens, complaint, now),
            What::Letter | What::Automatic(_) => match tokens.leaves() {
                Some(subscriber) => leave(tx, &returned, subscriber, now),
                None if matches!(returned.what, What::Letter) => Ok(Taken::Letter),
                None => Ok(Taken::Automatic),
            },
            What::Unreadable(_) => Ok(Taken::Unknown),
        }
    })
}

/// The tokens of ours that a mail bears.
struct Tokens {
    /// On the mail itself.
    to: Vec<Meant>,
    /// On the message that it is about.
    about: Vec<Meant>,
}

impl Tokens {
    fn read(app: &App, tx: &Tx, returned: &Returned, envelope: Option<&str>) -> store::Result<Self> {
        let Some(place) = &app.config.bounces.address else { return Ok(Self { to: vec![], about: vec![] }) };
        let key = compose::message_key(tx)?;
        let meant = |address: &str| verp::read(&key, place, address);
        let to = envelope.into_iter().chain(returned.to.iter().map(String::as_str)).filter_map(meant).collect();
        let about = returned.original.addresses.iter().filter_map(|address| meant(address)).collect();
        Ok(Self { to, about })
    }

    /// The delivery that a report is about: by the address that it came to, by the one that the message gave, by the Message-ID.
    fn delivery(&self, db: &Db, returned: &Returned) -> store::Result<Option<Found>> {
        let of = |meant: &Meant| match meant {
            Meant::Delivery(id) => Some(*id),
            Meant::Leave(_) => None,
        };
        let tokens: Vec<DeliveryId> = self.to.iter().chain(&self.about).filter_map(of).collect();
        for id in tokens {
            if let Some(found) = bounces::find(db, id)? {
                return Ok(Some(found));
            }
        }
        for id in &returned.original.message_ids {
            if let Some(id) = bounces::by_message_id(db, id)? {
                return bounces::find(db, id);
            }
        }
        Ok(None)
    }

    /// Whom a mail to this address makes leave.
    fn leaves(&self) -> Option<SubscriberId> {
        self.to.iter().find_map(subscriber)
    }
}

fn subscriber(meant: &Meant) -> Option<SubscriberId> {
    match meant {
        Meant::Leave(id) => Some(*id),
        Meant::Delivery(_) => None,
    }
}

/// Which of the fates is that of the message: the one that names whom it was sent to, else the worst.
fn fate_of<'f>(fates: &'f [Fate], address: &EmailAddress) -> Option<(&'f Fate, Named)> {
    let address = address.as_str().to_lowercase();
    let worst = |fate: &&&Fate| match fate.action {
        Action::Failed => 0,
        Action::Delayed => 1,
        _ => 2,
    };
    // A domain may be told in letters, and is kept as it is asked for (IDNA).
    let is_it = |told: &String| match EmailAddress::parse(told) {
        Ok(told) => told.as_str().to_lowercase() == address,
        Err(_) => *told == address,
    };
    let named: Vec<&Fate> = fates.iter().filter(|fate| fate.recipients.iter().any(is_it)).collect();
    if let Some(fate) = named.iter().min_by_key(worst) {
        return Some((fate, Named::Reader));
    }
    let all: Vec<&Fate> = fates.iter().collect();
    let fate = *all.iter().min_by_key(worst)?;
    Some((fate, if fate.recipients.is_empty() { Named::Reader } else { Named::Another }))
}

fn status(
    app: &App,
    tx: &Tx,
    returned: &Returned,
    found: &Found,
    fates: &[Fate],
    now: Timestamp,
) -> store::Result<Taken> {
    let Some((fate, named)) = fate_of(fates, &found.address) else { return Ok(Taken::Unknown) };
    let (kind, blames) = match fate.action {
        Action::Failed => (Kind::Failure, mail::blames(&mail::reported(&fate.reply), named)),
        Action::Delayed => (Kind::Delay, Blames::Nobody),
        Action::Delivered | Action::Relayed | Action::Expanded => (Kind::Success, Blames::Nobody),
    };
    // Else the sender would record over it that the message was taken.
    if kind == Kind::Failure && matches!(found.state, DeliveryState::Claimed | DeliveryState::AtData) {
        return Ok(Taken::Early);
    }
    let report = NewReport {
        digest: &returned.digest,
        delivery: Some(found.id),
        subscriber: found.subscriber,
        kind,
        action: fate.action.as_str(),
        reply: &fate.reply,
        host: &fate.host,
        blames: match blames {
            Blames::Nobody => "",
            Blames::Reader(fault) => fault.as_str(),
            Blames::Policy => "policy",
            Blames::Ours => "ours",
        },
    };
    let report = bounces::keep(tx, &report, now)?;
    // A relay is given every message; only what comes back says whose mailbox it was for.
    let hosts = fate.is_remote.then(|| fate.host.clone());
    let operator = hosts.map(|host| app.config.mail.operators.of(&[host]).id.clone()).unwrap_or_default();
    let told = ByReport { reply: &fate.reply, host: &fate.host, operator: &operator };
    match kind {
        Kind::Delay => return Ok(Taken::Delayed),
        Kind::Success => {
            bounces::settle(tx, found.id, &told, now)?;
            return Ok(Taken::Delivered);
        }
        _ => {}
    }
    bounces::fail(tx, found.id, &told, now)?;
    if matches!(blames, Blames::Policy | Blames::Ours) {
        return Ok(Taken::Policy { said: mask_addresses(&fate.reply.to_string()) });
    }
    let message = Message { id: found.id, subscriber: found.subscriber, address: &found.address, at: found.at };
    let suppressed = strikes::hold(tx, &message, blames, &fate.reply, Some(report), now)?;
    Ok(Taken::Failed { suppressed: suppressed.map(|Suppressed { ground, .. }| ground) })
}

fn complained(
    tx: &Tx,
    returned: &Returned,
    tokens: &Tokens,
    complaint: &Complaint,
    now: Timestamp,
) -> store::Result<Taken> {
    let found = tokens.delivery(tx, returned)?;
    // The address at which a reader leaves stands in each message, and is often left when the others are blacked out.
    let reader = found.as_ref().and_then(|found| found.subscriber).or_else(|| tokens.about.iter().find_map(subscriber));
    let address = match (&found, reader) {
        (Some(found), _) => Some(found.address.clone()),
        (None, Some(id)) => subscribers::get(tx, id)?.map(|reader| reader.address),
        (None, None) => None,
    };
    let Some(address) = address else { return Ok(Taken::Unknown) };
    let is_of_reader = complaint.is_of_reader();
    let report = NewReport {
        digest: &returned.digest,
        delivery: found.map(|found| found.id),
        subscriber: reader,
        kind: if is_of_reader { Kind::Complaint } else { Kind::Notice },
        action: &complaint.kind,
        reply: &silence(),
        host: &complaint.host,
        blames: "",
    };
    let id = bounces::keep(tx, &report, now)?;
    if !is_of_reader {
        return Ok(Taken::Notice);
    }
    subscribers::leave(tx, &address, now)?;
    let why = format!("complaint ({}) passed on by {}", complaint.kind, complaint.host);
    let cause = Cause { ground: Ground::Complaint, why: &why, delivery: report.delivery, report: Some(id) };
    Ok(Taken::Complaint { suppressed: suppressions::add(tx, &address, &cause, now)? })
}

fn leave(tx: &Tx, returned: &Returned, subscriber: SubscriberId, now: Timestamp) -> store::Result<Taken> {
    let Some(reader) = subscribers::get(tx, subscriber)? else { return Ok(Taken::Unknown) };
    let report = NewReport {
        digest: &returned.digest,
        delivery: None,
        subscriber: Some(subscriber),
        kind: Kind::Leave,
        action: "",
        reply: &silence(),
        host: "",
        blames: "",
    };
    bounces::keep(tx, &report, now)?;
    subscribers::leave(tx, &reader.address, now)?;
    Ok(Taken::Left)
}

/// What is said where no server said anything.
fn silence() -> SmtpReply {
    SmtpReply { code: 0, enhanced: None, text: String::new() }
}
