//! What every server of a data plane stands on: its options, its client, its tasks and their end.
use super::options::Options;
use axum::body::Body;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The ground that gateways, probes and pods share.
pub(super) struct Ground {
    pub options: Options,
    pub client: Client<HttpConnector, Body>,
    pub tasks: TaskTracker,
    pub ended: CancellationToken,
}

impl Ground {
    pub fn new(options: Options) -> Self {
        Self { options, client: client(), tasks: TaskTracker::new(), ended: CancellationToken::new() }
    }
}

/// The client of gateway and probes, with one pool of connections for each pod.
fn client() -> Client<HttpConnector, Body> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(5)));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .build(connector)
}
