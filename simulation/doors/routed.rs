//! A router behind a door: for services that are no part of Azure's own APIs, such as a function app.
use super::listener::Serve;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// A request's head must have arrived after so long.
const PATIENCE: Duration = Duration::from_secs(75);

/// Serves HTTP/1.1 by this router.
#[must_use]
pub fn routed(router: Router) -> Serve {
    Arc::new(move |connection| {
        let service = TowerToHyperService::new(router.clone());
        Box::pin(async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(connection.stream), service);
            if let Err(error) = served.await {
                debug!(%error, "a connection broke");
            }
        })
    })
}
