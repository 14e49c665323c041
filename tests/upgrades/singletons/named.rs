//! Singletons whose names are the slots' own, and what scales something that is applied at another time.
use super::*;
use crate::publish;
use bluegreen::site::Manifest;
use bluegreen::workload::singletons::Singleton;
use http::{Method, StatusCode};
use simulated_azure::{Effect, Fault, On};

pub fn named(kind: &str, name: &str) -> Singleton {
    serde_json::from_value(json!({"kind": kind, "namespace": "shop", "name": name})).unwrap()
}

fn worker(replicas: u64) -> Value {
    let labels = json!({"app": "worker"});
    let pod =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "worker", "image": "worker:1"}]}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "worker", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}})
}

pub fn nightly(name: &str) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "nightly", "image": "nightly:1"}]});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}})
}

fn is_suspended(shop: &Shop, cluster: &str, name: &str) -> Option<bool> {
    object(shop, cluster, "cronjobs.batch", name).map(|found| found["spec"]["suspend"] == true)
}

#[test]
fn one_that_is_named_after_its_slot_goes_from_one_name_to_the_other() {
    for goes_back in [false, true] {
        story(|| async {
            let shop = open(|site| site.soak_minutes = 600);
            on(&shop, &shop.article.blue, |server, now| server.apply(&nightly("nightly-blue"), now).unwrap());
            let file = ("nightly.yaml", nightly("nightly-${slot.colour}").to_string());
            let workloads = shop.site.workloads.iter().cloned().chain([Manifest::of_file(file.0)]).collect();
            let singletons =
                shop.site.singletons.iter().cloned().chain([named("CronJob", "nightly-${slot.colour}")]).collect();
            let site =
                Site { workloads, singletons, old_cluster: bluegreen::site::OldCluster::Keep, ..shop.site.clone() };
            publish(&shop, site, &[file]).await;
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let (blue, green) = (shop.article.blue.clone(), shop.article.green.clone());
            let states = || (is_suspended(&shop, &blue, "nightly-blue"), is_suspended(&shop, &green, "nightly-green"));
            until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            assert_eq!(states(), (Some(false), Some(true)), "applied suspended");
            let run = until(&shop, |run| run.step == Step::Soak).await;
            assert_eq!(states(), (Some(true), Some(false)), "{}", journal(&run));
            assert!(
                journal(&run).contains("CronJob shop/nightly-blue: stopped in the old cluster"),
                "{}",
                journal(&run)
            );
            assert!(journal(&run).contains("CronJob shop/nightly-green: started in the new one"), "{}", journal(&run));
            if goes_back {
                obey(&shop, Verb::RollBack).await;
                let run = shop.settled("story", DAY).await.expect("it ends");
                assert_eq!(is_suspended(&shop, &blue, "nightly-blue"), Some(false), "{}", journal(&run));
            }
        });
    }
}

#[test]
fn what_a_singleton_scales_has_no_pod_whenever_it_is_applied() {
    for is_first in [false, true] {
        story(|| async {
            let shop = open(|_| {});
            let scaled = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
                "metadata": {"name": "worker", "namespace": "shop"},
                "spec": {"minReplicaCount": 1, "scaleTargetRef": {"name": "worker"}, "triggers": []}});
            let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
            let first = format!("{space}\n---\n{}", crate::capacity::ruled::keda());
            let files =
                [("first.yaml", first), ("worker.yaml", worker(2).to_string()), ("scaled.yaml", scaled.to_string())];
            let mut site = shop.site.clone();
            let (worker, scaled) = (Manifest::of_file("worker.yaml"), Manifest::of_file("scaled.yaml"));
            let (early, late) = if is_first { (scaled, worker) } else { (worker, scaled) };
            site.controllers.extend([Manifest::of_file("first.yaml"), early]);
            site.workloads.push(late);
            site.singletons.push(named("ScaledObject", "worker"));
            publish(&shop, site, &files).await;
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let run = until(&shop, |run| run.step == Step::ValidateHealth).await;
            let live = object(&shop, &shop.article.green, "deployments.apps", "worker").expect("it is applied");
            assert_eq!(live["spec"]["replicas"], 0, "{is_first}{}", journal(&run));
            let pods = on(&shop, &shop.article.green, |server, now| server.objects("pods", now)).unwrap();
            assert!(pods.iter().all(|pod| pod["metadata"]["labels"]["app"] != "worker"), "{is_first}");
        });
    }
}

/// An API server that is ill says of a kind that nobody serves it: what is there goes on running.
#[test]
fn a_singleton_whose_kind_is_not_seen_in_the_old_cluster_starts_nowhere_else() {
    for effect in [Effect::status(StatusCode::SERVICE_UNAVAILABLE), Effect::not_found()] {
        story(|| async {
            let shop = open(|_| {});
            let scaled = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
                "metadata": {"name": "worker", "namespace": "shop"},
                "spec": {"minReplicaCount": 1, "scaleTargetRef": {"name": "worker"}, "triggers": []}});
            let keda = crate::capacity::ruled::keda();
            for object in [&keda, &worker(2), &scaled] {
                on(&shop, &shop.article.blue, |server, now| drop(server.apply(object, now).unwrap()));
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            let files = [("all.yaml", [keda, worker(2), scaled].map(|object| object.to_string()).join("\n---\n"))];
            let mut site = shop.site.clone();
            site.workloads.push(Manifest::of_file("all.yaml"));
            site.singletons.push(named("ScaledObject", "worker"));
            publish(&shop, site, &files).await;
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            let blue = shop.azure.world().resource_manager.resource(&shop.article.blue).unwrap().clone();
            let host = blue["properties"]["fqdn"].as_str().unwrap().to_owned();
            let discovery = On { host, ..On::call(Method::GET, "/apis/keda.sh/v1alpha1") };
            shop.azure.world().faults.add(Fault::always("ill", discovery, effect.clone()));
            until(&shop, |run| run.step == Step::MoveSingletons).await;
            tokio::time::sleep(Duration::from_secs(240)).await;
            let is_paused = |cluster: &str| {
                let found = object(&shop, cluster, "scaledobjects.keda.sh", "worker").expect("it is there");
                !found["metadata"]["annotations"]["autoscaling.keda.sh/paused-replicas"].is_null()
                    || found["metadata"]["annotations"]["autoscaling.keda.sh/paused"] == "true"
            };
            let run = shop.run().unwrap();
            assert_eq!((run.step, is_paused(&shop.article.green)), (Step::MoveSingletons, true), "{}", journal(&run));
            shop.azure.world().faults.remove("ill");
            let run = until(&shop, |run| run.step == Step::Soak).await;
            assert!(is_paused(&shop.article.blue) && !is_paused(&shop.article.green), "{}", journal(&run));
        });
    }
}
