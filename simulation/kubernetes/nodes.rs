//! The machines of a cluster: when they join, and what else every new cluster has.
use super::{
    conditions::set_condition,
    names::{hash, letters},
    server::Server,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A machine takes so long until its kubelet is ready; each further one a bit longer.
const READY_AFTER: SignedDuration = SignedDuration::from_secs(60);
const STAGGER: i32 = 5;

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its kubelet is ready from this moment on.
    pub ready_at: Timestamp,
}

impl Server {
    pub(super) fn node_name(&self, number: u32) -> String {
        format!("aks-system-{:08}-vmss{number:06}", hash(self.host.as_bytes()) % 100_000_000)
    }

    /// Adds and removes machines until there are as many as the shape says; the newest go first.
    pub(super) fn set_nodes(&mut self, now: Timestamp) {
        let wanted: Vec<String> = (0..self.shape.nodes).map(|number| self.node_name(number)).collect();
        self.nodes.retain(|name, _| wanted.contains(name));
        let mut later = 0;
        for name in wanted {
            self.nodes.entry(name).or_insert_with(|| {
                let wait = READY_AFTER + SignedDuration::from_secs(i64::from(STAGGER * later));
                later += 1;
                Node { ready_at: now.saturating_add(wait).unwrap_or(now) }
            });
        }
    }

    /// The machines that can run pods now: ready and not cordoned.
    pub(super) fn usable_nodes(&self, now: Timestamp) -> Vec<(String, Value)> {
        let ready = self.nodes.iter().filter(|(_, node)| node.ready_at <= now);
        ready
            .filter_map(|(name, _)| self.store.get("nodes", "", name).map(|object| (name.clone(), object)))
            .filter(|(_, object)| object["spec"]["unschedulable"] != true)
            .map(|(name, object)| (name, object["metadata"]["labels"].clone()))
            .collect()
    }

    pub(super) fn run_nodes(&mut self, now: Timestamp) {
        for (name, _) in self.store.copy("nodes") {
            if !self.nodes.contains_key(&name.1) {
                self.drop_object("nodes", &name);
            }
        }
        for (name, node) in self.nodes.clone() {
            let found = self.store.get("nodes", "", &name).cloned();
            let number = name.rsplit("vmss").next().and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
            let object = found.unwrap_or_else(|| {
                let object = self.new_node(&name, number);
                self.make("nodes", "", object, now)
            });
            let ready = node.ready_at <= now;
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
            for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
                set_condition(&mut object["status"], pressure, "False", "KubeletHasNoPressure", "", now);
            }
            self.store.put("nodes", &(String::new(), name), object);
        }
    }

    fn new_node(&self, name: &str, number: u32) -> Value {
        let version = self.shape.version.trim_start_matches('v');
        let capacity = json!({"cpu": "4", "memory": "16393216Ki", "pods": "110", "ephemeral-storage": "129886128Ki"});
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {
                "agentpool": "system", "kubernetes.azure.com/agentpool": "system", "kubernetes.azure.com/mode": "system",
                "kubernetes.azure.com/cluster": self.shape.cluster, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "Standard_D4s_v5",
                "topology.kubernetes.io/zone": format!("zone-{}", number % 3 + 1),
            }},
            "spec": {"providerID": format!("azure:///{name}")},
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

    /// What AKS itself puts into a new cluster. Whoever copies a cluster has to leave it out.
    pub(super) fn install_what_every_cluster_has(&mut self, now: Timestamp) {
        for space in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let labels = json!({"kubernetes.io/metadata.name": space});
            let object = json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            });
            self.make("namespaces", "", object, now);
        }
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "sessionAffinity": "None",
                     "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]},
            "status": {"loadBalancer": {}},
        });
        self.make("services", "default", service, now);
        for name in ["system-cluster-critical", "system-node-critical"] {
            let object = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 2_000_000_000});
            self.make("priorityclasses.scheduling.k8s.io", "", object, now);
        }
        for name in ["default", "managed-csi", "azurefile-csi"] {
            let object = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "disk.csi.azure.com"});
            self.make("storageclasses.storage.k8s.io", "", object, now);
        }
        for (sort, name, image) in
            [("Deployment", "coredns", "coredns:v1.12"), ("DaemonSet", "kube-proxy", "kube-proxy:v1")]
        {
            let labels = json!({"k8s-app": name});
            let object = json!({
                "apiVersion": "apps/v1", "kind": sort,
                "metadata": {"name": name, "namespace": "kube-system", "labels": {
                    "k8s-app": name, "addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.azure.com/managedby": "aks"}},
                "spec": {"selector": {"matchLabels": labels}, "template": {
                    "metadata": {"labels": labels},
                    "spec": {"priorityClassName": "system-node-critical",
                             "containers": [{"name": name, "image": format!("mcr.microsoft.com/oss/kubernetes/{image}")}]}}},
            });
            // It cannot be refused: the namespace has just been made and the object is complete.
            let _ = self.apply(&object, now);
        }
        self.settle(now);
    }
}

fn node_address(number: u32) -> String {
    format!("10.224.{}.{}", number / 250, number % 250 + 4)
}
