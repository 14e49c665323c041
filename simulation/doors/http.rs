//! HTTP at a door: a request is put under its service's canonical host name, and asked of the simulated Azure.
use super::listener::{Connection, Serve};
use super::service::{Destination, Service};
use crate::answer::{NoAnswer, json};
use crate::hosts::{CallersTime, Origin};
use crate::{Cloud, Process, Reply, SimulatedAzure};
use axum::body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// A connection may be idle so long. Longer than clients keep theirs, so that they are who closes.
const IDLE: Duration = Duration::from_secs(300);

/// One service's door.
#[derive(Clone)]
pub(super) struct Door {
    pub azure: SimulatedAzure,
    pub service: Service,
    pub port: u16,
    /// The one Service Bus namespace.
    pub namespace: Arc<str>,
    /// The world's cloud.
    pub cloud: Cloud,
}

impl Door {
    /// Serves HTTP/1.1 on the connections of a listener.
    pub fn serving(self) -> Serve {
        Arc::new(move |connection| Box::pin(self.clone().serve(connection)))
    }

    async fn serve(self, connection: Connection) {
        // A process for each connection: what kills it in the script breaks this connection and no other.
        let (process, secure) = (Process::new("outside"), connection.secure);
        let answer = service_fn(|request| self.answer(&process, request, secure));
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(connection.stream), answer);
        if let Err(error) = served.await {
            debug!(%error, service = ?self.service, "a connection broke");
        }
    }

    async fn answer(
        &self,
        process: &Process,
        request: http::Request<Incoming>,
        secure: bool,
    ) -> Result<Reply, NoAnswer> {
        let Some(destination) = self.service.destination(request.uri().path(), &self.namespace, self.cloud) else {
            return Ok(refusal(404, "NotFound", self.service.advice()));
        };
        let Some(uri) = canonical(&destination, request.uri().query()) else {
            return Ok(refusal(400, "BadRequest", "the path is no path of a URL"));
        };
        let origin = self.origin(request.headers(), secure, destination.prefix);
        let (mut parts, body) = request.into_parts();
        let limit = self.service.largest_body();
        let too_large = || refusal(413, "RequestEntityTooLarge", &format!("the body has more than {limit} bytes"));
        // Said beforehand, it is refused beforehand: nobody sends gigabytes for nothing.
        if usize::try_from(body.size_hint().lower()).is_ok_and(|size| size > limit) {
            return Ok(too_large());
        }
        let body = match Limited::new(body, limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(broken) if broken.is::<LengthLimitError>() => return Ok(too_large()),
            Err(_) => return Err(NoAnswer("the request's body broke")),
        };
        parts.uri = uri;
        parts.extensions.insert(Origin(origin));
        parts.extensions.insert(CallersTime(self.azure.clock().unhurried()));
        let asked = http::Request::from_parts(parts, Body::from(body));
        let reply = tokio::select! {
            reply = self.azure.call(process, asked) => reply?,
            () = process.dead() => return Err(NoAnswer("the script ended the connection")),
        };
        Ok(self.dated(reply))
    }

    /// How this caller reaches the service again. A name that is not ours is not repeated.
    fn origin(&self, headers: &http::HeaderMap, secure: bool, prefix: &str) -> String {
        let scheme = if secure { "https" } else { "http" };
        let said = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let ours = ["localhost", "127.0.0.1", "[::1]"].into_iter().find(|name| said == format!("{name}:{}", self.port));
        format!("{scheme}://{}:{}{prefix}", ours.unwrap_or("localhost"), self.port)
    }

    /// The world's time, where the service does not tell it: hyper would write the system's.
    fn dated(&self, mut reply: Reply) -> Reply {
        if let Ok(date) = crate::clock::http_date(self.azure.clock().now()).parse() {
            reply.headers_mut().entry("date").or_insert(date);
        }
        reply
    }
}

fn canonical(destination: &Destination, query: Option<&str>) -> Option<http::Uri> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("https://{}{}{query}", destination.host, destination.path).parse().ok()
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    json(status, &serde_json::json!({"error": {"code": code, "message": message}}))
}
