//! Nodes for the workloads as large as both clusters are kept.
use super::world::{old, seen, set};
use crate::example::plan;
use bluegreen_core::plan::checks::{Fits, KeptSize, Seen, kept_size};
use bluegreen_core::workload::pins::{Load, Scaled, load, wishes};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A Deployment of so many pods that ask for a core each, kept at twelve by its autoscaler.
fn scaled(pods: u64) -> Scaled {
    let metadata = json!({"name": "web", "namespace": "shop", "uid": "1"});
    let container = json!({"name": "web", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}});
    Scaled {
        autoscalers: vec![json!({"kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": {"minReplicas": 2,
            "maxReplicas": 12, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}})],
        deployments: vec![json!({"kind": "Deployment", "metadata": metadata,
            "spec": {"replicas": pods, "template": {"spec": {"containers": [container]}}}})],
        ..Scaled::default()
    }
}

fn node() -> Value {
    json!({"metadata": {"labels": {"node.kubernetes.io/instance-type": "Standard_D4s_v5"}},
        "status": {"allocatable": {"cpu": "3900m", "memory": "12Gi", "pods": "30"}}})
}

/// A pod of which asks for 400m on each of three nodes.
fn daemon() -> Value {
    json!({"kind": "DaemonSet", "status": {"desiredNumberScheduled": 3},
        "spec": {"template": {"spec": {"containers": [{"resources": {"requests": {"cpu": "400m"}}}]}}}})
}

fn of(hour: u64) -> Load {
    let (old, counts) = (scaled(3), BTreeMap::from([("Deployment shop/web".to_owned(), hour)]));
    load(&old, &wishes(&old, &counts, |_| true), &[daemon()], &[node(), node(), node()])
}

fn judged(seen: &Seen, load: &Load) -> KeptSize {
    kept_size(&plan(), seen, load).expect("every size is known")
}

/// The same world with an autoscaler of nodes.
fn growing(most: u64) -> Seen {
    let mut seen = seen();
    for (member, value) in [("enableAutoScaling", json!(true)), ("minCount", json!(1)), ("maxCount", json!(most))] {
        set(old(&mut seen), &format!("/properties/agentPoolProfiles/0/{member}"), value);
    }
    seen
}

#[test]
fn what_fits_into_the_nodes_that_it_begins_with_is_no_word_worth() {
    let load = of(10);
    assert_eq!((load.held[0].now, load.held[0].kept, load.on_each.cpu), (3, 10, 400));
    let size = judged(&seen(), &load);
    assert_eq!((size.fits.clone(), size.begins.0, size.begins.1.cpu, size.asks.cpu), (Fits::Begins, 3, 10_500, 10_000));
    assert_eq!(size.warning(), None);
    assert!(
        size.words().ends_with("the 3 nodes that it begins with offer 10.5 cores and 36.0 GiB for 87 pods: it fits")
    );
}

#[test]
fn what_no_number_of_its_nodes_bears_is_said_and_refuses_nothing() {
    // The hour's 40 pods are cut at the autoscaler's 12.
    let size = judged(&seen(), &of(40));
    assert_eq!((size.asks.cpu, &size.fits), (12_000, &Fits::TooSmall));
    let said = size.warning().unwrap().to_string();
    assert!(said.contains("pods ask for 12.0 cores") && said.contains("all 3 nodes"), "{said}");
    assert_eq!(judged(&growing(3), &of(40)).fits, Fits::TooSmall);
    let mut provisioned = seen();
    set(old(&mut provisioned), "/properties/nodeProvisioningProfile", json!({"mode": "Auto"}));
    assert_eq!(judged(&provisioned, &of(40)).warning(), None);
}

#[test]
fn nodes_that_an_autoscaler_adds_are_counted_against_the_quota() {
    let short = judged(&growing(9), &of(12));
    let said = short.warning().unwrap().to_string();
    assert!(said.contains("needs 1 nodes more of the pool system, and with them 16 cores of"), "{said}");
    let mut roomy = growing(9);
    for quota in ["/value/0/limit", "/value/1/limit"] {
        set(roomy.usages.as_mut().unwrap(), quota, json!(28));
    }
    let fits = judged(&roomy, &of(12));
    assert_eq!((fits.warning(), fits.fits), (None, Fits::Grows(1, "system".into(), vec![])));
}

#[test]
fn another_size_of_machine_counts_whole_and_an_unknown_one_is_said() {
    let mut other = seen();
    set(old(&mut other), "/properties/agentPoolProfiles/0/vmSize", json!("Standard_D8s_v5"));
    assert!(kept_size(&plan(), &other, &of(12)).unwrap_err().contains("Standard_D8s_v5"));
    let size = json!({"resourceType": "virtualMachines", "name": "Standard_D8s_v5", "family": "standardDSv5Family",
        "capabilities": [{"name": "vCPUs", "value": "8"}, {"name": "MemoryGB", "value": "32"}]});
    set(&mut other.sizes.as_mut().unwrap()["value"], "/0", size);
    let size = judged(&other, &of(12));
    assert_eq!((size.fits, size.begins.1.cpu), (Fits::Begins, 3 * 7600));
}
