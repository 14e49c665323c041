//! Pure: autoscalers.
use super::{findings::Findings, texts::path_segment};
use crate::quantity::amount;
use serde_json::{Map, Value, json};

/// What a metric may be, and the member that tells of it.
const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// An autoscaler's specification.
pub(super) fn is_an_autoscaler(spec: &Map<String, Value>, findings: &mut Findings) {
    let number = |name: &str| spec.get(name).and_then(Value::as_i64);
    let (least, most) = (number("minReplicas"), number("maxReplicas").unwrap_or(0));
    if least.is_some_and(|least| least < 1) {
        findings.invalid("minReplicas", &json!(least), "must be greater than or equal to 1");
    }
    if most < 1 {
        findings.invalid("maxReplicas", &json!(most), "must be greater than 0");
    }
    if least.is_some_and(|least| most < least) {
        findings.invalid("maxReplicas", &json!(most), "must be greater than or equal to `minReplicas`");
    }
    target(spec.get("scaleTargetRef").unwrap_or(&Value::Null), findings);
    let share = spec.get("targetCPUUtilizationPercentage").unwrap_or(&Value::Null);
    if share.as_i64().is_some_and(|share| share < 1) {
        findings.invalid("metrics[0].resource.target.averageUtilization", share, "must be greater than 0");
    }
    behavior(spec.get("behavior").unwrap_or(&Value::Null), findings);
}

/// What is scaled. Without a group it is never found, unless it is one of the core group.
fn target(target: &Value, findings: &mut Findings) {
    findings.within("scaleTargetRef", |findings| {
        for member in ["kind", "name"] {
            match target[member].as_str().unwrap_or_default() {
                "" => findings.required(member, ""),
                text => path_segment(text).iter().for_each(|why| findings.invalid(member, &target[member], why)),
            }
        }
        let version = target["apiVersion"].as_str().unwrap_or_default();
        if version.matches('/').count() > 1 {
            let why = format!("unexpected GroupVersion string: {version}");
            findings.invalid("apiVersion", &json!(version), &why);
        } else if !version.contains('/') && target["kind"].is_string() && target["kind"] != "ReplicationController" {
            findings.invalid("apiVersion", &json!(version), "apiVersion must specify API group");
        }
    });
}

fn behavior(behavior: &Value, findings: &mut Findings) {
    for way in ["scaleUp", "scaleDown"].into_iter().filter(|way| behavior[*way].is_object()) {
        findings.within(&format!("behavior.{way}"), |findings| {
            let (rules, window) = (&behavior[way], &behavior[way]["stabilizationWindowSeconds"]);
            match window.as_i64() {
                Some(..0) => {
                    findings.invalid("stabilizationWindowSeconds", window, "must be greater than or equal to zero");
                }
                Some(3601..) => {
                    findings.invalid("stabilizationWindowSeconds", window, "must be less than or equal to 3600");
                }
                _ => {}
            }
            if rules["policies"].as_array().is_some_and(Vec::is_empty) {
                findings.required("policies", "must specify at least one Policy");
            }
        });
    }
}

/// One metric. What it aims at is judged by its sort.
pub(super) fn is_a_metric(metric: &Map<String, Value>, findings: &mut Findings) {
    let sort = metric.get("type").unwrap_or(&Value::Null);
    let Some((sort, member)) = SOURCES.iter().find(|(known, _)| sort == known) else {
        let known: Vec<_> = SOURCES.iter().map(|(known, _)| *known).collect();
        return findings.unsupported("type", sort, &known);
    };
    let Some(source) = metric.get(*member).filter(|source| source.is_object()) else {
        return findings.required(member, "must populate information for the given metric source");
    };
    findings.within(member, |findings| {
        let named = match *sort {
            "Resource" | "ContainerResource" => ("name", &source["name"], "must specify a resource name"),
            _ => ("metric.name", &source["metric"]["name"], "must specify a metric name"),
        };
        match named.1.as_str().unwrap_or_default() {
            "" => findings.required(named.0, named.2),
            text if named.0 == "metric.name" => {
                path_segment(text).iter().for_each(|why| findings.invalid(named.0, named.1, why));
            }
            _ => {}
        }
        if *sort == "ContainerResource" && source["container"].as_str().is_none_or(str::is_empty) {
            findings.required("container", "must specify a container");
        }
        aim(sort, &source["target"], findings);
    });
}

fn aim(sort: &str, target: &Value, findings: &mut Findings) {
    findings.within("target", |findings| {
        let there = |member: &str| !target[member].is_null();
        let known = ["Utilization", "Value", "AverageValue"];
        match target["type"].as_str().unwrap_or_default() {
            "" => findings.required("type", "must specify a metric target type"),
            text if !known.contains(&text) => {
                findings.invalid("type", &target["type"], "must be either Utilization, Value, or AverageValue");
            }
            _ => {}
        }
        for member in ["value", "averageValue"] {
            if amount(&target[member]).is_some_and(|amount| amount <= 0) {
                findings.invalid(member, &target[member], "must be positive");
            }
        }
        if target["averageUtilization"].as_i64().is_some_and(|share| share < 1) {
            findings.invalid("averageUtilization", &target["averageUtilization"], "must be greater than 0");
        }
        match sort {
            "Resource" | "ContainerResource" => match (there("averageUtilization"), there("averageValue")) {
                (false, false) => {
                    let why = "must set either a target raw value or a target utilization";
                    findings.required("averageUtilization", why);
                }
                (true, true) => {
                    findings.forbidden("averageValue", "may not set both a target raw value and a target utilization");
                }
                _ => {}
            },
            "Pods" if !there("averageValue") => {
                findings.required("averageValue", "must specify a positive target averageValue");
            }
            "External" if there("value") && there("averageValue") => {
                findings.forbidden("value", "may not set both a target value for metric and a per-pod target");
            }
            "External" if !there("value") && !there("averageValue") => {
                findings.required("averageValue", "must set either a target value for metric or a per-pod target");
            }
            "Object" if !there("value") && !there("averageValue") => {
                findings.required("averageValue", "must set either a target value or averageValue");
            }
            _ => {}
        }
    });
}
