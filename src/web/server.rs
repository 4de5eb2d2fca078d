//! Connections and their limits: how many at once, how long the head of a request may take, how long one lives. axum's
//! own loop has none of them, and a client that says nothing would be waited for without end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, time};
use tokio_util::sync::CancellationToken;

/// How long answers under way are waited for once the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client may take to say what it wants, at first and between two requests.
const HEAD: Duration = Duration::from_secs(15);
/// How long a connection lives, whatever is asked over it: a client that reads nothing does not keep it.
const LIFE: Duration = Duration::from_secs(300);
/// Open at once. More wait in the queue of the system.
const CONNECTIONS: usize = 512;
/// Octets of the head of a request.
const HEAD_SIZE: usize = 16 << 10;
/// After the system refused a connection (no descriptor is left), before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// Answers until told to stop, and then until the answers under way are given.
pub(super) async fn serve_router(listener: TcpListener, router: Router, stop: CancellationToken) {
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    let accept = async {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { break };
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    time::sleep(PAUSE).await;
                    continue;
                }
            };
            let service = TowerToHyperService::new(router.clone().layer(Extension(Peer(peer.ip()))));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(HEAD_SIZE)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // What a client does wrong is its own affair.
                let _ = time::timeout(LIFE, connection).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accept => (),
        () = stop.cancelled() => (),
    }
    drop(listener);
    let _ = time::timeout(GRACE, graceful.shutdown()).await;
}
