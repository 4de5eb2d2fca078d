//! To subscribe.

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
    html, is_open, preview, status, take, take_in,
};
use crate::{
    model::Letter,
    render::{self, Step, WishFacts, WishFields, Wrong},
    web::{pages::Pages, server::Peer},
    work::{
        App,
        account::{self, Preview},
        forms::{self, Form},
    },
};

pub(super) async fn show(State(app): Site, request: Request) -> Response<Body> {
    let fields = Fields::read(request.uri().query().unwrap_or_default().as_bytes()).wish();
    // What a link fills in is what is wanted; an address is never in a link.
    page(&app, WishFields { email: String::new(), ..fields }, &[], Step::Ask, None)
}

fn page(app: &App, fields: WishFields, wrong: &[Wrong], step: Step, preview: Option<&Preview>) -> Response<Body> {
    let step = if is_open(app, Letter::Confirmation) { step } else { Step::Closed };
    let stamp = match forms::stamp(app) {
        Ok(stamp) => stamp,
        Err(error) => return failed(app, &error),
    };
    let desk = Desk::new(app, None);
    let fields = desk.with_cadence(fields);
    let facts = WishFacts { preview: preview.map(Into::into), ..desk.facts(&fields, wrong, &stamp) };
    html(app, status(step, wrong), render::subscribe_page(&app.templates, &app.config.site, &facts, step))
}

pub(super) async fn send(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(pages): Extension<Arc<Pages>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    let (form, headers) = match take(&app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let fields = form.wish();
    let desk = Desk::new(&app, None);
    if form.one("faire") == "apercu" {
        if !counts.admit(&app, peer, &headers) {
            return page(&app, fields, &[], Step::TooMany, None);
        }
        // An address is not needed to look.
        let (request, wrong) = desk.request(&WishFields { email: String::from("a@example.fr"), ..fields.clone() });
        if !wrong.is_empty() {
            return page(&app, fields, &wrong, Step::Ask, None);
        }
        let shown = match account::wish(&app, &request) {
            Ok((preferences, _)) => preview(&app, &pages, preferences).await,
            Err(error) => Err(anyhow::Error::msg(error)),
        };
        return match shown {
            Ok(shown) => page(&app, fields, &[], Step::Ask, Some(&shown)),
            Err(error) => failed(&app, &error),
        };
    }
    let (request, wrong) = desk.request(&fields);
    if !wrong.is_empty() {
        return page(&app, fields, &wrong, Step::Ask, None);
    }
    match Gate::of(&app, &counts, peer, &headers, &form) {
        Gate::Open => {}
        Gate::Again(wrong) => return page(&app, fields, &[wrong], Step::Ask, None),
        Gate::TooMany => return page(&app, fields, &[], Step::TooMany, None),
        Gate::Robot => return page(&app, WishFields::default(), &[], Step::Done, None),
    }
    if is_open(&app, Letter::Confirmation)
        && let Err(error) = take_in(&app, &Form::Subscribe(Box::new(request)))
    {
        return failed(&app, &error);
    }
    page(&app, WishFields::default(), &[], Step::Done, None)
}
