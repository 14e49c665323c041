//! The app's own address: HTTP functions, the administrator's API, the page that says that it runs.
use super::{FunctionsHost, http_reply::bare};
use axum::{Router, body::Body};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use std::sync::Arc;

const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head><title>Your Azure Function App is up and running.</title></head>\n\
<body><h1>Your Functions app is up and running</h1></body>\n</html>\n";

impl FunctionsHost {
    /// The app's own address, to be served on a socket. An invocation goes on when its caller has gone.
    pub fn router(self: &Arc<Self>) -> Router {
        let host = self.clone();
        Router::new().fallback(move |request: Request<Body>| {
            let host = host.clone();
            async move {
                let answer = tokio::spawn(async move { host.answer(request).await });
                answer.await.unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR))
            }
        })
    }

    /// One request to the app's own address: `/admin/...` is the administrator's, everything else is for the HTTP
    /// functions. `GET /` shows a page unless a function takes it.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Some(asked) = parts.uri.path().strip_prefix("/admin/").map(str::to_owned) {
            return self.administer(&asked, &parts, body).await;
        }
        if parts.uri.path() == "/" && parts.method == Method::GET && !self.serves(&parts) && !self.is_stopped() {
            let mut page = Response::new(Body::from(PAGE));
            page.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            return page;
        }
        self.http(Request::from_parts(parts, body)).await
    }

    /// Whether every instance's host has given up and waits for the platform.
    pub(super) fn is_stopped(&self) -> bool {
        !self.instances.is_empty() && self.instances.iter().all(|instance| instance.is_stopped())
    }
}
