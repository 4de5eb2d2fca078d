//! `[bounces]` and `[bounces.imap]`: where what comes back is sent, and where it lies.

use super::{Context, mail::is_loopback, secret};
use crate::config::{
    Bounces, ImapFolder, Login, ReturnAddress, Security,
    file::Table,
    value::{self, Wrong},
};

/// The secret that may come from the environment.
const PASSWORD: &str = "VIGIE_IMAP_PASSWORD";
/// What stands before the `@` of the address, in letters: the token and the longest number take the rest of 64.
const LONGEST: usize = 20;

pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Bounces {
    let address = table.parse("address", |text| {
        let address = value::email(text)?;
        let local = address.as_str().rsplit_once('@').map_or("", |(local, _)| local);
        let is_plain = local.is_ascii() && !local.starts_with('"');
        let why = "must leave room for a token behind what stands before its `@`, and be in plain letters";
        let hint = format!("take {LONGEST} letters at most, such as `bounces@{}`", address.domain());
        if is_plain && local.len() <= LONGEST { Ok(address) } else { Err(Wrong::new(why, hint)) }
    });
    let separator = table.parse("separator", |text| {
        value::choice(text, "what stands between an address and its token", &[("+", '+'), ("-", '-'), ("=", '=')])
    });
    let separator = separator.unwrap_or('+');
    let maildir = table.parse("maildir", value::path).map(|path| context.base.join(path));
    let imap = imap(table.table("imap"), context);
    let bounces = Bounces { address: address.map(|address| ReturnAddress { address, separator }), maildir, imap };
    table.finish();
    bounces
}

fn imap(mut table: Table<'_>, context: &Context<'_>) -> Option<ImapFolder> {
    let host = table.parse("host", value::host);
    let port = table.number("port", 1, 65_535).and_then(|port| u16::try_from(port).ok());
    let local = host.as_deref().is_some_and(is_loopback);
    let ways = [("tls", Security::Tls), ("starttls", Security::StartTls), ("none", Security::None)];
    let security = table.parse("security", |text| value::choice(text, "a way to protect the connection", &ways));
    let security = security.unwrap_or(match port {
        Some(143) => Security::StartTls,
        _ => Security::Tls,
    });
    if security == Security::None && host.is_some() && !local {
        let why = "must not be `none` for another machine: the password would travel in clear";
        table.refuse("security", Wrong::new(why, "write `security = \"tls\"` or `security = \"starttls\"`"));
    }
    let user = table.parse("user", value::user);
    let password = secret::read(&mut table, "password", "password_file", PASSWORD, context);
    let folder = table.parse("folder", mailbox).unwrap_or_else(|| "INBOX".to_owned());
    let done = table.parse("done", mailbox);
    let needs = "a folder on a server needs `host`, `user` and a password";
    if table.has("host") && !table.has("user") {
        table.refuse("host", Wrong::new("is set without `user`", needs));
    }
    if table.has("user") && !table.has("host") {
        table.refuse("user", Wrong::new("is set without `host`", needs));
    }
    if user.is_some() && password.is_none() && !table.has("password") && !table.has("password_file") {
        let hint = format!("set `password_file`, or `{PASSWORD}` in the environment");
        table.refuse("user", Wrong::new("is set without a password", hint));
    }
    table.finish();
    let port = port.unwrap_or(if security == Security::Tls { 993 } else { 143 });
    let login = Login { user: user?, password: password? };
    Some(ImapFolder { host: host?, port, security, login, folder, done })
}

/// The name of a folder: in other letters than these it would have to be written in another way (RFC 3501 5.1.3).
fn mailbox(text: &str) -> Result<String, Wrong> {
    let is_plain = !text.trim().is_empty() && text.bytes().all(|octet| (b' '..=b'~').contains(&octet) && octet != b'&');
    let hint = "name a folder in plain letters, such as `INBOX` or `Lus`";
    if is_plain { Ok(text.to_owned()) } else { Err(Wrong::new("has a letter that cannot stand in it", hint)) }
}
