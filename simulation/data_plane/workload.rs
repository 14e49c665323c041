//! What a pod answers: who it is and what it was asked, 500 while the script breaks it, and an echo under `/ws`.
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest answer that somebody may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Who a pod is.
#[derive(Debug)]
pub(super) struct Identity {
    pub cluster: String,
    pub colour: Option<String>,
    pub version: String,
    pub namespace: String,
    pub name: String,
    /// Where its own server listens.
    pub address: SocketAddr,
    /// Whether it answers 500 to everything.
    pub broken: AtomicBool,
    /// Its WebSockets end with it.
    pub killed: CancellationToken,
}

/// What a user may ask of a pod beside the path.
#[derive(serde::Deserialize)]
struct Wishes {
    /// The answer comes so many milliseconds of real time later: to see draining and time-outs.
    #[serde(default)]
    wait: u64,
}

/// The pod's HTTP side.
pub(super) fn app(identity: Arc<Identity>) -> Router {
    Router::new().fallback(answer).with_state(identity)
}

async fn answer(
    State(pod): State<Arc<Identity>>,
    Query(wishes): Query<Wishes>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    // Even a sleep of nothing lasts until tokio's next tick, a millisecond.
    if wishes.wait > 0 {
        tokio::time::sleep(Duration::from_millis(wishes.wait).min(LONGEST_WAIT)).await;
    }
    let broken = pod.broken.load(Ordering::Relaxed);
    let path = request.uri().path();
    match upgrade {
        Ok(upgrade) if !broken && (path == "/ws" || path.starts_with("/ws/")) => {
            upgrade.on_upgrade(|socket| echo(socket, pod))
        }
        _ => {
            let status = if broken { http::StatusCode::INTERNAL_SERVER_ERROR } else { http::StatusCode::OK };
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let mut headers = Map::new();
            for (name, value) in request.headers() {
                let entry = headers.entry(name.as_str()).or_insert_with(|| json!([]));
                entry.as_array_mut().expect("each entry begins as a list").push(text(value).into());
            }
            let body = json!({
                "cluster": pod.cluster, "colour": pod.colour, "version": pod.version, "namespace": pod.namespace,
                "pod": pod.name, "address": pod.address.to_string(), "method": request.method().as_str(), "path": path, "headers": headers,
            });
            (status, axum::Json(body)).into_response()
        }
    }
}

async fn echo(mut socket: WebSocket, pod: Arc<Identity>) {
    loop {
        let received = tokio::select! {
            received = socket.recv() => received,
            () = pod.killed.cancelled() => return,
        };
        let Some(Ok(message)) = received else { return };
        // The library answers pings and closes itself.
        if let Message::Text(_) | Message::Binary(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}
