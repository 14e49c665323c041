//! The members of Kubernetes' own kinds: what a server of the target version would not know, or would not read.
//!
//! A real server answers such an object with a refusal, but only once there is a cluster. The types are those of
//! `k8s-openapi`, the newest that it has: a cluster of a later version may know more, and then an unknown member is a warning.
use super::Weight;
use crate::plan::Version;
use crate::resources::answers::{shortened, text};
use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, autoscaling::v1 as autoscaling_1,
    autoscaling::v2 as autoscaling_2, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, flowcontrol::v1 as flow,
    networking::v1 as networking, node::v1 as node, policy::v1 as policy, rbac::v1 as rbac,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// The minor version whose types these are.
const KNOWN: u16 = 37;
/// So many mistakes are said of one object.
const MOST: usize = 10;
/// Groups that are Kubernetes' own, whatever kinds of them are looked at here.
const OWN: [&str; 16] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// What is wrong with the members of an object of Kubernetes' own; nothing is said of other kinds.
#[must_use]
pub fn mistakes(object: &Value, versions: &[Version]) -> Vec<(Weight, String)> {
    let (api, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let Some(read) = reader(api, kind) else { return unknown_kind(api, kind) };
    let unknown_weighs =
        if versions.iter().any(|version| version.minor > KNOWN) { Weight::Warns } else { Weight::Refuses };
    let mut rest = object.clone();
    let (mut said, mut ignored) = (vec![], vec![]);
    while said.len() < MOST {
        ignored.clear();
        let Err((path, why)) = read(&rest, &mut ignored) else { break };
        let Some(found) = take(&mut rest, &path) else {
            said.push((Weight::Refuses, format!("{path}: {why}")));
            break;
        };
        // What a placeholder stands for is not known yet.
        if !found.to_string().contains("${") {
            said.push((Weight::Refuses, format!("{path}: {}", shortened(&why))));
        }
    }
    let unknown = ignored.iter().map(|path| {
        let kind = shortened(kind);
        (unknown_weighs, format!("{path} is no member of a {kind} in {api}: is it misspelt, or indented too far?"))
    });
    said.extend(unknown.take(MOST));
    said
}

fn unknown_kind(api: &str, kind: &str) -> Vec<(Weight, String)> {
    let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
    let is_own = OWN.contains(&group) && version == if group == "autoscaling" { "v2" } else { "v1" };
    let others = ["Binding", "CSIStorageCapacity", "ComponentStatus", "Event", "Eviction", "VolumeAttributesClass"];
    if !is_own || others.contains(&kind) || kind.ends_with("Policy") || kind.ends_with("Binding") {
        return vec![];
    }
    vec![(Weight::Warns, format!("{} is no kind of {api} that is known here: is it misspelt?", shortened(kind)))]
}

type Read = fn(&Value, &mut Vec<String>) -> Result<(), (Path, String)>;

/// Reads an object as this type: members that it has not are told, the first that cannot be read is the error.
fn as_type<T: DeserializeOwned>(object: &Value, ignored: &mut Vec<String>) -> Result<(), (Path, String)> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(object, &mut track);
    let read = serde_ignored::deserialize::<_, _, T>(tracked, |path| ignored.push(plain(&path.to_string())));
    read.map(drop).map_err(|error| (track.path(), error.to_string()))
}

/// Without the marks for what may be absent.
fn plain(path: &str) -> String {
    path.split('.').filter(|part| *part != "?").collect::<Vec<_>>().join(".")
}

/// Takes away what lies there.
fn take(object: &mut Value, path: &Path) -> Option<Value> {
    let segments: Vec<_> = path.iter().collect();
    let (last, before) = segments.split_last()?;
    let mut place = object;
    for segment in before {
        place = match segment {
            Segment::Map { key } => place.get_mut(key)?,
            Segment::Seq { index } => place.get_mut(*index)?,
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    match last {
        Segment::Map { key } => place.as_object_mut()?.shift_remove(key),
        Segment::Seq { index } => {
            let items = place.as_array_mut()?;
            (*index < items.len()).then(|| items.remove(*index))
        }
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

macro_rules! kinds {
    ($api:expr, $kind:expr; $($version:literal: $($type:path),+;)+) => {
        match $api {
            $($version => match $kind {
                $(kind if kind == <$type as k8s_openapi::Resource>::KIND => Some(as_type::<$type> as Read),)+
                _ => None,
            },)+
            _ => None,
        }
    };
}

fn reader(api: &str, kind: &str) -> Option<Read> {
    kinds! { api, kind;
        "v1": core::ConfigMap, core::Endpoints, core::LimitRange, core::Namespace, core::Node, core::PersistentVolume,
            core::PersistentVolumeClaim, core::Pod, core::PodTemplate, core::ReplicationController, core::ResourceQuota,
            core::Secret, core::Service, core::ServiceAccount;
        "admissionregistration.k8s.io/v1": admission::MutatingWebhookConfiguration, admission::ValidatingAdmissionPolicy,
            admission::ValidatingAdmissionPolicyBinding, admission::ValidatingWebhookConfiguration;
        "apiextensions.k8s.io/v1": CustomResourceDefinition;
        "apiregistration.k8s.io/v1": APIService;
        "apps/v1": apps::ControllerRevision, apps::DaemonSet, apps::Deployment, apps::ReplicaSet, apps::StatefulSet;
        "autoscaling/v1": autoscaling_1::HorizontalPodAutoscaler;
        "autoscaling/v2": autoscaling_2::HorizontalPodAutoscaler;
        "batch/v1": batch::CronJob, batch::Job;
        "certificates.k8s.io/v1": certificates::CertificateSigningRequest;
        "coordination.k8s.io/v1": coordination::Lease;
        "discovery.k8s.io/v1": discovery::EndpointSlice;
        "flowcontrol.apiserver.k8s.io/v1": flow::FlowSchema, flow::PriorityLevelConfiguration;
        "networking.k8s.io/v1": networking::Ingress, networking::IngressClass, networking::NetworkPolicy;
        "node.k8s.io/v1": node::RuntimeClass;
        "policy/v1": policy::PodDisruptionBudget;
        "rbac.authorization.k8s.io/v1": rbac::ClusterRole, rbac::ClusterRoleBinding, rbac::Role, rbac::RoleBinding;
        "scheduling.k8s.io/v1": scheduling::PriorityClass;
        "storage.k8s.io/v1": storage::CSIDriver, storage::CSINode, storage::StorageClass, storage::VolumeAttachment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(object: &Value) -> String {
        let words: Vec<_> = mistakes(object, &[]).into_iter().map(|(_, what)| what).collect();
        words.join("\n")
    }

    #[test]
    fn what_a_server_would_not_know_or_not_read_is_said_with_its_place() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "label": {}},
            "spec": {"replica": 1, "replicas": "2", "template": {"spec": {"hostNetwork": "yes", "containers": [
                {"name": "web", "image": "web:1", "ports": [{"containerPort": "80"}], "env": [{"name": "A", "value": 1}],
                    "imagePullPolicies": "Always"}]}}}});
        let said = said(&deployment);
        for expected in [
            "metadata.label is no member of a Deployment",
            "spec.replica is no member",
            "spec.replicas: invalid type: string \"2\", expected i32",
            "spec.template.spec.hostNetwork: invalid type: string \"yes\", expected a boolean",
            "spec.template.spec.containers[0].ports[0].containerPort: invalid type",
            "spec.template.spec.containers[0].env[0].value: invalid type: integer `1`, expected a string",
            "spec.template.spec.containers.0.imagePullPolicies is no member",
        ] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }

    #[test]
    fn whatever_a_server_reads_is_read() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "annotations": null}, "spec": {
            "containers": [{"name": "web", "image": "web:1", "command": null, "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}, "readinessProbe": {"httpGet": {"port": 80}}}],
            "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "b", "defaultMode": 256}}]}});
        assert_eq!(said(&pod), "");
        let config =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "${run.id}"}});
        assert_eq!(said(&config), "");
        let custom = json!({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"any": 1}});
        assert_eq!(said(&custom), "");
    }

    #[test]
    fn a_kind_that_does_not_exist_is_said_and_a_newer_server_may_know_more() {
        let wrong = json!({"apiVersion": "apps/v1", "kind": "Deploymnt", "metadata": {"name": "x"}});
        assert!(said(&wrong).contains("Deploymnt is no kind of apps/v1"));
        let newer = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"newest": true}});
        let weight = |version: &str| mistakes(&newer, &[version.parse().unwrap()])[0].0;
        assert_eq!((weight("1.34.1"), weight("1.38.0")), (Weight::Refuses, Weight::Warns));
    }
}
