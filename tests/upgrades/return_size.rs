//! A `return` to a cluster that was scaled down: it gets all of the size that was recorded before, and is put back as it was
//! found when the return turns back.
use crate::world_after::{gateway, is_well};
use crate::{ask, journal, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Told, tell};
use bluegreen::plan::Kind;
use bluegreen::run::{Ending, Run};
use bluegreen::site::{OldCluster, Site, Stage};
use bluegreen::step::Step;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::Process;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Name, nodes, whether an autoscaler rules, its bounds.
type Pool = (String, u64, bool, Option<u64>, Option<u64>);

/// A shop whose old cluster has a pool with an autoscaler besides the one of the article, after an upgrade that scaled it
/// down.
async fn upgraded(wish: OldCluster) -> Shop {
    let change = |site: &mut Site| {
        site.stages = vec![Stage { share: 50, watch_minutes: 1 }, Stage { share: 100, watch_minutes: 1 }];
        site.soak_minutes = 1;
        site.old_cluster = wish;
    };
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, change).unwrap();
    let mut work = pool(&shop, "system");
    work["name"].take();
    work["mode"] = "User".into();
    work["count"] = 2.into();
    work["enableAutoScaling"] = true.into();
    work["minCount"] = 2.into();
    work["maxCount"] = 5.into();
    let uri = format!("https://management.azure.com{}/agentPools/work?api-version=2026-08-01", shop.article.blue);
    let request = Request::builder().method(Method::PUT).uri(uri).header("authorization", "Bearer somebody");
    let request = request.body(json!({"properties": work}).to_string().into()).unwrap();
    let answer = shop.azure.call(&Process::new("somebody"), request).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(pools(&shop), before(), "the pool is there");
    upgrade(&shop, "first", Kind::Upgrade, Some("latest-stable"), Ending::Upgraded).await;
    shop
}

fn before() -> [Pool; 2] {
    [("system".into(), 3, false, None, None), ("work".into(), 2, true, Some(2), Some(5))]
}

fn scaled_down() -> [Pool; 2] {
    [("system".into(), 1, false, None, None), ("work".into(), 0, false, None, None)]
}

fn blue(shop: &Shop) -> Value {
    shop.azure.world().resource_manager.resource(&shop.article.blue).unwrap().clone()
}

fn pool(shop: &Shop, name: &str) -> Value {
    let pools = blue(shop)["properties"]["agentPoolProfiles"].take();
    pools.as_array().unwrap().iter().find(|pool| pool["name"] == name).unwrap().clone()
}

fn pools(shop: &Shop) -> Vec<Pool> {
    let seen = |pool: &Value| {
        let scales = pool["enableAutoScaling"] == true;
        let bound = |name: &str| pool[name].as_u64().filter(|_| scales);
        let name = pool["name"].as_str().unwrap().to_owned();
        (name, pool["count"].as_u64().unwrap(), scales, bound("minCount"), bound("maxCount"))
    };
    blue(shop)["properties"]["agentPoolProfiles"].as_array().unwrap().iter().map(seen).collect()
}

fn power(shop: &Shop) -> String {
    blue(shop)["properties"]["powerState"]["code"].as_str().unwrap().to_owned()
}

async fn upgrade(shop: &Shop, id: &str, kind: Kind, version: Option<&str>, ending: Ending) -> Told {
    let (began, before) = (shop.azure.clock().now(), gateway(shop));
    ask(shop, id, kind, version);
    let run = shop.settled(id, DAY).await.unwrap();
    let told = tell(shop, run, began);
    is_well(shop, &told, &before);
    assert_eq!(told.run.ending, Some(ending), "{id}{}", journal(&told.run));
    told
}

/// Makes the kept cluster ill as soon as the return sends it traffic.
async fn falls_ill(shop: &Shop) {
    until(shop, |run| run.request == "return" && run.step == Step::ConfirmTraffic).await;
    let now = shop.azure.clock().now();
    let host = blue(shop)["properties"]["fqdn"].as_str().unwrap().to_owned();
    shop.azure.world().kubernetes.break_workloads(&host, now, now + SignedDuration::from_hours(100));
}

#[test]
fn a_return_brings_back_all_of_the_size_that_was_recorded() {
    story(|| async {
        let shop = upgraded(OldCluster::ScaleDown).await;
        assert_eq!(pools(&shop), scaled_down());
        let told = upgrade(&shop, "return", Kind::Return, None, Ending::Upgraded).await;
        assert_eq!(pools(&shop), before(), "{}", journal(&told.run));
        let grown = told.run.journal.iter().find(|entry| entry.what.contains("pool work as it was")).unwrap();
        assert_eq!(grown.after, Step::CreateCluster, "before traffic");
    });
}

#[test]
fn the_record_is_found_in_the_history_too() {
    story(|| async {
        let shop = upgraded(OldCluster::ScaleDown).await;
        let store = &shop.operator.store;
        let retired = store.run("shop").await.unwrap().unwrap();
        store.keep_in_history(&retired.value).await.unwrap();
        let mut another: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
        another["id"] = "shop-another".into();
        another.as_object_mut().unwrap().remove("reducing");
        let another: Run = serde_json::from_value(another).unwrap();
        store.save(&another, Some(&retired.etag)).await.unwrap();
        let told = upgrade(&shop, "return", Kind::Return, None, Ending::Upgraded).await;
        assert_eq!(pools(&shop), before(), "{}", journal(&told.run));
    });
}

#[test]
fn a_return_that_turns_back_puts_the_kept_cluster_back_as_it_was_found() {
    for (wish, found) in [(OldCluster::ScaleDown, scaled_down()), (OldCluster::Stop, before())] {
        story(|| async {
            let shop = upgraded(wish).await;
            let was = power(&shop);
            assert_eq!(pools(&shop), found);
            let returned = upgrade(&shop, "return", Kind::Return, None, Ending::RolledBack);
            let (told, ()) = tokio::join!(returned, falls_ill(&shop));
            assert_eq!((pools(&shop), power(&shop)), (found.to_vec(), was), "{}", journal(&told.run));
            if wish == OldCluster::ScaleDown {
                assert!(journal(&told.run).contains("pool work as it was"), "{}", journal(&told.run));
            }
        });
    }
}

/// An older binary scaled it down and recorded nothing.
#[test]
fn a_kept_cluster_without_a_record_is_taken_as_it_is() {
    story(|| async {
        let shop = upgraded(OldCluster::ScaleDown).await;
        let mut document: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
        document["format"] = 1.into();
        document.as_object_mut().unwrap().remove("reducing");
        let loaded = shop.operator.store.run("shop").await.unwrap().unwrap();
        let run: Run = serde_json::from_value(document).unwrap();
        shop.operator.store.save(&run, Some(&loaded.etag)).await.unwrap();
        upgrade(&shop, "return", Kind::Return, None, Ending::Upgraded).await;
        assert_eq!(pools(&shop), scaled_down());
    });
}
