//! JSON Feed 1.1 (jsonfeed.org/version/1.1).

use serde::Serialize;

use super::{
    Channel, Entry, Head,
    text::{line, paragraphs, rfc3339, web_address},
};
use crate::model::FeedFormat;

#[derive(Serialize)]
struct Feed {
    version: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    language: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Hub {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Item {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    title: String,
    #[serde(flatten)]
    content: Content,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

/// One of the two must be there.
#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Html {
        content_html: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        summary: String,
    },
    Text {
        content_text: String,
    },
}

#[derive(Serialize)]
struct Author {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A channel as JSON Feed 1.1.
pub fn json_feed(channel: &Channel, head: &Head<'_>) -> Vec<u8> {
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: line(&channel.title),
        home_page_url: head.home(),
        feed_url: head.itself(channel, FeedFormat::Json),
        next_url: head.links(channel, FeedFormat::Json).into_iter().find_map(|(rel, to)| (rel == "next").then_some(to)),
        hubs: head.hub.map(|hub| Hub { kind: "WebSub", url: hub.to_string() }).into_iter().collect(),
        description: line(&channel.description),
        language: "fr",
        authors: author(&head.site.publisher, head.home()),
        items: channel.entries.iter().map(item).collect(),
    };
    // Strings and lists only: there is nothing in it that JSON cannot say.
    let mut bytes = serde_json::to_vec_pretty(&feed).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn item(entry: &Entry) -> Item {
    let summary = paragraphs(&entry.summary).join("\n");
    let content = match entry.html() {
        Some(content_html) => Content::Html { content_html, summary },
        None => Content::Text { content_text: if summary.is_empty() { entry.title() } else { summary } },
    };
    let tags = [line(&entry.section), entry.nature.name().to_owned()];
    Item {
        id: entry.id.clone(),
        url: entry.link(),
        title: entry.title(),
        content,
        date_published: rfc3339(entry.published),
        date_modified: rfc3339(entry.moved()),
        authors: author(&entry.source, web_address(entry.source_url.as_deref())),
        tags: tags.into_iter().filter(|tag| !tag.is_empty()).collect(),
        language: entry.foreign().map(str::to_owned),
    }
}

fn author(name: &str, url: Option<String>) -> Vec<Author> {
    let name = line(name);
    if name.is_empty() { Vec::new() } else { vec![Author { name, url }] }
}
