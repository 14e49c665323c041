//! PersistentVolumeClaims: each is bound to a volume, at once or when a pod that uses it has a node, as its StorageClass says.
use super::{objects::Objects, store::Name};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const CLAIMS: &str = "persistentvolumeclaims";
pub(super) const VOLUMES: &str = "persistentvolumes";
const CLASSES: &str = "storageclasses.storage.k8s.io";
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const PROVISIONED: &str = "pv.kubernetes.io/provisioned-by";

/// Binds what can be bound, and takes away what was made for a claim that is gone.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, claim) in objects.store.copy(CLAIMS) {
        if claim["status"]["phase"] != "Bound" {
            bind(objects, &name, &claim, now);
        }
    }
    for (name, volume) in objects.store.copy(VOLUMES) {
        let text = |member: &str| volume["spec"]["claimRef"][member].as_str().unwrap_or_default();
        let is_left = objects.store.get(CLAIMS, text("namespace"), text("name")).is_none();
        if is_left && volume["metadata"]["annotations"][PROVISIONED].is_string() {
            objects.take_out(VOLUMES, &name);
        }
    }
}

fn bind(objects: &mut Objects, name: &Name, claim: &Value, now: Timestamp) {
    let mut claim = claim.clone();
    if claim["spec"]["storageClassName"].is_null() {
        let classes = objects.store.all(CLASSES);
        let default = classes.filter(|(_, class)| class["metadata"]["annotations"][DEFAULT] == "true").last();
        let Some((_, class)) = default else { return };
        claim["spec"]["storageClassName"] = class["metadata"]["name"].clone();
        objects.store.put(CLAIMS, name, claim.clone());
    }
    let class = claim["spec"]["storageClassName"].as_str().unwrap_or_default().to_owned();
    let volume = match there(objects, &claim, &class) {
        Some(volume) => volume,
        None if claim["spec"]["volumeName"].is_string() => return,
        None => {
            let Some(class) = objects.store.get(CLASSES, "", &class).cloned() else { return };
            if class["volumeBindingMode"] == "WaitForFirstConsumer" && !is_used(objects, name) {
                return;
            }
            provision(objects, name, &claim, &class, now)
        }
    };
    claim["spec"]["volumeName"] = json!(volume);
    claim["status"] = json!({
        "phase": "Bound", "accessModes": claim["spec"]["accessModes"], "capacity": claim["spec"]["resources"]["requests"],
    });
    objects.store.put(CLAIMS, name, claim);
}

/// A volume that lies there for this claim, by its name or by its class.
fn there(objects: &Objects, claim: &Value, class: &str) -> Option<String> {
    let wanted = claim["spec"]["volumeName"].as_str();
    let fits = |name: &str, volume: &Value| match wanted {
        Some(wanted) => name == wanted,
        None => volume["spec"]["storageClassName"].as_str().unwrap_or_default() == class,
    };
    let is_free = |volume: &Value| {
        let reference = &volume["spec"]["claimRef"];
        reference.is_null()
            || ["namespace", "name"].iter().all(|member| reference[*member] == claim["metadata"][*member])
    };
    let mut all = objects.store.all(VOLUMES).filter(|((_, name), volume)| fits(name, volume) && is_free(volume));
    all.next().map(|((_, name), _)| name.clone())
}

/// Whether a pod that has a node mounts it.
pub(super) fn is_used(objects: &Objects, (space, name): &Name) -> bool {
    let mut pods =
        objects.store.all("pods").filter(|((own, _), pod)| own == space && pod["spec"]["nodeName"].is_string());
    pods.any(|(_, pod)| {
        let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"] == name.as_str())
    })
}

/// Makes the volume that a class gives, and its name.
fn provision(objects: &mut Objects, (space, name): &Name, claim: &Value, class: &Value, now: Timestamp) -> String {
    let volume = format!("pvc-{}", claim["metadata"]["uid"].as_str().unwrap_or_default());
    let reference = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": name,
        "uid": claim["metadata"]["uid"]});
    let object = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": volume, "annotations": {PROVISIONED: class["provisioner"]}},
        "spec": {"accessModes": claim["spec"]["accessModes"], "capacity": claim["spec"]["resources"]["requests"],
                 "claimRef": reference, "storageClassName": class["metadata"]["name"],
                 "persistentVolumeReclaimPolicy": class["reclaimPolicy"], "volumeMode": claim["spec"]["volumeMode"],
                 "csi": {"driver": class["provisioner"], "volumeHandle": volume}},
        "status": {"phase": "Bound"},
    });
    objects.make_if_missing(VOLUMES, "", object, now);
    volume
}
