//! When editions fall due.

use jiff::civil::{Time, Weekday};

/// When an edition of a cadence falls due, in the readers' zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rhythm {
    /// On these days of the week. An edition carries all that came since the former one.
    Days { days: Vec<Weekday>, at: Time },
    /// On this day of the month (1 to 28).
    Month { day: i8, at: Time },
    /// As soon as something waits: it has no hour.
    AtOnce,
}
