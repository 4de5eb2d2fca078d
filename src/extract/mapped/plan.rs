//! A mapping made ready for one page.

use super::{Finder, Raw, Wrong};
use crate::{
    extract::{
        feed::cap,
        harvest::{Found, Harvest, of_draft},
    },
    model::{Details, Draft, Expression, Field, Mapping, Markup, Nature, Part, Problem, ProblemKind},
    normalise::title,
};

/// The mapping, with each place compiled.
pub(super) struct Plan<P> {
    fields: Vec<(Field, Vec<Piece<P>>)>,
    require: Vec<Vec<Piece<P>>>,
    details: Option<Vec<Piece<P>>>,
}

enum Piece<P> {
    Text(String),
    Place {
        written: String,
        place: P,
    },
    /// What the draft says itself: `{link}`, `{guid}`, `{reference}` in the address of its details.
    Own(String),
}

/// Where the report of problems puts what is not a field.
const REQUIRE: usize = Field::ALL.len();
const DETAILS: usize = REQUIRE + 1;
pub(super) const LAST: usize = DETAILS + 1;

impl<P> Plan<P> {
    /// `None` when a place that the mapping cannot do without is wrong.
    pub(super) fn compile<F: Finder<Place = P>>(
        finder: &F,
        mapping: &Mapping,
        harvest: &mut Harvest<'_>,
    ) -> Option<Self> {
        let mut fields = Vec::with_capacity(mapping.fields.len());
        for (field, expression) in &mapping.fields {
            match pieces(finder, expression, |_| false) {
                Ok(pieces) => fields.push((*field, pieces)),
                Err((written, wrong)) => {
                    harvest.problem(unreadable(field.as_str(), &written, &wrong));
                    if *field == Field::Title {
                        return None;
                    }
                }
            }
        }
        let mut plan = Self { fields, require: Vec::new(), details: None };
        for expression in &mapping.require {
            match pieces(finder, expression, |_| false) {
                Ok(pieces) => plan.require.push(pieces),
                Err((written, wrong)) => {
                    // Without it, all that is not a document yet would be taken for one.
                    harvest.problem(unreadable("require", &written, &wrong));
                    return None;
                }
            }
        }
        if let Some(Details::Mapped { url, .. }) = &harvest.source.details {
            let is_own = |place: &str| matches!(place, "link" | "guid" | "reference");
            match pieces(finder, url, is_own) {
                Ok(pieces) => plan.details = Some(pieces),
                Err((written, wrong)) => harvest.problem(unreadable("details", &written, &wrong)),
            }
        }
        Some(plan)
    }

    /// Whether everything that is required of an item stands in it.
    pub(super) fn is_complete<F: Finder<Place = P>>(
        &self,
        finder: &F,
        item: &F::Item,
        harvest: &mut Harvest<'_>,
    ) -> bool {
        let asking = Asking { finder, item, order: REQUIRE, name: "require", field: Field::Guid, markup: Markup::Text };
        // Each is looked at, so that a place that is nowhere is told even when another one is empty.
        self.require.iter().filter(|pieces| asking.said(pieces, harvest).is_none()).count() == 0
    }

    /// What an item says.
    pub(super) fn raw<F: Finder<Place = P>>(
        &self,
        finder: &F,
        item: &F::Item,
        mapping: &Mapping,
        harvest: &mut Harvest<'_>,
    ) -> Raw {
        let mut raw = Raw::default();
        for (order, (field, pieces)) in self.fields.iter().enumerate() {
            let asking = Asking { finder, item, order, name: field.as_str(), field: *field, markup: mapping.markup };
            let values = asking.values(pieces, harvest);
            if raw.nature.is_none() {
                raw.nature = values.iter().find_map(|value| nature(mapping, value));
            }
            let joined =
                |values: Vec<String>| Some(join(&values, *field, mapping.markup)).filter(|text| !text.is_empty());
            match field {
                Field::Title => raw.title = joined(values).unwrap_or_default(),
                Field::Link => raw.link = values.into_iter().next(),
                Field::Guid => raw.guid = joined(values),
                Field::Reference => raw.reference = values.into_iter().next(),
                Field::Date => raw.dates = values,
                Field::Updated => raw.updates = values,
                Field::Summary => raw.summary = joined(values),
                Field::Content => raw.content = joined(values),
                Field::Category => raw.categories = values,
            }
        }
        if !mapping.fields.contains_key(&Field::Link) {
            raw.link = finder.own_link(item);
        }
        if title::clean(cap(&raw.title)).text.is_empty() {
            raw.words = finder.words(item);
        }
        raw
    }

    /// Where the details of an item stand, when all that their address is made of is there.
    pub(super) fn details<F: Finder<Place = P>>(
        &self,
        finder: &F,
        item: &F::Item,
        draft: &Draft,
        harvest: &mut Harvest<'_>,
    ) -> Option<String> {
        let asking = Asking { finder, item, order: DETAILS, name: "details", field: Field::Link, markup: Markup::Text };
        let mut address = String::new();
        for piece in self.details.as_ref()? {
            match piece {
                Piece::Text(text) => address.push_str(text),
                Piece::Own(name) => address.push_str(of_draft(name, draft)?),
                Piece::Place { written, place } => address.push_str(asking.at(written, place, harvest).first()?),
            }
        }
        Some(address)
    }
}

fn pieces<F: Finder>(
    finder: &F,
    expression: &Expression,
    is_own: impl Fn(&str) -> bool,
) -> Result<Vec<Piece<F::Place>>, (String, Wrong)> {
    let pieces = expression.parts.iter().map(|part| match part {
        Part::Text(text) => Ok(Piece::Text(text.clone())),
        Part::Place(written) if is_own(written) => Ok(Piece::Own(written.clone())),
        Part::Place(written) => match finder.place(written) {
            Ok(place) => Ok(Piece::Place { written: written.clone(), place }),
            Err(wrong) => Err((written.clone(), wrong)),
        },
    });
    pieces.collect()
}

/// The problem of a place that cannot be read.
pub(super) fn unreadable(name: &str, written: &str, wrong: &Wrong) -> Problem {
    let message = format!("`{written}` cannot be read: {}\nhint: {}", wrong.why, wrong.hint);
    Problem::at(name, ProblemKind::Mapping, message)
}

/// The nature that a mapping gives to a value.
fn nature(mapping: &Mapping, value: &str) -> Option<Nature> {
    mapping.natures.get(value.trim()).copied()
}

/// Several values of one field as one: by paragraphs where it is a text, by commas where it is a line.
fn join(values: &[String], field: Field, markup: Markup) -> String {
    let trimmed = values.iter().map(|value| value.trim());
    match (field, markup) {
        (Field::Summary | Field::Content, Markup::Html) => {
            let mut joined = String::new();
            for value in trimmed {
                if !joined.is_empty() {
                    // Blocks stand apart by themselves.
                    joined.push_str(if BLOCK_ENDS.iter().any(|end| joined.ends_with(end)) {
                        "\n"
                    } else {
                        "<br><br>\n"
                    });
                }
                joined.push_str(value);
            }
            joined
        }
        (Field::Summary | Field::Content, Markup::Markdown | Markup::Text) => trimmed.collect::<Vec<_>>().join("\n\n"),
        _ => trimmed.collect::<Vec<_>>().join(", "),
    }
}

const BLOCK_ENDS: [&str; 6] = ["</p>", "</div>", "</ul>", "</ol>", "</table>", "</li>"];

/// One question to one item.
struct Asking<'a, F: Finder> {
    finder: &'a F,
    item: &'a F::Item,
    order: usize,
    name: &'static str,
    field: Field,
    markup: Markup,
}

impl<F: Finder> Asking<'_, F> {
    /// What stands at one place, without what is empty.
    fn at(&self, written: &str, place: &F::Place, harvest: &mut Harvest<'_>) -> Vec<String> {
        let found = self.finder.find(self.item, place, self.field);
        let is_there = if found.is_some() { Found::Something } else { Found::Nothing };
        harvest.note(self.order, self.name, written, is_there, || self.finder.instead(self.item, place, written));
        let mut values = found.unwrap_or_default();
        values.retain(|value| !value.trim().is_empty());
        values
    }

    /// One place gives all its values, a text with places one value, in which those of each place are joined; or none, when all
    /// its places are empty.
    fn values(&self, pieces: &[Piece<F::Place>], harvest: &mut Harvest<'_>) -> Vec<String> {
        if let [Piece::Place { written, place }] = pieces {
            return self.at(written, place, harvest);
        }
        self.said(pieces, harvest).into_iter().collect()
    }

    fn said(&self, pieces: &[Piece<F::Place>], harvest: &mut Harvest<'_>) -> Option<String> {
        let mut said = String::new();
        let (mut places, mut filled) = (0usize, 0usize);
        for piece in pieces {
            match piece {
                Piece::Text(text) => said.push_str(text),
                Piece::Own(_) => {}
                Piece::Place { written, place } => {
                    let values = self.at(written, place, harvest);
                    places += 1;
                    filled += usize::from(!values.is_empty());
                    said.push_str(&join(&values, self.field, self.markup));
                }
            }
        }
        (filled > 0 || places == 0).then_some(said)
    }
}
