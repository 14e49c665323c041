//! Every kind of replacement, and what becomes of the clusters after each.
use crate::world_after::{gateway, is_well};
use crate::{ask, quick, story, until};
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, Told, play, tell};
use bluegreen::plan::Kind;
use bluegreen::resources::tags::{RETIRED_TAG, RUN_TAG, SERVING_TAG, tag};
use bluegreen::run::{Ending, Run};
use bluegreen::site::{Colour, FailedCluster, Leftover, OldCluster, Site};
use bluegreen::step::Step;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::article;
use std::time::Duration;

fn open(change: impl FnOnce(&mut Site)) -> Shop {
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    Shop::open(&Options::default(), both).unwrap()
}

/// Plays a request to its end, and looks at the world.
async fn upgrade(shop: &Shop, id: &str, kind: Kind, version: Option<&str>) -> Told {
    let (began, before) = (shop.azure.clock().now(), gateway(shop));
    ask(shop, id, kind, version);
    let run = shop.settled(id, Duration::from_secs(24 * 3600)).await.expect("the request starts a run that ends");
    let told = tell(shop, run, began);
    is_well(shop, &told, &before);
    told
}

fn cluster(shop: &Shop, colour: Colour) -> Option<Value> {
    let id = &shop.site.slot(colour).cluster;
    shop.azure.world().resource_manager.resource(id).cloned()
}

/// What the tags of the clusters say for pipelines: whether blue serves, and green.
fn said_to_serve(shop: &Shop) -> [Option<String>; 2] {
    let said = |colour| cluster(shop, colour).and_then(|found| Some(tag(&found, SERVING_TAG)?.to_owned()));
    [said(Colour::Blue), said(Colour::Green)]
}

fn serves(blue: &str, green: &str) -> [Option<String>; 2] {
    [blue, green].map(|said| (!said.is_empty()).then(|| said.to_owned()))
}

fn power(cluster: &Value) -> &Value {
    &cluster["properties"]["powerState"]["code"]
}

fn journal(run: &Run) -> Vec<&str> {
    run.journal.iter().map(|entry| entry.what.as_str()).collect()
}

/// Azure compares names without case, and so does everything that we do with a pool.
#[test]
fn pools_may_be_named_in_another_case_than_the_gateways() {
    for ending in [Ending::Upgraded, Ending::RolledBack] {
        story(|| async {
            let shop = open(|site| {
                site.pools.candidate = site.pools.candidate.to_uppercase();
                site.pools.live = site.pools.live.iter().map(|name| name.to_uppercase()).collect();
            });
            if ending == Ending::RolledBack {
                Failure { step: Step::ShiftTraffic, when: When::Always }.script(&shop, false);
            }
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
            assert_eq!(run.ending, Some(ending), "{:?}", journal(&run));
        });
    }
}

#[test]
fn a_second_upgrade_deletes_the_leftover_and_swaps_the_roles() {
    story(|| async {
        let shop = open(|_| {});
        let first = upgrade(&shop, "first", Kind::Upgrade, Some("latest-stable")).await;
        assert_eq!(first.run.ending, Some(Ending::Upgraded));
        assert_eq!(said_to_serve(&shop), serves("false", "true"));
        let kept = cluster(&shop, Colour::Blue).unwrap();
        let second = upgrade(&shop, "second", Kind::Upgrade, Some("1.35.1")).await;
        assert_eq!(second.run.ending, Some(Ending::Upgraded), "{:?}", journal(&second.run));
        assert_eq!((second.run.plan.old, second.serving.name()), (Colour::Green, "blue"));
        assert!(journal(&second.run).contains(&"the deletion of the leftover was requested"));
        let blue = cluster(&shop, Colour::Blue).unwrap();
        assert_ne!(blue["properties"]["resourceUID"], kept["properties"]["resourceUID"]);
        assert_eq!(blue["properties"]["currentKubernetesVersion"], "1.35.1");
        assert_eq!(power(&cluster(&shop, Colour::Green).unwrap()), "Stopped");
        assert_eq!(said_to_serve(&shop), serves("true", "false"));
    });
}

#[test]
fn a_second_upgrade_is_rejected_while_the_site_keeps_its_leftovers() {
    story(|| async {
        let shop = open(|site| site.leftover = Leftover::Refuse);
        upgrade(&shop, "first", Kind::Upgrade, Some("latest-stable")).await;
        let kept = cluster(&shop, Colour::Blue);
        let second = upgrade(&shop, "second", Kind::Upgrade, Some("1.35.1")).await;
        assert_eq!(second.run.ending, Some(Ending::Rejected), "{:?}", journal(&second.run));
        let why = second.run.failure.clone().unwrap_or_default();
        assert!(why.contains("which the site does not allow to delete"), "{why}");
        assert_eq!(cluster(&shop, Colour::Blue), kept, "nothing was touched");
    });
}

#[test]
fn a_replacement_keeps_the_version() {
    story(|| async {
        let shop = open(|_| {});
        let told = upgrade(&shop, "replace", Kind::Replace, None).await;
        assert_eq!((told.run.ending, told.serving.name()), (Some(Ending::Upgraded), "green"));
        let green = cluster(&shop, Colour::Green).unwrap();
        assert_eq!(green["properties"]["currentKubernetesVersion"], "1.33.5");
    });
}

#[test]
fn a_return_brings_the_kept_cluster_back_within_minutes() {
    story(|| async {
        let shop = open(|_| {});
        upgrade(&shop, "first", Kind::Upgrade, Some("latest-stable")).await;
        let kept = cluster(&shop, Colour::Blue).unwrap();
        assert_eq!(power(&kept), "Stopped");
        let told = upgrade(&shop, "return", Kind::Return, None).await;
        assert_eq!((told.run.ending, told.serving.name()), (Some(Ending::Upgraded), "blue"));
        assert_eq!(said_to_serve(&shop), serves("true", "false"));
        let blue = cluster(&shop, Colour::Blue).unwrap();
        assert_eq!(blue["properties"]["resourceUID"], kept["properties"]["resourceUID"]);
        assert_eq!(power(&blue), "Running");
        assert_eq!(power(&cluster(&shop, Colour::Green).unwrap()), "Stopped");
        let traffic = told.run.journal.iter().find(|entry| entry.after == Step::ConfirmTraffic).unwrap();
        let waited = traffic.at.duration_since(told.run.journal[0].at);
        assert!(waited < SignedDuration::from_mins(10), "traffic is back after {waited}");
    });
}

#[test]
fn a_return_that_turns_back_leaves_the_kept_cluster_stopped_as_it_was() {
    story(|| async {
        // Two stages: a sick half is no outage.
        let shop = Shop::open(&Options::default(), |site| site.soak_minutes = 2).unwrap();
        upgrade(&shop, "first", Kind::Upgrade, Some("latest-stable")).await;
        let kept = cluster(&shop, Colour::Blue).unwrap();
        let fall_ill = async {
            until(&shop, |run| run.request == "return" && run.step == Step::ConfirmTraffic).await;
            let now = shop.azure.clock().now();
            let later = now + SignedDuration::from_hours(100);
            let host = kept["properties"]["fqdn"].as_str().unwrap();
            shop.users.excuse("aks-blue", now, later);
            shop.azure.world().kubernetes.break_workloads(host, now, later);
        };
        let (told, ()) = tokio::join!(upgrade(&shop, "return", Kind::Return, None), fall_ill);
        assert_eq!((told.run.ending, told.serving.name()), (Some(Ending::RolledBack), "green"));
        assert_eq!(said_to_serve(&shop), serves("false", "true"));
        let blue = cluster(&shop, Colour::Blue).unwrap();
        assert_eq!(blue["properties"]["resourceUID"], kept["properties"]["resourceUID"]);
        assert_eq!(power(&blue), "Stopped");
    });
}

#[test]
fn the_old_cluster_is_left_as_the_site_says() {
    for wish in [OldCluster::Keep, OldCluster::ScaleDown, OldCluster::Stop, OldCluster::Delete] {
        story(|| async {
            let shop = open(|site| site.old_cluster = wish);
            let told = upgrade(&shop, "upgrade", Kind::Upgrade, Some("latest-stable")).await;
            assert_eq!(told.run.ending, Some(Ending::Upgraded), "{wish:?}");
            let was = if wish == OldCluster::Delete { "" } else { "false" };
            assert_eq!(said_to_serve(&shop), serves(was, "true"), "{wish:?}");
            let Some(blue) = cluster(&shop, Colour::Blue) else {
                return assert_eq!(wish, OldCluster::Delete);
            };
            assert_eq!(tag(&blue, RETIRED_TAG), Some(told.run.id.as_str()), "{wish:?}");
            let expected = match wish {
                OldCluster::Keep => ("Running", 3),
                OldCluster::ScaleDown => ("Running", 1),
                OldCluster::Stop => ("Stopped", 3),
                OldCluster::Delete => panic!("it should be gone"),
            };
            let count = blue["properties"]["agentPoolProfiles"][0]["count"].as_u64().unwrap();
            assert_eq!((power(&blue).as_str().unwrap(), count), expected, "{wish:?}");
        });
    }
}

#[test]
fn a_new_cluster_that_fell_ill_is_kept_for_diagnosis_if_the_site_says_so() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |site| site.failed_cluster = FailedCluster::Keep).unwrap();
        let before = gateway(&shop);
        let failure = Some(Failure { step: Step::ConfirmTraffic, when: When::Always });
        let told = play(&shop, Plot { failure, ..Plot::default() }).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!(told.run.ending, Some(Ending::RolledBack));
        let green = cluster(&shop, Colour::Green).expect("it is kept");
        assert_eq!((tag(&green, RUN_TAG), power(&green)), (Some(told.run.id.as_str()), &json!("Running")));
    });
}

#[test]
fn all_live_pools_move_together() {
    story(|| async {
        let shop = open(|site| site.pools.live.push("live-api".into()));
        let members: Vec<_> = shop.article.blue_addresses.iter().map(|address| json!({"ipAddress": address})).collect();
        let id = format!("{}/backendAddressPools/live-api", shop.article.gateway);
        let add = |gateway: &mut Value| {
            let properties = &mut gateway["properties"];
            let pool = json!({"name": "live-api", "properties": {"backendAddresses": members}});
            properties["backendAddressPools"].as_array_mut().unwrap().push(pool);
            properties["urlPathMaps"][0]["properties"]["pathRules"][0]["properties"]["backendAddressPool"]["id"] =
                id.into();
        };
        {
            let now = shop.azure.clock().now();
            let world = &mut *shop.azure.world();
            world.resource_manager.stranger_writes(&shop.article.gateway, add, &mut world.kubernetes, now).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let told = upgrade(&shop, "upgrade", Kind::Upgrade, Some("latest-stable")).await;
        assert_eq!(told.run.ending, Some(Ending::Upgraded), "{:?}", journal(&told.run));
        for pool in ["live", "live-api"] {
            let members = shop.azure.world().resource_manager.effective_members(&shop.article.gateway, pool);
            assert_eq!(members, shop.article.green_addresses, "{pool}");
        }
    });
}

#[test]
fn clusters_with_local_accounts_or_an_overlay_network_are_upgraded_too() {
    let bases = [
        article::Options { entra: false, ..article::Options::default() },
        article::Options { overlay: true, ..article::Options::default() },
    ];
    for base in bases {
        story(|| async {
            let shop = Shop::open(&Options { base: base.clone(), ..Options::default() }, quick).unwrap();
            let told = upgrade(&shop, "upgrade", Kind::Upgrade, Some("latest-stable")).await;
            assert_eq!(told.run.ending, Some(Ending::Upgraded), "{base:?}: {:?}", journal(&told.run));
            let green = cluster(&shop, Colour::Green).unwrap();
            assert_eq!(green["properties"]["aadProfile"].is_null(), !base.entra);
            assert_eq!(green["properties"]["networkProfile"]["networkPluginMode"] == "overlay", base.overlay);
        });
    }
}
