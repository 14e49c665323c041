//! A request for an upgrade, and why one was refused.
use crate::plan::Kind;
use crate::resources::answers::shortened;
use crate::text::{LONGEST_NAME, LONGEST_REASON, cut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request, as a person, a timer or an event makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The request's id; otherwise the message's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The site.
    pub site: String,
    /// `1.34.6`, `latest-patch` or `latest-stable`. Not needed for `replace` and `return`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What kind of replacement.
    #[serde(default)]
    pub kind: Kind,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asks: a person's name, or `function:<Name>` for one that started by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
}

/// A request's id has so many bytes at most: it is compared as a whole, so it is never cut.
pub const LONGEST_ID: usize = 200;

/// Requests that nobody made by hand carry this before the function's name.
pub const BY_ITSELF: &str = "function:";

/// The members of a request.
const MEMBERS: [&str; 6] = ["id", "site", "version", "kind", "reason", "requestedBy"];

impl Request {
    /// A request as people write it: whatever can be meant in one way only is understood (another case, `requested_by`, a
    /// list of one, `v1.34.6`), anything else is told with what was expected.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(body: Value) -> Result<Self, String> {
        let body = match body {
            Value::Object(members) => members,
            Value::Array(mut all) if all.len() == 1 && all[0].is_object() => match all.remove(0) {
                Value::Object(members) => members,
                _ => Map::new(),
            },
            Value::Array(all) if all.len() != 1 => {
                return Err(format!("expected one request, found a list of {}: send a message for each", all.len()));
            }
            _ => return Err("expected a JSON object with site and version".into()),
        };
        let (mut members, mut mistakes) = (Map::new(), vec![]);
        for (name, value) in body {
            match member(&name, value) {
                Ok((name, value)) if !members.contains_key(name) => _ = members.insert(name.into(), value),
                Ok((name, _)) => mistakes.push(format!("{name} stands there twice")),
                Err(why) => mistakes.push(why),
            }
        }
        // An id that nobody filled in is none: every such request would seem to be the first of them.
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        members.retain(|name, value| !(value.is_null() || name == "id" && is_blank(value)));
        if !members.contains_key("site") && mistakes.is_empty() {
            mistakes.push("expected a site's name: site is missing".into());
        }
        if mistakes.is_empty() {
            let kinds = "kind must be upgrade, replace or return";
            return serde_json::from_value(members.into()).map_err(|error| format!("{kinds}: {error}"));
        }
        Err(mistakes.join("; "))
    }

    /// Whether a person asked.
    #[must_use]
    pub fn by_person(&self) -> bool {
        !self.requested_by.as_ref().is_some_and(|who| who.starts_with(BY_ITSELF))
    }

    /// The same request with its texts cut: they come from outside, and are kept and shown.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.reason = self.reason.map(|reason| cut(&reason, LONGEST_REASON));
        self.requested_by = self.requested_by.map(|who| cut(&who, LONGEST_NAME));
        self.version = self.version.map(|version| cut(&version, LONGEST_NAME));
        self
    }
}

/// A member by the name that it has with us, its text made plain.
fn member(name: &str, value: Value) -> Result<(&'static str, Value), String> {
    let bare = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let Some(known) = MEMBERS.into_iter().find(|known| bare(known) == bare(name)) else {
        return Err(format!("{:?} is no member of a request: expected {}", shortened(name), MEMBERS.join(", ")));
    };
    let text = match value {
        Value::String(text) => text,
        Value::Null => return Ok((known, Value::Null)),
        Value::Number(number) if known == "version" => {
            return Err(format!("version is the number {number}: put it into quotes, in full, as \"1.34.6\""));
        }
        other => return Err(format!("expected a text for {known}, found {}", shortened(&other.to_string()))),
    };
    let text = match known {
        "site" | "kind" => plain_name(&text),
        "version" => plain_version(&text),
        _ => text,
    };
    Ok((known, text.into()))
}

/// A site's name, or a kind, as it is with us: people write them in any case.
#[must_use]
pub fn plain_name(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A version as it is with us: people write `v1.34.6`, too.
#[must_use]
pub fn plain_version(text: &str) -> String {
    plain_name(text).trim_start_matches('v').to_owned()
}

/// A refused or waiting request, for `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// The request; of one that could not be read, its id alone.
    pub request: Request,
    /// Why it was not started.
    pub why: String,
    /// Where it came from, when it came as a message: `upgrade-requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The beginning of what came, when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<String>,
}

/// An id as it may be part of a blob's name: anything else is replaced by `-`.
#[must_use]
pub fn file_name(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = id.chars().take(100).map(safe).collect();
    if name.trim_matches('.').is_empty() { "unnamed".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_that_nobody_filled_in_is_none() {
        for id in [json!(""), json!(" \t"), json!(null)] {
            let request = Request::read(json!({"site": "shop", "version": "1.34.6", "id": id})).unwrap();
            assert_eq!(request.id, None);
        }
        let request = Request::read(json!({"site": "shop", "Id": "build-7"})).unwrap();
        assert_eq!(request.id.as_deref(), Some("build-7"));
    }
}
