//! Which account, container and blob a request is about, and its query. Pure.
use super::answers::Refusal;
use crate::{
    Ask,
    hosts::{host_of, origin_of},
};
use axum::extract::Query;
use std::collections::BTreeMap;

/// What a request is about. A request for the container itself has an empty `blob`.
pub struct Target {
    pub account: String,
    pub container: String,
    pub blob: String,
    /// The account's base URL, as the caller reached it.
    pub base: String,
    query: BTreeMap<String, String>,
}

impl Target {
    pub fn of(ask: &Ask) -> Result<Self, Refusal> {
        let host = host_of(ask).to_lowercase();
        let Query(query) = Query::try_from_uri(ask.uri()).map_err(|_| Refusal::bad_query())?;
        let path = decode(ask.uri().path().trim_start_matches('/')).ok_or_else(Refusal::bad_uri)?;
        let (container, blob) = match path.split_once('/') {
            Some((container, blob)) => (container.to_owned(), blob.to_owned()),
            None => (path, String::new()),
        };
        let mut target = Self {
            account: host.split('.').next().unwrap_or("").to_owned(),
            container,
            blob,
            base: origin_of(ask),
            query,
        };
        if target.blob.is_empty() && target.query("restype").is_none() && !target.container.is_empty() {
            // A path of one part without `restype` means a blob of the root container.
            target.blob = std::mem::replace(&mut target.container, "$root".to_owned());
        }
        if target.blob.chars().count() > 1024 {
            return Err(Refusal::new(400, "OutOfRangeInput", "One of the request inputs is out of range."));
        }
        Ok(target)
    }

    /// A query parameter; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn place(&self) -> (String, String) {
        (self.account.clone(), self.container.clone())
    }
}

/// 3 to 63 lower-case letters, digits and single dashes.
pub fn check_container_name(name: &str) -> Result<(), Refusal> {
    if !(3..=63).contains(&name.len()) {
        return Err(Refusal::new(400, "OutOfRangeInput", "One of the request inputs is out of range."));
    }
    let good = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !good || name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        // The misspelling is the service's own.
        let message = "The specifed resource name contains invalid characters.";
        return Err(Refusal::new(400, "InvalidResourceName", message));
    }
    Ok(())
}

fn decode(path: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (char::from(bytes.next()?).to_digit(16)?, char::from(bytes.next()?).to_digit(16)?);
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
