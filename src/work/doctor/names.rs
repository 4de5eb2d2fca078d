//! What the DNS says of our domain and of our addresses, check by check.

use futures_util::future::join_all;

use super::{
    Check, Grade,
    sender::Sender,
    spf::{self, Judged, Trouble},
};
use crate::{
    config::{Dkim, DkimKey, Mail, Transport},
    dns::{Dns, DnsError},
    mail::{
        dkim::{Key, Published, zone_line},
        spf::{Record, Verdict},
    },
};

/// Whether the DNS answers at all: when it does not, that is said once.
pub(super) async fn answers(dns: &Dns, domain: &str) -> Result<(), Check> {
    match dns.txt(domain).await {
        Err(error) if error.is_temporary() => Err(Check::skip("dns", error.to_string())),
        _ => Ok(()),
    }
}

pub(super) async fn spf(dns: &Dns, domain: &str, sender: &Sender) -> Check {
    let records = match spf::records(dns, domain).await {
        Ok(records) => records,
        Err(error) => return Check::skip("spf", error.to_string()),
    };
    let text = match &records[..] {
        [text] => text,
        [] => {
            let found = format!("`{domain}` has no SPF record: receivers cannot know who may send for it");
            let fix = format!("publish: {domain}. IN TXT \"v=spf1{} -all\"", terms(sender));
            return Check::new("spf", Grade::Fail, found, Some(fix));
        }
        many => {
            let found = format!("`{domain}` has {} SPF records: receivers then follow none (RFC 7208 4.5)", many.len());
            return Check::new("spf", Grade::Fail, found, Some(format!("make one of them: {}", many.join(" / "))));
        }
    };
    let record = match Record::parse(text) {
        Ok(record) => record,
        Err(term) => {
            let found = format!("`{term}` is no term of SPF: receivers take the record of `{domain}` for an error");
            return Check::new("spf", Grade::Fail, found, Some(format!("correct it: `{text}`")));
        }
    };
    let with_us = || Some(format!("publish: {domain}. IN TXT \"{}\"", amended(text, sender)));
    if sender.addresses().is_empty() {
        let Sender::Unknown(why) = sender else { return Check::ok("spf", format!("`{text}`")) };
        let fix = "`vigie doctor --address IP`, with the address from which your mail leaves";
        let found = format!("`{text}`; whether it lets us send is not known: {why}");
        return Check::new("spf", Grade::Warn, found, Some(fix.into()));
    }
    let judged = join_all(sender.addresses().iter().map(|address| spf::judge(dns, domain, &record, *address))).await;
    let mut lookups = 0;
    for (address, judged) in sender.addresses().iter().zip(judged) {
        match (judged, sender) {
            (Err(Trouble::Dns(error)), _) => return Check::skip("spf", error.to_string()),
            (Err(Trouble::Permanent(why)), _) => {
                let found = format!("receivers take the record of `{domain}` for an error: {why}");
                return Check::new("spf", Grade::Fail, found, Some(format!("correct it: `{text}`")));
            }
            (Ok(Judged { verdict: Verdict::Pass, lookups: asked, .. }), _) => lookups = lookups.max(asked),
            (Ok(Judged { depends: true, .. }), _) => {
                let found = format!("`{text}`; what it says of {address} depends on the message");
                return Check::new(
                    "spf",
                    Grade::Warn,
                    found,
                    Some("`vigie doctor --test ADDRESS`, and look at `Received-SPF` there".into()),
                );
            }
            (Ok(_), Sender::Relay { host, .. }) => {
                let found = format!(
                    "`{text}` does not name {address}, an address of the relay `{host}`, which may send from another"
                );
                let fix = format!(
                    "ask the keeper of `{host}` what to include, or tell the address: `vigie doctor --address IP`"
                );
                return Check::new("spf", Grade::Warn, found, Some(fix));
            }
            (Ok(_), _) => {
                let found = format!("`{text}` does not let {address} send");
                return Check::new("spf", Grade::Fail, found, with_us());
            }
        }
    }
    let ends = if record.ends() { "" } else { "; it does not say what is to be done with others" };
    match () {
        () if record.directives.first().is_some_and(is_for_all) => {
            let found = format!("`{text}` lets everybody send: it says nothing");
            Check::new("spf", Grade::Fail, found, with_us())
        }
        () if lookups > spf::MOST_LOOKUPS => {
            let found =
                format!("`{text}` costs {lookups} questions to the DNS: receivers give up at {}", spf::MOST_LOOKUPS);
            let fix = "take out `include`, `a` and `mx` terms that are not needed, or write their addresses as `ip4`";
            Check::new("spf", Grade::Fail, found, Some(fix.into()))
        }
        () if !record.ends() => Check::new(
            "spf",
            Grade::Warn,
            format!("`{text}` lets us send{ends}"),
            Some(format!("publish: {domain}. IN TXT \"{text} -all\"")),
        ),
        () => Check::ok("spf", format!("`{text}` lets {} send", listed(sender))),
    }
}

fn is_for_all(directive: &crate::mail::spf::Directive) -> bool {
    directive.mechanism == crate::mail::spf::Mechanism::All && directive.verdict == Verdict::Pass
}

fn listed(sender: &Sender) -> String {
    sender.addresses().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The terms that name our addresses, each with a space before it.
fn terms(sender: &Sender) -> String {
    if sender.addresses().is_empty() {
        return String::from(" mx");
    }
    let term = |address: &std::net::IpAddr| format!(" ip{}:{address}", if address.is_ipv4() { 4 } else { 6 });
    sender.addresses().iter().map(term).collect()
}

/// The record with our addresses at its head, where they count whatever follows.
fn amended(text: &str, sender: &Sender) -> String {
    let rest = text.split_ascii_whitespace().skip(1).filter(|term| !matches!(*term, "+all" | "all"));
    let rest: Vec<&str> = rest.collect();
    let end = if rest.is_empty() { String::from(" -all") } else { format!(" {}", rest.join(" ")) };
    format!("v=spf1{}{end}", terms(sender))
}

pub(super) async fn dkim(dns: &Dns, dkim: Option<&Dkim>) -> Vec<Check> {
    let Some(dkim) = dkim else {
        let fix = "`vigie dkim generate`, unless the relay signs for your domain";
        return vec![Check::new("dkim", Grade::Warn, "mail leaves unsigned: no key is set", Some(fix.into()))];
    };
    join_all(dkim.keys.iter().map(|key| of_key(dns, &dkim.domain, key))).await
}

async fn of_key(dns: &Dns, domain: &str, setting: &DkimKey) -> Check {
    let selector = &setting.selector;
    let title = format!("dkim {selector}");
    let key = match Key::read(selector, &setting.file) {
        Ok(key) => key,
        Err(why) => {
            let found = format!("the key `{}` {why}", setting.file.display());
            return Check::new(title, Grade::Fail, found, Some(why.hint(selector)));
        }
    };
    let name = format!("{selector}._domainkey.{domain}");
    let publish = || Some(format!("publish: {}", zone_line(&name, &key.record())));
    let texts = match dns.txt(&name).await {
        Ok(texts) => texts,
        Err(error) if error.is_not_found() => {
            return Check::new(title, Grade::Fail, format!("there is no TXT record `{name}`"), publish());
        }
        Err(error) => return Check::skip(title, error.to_string()),
    };
    let [text] = &texts[..] else {
        let found = format!("`{name}` has {} TXT records: receivers may take any", texts.len());
        return Check::new(
            title,
            Grade::Fail,
            found,
            Some("keep the one of the key that signs (`vigie dkim show`)".into()),
        );
    };
    let file = setting.file.display();
    match Published::of(text, &key) {
        Published::Same => Check::ok(
            title,
            format!("`{name}` holds the public half of `{file}` ({}, {} bits)", key.kind().as_str(), key.bits()),
        ),
        Published::Testing => {
            let found = format!("`{name}` holds the key, and tells receivers to take no notice of it (`t=y`)");
            Check::new(title, Grade::Warn, found, publish())
        }
        Published::Other => {
            Check::new(title, Grade::Fail, format!("`{name}` holds another key than `{file}`"), publish())
        }
        Published::Revoked => {
            Check::new(title, Grade::Fail, format!("`{name}` says that the key is withdrawn"), publish())
        }
        Published::Unusable => {
            Check::new(title, Grade::Fail, format!("`{name}` holds no key for mail: `{text}`"), publish())
        }
    }
}

/// Whether answers, and reports of what did not arrive, can come back.
pub(super) async fn mx(dns: &Dns, domains: &[&str]) -> Vec<Check> {
    let mut domains = domains.to_vec();
    domains.dedup();
    join_all(domains.into_iter().map(|domain| async move {
        let title = format!("mx {domain}");
        match dns.mx(domain).await {
            Ok(exchanges) => {
                let hosts: Vec<&str> = exchanges.iter().map(|exchange| exchange.host.as_str()).collect();
                Check::ok(title, format!("{} takes what comes back", hosts.join(", ")))
            }
            Err(error) if error.is_temporary() => Check::skip(title, error.to_string()),
            Err(error) => {
                let found = format!("answers and reports cannot come back: {error}");
                let fix = format!("publish: {domain}. IN MX 10 and the name of the host that takes its mail");
                Check::new(title, Grade::Fail, found, Some(fix))
            }
        }
    }))
    .await
}

/// Whether our addresses have a name that leads back to them, and is the one that we give ourselves.
pub(super) async fn ptr(dns: &Dns, sender: &Sender, mail: &Mail) -> Vec<Check> {
    let addresses = match sender {
        Sender::These(addresses) => addresses,
        Sender::Relay { host, .. } => {
            return vec![Check::skip("ptr", format!("`{host}` is what others see: its keeper names it"))];
        }
        Sender::Unknown(why) => return vec![Check::skip("ptr", why.clone())],
    };
    let hello = match &mail.transport {
        Transport::Smtp(relay) => relay.ehlo.clone().or_else(super::relay::machine_name),
        Transport::Direct(direct) => direct.ehlo.clone().or_else(super::relay::machine_name),
        Transport::Folder(_) => None,
    };
    join_all(addresses.iter().map(|address| named(dns, *address, hello.as_deref()))).await
}

async fn named(dns: &Dns, address: std::net::IpAddr, hello: Option<&str>) -> Check {
    let title = format!("ptr {address}");
    let wanted = hello.map_or_else(|| String::from("by the full name of this machine"), |name| format!("`{name}`"));
    let ask = || Some(format!("ask whoever gave you {address} to name it {wanted}, a name that must lead back to it"));
    let names = match dns.ptr(address).await {
        Ok(names) => names,
        Err(error) if error.is_temporary() => return Check::skip(title, error.to_string()),
        Err(_) => return Check::new(title, Grade::Fail, "the address has no name: many receivers refuse it", ask()),
    };
    let leads_back = |name: String| async move {
        let found: Result<Vec<_>, DnsError> = dns.addresses(&name).await;
        found.is_ok_and(|addresses| addresses.contains(&address)).then_some(name)
    };
    let confirmed: Vec<String> = join_all(names.iter().cloned().map(leads_back)).await.into_iter().flatten().collect();
    match (confirmed.first(), hello) {
        (None, _) => {
            let found = format!("it is named {}, which does not lead back to it", names.join(", "));
            Check::new(title, Grade::Fail, found, ask())
        }
        (Some(name), Some(hello)) if !confirmed.iter().any(|name| name.eq_ignore_ascii_case(hello)) => {
            let found = format!("it is named `{name}`, and we call ourselves `{hello}`: some receivers mind");
            Check::new(title, Grade::Warn, found, Some(format!("`ehlo = \"{name}\"` in `[mail.smtp]`")))
        }
        (Some(name), _) => Check::ok(title, format!("it is named `{name}`, which leads back to it")),
    }
}
