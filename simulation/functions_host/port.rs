//! The way to a child's port: a router in this process, or a socket on the loopback interface.
use super::failure::Failure;
use axum::{Router, body::Body};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{convert::Infallible, panic::AssertUnwindSafe, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

/// So often a child that does not listen yet is asked again.
const AGAIN: Duration = Duration::from_millis(25);
/// The host writes its envelopes in pieces of this size.
const PIECE: usize = 1024;

/// A child's port, as its host reaches it.
#[derive(Clone)]
pub(super) enum Port {
    Router(Router),
    /// HTTP/1.1 without a proxy; connections are kept, and there are as many as there are calls.
    Socket(Box<Client<HttpConnector, Body>>, u16),
}

impl Port {
    pub fn socket(port: u16) -> Self {
        Self::Socket(Box::new(Client::builder(TokioExecutor::new()).build_http()), port)
    }

    pub fn is_socket(&self) -> bool {
        matches!(self, Self::Socket(..))
    }

    /// What its `Host` header says; a router gets the port of the host itself.
    pub fn authority(&self) -> HeaderValue {
        let port = match self {
            Self::Router(_) => 7071,
            Self::Socket(_, port) => *port,
        };
        HeaderValue::try_from(format!("127.0.0.1:{port}")).expect("an address is a header's value")
    }

    /// One request and its whole answer, waited for as long as it takes.
    pub async fn ask(&self, request: Request<Body>) -> Result<Response<Bytes>, Failure> {
        let reply = match self {
            Self::Router(router) => {
                // A panic in a real server breaks its connection.
                let reply = AssertUnwindSafe(router.clone().oneshot(request)).catch_unwind().await;
                reply.map_err(|_| Failure::Broken)?.unwrap_or_else(|never: Infallible| match never {})
            }
            Self::Socket(client, port) => {
                let request = addressed(request, *port)?;
                let failed = |error: &hyper_util::client::legacy::Error| {
                    if error.is_connect() { Failure::Refused } else { Failure::Broken }
                };
                answered(client.request(request).await.map_err(|error| failed(&error))?.map(Body::new))
            }
        };
        let (parts, body) = reply.into_parts();
        let body = AssertUnwindSafe(body.collect()).catch_unwind().await.map_err(|_| Failure::Broken)?;
        Ok(Response::from_parts(parts, body.map_err(|_| Failure::Broken)?.to_bytes()))
    }

    /// Asks `GET /` until there is any answer, or a connection that breaks. `false`: nobody listened within `limit`, which
    /// is looked at between two tries alone. An answer is waited for as long as `patience`. Both are real time.
    pub async fn is_ready(&self, limit: Duration, patience: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert(header::HOST, self.authority());
            match timeout(patience, self.ask(request)).await {
                Ok(Err(Failure::Refused)) if Instant::now() >= until => return false,
                Ok(Err(Failure::Refused)) => sleep(AGAIN).await,
                Ok(_) | Err(_) => return true,
            }
        }
    }
}

/// The request as it goes to the socket.
fn addressed(request: Request<Body>, port: u16) -> Result<Request<Body>, Failure> {
    let (mut parts, mut body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder().scheme("http").authority(format!("127.0.0.1:{port}")).path_and_query(target).build();
    parts.uri = uri.map_err(|_| Failure::Invalid)?;
    if parts.headers.contains_key(header::TRANSFER_ENCODING) {
        body = in_pieces(body);
    }
    Ok(Request::from_parts(parts, body))
}

/// The answer without what concerns its connection alone.
fn answered(mut reply: Response<Body>) -> Response<Body> {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        reply.headers_mut().remove(name);
    }
    reply
}

/// A body of unknown length, as the host sends its envelopes.
fn in_pieces(body: Body) -> Body {
    let pieces = stream::once(body.collect()).flat_map(|whole| {
        let whole = whole.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let starts: Vec<usize> = (0..whole.len()).step_by(PIECE).collect();
        stream::iter(
            starts
                .into_iter()
                .map(move |start| Ok::<_, Infallible>(whole.slice(start..whole.len().min(start + PIECE)))),
        )
    });
    Body::from_stream(pieces)
}
