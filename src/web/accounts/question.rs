//! To write to who runs the site.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::Response,
};

use super::{
    Desk, Fields, Site, failed,
    gate::{Counts, Gate},
    html, is_open, status, take, take_in,
};
use crate::{
    model::{Letter, SitePath},
    render::{self, QuestionFields, Step, Wrong},
    text::french,
    web::server::Peer,
    work::{
        App,
        forms::{self, Form},
        letters::Question,
    },
};

/// Characters of a question.
const LONGEST: usize = 4_000;

pub(super) async fn show(State(app): Site, request: Request) -> Response<Body> {
    let query = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
    let fields = QuestionFields { about: about(&query), ..QuestionFields::default() };
    page(&app, &fields, &[], Step::Ask)
}

/// The page that it is about: one of ours, or none.
fn about(form: &Fields) -> String {
    SitePath::parse(form.one("page")).map_or_else(String::new, |path| path.to_string())
}

fn page(app: &App, fields: &QuestionFields, wrong: &[Wrong], step: Step) -> Response<Body> {
    let step = if is_open(app, Letter::Question) { step } else { Step::Closed };
    let made = forms::stamp(app)
        .and_then(|stamp| Ok(render::contact_page(&app.templates, &app.config.site, fields, wrong, &stamp, step)?));
    match made {
        Ok(made) => html(app, status(step, wrong), Ok::<_, render::RenderError>(made)),
        Err(error) => failed(app, &error),
    }
}

pub(super) async fn send(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    let (form, headers) = match take(&app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let text: String = form.one("message").chars().take(LONGEST + 1).collect();
    let fields = QuestionFields { email: form.wish().email, text, about: about(&form) };
    let mut wrong = Desk::new(&app, None).address(&form.wish());
    if fields.text.is_empty() {
        wrong.push(Wrong::of("message", french("Écrivez votre message.")));
    } else if fields.text.chars().count() > LONGEST {
        wrong.push(Wrong::of("message", french("Ce message est trop long : quatre mille caractères au plus.")));
    }
    if !wrong.is_empty() {
        return page(&app, &fields, &wrong, Step::Ask);
    }
    match Gate::of(&app, &counts, peer, &headers, &form) {
        Gate::Open if counts.admit_question() => {}
        Gate::Again(wrong) => return page(&app, &fields, &[wrong], Step::Ask),
        Gate::Open | Gate::TooMany => return page(&app, &fields, &[], Step::TooMany),
        Gate::Robot => return page(&app, &QuestionFields::default(), &[], Step::Done),
    }
    let about = app.config.site.url.as_ref().filter(|_| !fields.about.is_empty());
    let about = about.map(|url| format!("{}/{}", url.as_str().trim_end_matches('/'), fields.about));
    let asked = Form::Question(Question { address: fields.email, text: fields.text, about });
    if is_open(&app, Letter::Question)
        && let Err(error) = take_in(&app, &asked)
    {
        return failed(&app, &error);
    }
    page(&app, &QuestionFields::default(), &[], Step::Done)
}
