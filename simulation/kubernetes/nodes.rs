//! The machines of a cluster: when they join, and what their objects show.
pub(super) mod placing;

use super::{
    conditions::set_condition,
    names::{hash, letters},
    objects::Objects,
    shape::Shape,
};
use jiff::{SignedDuration, Timestamp};
use placing::NOT_READY;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A machine takes so long until its kubelet is ready; each further one a bit longer.
const READY_AFTER: SignedDuration = SignedDuration::from_secs(60);
const STAGGER: i32 = 5;

/// The machines by name, each with the moment from which on its kubelet is ready.
#[derive(Debug, Default)]
pub(super) struct Nodes(BTreeMap<String, Timestamp>);

impl Nodes {
    /// Adds and removes machines until there are so many; the newest go first.
    pub fn set(&mut self, host: &str, count: u32, now: Timestamp) {
        let name = |number| format!("aks-system-{:08}-vmss{number:06}", hash(host.as_bytes()) % 100_000_000);
        let wanted: Vec<String> = (0..count).map(name).collect();
        self.0.retain(|name, _| wanted.contains(name));
        let mut later = 0;
        for name in wanted {
            self.0.entry(name).or_insert_with(|| {
                let wait = READY_AFTER + SignedDuration::from_secs(i64::from(STAGGER * later));
                later += 1;
                now.saturating_add(wait).unwrap_or(now)
            });
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn any_ready(&self, now: Timestamp) -> bool {
        self.0.values().any(|ready_at| *ready_at <= now)
    }

    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.values().copied()
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut()
    }

    /// The machines that can run pods now, ready and not cordoned, with their objects.
    pub fn usable(&self, objects: &Objects, now: Timestamp) -> Vec<(String, Arc<Value>)> {
        let ready = self.0.iter().filter(|(_, ready_at)| **ready_at <= now);
        ready
            .filter_map(|(name, _)| objects.store.get("nodes", "", name).map(|object| (name.clone(), object.clone())))
            .filter(|(_, object)| object["spec"]["unschedulable"] != true)
            .collect()
    }

    /// Shows the machines as they are now; those that have gone are taken out.
    pub fn run(&self, objects: &mut Objects, shape: &Shape, now: Timestamp) {
        for (name, _) in objects.store.copy("nodes") {
            if !self.has(&name.1) {
                objects.take_out("nodes", &name);
            }
        }
        for (name, ready_at) in &self.0 {
            let found = objects.store.get("nodes", "", name).cloned();
            let number = name.rsplit("vmss").next().and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
            let object = found.unwrap_or_else(|| {
                let object = new_node(shape, name, number);
                objects.make("nodes", "", object, now)
            });
            let ready = *ready_at <= now;
            let shown = object["status"]["conditions"].as_array().and_then(|list| list.first());
            if shown.is_some_and(|shown| shown["status"] == if ready { "True" } else { "False" }) {
                continue;
            }
            let mut object = (*object).clone();
            let (status, reason, message) = if ready {
                ("True", "KubeletReady", "kubelet is posting ready status")
            } else {
                ("False", "KubeletNotReady", "container runtime network not ready")
            };
            set_condition(&mut object["status"], "Ready", status, reason, message, now);
            mark(&mut object["spec"], ready);
            for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
                set_condition(&mut object["status"], pressure, "False", "KubeletHasNoPressure", "", now);
            }
            objects.store.put("nodes", &(String::new(), name.clone()), object);
        }
    }
}

/// A machine that is not ready is marked, so that no pod begins there.
fn mark(spec: &mut Value, ready: bool) {
    let mut taints = spec["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != NOT_READY);
    if !ready {
        taints.extend(["NoSchedule", "NoExecute"].map(|effect| json!({"key": NOT_READY, "effect": effect})));
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.shift_remove("taints");
        if !taints.is_empty() {
            spec.insert("taints".into(), Value::Array(taints));
        }
    }
}

fn new_node(shape: &Shape, name: &str, number: u32) -> Value {
    let version = shape.version.trim_start_matches('v');
    let capacity = json!({"cpu": "4", "memory": "16393216Ki", "pods": "110", "ephemeral-storage": "129886128Ki"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "agentpool": "system", "kubernetes.azure.com/agentpool": "system", "kubernetes.azure.com/mode": "system",
            "kubernetes.azure.com/cluster": shape.node_group.rsplit('/').next().unwrap_or_default(), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "Standard_D4s_v5",
            "topology.kubernetes.io/zone": format!("zone-{}", number % 3 + 1),
        }},
        "spec": {"providerID": provider_id(shape, name, number)},
        "status": {
            "addresses": [{"type": "InternalIP", "address": node_address(number)}, {"type": "Hostname", "address": name}],
            "capacity": capacity, "allocatable": capacity,
            "nodeInfo": {
                "kubeletVersion": format!("v{version}"), "kubeProxyVersion": format!("v{version}"), "operatingSystem": "linux",
                "architecture": "amd64", "osImage": "Ubuntu 24.04.2 LTS", "kernelVersion": "6.8.0-azure",
                "containerRuntimeVersion": "containerd://2.0.0", "machineID": letters(u64::from(number) + 1, 12),
                "systemUUID": "", "bootID": "",
            },
        },
    })
}

/// As the cloud provider writes it: the group's name in lower case, the machine by its number.
fn provider_id(shape: &Shape, name: &str, number: u32) -> String {
    let (above, group) = shape.node_group.rsplit_once('/').unwrap_or_default();
    let set = name.split_once("vmss").map_or(name, |(set, _)| set);
    format!(
        "azure://{above}/{}/providers/Microsoft.Compute/virtualMachineScaleSets/{set}vmss/virtualMachines/{number}",
        group.to_lowercase()
    )
}

fn node_address(number: u32) -> String {
    format!("10.224.{}.{}", number / 250, number % 250 + 4)
}
