//! The members of Kubernetes' own kinds, as the table has them, are those of `k8s-openapi`'s types.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use k8s_openapi::Resource;
use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, autoscaling::v1 as autoscaling_1,
    autoscaling::v2 as autoscaling_2, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, events::v1 as events,
    flowcontrol::v1 as flow, networking::v1 as networking, node::v1 as node, policy::v1 as policy, rbac::v1 as rbac,
    resource::v1 as resource, scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/members.txt");

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for the file to be written; no code of ours reads it")]
fn the_kinds_that_the_binary_knows_are_those_of_kubernetes() {
    let current = in_lines();
    if std::env::var_os("BLUEGREEN_WRITE").is_some() {
        std::fs::write(FILE, current).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(FILE).unwrap();
    assert!(kept == current, "members.txt is old: run `BLUEGREEN_WRITE=1 cargo test the_kinds_that_the_binary_knows`");
}

#[derive(Default)]
struct Kinds {
    roots: BTreeMap<String, String>,
    types: SchemaGenerator,
}

impl Kinds {
    fn add<Kind: Resource + JsonSchema>(&mut self) {
        self.types.subschema_for::<Kind>();
        self.roots.insert(format!("{} {}", Kind::API_VERSION, Kind::KIND), short(&Kind::schema_name()));
    }
}

macro_rules! all_of {
    ($kinds:ident: $($kind:ty),+ $(,)?) => {
        $($kinds.add::<$kind>();)+
    };
}

fn in_lines() -> String {
    let mut kinds = Kinds::default();
    all_of! { kinds: core::Binding, core::ConfigMap, core::Endpoints, core::Event, core::LimitRange, core::Namespace, core::Node,
        core::PersistentVolume, core::PersistentVolumeClaim, core::Pod, core::PodTemplate, core::ReplicationController,
        core::ResourceQuota, core::Secret, core::Service, core::ServiceAccount, admission::MutatingWebhookConfiguration,
        admission::ValidatingAdmissionPolicy, admission::ValidatingAdmissionPolicyBinding,
        admission::ValidatingWebhookConfiguration, CustomResourceDefinition, APIService, apps::ControllerRevision,
        apps::DaemonSet, apps::Deployment, apps::ReplicaSet, apps::StatefulSet, autoscaling_1::HorizontalPodAutoscaler,
        autoscaling_2::HorizontalPodAutoscaler, batch::CronJob, batch::Job, certificates::CertificateSigningRequest,
        coordination::Lease, discovery::EndpointSlice, events::Event, flow::FlowSchema, flow::PriorityLevelConfiguration,
        networking::IPAddress, networking::Ingress, networking::IngressClass, networking::NetworkPolicy,
        networking::ServiceCIDR, node::RuntimeClass, policy::PodDisruptionBudget, rbac::ClusterRole, rbac::ClusterRoleBinding,
        rbac::Role, rbac::RoleBinding, resource::DeviceClass, resource::ResourceClaim, resource::ResourceClaimTemplate,
        resource::ResourceSlice, scheduling::PriorityClass, storage::CSIDriver, storage::CSINode, storage::CSIStorageCapacity,
        storage::StorageClass, storage::VolumeAttachment, storage::VolumeAttributesClass,
    }
    let mut lines = String::new();
    for (root, name) in &kinds.roots {
        writeln!(lines, "{root} = {name}").unwrap();
    }
    let types = kinds.types.definitions();
    let sorted: BTreeMap<_, _> = types.iter().filter(|(_, schema)| schema.get("properties").is_some()).collect();
    for (name, schema) in sorted {
        writeln!(lines, "{}", short(name)).unwrap();
        let is_required = |member: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|required| required == member))
        };
        for (member, of) in schema["properties"].as_object().unwrap() {
            let mark = if is_required(member) { "!" } else { "" };
            writeln!(lines, " {member}{mark} {}", type_of(of, types)).unwrap();
        }
    }
    lines
}

/// Without what all names begin with.
fn short(name: &str) -> String {
    let last: Vec<_> = name.rsplit('.').take(3).collect();
    last.into_iter().rev().collect::<Vec<_>>().join(".")
}

fn type_of(schema: &Value, types: &Map<String, Value>) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        if name.ends_with(".Quantity") {
            return "quantity".into();
        }
        let of = &types[name];
        return if of.get("properties").is_some() { short(name) } else { type_of(of, types) };
    }
    if let Some(first) = schema["allOf"].get(0) {
        return type_of(first, types);
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return "int-or-string".into();
    }
    match schema["type"].as_str() {
        Some("array") => format!("[]{}", type_of(&schema["items"], types)),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("{{}}{}", type_of(&schema["additionalProperties"], types))
        }
        Some("string") => match schema["format"].as_str() {
            Some("byte") => "base64".into(),
            Some("date-time") => "time".into(),
            _ => "string".into(),
        },
        Some("integer") if schema["format"] == "int32" => "int32".into(),
        Some(plain @ ("integer" | "number" | "boolean")) => plain.into(),
        _ => "any".into(),
    }
}
