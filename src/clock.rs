//! Where the present comes from. Only the rows that reach outside hold a [`Clock`]; everything below takes the
//! instant as an argument, so that the same input gives the same bytes.

use jiff::Timestamp;

/// A source of the present instant.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always the same instant: tests and the demonstration.
    Fixed(Timestamp),
}

impl Clock {
    /// The present instant, to the millisecond (what the store keeps).
    pub fn now(self) -> Timestamp {
        let now = match self {
            Clock::System => Timestamp::now(),
            Clock::Fixed(at) => at,
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
