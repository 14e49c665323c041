//! One user's request through the gateway: listener, rule, pool, member, pod, and back.
use super::shared::Shared;
use super::view::Landed;
use super::{forwarding, headers};
use crate::answer::{NoAnswer, json};
use axum::body::Body;
use axum_reverse_proxy::{HostBehaviour, ProxyError, ProxyPolicy, TunnelCancellation, TunnelGuard, XForwardedFor};
use http::{Request, Response, StatusCode, header};
use hyper::{body::Incoming, service::service_fn};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;

const NAME: &str = "Microsoft-Azure-Application-Gateway/v2";

/// What serves the connection of one caller; `port` is the gateway's.
pub(super) fn service(
    shared: Arc<Shared>,
    peer: SocketAddr,
    port: u16,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = NoAnswer,
    Future = impl Future<Output = Result<Response<Body>, NoAnswer>> + Send,
> {
    service_fn(move |request| answer(Arc::clone(&shared), peer, port, request))
}

/// The answer of a backend, or the gateway's own: 404 without a listener or a pool, 502 when nobody is healthy or
/// nobody listens at the member's address, 504 when the backend takes too long.
///
/// # Errors
/// When the connection breaks without an answer: no gateway runs, or the drain time is over.
async fn answer(
    shared: Arc<Shared>,
    peer: SocketAddr,
    port: u16,
    request: Request<Incoming>,
) -> Result<Response<Body>, NoAnswer> {
    let Some(asked) = headers::host_of(&request) else { return Ok(page(StatusCode::BAD_REQUEST)) };
    let path = request.uri().path();
    let view = shared.view();
    let pool = match view.pool(&asked, path) {
        None if view.gateways.is_empty() => return Err(NoAnswer("no gateway runs")),
        None | Some(None) => return Ok(page(StatusCode::NOT_FOUND)),
        Some(Some(pool)) => pool,
    };
    let backend = &pool.backend;
    let cookie = backend.affinity.as_deref().and_then(|name| headers::cookie(request.headers(), name));
    let chosen = pool.choose(cookie.as_deref(), shared.azure.clock().now());
    let Some(target) = chosen else { return Ok(page(StatusCode::BAD_GATEWAY)) };
    let host = backend.host.as_deref().unwrap_or(&asked);
    let landed = target.ip.and_then(|ip| view.land(ip, host, path));
    // A view keeps the ports of pods open that may have gone meanwhile.
    drop(view);
    let mut response = match landed {
        None => return Ok(page(StatusCode::BAD_GATEWAY)),
        Some(Landed::Ingress { status, cluster, version }) => {
            json(status, &json!({"cluster": cluster, "version": version}))
        }
        Some(Landed::Pod(pod)) => {
            let mut request = request.map(Body::new);
            headers::forward(request.headers_mut(), peer, port, backend.host.as_deref());
            request.extensions_mut().insert(TunnelCancellation(pool.ended.clone()));
            request.extensions_mut().insert(TunnelGuard::new(Arc::clone(&pod)));
            let policy = ProxyPolicy::new()
                .with_host_behaviour(HostBehaviour::Preserve)
                .with_x_forwarded_for(XForwardedFor::Preserve)
                .with_upstream_timeout(backend.request_timeout);
            let proxy = pod.proxy.clone().with_policy(policy);
            // The guard alone keeps the pod's port open, and for as long as the answer or the tunnel lasts.
            drop(pod);
            tokio::select! {
                Ok(response) = proxy.proxy_request(request) => response,
                () = pool.ended.cancelled() => return Err(NoAnswer("the gateway's drain time is over")),
            }
        }
    };
    if let Some(error) = response.extensions().get::<ProxyError>() {
        tracing::debug!(member = %target.address, "the backend did not answer: {}", error.message());
        return Ok(page(response.status()));
    }
    if let Some(name) = backend.affinity.as_deref().filter(|_| cookie.as_ref() != Some(&target.cookie)) {
        headers::bind(response.headers_mut(), name, &target.cookie);
    }
    Ok(response.map(|body| forwarding::until(pool.ended.clone(), body)))
}

/// The gateway's own answer.
fn page(status: StatusCode) -> Response<Body> {
    let body = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n<hr><center>{NAME}</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut page = Response::new(Body::from(body));
    *page.status_mut() = status;
    page.headers_mut().insert(header::SERVER, header::HeaderValue::from_static(NAME));
    page.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
    page
}
