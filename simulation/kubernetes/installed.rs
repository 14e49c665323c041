//! What AKS itself puts into a new cluster. Whoever copies a cluster has to leave it out.
use super::{endpoints::of_server as slices_of_server, objects::Objects};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Makes what is there before anything is applied.
pub(super) fn make(objects: &mut Objects, now: Timestamp) {
    for space in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let labels = json!({"kubernetes.io/metadata.name": space});
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        objects.make("namespaces", "", object, now);
    }
    for name in ["system-cluster-critical", "system-node-critical"] {
        let object = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 2_000_000_000});
        objects.make("priorityclasses.scheduling.k8s.io", "", object, now);
    }
}

/// What the server makes for itself.
pub(super) fn of_server(host: &str) -> Vec<Value> {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default",
                     "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"],
                 "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
                 "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]},
    });
    let [endpoints, slice] = slices_of_server(host);
    vec![service, endpoints, slice]
}

/// What its add-on manager makes once and then leaves alone, so that its fields are that manager's.
pub(super) fn made_once() -> Vec<Value> {
    let labels = json!({"addonmanager.kubernetes.io/mode": "EnsureExists", "kubernetes.io/cluster-service": "true"});
    let class = |name: &str, driver: &str, sku: &str, is_default: bool| {
        let annotations = json!({"storageclass.kubernetes.io/is-default-class": is_default.to_string()});
        let mut class = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name, "labels": labels},
            "provisioner": driver, "parameters": {"skuname": sku}, "allowVolumeExpansion": true,
            "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
        });
        if is_default {
            class["metadata"]["annotations"] = annotations;
        }
        class
    };
    let map = |name: &str, data: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
               "data": data})
    };
    vec![
        class("default", "disk.csi.azure.com", "StandardSSD_LRS", true),
        class("managed-csi", "disk.csi.azure.com", "StandardSSD_LRS", false),
        class("managed-csi-premium", "disk.csi.azure.com", "Premium_LRS", false),
        class("azurefile-csi", "file.csi.azure.com", "Standard_LRS", false),
        map("coredns-custom", json!({"Empty.server": ""})),
    ]
}

/// What is applied then, as its add-on manager does.
pub(super) fn applied() -> [Value; 2] {
    let app = |sort: &str, name: &str, image: &str| {
        let labels = json!({"k8s-app": name});
        json!({
            "apiVersion": "apps/v1", "kind": sort,
            "metadata": {"name": name, "namespace": "kube-system", "labels": {
                "k8s-app": name, "addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.azure.com/managedby": "aks"}},
            "spec": {"selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"priorityClassName": "system-node-critical",
                         "containers": [{"name": name, "image": format!("mcr.microsoft.com/oss/kubernetes/{image}")}]}}},
        })
    };
    [app("Deployment", "coredns", "coredns:v1.12"), app("DaemonSet", "kube-proxy", "kube-proxy:v1")]
}

/// The definition that the add-on for Key Vault brings.
pub(crate) fn secrets_store() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "secretproviderclasses.secrets-store.csi.x-k8s.io",
                     "labels": {"addonmanager.kubernetes.io/mode": "Reconcile"}},
        "spec": {"group": "secrets-store.csi.x-k8s.io", "scope": "Namespaced",
                 "names": {"kind": "SecretProviderClass", "plural": "secretproviderclasses",
                           "singular": "secretproviderclass", "listKind": "SecretProviderClassList"},
                 "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]},
    })
}
