//! What pods and claims need by name, and nothing in the files makes: they wait for it, and the upgrade with them.
use super::again::namespace_of;
use super::{Finding, Found, Weight};
use crate::resources::answers::{list, text};
use crate::text::few;
use crate::workload::pods::{containers, pod_of};
use crate::workload::refusal::is_own;
use serde_json::Value;
use std::collections::BTreeSet;

/// So many are named.
const SHOWN: usize = 8;
/// AKS puts there what no file has.
pub(super) const OF_AKS: &str = "kube-system";
/// What every cluster of AKS has of its own accord. Source: learn.microsoft.com, "Concepts - Storage in AKS".
const THERE: [(&str, &str); 16] = [
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("PriorityClass", "system-node-critical"),
    ("PriorityClass", "system-cluster-critical"),
    ("StorageClass", "default"),
    ("StorageClass", "managed"),
    ("StorageClass", "managed-premium"),
    ("StorageClass", "managed-csi"),
    ("StorageClass", "managed-csi-premium"),
    ("StorageClass", "azurefile"),
    ("StorageClass", "azurefile-premium"),
    ("StorageClass", "azurefile-csi"),
    ("StorageClass", "azurefile-csi-premium"),
    ("StorageClass", "azureblob-nfs-premium"),
    ("StorageClass", "azureblob-fuse-premium"),
    ("RuntimeClass", "runc"),
];
/// The runtime classes of AKS' own kinds of nodes.
const RUNTIMES: [&str; 2] = ["kata-", "wasmtime-"];

/// The objects that need what is in none of the files.
pub(super) fn missing(all: &[Found<'_>]) -> Vec<Finding> {
    let made = Made::of(all);
    let judged = all.iter().filter(|found| namespace_of(found) != OF_AKS);
    let missing = judged.filter_map(|found| {
        let needs: BTreeSet<_> = needs(&found.value).into_iter().collect();
        let absent = |(kind, name): &(&str, &str)| !name.is_empty() && !made.has(kind, name, namespace_of(found));
        let absent: Vec<_> = needs.into_iter().filter(absent).map(|(kind, name)| format!("{kind} {name}")).collect();
        let what = "is in none of the files, and no cluster has it by itself: it must be there by other means, or pods wait for it";
        let said = format!("it needs {}, which {what}", few(&absent, SHOWN, ", "));
        (!absent.is_empty()).then(|| found.finding(Weight::Warns, &said))
    });
    missing.collect()
}

/// What the files make.
struct Made<'a> {
    objects: BTreeSet<(&'a str, &'a str, &'a str)>,
    /// What objects of custom kinds, and what runs, say: they may make something of that name.
    said: BTreeSet<&'a str>,
}

impl<'a> Made<'a> {
    fn of(all: &'a [Found<'_>]) -> Self {
        let (mut objects, mut said) = (BTreeSet::new(), BTreeSet::new());
        for found in all {
            let (kind, name) = (text(&found.value, "/kind"), text(&found.value, "/metadata/name"));
            let namespace = if is_everywhere(kind) { "" } else { namespace_of(found) };
            objects.insert((kind, name, namespace));
            if !is_own(text(&found.value, "/apiVersion")) {
                texts(&found.value, &mut said);
            }
            // A volume that is there already answers a claim of its class.
            if kind == "PersistentVolume" {
                objects.insert(("StorageClass", text(&found.value, "/spec/storageClassName"), ""));
            }
            for container in pod_of(&found.value).into_iter().flat_map(containers) {
                let words = ["/command", "/args"].iter().flat_map(|place| list(container, place));
                said.extend(words.filter_map(Value::as_str).flat_map(|word| word.split(['=', ',', ' '])));
            }
        }
        Self { objects, said }
    }

    fn has(&self, kind: &str, name: &str, namespace: &str) -> bool {
        let namespace = if is_everywhere(kind) { "" } else { namespace };
        let of_nodes = || kind == "RuntimeClass" && RUNTIMES.iter().any(|begin| name.starts_with(begin));
        THERE.contains(&(kind, name))
            || of_nodes()
            || self.objects.contains(&(kind, name, namespace))
            || self.said.contains(name)
    }
}

fn is_everywhere(kind: &str) -> bool {
    matches!(kind, "PriorityClass" | "RuntimeClass" | "StorageClass")
}

/// Every text within a value.
pub(super) fn texts<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => drop(found.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What an object names that must be there: kind and name.
fn needs(object: &Value) -> Vec<(&'static str, &str)> {
    let mut needs = vec![];
    if object["kind"] == "PersistentVolumeClaim" {
        needs.push(("StorageClass", text(object, "/spec/storageClassName")));
    }
    for claim in list(object, "/spec/volumeClaimTemplates") {
        needs.push(("StorageClass", text(claim, "/spec/storageClassName")));
    }
    let Some(pod) = pod_of(object) else { return needs };
    needs.extend([
        ("ServiceAccount", text(pod, "/spec/serviceAccountName")),
        ("PriorityClass", text(pod, "/spec/priorityClassName")),
        ("RuntimeClass", text(pod, "/spec/runtimeClassName")),
    ]);
    needs.extend(list(pod, "/spec/imagePullSecrets").iter().map(|secret| ("Secret", text(secret, "/name"))));
    for volume in list(pod, "/spec/volumes") {
        needs.extend(source("ConfigMap", &volume["configMap"], "/name"));
        needs.extend(source("Secret", &volume["secret"], "/secretName"));
        for part in list(volume, "/projected/sources") {
            needs.extend(source("ConfigMap", &part["configMap"], "/name"));
            needs.extend(source("Secret", &part["secret"], "/name"));
        }
    }
    for container in containers(pod) {
        for from in list(container, "/envFrom") {
            needs.extend(source("ConfigMap", &from["configMapRef"], "/name"));
            needs.extend(source("Secret", &from["secretRef"], "/name"));
        }
        for variable in list(container, "/env") {
            needs.extend(source("ConfigMap", &variable["valueFrom"]["configMapKeyRef"], "/name"));
            needs.extend(source("Secret", &variable["valueFrom"]["secretKeyRef"], "/name"));
        }
    }
    needs
}

/// What a source names, unless it may be absent.
fn source<'a>(kind: &'static str, source: &'a Value, member: &str) -> Option<(&'static str, &'a str)> {
    (source["optional"] != true).then(|| (kind, text(source, member)))
}

#[cfg(test)]
mod tests {
    use super::super::in_a_file;
    use super::*;
    use serde_json::json;

    fn said(objects: &[Value]) -> Vec<String> {
        let found = in_a_file(objects);
        missing(&found).into_iter().map(|finding| finding.what).collect()
    }

    fn deployment(pod: Value) -> Value {
        let mut pod = pod;
        if pod["containers"].is_null() {
            pod["containers"] = json!([{"name": "c"}]);
        }
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": pod}}})
    }

    #[test]
    fn what_nothing_makes_is_said_and_what_something_makes_is_not() {
        let one = |container: Value| json!([{"name": "c"}, container]);
        let environment = |from: Value| one(json!({"env": [{"name": "A", "valueFrom": from}]}));
        for (pod, kind, name) in [
            (json!({"serviceAccountName": "a"}), "ServiceAccount", "a"),
            (json!({"priorityClassName": "a"}), "PriorityClass", "a"),
            (json!({"runtimeClassName": "a"}), "RuntimeClass", "a"),
            (json!({"imagePullSecrets": [{"name": "a"}]}), "Secret", "a"),
            (json!({"volumes": [{"name": "v", "configMap": {"name": "a"}}]}), "ConfigMap", "a"),
            (json!({"volumes": [{"name": "v", "secret": {"secretName": "a"}}]}), "Secret", "a"),
            (json!({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "a"}}]}}]}), "Secret", "a"),
            (json!({"containers": environment(json!({"secretKeyRef": {"name": "a", "key": "k"}}))}), "Secret", "a"),
            (
                json!({"containers": environment(json!({"configMapKeyRef": {"name": "a", "key": "k"}}))}),
                "ConfigMap",
                "a",
            ),
            (json!({"containers": one(json!({"envFrom": [{"configMapRef": {"name": "a"}}]}))}), "ConfigMap", "a"),
        ] {
            let object = deployment(pod);
            let told = said(std::slice::from_ref(&object));
            assert!(
                told.len() == 1 && told[0].contains(&format!("it needs {kind} {name}, which")),
                "{object}: {told:?}"
            );
            let made = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}});
            assert_eq!(said(&[object.clone(), made.clone()]), [""; 0], "{object}");
            let mut elsewhere = made;
            elsewhere["metadata"]["namespace"] = json!("other");
            assert_eq!(said(&[object.clone(), elsewhere]).is_empty(), is_everywhere(kind), "{object}");
            let maker = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "e"}, "spec": {"target": {"name": name}}});
            assert_eq!(said(&[object, maker]), [""; 0]);
        }
    }

    #[test]
    fn what_may_be_absent_or_is_always_there_is_not_said() {
        for pod in [
            json!({"serviceAccountName": "default", "priorityClassName": "system-node-critical", "runtimeClassName": "kata-vm-isolation"}),
            json!({"volumes": [{"name": "v", "configMap": {"name": "kube-root-ca.crt"}}, {"name": "w", "secret": {"secretName": "s", "optional": true}}]}),
            json!({"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "s", "optional": true}}]}]}),
        ] {
            assert_eq!(said(&[deployment(pod)]), [""; 0]);
        }
        let claim = |class: &str| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {"storageClassName": class}});
        for class in ["", "managed-csi", "azurefile-csi", "default"] {
            assert_eq!(said(&[claim(class)]), [""; 0], "{class}");
        }
        assert!(said(&[claim("fast")])[0].contains("StorageClass fast"));
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"storageClassName": "fast"}});
        assert_eq!(said(&[claim("fast"), volume]), [""; 0]);
        let mut of_aks = deployment(json!({"serviceAccountName": "coredns"}));
        of_aks["metadata"]["namespace"] = json!("kube-system");
        assert_eq!(said(&[of_aks]), [""; 0]);
        let makes = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": {
            "containers": [{"name": "c", "args": ["create", "--secret-name=s"]}]}}}});
        assert_eq!(said(&[makes, deployment(json!({"imagePullSecrets": [{"name": "s"}]}))]), [""; 0]);
    }
}
