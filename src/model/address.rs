//! Where a source is asked: an address, fixed or with the day in it.

use std::fmt;

use jiff::civil::Date;
use url::{ParseError, Url};

/// An http or https address in which `{…}` may hold the form of a date, such as `{%Y%m%d}` (strftime): the day on
/// which it is asked, in the source's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    written: String,
    /// As on some day: its scheme, host and port are those of every day.
    sample: Url,
}

/// The day whose address stands for all of them.
const SOME_DAY: Date = jiff::civil::date(2000, 1, 1);

impl Address {
    /// # Errors
    /// [`BadAddress`]: what is written is no address, or a form of date is none.
    pub fn parse(written: &str) -> Result<Self, BadAddress> {
        let written = written.trim();
        let sample = Url::parse(&dated(written, SOME_DAY)?).map_err(BadAddress::Url)?;
        let other =
            dated(written, SOME_DAY.tomorrow().unwrap_or(SOME_DAY)).ok().and_then(|text| Url::parse(&text).ok());
        if other.is_none_or(|other| other.origin() != sample.origin()) {
            return Err(BadAddress::Host);
        }
        // As the parser wrote it, where every day has the same.
        let written = if written.contains('{') { written.to_owned() } else { sample.as_str().to_owned() };
        Ok(Self { written, sample })
    }

    /// As written, forms of dates included.
    pub fn as_str(&self) -> &str {
        &self.written
    }
    pub fn host_str(&self) -> Option<&str> {
        self.sample.host_str()
    }
    /// Whether it changes from day to day.
    pub fn is_dated(&self) -> bool {
        self.written.contains('{')
    }
    /// The address as it is asked on a day.
    pub fn on(&self, day: Date) -> Url {
        if !self.is_dated() {
            return self.sample.clone();
        }
        // What one day allowed, another does too: the forms were tried when this was made.
        dated(&self.written, day).ok().and_then(|text| Url::parse(&text).ok()).unwrap_or_else(|| self.sample.clone())
    }
    /// One of its addresses, to look at scheme, host and port.
    pub fn sample(&self) -> &Url {
        &self.sample
    }
}

impl From<Url> for Address {
    /// An address taken as it is: one that a page gave, in which braces mean nothing.
    fn from(url: Url) -> Self {
        Self { written: url.as_str().replace('{', "%7B").replace('}', "%7D"), sample: url }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("{0}")]
    Url(ParseError),
    #[error("`{{{0}}}` is no form of a date, such as `{{%Y%m%d}}`")]
    Form(String),
    #[error("a `{{` is never closed")]
    Open,
    #[error("a date cannot stand in the host")]
    Host,
}

/// Puts a day in the place of each `{…}`.
fn dated(written: &str, day: Date) -> Result<String, BadAddress> {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, form)) = rest.split_once('{') {
        let (form, after) = form.split_once('}').ok_or(BadAddress::Open)?;
        let bad = || BadAddress::Form(form.to_owned());
        out.push_str(before);
        if !form.contains('%') {
            return Err(bad());
        }
        out.push_str(&jiff::fmt::strtime::format(form, day).map_err(|_| bad())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_put_where_its_form_stands() {
        let fixed = Address::parse(" https://exemple.fr/flux ").unwrap();
        assert!(!fixed.is_dated());
        assert_eq!(fixed.on(SOME_DAY).as_str(), "https://exemple.fr/flux");
        let dated = Address::parse("https://exemple.fr/_print2.php?date={%Y%m%d}&an={%Y}").unwrap();
        assert!(dated.is_dated());
        assert_eq!(dated.host_str(), Some("exemple.fr"));
        let day = jiff::civil::date(2026, 11, 23);
        assert_eq!(dated.on(day).as_str(), "https://exemple.fr/_print2.php?date=20261123&an=2026");
        assert_eq!(
            Address::from(Url::parse("https://exemple.fr/?a={b}").unwrap()).on(day).as_str(),
            "https://exemple.fr/?a={b}"
        );
    }

    #[test]
    fn what_is_no_form_of_a_date_is_refused() {
        for (written, refused) in [
            ("https://exemple.fr/{id}", BadAddress::Form("id".into())),
            ("https://exemple.fr/{%Q}", BadAddress::Form("%Q".into())),
            ("https://exemple.fr/{%Y", BadAddress::Open),
            ("https://jo{%d}.fr/", BadAddress::Host),
            ("nulle part", BadAddress::Url(ParseError::RelativeUrlWithoutBase)),
        ] {
            assert_eq!(Address::parse(written), Err(refused), "{written}");
        }
    }
}
