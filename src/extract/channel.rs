//! What a feed says of itself, written out again as feed-rs takes it.

use super::{
    entry::{Dialect, Field, RSS},
    raw::RawText,
    space::Space,
};

#[derive(Default)]
pub(super) struct Channel {
    title: Option<RawText>,
    ttl_minutes: Option<u64>,
    /// As the syndication module says it, which feed-rs does not know.
    period_minutes: Option<u64>,
}

impl Channel {
    /// Takes a field of the feed into it.
    pub(super) fn put(&mut self, space: Space, name: &str, field: Field) {
        let text = field.text.as_str().trim();
        match (space, name) {
            (Space::Feed | Space::DublinCore, "title") if self.title.is_none() && !text.is_empty() => {
                self.title = Some(field.text);
            }
            (Space::Feed, "ttl") => self.ttl_minutes = text.parse().ok(),
            (Space::Syndication, "updateperiod") => {
                self.period_minutes = match text {
                    "hourly" => Some(60),
                    "daily" => Some(24 * 60),
                    "weekly" => Some(7 * 24 * 60),
                    "monthly" => Some(30 * 24 * 60),
                    _ => None,
                };
            }
            (Space::Syndication, "updatefrequency") => {
                let times = text.parse().unwrap_or(1).max(1);
                self.period_minutes = self.period_minutes.map(|minutes| minutes / times);
            }
            _ => {}
        }
    }

    /// Ends a feed; Atom has no element for the time to live.
    pub(super) fn finish(self, feed: &mut String, dialect: &Dialect) {
        if let Some(title) = &self.title {
            dialect.say(feed, "title", title);
        }
        if let Some(minutes) = self.ttl_minutes.or(self.period_minutes).filter(|_| *dialect == RSS) {
            feed.push_str(&format!("<ttl>{minutes}</ttl>"));
        }
        feed.push_str(dialect.tail);
    }
}
