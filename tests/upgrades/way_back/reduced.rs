//! An old cluster that the run has reduced is brought back before users are led to it, and a person's word stands meanwhile.
use super::night::{Night, calls};
use crate::{journal, story, until};
use bluegreen::local::story::Serving;
use bluegreen::run::verbs::{Refusal, Verb};
use bluegreen::run::{Ending, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::OldCluster;
use bluegreen::step::Step;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// The old cluster is being reduced so.
async fn reduces(wish: OldCluster) -> Night {
    let night = Night::begin(|site| site.old_cluster = wish);
    let is_asked = |run: &Run| {
        run.reducing.is_some() && run.journal.last().is_some_and(|entry| entry.what.ends_with("was requested"))
    };
    until(&night.shop, is_asked).await;
    night
}

fn nodes(night: &Night) -> Value {
    night.cluster(Blue).unwrap()["properties"]["agentPoolProfiles"][0]["count"].clone()
}

/// Whether the old cluster has its nodes when the gateway is written next, and how long that took.
async fn at_the_next_write(night: &Night) -> (bool, SignedDuration) {
    at_a_write_after(night, night.gateway_writes()).await
}

/// The same, of the next one after so many.
async fn at_a_write_after(night: &Night, before: usize) -> (bool, SignedDuration) {
    let began = night.now();
    while night.gateway_writes() == before {
        let took = night.now().duration_since(began);
        assert!(took < SignedDuration::from_mins(40), "{}", journal(&night.run()));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let is_settled = night.cluster(Blue).unwrap()["properties"]["provisioningState"] == "Succeeded";
    (nodes(night) == 3 && is_settled, night.now().duration_since(began))
}

#[test]
fn users_go_back_to_an_old_cluster_that_has_its_nodes() {
    story(|| async {
        let night = reduces(OldCluster::ScaleDown).await;
        assert_eq!(nodes(&night), 1, "{}", journal(&night.run()));
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let (is_whole, _) = at_the_next_write(&night).await;
        assert!(is_whole, "{}", journal(&night.run()));
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn where_nobody_is_served_users_go_back_at_once_and_the_nodes_come_meanwhile() {
    story(|| async {
        let night = reduces(OldCluster::ScaleDown).await;
        night.falls_ill(Green);
        until(&night.shop, |run| run.step == Step::RestoreTraffic).await;
        let (is_whole, took) = at_the_next_write(&night).await;
        assert!(took < SignedDuration::from_mins(1) && !is_whole, "{took:#}{}", journal(&night.run()));
        let grown = until(&night.shop, |run| journal(run).contains("as it was (3 nodes)")).await;
        assert_eq!(grown.step, Step::RestoreTraffic, "{}", journal(&grown));
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!((night.serving(), nodes(&night)), (Serving::Only(Blue), json!(3)), "{}", journal(&run));
    });
}

#[test]
fn a_new_cluster_that_dies_while_nodes_are_waited_for_is_left_at_once() {
    for forced in [false, true] {
        story(|| async {
            let night = reduces(OldCluster::ScaleDown).await;
            night.shop.azure.world().resource_manager.timings.scale_pool = Duration::from_secs(3600);
            night.says(Verb::RollBack, |_| {}).await.unwrap();
            night.minutes(5).await;
            let refused = night.says(Verb::RollBack, |_| {}).await.unwrap_err();
            assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("--force")), "{refused:?}");
            let before = night.gateway_writes();
            if forced {
                night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
            } else {
                night.falls_ill(Green);
            }
            let (is_whole, took) = at_a_write_after(&night, before).await;
            let run = night.run();
            assert!(took < SignedDuration::from_mins(6) && !is_whole, "{took:#}{}", journal(&run));
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!((night.serving(), nodes(&night)), (Serving::Only(Blue), json!(3)), "{}", journal(&run));
        });
    }
}

#[test]
fn the_emergency_way_back_while_the_old_cluster_is_started_is_seen_and_stays_seen() {
    story(|| async {
        let night = reduces(OldCluster::Stop).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        until(&night.shop, |run| run.journal.last().is_some_and(|entry| entry.what == "the start was requested")).await;
        night.glass_is_broken(Green, "three");
        night.minutes(2).await;
        night.stranger_writes(|gateway| drop(gateway["tags"].take()));
        let held = night.is_held().await;
        assert!(held.glass.is_some() && calls(&held) > 0, "{}", journal(&held));
        night.minutes(60).await;
        assert_eq!(night.serving(), Serving::Only(Green), "{}", journal(&night.run()));
    });
}

#[test]
fn a_way_back_that_had_nowhere_to_go_goes_on_by_itself() {
    story(|| async {
        let night = reduces(OldCluster::Stop).await;
        let blue = On::call(Method::GET, "/managedclusters/aks-blue?");
        night.shop.azure.world().faults.add(Fault::always("gone", blue, Effect::not_found()));
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let held = night.is_held().await;
        assert_eq!(held.step, Step::RestoreTraffic, "{}", journal(&held));
        night.minutes(10).await;
        night.shop.azure.world().faults.remove("gone");
        let run = until(&night.shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn an_old_cluster_whose_deletion_came_to_no_end_is_no_way_back() {
    story(|| async {
        let night = Night::begin(|site| site.old_cluster = OldCluster::Delete);
        let deletions = "DELETE …/managedClusters/";
        night.shop.azure.world().resource_manager.fail_next_operation(deletions, "NicInUse", "a NIC is in use");
        let held = night.is_held().await;
        assert_eq!(held.step, Step::RetireOldCluster, "{}", journal(&held));
        night.falls_ill(Green);
        night.minutes(15).await;
        let run = night.run();
        assert!(journal(&run).contains("its deletion came to no end"), "{}", journal(&run));
        assert_eq!((run.step, night.serving()), (Step::RetireOldCluster, Serving::Only(Green)), "{}", journal(&run));
    });
}
