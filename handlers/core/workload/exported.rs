//! What an object that somebody exported from a cluster (`kubectl get … -o yaml`) says of that cluster alone, and what goes
//! to another one instead.
//!
//! It is left out when a site is published, never when its manifests are applied: what a run applies is what was published.
mod places;

use super::manifests::{Placed, read};
use crate::resources::answers::{list, text};
use crate::resources::object::describe;
use places::{of_any, of_jobs, of_services, of_volumes};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// Something that an object says of the cluster that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Where: `spec.nodeName`.
    pub place: String,
    /// Another cluster refuses it, or removes the object again, so that the upgrade would be turned back.
    pub costs_a_cluster: bool,
}

/// A manifest as it is published: without what its objects say of the cluster that they come from. Where nothing is to be
/// left out, and where it cannot be read, it stays as it is, to the byte.
#[must_use]
pub fn published(manifest: &str) -> Cow<'_, str> {
    let Ok((placed, _)) = read(manifest) else { return Cow::Borrowed(manifest) };
    let (objects, told) = moved(placed);
    if told.is_empty() {
        return Cow::Borrowed(manifest);
    }
    Cow::Owned(objects.iter().fold(String::new(), |mut text, object| {
        let _ = writeln!(text, "---\n{object:#}");
        text
    }))
}

/// These objects without what they say of the cluster that they come from, and what was left out.
pub(super) fn moved(placed: Vec<Placed>) -> (Vec<Value>, Vec<String>) {
    let (mut objects, mut told) = (vec![], vec![]);
    for Placed { mut value, exported, .. } in placed {
        let name = describe(&value);
        if let Some((kind, owner)) = owner(&value) {
            told.push(format!("{name} is left out: {kind} {owner} makes it"));
        } else if let Some(why) = made_by_the_cluster(&value, exported) {
            told.push(format!("{name} is left out: {why}"));
        } else {
            let gone: Vec<_> = clean(&mut value, exported).into_iter().map(|gone| gone.place).collect();
            if !gone.is_empty() {
                told.push(format!("{name}: {} left out, which no other cluster has", gone.join(", ")));
            }
            objects.push(value);
        }
    }
    (objects, told)
}

/// Takes away what an object says of the cluster that it comes from.
pub fn clean(object: &mut Value, exported: bool) -> Vec<Gone> {
    let mut gone = vec![];
    // It names its owner by a uid, and no other cluster has that.
    let owners = object["metadata"].as_object_mut().and_then(|metadata| metadata.shift_remove("ownerReferences"));
    if owners.is_some_and(|owners| owners.as_array().is_some_and(|owners| !owners.is_empty())) {
        gone.push(Gone { place: "metadata.ownerReferences".into(), costs_a_cluster: true });
    }
    of_jobs(object, &mut gone);
    if exported {
        of_volumes(object, &mut gone);
        of_services(object, &mut gone);
        of_any(object, &mut gone);
    }
    gone
}

/// The object that makes this one, and makes it anew in each cluster: its kind and name.
#[must_use]
pub fn owner(object: &Value) -> Option<(&str, &str)> {
    let owners = list(object, "/metadata/ownerReferences").iter();
    let mut controllers = owners.filter(|owner| owner["controller"] == true);
    controllers.next().map(|owner| (text(owner, "/kind"), text(owner, "/name")))
}

/// Why a cluster has this object of its own accord, so that it is left out.
#[must_use]
pub fn made_by_the_cluster(object: &Value, exported: bool) -> Option<&'static str> {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    let is_in_default = matches!(text(object, "/metadata/namespace"), "" | "default");
    let annotations = &object["metadata"]["annotations"];
    match kind {
        "ConfigMap" if name == "kube-root-ca.crt" => Some("each cluster writes its own authority into it"),
        "ServiceAccount" if name == "default" && exported && says_nothing(object) => {
            Some("each namespace has it, and this one says nothing of its own")
        }
        "Service" | "Endpoints" if name == "kubernetes" && is_in_default && exported => {
            Some("it leads to the cluster's own API server")
        }
        "Endpoints" if exported && annotations["endpoints.kubernetes.io/last-change-trigger-time"].is_string() => {
            Some("its Service makes it")
        }
        _ => None,
    }
}

/// A service account without anything that somebody wants of it.
fn says_nothing(account: &Value) -> bool {
    let metadata = account["metadata"].as_object();
    let is_plain = metadata.is_some_and(|all| all.keys().all(|key| matches!(key.as_str(), "name" | "namespace")));
    let members = account.as_object();
    let is_known = |key: &String| matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "secrets");
    is_plain && members.is_some_and(|members| members.keys().all(is_known))
}

/// What is not taken away, for nobody exported the object, and fits another cluster by luck alone. Ports come with `false`:
/// they may be meant.
#[must_use]
pub fn fixed(object: &Value) -> Vec<(&'static str, bool)> {
    let mut fixed = vec![];
    match text(object, "/kind") {
        "Pod" if !text(object, "/spec/nodeName").is_empty() => fixed.push(("spec.nodeName", true)),
        "Service" if text(object, "/apiVersion") == "v1" => {
            let address = text(object, "/spec/clusterIP");
            if !matches!(address, "" | "None") && !address.contains("${") {
                fixed.push(("spec.clusterIP", true));
            }
            if list(object, "/spec/ports").iter().any(|port| port["nodePort"].as_i64().is_some_and(|port| port > 0)) {
                fixed.push(("spec.ports.nodePort", false));
            }
        }
        _ => {}
    }
    fixed
}

#[cfg(test)]
mod tests;
