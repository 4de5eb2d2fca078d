//! `[mail]`, `[mail.smtp]`, `[[mail.fallback]]` and `[mail.direct]`.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Context, allow, count, dkim, named, secret};
use crate::config::{
    AfterCrash, Direct, Login, Mail, Operators, Security, Smtp, Transport,
    file::Table,
    value::{self, Wrong},
};

/// The secret that may come from the environment.
const PASSWORD: &str = "VIGIE_SMTP_PASSWORD";

#[derive(Clone)]
enum Way {
    Smtp,
    Direct,
    Folder,
}

pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Mail {
    let relay = smtp(table.table("smtp"), context);
    let direct = direct(table.table("direct"));
    let way = table.parse("transport", |text| {
        value::choice(text, "a way to send", &[("smtp", Way::Smtp), ("direct", Way::Direct), ("folder", Way::Folder)])
    });
    let folder = table.parse("folder", value::path);
    let transport = match way {
        Some(Way::Folder) => Transport::Folder(context.base.join(folder.unwrap_or_else(|| "outbox".to_owned()))),
        Some(Way::Direct) => Transport::Direct(direct),
        // Somebody who names a folder and forgets the transport would send real mail.
        Some(Way::Smtp) | None if folder.is_some() => {
            let wrong = Wrong::new("has no effect with `transport = \"smtp\"`", "write `transport = \"folder\"` too");
            table.refuse("folder", wrong);
            Transport::Smtp(relay)
        }
        Some(Way::Smtp) | None => Transport::Smtp(relay),
    };
    let from = table.parse("from", value::mailbox);
    let dkim = dkim::read(table.table("dkim"), from.as_ref(), table.has("from").then_some(()), context);
    let mail = Mail {
        from,
        dkim,
        reply_to: table.parse("reply_to", value::email),
        unsubscribe: table.parse("unsubscribe", value::email),
        operator: table.parse("operator", value::email),
        dns: table.parse("dns", value::server),
        operators: own_operators(&mut table, context),
        transport,
        fallback: table.tables("fallback").into_iter().map(|table| smtp(table, context)).collect(),
        after_crash: after_crash(&mut table),
    };
    table.finish();
    mail
}

/// Those that ship; whether there is the file that is to change them.
fn own_operators(table: &mut Table<'_>, context: &Context<'_>) -> Operators {
    if let Some(name) = table.parse("operators", value::path) {
        named(table, "operators", &context.base.join(name), context);
    }
    Operators::shipped()
}

fn after_crash(table: &mut Table<'_>) -> AfterCrash {
    let after = table.parse("after_crash_wait", |text| value::duration(text, "0s", "48h"));
    let after = after.unwrap_or(Duration::from_secs(30 * 60));
    let resend = AfterCrash::Resend { after: SignedDuration::try_from(after).unwrap_or_default() };
    let ways = [("resend", resend), ("hold", AfterCrash::Hold)];
    let way = table.parse("after_crash", |text| value::choice(text, "what is done after a crash", &ways));
    way.unwrap_or(resend)
}

fn direct(mut table: Table<'_>) -> Direct {
    let port = table.number("port", 1, 65_535).and_then(|port| u16::try_from(port).ok());
    let ways = [("opportunistic", Security::Opportunistic), ("starttls", Security::StartTls)];
    let security = table.parse("security", |text| value::choice(text, "a way to protect the connection", &ways));
    let direct = Direct {
        port: port.unwrap_or(25),
        security: security.unwrap_or(Security::Opportunistic),
        connections: count(&mut table, "connections", 200, 20),
        timeout: table.parse("timeout", |text| value::duration(text, "1s", "1h")).unwrap_or(Duration::from_secs(300)),
        ehlo: table.parse("ehlo", value::host),
        allow: allow(&mut table),
    };
    table.finish();
    direct
}

fn smtp(mut table: Table<'_>, context: &Context<'_>) -> Smtp {
    let host = table.parse("host", value::host).unwrap_or_else(|| "localhost".to_owned());
    let port = table.number("port", 1, 65_535).and_then(|port| u16::try_from(port).ok());
    let local = is_loopback(&host);
    let ways = [
        ("tls", Security::Tls),
        ("starttls", Security::StartTls),
        ("opportunistic", Security::Opportunistic),
        ("none", Security::None),
    ];
    let security = table.parse("security", |text| value::choice(text, "a way to protect the connection", &ways));
    let security = security.unwrap_or(match port {
        Some(465) => Security::Tls,
        _ if local => Security::None,
        _ => Security::StartTls,
    });
    let login = login(&mut table, context);
    if login.is_some() && matches!(security, Security::None | Security::Opportunistic) && !local {
        let why = "must not be `none` or `opportunistic` for another machine when there is a password: it would travel in clear";
        table.refuse("security", Wrong::new(why, "write `security = \"starttls\"` or `security = \"tls\"`"));
    }
    let smtp = Smtp {
        port: port.unwrap_or(match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None | Security::Opportunistic => 25,
        }),
        host,
        security,
        login,
        connections: count(&mut table, "connections", 50, 2),
        messages: u32::try_from(count(&mut table, "messages", 1_000_000, 500)).unwrap_or(500),
        rate: table.parse("rate", value::rate),
        timeout: table.parse("timeout", |text| value::duration(text, "1s", "1h")).unwrap_or(Duration::from_secs(300)),
        ehlo: table.parse("ehlo", value::host),
    };
    table.finish();
    smtp
}

fn login(table: &mut Table<'_>, context: &Context<'_>) -> Option<Login> {
    let user = table.parse("user", value::user);
    let password = secret::read(table, "password", "password_file", PASSWORD, context);
    let given = if table.has("password_file") { "password_file" } else { "password" };
    match (user, password) {
        (Some(user), Some(password)) if !password.is_empty() => Some(Login { user, password }),
        (Some(_), Some(_)) => {
            table.refuse(given, Wrong::new("holds an empty password", "write the password, or take `user` away"));
            None
        }
        (Some(_), None) => {
            if !table.has("password") && !table.has("password_file") {
                let hint = format!("set `password_file`, or `{PASSWORD}` in the environment");
                table.refuse("user", Wrong::new("is set without a password", hint));
            }
            None
        }
        (None, _) => {
            if table.has(given) && !table.has("user") {
                table.refuse(given, Wrong::new("is set without `user`", "set `user` too"));
            }
            None
        }
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
