//! Who else rules the size of a workload: nobody, a reconciler, KEDA, nodes that do not suffice.
use super::*;
use bluegreen::run::Ending;
use bluegreen::site::Reconciled;

/// An object of a manifest with these further ones before it.
fn all(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n---\n")).collect()
}

/// Lets the new cluster's nodes take no more pods, or some again.
fn cordon(shop: &Shop, is_closed: bool) {
    on(shop, &shop.article.green, |server, now| {
        for node in server.objects("nodes", now) {
            let name = &node["metadata"]["name"];
            let closed = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"unschedulable": is_closed}});
            server.apply(&closed, now).unwrap();
        }
    });
}

#[test]
fn pods_without_a_node_are_named_and_waited_for() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let nodes = async {
            until(&shop, |run| run.step == Step::ValidateHealth).await;
            cordon(&shop, true);
            let run = until(&shop, |run| journal(run).contains("nodes are available")).await;
            assert!(journal(&run).contains("of 8 pods are ready, as many as the load wants"), "{}", journal(&run));
            cordon(&shop, false);
        };
        let ((run, users), ()) = tokio::join!(forward(&shop), nodes);
        assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
    });
}

/// The old cluster's is another one, though it is called the same.
#[test]
fn what_a_person_sizes_in_the_old_cluster_keeps_the_new_one_from_nothing() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let closed = async {
            until(&shop, |run| run.step == Step::ValidateHealth).await;
            cordon(&shop, true);
            until(&shop, |run| journal(run).contains("nodes are available")).await;
            let mut theirs = object(&shop, &shop.article.blue, "horizontalpodautoscalers.autoscaling", "web").unwrap();
            theirs["spec"]["minReplicas"] = json!(9);
            theirs["metadata"]["managedFields"] = json!(null);
            on(&shop, &shop.article.blue, |server, now| drop(server.apply(&theirs, now).unwrap()));
            tokio::time::sleep(Duration::from_secs(600)).await;
            let run = shop.run().unwrap();
            assert_eq!(run.step, Step::ValidateHealth, "{}", journal(&run));
            assert!(
                journal(&run).contains("2 of 9 pods are ready, as many as the load wants (pod "),
                "{}",
                journal(&run)
            );
            cordon(&shop, false);
        };
        let ((run, users), ()) = tokio::join!(forward(&shop), closed);
        assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
    });
}

#[test]
fn a_reconcilers_minimum_refuses_the_plan_with_its_line_unless_the_site_leaves_it() {
    for (reconciled, ending) in [(Reconciled::Refuse, Ending::Rejected), (Reconciled::Leave, Ending::Upgraded)] {
        told(async || {
            let capacity = pinning().map(|capacity| Capacity { reconciled, ..capacity });
            let shop = grown(capacity, &autoscaler()).await;
            let theirs: Value = serde_json::from_str(&autoscaler()).unwrap();
            let path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web";
            apply_as(&shop, &shop.article.blue, "kustomize-controller", path, &theirs).await;
            let (run, _) = forward(&shop).await;
            assert_eq!(run.ending, Some(ending), "{}", journal(&run));
            let line = "HorizontalPodAutoscaler shop/web: spec.minReplicas: 8 (kustomize-controller owns it)";
            assert!(journal(&run).contains(line), "{}", journal(&run));
            if reconciled == Reconciled::Leave {
                assert!(journal(&run).contains("they are left as they are"), "{}", journal(&run));
            }
            assert_eq!(least(&shop, &shop.article.blue), (2, false));
        });
    }
}

/// A server-side apply by another manager.
async fn apply_as(shop: &Shop, cluster: &str, manager: &str, path: &str, object: &Value) {
    let found = shop.azure.world().resource_manager.resource(cluster).unwrap().clone();
    let host = found["properties"]["fqdn"].as_str().unwrap();
    let token = "Bearer somebody";
    on(shop, cluster, |server, _| server.let_in("somebody", "somebody"));
    let uri = format!("https://{host}{path}?fieldManager={manager}&force=true");
    let request =
        http::Request::patch(uri).header("authorization", token).header("content-type", "application/apply-patch+yaml");
    let somebody = simulated_azure::Process::new("somebody");
    let answer = shop.azure.call(&somebody, request.body(object.to_string().into()).unwrap()).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[test]
fn a_size_that_a_person_gave_is_given_to_the_new_cluster_and_stays() {
    told(async || {
        let shop = grown(pinning(), "").await;
        let web = object(&shop, &shop.article.blue, "deployments.apps", "web").unwrap();
        let scaled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": 6, "selector": web["spec"]["selector"], "template": web["spec"]["template"]}});
        on(&shop, &shop.article.blue, |server, now| drop(server.apply(&scaled, now).unwrap()));
        tokio::time::sleep(Duration::from_secs(120)).await;
        let (run, users) = forward(&shop).await;
        assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
        let green = object(&shop, &shop.article.green, "deployments.apps", "web").unwrap();
        assert_eq!(
            (&green["spec"]["replicas"], green["metadata"]["annotations"].get("aks-bluegreen/pinned")),
            (&json!(6), None)
        );
        assert!(journal(&run).contains("Deployment shop/web keeps its 6 pods"), "{}", journal(&run));
    });
}

#[test]
fn what_is_named_after_its_slot_is_as_large_under_its_other_name() {
    told(async || {
        let side = |colour: &str, replicas: u64| {
            let labels = json!({"app": "side"});
            let pod =
                json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "side", "image": "side:1"}]}});
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": format!("side-{colour}"), "namespace": "shop"},
                "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}})
        };
        let shop = grown(pinning(), &autoscaler()).await;
        publish(&shop, &manifest(&format!("{}\n---\n{}", autoscaler(), side("${slot.colour}", 2)))).await;
        on(&shop, &shop.article.blue, |server, now| drop(server.apply(&side("blue", 6), now).unwrap()));
        tokio::time::sleep(Duration::from_secs(120)).await;
        let (run, users) = forward(&shop).await;
        assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
        let green = object(&shop, &shop.article.green, "deployments.apps", "side-green").unwrap();
        assert_eq!(green["spec"]["replicas"], 6, "{}", journal(&run));
    });
}

/// What KEDA's objects are.
pub fn keda() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
        "spec": {"group": "keda.sh", "scope": "Namespaced", "names": {"plural": "scaledobjects", "kind": "ScaledObject"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// A shop whose web is KEDA's, with this minimum.
async fn kedas(least: Option<u64>) -> Shop {
    let grown = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 2, "maxReplicaCount": 20,
            "triggers": [{"type": "prometheus", "metadata": {}}]}});
    let mut scaled = grown.clone();
    if least.is_none() {
        scaled["spec"].as_object_mut().unwrap().remove("minReplicaCount");
    }
    let sizes = all(&[keda(), scaled.clone()]);
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, wanting(pinning())).unwrap();
    publish(&shop, &manifest(&sizes)).await;
    on(&shop, &shop.article.blue, |server, now| drop(server.apply(&keda(), now).unwrap()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    // Before it has users it would go to 0.
    bring(&shop, &shop.article.blue, &grown.to_string());
    shop.azure.world().traffic.demand(&shop.article.host, LOAD);
    let warm = Prober::start(&shop.azure, &[&shop.article.host]);
    tokio::time::sleep(Duration::from_secs(1800)).await;
    on(&shop, &shop.article.blue, |server, now| drop(server.apply(&scaled, now).unwrap()));
    tokio::time::sleep(Duration::from_secs(600)).await;
    drop(warm);
    assert_eq!(pods(&shop, &shop.article.blue), 8);
    shop
}

/// Without a minimum KEDA takes the new cluster's to 0, which no user reaches.
#[test]
fn a_scaled_object_is_pinned_by_its_own_field() {
    for least in [Some(2), None] {
        told(async || {
            let shop = kedas(least).await;
            let minimum = |cluster: &str| {
                object(&shop, cluster, "scaledobjects.keda.sh", "web").unwrap()["spec"]["minReplicaCount"].clone()
            };
            let pinned = async {
                until(&shop, |run| run.step == Step::ShiftTraffic).await;
                assert_eq!([minimum(&shop.article.blue), minimum(&shop.article.green)], [json!(8), json!(8)]);
                assert_eq!(pods(&shop, &shop.article.green), 8);
            };
            let ((run, users), ()) = tokio::join!(forward(&shop), pinned);
            assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
            assert_eq!([minimum(&shop.article.blue), minimum(&shop.article.green)], [json!(least), json!(least)]);
        });
    }
}

/// The same autoscaler with these bounds.
fn bounds(least: u64, most: u64) -> Value {
    let mut autoscaler: Value = serde_json::from_str(&autoscaler()).unwrap();
    autoscaler["spec"]["minReplicas"] = json!(least);
    autoscaler["spec"]["maxReplicas"] = json!(most);
    autoscaler
}

#[test]
fn manifests_that_allow_fewer_pods_than_users_need_refuse_the_plan() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        // Somebody has raised the serving cluster's by hand.
        publish(&shop, &manifest(&bounds(2, 2).to_string())).await;
        let (run, users) = forward(&shop).await;
        assert_eq!((run.ending, users.failed), (Some(Ending::Rejected), 0), "{}", journal(&run));
        let said = "Deployment shop/web wants 8 pods, and HorizontalPodAutoscaler shop/web allows 2; mend that";
        assert!(journal(&run).contains(said), "{}", journal(&run));
    });
}

#[test]
fn users_are_not_led_to_a_new_cluster_whose_maximum_is_too_low_for_them() {
    for mended in [true, false] {
        told(async || {
            let shop = grown(pinning(), &autoscaler()).await;
            let lower = async {
                until(&shop, |run| run.step == Step::SyncWorkloads).await;
                while object(&shop, &shop.article.green, AUTOSCALERS, "web").is_none() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                let set = |bounds: &Value| {
                    on(&shop, &shop.article.green, |server, now| drop(server.apply(bounds, now).unwrap()));
                };
                set(&bounds(2, 3));
                let run = until(&shop, |run| journal(run).contains("cannot be as large as the load wants")).await;
                assert_eq!(run.step, Step::ValidateHealth, "{}", journal(&run));
                assert!(journal(&run).contains("HorizontalPodAutoscaler shop/web allows 3"), "{}", journal(&run));
                if mended {
                    tokio::time::sleep(Duration::from_secs(300)).await;
                    assert_eq!(shop.run().unwrap().step, Step::ValidateHealth);
                    set(&bounds(3, 20));
                }
            };
            let ((run, users), ()) = tokio::join!(forward(&shop), lower);
            let ending = if mended { Ending::Upgraded } else { Ending::RolledBack };
            assert_eq!((run.ending, users.failed), (Some(ending), 0), "{}", journal(&run));
        });
    }
}

/// A Rollout of this size that nobody but people sizes, and what defines it.
fn rollout(replicas: u64) -> [Value; 2] {
    let mut definition = keda();
    definition["metadata"]["name"] = json!("rollouts.argoproj.io");
    definition["spec"]["group"] = json!("argoproj.io");
    definition["spec"]["names"] = json!({"plural": "rollouts", "kind": "Rollout"});
    let labels = json!({"app": "side"});
    let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "side", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}});
    [definition, rollout]
}

#[test]
fn a_rollout_that_people_size_is_no_smaller_in_the_new_cluster() {
    for (published, ending) in [(2, Ending::Rejected), (6, Ending::Upgraded)] {
        told(async || {
            let shop = grown(pinning(), &autoscaler()).await;
            publish(&shop, &manifest(&(all(&rollout(published)) + &autoscaler()))).await;
            let bring = |cluster: &str, object: &Value| {
                on(&shop, cluster, |server, now| drop(server.apply(object, now).unwrap()));
            };
            let [definition, six] = rollout(6);
            bring(&shop.article.blue, &definition);
            tokio::time::sleep(Duration::from_secs(60)).await;
            bring(&shop.article.blue, &six);
            let smaller = async {
                if ending == Ending::Rejected {
                    return;
                }
                until(&shop, |run| run.step == Step::ValidateHealth).await;
                bring(&shop.article.green, &rollout(2)[1]);
                let run = until(&shop, |run| journal(run).contains("Rollout shop/side has 2 pods")).await;
                assert_eq!(run.step, Step::ValidateHealth, "{}", journal(&run));
                bring(&shop.article.green, &six);
            };
            let ((run, users), ()) = tokio::join!(forward(&shop), smaller);
            assert_eq!((run.ending, users.failed), (Some(ending), 0), "{}", journal(&run));
            assert!(journal(&run).contains("in the old cluster 6: only people size a Rollout"), "{}", journal(&run));
        });
    }
}
