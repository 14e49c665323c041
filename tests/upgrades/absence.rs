//! One 404 proves nothing: the regions of Resource Manager lag behind each other. Absence, and a lost tag, are believed at
//! two looks a minute apart; a 404 of another kind is no answer at all.
use crate::world_after::{gateway, is_well};
use crate::{ask, cheap, journal, story, until};
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::Shop;
use bluegreen::local::story::{Plot, Told, play, tell};
use bluegreen::plan::Kind;
use bluegreen::resources::tags::RUN_TAG;
use bluegreen::run::Ending;
use bluegreen::step::Step;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On, Process};
use std::time::Duration;

const BLUE: &str = "/managedclusters/aks-blue?";
const GREEN: &str = "/managedclusters/aks-green?";
/// Where a step looks whether something is there.
const LOOKS: [(Step, &str); 11] = [
    (Step::CheckPlan, BLUE),
    (Step::CheckPlan, "/applicationgateways/gw-shop?"),
    (Step::CheckPlan, "/subnets/blue?"),
    (Step::CheckPlan, "/subnets/green?"),
    (Step::CreateCluster, BLUE),
    (Step::InstallControllers, GREEN),
    (Step::SyncWorkloads, GREEN),
    (Step::RetireOldCluster, BLUE),
    (Step::DeleteNewCluster, GREEN),
    (Step::DeleteNewCluster, BLUE),
    // A collection of what was just found.
    (Step::CheckPlan, "/maintenanceconfigurations?"),
];

fn missing(code: &str) -> Effect {
    let body = json!({"error": {"code": code, "message": "not here"}});
    Effect::Answer { status: StatusCode::NOT_FOUND, headers: vec![], body }
}

/// Calls Resource Manager as somebody else.
async fn call(shop: &Shop, method: Method, id: &str, body: &Value) {
    let uri = format!("https://management.azure.com{id}?api-version=2026-08-01");
    let request = Request::builder().method(method).uri(uri).header("authorization", "Bearer somebody");
    let request = request.body(body.to_string().into()).unwrap();
    let answer = shop.azure.call(&Process::new("somebody"), request).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

async fn tag(shop: &Shop, value: &str) {
    let mut tags = shop.azure.world().resource_manager.resource(&shop.article.green).unwrap()["tags"].clone();
    tags[RUN_TAG] = value.into();
    call(shop, Method::PATCH, &shop.article.green, &json!({"tags": tags})).await;
}

async fn played(shop: &Shop, step: Step) -> Told {
    let before = gateway(shop);
    let failure = step.undoes().then_some(Failure { step: Step::ConfirmTraffic, when: When::Always });
    let told = play(shop, Plot { failure, ..Plot::default() }).await.unwrap();
    is_well(shop, &told, &before);
    let ending = if step.undoes() { Ending::RolledBack } else { Ending::Upgraded };
    assert_eq!(told.run.ending, Some(ending), "{step}{}", journal(&told.run));
    told
}

#[test]
fn one_404_ends_nothing() {
    cheap::each(&LOOKS, async |(step, path): &(Step, &str)| {
        let shop = cheap::shop();
        let on = On::call(Method::GET, path).by(step.name());
        shop.azure.world().faults.add(Fault::once("lag", on, Effect::not_found()));
        let told = played(&shop, *step).await;
        if *step == Step::DeleteNewCluster && *path == GREEN {
            let left = shop.azure.world().resource_manager.resource(&shop.article.green).is_some();
            assert!(!left, "it is gone{}", journal(&told.run));
        }
    });
}

#[test]
fn one_404_of_the_kept_cluster_ends_no_return() {
    cheap::each(&[Step::CheckPlan, Step::CreateCluster], async |step: &Step| {
        let shop = cheap::shop();
        played(&shop, Step::CheckPlan).await;
        let (began, before) = (shop.azure.clock().now(), gateway(&shop));
        let on = On::call(Method::GET, BLUE).by(step.name());
        shop.azure.world().faults.add(Fault::once("lag", on, Effect::not_found()));
        ask(&shop, "return", Kind::Return, None);
        let run = shop.settled("return", Duration::from_secs(24 * 3600)).await.unwrap();
        let told = tell(&shop, run, began);
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::Upgraded), "{step}{}", journal(&told.run));
    });
}

/// Of a proxy, of a subscription that is not known yet, of a service that has no words for it.
#[test]
fn a_404_that_names_no_resource_is_no_answer() {
    const MINUTES: u64 = 10;
    for effect in [missing("SubscriptionNotFound"), missing("InvalidResourceType"), missing("NotFound")] {
        cheap::each(&LOOKS[..8], async |(step, path): &(Step, &str)| {
            if path.contains("/subnets/") {
                return;
            }
            let shop = cheap::shop();
            let on = On::call(Method::GET, path).by(step.name());
            shop.azure.world().faults.add(Fault::always("odd", on, effect.clone()));
            let mend = async {
                until(&shop, |run| run.step == *step).await;
                tokio::time::sleep(Duration::from_secs(MINUTES * 60)).await;
                shop.azure.world().faults.remove("odd");
            };
            tokio::join!(played(&shop, *step), mend);
        });
    }
}

#[test]
fn what_is_gone_is_believed_at_two_looks_a_minute_apart() {
    let gone = |text: &'static str, on: (Step, &'static str)| (text, on);
    let all = [
        gone("aks-blue is expected to serve, but does not exist", LOOKS[0]),
        gone("gw-shop is expected, but does not exist", LOOKS[1]),
        gone("subnets/green is expected, but does not exist", LOOKS[3]),
        gone("the old cluster is gone", LOOKS[4]),
        gone("the new cluster is gone", LOOKS[5]),
        gone("the new cluster is gone", LOOKS[6]),
    ];
    cheap::each(&all, async |(text, (step, path)): &(&str, (Step, &str))| {
        let shop = cheap::shop();
        let on = On::call(Method::GET, path).by(step.name());
        shop.azure.world().faults.add(Fault::always("gone", on, Effect::not_found()));
        let told = play(&shop, Plot::default()).await.unwrap();
        let run = &told.run;
        assert!(matches!(run.ending, Some(Ending::Rejected | Ending::RolledBack)), "{}", journal(run));
        assert!(run.failure.as_ref().is_some_and(|why| why.contains(text)), "{text}{}", journal(run));
        let first = shop.azure.world().faults.hits().first().unwrap().1;
        let end = run.journal.iter().find(|entry| entry.what.contains(text)).unwrap().at;
        let waited = end.duration_since(first);
        let expected = SignedDuration::from_secs(60)..SignedDuration::from_secs(180);
        assert!(expected.contains(&waited), "{text}: {waited}{}", journal(run));
    });
}

#[test]
fn a_tag_that_was_lost_for_a_moment_ends_nothing() {
    for step in [Step::InstallControllers, Step::SyncWorkloads] {
        story(|| async {
            let shop = cheap::shop();
            let lose = async {
                let run = until(&shop, |run| run.step == step).await;
                tag(&shop, "somebody-else").await;
                tokio::time::sleep(Duration::from_secs(40)).await;
                tag(&shop, &run.id).await;
            };
            tokio::join!(played(&shop, step), lose);
        });
    }
}

#[test]
fn a_cluster_whose_tag_was_changed_is_named_where_the_run_ends() {
    for step in [Step::CreateCluster, Step::InstallControllers, Step::SyncWorkloads] {
        story(|| async {
            let shop = cheap::shop();
            let before = gateway(&shop);
            let take = async {
                let is_there = || shop.azure.world().resource_manager.resource(&shop.article.green).is_some();
                until(&shop, |run| run.step == step && is_there()).await;
                if step == Step::CreateCluster {
                    // A cluster that is being made takes no tags.
                    let now = shop.azure.clock().now();
                    let world = &mut *shop.azure.world();
                    let mut body = world.resource_manager.resource(&shop.article.green).unwrap().clone();
                    body["tags"][RUN_TAG] = "somebody-else".into();
                    world.resource_manager.place(&shop.article.green, body, &mut world.kubernetes, now);
                } else {
                    tag(&shop, "somebody-else").await;
                }
            };
            let (told, ()) = tokio::join!(play(&shop, Plot::default()), take);
            let told = told.unwrap();
            is_well(&shop, &told, &before);
            let run = &told.run;
            assert_eq!(run.ending, Some(Ending::RolledBack), "{step}{}", journal(run));
            let failure = run.failure.clone().unwrap_or_default();
            assert!(failure.contains("aks-green") && failure.contains("somebody-else"), "{failure}");
            let last = run.journal.last().unwrap();
            assert!(last.what.contains("left over") && last.what.contains("aks-green"), "{last:?}");
            assert!(last.needs_person, "{last:?}");
            assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_some(), "it is not ours");
        });
    }
}
