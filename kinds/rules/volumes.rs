//! Pure: volumes of pods, claims, and volumes of the cluster.
use super::findings::{Findings, items};
use crate::quantity::amount;
use serde_json::{Map, Value, json};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// What a volume of the cluster says beside what it is.
const BESIDE: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// A volume.
pub(super) fn is_a_volume(volume: &Map<String, Value>, findings: &mut Findings) {
    let limit = volume.get("emptyDir").map_or(&Value::Null, |folder| &folder["sizeLimit"]);
    if amount(limit).is_some_and(|limit| limit < 0) {
        findings.forbidden("emptyDir.sizeLimit", "SizeLimit field must be a valid resource quantity");
    }
    let mut sources = volume.keys().filter(|name| *name != "name");
    if sources.next().is_none() {
        findings.required("", "must specify a volume type");
    }
    for second in sources {
        findings.forbidden(second, "may not specify more than 1 volume type");
    }
    for (source, member) in [("persistentVolumeClaim", "claimName"), ("secret", "secretName"), ("configMap", "name")] {
        let Some(source_of) = volume.get(source) else { continue };
        if source_of[member].as_str().is_none_or(str::is_empty) {
            findings.required(&format!("{source}.{member}"), "");
        }
    }
}

fn modes(spec: &Map<String, Value>, findings: &mut Findings) {
    let modes = items(spec.get("accessModes"));
    for mode in modes.iter().filter(|mode| !MODES.iter().any(|known| *mode == known)) {
        findings.unsupported("accessModes", mode, &MODES);
    }
    let (alone, others): (Vec<&Value>, Vec<_>) = modes.iter().partition(|mode| **mode == "ReadWriteOncePod");
    if !alone.is_empty() && others.iter().any(|mode| MODES.iter().any(|known| *mode == known)) {
        findings.forbidden("accessModes", "may not use ReadWriteOncePod with other access modes");
    }
}

/// What a claim asks for.
pub(super) fn is_a_claim(spec: &Map<String, Value>, findings: &mut Findings) {
    modes(spec, findings);
    match spec.get("resources").map_or(&Value::Null, |resources| &resources["requests"]["storage"]) {
        Value::Null => findings.required("resources[storage]", ""),
        size if amount(size).is_some_and(|size| size <= 0) => {
            findings.invalid("resources[storage]", size, "must be greater than zero");
        }
        _ => {}
    }
}

/// A volume of the cluster.
pub(super) fn is_a_cluster_volume(spec: &Map<String, Value>, findings: &mut Findings) {
    modes(spec, findings);
    let capacity = spec.get("capacity").unwrap_or(&Value::Null);
    if capacity.as_object().is_some_and(|members| members.len() != 1 || !members.contains_key("storage")) {
        findings.unsupported("capacity", &json!(capacity), &["storage"]);
    }
    let size = &capacity["storage"];
    if amount(size).is_some_and(|size| size <= 0) {
        findings.invalid("capacity[storage]", size, "must be greater than zero");
    }
    let mut sources = spec.iter().filter(|(name, value)| !value.is_null() && !BESIDE.contains(&name.as_str()));
    if sources.next().is_none() {
        findings.required("", "must specify a volume type");
    }
    for (second, _) in sources {
        findings.forbidden(second, "may not specify more than 1 volume type");
    }
}
