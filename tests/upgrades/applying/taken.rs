//! Fields that others own, and workloads that others made.
use super::{Ending, ends, ends_with, given_up_at_once, object, says, upgraded, with};
use crate::story;
use bluegreen::local::shop::Shop;
use bluegreen::step::Step;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};

fn class(annotation: &str) -> String {
    format!(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: default\n  annotations:\n    \
         storageclass.kubernetes.io/is-default-class: \"false\"\n{annotation}provisioner: disk.csi.azure.com\n"
    )
}

#[test]
fn a_field_that_aks_owns_is_said_with_owner_and_remedy() {
    story(|| async {
        let run = ends(&with(&[("class.yaml", class(""))]).await).await;
        given_up_at_once(&run);
        says(
            &run,
            "StorageClass default: \"addon-manager\" owns .metadata.annotations.storageclass.kubernetes.io/is-default-class",
        );
        says(&run, "take it over with the annotation aks-bluegreen/take-over: \"true\"");
    });
}

#[test]
fn a_field_is_taken_over_where_the_manifest_says_so() {
    story(|| async {
        let shop = with(&[("class.yaml", class("    aks-bluegreen/take-over: \"true\"\n"))]).await;
        upgraded(&ends(&shop).await);
        let found = object(&shop, "storageclasses.storage.k8s.io", "", "default").unwrap();
        assert_eq!(found["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"], "false");
        assert_eq!(found["parameters"]["skuname"], "StandardSSD_LRS", "what it does not name stays");
    });
}

fn ill() -> Value {
    let labels = json!({"app": "metrics"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "metrics", "namespace": "kube-system"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
        "spec": {"containers": [{"name": "metrics", "image": "never-ready:1"}]}}}})
}

/// The host of the old cluster's API server.
pub fn blue(shop: &Shop) -> String {
    let world = shop.azure.world();
    let cluster = world.resource_manager.resource(&shop.article.blue).unwrap();
    cluster["properties"]["fqdn"].as_str().unwrap().to_owned()
}

fn sick(shop: &Shop, host: &str) {
    let now = shop.azure.clock().now();
    shop.azure.world().kubernetes.server(host).unwrap().apply(&ill(), now).unwrap();
}

#[test]
fn what_is_not_ours_and_as_ill_in_the_old_cluster_does_not_block() {
    story(|| async {
        let shop = with(&[]).await;
        sick(&shop, &blue(&shop));
        let run = ends_with(&shop, Step::InstallControllers, async |green| sick(&shop, green)).await;
        upgraded(&run);
        says(&run, "Deployment kube-system/metrics: not ready, and not ours; it is so in the old cluster too");
    });
}

#[test]
fn what_is_ill_in_the_new_cluster_alone_blocks_and_so_does_what_nobody_can_compare() {
    for unreadable in [false, true] {
        story(|| async {
            let shop = with(&[]).await;
            if unreadable {
                sick(&shop, &blue(&shop));
                let on = On { path: "/deployments/metrics".into(), ..On::host(&blue(&shop)) };
                shop.azure.world().faults.add(Fault::always("gone", on, Effect::Refuse));
            }
            let run = ends_with(&shop, Step::InstallControllers, async |green| sick(&shop, green)).await;
            assert_eq!(run.ending, Some(Ending::RolledBack));
            says(&run, "Deployment kube-system/metrics: 0 of 1 ready");
            if unreadable {
                says(&run, "whether it is so in the old cluster too cannot be told");
            }
        });
    }
}

/// A rollout that got stuck in the old cluster: nine of its pods serve.
#[test]
fn what_is_worse_than_in_the_old_cluster_blocks_and_what_is_as_bad_does_not() {
    for (serves, ending) in [(true, Ending::RolledBack), (false, Ending::Upgraded)] {
        story(|| async {
            let shop = with(&[]).await;
            let bring = |host: &str, image: &str| {
                let mut metrics = ill();
                metrics["spec"]["replicas"] = 10.into();
                metrics["spec"]["strategy"] = json!({"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
                metrics["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
                let now = shop.azure.clock().now();
                shop.azure.world().kubernetes.server(host).unwrap().apply(&metrics, now).unwrap();
            };
            if serves {
                bring(&blue(&shop), "metrics:1");
                shop.azure.clock().sleep(std::time::Duration::from_secs(300)).await;
            }
            bring(&blue(&shop), "never-ready:1");
            shop.azure.clock().sleep(std::time::Duration::from_secs(300)).await;
            let run = ends_with(&shop, Step::InstallControllers, async |green| bring(green, "never-ready:1")).await;
            assert_eq!(run.ending, Some(ending), "{}", super::journal(&run));
            says(
                &run,
                if serves {
                    "Deployment kube-system/metrics: 0 of 10 ready"
                } else {
                    "it is so in the old cluster too"
                },
            );
        });
    }
}

#[test]
fn a_node_that_is_not_ready_is_seen_in_a_list_that_does_not_say_what_it_holds() {
    story(|| async {
        let shop = with(&[]).await;
        let run = ends_with(&shop, Step::SyncWorkloads, async |green| {
            let now = shop.azure.clock().now();
            let world = &mut *shop.azure.world();
            world.kubernetes.resize(green, 9, now + SignedDuration::from_secs(1));
        })
        .await;
        upgraded(&run);
        let node =
            run.journal.iter().any(|entry| entry.what.starts_with("Node ") && entry.what.ends_with("is not ready"));
        assert!(node, "{}", super::journal(&run));
    });
}
