//! Block blobs as a whole: Put Blob, Get Blob, Get Blob Properties, Delete Blob. Pure.
use super::{Blob, Blobs, answers, answers::Refusal, conditions, target::Target};
use crate::{Ask, Reply, clock::http_date};
use axum::body::Body;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// The content headers that a blob keeps: how they are named in a PUT, and in the answer to a GET.
const KEPT: [(&str, &str); 5] = [
    ("x-ms-blob-content-type", "content-type"),
    ("x-ms-blob-content-encoding", "content-encoding"),
    ("x-ms-blob-content-language", "content-language"),
    ("x-ms-blob-content-disposition", "content-disposition"),
    ("x-ms-blob-cache-control", "cache-control"),
];

impl Blobs {
    pub(super) fn put_blob(&mut self, ask: &Ask, target: &Target, now: Timestamp) -> Result<Reply, Refusal> {
        let present = self.container(target)?.blobs.get(&target.blob);
        match ask.headers().get("x-ms-blob-type").map(header::HeaderValue::as_bytes) {
            Some(b"BlockBlob") => {}
            Some(b"PageBlob" | b"AppendBlob") => return Err(Refusal::not_simulated()),
            Some(_) => return Err(Refusal::bad_header()),
            None => {
                let message = "An HTTP header that's mandatory for this request is not specified.";
                return Err(Refusal::new(400, "MissingRequiredHeader", message));
            }
        }
        conditions::check_write(ask, present)?;
        let mut blob = Blob::new(ask.body().clone(), String::new(), now);
        blob.describe(ask.headers(), &["content-type", "content-encoding", "content-language", "cache-control"])?;
        self.write(target, blob)
    }

    /// Stores a blob that is allowed and complete, under a new ETag.
    pub(super) fn write(&mut self, target: &Target, mut blob: Blob) -> Result<Reply, Refusal> {
        blob.etag = self.next_etag();
        let mut reply = answers::plain(201, &blob.etag, blob.modified);
        reply.headers_mut().insert("x-ms-request-server-encrypted", header::HeaderValue::from_static("true"));
        let container = self.containers.get_mut(&target.place()).ok_or_else(Refusal::container_not_found)?;
        container.replace(&target.blob, blob);
        Ok(reply)
    }

    pub(super) fn read_blob(&self, ask: &Ask, target: &Target) -> Result<Reply, Refusal> {
        let blob = self.container(target)?.blobs.get(&target.blob).ok_or_else(Refusal::blob_not_found)?;
        conditions::check_read(ask, blob)?;
        let range = if ask.method() == Method::HEAD { None } else { range(ask.headers(), blob.content.len())? };
        let mut reply = http::Response::builder()
            .status(if range.is_some() { 206 } else { 200 })
            .header(header::ETAG, &blob.etag)
            .header(header::LAST_MODIFIED, http_date(blob.modified))
            .header(header::ACCEPT_RANGES, "bytes")
            .header("x-ms-creation-time", http_date(blob.created))
            .header("x-ms-blob-type", "BlockBlob")
            .header("x-ms-lease-status", "unlocked")
            .header("x-ms-lease-state", "available")
            .header("x-ms-server-encrypted", "true");
        for (name, value) in &blob.headers {
            reply = reply.header(name, value);
        }
        for (name, value) in &blob.metadata {
            reply = reply.header(format!("x-ms-meta-{name}"), value);
        }
        let content = match range {
            Some(range) => {
                let place = format!("bytes {}-{}/{}", range.start, range.end - 1, blob.content.len());
                reply = reply.header(header::CONTENT_RANGE, place);
                blob.content.slice(range)
            }
            None => blob.content.clone(),
        };
        reply = reply.header(header::CONTENT_LENGTH, content.len());
        let body = if ask.method() == Method::HEAD { Body::empty() } else { Body::from(content) };
        Ok(reply.body(body).expect("kept headers came from headers, the rest is our own"))
    }

    pub(super) fn delete_blob(&mut self, ask: &Ask, target: &Target) -> Result<Reply, Refusal> {
        let container = self.containers.get_mut(&target.place()).ok_or_else(Refusal::container_not_found)?;
        let present = container.blobs.get(&target.blob).ok_or_else(Refusal::blob_not_found)?;
        conditions::check_write(ask, Some(present))?;
        container.blobs.remove(&target.blob);
        container.staged.remove(&target.blob);
        let reply = http::Response::builder().status(202).header("x-ms-delete-type-permanent", "true");
        Ok(reply.header(header::CONTENT_LENGTH, 0).body(Body::empty()).expect("constants make an answer"))
    }
}

impl Blob {
    /// Takes content headers and metadata from a request. `plain` are the content headers that this operation
    /// also reads under their own names; the `x-ms-blob-` form wins.
    pub(super) fn describe(&mut self, headers: &HeaderMap, plain: &[&str]) -> Result<(), Refusal> {
        for (asked, kept) in KEPT {
            let value = headers.get(asked).or_else(|| headers.get(kept).filter(|_| plain.contains(&kept)));
            if let Some(value) = value {
                let value = value.to_str().map_err(|_| Refusal::bad_header())?;
                self.headers.insert(kept.to_owned(), value.to_owned());
            }
        }
        self.headers.entry("content-type".to_owned()).or_insert_with(|| "application/octet-stream".to_owned());
        self.metadata = metadata(headers)?;
        Ok(())
    }
}

/// The metadata of a request. The service keeps the case of the names; the HTTP library does not.
fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut metadata = BTreeMap::new();
    let mut size = 0;
    for (name, value) in headers {
        if let Some(name) = name.as_str().strip_prefix("x-ms-meta-") {
            let message = "The metadata specified is invalid. It has characters that are not permitted.";
            let value = value.to_str().map_err(|_| Refusal::new(400, "InvalidMetadata", message))?;
            size += name.len() + value.len();
            metadata.insert(name.to_owned(), value.to_owned());
        }
    }
    if size > 8 * 1024 {
        let message = "The metadata specified exceeds the maximum permissible limit (8KB).";
        return Err(Refusal::new(400, "MetadataTooLarge", message));
    }
    Ok(metadata)
}

/// The part of `length` bytes that is asked for. A range in another form is ignored, as the service does.
fn range(headers: &HeaderMap, length: usize) -> Result<Option<Range<usize>>, Refusal> {
    let asked = headers.get("x-ms-range").or_else(|| headers.get(header::RANGE));
    let Some((first, last)) =
        asked.and_then(|value| value.to_str().ok()?.trim().strip_prefix("bytes=")?.split_once('-'))
    else {
        return Ok(None);
    };
    let Ok(first) = first.parse::<usize>() else { return Ok(None) };
    let last = match last {
        "" => usize::MAX,
        last => match last.parse::<usize>() {
            Ok(last) => last,
            Err(_) => return Ok(None),
        },
    };
    if first >= length || last < first {
        let message = "The range specified is invalid for the current size of the resource.";
        return Err(Refusal::new(416, "InvalidRange", message).with("content-range", format!("bytes */{length}")));
    }
    Ok(Some(first..last.saturating_add(1).min(length)))
}
