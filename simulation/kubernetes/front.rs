//! Pure: the pages of an API server that lead to no object: how it is, what it is called, what it serves.
mod health;
mod identity;

pub(super) use identity::ISSUER;

use super::{discovery, kinds::Kind, openapi};
use crate::{Reply, answer::json};
use serde_json::json as value;

/// What the pages are made of.
pub(super) struct Front<'a> {
    pub host: &'a str,
    pub kinds: &'a [Kind],
    /// The version of Kubernetes.
    pub version: &'a str,
    /// How many objects there are of each kind.
    pub counts: &'a dyn Fn() -> Vec<(String, usize)>,
}

impl Front<'_> {
    /// The page at a path; `None`: it leads to none.
    pub fn page(&self, path: &str, query: &str, accept: &str) -> Option<Reply> {
        let aggregated = accept.split(',').next().is_some_and(|first| first.contains("as=APIGroupDiscoveryList"));
        Some(match path {
            "/" => json(200, &value!({"paths": self.paths()})),
            "/version" => json(200, &discovery::version(self.version)),
            "/api" | "/apis" if aggregated => discovery::aggregated(self.kinds, path == "/api"),
            "/api" => json(200, &discovery::core_versions(self.host)),
            "/apis" => json(200, &discovery::groups(self.kinds)),
            "/openapi/v2" if accept.contains("protobuf") => return None,
            "/openapi/v2" => json(200, &openapi::old(self.version)),
            // An aggregator names no kind of content, and Go takes it for text.
            "/openapi/v3" => text(200, &openapi::index(self.kinds).to_string()),
            "/metrics" => text(200, &self.metrics()),
            "/.well-known/openid-configuration" => json(200, &identity::configuration(self.host)),
            "/openid/v1/jwks" => json(200, &identity::keys(self.host)),
            _ => return self.below(path, query),
        })
    }

    fn below(&self, path: &str, query: &str) -> Option<Reply> {
        if let Some(document) = path.strip_prefix("/openapi/v3/") {
            return openapi::document(self.kinds, document, self.version).map(|found| json(200, &found));
        }
        if let Some(answer) = health::answer(path, query) {
            return Some(text(200, &answer));
        }
        if let Some(group) = path.strip_prefix("/apis/").filter(|group| !group.contains('/')) {
            return discovery::one_group(self.kinds, group).map(|found| json(200, &found));
        }
        let version =
            path.strip_prefix("/apis/").or_else(|| path.strip_prefix('/').filter(|path| *path == "api/v1"))?;
        let (group, version) = version.split_once('/').filter(|(_, version)| !version.contains('/'))?;
        let group = if group == "api" { "" } else { group };
        discovery::resources(self.kinds, group, version).map(|found| json(200, &found))
    }

    fn paths(&self) -> Vec<String> {
        let index = openapi::index(self.kinds);
        let served = index["paths"].as_object().into_iter().flatten().map(|(path, _)| format!("/{path}"));
        let others = ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz"];
        let mut paths: Vec<String> = served.chain(others.map(Into::into)).collect();
        paths.sort();
        paths
    }

    /// What Prometheus reads: as much of it as this server knows.
    fn metrics(&self) -> String {
        let head = "# HELP apiserver_storage_objects [STABLE] Number of stored objects at the time of last check split by kind.\n\
                    # TYPE apiserver_storage_objects gauge\n";
        let lines = (self.counts)();
        let lines =
            lines.iter().map(|(kind, count)| format!("apiserver_storage_objects{{resource=\"{kind}\"}} {count}\n"));
        lines.fold(head.to_owned(), |text, line| text + &line)
    }
}

/// Whether a path is said to be unknown by a `Status`, as below `/api` and a group that is served, or by a plain text.
pub(super) fn speaks_json(kinds: &[Kind], path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("api"), _) => true,
        (Some("apis"), Some(group)) => discovery::is_served(kinds, group),
        _ => false,
    }
}

/// What is not there, as Go's own server says it.
pub(super) fn nothing() -> Reply {
    text(404, "404 page not found\n")
}

/// An answer that is a text.
pub(super) fn text(status: u16, text: &str) -> Reply {
    let mut reply = Reply::new(text.to_owned().into());
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    reply.headers_mut().insert("content-type", http::HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_group_is_no_status() {
        let kinds = crate::kubernetes::kinds::built_in();
        for (path, json) in [("/apis/apps/v9", true), ("/api/v2", true), ("/apis/none/v1", false), ("/API/v1", false)] {
            assert_eq!(speaks_json(&kinds, path), json, "{path}");
        }
    }
}
