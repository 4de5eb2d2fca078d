//! The site of an installation: pages for everybody, and the links of letters.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, header::STRICT_TRANSPORT_SECURITY},
    middleware::{self, Next},
    routing::get,
};
use tokio::{net::TcpListener, time};
use tokio_util::sync::CancellationToken;

use super::{accounts, links, pages, server::serve_router};
use pages::Pages;

use crate::{
    render::Answer,
    work::{
        App, forms,
        letters::{CONFIRM_PATH, LEAVE_PATH, RENEW_PATH},
    },
};

/// How long an answer may take, the body of its request included.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves the site until told to stop.
///
/// # Errors
/// When the database cannot be read.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let pages = Arc::new(Pages::new(Arc::clone(&app))?);
    // What a former program did not get to do.
    let left = Arc::clone(&app);
    drop(tokio::task::spawn_blocking(move || forms::answer(&left)));
    tokio::join!(serve_router(listener, router(app, Arc::clone(&pages)), stop), pages.note());
    Ok(())
}

fn router(app: Arc<App>, pages: Arc<Pages>) -> Router {
    let https = if app.config.answered_at().is_some() { Https::Promised } else { Https::Unknown };
    let path = |name: &str| format!("/{name}/{{token}}");
    Router::new()
        .route(&path(LEAVE_PATH), get(links::show_leaving).post(links::leave))
        .route(&path(CONFIRM_PATH), get(links::show_confirming).post(links::confirm))
        .route(&path(RENEW_PATH), get(links::show_renewing).post(links::renew))
        .merge(accounts::routes(Arc::clone(&pages)))
        .method_not_allowed_fallback(links::not_allowed)
        .with_state(app.clone())
        .fallback_service(Router::new().fallback(pages::answer).with_state(pages))
        .layer(middleware::from_fn_with_state((https, app), around))
}

/// Whether readers reach the site over https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Https {
    Promised,
    Unknown,
}

/// What goes for every answer: it comes in time, and, where readers reach the site over https, they keep to that.
async fn around(State((https, app)): State<(Https, Arc<App>)>, request: Request, next: Next) -> Response<Body> {
    let mut response = match time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => links::page(&app, Answer::Failed),
    };
    if https == Https::Promised {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
