//! Rights are asked for before they are used: what is missing is said at once, all of it, and with what gives it.
use super::taken::blue;
use super::{Shop, config, ends, journal, says, upgraded, with, with_site};
use crate::capacity::autoscaler;
use crate::{ask, story, until};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::step::Step;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::kubernetes::Right;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// Lets every identity of Azure do only this, in every cluster.
fn allow(shop: &Shop, verbs: &str) {
    shop.azure.world().kubernetes.allow_only("*", &[Right::new(verbs, "*", "*")]);
}

/// A shop that keeps both clusters large, and whose serving cluster has an autoscaler.
async fn pinning() -> Shop {
    let shop = with_site(&[], |site| site.capacity = serde_json::from_str("{}").ok()).await;
    let (now, host) = (shop.azure.clock().now(), blue(&shop));
    let scaler: Value = serde_json::from_str(&autoscaler()).unwrap();
    shop.azure.world().kubernetes.server(&host).unwrap().apply(&scaler, now).unwrap();
    shop
}

#[test]
fn what_is_missing_in_the_new_cluster_is_said_before_anything_is_applied() {
    story(|| async {
        let shop = with(&[("maps.yaml", config("default", "one"))]).await;
        allow(&shop, "get,list,patch");
        let given = async {
            until(&shop, |run| run.step == Step::InstallControllers).await;
            shop.azure.clock().sleep(Duration::from_secs(600)).await;
            assert_eq!(super::applied(&shop, "/"), 0, "nothing was applied");
            allow(&shop, "*");
        };
        let (run, ()) = tokio::join!(ends(&shop), given);
        upgraded(&run);
        says(
            &run,
            "may not do this in the new cluster: create configmaps in the namespace default; create namespaces in the whole",
        );
        says(&run, "give it the role Azure Kubernetes Service RBAC Cluster Admin on the cluster's resource group");
        says(&run, "\"kind\":\"ClusterRoleBinding\"");
    });
}

#[test]
fn what_is_missing_in_the_old_cluster_is_said_before_a_new_one_is_made() {
    story(|| async {
        let shop = pinning().await;
        allow(&shop, "get,list,create");
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(
            &run,
            "may not do this in the old cluster: patch deployments.apps in the namespace shop; patch \
             horizontalpodautoscalers.autoscaling in the namespace shop; patch cronjobs.batch in the namespace shop; patch cronjobs.batch/status in \
             the namespace shop: give it",
        );
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "no cluster was made");
    });
    story(|| async {
        let shop = pinning().await;
        allow(&shop, "get,list,create");
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| journal(run).contains("may not do this in the old cluster")).await;
        allow(&shop, "*");
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
        upgraded(&run);
    });
}

/// What GitOps has made in the serving cluster lies in no manifest: its size is given to the new one all the same.
#[test]
fn sizes_that_people_gave_are_among_what_must_be_allowed_in_the_new_cluster() {
    story(|| async {
        let shop = pinning().await;
        let (now, host) = (shop.azure.clock().now(), blue(&shop));
        let labels = json!({"app": "desk"});
        let desk = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "desk", "namespace": "tools"},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "desk", "image": "desk:1"}]}}}});
        let tools = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tools"}});
        for object in [tools, desk] {
            shop.azure.world().kubernetes.server(&host).unwrap().apply(&object, now).unwrap();
        }
        shop.azure.clock().sleep(Duration::from_secs(60)).await;
        let given = async {
            until(&shop, |run| run.step == Step::InstallControllers).await;
            allow(&shop, "get,list");
            until(&shop, |run| journal(run).contains("may not do this in the new cluster")).await;
            says(&shop.run().unwrap(), "patch deployments.apps in the namespace tools");
            allow(&shop, "*");
        };
        let (run, ()) = tokio::join!(ends(&shop), given);
        upgraded(&run);
    });
    story(|| async {
        let shop = pinning().await;
        allow(&shop, "list,create,patch");
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "may not do this in the old cluster: get deployments.apps in the namespace shop; ");
        assert!(!journal(&run).contains("daemonsets"), "what is only compared is no condition{}", journal(&run));
    });
}

#[test]
fn who_may_do_everything_is_asked_once_and_who_is_not_told_goes_on() {
    story(|| async {
        let shop = pinning().await;
        upgraded(&ends(&shop).await);
        let world = shop.azure.world();
        let asked = world.calls.iter().filter(|call| call.path.contains("/selfsubjectaccessreviews")).count();
        assert!((3..=6).contains(&asked), "{asked}");
    });
    story(|| async {
        let shop = pinning().await;
        let review = On { host: "azmk8s".into(), ..On::call(Method::POST, "/selfsubjectaccessreviews") };
        let ill = Effect::Answer { status: http::StatusCode::INTERNAL_SERVER_ERROR, headers: vec![], body: json!({}) };
        shop.azure.world().faults.add(Fault::always("ill", review, ill));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "warning: rights in the old cluster could not be asked for: ");
    });
}
