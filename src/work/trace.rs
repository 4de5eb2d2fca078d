//! What became of everything that was sent to one address: each try, what the other side said, what that means, and what
//! to do.

use jiff::Timestamp;
use serde::Serialize;

use super::{App, letter};
use crate::{
    config::Operator,
    mail::{self, Advice},
    model::{DeliveryId, DeliveryState, EmailAddress, Subscriber},
    render::{self, Meaning, TraceView, TracedView, TryView, Whom},
    store::{
        self, Db, exchangers, subscribers,
        traces::{self, Sending, Sent, Try},
    },
};

/// All that is known of what was sent to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    pub address: EmailAddress,
    pub subscriber: Option<Subscriber>,
    /// Why it is not written to, if it must not be.
    pub suppressed: Option<String>,
    /// Newest first.
    pub sendings: Vec<Traced>,
}

/// One bulletin or letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traced {
    #[serde(flatten)]
    pub sending: Sending,
    /// What each of its tries means, in their order.
    pub advice: Vec<Advice>,
    /// When it is tried next, if it still is.
    pub next: Option<Timestamp>,
    /// What came back of it later.
    pub returned: Vec<Returned>,
}

/// A report that came back of a message that had been taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Returned {
    pub at: Timestamp,
    /// Who reports.
    pub host: String,
    /// In its own words.
    pub reply: String,
    #[serde(flatten)]
    pub advice: Advice,
}

/// Looks an address up, in whatever case it is written; `None` when nothing was ever sent to it and it is nobody's.
pub fn trace(app: &App, address: &EmailAddress, most: u32) -> anyhow::Result<Option<Trace>> {
    let sender = letter::sender(app).map_or_else(|_| String::new(), |from| from.address.to_string());
    let trace = app.store.read(|db| {
        let subscriber = subscribers::find(db, address)?;
        let suppressed = subscribers::suppressed(db, address)?;
        let sendings = traces::of_address(db, address, subscriber.as_ref().map(|known| known.id), most)?;
        let kept = exchangers::get(db, address.domain())?;
        let by_domain = kept.map(|kept| kept.hosts).filter(|hosts| !hosts.is_empty());
        let sendings: store::Result<Vec<Traced>> = sendings
            .into_iter()
            .map(|sending| traced(app, db, sending, by_domain.as_deref(), address, &sender))
            .collect();
        Ok(Trace { address: address.clone(), subscriber, suppressed, sendings: sendings? })
    })?;
    let is_known = trace.subscriber.is_some() || trace.suppressed.is_some() || !trace.sendings.is_empty();
    Ok(is_known.then_some(trace))
}

/// The same as a text in French: for the reader, who asks why no bulletin comes, or for who runs Vigie.
pub fn text(app: &App, trace: &Trace, whom: Whom) -> String {
    render::trace_text(&seen(trace), whom, &app.config.site)
}

fn seen(trace: &Trace) -> TraceView {
    TraceView {
        address: trace.subscriber.as_ref().map_or(&trace.address, |known| &known.address).to_string(),
        subscriber: trace.subscriber.clone(),
        suppressed: trace.suppressed.clone(),
        sendings: trace.sendings.iter().map(view).collect(),
    }
}

/// The same in paragraphs, for the reader who asks by a letter: without that letter itself.
pub(super) fn told(
    app: &App,
    address: &EmailAddress,
    asking: DeliveryId,
    most: u32,
) -> anyhow::Result<Vec<render::TraceLine>> {
    let Some(mut trace) = trace(app, address, most + 1)? else { return Ok(Vec::new()) };
    trace.sendings.retain(|traced| traced.sending.id != asking);
    trace.sendings.truncate(most as usize);
    Ok(render::trace_lines(&seen(&trace), Whom::Reader, &app.config.site))
}

fn traced(
    app: &App,
    db: &Db,
    sending: Sending,
    by_domain: Option<&[String]>,
    address: &EmailAddress,
    sender: &str,
) -> store::Result<Traced> {
    let advice = sending
        .tries
        .iter()
        .map(|one| mail::advise(&one.reply, one.state, &operator(app, one, by_domain, address), sender))
        .collect();
    // One that is being sent is due again only should its sender die.
    let is_waiting = matches!(sending.state, DeliveryState::Queued | DeliveryState::Deferred);
    let next = is_waiting.then_some(sending.due);
    let last = sending.tries.last().map(|one| operator(app, one, by_domain, address));
    let last = last.unwrap_or_else(|| app.config.mail.operators.get(address.domain()).into_owned());
    let returned = traces::reports(db, sending.id)?.into_iter().map(|report| Returned {
        at: report.at,
        advice: mail::advise(&report.reply, DeliveryState::Deferred, &last, sender),
        host: report.host,
        reply: report.reply.to_string(),
    });
    let returned = returned.collect();
    Ok(Traced { sending, advice, next, returned })
}

/// Whose mailbox it was, as was kept with the try, else as the DNS told of the domain; else who answered.
fn operator(app: &App, one: &Try, by_domain: Option<&[String]>, address: &EmailAddress) -> Operator {
    let operators = &app.config.mail.operators;
    let by_host = Some(&one.host).filter(|host| !host.is_empty()).map(std::slice::from_ref);
    match by_domain.or(by_host) {
        _ if !one.operator.is_empty() => operators.get(&one.operator).into_owned(),
        Some(hosts) => operators.of(hosts).into_owned(),
        None => operators.get(address.domain()).into_owned(),
    }
}

fn view(traced: &Traced) -> TracedView {
    let Traced { sending, advice, next, returned } = traced;
    let answer = |advice: &Advice| Meaning {
        meaning: advice.meaning.clone(),
        reader: advice.reader.clone(),
        keeper: advice.keeper.clone(),
    };
    TracedView {
        bulletin: match &sending.matter {
            Sent::Bulletin { cadence, date, number } => Some((*cadence, *date, *number)),
            Sent::Letter(_) => None,
        },
        letter: match &sending.matter {
            Sent::Letter(letter) => Some(*letter),
            Sent::Bulletin { .. } => None,
        },
        state: sending.state,
        tries: sending
            .tries
            .iter()
            .zip(advice)
            .map(|(one, advice)| TryView {
                at: one.at,
                host: one.host.clone(),
                reply: one.reply.to_string(),
                answer: answer(advice),
            })
            .collect(),
        returned: returned
            .iter()
            .map(|report| TryView {
                at: report.at,
                host: report.host.clone(),
                reply: report.reply.clone(),
                answer: answer(&report.advice),
            })
            .collect(),
        next: *next,
    }
}
