//! Pure: what an object of a kind that a server knows by itself must be like. `validation/table.txt` has what one member alone
//! must be; what several have to do with each other is said in code, by the type that they are members of.
pub(super) mod changes;
mod configuration;
mod cron;
mod findings;
mod metadata;
mod pods;
mod services;
mod table;
pub(super) mod texts;
mod workloads;

use super::{kinds::Kind, refusal::Refusal};
use findings::Findings;
use kinds::{Shape, Type};
use serde_json::{Map, Value};

/// Refuses an object that the real server would refuse, with every reason; `before` is what it replaces.
pub(super) fn check(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mut findings = Findings::default();
    metadata::check(kind, object, &mut findings);
    if kind.built_in {
        let known = findings.causes.len();
        if let Some(before) = before {
            changes::check(kind, before, object, &mut findings);
        }
        // What may not be changed at all is said alone.
        if findings.causes.len() == known {
            of_kind(kind, object, &mut findings);
            if let Some(of) = Type::of(&kind.api_version(), &kind.kind) {
                walk(object, of, &mut findings);
            }
        }
    }
    if findings.causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_for(kind, name, &findings.causes)) }
}

fn of_kind(kind: &Kind, object: &Value, findings: &mut Findings) {
    match kind.kind.as_str() {
        "ConfigMap" => configuration::is_a_config_map(object, findings),
        "Secret" => configuration::is_a_secret(object, findings),
        "Role" | "ClusterRole" => configuration::is_a_role(object, findings),
        "CronJob" => workloads::is_a_cron_job(object, findings),
        "Ingress" => services::is_an_ingress(object, findings),
        "PodDisruptionBudget" => configuration::is_a_budget(object, findings),
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
            return workloads::is_a_workload(of, object, findings);
        }
        "apps.v1.DeploymentStrategy" => workloads::is_a_strategy(object, findings),
        "batch.v1.JobSpec" => workloads::is_a_job(object, findings),
        "core.v1.PodTemplateSpec" => metadata::of_template(object, findings),
        "core.v1.PodSpec" => pods::is_a_pod(object, findings),
        "core.v1.Container" => pods::is_a_container(object, findings),
        "core.v1.Probe" => pods::is_a_probe(object, findings),
        "core.v1.Volume" => pods::is_a_volume(object, findings),
        "core.v1.ServiceSpec" => services::is_a_service(object, findings),
        "networking.v1.HTTPIngressPath" => services::is_a_path(object, findings),
        "autoscaling.v1.HorizontalPodAutoscalerSpec" | "autoscaling.v2.HorizontalPodAutoscalerSpec" => {
            workloads::is_an_autoscaler(object, findings);
        }
        "meta.v1.LabelSelector" => metadata::is_a_selector(object, findings),
        _ => {}
    }
    true
}
