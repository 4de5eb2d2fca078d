//! The one engine for all kinds that are mapped: a [`Finder`] knows what stands at a place of an item, and everything else,
//! from the joining of values to what is said of a place that is nowhere, is the same for all.

pub(super) mod csv;
pub(super) mod html;
pub(super) mod json;
mod near;
mod plan;
mod tree;
pub(super) mod xml;

use std::ops::ControlFlow;

use url::Url;

use super::{
    build::{Parts, Raw, Setting},
    harvest::{Found, Harvest},
};
use crate::{
    model::{Field, Kind, Mapping, Page, Problem, ProblemKind},
    normalise::{reference, url::web_address},
    text,
};

pub(super) use tree::Tree;

use plan::Plan;

/// A page, and the language in which places on it are written.
pub(super) trait Finder {
    type Item;
    type Place;

    /// # Errors
    /// What is wrong with the place, as the end of a sentence, and what to write instead.
    fn place(&self, written: &str) -> Result<Self::Place, Wrong>;

    /// What stands at a place of an item; `None` when there is no such place in it, and an empty list when it is empty.
    fn find(&self, item: &Self::Item, place: &Self::Place, field: Field) -> Option<Vec<String>>;

    /// What stands in an item that has no such place, and what to write instead: a message with its hint.
    fn instead(&self, item: &Self::Item, place: &Self::Place, written: &str) -> String;

    /// The address of an item whose mapping names none.
    fn own_link(&self, _item: &Self::Item) -> Option<String> {
        None
    }

    /// What an item says at its beginning, to name one without a title.
    fn words(&self, _item: &Self::Item) -> String {
        String::new()
    }
}

/// Why a place cannot be read, and what to write instead.
#[derive(Debug)]
pub(super) struct Wrong {
    pub why: String,
    pub hint: &'static str,
}

/// What becomes of an item that was read.
pub(super) enum Taker<'h, 'a> {
    /// It joins the others.
    Listing(&'h mut Harvest<'a>),
    /// It is the only one that is asked for.
    Single { harvest: &'h mut Harvest<'a>, parts: &'h mut Option<Parts> },
}

impl<'a> Taker<'_, 'a> {
    pub(super) fn harvest(&mut self) -> &mut Harvest<'a> {
        match self {
            Taker::Listing(harvest) | Taker::Single { harvest, .. } => harvest,
        }
    }
}

/// Reads a page whose kind is mapped; of another kind, nothing.
pub(super) fn read(page: &Page, kind: &Kind, taker: &mut Taker<'_, '_>) {
    match kind {
        Kind::Html(mapping) => html::read(page, mapping, taker),
        Kind::Json(mapping) => json::read(page, mapping, taker),
        Kind::Xml(mapping) => xml::read(page, mapping, taker),
        Kind::Csv(mapping, dialect) => csv::read(page, mapping, dialect, taker),
        Kind::Feed | Kind::Links(_) | Kind::Sitemap(_) => {}
    }
}

/// Whether a place can be read in the language of a kind, by the name of the kind: `html`, `json`, `xml` or `csv`.
///
/// # Errors
/// What is wrong with it, on one line; or that the kind has no places.
pub fn check_place(kind: &str, written: &str) -> Result<(), String> {
    let checked = match kind {
        "html" => html::compile(written).map(drop),
        "json" => json::compile(written).map(drop),
        "xml" => xml::compile(written).map(drop),
        "csv" => csv::compile(written).map(drop),
        _ => return Err(format!("`{kind}` has no places")),
    };
    checked.map_err(|wrong| wrong.why)
}

/// Reads the items of a page, each into what it says.
fn items<F: Finder>(
    finder: &F,
    items: impl Iterator<Item = F::Item>,
    mapping: &Mapping,
    base: &Url,
    taker: &mut Taker<'_, '_>,
) {
    let mut reading = Reading::new(finder, mapping, base);
    for item in items {
        if reading.item(&item, taker).is_break() {
            return;
        }
    }
}

/// The problem of items that stand inside items so deep that reading each as a whole would take long.
fn inside_each_other(left_out: usize) -> Problem {
    let message = format!(
        "entries stand inside each other; {left_out} of them were left out\nhint: let `item` say more exactly what an entry is"
    );
    Problem::at("item", ProblemKind::Limit, message)
}

/// How many items of a page are looked at. Looking at one takes microseconds.
const MOST_ITEMS: usize = 500_000;
/// How many of them are read whole, which takes tens of them; what is older than `max_age` is not.
const MOST_READ: usize = 50_000;

/// The reading of the items of one page.
struct Reading<'r, F: Finder> {
    finder: &'r F,
    mapping: &'r Mapping,
    base: &'r Url,
    setting: Setting<'r>,
    /// Made for the first item: a page without any has no faults in its places.
    plan: Option<Plan<F::Place>>,
    /// Items so far, and those of them that were read whole.
    count: usize,
    whole: usize,
}

impl<'r, F: Finder> Reading<'r, F> {
    fn new(finder: &'r F, mapping: &'r Mapping, base: &'r Url) -> Self {
        Self { finder, mapping, base, setting: Setting::new(base, mapping.markup), plan: None, count: 0, whole: 0 }
    }

    /// Reads the next item; breaks when no other is to be read.
    fn item(&mut self, item: &F::Item, taker: &mut Taker<'_, '_>) -> ControlFlow<()> {
        let Self { finder, mapping, base, setting, .. } = self;
        let harvest = taker.harvest();
        if self.plan.is_none() {
            self.plan = Plan::compile(*finder, mapping, harvest);
        }
        let Some(plan) = &self.plan else { return ControlFlow::Break(()) };
        if self.count == MOST_ITEMS || self.whole == MOST_READ {
            let message = format!(
                "more than {} entries; the others were left out\nhint: set `max_age` to what is worth reading",
                self.count
            );
            harvest.problem(Problem::page(ProblemKind::Limit, message));
            return ControlFlow::Break(());
        }
        let place = harvest.item(self.count);
        self.count += 1;
        if !plan.is_complete(*finder, item, harvest) {
            harvest.skip();
            return ControlFlow::Continue(());
        }
        let raw = plan.raw(*finder, item, mapping, harvest);
        if raw.reference.is_some() {
            report_reference(&raw, harvest);
        }
        // Nothing else of it need be read.
        if matches!(taker, Taker::Listing(_)) && taker.harvest().leaves_out(&raw) {
            return ControlFlow::Continue(());
        }
        self.whole += 1;
        let harvest = taker.harvest();
        let mut parts = Parts::of(raw, setting, &place, harvest);
        // An item that states only its last change was published then, for all that is known.
        parts.published = parts.published.or(parts.updated);
        match taker {
            Taker::Single { parts: only, .. } => {
                **only = Some(parts);
                ControlFlow::Break(())
            }
            Taker::Listing(harvest) => {
                if let Some(mut draft) = parts.draft(&place, harvest) {
                    let details = plan.details(*finder, item, &draft, harvest);
                    draft.details = details.and_then(|written| web_address(&written, base).ok());
                    harvest.accept(&place, draft, None);
                }
                ControlFlow::Continue(())
            }
        }
    }
}

/// A field that never holds an official reference is no reference.
fn report_reference(raw: &Raw, harvest: &mut Harvest<'_>) {
    let Some(written) = raw.reference.as_deref() else { return };
    let found = match reference::parse(written) {
        Some(_) => Found::Something,
        None => Found::Nothing,
    };
    harvest.note(plan::LAST, Field::Reference.as_str(), "", found, || {
        format!(
            "`{}` is no official reference (CERT-FR, JORF, NOR, ECLI, CELEX)\nhint: write the source's own number under `guid`",
            text::truncate(written, 60)
        )
    });
}
