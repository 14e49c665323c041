//! Which host a request asks, and how its caller reached it. Pure.
use crate::Ask;
use jiff::Timestamp;

/// The host name that a request asks, without its port.
#[must_use]
pub fn host_of(ask: &Ask) -> &str {
    let host = ask.uri().host().or_else(|| ask.headers().get("host")?.to_str().ok()).unwrap_or("");
    host.split(':').next().unwrap_or("")
}

/// How a caller reached a service that it does not know by its canonical name: scheme, host, port and the path that
/// stands for the host name, without a slash at its end. A door adds it to a request's extensions.
#[derive(Clone, Debug)]
pub struct Origin(pub String);

/// The moment that a caller's own clock shows, where the world's runs faster. A door adds it to a request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct CallersTime(pub Timestamp);

/// The base of the URLs that an answer carries, so that the caller reaches the same service again.
#[must_use]
pub fn origin_of(ask: &Ask) -> String {
    if let Some(Origin(origin)) = ask.extensions().get() {
        return origin.clone();
    }
    match ask.uri().authority() {
        Some(authority) => format!("{}://{authority}", ask.uri().scheme_str().unwrap_or("https")),
        None => format!("https://{}", ask.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("")),
    }
}
