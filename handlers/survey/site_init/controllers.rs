//! What runs in the serving cluster: controllers with their versions, and the workloads.
use super::{Found, Sheet};
use crate::resources::answers::{list, shortened, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Namespaces that Azure fills: a new cluster has them by itself.
pub(super) const AZURES: [&str; 10] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "gatekeeper-system",
    "calico-system",
    "tigera-operator",
    "app-routing-system",
    "aks-command",
    "aks-istio-system",
    "dataprotection-microsoft",
];
/// Parts of the images of controllers that are widely used.
const KNOWN: [&str; 22] = [
    "ingress-nginx",
    "nginx-ingress",
    "traefik",
    "contour",
    "haproxy-ingress",
    "kong",
    "envoy-gateway",
    "istio/pilot",
    "linkerd",
    "cert-manager",
    "external-dns",
    "external-secrets",
    "secrets-store",
    "azure-workload-identity",
    "keda",
    "argocd",
    "fluxcd",
    "prometheus-operator",
    "reloader",
    "cluster-autoscaler",
    "kyverno",
    "velero",
];

/// Writes controllers, workloads and how many load balancers they make.
pub(super) fn write(sheet: &mut Sheet, found: &Found, cluster: &Value) {
    let name = text(cluster, "/name");
    sheet.set("controllers", json!([{"file": "manifests/controllers.yaml"}]));
    sheet.set("workloads", json!([{"file": "manifests/workloads.yaml"}]));
    let sources =
        "plain YAML, several files if you like; ${slot.address.0} and others are filled in (docs/manifests.md).";
    sheet.decide("/controllers", &format!("the manifests of the controllers, the ingress controller first: {sources}"));
    sheet.decide("/workloads", "the manifests of the workloads.");
    let objects = match &found.objects {
        Ok(objects) => objects,
        Err(why) => {
            sheet.note(
                "/controllers",
                &format!("{name} could not be looked into: {}", why.lines().next().unwrap_or_default()),
            );
            sheet.set("internalLoadBalancers", json!(1));
            sheet.decide("/internalLoadBalancers", "how many internal load balancers the workloads make.");
            return;
        }
    };
    let (controllers, workloads) = sorted(objects);
    for line in &controllers {
        sheet.note("/controllers", &format!("{name} runs {line}"));
    }
    for (namespace, count) in workloads {
        let plural = if count == 1 { "" } else { "s" };
        sheet.note("/workloads", &format!("{name} runs {count} workload{plural} in the namespace {namespace}"));
    }
    let internal = objects.iter().filter(|object| is_internal_load_balancer(object)).count();
    sheet.set("internalLoadBalancers", json!(internal));
    sheet.note("/internalLoadBalancers", &format!("As many services of {name} have an internal address."));
}

/// The controllers, each with a line for people, and how many workloads each other namespace has.
fn sorted(objects: &[Value]) -> (BTreeSet<String>, BTreeMap<String, usize>) {
    let exposed = exposed(objects);
    let (mut controllers, mut workloads) = (BTreeSet::new(), BTreeMap::new());
    for object in objects.iter().filter(|object| images(object).next().is_some()) {
        let namespace = text(object, "/metadata/namespace");
        if AZURES.contains(&namespace) {
            continue;
        }
        if is_controller(object, &exposed) {
            controllers.insert(in_words(object));
        } else {
            *workloads.entry(shortened(namespace)).or_default() += 1;
        }
    }
    (controllers, workloads)
}

fn is_controller(object: &Value, exposed: &BTreeSet<(String, String)>) -> bool {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    let sounds_so = |text: &str| ["controller", "operator", "ingress"].iter().any(|part| text.contains(part));
    let labels = object.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
    let mut labels = labels.into_iter().flatten();
    sounds_so(name)
        || images(object).any(|image| KNOWN.iter().any(|known| image.contains(known)))
        || labels.any(|(key, value)| exposed.contains(&(namespace.to_owned(), format!("{key}={value}"))))
}

/// The labels that services with a load balancer select, with their namespaces.
fn exposed(objects: &[Value]) -> BTreeSet<(String, String)> {
    let services = objects.iter().filter(|object| is_internal_load_balancer(object));
    let labels = services.flat_map(|service| {
        let selector = service.pointer("/spec/selector").and_then(Value::as_object);
        let namespace = text(service, "/metadata/namespace").to_owned();
        let pair = move |(key, value): (&String, &Value)| (namespace.clone(), format!("{key}={value}"));
        selector.into_iter().flatten().map(pair).collect::<Vec<_>>()
    });
    labels.collect()
}

fn is_internal_load_balancer(object: &Value) -> bool {
    let annotation = "/metadata/annotations/service.beta.kubernetes.io~1azure-load-balancer-internal";
    text(object, "/spec/type") == "LoadBalancer" && text(object, annotation) == "true"
}

fn images(object: &Value) -> impl Iterator<Item = &str> {
    list(object, "/spec/template/spec/containers").iter().map(|container| text(container, "/image"))
}

fn in_words(object: &Value) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    let images: Vec<_> = images(object).map(version).collect();
    let mut line = format!("{}/{}: {}", shortened(namespace), shortened(name), images.join(", "));
    let chart = text(object, "/metadata/labels/helm.sh~1chart");
    if !chart.is_empty() {
        let _ = write!(line, " (chart {})", shortened(chart));
    }
    line
}

/// An image by its last name and its version.
fn version(image: &str) -> String {
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    let last = image.rsplit('/').next().unwrap_or(image);
    match (last.split_once(':'), digest) {
        (Some((name, tag)), _) => format!("{} {}", shortened(name), shortened(tag)),
        (None, Some(digest)) => format!("{} at {}", shortened(last), digest.get(..19).unwrap_or(digest)),
        (None, None) => format!("{} without a version", shortened(last)),
    }
}
