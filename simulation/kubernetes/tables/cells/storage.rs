//! Pure: the rows of what keeps data.
use super::text;
use crate::kubernetes::kinds::Kind;
use serde_json::{Value, json};

/// The cells of such a kind; `None`: it is another.
pub(super) fn cells(kind: &Kind, object: &Value, name: &str, age: &str) -> Option<Vec<Value>> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let (name, age) = (json!(name), json!(age));
    let yes = |value: &Value| json!(value.as_bool().unwrap_or(false));
    Some(match kind.kind.as_str() {
        "PersistentVolume" => volume(object, name, age),
        "PersistentVolumeClaim" => claim(object, name, age),
        "StorageClass" => {
            let is_default = &object["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"];
            let name = if is_default == "true" { json!(format!("{} (default)", text(&name))) } else { name };
            let policy = object["reclaimPolicy"].as_str().unwrap_or("Delete");
            let mode = object["volumeBindingMode"].as_str().unwrap_or("Immediate");
            let driver = json!(text(&object["provisioner"]));
            vec![name, driver, json!(policy), json!(mode), yes(&object["allowVolumeExpansion"]), age]
        }
        "CSINode" => vec![name, json!(spec["drivers"].as_array().map_or(0, Vec::len)), age],
        "CSIDriver" => {
            vec![name, yes(&spec["attachRequired"]), yes(&spec["podInfoOnMount"]), yes(&spec["storageCapacity"]), age]
        }
        "VolumeAttachment" => {
            let source = text(&spec["source"]["persistentVolumeName"]);
            let (attacher, node) = (text(&spec["attacher"]), text(&spec["nodeName"]));
            vec![name, json!(attacher), json!(source), json!(node), yes(&status["attached"]), age]
        }
        _ => return None,
    })
}

fn modes(list: &Value) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    list.as_array().into_iter().flatten().map(short).collect::<Vec<_>>().join(",")
}

fn unset(value: &Value) -> Value {
    json!(value.as_str().unwrap_or("<unset>"))
}

fn claim(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let bound = spec["volumeName"].as_str().is_some_and(|name| !name.is_empty());
    let (size, access) =
        if bound { (text(&status["capacity"]["storage"]), modes(&status["accessModes"])) } else { Default::default() };
    let phase =
        if object["metadata"]["deletionTimestamp"].is_string() { "Terminating".into() } else { text(&status["phase"]) };
    let texts = [phase, text(&spec["volumeName"]), size, access, text(&spec["storageClassName"])].map(Value::from);
    [vec![name], texts.to_vec(), vec![unset(&spec["volumeAttributesClassName"]), age, json!(text(&spec["volumeMode"]))]]
        .concat()
}

fn volume(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let claim = &spec["claimRef"];
    let claim =
        if claim.is_null() { String::new() } else { format!("{}/{}", text(&claim["namespace"]), text(&claim["name"])) };
    let texts = [
        text(&spec["capacity"]["storage"]),
        modes(&spec["accessModes"]),
        text(&spec["persistentVolumeReclaimPolicy"]),
        text(&status["phase"]),
        claim,
        text(&spec["storageClassName"]),
    ];
    let last = vec![
        unset(&spec["volumeAttributesClassName"]),
        json!(text(&status["reason"])),
        age,
        json!(text(&spec["volumeMode"])),
    ];
    [vec![name], texts.map(Value::from).to_vec(), last].concat()
}
