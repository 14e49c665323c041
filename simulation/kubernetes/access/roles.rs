//! Pure: what Roles, ClusterRoles and their bindings let somebody do.
use super::{Attributes, User, standing, tokens};
use crate::kubernetes::store::Store;
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Whether a rule allows it, and which binding gives it; that is empty for what every server has.
pub(super) fn allows(store: &Store, user: &User, asked: &Attributes) -> Option<String> {
    let given = standing::BOUND.iter().filter(|(group, _)| user.is_in(group));
    if given.into_iter().any(|(_, role)| standing::rules(role).iter().any(|rule| covers(rule, asked))) {
        return Some(String::new());
    }
    bound(store, user, &asked.namespace).find(|(_, _, rules)| rules.iter().any(|rule| covers(rule, asked))).map(
        |(binding, sort, _)| {
            let role = &binding["roleRef"];
            let place = binding["metadata"]["namespace"].as_str();
            let whole = |name: &Value, namespace: Option<&str>| match (name.as_str().unwrap_or_default(), namespace) {
                (name, Some(namespace)) => format!("{:?}", format!("{name}/{namespace}")),
                (name, None) => format!("{name:?}"),
            };
            format!(
                "RBAC: allowed by {sort} {} of {} {} to {} {}",
                whole(&binding["metadata"]["name"], place),
                role["kind"].as_str().unwrap_or_default(),
                whole(&role["name"], None),
                if user.name.starts_with("system:serviceaccount:") { "ServiceAccount" } else { "User" },
                if let Some((space, name)) = tokens::account_of(&user.name) {
                    format!("{:?}", format!("{name}/{space}"))
                } else {
                    format!("{:?}", user.name)
                },
            )
        },
    )
}

/// All rules that somebody has in a namespace.
pub(super) fn rules(store: &Store, user: &User, namespace: &str) -> Vec<Value> {
    let standing = standing::BOUND.iter().filter(|(group, _)| user.is_in(group));
    let standing = standing.flat_map(|(_, role)| standing::rules(role));
    standing.chain(bound(store, user, namespace).flat_map(|(_, _, rules)| rules)).collect()
}

/// The bindings that concern somebody in a namespace, each with its kind and its role's rules.
fn bound<'a>(
    store: &'a Store,
    user: &'a User,
    namespace: &'a str,
) -> impl Iterator<Item = (&'a Value, &'static str, Vec<Value>)> {
    let wide =
        store.all("clusterrolebindings.rbac.authorization.k8s.io").map(|(_, one)| (&**one, "ClusterRoleBinding"));
    let here = store.all("rolebindings.rbac.authorization.k8s.io");
    let here = here.filter(move |((space, _), _)| space == namespace && !namespace.is_empty());
    let all = wide.chain(here.map(|(_, one)| (&**one, "RoleBinding")));
    let mine = all.filter(|(binding, _)| {
        let subjects = binding["subjects"].as_array().into_iter().flatten();
        subjects.into_iter().any(|subject| is_meant(subject, user, &binding["metadata"]["namespace"]))
    });
    mine.map(move |(binding, sort)| (binding, sort, of_role(store, &binding["roleRef"], namespace)))
}

fn is_meant(subject: &Value, user: &User, namespace: &Value) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("User") => user.name == name,
        Some("Group") => user.is_in(name),
        Some("ServiceAccount") => {
            let space = subject["namespace"].as_str().or_else(|| namespace.as_str()).unwrap_or_default();
            tokens::account_of(&user.name) == Some((space, name))
        }
        _ => false,
    }
}

fn of_role(store: &Store, role: &Value, namespace: &str) -> Vec<Value> {
    let name = role["name"].as_str().unwrap_or_default();
    let found = if role["kind"] == "ClusterRole" {
        store.get(&format!("clusterroles.{GROUP}"), "", name)
    } else {
        store.get(&format!("roles.{GROUP}"), namespace, name)
    };
    match found {
        Some(found) => found["rules"].as_array().cloned().unwrap_or_default(),
        None if role["kind"] == "ClusterRole" => standing::rules(name),
        None => vec![],
    }
}

fn covers(rule: &Value, asked: &Attributes) -> bool {
    let texts =
        |member: &str| rule[member].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let has = |member: &str, text: &str| texts(member).iter().any(|own| *own == "*" || *own == text);
    if !has("verbs", &asked.verb) {
        return false;
    }
    if asked.resource.is_empty() {
        return texts("nonResourceURLs").iter().any(|url| match url.strip_suffix('*') {
            Some(prefix) => asked.path.starts_with(prefix),
            None => asked.path == **url,
        });
    }
    let names = texts("resourceNames");
    let (_, part) = asked.parts();
    has("apiGroups", &asked.group)
        && (has("resources", &asked.resource)
            || !part.is_empty() && texts("resources").contains(&&*format!("*/{part}")))
        && (names.is_empty() || names.contains(&asked.name.as_str()))
}
