//! `details`: what else is read of each document, at an address of its own.

use super::{
    closed,
    kind::Sort,
    mapping::{self, Use},
};
use crate::{
    config::{
        check::Context,
        file::Table,
        value::{self, Wrong},
    },
    model::{Details, Expression, Kind, Part},
};

/// What a listing has said of a document, whatever its kind.
const KNOWN: [&str; 3] = ["link", "reference", "guid"];

/// `listing` is the kind of the source, when it could be read.
pub(super) fn read(table: &mut Table<'_>, listing: Option<&Kind>, context: &Context<'_>) -> Option<Details> {
    if !table.has_table("details") {
        return closed(table, "details", "`text`, or a table `[source.details]`", &[("text", Details::FullText)]);
    }
    let mut inner = table.table("details");
    let url = address(&mut inner, listing, context);
    let kind = kind(&mut inner, context);
    inner.finish();
    Some(Details::Mapped { url: url?, kind: Box::new(kind?) })
}

fn kind(table: &mut Table<'_>, context: &Context<'_>) -> Option<Kind> {
    let all = [("json", Sort::Json), ("xml", Sort::Xml), ("html", Sort::Html)];
    table.know(&mapping::KEYS);
    if !table.has("kind") {
        let hint = "write `kind = \"json\"`, `\"xml\"` or `\"html\"`; for the main text of a page or a PDF, \
                    write `details = \"text\"` instead of this table";
        table.refuse("kind", Wrong::new("is missing", hint));
    }
    let sort = closed(table, "kind", "a kind of details", &all)?;
    let mapping = mapping::read(table, sort, Use::Details, context)?;
    Some(match sort {
        Sort::Json => Kind::Json(mapping),
        Sort::Xml => Kind::Xml(mapping),
        _ => Kind::Html(mapping),
    })
}

fn address(table: &mut Table<'_>, listing: Option<&Kind>, context: &Context<'_>) -> Option<Expression> {
    if !table.has("url") {
        let hint = "write the address of one document's details, such as `url = \"{link}json/\"`";
        table.refuse("url", Wrong::new("is missing", hint));
    }
    table.parse("url", |text| {
        let hint = "write it as `{link}json/` or `https://www.example.fr/{reference}.json`";
        let url = mapping::parsed(text)?;
        if !text.contains('{') {
            return Err(Wrong::new("must hold a place in braces, or it is the same for every document", hint));
        }
        if let Some(Part::Text(first)) = url.parts.first()
            && !first.starts_with("https://")
            && !first.starts_with("http://")
        {
            let why = "must begin with `https://` or with a place that holds a whole address";
            return Err(Wrong::new(why, hint));
        }
        for place in url.places().filter(|place| !KNOWN.contains(place)) {
            check(place, listing, context)?;
        }
        Ok(url)
    })
}

/// A place of the listing's items, where these have places.
fn check(place: &str, listing: Option<&Kind>, context: &Context<'_>) -> Result<(), Wrong> {
    let sort = match listing {
        Some(Kind::Html(_)) => Sort::Html,
        Some(Kind::Json(_)) => Sort::Json,
        Some(Kind::Xml(_)) => Sort::Xml,
        Some(Kind::Csv(..)) => Sort::Csv,
        Some(kind) => {
            let why =
                format!("has a place {}, which `kind = \"{}\"` does not have", value::quoted(place), kind.as_str());
            return Err(Wrong::new(why, value::suggestion(place, &KNOWN)));
        }
        None => return Ok(()),
    };
    mapping::expression(place, sort, context).map(drop)
}
