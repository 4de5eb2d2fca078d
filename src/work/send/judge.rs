//! What an outcome makes of a delivery.

use jiff::{SignedDuration, Timestamp};

use crate::{
    mail::{self, Dot, Outcome},
    model::{Delivery, DeliveryState, Doubt, SmtpReply},
    shaping::Sign,
    store::outbox::Attempt,
    work::later,
};

/// After a connection that broke behind the final dot, nobody knows whether the message was taken (RFC 1047): it is
/// sent again once, after this time and under the same Message-ID.
const DOUBT: SignedDuration = SignedDuration::from_mins(30);

/// A try that came to this.
pub(super) fn judge(delivery: &Delivery, outcome: Outcome, now: Timestamp) -> Attempt {
    let seed = u64::try_from(delivery.id.get()).unwrap_or(0);
    let retry = mail::retry_delay(delivery.attempts + 1, seed)
        .and_then(|wait| SignedDuration::try_from(wait).ok())
        .map(|wait| later(now, wait))
        .filter(|due| *due < delivery.expires);
    let again = match retry {
        Some(due) => (DeliveryState::Deferred, due),
        None => (DeliveryState::Failed, now),
    };
    let ((state, due), tried, reply) = match outcome {
        Outcome::Sent(reply) => ((DeliveryState::Sent, now), DeliveryState::Sent, reply),
        Outcome::Failed(reply) if mail::blames_reader(&reply) => {
            ((DeliveryState::Failed, now), DeliveryState::Failed, reply)
        }
        // Refused for what we are, not for who is written to: that can be mended, and the bulletin still go out.
        Outcome::Failed(reply) | Outcome::Retry(reply) | Outcome::Lost(reply, Dot::Before) => (again, again.0, reply),
        Outcome::Lost(reply, Dot::After) => {
            let stands = match delivery.doubt {
                Doubt::None => (DeliveryState::Deferred, later(now, DOUBT)),
                Doubt::MayHaveArrived => (DeliveryState::Ambiguous, now),
            };
            (stands, DeliveryState::AtData, reply)
        }
    };
    attempt(delivery, state, tried, due, now, reply)
}

/// A delivery that ends, or waits, without having been tried.
pub(super) fn untried(
    delivery: &Delivery,
    state: DeliveryState,
    due: Timestamp,
    now: Timestamp,
    why: String,
) -> Attempt {
    let reply = SmtpReply { code: 0, enhanced: None, text: why };
    attempt(delivery, state, state, due, now, reply)
}

fn attempt(
    delivery: &Delivery,
    state: DeliveryState,
    tried: DeliveryState,
    due: Timestamp,
    at: Timestamp,
    reply: SmtpReply,
) -> Attempt {
    let (host, operator) = (String::new(), String::new());
    Attempt { delivery: delivery.id, at, state, tried, due, reply, host, operator }
}

/// What an outcome says of whoever answered.
pub(super) fn sign(outcome: &Outcome) -> Sign {
    match outcome {
        Outcome::Sent(_) => Sign::Fine,
        Outcome::Retry(reply) if mail::is_too_much(reply) => Sign::TooMuch(reply.to_string()),
        Outcome::Retry(_) => Sign::Fine,
        Outcome::Failed(reply) if mail::blames_reader(reply) => Sign::Fine,
        Outcome::Failed(reply) | Outcome::Lost(reply, _) => Sign::Trouble(reply.to_string()),
    }
}
