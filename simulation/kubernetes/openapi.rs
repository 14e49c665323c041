//! Pure: as much OpenAPI v3 as kubectl wants before it sends an object: that this server checks fields itself.
use super::kinds::Kind;
use serde_json::{Map, Value, json};

/// What has a document beside the groups.
const OTHERS: &[&str] = &[".well-known/openid-configuration", "api", "api/v1", "apis", "openid/v1/jwks", "version"];

/// `/openapi/v3`: where each group's document is.
pub(super) fn index(kinds: &[Kind]) -> Value {
    let groups = super::discovery::served(kinds);
    let groups =
        groups.into_iter().flat_map(|(group, version)| [format!("apis/{group}"), format!("apis/{group}/{version}")]);
    let mut paths = Map::new();
    for path in OTHERS.iter().map(|path| (*path).to_owned()).chain(groups) {
        let url = format!("/openapi/v3/{path}?hash=0");
        paths.entry(path).or_insert_with(|| json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// `/openapi/v2`, which nobody here has to read: the newer documents say all.
pub(super) fn old(version: &str) -> Value {
    let info = json!({"title": "Kubernetes", "version": format!("v{version}")});
    json!({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})
}

/// `/openapi/v3/{path}`: the document of one group and version; `None` when nothing of it is served.
///
/// No strategic merge patch is promised, so kubectl merges by the structure that it knows itself.
pub(super) fn document(kinds: &[Kind], path: &str, version: &str) -> Option<Value> {
    let served: Vec<&Kind> = kinds.iter().filter(|kind| base(kind) == path).collect();
    if served.is_empty() && index(kinds)["paths"].get(path).is_none() {
        return None;
    }
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for kind in served {
        let named = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
        let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let parameters: Vec<_> = ["dryRun", "fieldManager", "fieldValidation"].map(parameter).into();
        let operation = |action: &str| json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": named, "parameters": parameters});
        paths.insert(format!("/{path}{scope}/{}", kind.plural), json!({"post": operation("post")}));
        paths.insert(
            format!("/{path}{scope}/{}/{{name}}", kind.plural),
            json!({"patch": operation("patch"), "put": operation("put")}),
        );
        let schema = json!({
            "type": "object", "x-kubernetes-group-version-kind": [named], "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}},
        });
        schemas.insert(format!("{}.{}", kind.resource(), kind.kind), schema);
    }
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": format!("v{version}")},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

fn base(kind: &Kind) -> String {
    if kind.group.is_empty() {
        format!("api/{}", kind.version)
    } else {
        format!("apis/{}/{}", kind.group, kind.version)
    }
}
