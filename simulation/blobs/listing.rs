//! List Blobs: prefix, marker, page size; XML. Pure.
use super::{Blob, Blobs, answers::Refusal, target::Target};
use crate::{Reply, clock::http_date};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fmt::Write;

const LARGEST_PAGE: usize = 5000;

impl Blobs {
    pub(super) fn list(&self, target: &Target) -> Result<Reply, Refusal> {
        let container = self.container(target)?;
        if target.query("delimiter").is_some() {
            return Err(Refusal::not_simulated());
        }
        let prefix = target.query("prefix").unwrap_or("");
        let marker = target.query("marker").unwrap_or("");
        let begin = if marker.is_empty() { String::new() } else { name_in(marker).ok_or_else(Refusal::bad_query)? };
        let asked = match target.query("maxresults") {
            Some(text) => Some(text.parse::<usize>().map_err(|_| Refusal::bad_query())?),
            None => None,
        };
        if asked == Some(0) {
            let message = "One of the query parameters specified in the request URI is outside the permissible range.";
            return Err(Refusal::new(400, "OutOfRangeQueryParameterValue", message));
        }
        let include = target.query("include").unwrap_or("");
        let with_metadata = include.split(',').any(|part| part == "metadata");
        let size = asked.unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
        let mut found = container.blobs.range(begin..).filter(|(name, _)| name.starts_with(prefix));
        let mut blobs = String::new();
        for (name, blob) in found.by_ref().take(size) {
            describe(&mut blobs, name, blob, with_metadata);
        }
        let next = found.next().map_or(String::new(), |(name, _)| marker_of(name));
        let limit = asked.map_or(String::new(), |size| format!("<MaxResults>{size}</MaxResults>"));
        let body = format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"{}/\" ContainerName=\"{}\">{}{}{limit}<Blobs>{blobs}</Blobs>{}</EnumerationResults>",
            escape(&target.base),
            escape(&target.container),
            if prefix.is_empty() { String::new() } else { element("Prefix", prefix) },
            if marker.is_empty() { String::new() } else { element("Marker", marker) },
            element("NextMarker", &next),
        );
        let reply = http::Response::builder().status(200).header("content-type", "application/xml");
        Ok(reply.body(Body::from(body)).expect("constants make an answer"))
    }
}

fn describe(xml: &mut String, name: &str, blob: &Blob, with_metadata: bool) {
    let kept = |name: &str| blob.headers.get(name).map_or("", String::as_str);
    xml.push_str("<Blob>");
    xml.push_str(&name_element(name));
    xml.push_str("<Properties>");
    for (element_name, text) in [
        ("Creation-Time", http_date(blob.created).as_str()),
        ("Last-Modified", http_date(blob.modified).as_str()),
        // Here, unlike in headers, without quotes.
        ("Etag", blob.etag.trim_matches('"')),
        ("Content-Length", blob.content.len().to_string().as_str()),
        ("Content-Type", kept("content-type")),
        ("Content-Encoding", kept("content-encoding")),
        ("Content-Language", kept("content-language")),
        ("Cache-Control", kept("cache-control")),
        ("Content-Disposition", kept("content-disposition")),
        ("BlobType", "BlockBlob"),
        ("AccessTier", "Hot"),
        ("AccessTierInferred", "true"),
        ("LeaseStatus", "unlocked"),
        ("LeaseState", "available"),
        ("ServerEncrypted", "true"),
    ] {
        xml.push_str(&element(element_name, text));
    }
    xml.push_str("</Properties>");
    if with_metadata {
        xml.push_str("<Metadata>");
        for (name, value) in &blob.metadata {
            xml.push_str(&element(name, value));
        }
        xml.push_str("</Metadata>");
    }
    xml.push_str("<OrMetadata /></Blob>");
}

/// A name with characters that XML cannot hold is percent-encoded and says so.
fn name_element(name: &str) -> String {
    let impossible =
        |letter: char| (letter.is_control() && !"\t\n\r".contains(letter)) || "\u{fffe}\u{ffff}".contains(letter);
    if !name.contains(impossible) {
        return element("Name", name);
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("<Name Encoded=\"true\">{encoded}</Name>")
}

fn element(name: &str, text: &str) -> String {
    if text.is_empty() { format!("<{name} />") } else { format!("<{name}>{}</{name}>", escape(text)) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\r', "&#xD;")
}

/// Opaque to callers, in the service's own form: the name at which the next page begins.
fn marker_of(name: &str) -> String {
    let text = BASE64_STANDARD.encode(name);
    format!("2!{}!{}", text.len(), text.replace('=', "-"))
}

fn name_in(marker: &str) -> Option<String> {
    let text = marker.strip_prefix("2!")?.split_once('!')?.1.replace('-', "=");
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}
