//! The ingress controller for Application Gateway (AGIC), by whatever name its image goes: what gives it away. Pure.
//!
//! Mirrors rename images, and charts are copied and changed. What its program needs stays: the variables by which it knows
//! itself and its gateway. <https://github.com/Azure/application-gateway-kubernetes-ingress/tree/master/pkg/environment>
mod charts;

use super::pods::{containers, pod_of};
use crate::resources::answers::{list, text};
use crate::resources::object::name;
use serde_json::Value;

pub use charts::installed;

/// Variables that nothing else has.
const ITS_OWN: [&str; 2] = ["AGIC_POD_NAME", "AGIC_POD_NAMESPACE"];
/// The variables that name its gateway. Alone they are any program's that works with a gateway.
const OF_GATEWAYS: [&str; 2] = ["APPGW_NAME", "APPGW_RESOURCE_ID"];
/// What else it is told, and no other program is. Beside the name of a gateway it means AGIC.
const SETTINGS: [&str; 13] = [
    "APPGW_CONFIG_NAME",
    "APPGW_ENABLE_DEPLOY",
    "APPGW_ENABLE_SHARED_APPGW",
    "APPGW_SKU_NAME",
    "APPGW_SUBNET_ID",
    "APPGW_SUBNET_NAME",
    "APPGW_SUBNET_PREFIX",
    "APPGW_SUBNET_RESOURCE_GROUP",
    "APPGW_VERBOSITY_LEVEL",
    "KUBERNETES_WATCHNAMESPACE",
    "USE_MANAGED_IDENTITY_FOR_POD",
    "USE_PRIVATE_IP",
    "MULTI_CLUSTER_MODE",
];
/// Its program, and the word by which that only tidies up and leaves the gateway alone.
const PROGRAM: &str = "appgw-ingress";
const TIDIES_UP: &str = "--cleanup-oec";
/// Its chart.
const CHART: &str = "ingress-azure";

/// By what a pod of AGIC is known in this object, if it makes one. `settings`: the `ConfigMap`s and Secrets beside it, from
/// which pods take variables.
#[must_use]
pub fn recognised(object: &Value, settings: &[&Value]) -> Option<String> {
    let pod = pod_of(object)?;
    let by_container = containers(pod).find_map(|container| of_container(object, container, settings));
    by_container.or_else(|| by_label(object, pod))
}

fn of_container(object: &Value, container: &Value, settings: &[&Value]) -> Option<String> {
    let words = || ["/command", "/args"].into_iter().flat_map(|place| list(container, place)).filter_map(Value::as_str);
    if words().any(|word| word.contains(TIDIES_UP)) {
        return None;
    }
    let image = text(container, "/image");
    let is_its_image = (image.contains("application-gateway") && image.contains("kubernetes-ingress"))
        || image.contains("applicationgateway-ingress");
    if is_its_image {
        return Some(format!("its image {image}"));
    }
    if words().any(|word| word.split(char::is_whitespace).any(|word| word.rsplit('/').next() == Some(PROGRAM))) {
        return Some(format!("its program {PROGRAM}"));
    }
    by_variables(&variables(object, container, settings))
}

fn by_variables(names: &[String]) -> Option<String> {
    let has = |name: &&&str| names.iter().any(|known| known == **name);
    if let Some(own) = ITS_OWN.iter().find(has) {
        return Some(format!("its variable {own}"));
    }
    let (named, told) = (OF_GATEWAYS.iter().find(has)?, SETTINGS.iter().find(has)?);
    Some(format!("its variables {named} and {told}"))
}

/// The names of a container's variables, those that it takes from elsewhere included.
fn variables(object: &Value, container: &Value, settings: &[&Value]) -> Vec<String> {
    let mut names: Vec<_> = list(container, "/env").iter().map(|one| name_of(one).to_owned()).collect();
    for source in list(container, "/envFrom") {
        let prefix = text(source, "/prefix");
        for (member, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            let wanted = text(&source[member], "/name");
            let is_it = |one: &&&Value| one["kind"] == kind && name(one) == wanted && space(one) == space(object);
            let Some(found) = settings.iter().find(is_it) else { continue };
            let maps = ["data", "stringData", "binaryData"].into_iter().filter_map(|map| found[map].as_object());
            names.extend(maps.flat_map(|map| map.keys()).map(|key| format!("{prefix}{key}")));
        }
    }
    names
}

fn name_of(variable: &Value) -> &str {
    text(variable, "/name")
}

/// The namespace in which an object is put.
fn space(object: &Value) -> &str {
    match text(object, "/metadata/namespace") {
        "" => "default",
        named => named,
    }
}

/// A copy of its chart keeps the labels. What only tidies up, a Job, has them, too.
fn by_label(object: &Value, pod: &Value) -> Option<String> {
    if matches!(text(object, "/kind"), "Job" | "CronJob") {
        return None;
    }
    let labels = [&object["metadata"]["labels"], &pod["metadata"]["labels"]];
    let is_its = |labels: &&Value| {
        let is = |label: &str| labels[label].as_str().unwrap_or_default();
        let is_chart = |label: &str| {
            let version = is(label).strip_prefix(CHART).and_then(|rest| rest.strip_prefix('-'));
            version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
        };
        is("app") == CHART || is("app.kubernetes.io/name") == CHART || is_chart("helm.sh/chart") || is_chart("chart")
    };
    labels.iter().any(is_its).then(|| format!("the labels of its chart {CHART}"))
}

/// Whether pods of this object come into being by themselves, as far as it says so itself.
#[must_use]
pub fn starts(object: &Value) -> bool {
    let spec = &object["spec"];
    match text(object, "/kind") {
        "PodTemplate" => false,
        "Job" => spec["suspend"] != true && spec["parallelism"] != 0,
        "CronJob" => spec["suspend"] != true,
        "Pod" | "DaemonSet" => true,
        _ => spec["replicas"] != 0,
    }
}

/// Whether this object would raise that one from 0 replicas.
#[must_use]
pub fn raises(scaler: &Value, object: &Value) -> bool {
    let target = match text(scaler, "/kind") {
        "HorizontalPodAutoscaler" | "ScaledObject" => &scaler["spec"]["scaleTargetRef"],
        "Rollout" => &scaler["spec"]["workloadRef"],
        _ => return false,
    };
    let kind = match text(target, "/kind") {
        "" => "Deployment",
        kind => kind,
    };
    kind == text(object, "/kind") && text(target, "/name") == name(object) && space(scaler) == space(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(kind: &str, spec: &Value) -> Value {
        let template = json!({"spec": spec});
        let spec = match kind {
            "Pod" => spec.clone(),
            "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
            _ => json!({"template": template}),
        };
        json!({"kind": kind, "metadata": {"name": "it", "namespace": "agic"}, "spec": spec})
    }

    fn with_env(names: &[&str]) -> Value {
        let env: Vec<_> = names.iter().map(|name| json!({"name": name, "value": "x"})).collect();
        json!({"name": "it", "image": "registry.example.com/mirror/i:1", "env": env})
    }

    #[test]
    fn it_is_known_by_what_it_needs_in_every_kind_that_makes_pods() {
        let own = with_env(&["AGIC_POD_NAME"]);
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob", "Rollout"] {
            for place in ["containers", "initContainers"] {
                let spec = json!({"containers": [{"image": "shop:1"}], place: [own.clone()]});
                let object = of(kind, &spec);
                assert_eq!(recognised(&object, &[]).as_deref(), Some("its variable AGIC_POD_NAME"), "{kind} {place}");
                assert!(starts(&object), "{kind}");
            }
        }
        for container in [
            json!({"image": "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.9.8"}),
            json!({"image": "i:1", "command": ["/appgw-ingress"]}),
            json!({"image": "i:1", "args": ["exec /usr/bin/appgw-ingress --verbosity 5"]}),
            with_env(&["APPGW_RESOURCE_ID", "APPGW_VERBOSITY_LEVEL"]),
            with_env(&["APPGW_NAME", "USE_PRIVATE_IP"]),
        ] {
            assert!(recognised(&of("Deployment", &json!({"containers": [container]})), &[]).is_some(), "{container}");
        }
    }

    #[test]
    fn what_it_takes_from_elsewhere_counts() {
        let pod = json!({"containers": [{"image": "i:1", "envFrom": [{"configMapRef": {"name": "settings"}}]}]});
        let map = |space: &str| {
            json!({"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": space},
                "data": {"APPGW_RESOURCE_ID": "/subscriptions/…", "USE_MANAGED_IDENTITY_FOR_POD": "true"}})
        };
        let object = of("Deployment", &pod);
        assert!(recognised(&object, &[&map("agic")]).unwrap().contains("APPGW_RESOURCE_ID"));
        assert_eq!(recognised(&object, &[&map("shop")]), None, "another namespace's");
        let mut labelled = of("Deployment", &json!({"containers": [{"image": "i:1"}]}));
        for labels in [
            json!({"app": CHART}),
            json!({"helm.sh/chart": "ingress-azure-1.9.8"}),
            json!({"chart": "ingress-azure-1.9.8"}),
        ] {
            labelled["spec"]["template"]["metadata"] = json!({"labels": labels});
            assert!(recognised(&labelled, &[]).is_some(), "{labels}");
        }
    }

    #[test]
    fn whoever_only_mentions_a_gateway_is_none() {
        for container in [
            with_env(&["APPGW_NAME"]),
            with_env(&["APPGW_NAME", "APPGW_RESOURCE_GROUP"]),
            with_env(&["APPGW_SUBSCRIPTION_ID", "HTTP_SERVICE_PORT"]),
            with_env(&["GATEWAY_NAME", "HTTP_SERVICE_PORT"]),
            json!({"image": "shop/ingress-azure-docs:1", "args": ["--gateway", "agw-shop"]}),
            json!({"image": "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.9.8",
                "command": ["/appgw-ingress", "--cleanup-oec", "x"]}),
        ] {
            let found = recognised(&of("Deployment", &json!({"containers": [container]})), &[]);
            assert_eq!(found, None, "{container}");
        }
        let mut job = of("Job", &json!({"containers": [{"image": "kubectl:1"}]}));
        job["metadata"]["labels"] = json!({"chart": "ingress-azure-1.9.8"});
        assert_eq!(recognised(&job, &[]), None);
    }

    #[test]
    fn it_stays_where_it_is_told_and_nothing_raises_it() {
        let mut fenced = of("Deployment", &json!({"containers": [with_env(&["AGIC_POD_NAME"])]}));
        fenced["spec"]["replicas"] = 0.into();
        assert!(!starts(&fenced));
        let scaler = |kind: &str, member: &str, target: Value| json!({"kind": kind, "metadata": {"name": "s", "namespace": "agic"}, "spec": {member: target}});
        assert!(raises(&scaler("ScaledObject", "scaleTargetRef", json!({"name": "it"})), &fenced));
        let named = json!({"kind": "Deployment", "name": "it"});
        assert!(raises(&scaler("HorizontalPodAutoscaler", "scaleTargetRef", named.clone()), &fenced));
        assert!(raises(&scaler("Rollout", "workloadRef", named.clone()), &fenced));
        assert!(!raises(&scaler("ScaledObject", "scaleTargetRef", json!({"name": "web"})), &fenced));
        assert!(!raises(&scaler("Service", "scaleTargetRef", named), &fenced));
        for (kind, spec) in [
            ("Job", json!({"suspend": true})),
            ("CronJob", json!({"suspend": true})),
            ("Job", json!({"parallelism": 0})),
        ] {
            assert!(!starts(&json!({"kind": kind, "spec": spec})), "{kind}");
        }
    }
}
