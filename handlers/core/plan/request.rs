//! A request for an upgrade, and why one was refused.
use crate::plan::Kind;
use crate::text::{LONGEST_NAME, LONGEST_REASON, cut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

impl Request {
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

/// A refused or waiting request, for `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// The request.
    pub request: Request,
    /// Why it was not started.
    pub why: String,
}

/// An id as it may be part of a blob's name: anything else is replaced by `-`.
#[must_use]
pub fn file_name(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = id.chars().take(100).map(safe).collect();
    if name.trim_matches('.').is_empty() { "unnamed".into() } else { name }
}
