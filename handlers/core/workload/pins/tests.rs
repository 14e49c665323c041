//! What is pinned, to how much, and how it is taken back.
use super::*;
use crate::resources::merge::merge_patch;

const RUN: &str = "shop-1";

fn deployment(name: &str, replicas: u64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("d-{name}"), "resourceVersion": "7", "generation": 1},
        "spec": {"replicas": replicas}, "status": {"readyReplicas": replicas, "observedGeneration": 1}})
}

fn autoscaler(name: &str, least: u64, most: u64) -> Value {
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("h-{name}"), "resourceVersion": "9"},
        "spec": {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}})
}

fn web(replicas: u64, least: u64, most: u64) -> Scaled {
    Scaled {
        autoscalers: vec![autoscaler("web", least, most)],
        deployments: vec![deployment("web", replicas)],
        ..Scaled::default()
    }
}

fn everywhere(_: &str) -> bool {
    true
}

fn pins(scaled: &Scaled, wish: u64) -> Planned {
    planned(scaled, &Wishes::from([("Deployment shop/web".into(), wish)]), RUN, true)
}

/// The object as the server keeps it.
fn merged(object: &Value, patch: &Value) -> Value {
    let mut merged = object.clone();
    merge_patch(&mut merged, patch);
    merged
}

#[test]
fn the_larger_of_now_the_last_hour_and_its_own_minimum_counts() {
    for (now, hour, least, wish) in [(8, 0, 2, 8), (3, 9, 2, 9), (3, 4, 6, 6)] {
        let hour = Counts::from([("Deployment shop/web".into(), hour)]);
        let wishes = wishes(&web(now, least, 20), &hour, everywhere);
        assert_eq!(wishes["Deployment shop/web"], wish);
    }
    let sized = Scaled { deployments: vec![deployment("web", 3)], ..Scaled::default() };
    let hour = Counts::from([("Deployment shop/web".into(), 9)]);
    assert_eq!(wishes(&sized, &hour, everywhere)["Deployment shop/web"], 3, "a person has sized it");
    assert!(wishes(&web(3, 1, 9), &hour, |space| space != "shop").is_empty());
}

#[test]
fn nothing_is_pinned_down_nor_beyond_a_maximum_nor_started() {
    assert_eq!(pins(&web(3, 5, 20), 4).pins, []);
    let bounded = pins(&web(3, 2, 6), 9);
    assert_eq!((bounded.pins[0].before, bounded.pins[0].to), (Some(2), 6));
    assert!(bounded.short[0].contains("wants 9 pods") && bounded.short[0].contains("allows 6"), "{:?}", bounded.short);
    let mut stopped = web(0, 2, 6);
    assert_eq!(pins(&stopped, 9), Planned::default());
    stopped.autoscalers.clear();
    assert_eq!(pins(&stopped, 9), Planned::default(), "what stands at 0 stays there");
}

#[test]
fn what_no_autoscaler_rules_gets_its_size_in_the_new_cluster_alone() {
    let sized = Scaled { deployments: vec![deployment("web", 3)], ..Scaled::default() };
    let planned_new = pins(&sized, 10);
    assert_eq!(planned_new.pins[0].to_string(), "Deployment shop/web to 10");
    let wishes = Wishes::from([("Deployment shop/web".into(), 10)]);
    assert_eq!(planned(&sized, &wishes, RUN, false), Planned::default());
    let live = merged(&sized.deployments[0], &by(&planned_new.pins[0], &sized.deployments[0]));
    let kept = undo(&live, true).unwrap();
    assert_eq!((kept.patch.get("spec"), kept.left), (None, None), "nothing that serves is reduced");
    assert_eq!(merged(&live, &undo(&live, false).unwrap().patch)["spec"]["replicas"], 3);
}

fn by(pin: &Pin, live: &Value) -> Value {
    match patch(pin, Some(live), RUN) {
        Placed::By(patch) => patch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pin_is_placed_once_raised_and_taken_back_to_what_was_there() {
    let scaled = web(8, 2, 20);
    let (pin, live) = (&pins(&scaled, 8).pins[0], &scaled.autoscalers[0]);
    let placed = by(pin, live);
    assert_eq!(placed["metadata"]["resourceVersion"], "9", "nobody is written over");
    let live = merged(live, &placed);
    assert_eq!((&live["spec"]["minReplicas"], patch(pin, Some(&live), RUN)), (&json!(8), Placed::Yes));
    // The load has grown.
    let raised = pins(&Scaled { autoscalers: vec![live.clone()], ..scaled }, 11);
    assert_eq!((raised.pins[0].before, raised.pins[0].to), (Some(2), 11), "the inverse stays");
    let mut known = Pins { new: vec![pin.clone()], ..Pins::default() };
    known.add(&Pins { new: raised.pins.clone(), ..Pins::default() });
    assert_eq!((known.new.len(), known.new[0].to), (1, 11));
    let live = merged(&live, &by(&raised.pins[0], &live));
    let back = undo(&live, true).unwrap();
    assert_eq!((back.left, back.what.as_str()), (None, "HorizontalPodAutoscaler shop/web from 11 to 2"));
    let live = merged(&live, &back.patch);
    assert_eq!((&live["spec"]["minReplicas"], undo(&live, true)), (&json!(2), None));
}

#[test]
fn what_somebody_else_wrote_is_left_and_named() {
    let scaled = web(8, 2, 20);
    let pin = &pins(&scaled, 8).pins[0];
    let mut live = merged(&scaled.autoscalers[0], &by(pin, &scaled.autoscalers[0]));
    live["spec"]["minReplicas"] = json!(5);
    assert!(matches!(patch(pin, Some(&live), RUN), Placed::Left(why) if why.contains("is 5, and not 8")));
    let undo = undo(&live, true).unwrap();
    assert!(undo.left.unwrap().contains("is 5, and not 8") && undo.patch.get("spec").is_none());
    assert!(matches!(patch(pin, None, RUN), Placed::Left(why) if why.ends_with("is gone")));
    let another = merged(&scaled.autoscalers[0], &json!({"metadata": {"uid": "another"}}));
    assert!(matches!(patch(pin, Some(&another), RUN), Placed::Left(_)));
}

#[test]
fn another_runs_pin_is_taken_over_with_its_inverse() {
    let mut scaled = web(8, 2, 20);
    let earlier = &pins(&scaled, 8).pins[0];
    let Placed::By(placed) = patch(earlier, Some(&scaled.autoscalers[0]), "shop-0") else { panic!() };
    scaled.autoscalers[0] = merged(&scaled.autoscalers[0], &placed);
    assert_eq!(wishes(&web(3, 2, 20), &Counts::new(), everywhere)["Deployment shop/web"], 3);
    let over = pins(&scaled, 5);
    assert_eq!((over.pins[0].before, over.pins[0].to), (Some(2), 8), "not below what is there");
    assert_eq!(marked(&merged(&scaled.autoscalers[0], &by(&over.pins[0], &scaled.autoscalers[0]))).unwrap().run, RUN);
}

#[test]
fn what_somebody_wrote_over_another_runs_pin_is_what_it_is_set_back_to() {
    let mut scaled = web(8, 2, 20);
    let Placed::By(placed) = patch(&pins(&scaled, 8).pins[0], Some(&scaled.autoscalers[0]), "shop-0") else { panic!() };
    scaled.autoscalers[0] = merged(&scaled.autoscalers[0], &placed);
    scaled.autoscalers[0]["spec"]["minReplicas"] = 12.into();
    let over = pins(&scaled, 15);
    assert_eq!((over.pins[0].before, over.pins[0].to), (Some(12), 15));
}

#[test]
fn a_reconcilers_minimum_is_a_line_for_its_repository() {
    let mut scaled = web(8, 2, 20);
    let owned = |manager: &str, member: &str| {
        json!([{"manager": manager, "operation": "Apply",
        "fieldsV1": {"f:spec": {format!("f:{member}"): {}}}}])
    };
    scaled.autoscalers[0]["metadata"]["managedFields"] = owned("kustomize-controller", "minReplicas");
    let planned = pins(&scaled, 8);
    assert_eq!(
        planned.reconciled,
        ["HorizontalPodAutoscaler shop/web: spec.minReplicas: 8 (kustomize-controller owns it)"]
    );
    assert_eq!(planned.pins, []);
    for (manager, member) in
        [("helm", "minReplicas"), ("kubectl-client-side-apply", "minReplicas"), ("flux", "maxReplicas")]
    {
        scaled.autoscalers[0]["metadata"]["managedFields"] = owned(manager, member);
        assert_eq!(pins(&scaled, 8).pins.len(), 1, "{manager}");
    }
    scaled.autoscalers[0]["metadata"]["ownerReferences"] =
        json!([{"kind": "Shop", "name": "main", "controller": true}]);
    assert!(pins(&scaled, 8).reconciled[0].ends_with("(Shop main owns it)"));
}

#[test]
fn a_scaled_object_is_pinned_by_its_own_field_if_it_follows_traffic() {
    let scaled_object = |trigger: &str| {
        json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {"name": "web", "namespace": "shop", "uid": "s", "resourceVersion": "4"},
            "spec": {"maxReplicaCount": 6, "scaleTargetRef": {"name": "web"}, "triggers": [{"type": trigger}]}})
    };
    let mut scaled = web(4, 1, 6);
    scaled.autoscalers[0]["metadata"]["ownerReferences"] =
        json!([{"kind": "ScaledObject", "name": "web", "controller": true}]);
    scaled.scaled_objects = vec![scaled_object("prometheus")];
    let pin = pins(&scaled, 9).pins.remove(0);
    assert_eq!((pin.kind, pin.before, pin.to, pin.workload.as_str()), (Field::ScaledObject, None, 6, "Deployment web"));
    let live = merged(&scaled.scaled_objects[0], &by(&pin, &scaled.scaled_objects[0]));
    assert_eq!(live["spec"]["minReplicaCount"], 6);
    assert_eq!(merged(&live, &undo(&live, true).unwrap().patch)["spec"].get("minReplicaCount"), None);
    scaled.scaled_objects = vec![scaled_object("azure-servicebus")];
    let said = |scaled: &Scaled, why: &str| {
        let planned = pins(scaled, 9);
        let line = format!("Deployment shop/web is left as it is: ScaledObject shop/web {why}");
        assert_eq!(planned, Planned { beyond: vec![line], ..Planned::default() });
        assert!(wishes(scaled, &Counts::new(), everywhere).is_empty());
    };
    said(&scaled, "follows what waits to be consumed (azure-servicebus), and no traffic");
    let mut paused = scaled_object("cpu");
    paused["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused-replicas": "0"});
    scaled.scaled_objects = vec![paused];
    said(&scaled, "is paused");
    for measures in ["dynatrace", "graphite", "influxdb", "loki", "splunk-observability", "azure-data-explorer"] {
        scaled.scaled_objects = vec![scaled_object(measures)];
        assert_eq!(pins(&scaled, 6).pins.len(), 1, "{measures}");
    }
    for annotation in ["autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-scale-in"] {
        let mut follows = scaled_object("cpu");
        follows["metadata"]["annotations"] = json!({annotation: "false"});
        scaled.scaled_objects = vec![follows];
        assert_eq!(pins(&scaled, 6).pins.len(), 1, "{annotation} pauses nothing");
    }
}

/// Nothing triggers it in a cluster without traffic: KEDA takes it to 0.
#[test]
fn what_keda_has_taken_to_0_is_started_by_a_pin() {
    let scaled_object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": {"name": "web", "namespace": "shop", "uid": "s", "resourceVersion": "4"},
        "spec": {"maxReplicaCount": 20, "scaleTargetRef": {"name": "web"}, "triggers": [{"type": "prometheus"}]}});
    let mut scaled = Scaled { scaled_objects: vec![scaled_object], ..web(0, 1, 20) };
    scaled.autoscalers[0]["metadata"]["ownerReferences"] =
        json!([{"kind": "ScaledObject", "name": "web", "controller": true}]);
    let pin = pins(&scaled, 10).pins.remove(0);
    assert_eq!((pin.kind, pin.before, pin.to), (Field::ScaledObject, None, 10));
    assert!(unready(&scaled, &pin).unwrap().contains("0 of 10 pods are ready"));
    let hour = Counts::from([("Deployment shop/web".into(), 9)]);
    assert_eq!(wishes(&scaled, &hour, everywhere)["Deployment shop/web"], 9, "it had pods in the last hour");
    assert_eq!(counts(&scaled)["Deployment shop/web"], 0);
    let kept = load(&scaled, &wishes(&scaled, &hour, everywhere), &[], &[]).held;
    assert_eq!((kept[0].now, kept[0].kept), (0, 9));
    // Its autoscaler may be still to come.
    scaled.autoscalers.clear();
    assert_eq!(pins(&scaled, 10).pins.len(), 1);
    scaled.scaled_objects[0]["spec"]["idleReplicaCount"] = json!(0);
    assert!(pins(&scaled, 10).short[0].contains("has 0 while nothing triggers it"));
}

#[test]
fn nobody_wishes_for_more_than_the_old_clusters_own_maximum() {
    let hour = Counts::from([("Deployment shop/web".into(), 20)]);
    assert_eq!(wishes(&web(3, 1, 6), &hour, everywhere)["Deployment shop/web"], 6, "somebody has lowered it since");
    let new = pins(&web(2, 2, 2), 8);
    assert_eq!((new.pins.len(), new.short.len()), (0, 1), "{new:?}");
}

#[test]
fn what_only_its_autoscaler_can_size_is_kept_large_by_that() {
    let mut rollout = autoscaler("web", 2, 20);
    rollout["spec"]["scaleTargetRef"] = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"});
    rollout["status"] = json!({"currentReplicas": 8});
    let old = Scaled { autoscalers: vec![rollout.clone()], ..Scaled::default() };
    let wanted = wishes(&old, &Counts::new(), everywhere);
    assert_eq!(wanted, Wishes::from([("Rollout shop/web".into(), 8)]));
    assert!(wishes(&old, &Counts::new(), |space| space != "shop").is_empty());
    rollout["status"] = json!({"currentReplicas": 2});
    let mut new = Scaled { autoscalers: vec![rollout], ..Scaled::default() };
    let pin = planned(&new, &wanted, RUN, true).pins.remove(0);
    assert_eq!((pin.kind, pin.to, pin.workload.as_str()), (Field::HorizontalPodAutoscaler, 8, "Rollout web"));
    assert_eq!(unready(&new, &pin).unwrap(), "Rollout shop/web: 2 of 8 pods are there, as many as the load wants");
    new.autoscalers[0]["status"]["currentReplicas"] = json!(8);
    assert!(unready(&new, &pin).unwrap().contains("cannot be read"));
    assert_eq!(new.further(), Vec::<Value>::new(), "it is listed");
    let rollout = |ready: u64, phase: &str| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": 8}, "status": {"phase": phase, "readyReplicas": 8, "availableReplicas": ready}})
    };
    new.others = vec![rollout(3, "Progressing")];
    assert_eq!(unready(&new, &pin).unwrap(), "Rollout shop/web: 3 of 8 pods are ready, as many as the load wants");
    new.others = vec![rollout(8, "Degraded")];
    assert_eq!(unready(&new, &pin).unwrap(), "Rollout shop/web is Degraded");
    new.others = vec![rollout(8, "Healthy")];
    assert_eq!(unready(&new, &pin), None);
    assert_eq!(planned(&new, &wanted, RUN, true).pins.len(), 1, "its autoscaler sizes it, and no person");
    new.autoscalers[0]["status"] = json!({});
    assert_eq!(planned(&new, &wanted, RUN, true).pins.len(), 1, "it was not looked at yet");
    new.autoscalers[0]["status"] = json!({"currentReplicas": 0, "conditions": [
        {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}]});
    assert_eq!(planned(&new, &wanted, RUN, true), Planned::default(), "somebody has stopped it");
}

#[test]
fn what_only_people_size_and_no_pin_does_is_named_where_it_is_smaller() {
    let rollout = |replicas: u64| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": []}}}})
    };
    let of = |replicas: u64| Scaled { others: vec![rollout(replicas)], ..Scaled::default() };
    let wanted = wishes(&of(6), &Counts::new(), everywhere);
    assert_eq!(wanted["Rollout shop/web"], 6);
    let named = planned(&of(2), &wanted, RUN, true);
    assert_eq!((named.pins.len(), named.short.len()), (0, 1));
    assert_eq!(named.short[0], "Rollout shop/web has 2 pods, in the old cluster 6: only people size a Rollout");
    assert_eq!(planned(&of(6), &wanted, RUN, true), Planned::default());
    assert_eq!(planned(&Scaled::of_objects(&[rollout(2)]), &wanted, RUN, true).short.len(), 1);
    assert!(counts(&of(6)).is_empty());
    assert_eq!(load(&of(6), &wanted, &[], &[]).held[0].kept, 6, "it asks for room all the same");
    let mut other = autoscaler("web", 2, 20);
    other["spec"]["scaleTargetRef"] = json!({"apiVersion": "x.example/v1", "kind": "Fleet", "name": "web"});
    let further = Scaled { autoscalers: vec![other], ..Scaled::default() }.further();
    assert_eq!(
        further,
        [json!({"apiVersion": "x.example/v1", "kind": "Fleet", "metadata": {"namespace": "shop", "name": "web"}})]
    );
}

#[test]
fn a_helm_releases_minimum_is_pinned_and_the_release_is_named() {
    let mut scaled = web(8, 2, 20);
    scaled.autoscalers[0]["metadata"]["managedFields"] =
        json!([{"manager": "helm", "operation": "Update", "fieldsV1": {"f:spec": {"f:minReplicas": {}}}}]);
    scaled.autoscalers[0]["metadata"]["annotations"] =
        json!({"meta.helm.sh/release-name": "front", "meta.helm.sh/release-namespace": "shop"});
    let planned = pins(&scaled, 8);
    assert_eq!(planned.pins.len(), 1);
    assert_eq!(
        planned.released,
        ["HorizontalPodAutoscaler shop/web: spec.minReplicas: 8 (the Helm release shop/front)"]
    );
}

#[test]
fn manifests_say_what_sizes_workloads_too() {
    let mut bare = autoscaler("web", 2, 2);
    bare["metadata"] = json!({"name": "web"});
    let objects = [bare, json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}})];
    let mut web = deployment("web", 1);
    web["metadata"]["namespace"] = "default".into();
    let scaled = Scaled::of_objects(&[&objects[..], &[web]].concat());
    let wanted = Wishes::from([("Deployment default/web".into(), 8)]);
    assert!(planned(&scaled, &wanted, RUN, true).short[0].contains("allows 2"));
    assert_eq!(scaled.all().count(), 2);
}

#[test]
fn it_is_as_large_as_it_should_be_when_so_many_are_ready() {
    let mut scaled = web(8, 8, 20);
    let to = |to| Pin { to, ..pins(&web(2, 2, 20), 8).pins.remove(0) };
    assert_eq!(unready(&scaled, &to(8)), None);
    assert!(unready(&scaled, &to(9)).unwrap().starts_with("Deployment shop/web: 8 of 9 pods are ready"));
    scaled.deployments[0]["status"]["readyReplicas"] = json!(2);
    assert!(unready(&scaled, &to(8)).unwrap().contains("2 of 8"));
}

#[test]
fn too_many_pins_are_named_and_an_unreadable_mark_goes() {
    let names: Vec<_> = (0..MOST + 3).map(|number| format!("web-{number:04}")).collect();
    let scaled = Scaled {
        autoscalers: names.iter().map(|name| autoscaler(name, 1, 9)).collect(),
        deployments: names.iter().map(|name| deployment(name, 4)).collect(),
        ..Scaled::default()
    };
    let planned = planned(&scaled, &wishes(&scaled, &Counts::new(), everywhere), RUN, true);
    assert_eq!((planned.pins.len(), planned.beyond.len(), planned.short.len()), (MOST, 3, 0));
    let mut odd = autoscaler("web", 4, 9);
    odd["metadata"]["annotations"] = json!({PINNED: "{"});
    assert!(undo(&odd, true).unwrap().left.unwrap().contains("cannot be read"));
}

#[test]
fn what_its_owner_sizes_and_what_is_idle_by_itself_keep_no_upgrade() {
    let mut typha = deployment("typha", 2);
    typha["metadata"]["ownerReferences"] = json!([{"kind": "Installation", "name": "default", "controller": true}]);
    let wanted = Wishes::from([("Deployment shop/typha".into(), 3)]);
    let found = planned(&Scaled { deployments: vec![typha], ..Scaled::default() }, &wanted, RUN, true);
    assert!(found.pins.is_empty() && found.short.is_empty() && found.reconciled.is_empty(), "{found:?}");
    assert!(found.beyond[0].contains("has 2 pods, in the old cluster 3: Installation default sizes it"), "{found:?}");
    let idle = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minReplicaCount": 2, "idleReplicaCount": 0, "scaleTargetRef": {"name": "web"}, "triggers": [{"type": "cron"}]}});
    let night = Scaled { scaled_objects: vec![idle], ..web(0, 1, 20) };
    let wanted = wishes(&night, &Counts::new(), everywhere);
    assert_eq!(wanted["Deployment shop/web"], 0, "nothing triggered it for an hour");
    assert_eq!(planned(&night, &wanted, RUN, true), Planned::default());
    let hour = Counts::from([("Deployment shop/web".into(), 1)]);
    assert_eq!(wishes(&night, &hour, everywhere)["Deployment shop/web"], 2);
}
