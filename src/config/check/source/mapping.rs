//! The fields of a document and where each stands: the same keys for every kind that has no fixed form.

use std::collections::BTreeMap;

use super::{closed, kind::Sort};
use crate::{
    config::{
        check::Context,
        file::Table,
        value::{self, Wrong},
    },
    model::{Expression, Field, Mapping, Markup, Nature},
};

pub(super) const KEYS: [&str; 13] = [
    "item",
    "title",
    "link",
    "guid",
    "reference",
    "date",
    "updated",
    "summary",
    "content",
    "category",
    "require",
    "markup",
    "natures",
];

/// What a mapping is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Documents are found: each needs a title.
    Listing,
    /// A document that was found is completed.
    Details,
}

/// `None` when a key is wrong, or one lacks.
pub(super) fn read(table: &mut Table<'_>, sort: Sort, purpose: Use, context: &Context<'_>) -> Option<Mapping> {
    table.know(&KEYS);
    let mut is_right = true;
    for (key, hint) in needed(sort, purpose).iter().filter(|(key, _)| !table.has(key)) {
        let why = format!("is missing, and `kind = \"{}\"` needs it", sort.as_str());
        table.refuse(key, Wrong::new(why, *hint));
        is_right = false;
    }
    let item = match sort {
        Sort::Csv if table.has("item") => {
            let hint = "take it away; `require` leaves out rows in which a column is empty";
            table.refuse("item", Wrong::new("has no effect on a table, whose rows are the documents", hint));
            None
        }
        _ => table.parse("item", |text| place(text, sort, context)),
    };
    let mut fields = BTreeMap::new();
    for field in Field::ALL {
        let written = table.parse(field.as_str(), |text| expression(text, sort, context));
        is_right &= written.is_some() || !table.has(field.as_str());
        fields.extend(written.map(|written| (field, written)));
    }
    if purpose == Use::Details && fields.is_empty() && is_right {
        let hint = "say where a field stands, such as `summary`, `content` or `date`";
        table.refuse("kind", Wrong::new("has no field to read", hint));
        is_right = false;
    }
    let require = table.list("require", |text| expression(text, sort, context));
    let markup = [("html", Markup::Html), ("markdown", Markup::Markdown), ("text", Markup::Text)];
    let markup = closed(table, "markup", "a way to write text", &markup);
    let all = Nature::ALL.map(|nature| (nature.as_str(), nature));
    let natures = table.map("natures", |_, text| value::choice(text, "a nature", &all));
    let is_read = |key: &str, read: bool| read || !table.has(key);
    is_right &= is_read("item", item.is_some())
        && is_read("require", require.is_some())
        && is_read("markup", markup.is_some())
        && is_read("natures", natures.is_some());
    is_right.then(|| Mapping {
        item,
        fields,
        require: require.unwrap_or_default(),
        markup: markup.unwrap_or_default(),
        natures: natures.unwrap_or_default(),
    })
}

/// The keys that a kind cannot do without, and what to write.
fn needed(sort: Sort, purpose: Use) -> &'static [(&'static str, &'static str)] {
    match (purpose, sort) {
        (Use::Details, _) => &[],
        (_, Sort::Html) => &[
            ("item", "write the CSS selector of one entry of the list, such as `main article`"),
            ("title", "write the CSS selector of the title inside an entry, such as `h2`"),
        ],
        (_, Sort::Json) => &[("title", "write the JSON Pointer of the title inside an element, such as `/title`")],
        (_, Sort::Xml) => &[
            ("item", "write the path of the element that is one document, such as `/TEXTE` or `//item`"),
            ("title", "write the path of the title from that element on, such as `/TEXTE/TITRE`"),
        ],
        (_, Sort::Csv) => &[("title", "write the name of a column, or a text with names in braces")],
        _ => &[],
    }
}

/// What a key of a field holds: a place, or a text with places in braces.
pub(super) fn expression(text: &str, sort: Sort, context: &Context<'_>) -> Result<Expression, Wrong> {
    let expression = parsed(text)?;
    let places = expression.places().map(|written| match sort {
        Sort::Html => attribute_of(written, context),
        _ => place(written, sort, context).map(drop),
    });
    places.collect::<Result<Vec<()>, Wrong>>()?;
    Ok(expression)
}

pub(super) fn parsed(text: &str) -> Result<Expression, Wrong> {
    Expression::parse(text).ok_or_else(|| match text.trim() {
        "" => Wrong::new("must not be empty", "say where it stands, or take the line away"),
        _ => Wrong::new("has a `{` without a place and a `}` after it", "write it as `https://example.fr/{place}/`"),
    })
}

/// A place in the language of a kind.
fn place(text: &str, sort: Sort, context: &Context<'_>) -> Result<String, Wrong> {
    let text = text.trim();
    match sort {
        Sort::Html if attribute(text).is_some() => {
            let why = "names an attribute, which cannot hold a document";
            return Err(Wrong::new(why, "write the CSS selector of an element, such as `main article`"));
        }
        Sort::Html => return value::selector(text, context.selector),
        Sort::Json => pointer(text)?,
        Sort::Xml => path(text)?,
        Sort::Feed | Sort::Links | Sort::Sitemap | Sort::Csv => {}
    }
    match text {
        "" => Err(Wrong::new("must not be empty", "say where it stands, or take the line away")),
        _ => Ok(text.to_owned()),
    }
}

/// A selector, and perhaps an attribute of what it finds: `img@alt`; alone, it is one of the item's own.
fn attribute_of(text: &str, context: &Context<'_>) -> Result<(), Wrong> {
    match attribute(text) {
        Some((selector, _)) if selector.trim().is_empty() => Ok(()),
        Some((selector, _)) => value::selector(selector, context.selector).map(drop),
        None => value::selector(text, context.selector).map(drop),
    }
}

fn attribute(text: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:".contains(&b))
    };
    text.rsplit_once('@').filter(|(_, name)| is_name(name))
}

/// RFC 6901, and `*` for every element.
fn pointer(text: &str) -> Result<(), Wrong> {
    let hint = "write a JSON Pointer such as `/title` or `/authors/*/name`; `~1` is a `/` in a name, `~0` a `~`";
    if !text.starts_with('/') {
        return Err(Wrong::new(format!("must be a place that begins with `/`, not {}", value::quoted(text)), hint));
    }
    if text.starts_with("//") {
        return Err(Wrong::new("begins with `//`, which is of XML paths: JSON is read from its root", hint));
    }
    let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if is_escaped { Ok(()) } else { Err(Wrong::new("has a `~` that is followed neither by `0` nor by `1`", hint)) }
}

/// Names of elements, and at the end perhaps of an attribute.
fn path(text: &str) -> Result<(), Wrong> {
    let hint = "write a path of elements such as `/TEXTE/TITRE`, `//NOM` (anywhere) or `/JO/META/@id` (an attribute)";
    let Some(rest) = text.strip_prefix("//").or_else(|| text.strip_prefix('/')) else {
        return Err(Wrong::new(format!("must be a place that begins with `/`, not {}", value::quoted(text)), hint));
    };
    // `a//b` is `b` anywhere below `a`.
    let rest = rest.replace("//", "/");
    let mut names = rest.split('/').peekable();
    while let Some(name) = names.next() {
        let (name, is_attribute) = name.strip_prefix('@').map_or((name, false), |name| (name, true));
        if name.is_empty() {
            return Err(Wrong::new("has a `/` after which no element is named", hint));
        }
        if is_attribute && names.peek().is_some() {
            return Err(Wrong::new(format!("goes on after the attribute `@{name}`"), hint));
        }
        if name.contains(|c: char| c.is_whitespace() || "[]()<>=\"'".contains(c)) {
            let why = format!("names an element {}, which cannot be", value::quoted(name));
            return Err(Wrong::new(why, format!("{hint}; conditions in brackets are not read")));
        }
    }
    Ok(())
}
