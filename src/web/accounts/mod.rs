//! Forms: to subscribe, to change what one chose, to ask why nothing comes, to write to who runs the site. They work without
//! JavaScript and without a cookie.
//!
//! Of an address that somebody types nothing is ever said: the answer is the same for all, and what it asks for is done behind
//! it. Programs are kept out by a field that people do not see, by a stamp that says when the form was shown, and by how many
//! come from one network; proof of work would need a script.

mod gate;
mod letter;
mod own;
mod question;
mod subscribe;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode},
    routing::get,
};

use super::{
    headers::{Form, HTML, respond},
    links::{is_foreign, page as answer_page, private},
    pages::Pages,
};
use crate::{
    model::{Cadence, EmailAddress, Letter, Nature, Preferences, Severity},
    render::{Answer, Step, WishFacts, WishFields, Wrong},
    text::french,
    work::{
        App,
        account::{self, Preview},
        forms, subscribe as readers,
    },
};
use gate::Counts;

/// Octets of a form: ours, with every box ticked, have two thousand; a question may have some more.
const BODY: usize = 32 << 10;

pub(super) fn routes(pages: Arc<Pages>) -> Router<Arc<App>> {
    Router::new()
        .route("/abonnement", get(subscribe::show).post(subscribe::send))
        .route("/preferences", get(letter::show_access).post(letter::send_access))
        .route("/preferences/{token}", get(own::show).post(own::send))
        .route("/aide", get(letter::show_help).post(letter::send_help))
        .route("/contact", get(question::show).post(question::send))
        .layer(Extension(pages))
        .layer(Extension(Arc::new(Counts::default())))
}

/// The fields of a form, each with its values in order.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// What the form of wishes says.
    fn wish(&self) -> WishFields {
        WishFields {
            email: self.one("adresse").to_owned(),
            cadence: self.one("rythme").to_owned(),
            sections: self.all("rubrique"),
            natures: self.all("nature"),
            severity: self.one("gravite").to_owned(),
            alerts_from: self.one("alerte").to_owned(),
            alert_words: self.one("mots").to_owned(),
        }
    }
}

/// A form as it came, or the answer to one that is not taken.
async fn take(app: &App, request: Request) -> Result<(Fields, HeaderMap), Response<Body>> {
    let (head, body) = request.into_parts();
    if is_foreign(app, &head.headers) {
        return Err(answer_page(app, Answer::Foreign));
    }
    let body = to_bytes(body, BODY).await.map_err(|_| answer_page(app, Answer::TooLarge))?;
    Ok((Fields::read(&body), head.headers))
}

type Site = State<Arc<App>>;

/// What a form is shown with.
struct Desk<'a> {
    app: &'a App,
    cadences: Vec<Cadence>,
}

impl<'a> Desk<'a> {
    /// `own` is that of a reader, who keeps it though it is no longer offered.
    fn new(app: &'a App, own: Option<Cadence>) -> Self {
        let offered = |cadence: &Cadence| app.config.cadences.contains_key(cadence) || own == Some(*cadence);
        Self { app, cadences: Cadence::ALL.into_iter().filter(offered).collect() }
    }

    fn facts<'f>(&'f self, fields: &'f WishFields, wrong: &'f [Wrong], stamp: &'f str) -> WishFacts<'f> {
        WishFacts { fields, wrong, sections: self.app.rules.sections(), cadences: &self.cadences, stamp, preview: None }
    }

    /// What is wrong with an address alone.
    fn address(&self, fields: &WishFields) -> Vec<Wrong> {
        let (_, mut wrong) = self.request(fields);
        wrong.retain(|wrong| wrong.field == Some("adresse"));
        wrong
    }

    /// The cadence that is ticked where nobody ticked one.
    fn with_cadence(&self, mut fields: WishFields) -> WishFields {
        if !self.cadences.iter().any(|cadence| cadence.as_str() == fields.cadence) {
            fields.cadence = self.cadences.first().map_or("", |cadence| cadence.as_str()).to_owned();
        }
        fields
    }

    /// What the fields ask for, or what is wrong with them, field by field.
    fn request(&self, fields: &WishFields) -> (readers::Request, Vec<Wrong>) {
        let mut wrong: Vec<Wrong> = Vec::new();
        let known = |id: &String| self.app.rules.sections().named(id).is_some();
        let request = readers::Request {
            email: fields.email.clone(),
            cadence: fields.cadence.clone(),
            sections: fields.sections.iter().filter(|id| known(id)).cloned().collect::<Vec<_>>().join(" "),
            natures: fields
                .natures
                .iter()
                .filter(|nature| Nature::parse(nature).is_some())
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
            severity: Severity::parse(&fields.severity).map_or("", |one| one.as_str()).to_owned(),
            alerts_from: Severity::parse(&fields.alerts_from).map_or("", |one| one.as_str()).to_owned(),
            alert_words: fields.alert_words.clone(),
            consent_how: String::from("formulaire du site"),
            ..readers::Request::default()
        };
        if EmailAddress::parse(&fields.email).is_err() {
            let text = match fields.email.is_empty() {
                true => "Donnez une adresse électronique.",
                false => "Cette adresse n’est pas complète : elle doit ressembler à prenom.nom@mairie.fr.",
            };
            wrong.push(Wrong::of("adresse", french(text)));
        }
        if !self.cadences.iter().any(|cadence| cadence.as_str() == fields.cadence) {
            wrong.push(Wrong::of("rythme", String::from("Choisissez quand recevoir le bulletin.")));
        }
        let asks_no_alert = request.alerts_from.is_empty() && request.alert_words.trim().is_empty();
        if fields.cadence == Cadence::Alert.as_str() && asks_no_alert {
            wrong.push(Wrong::of("alerte", String::from("Dites de quoi être alerté : une gravité, ou des mots.")));
        }
        if wrong.is_empty() && account::wish(self.app, &request).is_err() {
            // Of all that is left, only the words can be wrong.
            let text =
                "Donnez au plus vingt mots, de soixante lettres au plus, qui ne soient pas dans tous les textes.";
            wrong.push(Wrong::of("mots", String::from(text)));
        }
        (request, wrong)
    }
}

/// What would have come, made when a core is free for it.
async fn preview(app: &Arc<App>, pages: &Pages, preferences: Preferences) -> anyhow::Result<Preview> {
    let app = Arc::clone(app);
    pages.make_with(move || account::preview(&app, &preferences)).await?
}

fn html(app: &App, status: StatusCode, made: Result<String, impl std::fmt::Display>) -> Response<Body> {
    match made {
        Ok(html) => private(respond(status, HTML, html.into_bytes(), Form::Ours)),
        Err(error) => {
            tracing::error!("a page cannot be written: {error}");
            answer_page(app, Answer::Failed)
        }
    }
}

fn failed(app: &App, error: &anyhow::Error) -> Response<Body> {
    tracing::error!("a form could not be answered: {}", crate::model::mask_addresses(&format!("{error:#}")));
    answer_page(app, Answer::Failed)
}

const fn status(step: Step, wrong: &[Wrong]) -> StatusCode {
    match step {
        Step::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Step::Closed => StatusCode::SERVICE_UNAVAILABLE,
        Step::Ask if !wrong.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        Step::Ask | Step::Done => StatusCode::OK,
    }
}

/// Whether a letter of this kind can be written, and its link be answered.
fn is_open(app: &App, letter: Letter) -> bool {
    let has_no_link = matches!(letter, Letter::Trace | Letter::Question);
    app.config.mail.from.is_some() && (has_no_link || app.config.answered_at().is_some())
}

/// Keeps what a form asks for, and does it when the answer is given: how long that takes tells nobody anything.
fn take_in(app: &Arc<App>, form: &forms::Form) -> anyhow::Result<()> {
    forms::keep(app, form)?;
    let app = Arc::clone(app);
    drop(tokio::task::spawn_blocking(move || forms::answer(&app)));
    Ok(())
}
