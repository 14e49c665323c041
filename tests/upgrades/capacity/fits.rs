//! Whether the new cluster has nodes for what will be kept is said before it is made.
use super::*;
use bluegreen::run::Ending;

/// The serving cluster's pods ask for so much each.
fn ask_for(shop: &Shop, cpu: &str) {
    let mut web = object(shop, &shop.article.blue, "deployments.apps", "web").unwrap();
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": cpu}});
    web["metadata"] = json!({"name": "web", "namespace": "shop", "labels": web["metadata"]["labels"]});
    web.as_object_mut().unwrap().remove("status");
    web["spec"].as_object_mut().unwrap().remove("replicas");
    let apply = |server: &mut Server, now| server.apply(&web, now).map_err(|refusal| refusal.message);
    on(shop, &shop.article.blue, apply).unwrap();
}

#[test]
fn a_new_cluster_that_is_too_small_for_what_is_kept_is_named_by_check_plan() {
    for (cpu, is_small) in [("3", true), ("100m", false)] {
        told(async || {
            let shop = grown(pinning(), &autoscaler()).await;
            ask_for(&shop, cpu);
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let run = until(&shop, |run| run.step == Step::CreateCluster || run.ending.is_some()).await;
            assert_eq!(run.ending, None::<Ending>, "nothing is refused for it{}", journal(&run));
            let said = journal(&run);
            assert_eq!(said.contains("warning: capacity: as large as both clusters are kept"), is_small, "{said}");
            assert_eq!(
                said.contains("all 3 nodes that the new one's pools may have offer 12.0 cores"),
                is_small,
                "{said}"
            );
        });
    }
}

#[test]
fn who_may_not_see_the_nodes_is_told_and_goes_on() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let nodes = simulated_azure::On::call(http::Method::GET, "/api/v1/nodes");
        let refused = simulated_azure::Effect::Answer {
            status: http::StatusCode::FORBIDDEN,
            headers: vec![],
            body: json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403,
                "message": "nodes is forbidden: User \"0f0f\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"}),
        };
        shop.azure.world().faults.add(simulated_azure::Fault::always("nodes", nodes, refused));
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = until(&shop, |run| run.step == Step::CreateCluster || run.ending.is_some()).await;
        let said = journal(&run);
        assert!(
            run.ending.is_none() && said.contains("cannot be told: failed to list Nodes: the identity 0f0f may not"),
            "{said}"
        );
    });
}
