//! Who takes the mail of a domain, as the DNS said it last.

use jiff::Timestamp;

use super::{Db, Result, StoreError, Tx, instant, millis, word};

/// What was kept of one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub operator: String,
    /// In order of preference; none where it takes no mail.
    pub hosts: Vec<String>,
    pub failure: Option<Failure>,
    /// When the DNS is to be asked again.
    pub until: Timestamp,
}

/// Why a domain takes no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no such domain.
    NoName,
    /// It has neither MX record nor address.
    NoRecord,
    /// It says so (RFC 7505).
    NullMx,
    /// The DNS could not tell.
    Later,
}

impl Failure {
    pub const ALL: [Failure; 4] = [Failure::NoName, Failure::NoRecord, Failure::NullMx, Failure::Later];

    pub const fn as_str(self) -> &'static str {
        match self {
            Failure::NoName => "no_name",
            Failure::NoRecord => "no_record",
            Failure::NullMx => "null_mx",
            Failure::Later => "later",
        }
    }
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.as_str() == text)
    }
}

pub fn get(db: &Db, domain: &str) -> Result<Option<Kept>> {
    db.query_first("SELECT operator, hosts, failure, until FROM exchanger WHERE domain = $1", &[&domain], |row| {
        let (hosts, failure): (String, String) = (row.get(1)?, row.get(2)?);
        let list = |_| StoreError::Value { what: "a list of hosts", value: hosts.clone() };
        Ok(Kept {
            operator: row.get(0)?,
            hosts: serde_json::from_str(&hosts).map_err(list)?,
            failure: match failure.as_str() {
                "" => None,
                word_of => Some(word("why a domain takes no mail", word_of, Failure::parse)?),
            },
            until: instant(row.get(3)?)?,
        })
    })
}

pub fn put(tx: &Tx, domain: &str, kept: &Kept) -> Result<()> {
    // Host names: JSON holds them all.
    let hosts = serde_json::to_string(&kept.hosts).unwrap_or_else(|_| String::from("[]"));
    tx.execute(
        "INSERT INTO exchanger (domain, operator, hosts, failure, until) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (domain) DO UPDATE SET operator = excluded.operator, hosts = excluded.hosts,
           failure = excluded.failure, until = excluded.until",
        &[&domain, &kept.operator, &hosts, &kept.failure.map_or("", Failure::as_str), &millis(kept.until)],
    )?;
    Ok(())
}
