//! A reader's own page.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Response, StatusCode, Uri,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
};

use super::{Desk, Fields, Site, failed, html, preview, status, take};
use crate::{
    model::{Letter, Subscriber, SubscriberState},
    render::{self, Answer, OwnFacts, OwnStep, Step, WishFacts, WishFields, Wrong},
    text::french,
    web::{
        headers::{Form, HTML, respond},
        links::{page as answer_page, private, token},
        pages::Pages,
    },
    work::{
        App,
        account::{self, Holder, Preview, Scope},
        forms, subscribe,
    },
};

/// Of whom the link is; or the answer where it is of nobody.
fn person(app: &App, uri: &Uri) -> Result<(Subscriber, Scope), Box<Response<Body>>> {
    let other = match account::holder(app, token(uri)) {
        Ok(Holder::Person(person, scope)) => return Ok((*person, scope)),
        Ok(Holder::Unknown) => nobody(app, OwnStep::Unknown, StatusCode::NOT_FOUND),
        Ok(Holder::Expired) => nobody(app, OwnStep::Expired, StatusCode::GONE),
        Ok(Holder::Forged) => nobody(app, OwnStep::Forged, StatusCode::BAD_REQUEST),
        Err(error) => failed(app, &error),
    };
    Err(Box::new(other))
}

fn nobody(app: &App, step: OwnStep, status: StatusCode) -> Response<Body> {
    let mut response = Page { app, reader: None, scope: Scope::Choices }.shown(step);
    *response.status_mut() = status;
    response
}

pub(super) async fn show(State(app): Site, uri: Uri) -> Response<Body> {
    match person(&app, &uri) {
        Ok((reader, scope)) => {
            let step = if has_left(&reader) { OwnStep::Left } else { OwnStep::Shown };
            Page { app: &app, reader: Some(&reader), scope }.shown(step)
        }
        Err(other) => *other,
    }
}

pub(super) async fn send(
    State(app): Site,
    Extension(pages): Extension<Arc<Pages>>,
    uri: Uri,
    request: Request,
) -> Response<Body> {
    let (form, _) = match take(&app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let (reader, scope) = match person(&app, &uri) {
        Ok(found) => found,
        Err(other) => return *other,
    };
    let done = act(&app, &pages, &reader, scope, &form).await;
    done.unwrap_or_else(|error| failed(&app, &error))
}

fn has_left(person: &Subscriber) -> bool {
    person.state == SubscriberState::Left
}

/// What can be asked for by whoever left, too.
const OF_WHAT_IS_KEPT: [&str; 4] = ["lien", "donnees", "effacer-demande", "effacer"];

/// What a reader asks for on his own page.
async fn act(
    app: &Arc<App>,
    pages: &Pages,
    reader: &Subscriber,
    scope: Scope,
    form: &Fields,
) -> anyhow::Result<Response<Body>> {
    let page = Page { app, reader: Some(reader), scope };
    let chosen = || WishFields { email: reader.address.to_string(), ..form.wish() };
    Ok(match (form.one("faire"), scope) {
        (what, _) if has_left(reader) && !OF_WHAT_IS_KEPT.contains(&what) => page.shown(OwnStep::Left),
        (what @ ("changer" | "apercu"), _) => {
            let (request, wrong) = Desk::new(app, Some(reader.preferences.cadence)).request(&chosen());
            if !wrong.is_empty() {
                return Ok(page.with(chosen(), &wrong, OwnStep::Shown, None));
            }
            if what == "apercu" {
                let (preferences, _) = account::wish(app, &request).map_err(anyhow::Error::msg)?;
                let shown = preview(app, pages, preferences).await?;
                return Ok(page.with(chosen(), &[], OwnStep::Shown, Some(&shown)));
            }
            if !account::change(app, reader, &request)? {
                return Ok(answer_page(app, Answer::Closed));
            }
            page.with(chosen(), &[], OwnStep::Changed, None)
        }
        ("suspendre", _) => {
            let until = form.one("jusque").parse().ok();
            if until.map(|until| account::pause(app, reader, until)).transpose()? == Some(true) {
                page.shown(OwnStep::Paused)
            } else {
                let text = french("Donnez le jour, à venir, jusqu’auquel suspendre.");
                page.with(fields_of(reader), &[Wrong::of("jusque", text)], OwnStep::Shown, None)
            }
        }
        ("reprendre", _) => {
            account::resume(app, reader)?;
            page.shown(OwnStep::Resumed)
        }
        ("quitter", _) => {
            subscribe::remove(app, &reader.address)?;
            page.shown(OwnStep::Left)
        }
        (what, scope) if what == "lien" || (scope == Scope::Choices && OF_WHAT_IS_KEPT.contains(&what)) => {
            forms::by_mail(app, Letter::Access, reader.id)?;
            page.shown(OwnStep::LinkSent)
        }
        ("donnees", Scope::All) => {
            let bytes = serde_json::to_vec_pretty(&account::export(app, reader)?)?;
            let mut response = private(respond(StatusCode::OK, HTML, bytes, Form::None));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"mes-donnees.json\""));
            response
        }
        ("effacer-demande", Scope::All) => page.shown(OwnStep::EraseAsk),
        ("effacer", Scope::All) => {
            subscribe::erase(app, &reader.address)?;
            page.shown(OwnStep::Erased)
        }
        _ => page.shown(OwnStep::Shown),
    })
}

fn fields_of(reader: &Subscriber) -> WishFields {
    let preferences = &reader.preferences;
    WishFields {
        email: reader.address.to_string(),
        cadence: preferences.cadence.as_str().to_owned(),
        sections: preferences.sections.iter().map(ToString::to_string).collect(),
        natures: preferences.natures.iter().map(|nature| nature.as_str().to_owned()).collect(),
        severity: preferences.least_severity.as_str().to_owned(),
        alerts_from: preferences.alerts.from.map_or("", |one| one.as_str()).to_owned(),
        alert_words: preferences.alerts.words.join(", "),
    }
}

/// The page, of a reader or of nobody.
struct Page<'a> {
    app: &'a App,
    reader: Option<&'a Subscriber>,
    scope: Scope,
}

impl Page<'_> {
    fn shown(&self, step: OwnStep) -> Response<Body> {
        self.with(self.reader.map(fields_of).unwrap_or_default(), &[], step, None)
    }

    fn with(&self, fields: WishFields, wrong: &[Wrong], step: OwnStep, preview: Option<&Preview>) -> Response<Body> {
        let app = self.app;
        let paused = match self.reader.map(|reader| account::paused_until(app, reader)).transpose() {
            Ok(paused) => paused.flatten(),
            Err(error) => return failed(app, &error),
        };
        let desk = Desk::new(app, self.reader.map(|reader| reader.preferences.cadence));
        let wishes = WishFacts { preview: preview.map(Into::into), ..desk.facts(&fields, wrong, "") };
        let own = OwnFacts {
            step,
            address: self.reader.map(|reader| &reader.address),
            paused,
            today: app.config.site.zone.to_datetime(app.clock.now()).date(),
            may_own: self.scope == Scope::All,
        };
        let made = render::own_page(&app.templates, &app.config.site, &wishes, &own);
        html(app, status(Step::Ask, wrong), made)
    }
}
