//! What was sent to one address, and how each try ended.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{Db, Result, engine::Row, instant, word};
use crate::model::{Cadence, DeliveryId, DeliveryState, EmailAddress, Letter, SmtpReply, SubscriberId};

/// One delivery to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sending {
    pub id: DeliveryId,
    pub matter: Sent,
    pub state: DeliveryState,
    /// When the next try is due, or the lease of who works on it ends; means nothing once it has ended.
    pub due: Timestamp,
    pub expires: Timestamp,
    /// In their order.
    pub tries: Vec<Try>,
}

/// What was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    Bulletin {
        cadence: Cadence,
        date: Date,
        /// 1 for the first of its cadence that bears this day, then 2…
        number: u32,
    },
    Letter(Letter),
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Try {
    pub at: Timestamp,
    /// What it came to; `at_data`: broken off behind the final dot.
    pub state: DeliveryState,
    pub reply: SmtpReply,
    /// Who answered; '' where nobody was asked.
    pub host: String,
    /// The id of who keeps the mailbox, or of the relay; '' where that is not known.
    pub operator: String,
}

/// The latest deliveries to an address, newest first: bulletins and letters to its subscriber, and letters to it while it
/// was nobody's.
pub fn of_address(
    db: &Db,
    address: &EmailAddress,
    subscriber: Option<SubscriberId>,
    most: u32,
) -> Result<Vec<Sending>> {
    let mut ids: BTreeSet<i64> = db
        .query(
            // SQLite lowers ASCII alone.
            "SELECT id FROM delivery WHERE address <> '' AND lower(address) IN ($1, $2) ORDER BY id DESC LIMIT $3",
            &[&address.as_str().to_lowercase(), &address.as_str().to_ascii_lowercase(), &most],
            |row| row.get(0),
        )?
        .into_iter()
        .collect();
    if let Some(id) = subscriber {
        let of_subscriber = db.query(
            "SELECT id FROM delivery WHERE subscriber_id = $1 ORDER BY id DESC LIMIT $2",
            &[&id.get(), &most],
            |row| row.get::<i64>(0),
        )?;
        ids.extend(of_subscriber);
    }
    let latest = ids.into_iter().rev().take(usize::try_from(most).unwrap_or(usize::MAX));
    let mut sendings = Vec::new();
    for id in latest {
        let found = db.query_first(
            "SELECT d.id, d.letter, coalesce(b.cadence, ''), coalesce(b.date, ''), coalesce(b.number, 0), d.state, d.due,
               d.expires
             FROM delivery d LEFT JOIN bulletin b ON b.id = d.bulletin_id WHERE d.id = $1",
            &[&id],
            read,
        )?;
        if let Some(sending) = found {
            sendings.push(Sending { tries: tries(db, id)?, ..sending });
        }
    }
    Ok(sendings)
}

fn tries(db: &Db, delivery: i64) -> Result<Vec<Try>> {
    db.query(
        "SELECT at, state, code, enhanced, text, host, operator FROM attempt WHERE delivery_id = $1 ORDER BY number",
        &[&delivery],
        |row| {
            let enhanced: String = row.get(3)?;
            Ok(Try {
                at: instant(row.get(0)?)?,
                state: word("what a try came to", &row.get::<String>(1)?, DeliveryState::parse)?,
                reply: SmtpReply {
                    code: row.get(2)?,
                    enhanced: Some(enhanced).filter(|enhanced| !enhanced.is_empty()),
                    text: row.get(4)?,
                },
                host: row.get(5)?,
                operator: row.get(6)?,
            })
        },
    )
}

fn read(row: &Row) -> Result<Sending> {
    let letter: String = row.get(1)?;
    let matter = match letter.is_empty() {
        false => Sent::Letter(word("a letter", &letter, Letter::parse)?),
        true => Sent::Bulletin {
            cadence: word("a cadence", &row.get::<String>(2)?, Cadence::parse)?,
            date: word("a day", &row.get::<String>(3)?, |text| text.parse().ok())?,
            number: row.get(4)?,
        },
    };
    Ok(Sending {
        id: DeliveryId::new(row.get(0)?),
        matter,
        state: word("the state of a delivery", &row.get::<String>(5)?, DeliveryState::parse)?,
        due: instant(row.get(6)?)?,
        expires: instant(row.get(7)?)?,
        tries: Vec::new(),
    })
}
