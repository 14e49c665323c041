//! What waits for something that none of the files has: a Service for pods, an autoscaler for what it scales, a webhook for
//! whom it asks. It is applied, and does nothing, or harm.
use super::again::namespace_of;
use super::needs::{OF_AKS, texts};
use super::ports::is_name;
use super::{Finding, Found, Weight};
use crate::resources::answers::{list, shortened, text};
use crate::workload::pods::{has_port, pod_of};
use crate::workload::refusal::is_own;
use kinds::rules::selects;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What would do nothing, or harm.
pub(super) fn idle(all: &[Found<'_>]) -> Vec<Finding> {
    let judged = all.iter().filter(|found| namespace_of(found) != OF_AKS);
    let said = judged.flat_map(|found| {
        let object = &found.value;
        let what = match text(object, "/kind") {
            "Service" => service(found, all),
            "HorizontalPodAutoscaler" => scaled(found, all).into_iter().collect(),
            "PodDisruptionBudget" => budget(found, all).into_iter().collect(),
            "ResourceQuota" => quota(object).into_iter().collect(),
            "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
            | "CustomResourceDefinition"
            | "APIService" => asked(object, all),
            _ => vec![],
        };
        what.into_iter().map(|what| found.finding(Weight::Warns, &what)).collect::<Vec<_>>()
    });
    said.collect()
}

/// The pods of the same namespace that a selector matches.
fn matching<'a>(found: &Found<'_>, selector: &Value, all: &'a [Found<'_>]) -> Vec<&'a Value> {
    let beside = all.iter().filter(|other| namespace_of(other) == namespace_of(found));
    let pods = beside.filter_map(|other| pod_of(&other.value));
    pods.filter(|pod| selects(selector, &pod["metadata"]["labels"])).collect()
}

/// Whether an object of a custom kind beside it says one of these values: its operator may make such pods.
fn may_be_made(found: &Found<'_>, selector: &Value, all: &[Found<'_>]) -> bool {
    let (mut said, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    let is_custom = |other: &&Found<'_>| !is_own(text(&other.value, "/apiVersion"));
    let beside = all.iter().filter(|other| namespace_of(other) == namespace_of(found)).filter(is_custom);
    beside.for_each(|other| texts(&other.value, &mut said));
    texts(selector, &mut wanted);
    wanted.iter().any(|value| said.contains(value) || value.contains("${"))
}

fn service(found: &Found<'_>, all: &[Found<'_>]) -> Vec<String> {
    let object = &found.value;
    let labels = object["spec"]["selector"].as_object().filter(|labels| !labels.is_empty());
    let Some(labels) = labels.filter(|_| object["spec"]["type"] != "ExternalName") else { return vec![] };
    let selector = json!({"matchLabels": labels});
    let pods = matching(found, &selector, all);
    if pods.is_empty() {
        let shown: Vec<_> =
            labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
        let what = format!(
            "no pod of the files has the labels that it selects ({}): nothing answers behind it",
            shortened(&shown.join(","))
        );
        return if may_be_made(found, &selector, all) { vec![] } else { vec![what] };
    }
    let ports = list(object, "/spec/ports").iter().filter_map(|port| port["targetPort"].as_str());
    let wrong = ports.filter(|port| is_name(port) && !pods.iter().any(|pod| has_port(pod, port)));
    wrong
        .map(|port| format!("no container behind it has a port with the name {}, its targetPort", shortened(port)))
        .collect()
}

fn scaled(found: &Found<'_>, all: &[Found<'_>]) -> Option<String> {
    let target = found.value.pointer("/spec/scaleTargetRef")?;
    let (kind, name) = (text(target, "/kind"), text(target, "/name"));
    let is_it = |other: &Found<'_>| {
        text(&other.value, "/kind") == kind
            && text(&other.value, "/metadata/name") == name
            && namespace_of(other) == namespace_of(found)
    };
    (!all.iter().any(is_it)).then(|| format!("what it scales, {kind} {name}, is in none of the files"))
}

fn budget(found: &Found<'_>, all: &[Found<'_>]) -> Option<String> {
    let selector = found.value.pointer("/spec/selector")?;
    let is_for_all =
        selector.as_object().is_none_or(|parts| parts.values().all(|part| *part == json!({}) || *part == json!([])));
    let is_idle = !is_for_all && matching(found, selector, all).is_empty() && !may_be_made(found, selector, all);
    is_idle.then(|| "no pod of the files has the labels that it selects: it protects nothing".to_owned())
}

fn quota(object: &Value) -> Option<String> {
    let hard = &object["spec"]["hard"];
    let none = |value: &Value| *value == 0 || *value == "0";
    let is_for_all = list(object, "/spec/scopes").is_empty() && object["spec"]["scopeSelector"].is_null();
    let name = ["pods", "count/pods"].into_iter().find(|name| is_for_all && none(&hard[*name]))?;
    Some(format!("with {name}: 0 no pod runs in its namespace"))
}

/// The Services that are asked before something is kept or answered.
fn asked(object: &Value, all: &[Found<'_>]) -> Vec<String> {
    let named: Vec<_> = match text(object, "/kind") {
        "CustomResourceDefinition" => vec![(object.pointer("/spec/conversion/webhook/clientConfig/service"), false)],
        "APIService" => vec![(object.pointer("/spec/service"), false)],
        _ => {
            let of = |webhook: &'_ Value| webhook["failurePolicy"] != "Ignore";
            list(object, "/webhooks")
                .iter()
                .map(|webhook| (webhook.pointer("/clientConfig/service"), of(webhook)))
                .collect()
        }
    };
    let mut absent: BTreeSet<(String, bool)> = BTreeSet::new();
    for (service, refuses) in named {
        let Some(service) = service else { continue };
        let (namespace, name) = (text(service, "/namespace"), text(service, "/name"));
        let is_it = |other: &Found<'_>| {
            text(&other.value, "/kind") == "Service"
                && text(&other.value, "/metadata/name") == name
                && namespace_of(other) == namespace
        };
        if namespace != OF_AKS && !name.is_empty() && !all.iter().any(is_it) {
            absent.insert((shortened(&format!("{namespace}/{name}")), refuses));
        }
    }
    let told = absent.iter().map(|(name, refuses)| {
        let harm = if *refuses { ", and whatever it is to judge is refused until that answers" } else { "" };
        format!("the Service {name} that it asks is in none of the files{harm}")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::super::in_a_file;
    use super::*;

    fn said(objects: &[Value]) -> Vec<String> {
        let found = in_a_file(objects);
        idle(&found).into_iter().map(|finding| finding.what).collect()
    }

    fn deployment() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {
            "metadata": {"labels": {"app": "web", "tier": "front"}},
            "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 80}]}]}}}})
    }

    fn object(kind: &str, spec: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "it", "namespace": "default"}, "spec": spec})
    }

    #[test]
    fn a_service_of_no_pods_or_of_no_port_is_said() {
        let service = |spec: Value| object("Service", &spec);
        for spec in [
            json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}),
            json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}),
            json!({"ports": [{"port": 80}]}),
            json!({"selector": {"app": "x"}, "type": "ExternalName"}),
        ] {
            assert_eq!(said(&[deployment(), service(spec.clone())]), [""; 0], "{spec}");
        }
        for (spec, words) in [
            (json!({"selector": {"app": "webb"}}), "no pod of the files has the labels that it selects (app=webb)"),
            (json!({"selector": {"app": "web", "tier": "back"}}), "no pod of the files"),
            (
                json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "web"}]}),
                "a port with the name web",
            ),
        ] {
            let told = said(&[deployment(), service(spec)]);
            assert!(told.len() == 1 && told[0].contains(words), "{words}: {told:?}");
        }
        let mut elsewhere = deployment();
        elsewhere["metadata"]["namespace"] = json!("other");
        let spec = json!({"selector": {"app": "web"}});
        assert_eq!(said(&[elsewhere, service(spec.clone())]).len(), 1);
        let operator = json!({"apiVersion": "example.com/v1", "kind": "Web", "metadata": {"name": "web"}});
        assert_eq!(said(&[operator, service(spec)]), [""; 0], "an operator may make its pods");
    }

    #[test]
    fn an_autoscaler_or_a_budget_of_nothing_is_said() {
        let scaler = |name: &str| {
            object("HorizontalPodAutoscaler", &json!({"scaleTargetRef": {"kind": "Deployment", "name": name}}))
        };
        assert_eq!(said(&[deployment(), scaler("web")]), [""; 0]);
        assert!(said(&[deployment(), scaler("shop")])[0].contains("Deployment shop, is in none"));
        let budget = |selector: Value| object("PodDisruptionBudget", &json!({"selector": selector}));
        for selector in [
            json!({"matchLabels": {"app": "web"}}),
            json!({}),
            json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        ] {
            assert_eq!(said(&[deployment(), budget(selector)]), [""; 0]);
        }
        assert!(said(&[deployment(), budget(json!({"matchLabels": {"app": "shop"}}))])[0].contains("protects nothing"));
    }

    #[test]
    fn a_quota_of_no_pods_and_a_webhook_of_nobody_are_said() {
        for (hard, count) in [
            (json!({"pods": "0"}), 1),
            (json!({"count/pods": 0}), 1),
            (json!({"pods": "10"}), 0),
            (json!({"cpu": "0"}), 0),
        ] {
            assert_eq!(said(&[object("ResourceQuota", &json!({"hard": hard}))]).len(), count, "{hard}");
        }
        let webhook = |policy: &str| {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"},
                "webhooks": [{"failurePolicy": policy, "clientConfig": {"service": {"name": "it", "namespace": "default"}}}, {"clientConfig": {"url": "https://x"}}]})
        };
        assert!(
            said(&[webhook("Fail")])[0]
                .contains("Service default/it that it asks is in none of the files, and whatever")
        );
        assert!(!said(&[webhook("Ignore")])[0].contains("refused"));
        assert_eq!(said(&[webhook("Fail"), object("Service", &json!({}))]), [""; 0]);
        let api = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.x"},
            "spec": {"service": {"name": "x", "namespace": "y"}}});
        assert!(said(&[api])[0].contains("y/x"));
    }
}
