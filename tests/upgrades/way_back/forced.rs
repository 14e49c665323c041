//! An old cluster that is being reduced, and of which little can be seen: what keeps users from it, and what does not.
use super::night::Night;
use crate::{journal, story, until};
use bluegreen::azure::permit::Permit;
use bluegreen::local::story::Serving;
use bluegreen::resources::size::PoolSize;
use bluegreen::run::Ending;
use bluegreen::run::verbs::{Direction, Refusal, Verb};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::OldCluster;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// It is said that the old cluster is reduced so, and paused before anything was done to it.
async fn announced(wish: OldCluster) -> Night {
    let night = Night::begin_with(None, |site| site.old_cluster = wish);
    until(&night.shop, |run| run.reducing.is_some()).await;
    night.says(Verb::Pause, |_| {}).await.unwrap();
    night.minutes(4).await;
    assert_eq!((night.run().step, night.power(Blue).as_deref()), (Step::RetireOldCluster, Some("Running")));
    night
}

/// Users are with the old cluster within so many minutes.
async fn users_are_back(night: &Night, within: i64) {
    let began = night.now();
    while night.serving() != Serving::Only(Blue) {
        let took = night.now().duration_since(began);
        assert!(took < SignedDuration::from_mins(within), "{took:#}{}", journal(&night.run()));
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

fn blue_answers(night: &Night, name: &str, effect: Effect) {
    let on = On::call(Method::GET, "/managedclusters/aks-blue?");
    night.shop.azure.world().faults.add(Fault::always(name, on, effect));
}

#[test]
fn an_old_cluster_that_somebody_changes_is_not_one_whose_deletion_was_cut_off() {
    story(|| async {
        let night = announced(OldCluster::Delete).await;
        night.shop.azure.world().resource_manager.timings.scale_pool = Duration::from_secs(1200);
        let (operator, id) = (&night.shop.operator, &night.shop.site.slots.blue.cluster);
        let pool = night.cluster(Blue).unwrap()["properties"]["agentPoolProfiles"][0].clone();
        let pool = PoolSize { name: pool["name"].as_str().unwrap().to_owned(), count: 4, autoscaler: None };
        operator.writer.scale_pool(Permit::of_a_person(&operator.clock), id, &pool).await.unwrap();
        night.falls_ill(Green);
        users_are_back(&night, 6).await;
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn force_leads_users_to_an_old_cluster_whose_deletion_was_cut_off() {
    story(|| async {
        let night = Night::begin(|site| site.old_cluster = OldCluster::Delete);
        let deletions = "DELETE …/managedClusters/";
        night.shop.azure.world().resource_manager.fail_next_operation(deletions, "NicInUse", "a NIC is in use");
        night.is_held().await;
        night.falls_ill(Green);
        until(&night.shop, |run| journal(run).contains("its deletion came to no end")).await;
        let refused = night.says(Verb::RollBack, |_| {}).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("--force")), "{refused:?}");
        night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
        users_are_back(&night, 2).await;
        night.minutes(30).await;
        assert!(night.cluster(Green).is_some(), "the only whole one is kept{}", journal(&night.run()));
    });
}

#[test]
fn force_is_heard_on_the_way_back_that_had_nowhere_to_go() {
    story(|| async {
        let night = announced(OldCluster::Stop).await;
        blue_answers(&night, "gone", Effect::not_found());
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let held = night.is_held().await;
        assert_eq!(held.step, Step::RestoreTraffic, "{}", journal(&held));
        let refused = night.says(Verb::RollBack, |_| {}).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("--force")), "{refused:?}");
        night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
        users_are_back(&night, 2).await;
        night.shop.azure.world().faults.remove("gone");
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn where_nobody_is_served_an_old_cluster_that_cannot_be_read_is_gone_back_to() {
    for wish in [OldCluster::Stop, OldCluster::ScaleDown, OldCluster::Delete] {
        for (is_gone, effect) in [(false, Effect::status(StatusCode::SERVICE_UNAVAILABLE)), (true, Effect::not_found())]
        {
            story(|| async {
                let night = announced(wish).await;
                blue_answers(&night, "unreadable", effect.clone());
                night.falls_ill(Green);
                if wish == OldCluster::Delete && is_gone {
                    // That is what a deletion of ours would look like.
                    night.minutes(15).await;
                    let held = night.is_held().await;
                    assert_eq!(night.serving(), Serving::Only(Green), "{}", journal(&held));
                } else {
                    // A deletion may be on its way for so long.
                    users_are_back(&night, if wish == OldCluster::Delete { 9 } else { 6 }).await;
                }
                night.shop.azure.world().faults.remove("unreadable");
                let run = until(&night.shop, |run| run.ending.is_some()).await;
                assert_eq!((run.ending, night.serving()), (Some(Ending::RolledBack), Serving::Only(Blue)));
            });
        }
    }
}

#[test]
fn a_way_back_goes_on_without_the_bus() {
    story(|| async {
        let night = announced(OldCluster::ScaleDown).await;
        night.shop.azure.world().resource_manager.timings.scale_pool = Duration::from_secs(1200);
        night.says(Verb::Resume, |_| {}).await.unwrap();
        until(&night.shop, |run| run.journal.last().is_some_and(|entry| entry.what.ends_with("was requested"))).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        night.minutes(2).await;
        night.shop.azure.world().faults.add(Fault::always("bus", On::host(".servicebus."), Effect::Refuse));
        night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
        users_are_back(&night, 1).await;
        night.shop.azure.world().faults.remove("bus");
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn force_is_for_its_own_moment_alone() {
    story(|| async {
        let night = announced(OldCluster::Stop).await;
        night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
        users_are_back(&night, 2).await;
        night.glass_is_broken(Green, "back");
        let held = until(&night.shop, |run| run.glass.is_some()).await;
        blue_answers(&night, "gone", Effect::not_found());
        night.says(Verb::Resume, |order| order.direction = Some(Direction::Back)).await.unwrap();
        night.minutes(10).await;
        assert_eq!(night.serving(), Serving::Only(Green), "{}{}", held.hop, journal(&night.run()));
        night.shop.azure.world().faults.remove("gone");
        let run = until(&night.shop, |run| run.ending.is_some()).await;
        assert_eq!((run.ending, night.serving()), (Some(Ending::RolledBack), Serving::Only(Blue)), "{}", journal(&run));
    });
}

/// Whether the old cluster's pods run can be a right that nobody gave: it is no condition.
#[test]
fn a_right_that_is_missing_keeps_no_users_from_the_old_cluster() {
    story(|| async {
        let night = announced(OldCluster::ScaleDown).await;
        let host = night.cluster(Blue).unwrap()["properties"]["fqdn"].as_str().unwrap().to_owned();
        let on = On { host, ..On::call(Method::GET, "/apis/apps/v1/deployments") };
        let body = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden",
            "message": "deployments.apps is forbidden", "code": 403});
        let denied = Effect::Answer { status: StatusCode::FORBIDDEN, headers: vec![], body };
        night.shop.azure.world().faults.add(Fault::always("denied", on, denied));
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        users_are_back(&night, 6).await;
    });
}
