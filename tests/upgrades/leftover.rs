//! The leftover in the idle slot: the checks judge as if it were gone, and it goes only when the new cluster is about to be
//! made. Then everything is judged again.
use crate::world_after::{gateway, is_well};
use crate::{ask, journal, order, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Told, tell};
use bluegreen::plan::Kind;
use bluegreen::resources::tags::RUN_TAG;
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Gate, OldCluster, Site, Stage};
use bluegreen::step::Step;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulated_azure::record::Call;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A shop whose first upgrade has left the old cluster, running, in the idle slot: blue is the leftover.
async fn with_a_leftover(gates: Vec<Gate>) -> Shop {
    let has_gate = !gates.is_empty();
    let change = |site: &mut Site| {
        site.stages = vec![Stage { share: 100, watch_minutes: 1 }];
        site.soak_minutes = 1;
        site.old_cluster = OldCluster::Keep;
        site.gates = gates;
    };
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, change).unwrap();
    ask(&shop, "first", Kind::Upgrade, Some("latest-stable"));
    if has_gate {
        until(&shop, |run| run.held.is_some()).await;
        order(&shop, Verb::Approve).await;
    }
    let first = until(&shop, |run| run.ending.is_some()).await;
    assert_eq!(first.ending, Some(Ending::Upgraded), "{}", journal(&first));
    shop
}

fn blue(shop: &Shop) -> Option<Value> {
    shop.azure.world().resource_manager.resource(&shop.article.blue).cloned()
}

fn uid(cluster: &Value) -> String {
    cluster["properties"]["resourceUID"].as_str().unwrap().to_owned()
}

/// So many cores of the region are in use, of 30. A cluster has 12.
fn cores(shop: &Shop, used: u64) {
    let size = json!({"resourceType": "virtualMachines", "name": "Standard_D4s_v5", "family": "standardDSv5Family",
        "capabilities": [{"name": "vCPUs", "value": "4"}]});
    let sizes = Effect::Answer { status: StatusCode::OK, headers: vec![], body: json!({"value": [size]}) };
    let on = On::call(Method::GET, "/microsoft.compute/skus?");
    shop.azure.world().faults.add(Fault::always("sizes", on, sizes));
    for name in ["cores", "standardDSv5Family"] {
        shop.azure.world().resource_manager.set_usage("Microsoft.Compute", "westeurope", name, used, 30);
    }
}

/// The second upgrade, to its end or hold.
async fn second(shop: &Shop) -> Told {
    let (began, before) = (shop.azure.clock().now(), gateway(shop));
    ask(shop, "second", Kind::Upgrade, Some("1.35.1"));
    let run = shop.settled("second", DAY).await.unwrap();
    let told = tell(shop, run, began);
    is_well(shop, &told, &before);
    told
}

fn deletions(shop: &Shop) -> Vec<Call> {
    let world = shop.azure.world();
    let calls = world.calls.iter().filter(|call| call.method == Method::DELETE && call.path.contains("aks-blue"));
    calls.cloned().collect()
}

/// The cores come free when the leftover is gone, as in Azure.
async fn cores_come_free<Never>(shop: &Shop) -> Never {
    until(shop, |run| run.request == "second" && run.step == Step::CreateCluster).await;
    while blue(shop).is_some() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    cores(shop, 12);
    std::future::pending().await
}

#[test]
fn the_leftovers_cores_count_as_free() {
    story(|| async {
        let shop = with_a_leftover(vec![]).await;
        let kept = uid(&blue(&shop).unwrap());
        cores(&shop, 24);
        let told = tokio::select! {
            told = second(&shop) => told,
            never = cores_come_free(&shop) => never,
        };
        assert_eq!(told.run.ending, Some(Ending::Upgraded), "{}", journal(&told.run));
        assert_ne!(uid(&blue(&shop).unwrap()), kept);
        let [deletion] = &deletions(&shop)[..] else { panic!("{:?}", deletions(&shop)) };
        assert!(deletion.process.starts_with("CreateCluster"), "{deletion:?}");
    });
}

#[test]
fn the_checks_delete_nothing_and_a_gate_opens_before_the_deletion() {
    story(|| async {
        let gate = Gate { before: Step::CreateCluster, stage: 0 };
        let shop = with_a_leftover(vec![gate.clone()]).await;
        let kept = blue(&shop).unwrap();
        let held = second(&shop).await.run;
        assert_eq!(held.held.as_ref().and_then(|hold| hold.gate.as_ref()), Some(&gate), "{}", journal(&held));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(blue(&shop), Some(kept.clone()), "nothing was touched");
        order(&shop, Verb::Approve).await;
        let run = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_ne!(uid(&blue(&shop).unwrap()), uid(&kept));
    });
}

#[test]
fn a_gate_that_stays_shut_leaves_the_leftover() {
    story(|| async {
        let gate = Gate { before: Step::CreateCluster, stage: 0 };
        let shop = with_a_leftover(vec![gate]).await;
        let kept = blue(&shop);
        second(&shop).await;
        order(&shop, Verb::Abort).await;
        let run = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert_eq!(blue(&shop), kept, "nothing was touched");
    });
}

#[test]
fn a_refusal_after_the_deletion_ends_rejected_and_names_what_was_deleted() {
    story(|| async {
        let shop = with_a_leftover(vec![]).await;
        let kept = uid(&blue(&shop).unwrap());
        // Somebody else takes the cores that come free.
        cores(&shop, 24);
        let told = second(&shop).await;
        assert_eq!(told.run.ending, Some(Ending::Rejected), "{}", journal(&told.run));
        let why = told.run.failure.clone().unwrap_or_default();
        assert!(why.contains("12 cores") && why.contains("is deleted"), "{why}");
        assert!(why.contains("aks-blue") && why.contains(&kept), "{why}");
        assert!(blue(&shop).is_none(), "nothing of ours is left");
        // What has room now can be asked for again.
        cores(&shop, 12);
        let began = shop.azure.clock().now();
        ask(&shop, "third", Kind::Upgrade, Some("1.35.1"));
        let third = tell(&shop, shop.settled("third", DAY).await.unwrap(), began);
        assert_eq!(third.run.ending, Some(Ending::Upgraded), "{}", journal(&third.run));
    });
}

/// Between the checks and the deletion, an hour at a gate: it serves again, or it is another.
#[test]
fn a_leftover_that_changed_meanwhile_is_not_deleted() {
    for serves in [true, false] {
        story(|| async {
            let gate = Gate { before: Step::CreateCluster, stage: 0 };
            let shop = with_a_leftover(vec![gate]).await;
            second(&shop).await;
            {
                let now = shop.azure.clock().now();
                let world = &mut *shop.azure.world();
                let manager = &mut world.resource_manager;
                if serves {
                    let address = shop.article.blue_addresses[0].clone();
                    let add = |gateway: &mut Value| {
                        let members = json!([{"ipAddress": address}]);
                        let pool = json!({"name": "somebody", "properties": {"backendAddresses": members}});
                        gateway["properties"]["backendAddressPools"].as_array_mut().unwrap().push(pool);
                    };
                    manager.stranger_writes(&shop.article.gateway, add, &mut world.kubernetes, now).unwrap();
                } else {
                    let mut other = manager.resource(&shop.article.blue).unwrap().clone();
                    other["properties"]["resourceUID"] = "another".into();
                    other["tags"][RUN_TAG] = "another".into();
                    manager.place(&shop.article.blue, other, &mut world.kubernetes, now);
                }
            }
            tokio::time::sleep(Duration::from_secs(120)).await;
            let kept = blue(&shop).unwrap();
            order(&shop, Verb::Approve).await;
            let run = until(&shop, |run| run.ending.is_some()).await;
            // The look after the approval sees it.
            let named = if serves { "somebody" } else { "resourceUID" };
            let why = run.failure.as_deref().unwrap_or_default();
            assert!(run.ending == Some(Ending::Rejected) && why.contains(named), "{}", journal(&run));
            assert!(deletions(&shop).is_empty(), "{}", journal(&run));
            assert_eq!(uid(&blue(&shop).unwrap()), uid(&kept), "it is left as it is");
        });
    }
}

#[test]
fn a_deletion_of_the_leftover_that_azure_fails_is_requested_again() {
    story(|| async {
        let shop = with_a_leftover(vec![]).await;
        let on = "DELETE …/managedClusters/aks-blue";
        shop.azure.world().resource_manager.fail_next_operation(on, "ReconcileVMSSAgentPoolFailed", "a lock is on it");
        let told = second(&shop).await;
        assert_eq!(told.run.ending, Some(Ending::Upgraded), "{}", journal(&told.run));
        assert!(journal(&told.run).contains("ReconcileVMSSAgentPoolFailed: a lock is on it"), "{}", journal(&told.run));
    });
}

/// The new cluster of the first upgrade, which serves, answers 500 from now on.
fn green_falls_ill(shop: &Shop) {
    let now = shop.azure.clock().now();
    let mut world = shop.azure.world();
    let green = world.resource_manager.resource(&shop.article.green).unwrap();
    let host = green["properties"]["fqdn"].as_str().unwrap().to_owned();
    world.kubernetes.break_workloads(&host, now, now + jiff::SignedDuration::from_hours(1000));
}

#[test]
fn the_leftover_stays_while_the_cluster_that_serves_is_ill() {
    story(|| async {
        let shop = with_a_leftover(vec![]).await;
        let kept = uid(&blue(&shop).unwrap());
        green_falls_ill(&shop);
        tokio::time::sleep(Duration::from_secs(120)).await;
        ask(&shop, "second", Kind::Upgrade, Some("1.35.1"));
        let held = until(&shop, |run| run.request == "second" && run.held.is_some()).await;
        let why = &held.held.as_ref().unwrap().why;
        assert!(held.step == Step::CreateCluster && why.contains("the leftover"), "{}", journal(&held));
        assert!(uid(&blue(&shop).unwrap()) == kept && deletions(&shop).is_empty());
    });
}

#[test]
fn a_kept_cluster_is_not_stopped_again_while_the_one_that_serves_is_ill() {
    story(|| async {
        let change = |site: &mut Site| {
            site.stages = vec![Stage { share: 100, watch_minutes: 1 }];
            site.soak_minutes = 1;
            site.old_cluster = OldCluster::Stop;
        };
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, change).unwrap();
        ask(&shop, "first", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.ending.is_some()).await;
        ask(&shop, "second", Kind::Return, None);
        until(&shop, |run| run.request == "second" && run.step == Step::InstallControllers).await;
        green_falls_ill(&shop);
        tokio::time::sleep(Duration::from_secs(120)).await;
        order(&shop, Verb::RollBack).await;
        let held = until(&shop, |run| run.held.is_some() || run.ending.is_some()).await;
        assert_eq!((held.step, held.ending), (Step::DeleteNewCluster, None), "{}", journal(&held));
        assert_eq!(blue(&shop).unwrap()["properties"]["powerState"]["code"], "Running");
    });
}

/// While the last look before the deletion is slow, users are led to the leftover: by the emergency way back, or by others.
#[test]
fn a_leftover_to_which_users_are_led_at_the_last_moment_stays() {
    for is_marked in [true, false] {
        story(|| async {
            let shop = with_a_leftover(vec![]).await;
            let on = On::call(Method::GET, "/microsoft.compute/skus?").by("CreateCluster");
            let slow = Effect::DelayAnswer(Duration::from_secs(30));
            shop.azure.world().faults.add(Fault::always("slow", on, slow));
            let is_slow = |shop: &Shop| {
                let world = shop.azure.world();
                world.faults.hits().iter().filter(|(name, _)| name == "slow").count()
            };
            ask(&shop, "second", Kind::Upgrade, Some("1.35.1"));
            let asked = until(&shop, |run| journal(run).contains("before the leftover")).await;
            let before = is_slow(&shop);
            while is_slow(&shop) == before {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let members: Vec<_> = shop.article.blue_addresses.iter().map(|ip| json!({"ipAddress": ip})).collect();
            let live = shop.article.live_pool.clone();
            let now = shop.azure.clock().now();
            {
                let world = &mut *shop.azure.world();
                let to_blue = |gateway: &mut Value| {
                    crate::break_glass::pool(gateway, &live)["properties"]["backendAddresses"] = members.into();
                    if is_marked {
                        gateway["tags"]["aks-bluegreen-mark"] = "break-glass/somebody".into();
                    }
                };
                let (arm, fleet) = (&mut world.resource_manager, &mut world.kubernetes);
                arm.stranger_writes(&shop.article.gateway, to_blue, fleet, now).unwrap();
            }
            tokio::time::sleep(Duration::from_secs(1800)).await;
            let run = shop.run().unwrap();
            assert!(blue(&shop).is_some() && deletions(&shop).is_empty(), "{asked:?}{}", journal(&run));
            assert!(run.held.is_some() || run.ending == Some(Ending::Rejected), "{}", journal(&run));
        });
    }
}
