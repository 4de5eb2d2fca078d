//! DMARC (RFC 9989): what receivers are asked to do with mail that is not ours.

use super::{Check, Grade};
use crate::{
    dns::{Dns, DnsError},
    mail::tags::Tags,
};

/// How far up a name is followed (RFC 9989 4.10).
const MOST: usize = 8;

pub(super) async fn dmarc(dns: &Dns, domain: &str) -> Check {
    let publish = |domain: &str| {
        Some(format!("publish: _dmarc.{domain}. IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@{domain}\""))
    };
    let mut at = domain;
    for _ in 0..MOST {
        let records = match policies(dns, at).await {
            Ok(records) => records,
            Err(error) => return Check::skip("dmarc", error.to_string()),
        };
        match &records[..] {
            [] => {}
            [record] => return judged(at, domain, record),
            many => {
                let found = format!("`_dmarc.{at}` has {} policies: receivers then follow none", many.len());
                return Check::new(
                    "dmarc",
                    Grade::Fail,
                    found,
                    Some(format!("keep one of them: {}", many.join(" / "))),
                );
            }
        }
        match at.split_once('.') {
            Some((_, parent)) if parent.contains('.') => at = parent,
            _ => break,
        }
    }
    let found = format!("`{domain}` has no policy: large receivers refuse or sort out mail from domains without one");
    Check::new("dmarc", Grade::Fail, found, publish(domain))
}

async fn policies(dns: &Dns, domain: &str) -> Result<Vec<String>, DnsError> {
    match dns.txt(&format!("_dmarc.{domain}")).await {
        Ok(texts) => Ok(texts.into_iter().filter(|text| Tags::read(text).is_version("DMARC1")).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn judged(at: &str, domain: &str, record: &str) -> Check {
    let tags = Tags::read(record);
    let own = tags.get("p");
    let policy = if at == domain { own } else { tags.get("sp").or(own) };
    let found = |policy: &str| format!("`_dmarc.{at}` asks receivers for `{policy}`");
    match policy.map(str::to_ascii_lowercase).as_deref() {
        Some(policy @ ("reject" | "quarantine")) => Check::ok("dmarc", found(policy)),
        Some("none") if tags.get("rua").is_none() => {
            let fix = format!(
                "publish: _dmarc.{at}. IN TXT \"{}; rua=mailto:postmaster@{at}\"",
                record.trim_end_matches([';', ' '])
            );
            Check::new("dmarc", Grade::Warn, format!("{}, and for no reports", found("none")), Some(fix))
        }
        Some("none") => Check::ok(
            "dmarc",
            format!("{}: enough to be taken; `quarantine` once its reports are clean", found("none")),
        ),
        _ => {
            let fix = format!("publish: _dmarc.{at}. IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@{at}\"");
            Check::new(
                "dmarc",
                Grade::Fail,
                format!("`_dmarc.{at}` says nothing that receivers know: `{record}`"),
                Some(fix),
            )
        }
    }
}
