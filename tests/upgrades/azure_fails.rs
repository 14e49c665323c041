//! What Azure and others do to an upgrade: operations that fail, clusters that vanish, missing rights, throttling, and
//! other writers of the gateway.
use crate::world_after::{gateway, is_well};
use crate::{quick, story, until};
use axum::body::Body;
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, Serving, Told, play};
use bluegreen::run::Ending;
use bluegreen::site::{Colour, Site};
use bluegreen::step::Step;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::record::Call;
use simulated_azure::{Effect, Fault, On, Process};
use std::time::Duration;

fn open() -> Shop {
    Shop::open(&Options::default(), quick).unwrap()
}

/// With a soak in which something can happen.
fn soaking() -> Shop {
    let change = |site: &mut Site| {
        quick(site);
        site.soak_minutes = 20;
    };
    Shop::open(&Options::default(), change).unwrap()
}

/// Plays an upgrade while `incident` happens.
async fn with(shop: &Shop, plot: Plot, incident: impl Future<Output = ()>) -> Told {
    let (told, ()) = tokio::join!(play(shop, plot), incident);
    told.unwrap()
}

fn says(told: &Told, text: &str) -> bool {
    told.run.journal.iter().any(|entry| entry.what.contains(text))
}

/// Somebody deletes a cluster by hand.
async fn delete(shop: &Shop, cluster: &str) {
    let uri = format!("https://management.azure.com{cluster}?api-version=2026-08-01");
    let request = Request::delete(uri).header("authorization", "Bearer somebody").body(Body::empty()).unwrap();
    let answer = shop.azure.call(&Process::new("somebody"), request).await.unwrap();
    assert_eq!(answer.status(), 202);
}

fn somebody_writes(shop: &Shop, edit: impl FnOnce(&mut Value)) {
    let now = shop.azure.clock().now();
    let world = &mut *shop.azure.world();
    world.resource_manager.stranger_writes(&shop.article.gateway, edit, &mut world.kubernetes, now).unwrap();
}

fn live_pool_to_blue(shop: &Shop) {
    let members: Vec<_> = shop.article.blue_addresses.iter().map(|address| json!({"ipAddress": address})).collect();
    somebody_writes(shop, |gateway| {
        let pools = gateway["properties"]["backendAddressPools"].as_array_mut().unwrap();
        let live = pools.iter_mut().find(|pool| pool["name"] == "live").unwrap();
        live["properties"]["backendAddresses"] = members.into();
    });
}

#[test]
fn a_creation_that_azure_fails_is_undone_and_its_reason_told() {
    story(|| async {
        let shop = open();
        let before = gateway(&shop);
        let on = "PUT …/managedClusters/aks-green";
        shop.azure.world().resource_manager.fail_next_operation(on, "AllocationFailed", "no machines are left");
        let told = play(&shop, Plot::default()).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::RolledBack));
        assert!(says(&told, "Azure failed: AllocationFailed: no machines are left"), "{:?}", told.run.journal);
        assert_eq!(told.run.failure.as_deref(), Some("Azure failed: AllocationFailed: no machines are left"));
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "green is gone");
    });
}

#[test]
fn a_gateway_write_that_azure_fails_is_written_again() {
    for skipped in [false, true] {
        story(|| async {
            let shop = open();
            let before = gateway(&shop);
            let fail = async {
                if skipped {
                    // Not the candidate pool's write, but that of the traffic.
                    until(&shop, |run| run.in_force.is_some()).await;
                }
                let on = "PUT …/applicationGateways/gw-shop";
                shop.azure.world().resource_manager.fail_next_operation(on, "InternalServerError", "try it again");
            };
            let told = with(&shop, Plot::default(), fail).await;
            is_well(&shop, &told, &before);
            assert_eq!(told.run.ending, Some(Ending::Upgraded));
            assert!(says(&told, "InternalServerError: try it again"), "{:?}", told.run.journal);
        });
    }
}

#[test]
fn a_deletion_that_azure_fails_is_requested_again_and_its_reason_told() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        let before = gateway(&shop);
        let on = "DELETE …/managedClusters/aks-green";
        shop.azure.world().resource_manager.fail_next_operation(on, "ReconcileVMSSAgentPoolFailed", "a lock is on it");
        let failure = Some(Failure { step: Step::ConfirmTraffic, when: When::Always });
        let told = play(&shop, Plot { failure, ..Plot::default() }).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::RolledBack));
        assert!(says(&told, "ReconcileVMSSAgentPoolFailed: a lock is on it"), "{:?}", told.run.journal);
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "green is gone");
    });
}

#[test]
fn a_new_cluster_that_somebody_deletes_turns_the_upgrade_back() {
    for step in [Step::InstallControllers, Step::SyncWorkloads, Step::ValidateHealth, Step::ConfirmTraffic, Step::Soak]
    {
        story(|| async {
            let shop = soaking();
            let before = gateway(&shop);
            let vanish = async {
                until(&shop, |run| run.step == step).await;
                let (from, hour) = (shop.azure.clock().now(), SignedDuration::from_hours(1));
                shop.users.excuse("aks-green", from, from + hour);
                delete(&shop, &shop.article.green).await;
            };
            let told = with(&shop, Plot::default(), vanish).await;
            is_well(&shop, &told, &before);
            assert_eq!(told.run.ending, Some(Ending::RolledBack), "{step}: {:?}", told.run.journal);
        });
    }
}

#[test]
fn without_the_old_cluster_nothing_is_begun_and_nothing_is_retired() {
    story(|| async {
        let shop = soaking();
        let vanish = async {
            until(&shop, |run| run.step == Step::Soak).await;
            delete(&shop, &shop.article.blue).await;
        };
        let told = with(&shop, Plot::default(), vanish).await;
        assert_eq!(told.serving, Serving::Only(Colour::Green));
        let hold = told.run.held.as_ref().expect("a person is asked");
        assert!(hold.why.contains("there is no way back"), "{hold:?}");
    });
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
        delete(&shop, &shop.article.blue).await;
        let told = play(&shop, Plot::default()).await.unwrap();
        assert_eq!(told.run.ending, Some(Ending::Rejected), "{:?}", told.run.journal);
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "nothing was begun");
    });
}

#[test]
fn a_missing_role_is_waited_for() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |site| {
            quick(site);
            // With them the old cluster's kubeconfig is needed first.
            site.singletons.clear();
        })
        .unwrap();
        let before = gateway(&shop);
        // All but the clusters' kubeconfigs.
        let allowed = ["*/read", "Microsoft.ContainerService/managedClusters/write", "Microsoft.Network/*"];
        shop.azure.world().resource_manager.allow_only(allowed.map(str::to_owned).to_vec());
        let grant = async {
            until(&shop, |run| run.journal.iter().any(|entry| entry.what.contains("AuthorizationFailed"))).await;
            tokio::time::sleep(Duration::from_secs(20 * 60)).await;
            assert_eq!(shop.run().map(|run| (run.step, run.moves())), Some((Step::InstallControllers, true)));
            shop.azure.world().resource_manager.allow_only(vec!["*".into()]);
        };
        let told = with(&shop, Plot::default(), grant).await;
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::Upgraded));
        assert!(says(&told, "listClusterUserCredential/action"), "the journal names what is missing");
    });
}

#[test]
fn a_throttled_call_is_not_repeated_before_its_time() {
    const SECONDS: i64 = 90;
    story(|| async {
        let shop = open();
        let before = gateway(&shop);
        let gw = "/applicationgateways/gw-shop?";
        let throttled = [
            On::call(Method::GET, "/kubernetesversions").by("CheckPlan"),
            On::call(Method::PUT, &shop.article.green).by("CreateCluster"),
            On::call(Method::GET, "/operations/").by("CreateCluster"),
            On::call(Method::POST, "/listclusterusercredential").by("SyncWorkloads"),
            On::call(Method::PUT, gw).by("ValidateHealth"),
            On::call(Method::GET, "/operations/").by("ValidateHealth"),
            On::call(Method::POST, "/backendhealth").by("ValidateHealth"),
            On::call(Method::PUT, gw).by("ShiftTraffic"),
            On::call(Method::GET, gw).by("ShiftTraffic"),
            On::call(Method::POST, "/stop").by("RetireOldCluster"),
        ];
        for (number, on) in throttled.iter().enumerate() {
            let fault = Fault::once(&format!("throttled {number}"), on.clone(), Effect::throttle(SECONDS as u32));
            shop.azure.world().faults.add(fault);
        }
        let told = play(&shop, Plot::default()).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::Upgraded));
        assert_eq!(told.hits.len(), throttled.len(), "each was throttled: {:?}", told.hits);
        let world = shop.azure.world();
        let refused =
            world.calls.iter().enumerate().filter(|(_, call)| call.status.is_some_and(|status| status == 429));
        for (at, refused) in refused {
            // The check each minute is another caller, with a purpose of its own.
            let again = world.calls[at + 1..].iter().find(|call| {
                (&call.host, &call.path) == (&refused.host, &refused.path) && !call.process.starts_with("CanaryCheck")
            });
            let waited = again.map(|again| again.at.duration_since(refused.at).as_secs());
            assert!(waited.is_none_or(|waited| waited >= SECONDS), "{} {} {waited:?}", refused.method, refused.path);
        }
    });
}

#[test]
fn a_gateway_write_that_another_writer_supersedes_is_written_again() {
    for lands in [false, true] {
        story(|| async {
            let shop = open();
            shop.azure.world().resource_manager.superseded_writes_land = lands;
            let mut before = gateway(&shop);
            let edit = |gateway: &mut Value| gateway["tags"]["written-by"] = "somebody".into();
            edit(&mut before);
            let supersede = async {
                until(&shop, |run| run.step == Step::ShiftTraffic && run.following.is_some()).await;
                somebody_writes(&shop, edit);
            };
            let told = with(&shop, Plot::default(), supersede).await;
            is_well(&shop, &told, &before);
            assert_eq!(told.run.ending, Some(Ending::Upgraded));
            assert!(says(&told, "CanceledAndSuperseded"), "{:?}", told.run.journal);
        });
    }
}

#[test]
fn a_foreign_write_after_the_flip_is_repaired_once_and_then_a_person_is_called() {
    story(|| async {
        let shop = soaking();
        let before = gateway(&shop);
        let interfere = async {
            until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            live_pool_to_blue(&shop);
            until(&shop, |run| run.step == Step::Soak && run.repairs == 1).await;
            live_pool_to_blue(&shop);
        };
        let told = with(&shop, Plot::default(), interfere).await;
        is_well(&shop, &told, &before);
        let hold = told.run.held.as_ref().expect("a person is asked");
        assert!(hold.why.contains("somebody else writes the gateway"), "{hold:?}");
        assert!(told.run.journal.iter().any(|entry| entry.needs_person));
        let writes = |shop: &Shop| {
            let world = shop.azure.world();
            let is_write = |call: &&Call| call.method == Method::PUT && call.path.contains("gw-shop");
            world.calls.iter().filter(is_write).count()
        };
        assert_eq!(writes(&shop), 3, "the candidate pool, the traffic, one repair: no war");
        tokio::time::sleep(Duration::from_secs(120)).await;
        let members = |pool| shop.azure.world().resource_manager.effective_members(&shop.article.gateway, pool);
        assert_eq!(members("live"), shop.article.blue_addresses, "whoever wrote last was not fought");
    });
}

#[test]
fn a_gateway_whose_writes_never_take_effect_turns_the_upgrade_back() {
    story(|| async {
        let shop = open();
        let before = gateway(&shop);
        shop.azure.world().resource_manager.make_deaf(&shop.article.gateway, true);
        let told = play(&shop, Plot::default()).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::RolledBack));
        assert!(says(&told, "ValidateHealth was not done in time"), "{:?}", told.run.journal);
    });
}

#[test]
fn a_shift_that_succeeds_without_effect_is_never_taken_for_healthy() {
    story(|| async {
        let shop = open();
        let before = gateway(&shop);
        let deafen = async {
            until(&shop, |run| run.step == Step::ShiftTraffic).await;
            shop.azure.world().resource_manager.make_deaf(&shop.article.gateway, true);
        };
        let told = with(&shop, Plot::default(), deafen).await;
        is_well(&shop, &told, &before);
        let hold = told.run.held.as_ref().expect("a person is asked");
        assert!(hold.why.contains("ConfirmTraffic was not done in time"), "{hold:?}");
        assert!(says(&told, "no health yet of 10.1.31.1"), "{:?}", told.run.journal);
        assert_eq!(told.serving, Serving::Only(Colour::Blue));
    });
}
