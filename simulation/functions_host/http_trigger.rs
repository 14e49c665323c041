//! HTTP functions: finding the one that a request is for, and calling it in the host's mode.
use super::{
    FunctionsHost,
    definition::{Function, HttpMode, HttpTrigger, Trigger},
    http_envelope,
    http_reply::{bare, reply},
    instance::Instance,
    invocation,
    keys::Access,
    request::header,
    version::PRODUCT,
};
use axum::body::{Body, HttpBody};
use http::{HeaderValue, Request, Response, StatusCode, header::*, request::Parts};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use std::sync::Arc;

struct Found<'host> {
    instance: &'host Instance,
    function: &'host Arc<Function>,
    trigger: &'host HttpTrigger,
    values: Map<String, Value>,
}

impl FunctionsHost {
    /// A request to the app's own address. An unknown path or a wrong method is 404, a failed function a bare 500.
    /// Replies are passed on whole, not streamed.
    pub async fn http(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Some(found) = self.find(&parts) else { return bare(StatusCode::NOT_FOUND) };
        let shown = Access::shown(&parts, &self.shared.options);
        if !found.trigger.access.lets_in(shown, &self.shared.options) {
            return bare(StatusCode::UNAUTHORIZED);
        }
        // On a real wire a body has a length or is chunked; in this process only the body itself knows.
        let is_chunked = parts.headers.contains_key(TRANSFER_ENCODING) || body.size_hint().exact().is_none();
        let Ok(body) = body.collect().await else { return bare(StatusCode::BAD_REQUEST) };
        let body = body.to_bytes();
        let shared = &self.shared;
        if shared.app.http_mode == HttpMode::Envelope || found.trigger.output.is_none() {
            let facts = (shown, shared.azure.clock().now(), shared.count.guid());
            let body = (!is_chunked).then_some(&*body);
            let facts = (facts.0, facts.1, facts.2.as_str());
            let envelope = http_envelope::envelope(found.function, &parts, body, &found.values, facts);
            return match invocation::invoke(shared, found.instance, found.function, &envelope).await {
                Ok(answer) => reply(&answer, found.trigger.output.as_deref()),
                Err(failure) => bare(failure.status()),
            };
        }
        if is_chunked && shared.app.http_mode == HttpMode::Forwarding {
            // 'Transfer-Encoding: chunked' header can not be used when content object is not specified.
            return bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let mut request = Request::from_parts(parts, Body::from(body.clone()));
        *request.uri_mut() =
            request.uri().path_and_query().map_or_else(Default::default, |target| target.clone().into());
        self.dress(&mut request, body.len());
        match invocation::call(shared, found.instance, found.function, request, false).await {
            Ok(reply) => reply.map(Body::from),
            Err(failure) => {
                shared.count.function(&found.function.name, |counts| counts.failures += 1);
                bare(failure.status())
            }
        }
    }

    /// What the host changes in the headers of a request that it passes on.
    fn dress(&self, request: &mut Request<Body>, length: usize) {
        let forwarding = self.shared.app.http_mode == HttpMode::Forwarding;
        let headers = request.headers_mut();
        headers.remove(TRANSFER_ENCODING);
        headers.remove(CONNECTION);
        if length > 0 {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        invocation::mark(&self.shared, headers);
        if forwarding {
            let agent =
                header(headers, "user-agent").map_or_else(|| PRODUCT.to_owned(), |own| format!("{own} {PRODUCT}"));
            if let Ok(agent) = HeaderValue::try_from(agent) {
                headers.insert(USER_AGENT, agent);
            }
        }
    }

    /// Whether a function is for this request.
    pub(super) fn serves(&self, request: &Parts) -> bool {
        self.find(request).is_some()
    }

    fn find(&self, request: &Parts) -> Option<Found<'_>> {
        let path = crate::service_bus::decoded(request.uri.path());
        let all = self
            .instances
            .iter()
            .flat_map(|instance| instance.functions.iter().map(move |function| (instance, function)));
        let fitting = all.filter_map(|(instance, function)| {
            let Trigger::Http(trigger) = &function.trigger else { return None };
            let allowed =
                trigger.methods.is_empty() || trigger.methods.iter().any(|method| method == request.method.as_str());
            let values = trigger.route.matches(&path).filter(|_| allowed)?;
            Some(Found { instance, function, trigger, values })
        });
        fitting.min_by_key(|found| found.trigger.route.rank())
    }
}
