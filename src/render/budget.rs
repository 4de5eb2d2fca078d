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

/// How an item of an edition is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With its guide.
    Full,
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

    /// The `guided` most pressing stories with their guide, the next up to `full` without, and the next `lines` as lines:
    /// an alert is never what is left out because its section comes last.
    fn new(edition: &Edition, guided: usize, full: usize, lines: usize) -> Self {
        let weight = |item: &Item| (item.severity == Severity::Critical, item.importance, item.severity);
        let mut order: Vec<(usize, _)> = edition.items().map(weight).enumerate().collect();
        order.sort_by_key(|(at, weight)| (std::cmp::Reverse(*weight), *at));
        let mut forms = vec![Form::LeftOut; order.len()];
        for (rank, (at, _)) in order.into_iter().enumerate() {
            if rank < guided {
                forms[at] = Form::Full;
            } else if rank < full {
                forms[at] = Form::Brief;
            } else if rank < full.saturating_add(lines) {
                forms[at] = Form::Line;
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
        let made = make(&Plan::whole(edition))?;
        if cost(&made) <= BUDGET {
            return Ok(made);
        }
    }
    // Every story in full, and a guide for as many of the most pressing as there is room for.
    if total <= BUDGET / LEAST_FULL {
        let guided = largest(total, |guided| make(&Plan::new(edition, guided, total, 0)), &cost)?;
        if let Some((_, made)) = guided {
            return Ok(made);
        }
    }
    let mut attempt = |full, lines| make(&Plan::new(edition, 0, full, lines));
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
