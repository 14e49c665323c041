//! Pure: the kinds that an API server knows, the built-in ones and those that a CustomResourceDefinition registers.
use super::customs::Custom;
use serde_json::Value;
use std::sync::Arc;

/// One kind in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The group; empty for the core group.
    pub group: String,
    pub version: String,
    pub plural: String,
    pub singular: String,
    pub kind: String,
    pub short: Vec<String>,
    pub namespaced: bool,
    /// Whether `/status` is a place of its own, and is left alone by other writes.
    pub status: bool,
    pub scale: bool,
    pub built_in: bool,
    /// What its definition says; `None` for a kind that the server knows by itself.
    pub custom: Option<Arc<Custom>>,
}

// plural Kind short scope(n|c) subresources(status,scale)
const TABLE: &[(&str, &str, &str)] = &[
    (
        "",
        "v1",
        "namespaces Namespace ns c status|nodes Node no c status|pods Pod po n status|services Service svc n status|\
         configmaps ConfigMap cm n -|secrets Secret - n -|serviceaccounts ServiceAccount sa n -|endpoints Endpoints ep n -|\
         events Event ev n -|persistentvolumeclaims PersistentVolumeClaim pvc n status|\
         persistentvolumes PersistentVolume pv c status|resourcequotas ResourceQuota quota n status|\
         limitranges LimitRange limits n -|podtemplates PodTemplate - n -|replicationcontrollers ReplicationController rc n status,scale",
    ),
    (
        "apps",
        "v1",
        "deployments Deployment deploy n status,scale|daemonsets DaemonSet ds n status|\
         statefulsets StatefulSet sts n status,scale|replicasets ReplicaSet rs n status,scale|\
         controllerrevisions ControllerRevision - n -",
    ),
    ("batch", "v1", "jobs Job - n status|cronjobs CronJob cj n status"),
    (
        "networking.k8s.io",
        "v1",
        "ingresses Ingress ing n status|ingressclasses IngressClass - c -|networkpolicies NetworkPolicy netpol n -",
    ),
    ("discovery.k8s.io", "v1", "endpointslices EndpointSlice - n -"),
    ("events.k8s.io", "v1", "events Event ev n -"),
    (
        "resource.k8s.io",
        "v1",
        "deviceclasses DeviceClass - c -|resourceclaims ResourceClaim - n status|\
         resourceclaimtemplates ResourceClaimTemplate - n -|resourceslices ResourceSlice - c -",
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "roles Role - n -|rolebindings RoleBinding - n -|clusterroles ClusterRole - c -|clusterrolebindings ClusterRoleBinding - c -",
    ),
    ("policy", "v1", "poddisruptionbudgets PodDisruptionBudget pdb n status"),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations MutatingWebhookConfiguration - c -|\
         validatingwebhookconfigurations ValidatingWebhookConfiguration - c -|\
         validatingadmissionpolicies ValidatingAdmissionPolicy - c status|\
         validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding - c -",
    ),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions CustomResourceDefinition crd,crds c status"),
    ("apiregistration.k8s.io", "v1", "apiservices APIService - c status"),
    ("coordination.k8s.io", "v1", "leases Lease - n -"),
    ("autoscaling", "v2", "horizontalpodautoscalers HorizontalPodAutoscaler hpa n status"),
    ("autoscaling", "v1", "horizontalpodautoscalers HorizontalPodAutoscaler hpa n status"),
    ("certificates.k8s.io", "v1", "certificatesigningrequests CertificateSigningRequest csr c status"),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "flowschemas FlowSchema - c status|prioritylevelconfigurations PriorityLevelConfiguration - c status",
    ),
    ("node.k8s.io", "v1", "runtimeclasses RuntimeClass - c -"),
    ("scheduling.k8s.io", "v1", "priorityclasses PriorityClass pc c -"),
    (
        "storage.k8s.io",
        "v1",
        "storageclasses StorageClass sc c -|csidrivers CSIDriver - c -|csinodes CSINode - c -|\
         csistoragecapacities CSIStorageCapacity - n -|volumeattachments VolumeAttachment - c status",
    ),
];

impl Kind {
    /// `deployments.apps`: how messages name it, and its key in the store.
    pub fn resource(&self) -> String {
        // Both groups that have events keep the same ones.
        if self.group.is_empty() || self.group == "events.k8s.io" && self.built_in {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether `metadata.generation` counts the changes of the desired state.
    pub fn counts_generations(&self) -> bool {
        !self.built_in
            || matches!(self.group.as_str(), "apps" | "batch" | "networking.k8s.io" | "policy" | "apiextensions.k8s.io")
            || matches!(self.group.as_str(), "admissionregistration.k8s.io" | "discovery.k8s.io" | "scheduling.k8s.io")
            || self.group.is_empty() && matches!(self.kind.as_str(), "Pod" | "ReplicationController")
    }
}

/// What every API server knows.
pub(super) fn built_in() -> Vec<Kind> {
    let mut kinds = vec![];
    for (group, version, lines) in TABLE {
        for line in lines.split('|') {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [plural, kind, short, scope, subresources] = words[..] else { continue };
            kinds.push(Kind {
                group: (*group).into(),
                version: (*version).into(),
                plural: plural.into(),
                singular: kind.to_lowercase(),
                kind: kind.into(),
                short: short.split(',').filter(|name| *name != "-").map(Into::into).collect(),
                namespaced: scope == "n",
                status: subresources.contains("status"),
                scale: subresources.contains("scale"),
                built_in: true,
                custom: None,
            });
        }
    }
    kinds
}

/// Groups that have been served since a minor version of Kubernetes.
const SINCE: &[(&str, u32)] = &[("resource.k8s.io", 34)];

/// Leaves out what a version of Kubernetes does not serve yet.
pub(super) fn keep_of(kinds: &mut Vec<Kind>, version: &str) {
    let minor = version.trim_start_matches('v').split('.').nth(1).and_then(|minor| minor.parse().ok());
    let minor: u32 = minor.unwrap_or(u32::MAX);
    kinds.retain(|kind| SINCE.iter().all(|(group, since)| kind.group != *group || *since <= minor));
}

/// The kinds, one for each served version, that a CustomResourceDefinition declares.
pub(super) fn declared_by(definition: &Value) -> Vec<Kind> {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names = &spec["names"];
    let served = spec["versions"].as_array().into_iter().flatten().filter(|version| version["served"] != false);
    served
        .map(|version| Kind {
            group: text(&spec["group"]),
            version: text(&version["name"]),
            plural: text(&names["plural"]),
            singular: names["singular"].as_str().map_or_else(|| text(&names["kind"]).to_lowercase(), Into::into),
            kind: text(&names["kind"]),
            short: names["shortNames"].as_array().into_iter().flatten().map(text).collect(),
            namespaced: spec["scope"] == "Namespaced",
            status: version["subresources"]["status"].is_object(),
            scale: version["subresources"]["scale"].is_object(),
            built_in: false,
            custom: Some(Arc::new(Custom::read(definition, version))),
        })
        .collect()
}
