//! Gives an address up when enough is held against it: the same rules for what a server says at the door and for what a report tells
//! later ([`mail::blames`], [`mail::ground`]).
//!
//! Nothing is to be done when a message is taken: what is held against an address counts from the last delivery to it that stands as
//! sent. So a server that takes everything and reports the failure afterwards wipes nothing off.

use jiff::Timestamp;
use tracing::info;

use crate::{
    mail::{self, Blames, Named},
    model::{Delivery, DeliveryId, EmailAddress, Ground, ReportId, SmtpReply, Strike, SubscriberId},
    store::{
        self, Tx, bounces,
        suppressions::{self, Cause},
    },
};

/// An address that is not written to from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    pub ground: Ground,
    /// What the server said.
    pub evidence: String,
}

/// A message, as far as it matters who did not take it.
pub(super) struct Message<'a> {
    pub id: DeliveryId,
    pub subscriber: Option<SubscriberId>,
    pub address: &'a EmailAddress,
    /// When it was sent.
    pub at: Timestamp,
}

/// Takes note of a refusal at the door, one that passes too (a full mailbox is one): in the transaction that records the try. The
/// address that is given up for it, if it is; what else waits for it is cancelled.
pub fn refused(tx: &Tx, delivery: &Delivery, reply: &SmtpReply, now: Timestamp) -> store::Result<Option<Suppressed>> {
    let message = Message { id: delivery.id, subscriber: delivery.subscriber, address: &delivery.address, at: now };
    hold(tx, &message, mail::blames(reply, Named::Reader), reply, None, now)
}

/// Holds against an address what a refusal or a report says of it.
pub(super) fn hold(
    tx: &Tx,
    message: &Message,
    blames: Blames,
    reply: &SmtpReply,
    report: Option<ReportId>,
    now: Timestamp,
) -> store::Result<Option<Suppressed>> {
    let Blames::Reader(fault) = blames else { return Ok(None) };
    let strike = Strike { delivery: message.id, fault, at: message.at };
    bounces::strike(tx, message.address, &strike)?;
    let strikes = bounces::strikes(tx, message.address, message.subscriber)?;
    let Some(fault) = mail::ground(&strikes) else { return Ok(None) };
    let (ground, evidence) = (Ground::Fault(fault), reply.to_string());
    let cause = Cause { ground, why: &evidence, delivery: Some(message.id), report };
    if !suppressions::add(tx, message.address, &cause, now)? {
        return Ok(None);
    }
    if let Some(subscriber) = message.subscriber {
        suppressions::cancel(tx, subscriber, now)?;
    }
    info!(delivery = message.id.get(), ground = ground.as_str(), "an address is given up");
    Ok(Some(Suppressed { ground, evidence }))
}
