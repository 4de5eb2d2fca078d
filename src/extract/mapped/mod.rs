//! The one engine for all kinds that are mapped: a [`Finder`] knows what stands at a place of an item, and everything else,
//! from the joining of values to what is said of a place that is nowhere, is the same for all.

pub(super) mod csv;
pub(super) mod html;
pub(super) mod json;
mod near;
mod plan;
mod tree;
pub(super) mod xml;

use url::Url;

use super::{
    build::{Parts, Raw, Setting},
    harvest::{Found, Harvest},
};
use crate::{
    model::{Field, Kind, Mapping, Page},
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

    /// All that an item says, to name one without a title.
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
    let Some(plan) = Plan::compile(finder, mapping, taker.harvest()) else { return };
    let setting = Setting::new(base, mapping.markup);
    for (position, item) in items.enumerate() {
        let harvest = taker.harvest();
        let place = harvest.item(position);
        if !plan.is_complete(finder, &item, harvest) {
            harvest.skip();
            continue;
        }
        let raw = plan.raw(finder, &item, mapping, harvest);
        if raw.reference.is_some() {
            report_reference(&raw, harvest);
        }
        // Nothing else of it need be read.
        if matches!(taker, Taker::Listing(_)) && taker.harvest().leaves_out(&raw) {
            continue;
        }
        let harvest = taker.harvest();
        let mut parts = Parts::of(raw, &setting, &place, harvest);
        // An item that states only its last change was published then, for all that is known.
        parts.published = parts.published.or(parts.updated);
        match taker {
            Taker::Single { parts: only, .. } => {
                **only = Some(parts);
                return;
            }
            Taker::Listing(harvest) => {
                let Some(mut draft) = parts.draft(&place, harvest) else { continue };
                let details = plan.details(finder, &item, &draft, harvest);
                draft.details = details.and_then(|written| web_address(&written, base).ok());
                harvest.accept(&place, draft, None);
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
