//! How a source is read: its kind, and for what is no feed the mapping of its fields.
//!
//! One vocabulary for all kinds: `item` says where the documents stand, and each [`Field`] where its value stands in one
//! of them. Only the language of the places differs: CSS selectors on a page, JSON Pointers (RFC 6901, with `*` for
//! every element) in JSON, element paths in XML, names of columns in CSV, named groups of a pattern on links.

use std::collections::BTreeMap;

use regex::Regex;

use super::Nature;

/// How a source is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A page that lists documents, each of them one element: places are CSS selectors.
    Html(Mapping),
    /// A page whose links are documents: those whose address matches one of the patterns. What the pattern names
    /// (`(?<title>…)`, `(?<date>…)`) is a field.
    Links(Vec<Pattern>),
    /// A sitemap (sitemaps.org 0.9, with the news extension), of which only the matching addresses are taken; all of
    /// them without a pattern.
    Sitemap(Option<Pattern>),
    /// Places are JSON Pointers.
    Json(Mapping),
    /// Places are element paths, such as `/TEXTE/ID` or `/JO/META/@id`.
    Xml(Mapping),
    /// RFC 4180 and its kin: places are the names of columns.
    Csv(Mapping, Dialect),
}

impl Kind {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Kind::Feed => "feed",
            Kind::Html(_) => "html",
            Kind::Links(_) => "links",
            Kind::Sitemap(_) => "sitemap",
            Kind::Json(_) => "json",
            Kind::Xml(_) => "xml",
            Kind::Csv(..) => "csv",
        }
    }
}

/// Where the documents stand, and where in each of them its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The place of the items. Without one: the rows of a table, the elements of a JSON list, the document itself.
    pub item: Option<String>,
    pub fields: BTreeMap<Field, Expression>,
    /// An item in which one of these says nothing is not a document yet, and is left out without a word.
    pub require: Vec<Expression>,
    /// How the summary and the content are written.
    pub markup: Markup,
    /// The nature of an item by the value of a field, exactly as the source writes it.
    pub natures: BTreeMap<String, Nature>,
}

impl Mapping {
    /// Items at one place, each field at one place in it.
    pub fn of(item: &str, fields: &[(Field, &str)]) -> Self {
        let fields = fields.iter().map(|(field, place)| (*field, Expression::place(place))).collect();
        Self { item: Some(item.to_owned()), fields, ..Self::default() }
    }
}

/// What a draft is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Title,
    /// The address for readers.
    Link,
    /// The source's own identifier.
    Guid,
    /// The official reference.
    Reference,
    Date,
    Updated,
    Summary,
    Content,
    Category,
}

impl Field {
    pub const ALL: [Field; 9] = [
        Field::Title,
        Field::Link,
        Field::Guid,
        Field::Reference,
        Field::Date,
        Field::Updated,
        Field::Summary,
        Field::Content,
        Field::Category,
    ];

    /// Its key in `sources.toml`, and its name in problems.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Title => "title",
            Field::Link => "link",
            Field::Guid => "guid",
            Field::Reference => "reference",
            Field::Date => "date",
            Field::Updated => "updated",
            Field::Summary => "summary",
            Field::Content => "content",
            Field::Category => "category",
        }
    }
}

/// What a field is made of: a place, or a text with places in braces, such as `https://exemple.fr/{/reference}/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Place(String),
}

impl Expression {
    /// Reads what a key holds: with braces it is a text with places, without them one place. `None` when a brace is
    /// not closed, or nothing stands in one.
    pub fn parse(written: &str) -> Option<Self> {
        if !written.contains('{') {
            return Some(Self::place(written)).filter(|_| !written.trim().is_empty());
        }
        let mut parts = Vec::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}')?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            if place.trim().is_empty() {
                return None;
            }
            parts.push(Part::Place(place.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Some(Self { parts })
    }

    /// One place.
    pub fn place(written: &str) -> Self {
        Self { parts: vec![Part::Place(written.trim().to_owned())] }
    }

    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(place) => Some(place.as_str()),
            Part::Text(_) => None,
        })
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Markup {
    /// HTML, which plain text is too as long as it holds neither `<` nor `&`.
    #[default]
    Html,
    /// CommonMark.
    Markdown,
    /// Each character stands for itself.
    Text,
}

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    /// Lines that begin with it are no rows.
    pub comment: Option<u8>,
    /// A label of the Encoding Standard (WHATWG), such as `windows-1252`; found out when it is not set.
    pub charset: Option<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { delimiter: b',', comment: None, charset: None }
    }
}

/// A regular expression, compared by what is written.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// What is wrong with it, for operators, on one line.
    pub fn parse(written: &str) -> Result<Self, String> {
        let built = regex::RegexBuilder::new(written).size_limit(1 << 20).build();
        built.map(Self).map_err(|error| {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        })
    }
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
    pub fn regex(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Pattern {}

/// Files inside the one that is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    pub format: ArchiveFormat,
    /// Which files are read, by their name inside; all of them without one.
    pub members: Option<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    Zip,
    TarGz,
}

/// What else is read of each new or changed document, at an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// The document itself, at its link: the main text of a page, or the text of a PDF.
    FullText,
    /// A document in one of the mapped kinds.
    Mapped {
        /// Where it stands: places of the listing's items, or `{link}`, `{reference}`, `{guid}` of what was read.
        url: Expression,
        kind: Box<Kind>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_a_place_or_a_text_with_places() {
        assert_eq!(Expression::parse("/title"), Some(Expression::place("/title")));
        let written = Expression::parse("https://exemple.fr/{/ref}-{ N° }.htm").unwrap();
        assert_eq!(written.places().collect::<Vec<_>>(), ["/ref", "N°"]);
        assert_eq!(written.parts.first(), Some(&Part::Text("https://exemple.fr/".into())));
        assert_eq!(written.parts.last(), Some(&Part::Text(".htm".into())));
        for bad in ["", "  ", "{", "a{}b", "a{ }b"] {
            assert_eq!(Expression::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_said_on_one_line() {
        assert!(Pattern::parse(r"(?<date>\d{8})\.pdf$").is_ok());
        let wrong = Pattern::parse("(a").unwrap_err();
        assert_eq!(wrong, "unclosed group");
    }
}
