//! To ask for a letter: with the link to one's choices, or with what became of one's bulletins.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::Response,
};

use super::{
    Desk, Site, failed,
    gate::{Counts, Gate},
    html, is_open, status, take, take_in,
};
use crate::{
    model::{EmailAddress, Letter},
    render::{self, Step, WishFields, Wrong},
    web::server::Peer,
    work::{
        App,
        forms::{self, Form},
    },
};

pub(super) async fn show_access(State(app): Site) -> Response<Body> {
    page(&app, Letter::Access, &WishFields::default(), &[], Step::Ask)
}

pub(super) async fn show_help(State(app): Site) -> Response<Body> {
    page(&app, Letter::Trace, &WishFields::default(), &[], Step::Ask)
}

pub(super) async fn send_access(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    send(&app, Letter::Access, &counts, peer, request).await
}

pub(super) async fn send_help(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    send(&app, Letter::Trace, &counts, peer, request).await
}

fn page(app: &App, letter: Letter, fields: &WishFields, wrong: &[Wrong], step: Step) -> Response<Body> {
    let step = if is_open(app, letter) { step } else { Step::Closed };
    let stamp = match forms::stamp(app) {
        Ok(stamp) => stamp,
        Err(error) => return failed(app, &error),
    };
    let desk = Desk::new(app, None);
    let facts = desk.facts(fields, wrong, &stamp);
    let (templates, site) = (&app.templates, &app.config.site);
    let made = match letter {
        Letter::Trace => {
            let sender = app.config.mail.from.as_ref().map(|from| &from.address);
            let is_signed = app.signer().is_ok_and(|signer| signer.is_some());
            render::help_page(templates, site, &facts, step, sender, is_signed)
        }
        _ => render::access_page(templates, site, &facts, step),
    };
    html(app, status(step, wrong), made)
}

async fn send(app: &Arc<App>, letter: Letter, counts: &Counts, peer: IpAddr, request: Request) -> Response<Body> {
    let (form, headers) = match take(app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let fields = form.wish();
    if EmailAddress::parse(&fields.email).is_err() {
        let wrong = Desk::new(app, None).address(&fields);
        return page(app, letter, &fields, &wrong, Step::Ask);
    }
    match Gate::of(app, counts, peer, &headers, &form) {
        Gate::Open => {}
        Gate::Again(wrong) => return page(app, letter, &fields, &[wrong], Step::Ask),
        Gate::TooMany => return page(app, letter, &fields, &[], Step::TooMany),
        Gate::Robot => return page(app, letter, &WishFields::default(), &[], Step::Done),
    }
    let asked = match letter {
        Letter::Trace => Form::Trace(fields.email),
        _ => Form::Access(fields.email),
    };
    if is_open(app, letter)
        && let Err(error) = take_in(app, &asked)
    {
        return failed(app, &error);
    }
    page(app, letter, &WishFields::default(), &[], Step::Done)
}
