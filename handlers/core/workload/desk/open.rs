//! A binding that gives rights to whoever comes: no look at a cluster tells it from one that is meant.
use crate::resources::answers::{list, text};
use serde_json::Value;

/// Everybody who reaches the API server, with an account or without one.
const EVERYBODY: [&str; 3] = ["system:anonymous", "system:unauthenticated", "system:authenticated"];
/// What Kubernetes itself gives to everybody.
const HARMLESS: [&str; 3] = ["system:public-info-viewer", "system:discovery", "system:basic-user"];

/// To whom a binding opens the cluster, in words; `None`: to nobody in particular.
pub(super) fn to_all(object: &Value) -> Option<String> {
    if !matches!(text(object, "/kind"), "ClusterRoleBinding" | "RoleBinding") {
        return None;
    }
    let role = text(object, "/roleRef/name");
    let subjects = list(object, "/subjects").iter().map(|subject| (text(subject, "/kind"), text(subject, "/name")));
    let everybody = |&(kind, name): &(&str, &str)| kind != "ServiceAccount" && EVERYBODY.contains(&name);
    let every_pod =
        |&(kind, name): &(&str, &str)| kind == "Group" && name == "system:serviceaccounts" && role == "cluster-admin";
    let (_, who) = subjects.into_iter().find(|subject| everybody(subject) || every_pod(subject))?;
    (!HARMLESS.contains(&role)).then(|| {
        format!("{who} gets {role}, which is whoever reaches the API server or runs in the cluster: name whom you mean")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn binding(role: &str, kind: &str, name: &str) -> Value {
        json!({"kind": "ClusterRoleBinding", "roleRef": {"name": role}, "subjects": [{"kind": kind, "name": name}]})
    }

    #[test]
    fn a_binding_for_everybody_is_said() {
        for (role, kind, name) in [
            ("cluster-admin", "User", "system:anonymous"),
            ("view", "Group", "system:unauthenticated"),
            ("edit", "Group", "system:authenticated"),
            ("cluster-admin", "Group", "system:serviceaccounts"),
        ] {
            let said = to_all(&binding(role, kind, name)).expect(name);
            assert!(said.contains(name) && said.contains(role), "{said}");
        }
    }

    #[test]
    fn what_is_usual_is_not() {
        for (role, kind, name) in [
            ("system:discovery", "Group", "system:authenticated"),
            ("view", "Group", "system:serviceaccounts"),
            ("cluster-admin", "ServiceAccount", "flux"),
            ("cluster-admin", "Group", "platform-team"),
        ] {
            assert_eq!(to_all(&binding(role, kind, name)), None, "{role} {name}");
        }
    }
}
