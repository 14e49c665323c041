//! What lies in the files twice: the second one would change the first without end.
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::resources::object::group;
use std::collections::BTreeMap;

/// The namespace in which an object without one is put.
pub(super) const DEFAULT: &str = "default";

/// What is there already, the same or another one.
pub(super) fn twice(all: &[Found<'_>]) -> Vec<Finding> {
    let mut first: BTreeMap<[&str; 4], &Found<'_>> = BTreeMap::new();
    let mut findings = vec![];
    for found in all {
        let object = &found.value;
        let group = group(text(object, "/apiVersion"));
        let namespace = if lies_in_none(found, all) { "" } else { namespace_of(found) };
        let key = [group, text(object, "/kind"), namespace, text(object, "/metadata/name")];
        let Some(before) = first.get(&key) else {
            first.insert(key, found);
            continue;
        };
        let place = format!("{}:{}", before.file, before.line);
        let (named, other) = (text(object, "/metadata/namespace"), text(&before.value, "/metadata/namespace"));
        let why = match namespace {
            _ if named == other => String::new(),
            "" => " (its kind has no namespaces)".to_owned(),
            _ => format!(" (without a namespace it is one of {DEFAULT})"),
        };
        findings.push(if before.value == found.value {
            found.finding(Weight::Warns, &format!("it lies in {place} already, the same"))
        } else {
            found.finding(Weight::Refuses, &format!("it lies in {place} already{why}, and is another one here"))
        });
    }
    findings
}

/// The namespace in which an object is put.
pub(super) fn namespace_of<'a>(found: &'a Found<'_>) -> &'a str {
    match text(&found.value, "/metadata/namespace") {
        "" => DEFAULT,
        named => named,
    }
}

/// Whether objects of its kind lie in no namespace, as Kubernetes or a definition among the files has it.
pub(super) fn lies_in_none(found: &Found<'_>, all: &[Found<'_>]) -> bool {
    let (api, kind) = (text(&found.value, "/apiVersion"), text(&found.value, "/kind"));
    let group = group(api);
    let is_its_own = |other: &&Found<'_>| {
        text(&other.value, "/kind") == "CustomResourceDefinition"
            && text(&other.value, "/spec/group") == group
            && text(&other.value, "/spec/names/kind") == kind
    };
    let is_cluster_scoped = |other: &Found<'_>| text(&other.value, "/spec/scope") == "Cluster";
    kinds::is_cluster_scoped(api, kind) || all.iter().find(is_its_own).is_some_and(is_cluster_scoped)
}

#[cfg(test)]
mod tests {
    use super::super::in_a_file;
    use super::*;
    use serde_json::{Value, json};

    fn said(objects: &[Value]) -> Vec<(Weight, String)> {
        let found = in_a_file(objects);
        twice(&found).into_iter().map(|finding| (finding.weight, finding.what)).collect()
    }

    fn object(api: &str, kind: &str, metadata: &Value, mark: u8) -> Value {
        json!({"apiVersion": api, "kind": kind, "metadata": metadata, "data": mark})
    }

    #[test]
    fn the_namespace_that_applies_is_compared() {
        let config = |metadata: Value, mark| object("v1", "ConfigMap", &metadata, mark);
        let forms =
            [json!({"name": "a"}), json!({"name": "a", "namespace": ""}), json!({"name": "a", "namespace": "default"})];
        for one in &forms {
            for other in &forms {
                let said = said(&[config(one.clone(), 1), config(other.clone(), 2)]);
                assert!(said.len() == 1 && said[0].0 == Weight::Refuses, "{one} {other}: {said:?}");
                assert_eq!(
                    said[0].1.contains("without a namespace"),
                    one.get("namespace").is_some_and(|it| it != "")
                        != other.get("namespace").is_some_and(|it| it != ""),
                    "{said:?}"
                );
            }
            assert_eq!(said(&[config(one.clone(), 1), config(json!({"name": "a", "namespace": "shop"}), 1)]), []);
            assert_eq!(said(&[config(one.clone(), 1), config(one.clone(), 1)])[0].0, Weight::Warns);
        }
    }

    #[test]
    fn what_lies_in_no_namespace_is_the_same_in_each() {
        let role = |metadata: Value, mark| object("rbac.authorization.k8s.io/v1", "ClusterRole", &metadata, mark);
        let told = said(&[role(json!({"name": "a", "namespace": "shop"}), 1), role(json!({"name": "a"}), 2)]);
        assert!(told.len() == 1 && told[0].1.contains("has no namespaces"), "{told:?}");
        let definition = |scope: &str| {
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "d"},
                "spec": {"group": "example.com", "scope": scope, "names": {"kind": "Thing"}}})
        };
        let thing = |metadata: Value, mark| object("example.com/v1", "Thing", &metadata, mark);
        let things = [thing(json!({"name": "a", "namespace": "shop"}), 1), thing(json!({"name": "a"}), 2)];
        let of = |scope: &str| said(&[&[definition(scope)], &things[..]].concat()).len();
        assert_eq!((of("Cluster"), of("Namespaced")), (1, 0));
    }
}
