//! Sites that are not as they should be: a run is never planned with one, and a run under way never stumbles over one.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

use crate::edited::edited;
use crate::{ask, order_of, quick, story, until};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::site::check::mistakes;
use bluegreen::step::Step;
use bluegreen::store::{RUNS, SITES};
use serde_json::{Value, json};
use std::time::Duration;

fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap()
}

/// Every check that a site can break while its structure can still be read.
fn broken(site: &Value) -> Value {
    let mut site = site.clone();
    for (pointer, value) in [
        ("/stages", json!([{"share": 7, "watchMinutes": 60_000}, {"share": 3, "watchMinutes": 0}])),
        ("/gates", json!([{"before": "CheckPlan", "stage": 9}])),
        ("/deadlineMinutes", json!({"CheckPlan": 0, "RestoreTraffic": 0})),
        ("/smokeTests", json!([{"url": "gopher://shop", "status": 7, "connectTo": "nowhere"}])),
        ("/controllers", json!([{"file": "../../etc/passwd", "digest": "none"}])),
        ("/workloads", json!([{"file": ""}, {"file": ""}])),
        (
            "/clusterChanges",
            json!({"properties": {"kubernetesVersion": "1.2.3"}, "tags": {"aks-bluegreen-run": "mine"}}),
        ),
        ("/slots/blue/subnet", site["slots"]["green"]["subnet"].clone()),
        ("/schema", json!("decide: where")),
    ] {
        if let Some(found) = site.pointer_mut(pointer) {
            *found = value;
        } else {
            site[pointer.trim_start_matches('/')] = value;
        }
    }
    site["slots"]["green"]["addresses"].as_array_mut().unwrap().extend([json!("8.8.8.8"), json!("8.8.8.8")]);
    site
}

#[test]
fn a_run_whose_site_breaks_every_check_is_read_and_rolled_back() {
    story(|| async {
        let shop = open();
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
        let mut plan = serde_json::to_value(&*run.plan).unwrap();
        plan["site"] = broken(&plan["site"]);
        assert!(mistakes(&plan["site"]).len() >= 10, "{:#?}", mistakes(&plan["site"]));
        let run = edited(&run, &json!({"plan": plan}));
        let (text, now) = (serde_json::to_vec(&run).unwrap(), shop.azure.clock().now());
        shop.azure.world().blobs.put(ACCOUNT, RUNS, "active/shop.json", &text, now);
        let order = Order { step: None, stage: None, ..order_of(&run, Verb::RollBack) };
        assert!(matches!(give(&shop.operator, "shop", &order).await.unwrap(), Obeyed::Yes(_)));
        let ended = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(ended.ending, Some(Ending::RolledBack), "{:?}", ended.journal);
    });
}

#[test]
fn a_published_site_with_mistakes_starts_no_run_and_its_mistakes_are_named() {
    story(|| async {
        let shop = open();
        let mut site = serde_json::to_value(&shop.site).unwrap();
        site["stages"] = json!([{"share": 50, "watchMinutes": 1}]);
        let (text, now) = (site.to_string(), shop.azure.clock().now());
        shop.azure.world().blobs.put(ACCOUNT, SITES, "shop.json", text.as_bytes(), now);
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(shop.run().is_none());
        let world = shop.azure.world();
        let record = world.blobs.names(ACCOUNT, RUNS, "refusals/").remove(0);
        let refusal: Value = serde_json::from_slice(world.blobs.get(ACCOUNT, RUNS, &record).unwrap()).unwrap();
        let why = refusal["why"].as_str().unwrap();
        assert!(why.contains("publish it again") && why.contains("/stages"), "{why}");
    });
}
