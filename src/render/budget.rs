//! How much of a large edition goes into one mail: many mail programs cut a message at 102 kB, footer and way out
//! included.

use crate::{
    bulletin::{Edition, Item},
    model::Severity,
};

/// Octets for both parts as encoded, so that headers, boundaries and signature still fit under 102 kB.
pub(super) const BUDGET: usize = 94_000;
/// An edition so large that its lines alone would fill the mail still shows this many stories in full.
const LEAST_IN_FULL: usize = 20;
/// No story in full takes fewer octets in both parts: spares trying plans that cannot fit.
const LEAST_FULL: usize = 400;
const LEAST_LINE: usize = 120;

/// Lines of each part of a guide that is shortened.
pub(super) const SHORT: usize = 2;
/// So many of the most pressing stories that have a guide keep its beginning, and a critical alert all of it, however
/// large the edition: less pressing stories become lines before they lose it.
const LEAST_GUIDED: usize = 5;

/// How an item of an edition is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With its guide.
    Full,
    /// With the first lines of each part of its guide.
    Short,
    /// Without its guide: the first thing to give way.
    Brief,
    /// Title, source and link.
    Line,
    LeftOut,
}

/// The form of each item of an edition, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan(Vec<Form>);

impl Plan {
    /// Everything in full.
    pub fn whole(edition: &Edition) -> Self {
        Self(vec![Form::Full; edition.items().count()])
    }

    /// The `full` most pressing stories without their guides, but for a few, and the next `lines` as lines: an alert is never what is left
    /// out because its section comes last.
    fn new(edition: &Edition, full: usize, lines: usize) -> Self {
        let order = by_weight(edition);
        let least = |item: &Item| match item.severity {
            _ if item.guide.is_empty() => Form::Brief,
            Severity::Critical => Form::Full,
            Severity::High | Severity::Notable | Severity::Info => Form::Short,
        };
        let least: Vec<Form> = edition.items().map(least).collect();
        let mut forms = vec![Form::LeftOut; order.len()];
        let mut guided = 0;
        for (rank, at) in order.into_iter().enumerate() {
            if rank < full && least[at] != Form::Brief && guided < LEAST_GUIDED {
                forms[at] = least[at];
                guided += 1;
            } else if rank < full {
                forms[at] = Form::Brief;
            } else if rank < full.saturating_add(lines) {
                forms[at] = Form::Line;
            }
        }
        Self(forms)
    }

    /// Every story in full, and of the guides what fits into `room` octets when all of them take `all`: first the
    /// beginning of each, then the whole of each, those of the most pressing stories before others.
    fn guided(edition: &Edition, room: usize, all: usize) -> Self {
        let octets = |item: &Item, most: usize| {
            let parts = item.guide.parts.values();
            let lines = parts.flat_map(|lines| lines.iter().take(most));
            lines.map(|line| line.text.len() + line.source.len() + 60).sum::<usize>()
        };
        let sizes: Vec<[usize; 3]> =
            edition.items().map(|item| [0, octets(item, SHORT), octets(item, usize::MAX)]).collect();
        let level = |form: Form| match form {
            Form::Full => 2,
            Form::Short => 1,
            Form::Brief | Form::Line | Form::LeftOut => 0,
        };
        let Self(mut forms) = Self::new(edition, sizes.len(), 0);
        let missing = |(size, form): (&[usize; 3], &Form)| size[2] - size[level(*form)];
        let sum = sizes.iter().zip(&forms).map(missing).sum::<usize>().max(1);
        let mut left = room;
        for (from, form) in [(Form::Brief, Form::Short), (Form::Short, Form::Full)] {
            for at in by_weight(edition) {
                let more = (sizes[at][level(form)] - sizes[at][level(from)]).saturating_mul(all) / sum;
                if forms[at] == from && more <= left {
                    forms[at] = form;
                    left -= more;
                }
            }
        }
        Self(forms)
    }

    pub fn forms(&self) -> impl Iterator<Item = Form> {
        self.0.iter().copied()
    }
}

/// Tries plans from the fullest down, and gives what the first one that fits made. `make` renders a plan; `cost` says
/// how many octets that takes. Even when nothing fits the poorest plan is sent: a long mail is better than none.
pub(super) fn fit<T, E>(
    edition: &Edition,
    mut make: impl FnMut(&Plan) -> Result<T, E>,
    cost: impl Fn(&T) -> usize,
) -> Result<T, E> {
    let total = edition.items().count();
    if total <= BUDGET / LEAST_FULL {
        let whole = make(&Plan::whole(edition))?;
        if cost(&whole) <= BUDGET {
            return Ok(whole);
        }
        // Every story in full, and as much of the guides as there is room for. That is reckoned and not searched: each try
        // is a whole message, and each reader's is made anew.
        let bare = make(&Plan::new(edition, total, 0))?;
        if let Some(mut room) = BUDGET.checked_sub(cost(&bare)) {
            let all = cost(&whole).saturating_sub(cost(&bare));
            for _ in 0..4 {
                let made = make(&Plan::guided(edition, room, all))?;
                if cost(&made) <= BUDGET {
                    return Ok(made);
                }
                room = room * 3 / 4;
            }
            return Ok(bare);
        }
    }
    let mut attempt = |full, lines| make(&Plan::new(edition, full, lines));
    let with_all_lines = |full: usize| (full, total - full);
    if total <= BUDGET / LEAST_LINE {
        let most = total.min(BUDGET / LEAST_FULL);
        let best = largest(most, |full| attempt(full, with_all_lines(full).1), &cost)?;
        if let Some((full, made)) = best
            && full >= LEAST_IN_FULL.min(total)
        {
            return Ok(made);
        }
    }
    let full = largest(LEAST_IN_FULL.min(total), |full| attempt(full, 0), &cost)?.map_or(0, |(full, _)| full);
    match largest((total - full).min(BUDGET / LEAST_LINE), |lines| attempt(full, lines), &cost)? {
        Some((_, made)) => Ok(made),
        None => attempt(0, 0),
    }
}

/// Where the items of an edition stand, the most pressing first.
fn by_weight(edition: &Edition) -> Vec<usize> {
    let weight = |item: &Item| (item.severity == Severity::Critical, item.importance, item.severity);
    let mut order: Vec<(usize, _)> = edition.items().map(weight).enumerate().collect();
    order.sort_by_key(|(at, weight)| (std::cmp::Reverse(*weight), *at));
    order.into_iter().map(|(at, _)| at).collect()
}

/// The greatest number up to `most` whose result fits, with that result. Bigger numbers cost more.
fn largest<T, E>(
    most: usize,
    mut make: impl FnMut(usize) -> Result<T, E>,
    cost: impl Fn(&T) -> usize,
) -> Result<Option<(usize, T)>, E> {
    let (mut low, mut high, mut best) = (0, most + 1, None);
    while low < high {
        let middle = low + (high - low) / 2;
        let made = make(middle)?;
        if cost(&made) <= BUDGET {
            best = Some((middle, made));
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(best)
}

/// Octets that a text takes on the wire: quoted-printable or base64, whichever is the shorter (RFC 2045 6.7, 6.8).
pub(super) fn encoded_len(text: &str) -> usize {
    let quoted: usize = text.bytes().map(|b| if matches!(b, b' '..=b'~' | b'\n') && b != b'=' { 1 } else { 3 }).sum();
    let quoted = quoted + quoted / 70 * 3 + text.lines().count();
    let base64 = text.len().div_ceil(3) * 4;
    quoted.min(base64 + base64 / 76 * 2)
}
