//! What AKS made for the old cluster dies with it, so that the new one must not refer to it: everything in its
//! group for nodes (its kubelet identity, its addresses), and the cluster itself.
use crate::resources::answers::lies_in;
use serde_json::Value;

/// Removes references to the old cluster and to what lies in its group for nodes, and identities that lie there.
pub(super) fn remove(body: &mut Value, cluster: &str, node_group: &str) {
    let mut scopes = vec![cluster.to_owned()];
    let subscription: Vec<_> = cluster.splitn(4, '/').take(3).collect();
    if let (false, [_, _, subscription]) = (node_group.is_empty(), &subscription[..]) {
        scopes.push(format!("/subscriptions/{subscription}/resourceGroups/{node_group}"));
    }
    if let Some(properties) = body.get_mut("properties") {
        prune(properties, &scopes);
    }
}

fn prune(value: &mut Value, scopes: &[String]) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !is_owned(member, scopes));
            members.values_mut().for_each(|member| prune(member, scopes));
        }
        Value::Array(items) => {
            items.retain(|item| !is_owned(item, scopes));
            items.iter_mut().for_each(|item| prune(item, scopes));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An id in one of the scopes, or an object that is about such an id: the rest of it means nothing without.
fn is_owned(value: &Value, scopes: &[String]) -> bool {
    let inside = |id: &Value| id.as_str().is_some_and(|id| scopes.iter().any(|scope| lies_in(id, scope)));
    inside(value) || ["id", "resourceId"].iter().any(|name| value.get(*name).is_some_and(inside))
}
