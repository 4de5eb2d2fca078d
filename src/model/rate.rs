//! So many in so long a time.

use jiff::SignedDuration;

/// So many messages in so long a time, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub messages: u32,
    pub per: SignedDuration,
}

impl Rate {
    /// Reads `100/min`: so many a second (`s`), minute (`min`), hour (`h`) or day (`d`).
    pub fn parse(text: &str) -> Option<Self> {
        let (messages, unit) = text.split_once('/')?;
        let per = match unit.trim() {
            "s" => SignedDuration::from_secs(1),
            "min" => SignedDuration::from_mins(1),
            "h" => SignedDuration::from_hours(1),
            "d" => SignedDuration::from_hours(24),
            _ => return None,
        };
        let messages = messages.trim().parse().ok().filter(|messages| *messages > 0)?;
        Some(Self { messages, per })
    }
}
