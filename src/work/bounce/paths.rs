//! The addresses at which failures of our messages are told, and at which readers leave.

use crate::{
    config::ReturnAddress,
    mail::verp,
    model::{DeliveryId, EmailAddress, SubscriberId},
    store,
    work::{App, compose},
};

/// What these addresses are made with. Cheap to clone.
#[derive(Clone)]
pub struct Paths {
    key: Vec<u8>,
    /// None: the settings name no address for what comes back.
    place: Option<ReturnAddress>,
}

impl Paths {
    /// Those of an installation.
    pub fn of(app: &App) -> store::Result<&Self> {
        if let Some(paths) = app.paths.get() {
            return Ok(paths);
        }
        let paths = Self { key: app.store.write(compose::message_key)?, place: app.config.bounces.address.clone() };
        Ok(app.paths.get_or_init(|| paths))
    }

    /// The envelope's sender of one delivery; `from`, where the settings name no address.
    pub fn sender(&self, delivery: DeliveryId, from: &EmailAddress) -> EmailAddress {
        self.place.as_ref().map_or_else(|| from.clone(), |place| verp::sender(&self.key, place, delivery))
    }

    /// Where a mail, whatever it says, makes a reader leave; none, where the settings name no address.
    pub fn leave(&self, subscriber: SubscriberId) -> Option<EmailAddress> {
        self.place.as_ref().map(|place| verp::leave(&self.key, place, subscriber))
    }
}
