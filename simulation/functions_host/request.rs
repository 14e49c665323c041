//! What a request to the host says in its query and its headers. Pure.
use http::HeaderMap;

/// The decoded names and values of a query, in their order.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| crate::service_bus::decoded(&part.replace('+', " "));
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// A header's text.
pub(super) fn header<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}
