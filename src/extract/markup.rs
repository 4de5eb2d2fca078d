//! Other ways to write a text than HTML, as HTML.

use pulldown_cmark::{Options, Parser, html::push_html};
use quick_xml::escape::partial_escape;

use super::plain::paragraphs;

/// CommonMark with tables and struck text as HTML that is yet to be sanitised: what is HTML in it stays.
pub(super) fn to_html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() + markdown.len() / 4);
    push_html(&mut html, Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH));
    html
}

/// Text in which each character stands for itself: one paragraph for each of its own.
pub(super) fn paragraphs_of(text: &str) -> String {
    let text = paragraphs(text);
    match text.contains('\n') {
        true => text.lines().map(|line| format!("<p>{}</p>", partial_escape(line))).collect(),
        false => partial_escape(text.as_str()).into_owned(),
    }
}
