//! The message in which who runs the site reads what somebody asks there.

use serde::Serialize;

use super::{
    Mail, RenderError, Templates,
    mail::{styled, tidy},
    view::SiteView,
    words::one_line,
};
use crate::{config::Site, text::french};

/// What is asked, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct QuestionFacts<'a> {
    /// Where the answer goes.
    pub address: &'a str,
    pub text: &'a str,
    /// The page that it is about.
    pub about: Option<&'a str>,
}

#[derive(Serialize)]
struct QuestionView<'a> {
    subject: &'a str,
    title: &'static str,
    site: SiteView,
    address: &'a str,
    about: Option<String>,
    paragraphs: Vec<String>,
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn question_mail(templates: &Templates, site: &Site, facts: &QuestionFacts<'_>) -> Result<Mail, RenderError> {
    // Who reports an error does so from the page that has it.
    let (title, what) = match facts.about {
        Some(_) => ("Un message à propos d’une page du site", "un message à propos d’une page"),
        None => ("Une question posée sur le site", "une question posée sur le site"),
    };
    let subject = french(&format!("{} : {what}", one_line(&site.name)));
    let paragraphs = facts.text.lines().map(one_line).filter(|line| !line.is_empty()).collect();
    let view = QuestionView {
        subject: &subject,
        title,
        site: SiteView::in_mail(site),
        address: facts.address,
        about: facts.about.map(one_line),
        paragraphs,
    };
    let html = styled(&templates.render("question.html", &view)?)?;
    let text = tidy(&templates.render("question.txt", &view)?);
    Ok(Mail { subject, text, html })
}
