//! `vigie serve`

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::{Exit, output::Output};
use crate::{daemon, web, work::App};

/// Where it listens when nothing says where.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen [default: `listen` of `[serve]`, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

/// Serves the site until SIGTERM or SIGINT.
pub async fn run(args: &Serve, mut app: App, out: &Output) -> anyhow::Result<Exit> {
    let listener = listen(args.listen.or(app.config.serve.listen).unwrap_or(HERE)).await?;
    let here = listener.local_addr()?;
    // What is written here leads to it, as if the configuration had said so.
    app.config.serve.listen = Some(here);
    out.say(format!("serving http://{here}/ – Ctrl-C ends it"));
    let app = Arc::new(app);
    let signal = daemon::wait_for_signal(&app)?;
    let (served, ()) = tokio::join!(web::site::serve(listener, app.clone(), app.stop.clone()), signal);
    served.context("cannot serve the site")?;
    Ok(Exit::Done)
}

/// Takes the port, or says who may have it.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}\nhint: is it taken? `listen` under `[serve]`, or `--listen`, names another")
    })
}
