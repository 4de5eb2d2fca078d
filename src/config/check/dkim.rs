//! `[mail.dkim]`: with which keys mail is signed.

use super::Context;
use crate::{
    config::{
        Dkim, DkimKey, Mailbox,
        file::Table,
        value::{self, Wrong, quoted},
    },
    model::EmailAddress,
};

/// `None` where nothing is to be signed. `has_from`: whether an address to send from is written, rightly or wrongly.
pub(super) fn read(
    mut table: Table<'_>,
    from: Option<&Mailbox>,
    has_from: Option<()>,
    context: &Context<'_>,
) -> Option<Dkim> {
    let own = table.parse("domain", domain);
    let mut keys: Vec<DkimKey> = Vec::new();
    for mut key in table.tables("keys") {
        let name = key.parse("selector", selector);
        if let Some(name) = &name {
            key.belongs_to("key", name);
        }
        let file = key.parse("file", value::path).map(|file| context.base.join(file));
        for (needed, hint) in [("selector", "write a short name, such as `s1`"), ("file", "write the path of its PEM")]
        {
            if !key.has(needed) {
                key.refuse(needed, Wrong::new("is missing", hint));
            }
        }
        if let (Some(selector), Some(file)) = (name, file) {
            if keys.iter().any(|other| other.selector == selector) {
                key.refuse("selector", Wrong::new("must be its own: it is used twice", "one record holds one key"));
            } else if let Err(why) = (context.named)("key", &file) {
                let (why, hint) = why.split_once("\nhint: ").unwrap_or((&why, "make one by `vigie dkim generate`"));
                key.refuse("file", Wrong::new(why, hint.replace("SELECTOR", &selector)));
            }
            keys.push(DkimKey { selector, file });
        }
        key.finish();
    }
    let is_settled = own.is_some() || table.has("domain") || has_from.is_some();
    if !keys.is_empty() && !is_settled {
        let hint = "write `from` in `[mail]`, or `domain` here";
        table.refuse("keys", Wrong::new("have no domain to sign for", hint));
    }
    table.finish();
    let domain = own.or_else(|| from.map(|from| from.address.domain().to_owned()))?;
    (!keys.is_empty()).then_some(Dkim { domain, keys })
}

/// In lower-case ASCII, as it is signed for.
fn domain(text: &str) -> Result<String, Wrong> {
    let read = EmailAddress::parse(&format!("x@{}", text.trim()));
    read.map(|address| address.domain().to_owned()).map_err(|_| {
        let why = format!("must be the domain that mail comes from, not {}", quoted(text));
        Wrong::new(why, "write what stands after the `@` of `from`, such as `veille.example.fr`")
    })
}

/// RFC 6376 3.1: one label of a domain or several.
pub(in crate::config) fn selector(text: &str) -> Result<String, Wrong> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 100 && text.split('.').all(is_label) {
        return Ok(text.to_ascii_lowercase());
    }
    let why = format!("must be a name that can stand in the DNS, not {}", quoted(text));
    Err(Wrong::new(why, "take letters, digits and dashes, such as `s1` or `vigie-2026`"))
}
