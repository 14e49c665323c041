//! Pure: what an object of a kind that a server knows by itself must be like. `rules/table.txt` has what one member alone
//! must be; what several have to do with each other is said in code, by the type that they are members of.
//!
//! An object is judged as it is when a server has filled in its [`defaults`](crate::defaults).
mod amounts;
mod autoscalers;
mod configuration;
mod containers;
mod cron;
pub mod definitions;
mod endpoints;
mod fields;
mod findings;
mod ingresses;
mod jobs;
mod metadata;
mod network;
mod pods;
mod policies;
mod quotas;
mod registered;
mod scheduling;
mod security;
mod services;
mod structure;
mod table;
pub mod texts;
mod volumes;
mod webhooks;
mod workloads;
mod zones;

pub use findings::{Causes, Findings};
pub use metadata::selects;

use crate::{Shape, Type};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Of which kind an object is.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// Its group; empty for the core group.
    pub group: &'a str,
    /// Its `apiVersion`.
    pub api_version: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Whether a server knows it by itself.
    pub is_own: bool,
}

/// Notes what is wrong with the metadata of an object of any kind.
pub fn of_metadata(whose: Whose<'_>, object: &Value, findings: &mut Findings) {
    metadata::check(whose, object, findings);
}

/// Notes what else is wrong with an object of a kind that a server knows by itself.
pub fn of_members(whose: Whose<'_>, object: &Value, findings: &mut Findings) {
    of_kind(whose.kind, object, findings);
    if let Some(of) = Type::of(whose.api_version, whose.kind) {
        walk(&with_claims(whose.kind, object), of, findings);
    }
}

/// A StatefulSet's pods get the volumes that its claims are.
fn with_claims<'a>(kind: &str, object: &'a Value) -> Cow<'a, Value> {
    let claims = object["spec"]["volumeClaimTemplates"].as_array().filter(|_| kind == "StatefulSet");
    let names: Vec<&Value> = claims.into_iter().flatten().map(|claim| &claim["metadata"]["name"]).collect();
    let mut made = object.clone();
    let Some(pod) =
        made.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut).filter(|_| !names.is_empty())
    else {
        return Cow::Borrowed(object);
    };
    let volumes = pod.entry("volumes").or_insert_with(|| json!([]));
    if let Some(volumes) = volumes.as_array_mut() {
        volumes.retain(|volume| !names.contains(&&volume["name"]));
        let of = |name: &&Value| json!({"name": name, "persistentVolumeClaim": {"claimName": name}});
        volumes.extend(names.iter().map(of));
    }
    Cow::Owned(made)
}

fn of_kind(kind: &str, object: &Value, findings: &mut Findings) {
    match kind {
        "ConfigMap" => configuration::is_a_config_map(object, findings),
        "Secret" => configuration::is_a_secret(object, findings),
        "Role" | "ClusterRole" => policies::is_a_role(object, findings),
        "RoleBinding" | "ClusterRoleBinding" => policies::is_a_binding(object, findings),
        "CronJob" => jobs::is_a_cron_job(object, findings),
        "Job" => jobs::is_a_whole_job(object, findings),
        "Ingress" => ingresses::is_an_ingress(object, findings),
        "PodDisruptionBudget" => policies::is_a_budget(object, findings),
        "PriorityClass" => policies::is_a_priority(object, findings),
        "EndpointSlice" => endpoints::is_a_slice(object, findings),
        "Endpoints" => endpoints::are_endpoints(object, findings),
        "APIService" => registered::is_an_api(object, findings),
        "StorageClass" => registered::is_a_class_of_storage(object, findings),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            webhooks::is_a_configuration(object, findings);
        }
        _ => {}
    }
}

fn walk(value: &Value, of: Type, findings: &mut Findings) {
    match (of.shape(), value) {
        (Shape::List(item), Value::Array(items)) if is_composed(item) => {
            for (at, value) in items.iter().enumerate() {
                findings.within(&format!("[{at}]"), |findings| walk(value, item, findings));
            }
        }
        (Shape::Map(item), Value::Object(members)) if is_composed(item) => {
            for (name, value) in members {
                findings.within(&format!("[{name}]"), |findings| walk(value, item, findings));
            }
        }
        (Shape::Object(members), Value::Object(object)) => {
            for (member, rules) in table::rules_of(of.name()) {
                let value = object.get(*member).unwrap_or(&Value::Null);
                rules.iter().for_each(|rule| rule.check(member, value, findings));
            }
            if !by_type(of.name(), object, findings) {
                return;
            }
            for (name, value) in object.iter().filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status")) {
                if let Some(member) = members.get(name.as_str()).filter(|member| is_composed(member.of)) {
                    findings.within(name, |findings| walk(value, member.of, findings));
                }
            }
        }
        _ => {}
    }
}

fn is_composed(of: Type) -> bool {
    matches!(of.shape(), Shape::Object(_) | Shape::List(_) | Shape::Map(_))
}

/// The rules for several members of one object. Says whether to look further below it.
fn by_type(of: &str, object: &Map<String, Value>, findings: &mut Findings) -> bool {
    match of {
        "apps.v1.DeploymentSpec" | "apps.v1.ReplicaSetSpec" | "apps.v1.StatefulSetSpec" | "apps.v1.DaemonSetSpec" => {
            if of == "apps.v1.DeploymentSpec" {
                workloads::is_a_deployment(object, findings);
            }
            return workloads::is_a_workload(of, object, findings);
        }
        "apps.v1.DeploymentStrategy" => workloads::is_a_strategy(object, findings),
        "apps.v1.DaemonSetUpdateStrategy" => workloads::is_a_strategy_of_daemons(object, findings),
        "batch.v1.JobSpec" => jobs::is_a_job(object, findings),
        "core.v1.PodTemplateSpec" => metadata::of_template(object, findings),
        "core.v1.PodSpec" => pods::is_a_pod(object, findings),
        "core.v1.Container" => containers::is_a_container(object, findings),
        "core.v1.Probe" | "core.v1.LifecycleHandler" => containers::has_one_handler(object, findings),
        "core.v1.Volume" => volumes::is_a_volume(object, findings),
        "core.v1.PersistentVolumeClaimSpec" => volumes::is_a_claim(object, findings),
        "core.v1.PersistentVolumeSpec" => volumes::is_a_cluster_volume(object, findings),
        "core.v1.Toleration" => scheduling::is_a_toleration(object, findings),
        "core.v1.NodeSelectorRequirement" => scheduling::is_a_requirement(object, findings),
        "core.v1.ServiceSpec" => services::is_a_service(object, findings),
        "networking.v1.HTTPIngressPath" => ingresses::is_a_path(object, findings),
        "autoscaling.v1.HorizontalPodAutoscalerSpec" | "autoscaling.v2.HorizontalPodAutoscalerSpec" => {
            autoscalers::is_an_autoscaler(object, findings);
        }
        "autoscaling.v2.MetricSpec" => autoscalers::is_a_metric(object, findings),
        "networking.v1.NetworkPolicySpec" => network::is_a_policy(object, findings),
        "networking.v1.NetworkPolicyPeer" => network::is_a_peer(object, findings),
        "networking.v1.NetworkPolicyPort" => network::is_a_port(object, findings),
        "networking.v1.IPBlock" => network::is_a_block(object, findings),
        "networking.v1.IngressClassSpec" => registered::is_a_class(object, findings),
        "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec" => {
            registered::is_a_binding_of_a_policy(object, findings);
        }
        "core.v1.ResourceQuotaSpec" => quotas::is_a_quota(object, findings),
        "core.v1.LimitRangeSpec" => quotas::are_limits(object, findings),
        "core.v1.LimitRangeItem" => quotas::is_a_limit(object, findings),
        "core.v1.PodSecurityContext" => security::of_a_pod(object, findings),
        "core.v1.SeccompProfile" => security::is_a_filter(object, findings),
        "core.v1.AppArmorProfile" => security::is_a_profile(object, findings),
        "core.v1.EnvVarSource" => fields::is_a_source(object, findings),
        "core.v1.KeyToPath" => fields::is_a_file(object, findings),
        "core.v1.DownwardAPIVolumeSource" | "core.v1.DownwardAPIProjection" => fields::are_files(object, findings),
        "core.v1.ProjectedVolumeSource" => fields::are_projected(object, findings),
        "core.v1.HTTPGetAction" => containers::sends_headers(object, findings),
        "batch.v1.PodFailurePolicy" => jobs::is_a_policy_of_failure(object, findings),
        "admissionregistration.v1.MutatingWebhook" | "admissionregistration.v1.ValidatingWebhook" => {
            webhooks::is_a_webhook(object, findings);
        }
        "meta.v1.LabelSelector" => metadata::is_a_selector(object, findings),
        _ => {}
    }
    true
}
