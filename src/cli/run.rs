//! `vigie run`

use std::sync::Arc;

use anyhow::Context;

use super::{Exit, serve};
use crate::{daemon, web, work::App};

/// All that is due, for ever, and the site with it where `[serve]` says where to listen.
pub async fn run(app: App) -> anyhow::Result<Exit> {
    let app = Arc::new(app);
    let Some(address) = app.config.serve.listen else {
        daemon::run(&app).await?;
        return Ok(Exit::Done);
    };
    let listener = serve::listen(address).await?;
    tracing::info!(%address, "serving");
    let site = web::site::serve(listener, app.clone(), app.stop.clone());
    let (worked, served) = tokio::join!(daemon::run(&app), site);
    worked?;
    served.context("cannot serve the site")?;
    Ok(Exit::Done)
}
