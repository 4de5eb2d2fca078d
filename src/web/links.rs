//! The links of letters. A GET shows a page and changes nothing, whoever opens it: scanners of mail open every link. A
//! POST acts at once; of the one to leave, mail programs send it by themselves (RFC 8058).

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Response, StatusCode, Uri,
        header::{ALLOW, CACHE_CONTROL, HOST, ORIGIN},
    },
};
use url::Url;

use super::headers::{Form, HTML, respond};
use crate::{
    model::{Subscriber, mask_addresses},
    render::{self, Answer, AnswerFacts},
    work::{
        App,
        consent::{self, Asked, Confirming, Leaving, Press, Renewing},
        letters, subscribe,
    },
};

/// Octets of the body of a request: ours have some thirty, a mail program's in MIME some two hundred.
const BODY: usize = 4 << 10;

type Site = State<Arc<App>>;

pub(super) async fn show_leaving(State(app): Site, uri: Uri) -> Response<Body> {
    match consent::leaving(&app, token(&uri)) {
        Ok(Leaving::Reader(reader)) => of_reader(&app, Answer::LeaveAsk, &reader),
        Ok(Leaving::Left(reader)) => of_reader(&app, Answer::LeaveAlready, &reader),
        Ok(Leaving::Unknown) => page(&app, Answer::LeaveAlready),
        Ok(Leaving::Forged) => page(&app, Answer::Forged),
        Err(error) => failed(&app, &error),
    }
}

pub(super) async fn leave(State(app): Site, uri: Uri, request: Request) -> Response<Body> {
    let body = match read(&app, request).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let one_click = body.is_one_click();
    if !one_click && body.is_foreign {
        return page(&app, Answer::Foreign);
    }
    let found = consent::leaving(&app, token(&uri)).and_then(|found| {
        if let Leaving::Reader(reader) = &found {
            subscribe::remove(&app, &reader.address)?;
        }
        Ok(found)
    });
    match found {
        Err(error) => failed(&app, &error),
        Ok(Leaving::Forged) => page(&app, Answer::Forged),
        // A program asked, and reads no page. Whom nobody knows is not written to: what was asked for is so.
        Ok(_) if one_click => private(respond(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            "Désinscription enregistrée.\n".as_bytes().to_vec(),
            Form::None,
        )),
        Ok(Leaving::Reader(reader)) => of_reader(&app, Answer::LeaveDone, &reader),
        Ok(Leaving::Left(reader)) => of_reader(&app, Answer::LeaveAlready, &reader),
        Ok(Leaving::Unknown) => page(&app, Answer::LeaveAlready),
    }
}

pub(super) async fn show_confirming(State(app): Site, uri: Uri) -> Response<Body> {
    match consent::confirming(&app, token(&uri)) {
        Ok(found) => confirming(&app, &found),
        Err(error) => failed(&app, &error),
    }
}

pub(super) async fn confirm(State(app): Site, uri: Uri, request: Request) -> Response<Body> {
    let body = match read(&app, request).await {
        Ok(body) if body.is_foreign => return page(&app, Answer::Foreign),
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let found =
        if body.asks_anew() { consent::confirm_anew(&app, token(&uri)) } else { consent::confirm(&app, token(&uri)) };
    match found {
        Ok(Confirming::Expired(asked)) if body.asks_anew() => of_asked(&app, Answer::LinkSent, &asked),
        Ok(found) => confirming(&app, &found),
        Err(error) => failed(&app, &error),
    }
}

fn confirming(app: &App, found: &Confirming) -> Response<Body> {
    match found {
        Confirming::Open(asked) => of_asked(app, Answer::ConfirmAsk, asked),
        Confirming::Confirmed(asked, Press::First) => of_asked(app, Answer::ConfirmDone, asked),
        Confirming::Confirmed(asked, Press::Again) => of_asked(app, Answer::ConfirmAlready, asked),
        Confirming::Expired(asked) => of_asked(app, Answer::ConfirmExpired, asked),
        Confirming::Closed(asked) => of_asked(app, Answer::Closed, asked),
        Confirming::Unknown => page(app, Answer::Unknown),
        Confirming::Forged => page(app, Answer::Forged),
    }
}

pub(super) async fn show_renewing(State(app): Site, uri: Uri) -> Response<Body> {
    match consent::renewing(&app, token(&uri)) {
        Ok(found) => renewing(&app, &found),
        Err(error) => failed(&app, &error),
    }
}

pub(super) async fn renew(State(app): Site, uri: Uri, request: Request) -> Response<Body> {
    let body = match read(&app, request).await {
        Ok(body) if body.is_foreign => return page(&app, Answer::Foreign),
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let found =
        if body.asks_anew() { consent::renew_anew(&app, token(&uri)) } else { consent::renew(&app, token(&uri)) };
    match found {
        Ok(Renewing::Expired(reader, _)) if body.asks_anew() => of_reader(&app, Answer::LinkSent, &reader),
        Ok(found) => renewing(&app, &found),
        Err(error) => failed(&app, &error),
    }
}

fn renewing(app: &App, found: &Renewing) -> Response<Body> {
    match found {
        Renewing::Reader(reader) => of_reader(app, Answer::RenewAsk, reader),
        Renewing::Left(reader) => of_reader(app, Answer::ReturnAsk, reader),
        Renewing::Done(reader) => of_reader(app, Answer::RenewDone, reader),
        Renewing::Expired(reader, until) => {
            let facts = AnswerFacts { until: Some(*until), ..facts(reader) };
            written(app, Answer::RenewExpired, &facts)
        }
        Renewing::Closed(reader) => of_reader(app, Answer::Closed, reader),
        Renewing::Unknown => page(app, Answer::Unknown),
        Renewing::Forged => page(app, Answer::Forged),
    }
}

/// Neither looked at nor pressed.
pub(super) async fn not_allowed(State(app): Site) -> Response<Body> {
    let mut response = page(&app, Answer::Foreign);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// The last part of a path, to the letter: no token has anything to decode.
pub(super) fn token(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// The body of a form.
struct Sent {
    text: String,
    /// A browser says that a page of another site sent it.
    is_foreign: bool,
}

impl Sent {
    /// RFC 8058 3.2, in either of the two forms that mail programs use.
    fn is_one_click(&self) -> bool {
        const NAME: &str = "List-Unsubscribe";
        let mut pairs = url::form_urlencoded::parse(self.text.trim().as_bytes());
        pairs.any(|(name, value)| name == NAME && value == "One-Click")
            || self.text.contains(&format!("name=\"{NAME}\""))
                && self.text.lines().any(|line| line.trim() == "One-Click")
    }

    /// The button of a link whose time has passed.
    fn asks_anew(&self) -> bool {
        url::form_urlencoded::parse(self.text.as_bytes()).any(|(name, _)| name == "renvoyer")
    }
}

async fn read(app: &App, request: Request) -> Result<Sent, Response<Body>> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.map_err(|_| page(app, Answer::TooLarge))?;
    Ok(Sent { text: String::from_utf8_lossy(&body).into_owned(), is_foreign: is_foreign(app, &head.headers) })
}

/// Browsers say where a form comes from (Fetch Metadata, or `Origin` where they are older); what is no browser says nothing and
/// needs no protection. Of our own pages `Origin` is `null`, since they give no referrer; a page of others can have the same: what
/// holds then is the token in the path, which it does not know.
pub(super) fn is_foreign(app: &App, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(ORIGIN).filter(|origin| *origin != "null") else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return true };
    // A proxy may put a name of its own in the place of the one that readers know.
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(|host| {
        // With the scheme of the origin, so that a port which goes without saying is none on both sides.
        Url::parse(&format!("{}://{host}", origin.scheme())).ok()
    });
    let known = app.config.site.url.as_ref().map(Url::origin);
    asked.map(|asked| asked.origin()) != Some(origin.origin()) && known != Some(origin.origin())
}

fn facts(reader: &Subscriber) -> AnswerFacts<'_> {
    AnswerFacts { address: Some(&reader.address), preferences: Some(&reader.preferences), ..AnswerFacts::default() }
}

fn of_reader(app: &App, answer: Answer, reader: &Subscriber) -> Response<Body> {
    written(app, answer, &facts(reader))
}

fn of_asked(app: &App, answer: Answer, asked: &Asked) -> Response<Body> {
    let facts = AnswerFacts {
        address: Some(&asked.wish.address),
        preferences: Some(&asked.preferences),
        agreed: Some(&asked.wish.shown),
        until: Some(asked.wish.expires),
        contact: None,
    };
    written(app, answer, &facts)
}

/// A page that speaks of nobody.
pub(super) fn page(app: &App, answer: Answer) -> Response<Body> {
    written(app, answer, &AnswerFacts::default())
}

fn failed(app: &App, error: &anyhow::Error) -> Response<Body> {
    tracing::error!("a link of a letter could not be answered: {}", mask_addresses(&format!("{error:#}")));
    page(app, Answer::Failed)
}

fn written(app: &App, answer: Answer, facts: &AnswerFacts<'_>) -> Response<Body> {
    let contact = app.config.mail.from.as_ref().map(|from| letters::contact(app, &from.address));
    let facts = AnswerFacts { contact, ..*facts };
    let (site, sections) = (&app.config.site, app.rules.sections());
    // Whatever path led here has one folder.
    match render::answer_page(&app.templates, site, sections, "../", answer, &facts) {
        Ok(html) => private(respond(status(answer), HTML, html.into_bytes(), Form::Ours)),
        Err(error) => {
            tracing::error!("a page cannot be written: {error}");
            private(respond(StatusCode::INTERNAL_SERVER_ERROR, HTML, Vec::new(), Form::Ours))
        }
    }
}

/// Kept by nobody, and found by no search engine.
pub(super) fn private(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

const fn status(answer: Answer) -> StatusCode {
    match answer {
        Answer::Forged => StatusCode::BAD_REQUEST,
        Answer::Foreign | Answer::Closed => StatusCode::FORBIDDEN,
        Answer::Unknown => StatusCode::NOT_FOUND,
        Answer::ConfirmExpired | Answer::RenewExpired => StatusCode::GONE,
        Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Answer::Failed => StatusCode::SERVICE_UNAVAILABLE,
        Answer::LeaveAsk
        | Answer::LeaveDone
        | Answer::LeaveAlready
        | Answer::ConfirmAsk
        | Answer::ConfirmDone
        | Answer::ConfirmAlready
        | Answer::RenewAsk
        | Answer::ReturnAsk
        | Answer::RenewDone
        | Answer::LinkSent => StatusCode::OK,
    }
}
