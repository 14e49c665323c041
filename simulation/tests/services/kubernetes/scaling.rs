//! Autoscalers and KEDA's objects, as far as a cluster without any load shows them. With load: the shop's own upgrades.
use super::*;

const AUTOSCALERS: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

fn autoscaler(least: u32, most: u32) -> Value {
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})
}

fn scene(least: u32, most: u32, replicas: u32) -> Fleet {
    let fleet = fleet(2);
    let mut server = fleet.server(HOST).unwrap();
    server.age_by(seconds(600), began());
    server.apply(&deployment("web", "web:1", replicas), began()).unwrap();
    server.apply(&autoscaler(least, most), began()).unwrap();
    drop(server);
    fleet
}

fn replicas(fleet: &mut Fleet, now: Timestamp) -> Value {
    get(fleet, &format!("{DEPLOYMENTS}/web"), now)["spec"]["replicas"].clone()
}

#[test]
fn bounds_are_kept_and_without_a_measure_nothing_else_is_done() {
    for (least, most, replicas_at_first, kept) in [(3, 9, 2, 3), (1, 4, 6, 4), (1, 9, 5, 5), (2, 9, 0, 0)] {
        let mut fleet = scene(least, most, replicas_at_first);
        assert_eq!(replicas(&mut fleet, at(20)), kept, "{least} to {most}, at first {replicas_at_first}");
        let shown = get(&mut fleet, &format!("{AUTOSCALERS}/web"), at(40));
        assert_eq!(shown["status"]["currentReplicas"], kept);
        let reason = if kept == 0 { "ScalingDisabled" } else { "FailedGetResourceMetric" };
        assert!(has(&shown, "ScalingActive", "False", reason), "{shown}");
    }
}

#[test]
fn a_raised_minimum_counts_within_a_quarter_of_a_minute_and_the_count_is_the_autoscalers() {
    let mut fleet = scene(1, 9, 2);
    let patch = json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"minReplicas": 6}}).to_string();
    let path = format!("{AUTOSCALERS}/web?fieldManager=pin");
    assert_eq!(call(&mut fleet, "PATCH", &path, "application/merge-patch+json", &patch, at(31)).0, 200);
    assert_eq!((replicas(&mut fleet, at(32)), replicas(&mut fleet, at(46))), (json!(2), json!(6)));
    let web = get(&mut fleet, &format!("{DEPLOYMENTS}/web"), at(90));
    assert_eq!(web["status"]["readyReplicas"], 6);
    let owners: Vec<_> = web["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["fieldsV1"]["f:spec"]["f:replicas"].is_object())
        .map(|entry| (entry["manager"].clone(), entry["subresource"].clone()))
        .collect();
    assert_eq!(owners, [(json!("kube-controller-manager"), json!("scale"))]);
    let stale = json!({"metadata": {"resourceVersion": "1"}, "spec": {"minReplicas": 7}}).to_string();
    assert_eq!(call(&mut fleet, "PATCH", &path, "application/merge-patch+json", &stale, at(91)).0, 409);
}

/// KEDA's definition.
fn scaled_objects() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
        "spec": {"group": "keda.sh", "scope": "Namespaced", "names": {"plural": "scaledobjects", "kind": "ScaledObject"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

fn apply(fleet: &Fleet, object: &Value, now: Timestamp) {
    drop(fleet.server(HOST).unwrap().apply(object, now).unwrap());
}

#[test]
fn a_scaled_object_has_an_autoscaler_of_its_own_until_it_is_paused() {
    let mut fleet = scene(1, 9, 2);
    let scaled = |annotations: Value| {
        json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": {"name": "api", "namespace": "default", "annotations": annotations},
        "spec": {"minReplicaCount": 4, "scaleTargetRef": {"name": "api"}}})
    };
    apply(&fleet, &scaled_objects(), began());
    apply(&fleet, &deployment("api", "api:1", 1), began());
    apply(&fleet, &scaled(json!({})), at(30));
    let own = get(&mut fleet, &format!("{AUTOSCALERS}/keda-hpa-api"), at(50));
    assert_eq!(
        (&own["spec"]["minReplicas"], &own["metadata"]["ownerReferences"][0]["kind"]),
        (&json!(4), &json!("ScaledObject"))
    );
    assert_eq!(get(&mut fleet, &format!("{DEPLOYMENTS}/api"), at(50))["spec"]["replicas"], 4);
    apply(&fleet, &scaled(json!({"autoscaling.keda.sh/paused-replicas": "1"})), at(60));
    assert_eq!(get(&mut fleet, &format!("{AUTOSCALERS}/keda-hpa-api"), at(80))["code"], 404);
    let size = |fleet: &mut Fleet, at| get(fleet, &format!("{DEPLOYMENTS}/api"), at)["spec"]["replicas"].clone();
    assert_eq!(size(&mut fleet, at(80)), 1, "as many as it is paused at");
    apply(&fleet, &scaled(json!({"autoscaling.keda.sh/paused-replicas": "0"})), at(90));
    assert_eq!(size(&mut fleet, at(110)), 0);
    apply(&fleet, &scaled(json!({"autoscaling.keda.sh/paused": "true"})), at(120));
    assert_eq!(size(&mut fleet, at(140)), 0, "as it was");
    apply(&fleet, &scaled(json!({})), at(150));
    assert_eq!(size(&mut fleet, at(170)), 4, "its operator starts what an autoscaler would not");
}

#[test]
fn what_nothing_triggers_goes_to_0_and_a_minimum_starts_it() {
    let mut fleet = scene(1, 9, 2);
    let scaled = |spec: Value, trigger: &str| {
        let mut object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {"name": "api", "namespace": "default"}, "spec": spec});
        object["spec"]["scaleTargetRef"] = json!({"name": "api"});
        object["spec"]["triggers"] = json!([{"type": trigger}]);
        object
    };
    let size = |fleet: &mut Fleet, at| get(fleet, &format!("{DEPLOYMENTS}/api"), at)["spec"]["replicas"].clone();
    apply(&fleet, &scaled_objects(), began());
    apply(&fleet, &deployment("api", "api:1", 2), began());
    apply(&fleet, &scaled(json!({}), "cpu"), at(30));
    assert_eq!(size(&mut fleet, at(60)), 2, "a processor always works");
    apply(&fleet, &scaled(json!({}), "prometheus"), at(60));
    assert_eq!(size(&mut fleet, at(310)), 2, "it cools down");
    assert_eq!(size(&mut fleet, at(420)), 0);
    apply(&fleet, &scaled(json!({"minReplicaCount": 3}), "prometheus"), at(430));
    assert_eq!(size(&mut fleet, at(450)), 3);
    apply(&fleet, &scaled(json!({"minReplicaCount": 3, "idleReplicaCount": 0}), "prometheus"), at(460));
    assert_eq!(size(&mut fleet, at(480)), 0, "it counts more than the minimum");
}
