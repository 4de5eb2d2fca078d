//! The site of an installation: what `publish` wrote, and the links of letters.

use std::{io, sync::Arc, time::Duration};

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

use super::{folder, links, server::serve_router};
use crate::{
    render::Answer,
    work::{
        App,
        letters::{CONFIRM_PATH, LEAVE_PATH, RENEW_PATH},
    },
};

/// How long an answer may take, the body of its request included.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves the site until told to stop.
///
/// # Errors
/// When the published folder cannot be found.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: CancellationToken) -> io::Result<()> {
    serve_router(listener, router(app).await?, stop).await;
    Ok(())
}

async fn router(app: Arc<App>) -> io::Result<Router> {
    let files = folder::router(&app.config.publish.out).await?;
    let path = |name: &str| format!("/{name}/{{token}}");
    Ok(Router::new()
        .route(&path(LEAVE_PATH), get(links::show_leaving).post(links::leave))
        .route(&path(CONFIRM_PATH), get(links::show_confirming).post(links::confirm))
        .route(&path(RENEW_PATH), get(links::show_renewing).post(links::renew))
        .method_not_allowed_fallback(links::not_allowed)
        .with_state(app.clone())
        .fallback_service(files)
        .layer(middleware::from_fn_with_state(app, around)))
}

/// What goes for every answer: it comes in time, and, where readers reach the site over https, they keep to that.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    let mut response = match time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => links::page(&app, Answer::Failed),
    };
    if app.config.answered_at().is_some() {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
