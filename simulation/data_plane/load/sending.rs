//! One request of the load generator, and what became of it.
use crate::traffic::Answer;
use bytes::Bytes;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Longer answers are no answers of a workload of the simulation.
const LONGEST_BODY: usize = 256 * 1024;
/// Below the gateway's 75 s, so that no request meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(20);

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A whole answer arrived.
    Answered(Answer),
    /// No whole answer arrived, and why.
    Unanswered(String),
    /// The generator could not ask: this machine has no port, file handle or memory left. Nobody's failure but its own.
    Own(String),
}

impl Outcome {
    /// Whether the gateway failed, and not a cluster that says who it is.
    pub fn is_of_the_gateway(&self) -> bool {
        match self {
            Self::Answered(answer) => answer.status >= 500 && answer.cluster.is_none(),
            Self::Unanswered(_) => true,
            Self::Own(_) => false,
        }
    }
}

/// Sends requests over connections that are kept.
pub(super) struct Sender {
    client: Client<HttpConnector, Empty<Bytes>>,
    gateway: SocketAddr,
    timeout: Duration,
}

impl Sender {
    pub fn new(gateway: SocketAddr, timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { client, gateway, timeout }
    }

    pub async fn send(&self, host: &str, path: &str) -> Outcome {
        let uri = format!("http://{}{path}", self.gateway);
        let request = match Request::get(uri).header(HOST, host).body(Empty::new()) {
            Ok(request) => request,
            Err(error) => return Outcome::Own(format!("{host}{path} is no address: {error}")),
        };
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(Ok(answer)) => Outcome::Answered(answer),
            Ok(Err(error)) => said(&*error),
            Err(_) => Outcome::Unanswered(format!("no answer within {:?}", self.timeout)),
        }
    }

    async fn exchange(&self, request: Request<Empty<Bytes>>) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let (head, body) = self.client.request(request).await?.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await?.to_bytes();
        Ok(answer(head.status, &body))
    }
}

/// The clusters' workloads and ingress controllers say who they are; the gateway's own pages do not.
fn answer(status: StatusCode, body: &[u8]) -> Answer {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| said[field].as_str().map(ToOwned::to_owned);
    Answer { status: status.as_u16(), cluster: text("cluster"), version: text("version") }
}

pub(super) fn said(error: &(dyn Error + 'static)) -> Outcome {
    let mut message = error.to_string();
    let mut own = false;
    let mut next = Some(error);
    while let Some(cause) = next {
        own |= cause.downcast_ref::<io::Error>().is_some_and(is_own);
        next = cause.source();
        if let Some(next) = next {
            message = format!("{message}: {next}");
        }
    }
    if own { Outcome::Own(message) } else { Outcome::Unanswered(message) }
}

fn is_own(error: &io::Error) -> bool {
    // Too many open files, in the system or in the process: the same numbers on Linux and macOS.
    const NO_FILE_HANDLES: [i32; 2] = [23, 24];
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse | io::ErrorKind::OutOfMemory)
        || error.raw_os_error().is_some_and(|number| NO_FILE_HANDLES.contains(&number))
}
