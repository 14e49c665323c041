//! Pure: what of an object may not be changed once it is there.
use crate::kubernetes::kinds::Kind;
use ::kinds::rules::Findings;
use serde_json::{Value, json};

/// Members whose change is an invalid value, by the kind: `field is immutable`.
const FIXED: &[(&str, &[&str])] = &[
    ("CustomResourceDefinition", &["spec.scope"]),
    ("DaemonSet", &["spec.selector"]),
    ("Deployment", &["spec.selector"]),
    ("IngressClass", &["spec.controller"]),
    ("Job", &["spec.completions", "spec.selector", "spec.template", "spec.completionMode"]),
    ("ReplicaSet", &["spec.selector"]),
    ("RuntimeClass", &["handler"]),
    ("Secret", &["type"]),
];
/// Members of a specification whose change is allowed where all others are fixed.
const STATEFUL_SET: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];
const POD: &[&str] = &[
    "activeDeadlineSeconds",
    "containers",
    "ephemeralContainers",
    "initContainers",
    "nodeName",
    "schedulingGates",
    "terminationGracePeriodSeconds",
    "tolerations",
];
const POD_WORDS: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const STATEFUL_SET_WORDS: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const CLAIM_WORDS: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// Notes each change that the real server refuses.
pub(super) fn check(kind: &Kind, before: &Value, after: &Value, findings: &mut Findings) {
    for (_, fields) in FIXED.iter().filter(|(known, _)| *known == kind.kind) {
        for field in *fields {
            let value = |object| field.split('.').fold(object, |value: &Value, name| &value[name]).clone();
            if value(before) != value(after) && !may_grow(kind, field, after) {
                findings.invalid(field, &value(after), "field is immutable");
            }
        }
    }
    match kind.kind.as_str() {
        "ConfigMap" | "Secret" => keeps_its_data(before, after, findings),
        "StatefulSet" if differ(before, after, STATEFUL_SET) => findings.forbidden("spec", STATEFUL_SET_WORDS),
        "PersistentVolumeClaim" if differ(before, after, &["resources", "volumeAttributesClassName", "volumeName"]) => {
            findings.forbidden("spec", CLAIM_WORDS);
        }
        "Pod" if differ(before, after, POD) || !same_but_images(before, after) => {
            findings.forbidden("spec", POD_WORDS);
        }
        "RoleBinding" | "ClusterRoleBinding" if before["roleRef"] != after["roleRef"] => {
            let role = &after["roleRef"];
            let shown = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
            findings.invalid("roleRef", &shown, "cannot change roleRef");
        }
        "Service" => keeps_its_address(before, after, findings),
        "PriorityClass" if before["value"] != after["value"] => {
            findings.forbidden("value", "may not be changed in an update.");
        }
        "StorageClass" => {
            for (field, words) in [
                ("parameters", "updates to parameters are forbidden."),
                ("provisioner", "updates to provisioner are forbidden."),
                ("reclaimPolicy", "updates to reclaimPolicy are forbidden."),
            ] {
                if before[field] != after[field] {
                    findings.forbidden(field, words);
                }
            }
            if before["volumeBindingMode"] != after["volumeBindingMode"] {
                findings.invalid("volumeBindingMode", &after["volumeBindingMode"], "field is immutable");
            }
        }
        _ => {}
    }
}

/// Whether this one change is allowed all the same: the template of a suspended Job, the size of an indexed one.
fn may_grow(kind: &Kind, field: &str, after: &Value) -> bool {
    let spec = &after["spec"];
    kind.kind == "Job"
        && match field {
            "spec.template" => spec["suspend"] == true && after["status"]["startTime"].is_null(),
            "spec.completions" => spec["completionMode"] == "Indexed" && spec["completions"] == spec["parallelism"],
            _ => false,
        }
}

fn differ(before: &Value, after: &Value, allowed: &[&str]) -> bool {
    let rest = |object: &Value| {
        let mut spec = object["spec"].as_object().cloned().unwrap_or_default();
        spec.retain(|name, _| !allowed.contains(&name.as_str()));
        spec
    };
    before["spec"] != after["spec"] && rest(before) != rest(after)
}

/// Whether a pod's containers differ by nothing but their images.
fn same_but_images(before: &Value, after: &Value) -> bool {
    ["containers", "initContainers"].iter().all(|list| {
        let (before, after) = (before["spec"][list].as_array(), after["spec"][list].as_array());
        let (before, after) = (before.into_iter().flatten(), after.into_iter().flatten());
        before.clone().count() == after.clone().count()
            && before.zip(after).all(|(before, after)| {
                let mut before = before.clone();
                before["image"] = after["image"].clone();
                before == *after || before["resources"] != after["resources"]
            })
    })
}

fn keeps_its_data(before: &Value, after: &Value, findings: &mut Findings) {
    if before["immutable"] != true {
        return;
    }
    for field in ["immutable", "data", "binaryData"] {
        if before[field] != after[field] {
            findings.forbidden(field, "field is immutable when `immutable` is set");
        }
    }
}

fn keeps_its_address(before: &Value, after: &Value, findings: &mut Findings) {
    let (old, new) = (&before["spec"], &after["spec"]);
    let had = old["clusterIP"].as_str().is_some_and(|address| !address.is_empty());
    let is_external = old["type"] == "ExternalName" || new["type"] == "ExternalName";
    if had && !is_external && old["clusterIP"] != new["clusterIP"] {
        findings.invalid("spec.clusterIPs[0]", &json!([new["clusterIP"]]), "may not change once set");
    }
}
