//! What is suspended, stopped, seen stopped and started, kind by kind.
use super::*;
use crate::resources::merge::merge_patch;

const RUN: &str = "shop-1";

fn one(kind: SingletonKind) -> Singleton {
    Singleton { kind, namespace: "shop".into(), name: "x".into() }
}

fn object(kind: SingletonKind, spec: Value) -> Value {
    let metadata = json!({"namespace": "shop", "name": "x", "uid": "u", "resourceVersion": "7"});
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.name(), "metadata": metadata});
    object["spec"] = spec;
    object
}

/// The object as the server keeps it.
fn merged(object: &Value, patch: &Value) -> Value {
    let mut merged = object.clone();
    merge_patch(&mut merged, patch);
    merged
}

#[test]
fn each_kind_is_stopped_and_started_with_what_it_was() {
    use SingletonKind::{CronJob, CronWorkflow, Deployment, ScaledJob, ScaledObject, StatefulSet};
    for (kind, spec, was) in [
        (CronJob, json!({"schedule": "* * * * *"}), Value::Null),
        (CronJob, json!({"suspend": false}), json!(false)),
        (CronWorkflow, json!({}), Value::Null),
        (Deployment, json!({"replicas": 3}), json!(3)),
        (StatefulSet, json!({}), Value::Null),
        (ScaledJob, json!({}), Value::Null),
        (ScaledObject, json!({}), Value::Null),
    ] {
        let live = object(kind, spec);
        let stopped = merged(&live, &stop(kind, &live, None, RUN, false).unwrap());
        assert!(is_off(kind, &stopped) && !is_off(kind, &live), "{stopped}");
        assert_eq!(marked(&stopped).unwrap(), Mark { run: RUN.into(), stopped: true, back: false, was: was.clone() });
        assert_eq!(stop(kind, &stopped, None, RUN, false), None, "once");
        let started = merged(&stopped, &start(kind, &stopped, RUN, Some(&was)).unwrap());
        assert!(!is_off(kind, &started) && started["spec"] == live["spec"], "{started}");
        assert_eq!(start(kind, &started, RUN, Some(&was)), None, "once");
    }
}

#[test]
fn whoever_starts_it_again_is_not_believed_and_what_it_was_stays_known() {
    let kind = SingletonKind::Deployment;
    let live = object(kind, json!({"replicas": 3}));
    let mut stopped = merged(&live, &stop(kind, &live, None, RUN, false).unwrap());
    stopped["spec"]["replicas"] = 1.into();
    let again = stop(kind, &stopped, None, RUN, false).unwrap();
    assert_eq!(marked(&merged(&stopped, &again)).unwrap().was, 3);
    let other = stop(kind, &merged(&stopped, &again), None, "shop-2", false).unwrap();
    assert_eq!(marked(&merged(&live, &other)).unwrap().was, 0, "another run finds it stopped");
}

#[test]
fn every_write_names_the_version_and_says_whose_it_is() {
    // Where nothing is to be changed the annotation is written all the same: what comes late meets another version.
    let kind = SingletonKind::CronJob;
    let runs = object(kind, json!({}));
    let marks = start(kind, &runs, RUN, Some(&Value::Null)).unwrap();
    assert_eq!((&marks["metadata"]["resourceVersion"], marks.get("spec")), (&json!("7"), None));
    let suspended = object(kind, json!({"suspend": true}));
    let stops = stop(kind, &suspended, None, RUN, false).unwrap();
    assert_eq!((&stops["metadata"]["resourceVersion"], &stops["spec"]["suspend"]), (&json!("7"), &json!(true)));
    assert!(stays_off(kind, &marked(&stops).unwrap().was), "somebody has suspended it");
    let stopped = merged(&suspended, &stops);
    let back = stop(kind, &stopped, None, RUN, true).unwrap();
    assert_eq!(
        (stop(kind, &stopped, None, RUN, false), marked(&back).unwrap().was),
        (None, json!(true)),
        "the way back says it anew"
    );
}

#[test]
fn it_is_applied_suspended_and_what_it_scales_without_a_pod() {
    let worker = Singleton { kind: SingletonKind::Deployment, namespace: "shop".into(), name: "worker".into() };
    let mut scaled = object(SingletonKind::ScaledObject, json!({"scaleTargetRef": {"name": "worker"}}));
    let mut target = object(SingletonKind::Deployment, json!({"template": {}}));
    target["metadata"]["name"] = "worker".into();
    let mut beside = object(SingletonKind::Deployment, json!({"replicas": 2}));
    let singletons = [one(SingletonKind::ScaledObject)];
    suspend([&mut target, &mut scaled, &mut beside].into_iter(), &[], &singletons, RUN);
    assert!(is_off(SingletonKind::ScaledObject, &scaled) && marked(&scaled).unwrap().stopped, "{scaled}");
    assert!(worker.is(&target) && target["spec"]["replicas"] == 0 && marked(&target).is_none(), "{target}");
    assert_eq!(beside["spec"]["replicas"], 2);
    // They may be applied apart.
    target["spec"]["replicas"] = 3.into();
    suspend([&mut target].into_iter(), &[scaled.clone(), beside], &singletons, RUN);
    assert_eq!(target["spec"]["replicas"], 0);
    let before = scaled.clone();
    suspend([&mut scaled].into_iter(), &[], &[], RUN);
    assert_eq!(scaled, before);
}

#[test]
fn its_names_may_be_the_slots_own() {
    let named: Singleton = serde_json::from_value(
        json!({"kind": "CronJob", "namespace": "shop-${cluster.name}", "name": "closing-${slot.colour}"}),
    )
    .unwrap();
    assert_eq!(named.in_slot("green", "aks-2").to_string(), "CronJob shop-aks-2/closing-green");
    assert_eq!(one(SingletonKind::CronJob).in_slot("green", "aks-2"), one(SingletonKind::CronJob));
}

#[test]
fn it_is_stopped_when_nothing_of_it_runs() {
    let cron = object(SingletonKind::CronJob, json!({"suspend": true}));
    let job = |uid: &str, conditions: Value| json!({"metadata": {"name": "x-1", "ownerReferences": [{"uid": uid}]}, "status": {"conditions": conditions}});
    let ended = json!([{"type": "Complete", "status": "True"}]);
    let around = |jobs: Vec<Value>| Around { jobs, ..Around::default() };
    let says = |jobs: Vec<Value>| remains(SingletonKind::CronJob, &cron, &around(jobs));
    assert_eq!(says(vec![job("other", json!([])), job("u", ended)]), None);
    assert!(says(vec![job("u", json!([]))]).unwrap().contains("Jobs x-1"));
    let runs = object(SingletonKind::CronJob, json!({"suspend": false}));
    assert!(remains(SingletonKind::CronJob, &runs, &Around::default()).unwrap().ends_with("runs"));

    let mut worker = object(SingletonKind::Deployment, json!({"replicas": 0}));
    worker["metadata"]["generation"] = 2.into();
    worker["status"] = json!({"observedGeneration": 2});
    let pod = |phase: &str| json!({"metadata": {"name": "x-a"}, "status": {"phase": phase}});
    let with = |pods: Vec<Value>, target: Option<Value>| Around { pods, target, ..Around::default() };
    let kind = SingletonKind::Deployment;
    assert_eq!(remains(kind, &worker, &with(vec![pod("Succeeded")], None)), None);
    assert!(
        remains(kind, &worker, &with(vec![pod("Running")], None)).unwrap().contains("pods x-a"),
        "one that ends, too"
    );
    let scaled = object(SingletonKind::ScaledObject, json!({"scaleTargetRef": {"name": "x"}}));
    let scaled = merged(&scaled, &stop(SingletonKind::ScaledObject, &scaled, None, RUN, false).unwrap());
    let kind = SingletonKind::ScaledObject;
    assert_eq!(remains(kind, &scaled, &with(vec![], Some(worker.clone()))), None);
    worker["spec"]["replicas"] = 1.into();
    assert!(remains(kind, &scaled, &with(vec![], Some(worker))).unwrap().contains("not scaled to 0"));
}

#[test]
fn a_reconciler_of_the_switch_is_known() {
    let mut live = object(SingletonKind::CronJob, json!({"suspend": false}));
    assert_eq!(reconciled(SingletonKind::CronJob, &live), None);
    live["metadata"]["managedFields"] =
        json!([{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]);
    assert!(reconciled(SingletonKind::CronJob, &live).unwrap().contains("kustomize-controller"));
}

#[test]
fn what_keda_keeps_paused_is_kept_so_in_the_other_cluster_and_on_the_way_back() {
    let kind = SingletonKind::ScaledObject;
    let mut live = object(kind, json!({"scaleTargetRef": {"name": "worker"}}));
    live["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "true"});
    for (pods, was, off) in [(0, "0", true), (3, "3", false)] {
        let stopped = merged(&live, &stop(kind, &live, Some(pods), RUN, false).unwrap());
        let mark = marked(&stopped).unwrap();
        assert_eq!((is_off(kind, &stopped), &mark.was, stays_off(kind, &mark.was)), (true, &json!(was), off));
        // The way back: as many pods as there were, and still paused.
        let back = merged(&stopped, &start(kind, &stopped, RUN, Some(&mark.was)).unwrap());
        assert_eq!(back["metadata"]["annotations"]["autoscaling.keda.sh/paused-replicas"], was);
        assert_eq!(back["metadata"]["annotations"]["autoscaling.keda.sh/paused"], "true");
    }
    live["metadata"]["annotations"]["autoscaling.keda.sh/paused"] = "false".into();
    let stopped = merged(&live, &stop(kind, &live, None, RUN, false).unwrap());
    assert_eq!(marked(&stopped).unwrap().was, Value::Null, "it runs");
    let job = object(SingletonKind::ScaledJob, json!({}));
    for (said, off) in [("true", true), ("1", true), ("false", false)] {
        let annotated = merged(&job, &json!({"metadata": {"annotations": {"autoscaling.keda.sh/paused": said}}}));
        assert_eq!(is_off(SingletonKind::ScaledJob, &annotated), off, "{said}");
    }
}

#[test]
fn what_a_manifest_keeps_paused_is_applied_so_at_its_number_of_pods() {
    let kind = SingletonKind::ScaledObject;
    let mut scaled = object(kind, json!({"scaleTargetRef": {"name": "worker"}}));
    scaled["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "true"});
    let mut worker = object(SingletonKind::Deployment, json!({"replicas": 2}));
    worker["metadata"]["name"] = "worker".into();
    suspend([&mut scaled, &mut worker].into_iter(), &[], &[one(kind)], RUN);
    assert_eq!((&worker["spec"]["replicas"], marked(&scaled).unwrap().was), (&json!(0), json!("2")));
    assert_eq!(scaled["metadata"]["annotations"].get("autoscaling.keda.sh/paused"), None);
    // Where the old cluster's runs, it runs.
    let started = merged(&scaled, &start(kind, &scaled, RUN, Some(&Value::Null)).unwrap());
    assert_eq!(started["metadata"]["annotations"].get("autoscaling.keda.sh/paused-replicas"), None);
}
