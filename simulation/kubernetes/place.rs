//! Pure: what a call's path and query name.
use super::refusal::Refusal;
use std::collections::BTreeMap;

/// A place below `/api/v1` or `/apis/{group}/{version}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub group: String,
    pub version: String,
    /// Empty: of the cluster, or of all namespaces.
    pub namespace: String,
    /// Empty: the group's list of kinds.
    pub plural: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
    /// Whether it is a place below `/watch/`, as older clients write it.
    pub watches: bool,
}

impl Place {
    /// Reads a path such as `/apis/apps/v1/namespaces/shop/deployments/web/scale`.
    pub fn read(path: &str) -> Result<Self, Refusal> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let decoded: Vec<String> = path.split('/').map(decode).collect();
        if decoded.iter().any(String::is_empty) {
            return Err(Refusal::no_such_resource());
        }
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Refusal::no_such_resource()),
        };
        let watches = rest.len() > 1 && rest[0] == "watch";
        let rest = if watches { &rest[1..] } else { rest };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, kind, ..] if !matches!(*kind, "status" | "finalize") => (*namespace, &rest[2..]),
            _ => ("", rest),
        };
        if rest.len() > 3 {
            return Err(Refusal::no_such_resource());
        }
        Ok(Self {
            group: group.into(),
            version: version.into(),
            namespace: namespace.into(),
            plural: rest.first().copied().unwrap_or_default().into(),
            name: rest.get(1).map(|name| (*name).into()),
            subresource: rest.get(2).map(|name| (*name).into()),
            watches,
        })
    }
}

/// The parameters after the question mark; the last of a name counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub fn read(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, text)| (decode(name), decode(text)))
                .collect(),
        )
    }

    /// The parameter's text; empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// As Kubernetes reads it: whatever is there and is neither `false` nor `0`.
    pub fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|text| !matches!(text.as_str(), "false" | "0"))
    }

    pub fn dry_run(&self) -> bool {
        self.text("dryRun") == "All"
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
