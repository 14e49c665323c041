//! ClusterRoles that are put together of others: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles>.
use super::{
    apply::{self, Writer},
    objects::Objects,
    reading::Strictness,
    selectors::selects,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const MANAGER: &str = "clusterrole-aggregation-controller";

/// Gives each of them the rules of those that it chooses, in the order of their names.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    let is_put_together = |role: &Value| role["aggregationRule"].is_object();
    if !objects.store.all(ROLES).any(|(_, role)| is_put_together(role)) {
        return;
    }
    let Some(kind) = objects.kind_of(ROLES).cloned() else { return };
    let roles = objects.store.copy(ROLES);
    for (name, role) in roles.iter().filter(|(_, role)| is_put_together(role)) {
        let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array().map_or(&[][..], Vec::as_slice);
        let mut rules: Vec<&Value> = vec![];
        for (_, other) in roles.iter().filter(|(other, _)| other != name) {
            let labels = &other["metadata"]["labels"];
            if selectors.iter().any(|selector| selects(selector, labels)) {
                for rule in other["rules"].as_array().into_iter().flatten() {
                    if !rules.contains(&rule) {
                        rules.push(rule);
                    }
                }
            }
        }
        if role["rules"].as_array().into_iter().flatten().eq(rules.iter().copied()) {
            continue;
        }
        let metadata = json!({"name": name.1});
        let wanted =
            json!({"apiVersion": kind.api_version(), "kind": "ClusterRole", "metadata": metadata, "rules": rules});
        let writer = Writer { manager: MANAGER, subresource: "", now, strictness: Strictness::Ignore };
        if let Ok(applied) = apply::apply(&kind, role, &wanted, &writer, true) {
            objects.store.put(ROLES, name, applied);
        }
    }
}
