//! What is left: by crashes, by others who write, by runs that a person has ended.
use super::*;
use bluegreen::run::Ending;
use bluegreen::site::OldCluster;
use http::Method;
use simulated_azure::{Effect, Fault, On};

fn pin_writes() -> On {
    On { host: "azmk8s".into(), ..On::call(Method::PATCH, "/horizontalpodautoscalers/web") }
}

#[test]
fn a_crash_before_or_after_a_pin_loses_no_inverse() {
    for (effect, after) in [
        (Effect::KillBefore, 0),
        (Effect::KillAfter, 0),
        (Effect::KillAfter, 1),
        (Effect::KillAfter, 2),
        (Effect::LoseAnswer, 3),
    ] {
        told(async || {
            let shop = grown(pinning(), &autoscaler()).await;
            // An apply of the manifest comes before them.
            shop.azure.world().faults.add(Fault::once("crash", pin_writes(), effect.clone()).after(after + 1));
            let (run, users) = forward(&shop).await;
            assert_eq!((run.ending, users.failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
            assert!(shop.azure.world().faults.hits().iter().any(|(name, _)| name == "crash"), "{after}");
            for cluster in [&shop.article.blue, &shop.article.green] {
                assert_eq!(least(&shop, cluster), (2, false), "{after}{}", journal(&run));
            }
        });
    }
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_left_and_named() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let writes = async {
            until(&shop, |run| run.step == Step::Soak).await;
            let mut theirs: Value = serde_json::from_str(&autoscaler()).unwrap();
            theirs["spec"]["minReplicas"] = 5.into();
            on(&shop, &shop.article.green, |server, now| drop(server.apply(&theirs, now).unwrap()));
        };
        let ((run, _), ()) = tokio::join!(forward(&shop), writes);
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(least(&shop, &shop.article.green), (5, false));
        assert!(journal(&run).contains("spec.minReplicas is 5, and not 8 as it was pinned"), "{}", journal(&run));
    });
}

#[test]
fn the_check_takes_back_what_a_run_has_left_that_a_person_has_ended() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let users = Prober::start(&shop.azure, &[&shop.article.host]);
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::Soak).await;
        tokio::time::sleep(Duration::from_secs(400)).await;
        let both = [shop.article.blue.clone(), shop.article.green.clone()];
        assert!(both.iter().all(|cluster| least(&shop, cluster) == (8, true)), "while it is under way they stay");
        crate::order(&shop, Verb::Pause).await;
        crate::order(&shop, Verb::Finish).await;
        assert_eq!(shop.run().unwrap().ending, Some(Ending::Finished));
        tokio::time::sleep(Duration::from_secs(360)).await;
        assert!(both.iter().all(|cluster| least(&shop, cluster) == (2, false)), "{}", journal(&shop.run().unwrap()));
        assert_eq!(users.stop().failed, 0);
    });
}

#[test]
fn an_old_cluster_that_does_not_answer_keeps_no_run_from_its_end() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let silent = async {
            until(&shop, |run| run.step == Step::Soak).await;
            let host = shop.azure.world().resource_manager.resource(&shop.article.blue).unwrap()["properties"]["fqdn"]
                .as_str()
                .unwrap()
                .to_owned();
            shop.azure.world().faults.add(Fault::always("silent", On::host(&host), Effect::Refuse));
        };
        let ((run, _), ()) = tokio::join!(forward(&shop), silent);
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert!(journal(&run).contains("pins stay in the old cluster until it answers"), "{}", journal(&run));
        assert_eq!(least(&shop, &shop.article.blue), (8, true), "it is stopped now");
    });
}

#[test]
fn a_return_that_turns_back_leaves_both_clusters_as_they_were() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let site = Site { old_cluster: OldCluster::Keep, ..shop.site.clone() };
        publish_as(&shop, site, &manifest(&autoscaler())).await;
        let (run, _) = forward(&shop).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        let users = Prober::start(&shop.azure, &[&shop.article.host]);
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(pods(&shop, &shop.article.blue), 2, "it has no traffic, and no pin");
        ask(&shop, "return", Kind::Return, None);
        until(&shop, |run| run.request == "return" && run.step == Step::Soak).await;
        assert_eq!(least(&shop, &shop.article.blue), (8, true));
        crate::order(&shop, Verb::RollBack).await;
        let run = shop.settled("return", DAY).await.unwrap();
        assert_eq!((run.ending, users.stop().failed), (Some(Ending::RolledBack), 0), "{}", journal(&run));
        for cluster in [&shop.article.blue, &shop.article.green] {
            assert_eq!(least(&shop, cluster), (2, false), "{}", journal(&run));
        }
    });
}
