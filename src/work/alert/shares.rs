//! Which reader gets what of an alert edition, now or when there is room.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{App, compose, later},
    Candidate, DAY,
};
use crate::{
    bulletin::{self, Words},
    mail,
    model::{BulletinId, Cadence, News, Preferences, StoryId, Urgency},
    store::{
        self, Tx,
        alerts::{self, Part},
        outbox,
        subscribers::{self, Whom, Writable},
    },
};

/// Wishes whose answer is remembered: most readers share theirs with others.
const REMEMBERED: usize = 2_000;

/// What a first look at all readers finds.
#[derive(Default)]
pub(super) struct Found {
    pub wanted: BTreeSet<StoryId>,
    /// Whether something must be held back.
    pub is_held: bool,
}

/// Who gets what of the candidates.
pub(super) struct Shares<'a> {
    app: &'a App,
    tx: &'a Tx<'a>,
    now: Timestamp,
    candidates: &'a BTreeMap<StoryId, Candidate>,
    /// Which of them somebody of these choices wants.
    wishes: BTreeMap<Preferences, Vec<StoryId>>,
    is_held: bool,
}

impl<'a> Shares<'a> {
    pub fn new(
        app: &'a App,
        tx: &'a Tx<'a>,
        candidates: &'a BTreeMap<StoryId, Candidate>,
        now: Timestamp,
    ) -> store::Result<Self> {
        let is_held = alerts::is_held(tx, now)?;
        Ok(Self { app, tx, now, candidates, wishes: BTreeMap::new(), is_held })
    }

    /// The candidates that at least one reader gets.
    pub fn find(&mut self) -> store::Result<Found> {
        let mut found = Found::default();
        if self.candidates.is_empty() {
            return Ok(found);
        }
        subscribers::each_writable(self.tx, Whom::WantsAlerts, self.now, |reader| {
            match self.mail(reader)? {
                Mail::None => {}
                Mail::Now(parts) => found.wanted.extend(parts.iter().map(|part| part.story)),
                Mail::Later(..) => found.is_held = true,
            }
            let is_all = found.wanted.len() == self.candidates.len();
            Ok(if is_all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Gives each reader a share of an edition, or holds it back. How many get one now.
    pub fn hand_out(&mut self, bulletin: Option<BulletinId>) -> store::Result<usize> {
        let tx = self.tx;
        let key = compose::message_key(tx)?;
        let domain = self.app.config.mail.from.as_ref().map_or("localhost", |from| from.address.domain());
        let (mut deliveries, mut held) = (0, Vec::new());
        subscribers::each_writable(tx, Whom::WantsAlerts, self.now, |reader| {
            match (self.mail(reader)?, bulletin) {
                (Mail::Now(parts), Some(bulletin)) => {
                    let expires = later(self.now, self.expires(reader, &parts));
                    parts.iter().try_for_each(|part| alerts::add(tx, bulletin, reader.id, *part))?;
                    let id = mail::message_id(&key, bulletin, reader.id, domain);
                    outbox::queue(tx, bulletin, reader.id, &id, Urgency::Urgent, self.now, expires)?;
                    deliveries += 1;
                }
                (Mail::Later(parts, due), _) => held.extend(parts.into_iter().map(|part| (reader.id, part, due))),
                (Mail::Now(_) | Mail::None, _) => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
        // Only now: what is held back anew would be taken for what was held back before.
        alerts::release(tx, self.now)?;
        held.into_iter().try_for_each(|(reader, part, due)| alerts::hold(tx, reader, part, due))?;
        Ok(deliveries)
    }

    fn mail(&mut self, reader: &Writable) -> store::Result<Mail> {
        let parts = self.parts(reader)?;
        if parts.is_empty() {
            return Ok(Mail::None);
        }
        let most = self.app.config.alerts.most_a_day;
        let since = self.now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
        let room = alerts::mail_before(self.tx, reader.id, most, since)?
            .and_then(|before| before.min(self.now).checked_add(DAY).ok())
            .filter(|room| *room > self.now);
        let Some(room) = room else { return Ok(Mail::Now(parts)) };
        let left: Vec<Part> = parts.into_iter().filter(|part| !self.is_in_bulletin(reader, part)).collect();
        Ok(if left.is_empty() { Mail::None } else { Mail::Later(left, room) })
    }

    /// What is for a reader now.
    fn parts(&mut self, reader: &Writable) -> store::Result<Vec<Part>> {
        let mut parts = BTreeMap::new();
        if self.is_held {
            for held in alerts::held(self.tx, reader.id, self.now)? {
                let candidate = self.candidates.get(&held.story);
                let is_late = |one: &Candidate| held.news == News::Alert && one.told().news == News::End;
                if candidate.is_some_and(|one| !is_late(one)) {
                    parts.insert(held.story, held.news);
                }
            }
        }
        let wants = self.wants(&reader.preferences).to_vec();
        for (id, candidate) in self.candidates {
            let last = if candidate.is_known { alerts::last_news(self.tx, reader.id, *id)? } else { None };
            let news = match last {
                None => (candidate.is_fresh && wants.binary_search(id).is_ok()).then_some(News::Alert),
                Some(last) => Some(candidate.told().news).filter(|news| is_more(last, *news)),
            };
            parts.extend(news.map(|news| (*id, news)));
        }
        Ok(parts.into_iter().map(|(story, news)| Part { story, news }).collect())
    }

    fn wants(&mut self, preferences: &Preferences) -> &[StoryId] {
        if self.wishes.len() >= REMEMBERED {
            self.wishes.clear();
        }
        let candidates = self.candidates;
        self.wishes.entry(preferences.clone()).or_insert_with_key(|preferences| {
            let words = Words::of(&preferences.alerts);
            let wanted = |one: &Candidate| bulletin::wants_alert(preferences, &words, &one.pressing);
            candidates.iter().filter(|(_, one)| wanted(one)).map(|(id, _)| *id).collect()
        })
    }

    /// How long a mail is tried: a day where the reader's daily bulletin brings the same, for by then it has, with what came
    /// since. What else would be heard of late or never is tried as long as a bulletin.
    fn expires(&self, reader: &Writable, parts: &[Part]) -> SignedDuration {
        let is_told = |part| reader.preferences.cadence == Cadence::Daily && self.is_in_bulletin(reader, part);
        if parts.iter().all(is_told) { DAY } else { compose::EXPIRES }
    }

    /// Whether the reader's bulletin brings it anyway. It knows of no updates, and of no ends.
    fn is_in_bulletin(&self, reader: &Writable, part: &Part) -> bool {
        let preferences = &reader.preferences;
        let Some(Candidate { item, .. }) = self.candidates.get(&part.story) else { return false };
        part.news == News::Alert
            && preferences.cadence != Cadence::Alert
            && self.app.config.cadences.contains_key(&preferences.cadence)
            && preferences.want(&item.section, &item.also_in, item.nature, item.severity)
    }
}

/// Whether that is news to somebody who was told the former last.
fn is_more(last: News, news: News) -> bool {
    match news {
        News::Alert => false,
        News::Update => true,
        News::End => last != News::End,
    }
}

/// What becomes of a reader's share.
enum Mail {
    None,
    Now(Vec<Part>),
    /// No room before then.
    Later(Vec<Part>, Timestamp),
}
