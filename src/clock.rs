//! Where the present comes from. Only the rows that reach outside hold a [`Clock`]; everything below takes the
//! instant as an argument, so that the same input gives the same bytes.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A source of the present instant.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always the same instant: tests and the demonstration.
    Fixed(Timestamp),
    /// One that goes on from there: a demonstration in which somebody looks around.
    From(Timestamp, Instant),
}

impl Clock {
    /// The same, going on from now.
    pub fn running(self) -> Self {
        match self {
            Clock::Fixed(at) => Clock::From(at, Instant::now()),
            running => running,
        }
    }

    /// The present instant, to the millisecond (what the store keeps).
    pub fn now(self) -> Timestamp {
        let now = match self {
            Clock::System => Timestamp::now(),
            Clock::Fixed(at) => at,
            Clock::From(at, since) => {
                let passed = SignedDuration::try_from(since.elapsed()).unwrap_or_default();
                at.checked_add(passed).unwrap_or(at)
            }
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
