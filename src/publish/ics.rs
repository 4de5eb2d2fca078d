//! Deadlines as a calendar (RFC 5545) that calendar programs can follow.

use jiff::{Timestamp, civil::Date};

use super::text::{line, printable, web_address};
use crate::{
    config::Site,
    normalise::deadline::Bound,
    text::{french, truncate},
};

/// Where the calendar goes in the published folder.
pub const CALENDAR_PATH: &str = "echeances.ics";

/// A day that matters, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for ever, with an `@` and a domain.
    pub uid: String,
    pub day: Date,
    pub bound: Bound,
    /// As readers see it.
    pub title: String,
    pub description: String,
    pub url: Option<String>,
    /// When what it tells of last moved.
    pub updated: Timestamp,
}

/// A calendar of whole days, in the order given. A calendar without events is none (RFC 5545 3.4).
pub fn ics(events: &[Event], site: &Site) -> Option<Vec<u8>> {
    if events.is_empty() {
        return None;
    }
    let mut out = Lines::default();
    out.put("BEGIN:VCALENDAR");
    out.put("VERSION:2.0");
    out.put("PRODID:-//Vigie//Echeances//FR");
    out.put("CALSCALE:GREGORIAN");
    out.put("METHOD:PUBLISH");
    out.text("X-WR-CALNAME", &french(&format!("Échéances - {}", line(&site.name))));
    for event in events {
        out.put("BEGIN:VEVENT");
        out.put(&format!("UID:{}", line(&event.uid)));
        out.put(&format!("DTSTAMP:{}", event.updated.strftime("%Y%m%dT%H%M%SZ")));
        out.put(&format!("DTSTART;VALUE=DATE:{}", event.day.strftime("%Y%m%d")));
        let what = match event.bound {
            Bound::Until => "Échéance :",
            Bound::Before => "Avant ce jour :",
            Bound::From => "À compter de ce jour :",
        };
        out.text("SUMMARY", &format!("{} {}", french(what), truncate(&line(&event.title), 200)));
        let url = web_address(event.url.as_deref());
        let description: Vec<String> =
            event.description.lines().map(line).chain(url.clone()).filter(|line| !line.is_empty()).collect();
        out.text("DESCRIPTION", &description.join("\n"));
        if let Some(url) = url {
            out.put(&format!("URL:{url}"));
        }
        out.put("TRANSP:TRANSPARENT");
        out.put("END:VEVENT");
    }
    out.put("END:VCALENDAR");
    Some(out.0.into_bytes())
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A property whose value is text: what would end the value or the line is escaped (3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for c in printable(value).chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                '\r' => {}
                c => escaped.push(c),
            }
        }
        self.put(&format!("{name}:{escaped}"));
    }

    /// A line of at most 75 octets; the rest goes on after a space (3.1). No character is cut in two.
    fn put(&mut self, content: &str) {
        let mut octets = 0;
        for c in content.chars() {
            if octets + c.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            octets += c.len_utf8();
            self.0.push(c);
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};

    use super::*;

    fn site() -> Site {
        Site {
            name: "Veille".into(),
            url: None,
            publisher: String::new(),
            address: String::new(),
            privacy: None,
            zone: TimeZone::UTC,
        }
    }

    fn event(title: &str) -> Event {
        Event {
            uid: "echeance-7-2023-09-04@veille.exemple.fr".into(),
            day: date(2023, 9, 4),
            bound: Bound::Until,
            title: title.into(),
            description: "Une phrase, deux ; trois.\nUne seconde.".into(),
            url: Some("https://source.exemple/a?b=1,2".into()),
            updated: "2023-08-30T05:30:00Z".parse().unwrap(),
        }
    }

    fn unfolded(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n ", "")
    }

    #[test]
    fn a_deadline_is_a_whole_day() {
        let bytes = ics(&[event("Sénatoriales: le tableau\\des électeurs")], &site()).unwrap();
        let text = unfolded(&bytes);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//Vigie//Echeances//FR",
                "CALSCALE:GREGORIAN",
                "METHOD:PUBLISH",
                "X-WR-CALNAME:Échéances - Veille",
                "BEGIN:VEVENT",
                "UID:echeance-7-2023-09-04@veille.exemple.fr",
                "DTSTAMP:20230830T053000Z",
                "DTSTART;VALUE=DATE:20230904",
                "SUMMARY:Échéance\u{a0}: Sénatoriales: le tableau\\\\des électeurs",
                "DESCRIPTION:Une phrase\\, deux \\; trois.\\nUne seconde.\\nhttps://source.exemple/a?b=1\\,2",
                "URL:https://source.exemple/a?b=1,2",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
                "END:VCALENDAR",
                "",
            ]
        );
        assert_eq!(ics(&[], &site()), None);
    }

    #[test]
    fn lines_are_folded_at_75_octets_and_no_source_writes_a_line_of_its_own() {
        let bytes = ics(&[event(&format!("{}\r\nATTENDEE:mailto:x@y\u{2028}z", "été ".repeat(60)))], &site()).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
        assert!(!unfolded(&bytes).split("\r\n").any(|line| line.starts_with("ATTENDEE")));
    }

    proptest::proptest! {
        #[test]
        fn any_title_is_accepted(title in "(\\PC|\r\n|;|,|\\\\|é){0,80}") {
            let text = String::from_utf8(ics(&[event(&title)], &site()).unwrap()).unwrap();
            proptest::prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
            proptest::prop_assert_eq!(unfolded(text.as_bytes()).matches("\r\nEND:VEVENT\r\n").count(), 1);
        }
    }
}
