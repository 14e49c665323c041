//! Answers of blob storage: common headers, error bodies, who may ask at all. Pure.
use crate::{Ask, Reply, clock::http_date, entra::claims, ids::TENANT};
use axum::body::Body;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;

const NEWEST_VERSION: &str = "2026-02-06";

/// A request that was not carried out: status, error code, message, and headers that go with it.
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: &'static str,
    detail: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, detail: None, headers: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn container_not_found() -> Self {
        Self::new(404, "ContainerNotFound", "The specified container does not exist.")
    }

    pub fn blob_not_found() -> Self {
        Self::new(404, "BlobNotFound", "The specified blob does not exist.")
    }

    pub fn condition_not_met() -> Self {
        let message = "The condition specified using HTTP conditional header(s) is not met.";
        Self::new(412, "ConditionNotMet", message)
    }

    pub fn bad_uri() -> Self {
        Self::new(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
    }

    pub fn bad_query() -> Self {
        let message = "Value for one of the query parameters specified in the request URI is invalid.";
        Self::new(400, "InvalidQueryParameterValue", message)
    }

    pub fn bad_header() -> Self {
        Self::new(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
    }

    pub fn not_simulated() -> Self {
        Self::new(501, "NotImplemented", "The simulated blob storage does not know this operation.")
    }

    /// An XML body, but none for HEAD and 304: there only `x-ms-error-code` tells.
    pub fn into_reply(self, ask: &Ask, answer: u64, now: Timestamp) -> Reply {
        let mut reply = http::Response::builder().status(self.status).header("x-ms-error-code", self.code);
        for (name, value) in self.headers {
            reply = reply.header(name, value);
        }
        let body = if ask.method() == Method::HEAD || self.status == 304 {
            Body::empty()
        } else {
            reply = reply.header(header::CONTENT_TYPE, "application/xml");
            let detail = self.detail.map_or(String::new(), |detail| {
                format!("<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>")
            });
            Body::from(format!(
                "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code><Message>{}\nRequestId:{}\nTime:{now}</Message>{detail}</Error>",
                self.code,
                self.message,
                request_id(answer),
            ))
        };
        reply.body(body).expect("codes and headers are our own constants or were headers before")
    }
}

/// Whether the caller shows a bearer token that is meant for storage.
///
/// An opaque token is let through, and an expired one too: the SDK's credentials keep a token by the system clock,
/// which does not follow a simulated day.
pub fn authorise(ask: &Ask) -> Result<(), Refusal> {
    let message =
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.";
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}/oauth2/authorize resource_id=https://storage.azure.com"
    );
    let token = ask.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = token.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(Refusal::new(401, "NoAuthenticationInformation", message).with("www-authenticate", challenge));
    };
    if ask.headers().get("x-ms-version").is_none() {
        // Versions before 2017-11-09 know no bearer tokens, and no header means the oldest version.
        let message = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
        let mut refusal = Refusal::new(403, "AuthenticationFailed", message);
        refusal.detail = Some("Authentication scheme Bearer is not supported in this version.");
        return Err(refusal);
    }
    match claims(token) {
        Some(claims) if !is_storage(&claims.audience) => {
            let mut refusal = Refusal::new(401, "InvalidAuthenticationInfo", message);
            refusal.detail = Some("Audience validation failed. Audience did not match.");
            Err(refusal.with("www-authenticate", challenge))
        }
        _ => Ok(()),
    }
}

/// The audience for all accounts (the same in every cloud), or that of one account.
fn is_storage(audience: &str) -> bool {
    let audience = audience.trim_end_matches('/');
    audience == "https://storage.azure.com" || audience.contains(".blob.core.")
}

/// The headers that every answer carries.
pub fn stamp(mut reply: Reply, ask: &Ask, answer: u64, now: Timestamp) -> Reply {
    let version = ask.headers().get("x-ms-version").cloned();
    let headers = reply.headers_mut();
    headers.insert(header::DATE, text(&http_date(now)));
    headers.insert(header::SERVER, HeaderValue::from_static("Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"));
    headers.insert("x-ms-request-id", text(&request_id(answer)));
    headers.insert("x-ms-version", version.unwrap_or(HeaderValue::from_static(NEWEST_VERSION)));
    if let Some(id) = ask.headers().get("x-ms-client-request-id") {
        headers.insert("x-ms-client-request-id", id.clone());
    }
    reply
}

/// An answer without a body about something that has an ETag.
pub fn plain(status: u16, etag: &str, modified: Timestamp) -> Reply {
    let reply = http::Response::builder().status(status).header(header::ETAG, etag);
    let reply = reply.header(header::LAST_MODIFIED, http_date(modified)).header(header::CONTENT_LENGTH, 0);
    reply.body(Body::empty()).expect("an ETag of ours and a date always make an answer")
}

fn request_id(answer: u64) -> String {
    format!("{:08x}-001e-0053-0000-{answer:012x}", answer & 0xffff_ffff)
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("dates and ids are plain ASCII")
}
