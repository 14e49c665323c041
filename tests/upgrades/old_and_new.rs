//! An old and a new binary alternate. The other one is played at the wire: between two hops the documents are rewritten
//! as it would.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic, and so may what it is made of")]

use crate::{order, story};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::run::event::{Event, STEPS};
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Run};
use bluegreen::site::{Site, Stage};
use bluegreen::step::Step;
use bluegreen::store::{RUNS, SITES};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulated_azure::service_bus::Message;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const ACTIVE: &str = "active/shop.json";
const LONG: Duration = Duration::from_secs(24 * 3600);

fn short(site: &mut Site) {
    site.stages = vec![Stage { share: 50, watch_minutes: 2 }, Stage { share: 100, watch_minutes: 2 }];
    site.soak_minutes = 5;
}

/// A shop without users, whose upgrade is requested.
fn begun() -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, short).unwrap();
    request(&shop);
    shop
}

fn request(shop: &Shop) {
    let request = Request {
        site: "shop".into(),
        version: Some("latest-stable".into()),
        kind: Kind::Upgrade,
        requested_by: Some("storyteller".into()),
        ..Request::default()
    };
    shop.request(&request, "story").unwrap();
}

/// Waits until the run is so.
async fn until(shop: &Shop, is_so: impl Fn(&Run) -> bool) -> Run {
    let mut changes = shop.azure.changes();
    let waiting = async {
        loop {
            if let Some(run) = shop.run().filter(&is_so) {
                return run;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("it comes to that within a day")
}

fn put(shop: &Shop, content: &[u8]) {
    let now = shop.azure.clock().now();
    shop.azure.world().blobs.put(ACCOUNT, RUNS, ACTIVE, content, now);
}

/// What a newer binary of the same format might add, at every level.
fn add_members(document: &mut Value) {
    let hop = document["hop"].clone();
    let mut add = |pointer: &str| {
        if let Some(Value::Object(members)) = document.pointer_mut(pointer) {
            members.entry("newer").or_insert_with(|| json!({"since": hop, "deep": [{"er": null}, 1.5, "ü"]}));
        }
    };
    ["", "/plan", "/plan/site", "/plan/site/slots/blue", "/operation", "/held"].into_iter().for_each(&mut add);
    (0..10).for_each(|at| add(&format!("/plan/stages/{at}")));
    (0..10).for_each(|at| add(&format!("/approved/{at}")));
    (0..500).for_each(|at| add(&format!("/journal/{at}")));
}

/// Whether everything that was added before is there now. An operation or a hold of its own is a new object.
#[track_caller]
fn assert_kept(before: &Value, now: &Value) {
    let mut lost = before.clone();
    let same = |pointer: &str| before.pointer(pointer).is_some() && before.pointer(pointer) == now.pointer(pointer);
    for (object, name) in [("operation", "/operation/url"), ("held", "/held/since")] {
        if !same(name) {
            lost[object] = Value::Null;
        }
    }
    let (mut kept, mut count) = (vec![String::new()], 0);
    while let Some(pointer) = kept.pop() {
        match lost.pointer(&pointer) {
            Some(Value::Object(members)) => {
                if let Some(added) = members.get("newer") {
                    assert_eq!(now.pointer(&format!("{pointer}/newer")), Some(added), "at {pointer}");
                    count += 1;
                }
                kept.extend(members.keys().filter(|name| *name != "newer").map(|name| format!("{pointer}/{name}")));
            }
            Some(Value::Array(items)) => kept.extend((0..items.len()).map(|at| format!("{pointer}/{at}"))),
            _ => {}
        }
    }
    assert!(count > 6, "only {count} additions were looked for");
}

/// Rewrites the document at each hop until the run is so.
async fn alternating(shop: &Shop, is_so: impl Fn(&Run) -> bool) -> Value {
    let (mut hop, mut hops, mut before) = (0, 0, Value::Null);
    loop {
        let run = until(shop, |run| run.hop != hop || is_so(run)).await;
        let mut document: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
        if hops > 0 {
            assert_kept(&before, &document);
        }
        if is_so(&run) {
            assert!(hops > 3, "only {hops} hops");
            return document;
        }
        add_members(&mut document);
        put(shop, document.to_string().as_bytes());
        (hop, hops, before) = (run.hop, hops + 1, document);
    }
}

#[test]
fn what_a_newer_binary_writes_survives_a_whole_upgrade() {
    story(|| async {
        let shop = begun();
        let document = alternating(&shop, |run| run.ending.is_some()).await;
        assert_eq!(document["ending"], "upgraded");
        let entries = document["journal"].as_array().unwrap();
        assert!(entries[..entries.len() - 1].iter().all(|entry| entry["newer"]["deep"][2] == "ü"), "{document:#}");
    });
}

#[test]
fn what_a_newer_binary_writes_survives_a_hold_and_the_way_back() {
    story(|| async {
        let shop = begun();
        alternating(&shop, |run| run.step == Step::ConfirmTraffic && run.stage == 1 && run.in_force.is_some()).await;
        order(&shop, Verb::Pause).await;
        let mut held: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
        add_members(&mut held);
        put(&shop, held.to_string().as_bytes());
        let drop_members = |gateway: &mut Value| {
            gateway["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"]
                .as_array_mut()
                .unwrap()
                .pop();
        };
        let now = shop.azure.clock().now();
        {
            let world = &mut *shop.azure.world();
            let (arm, fleet) = (&mut world.resource_manager, &mut world.kubernetes);
            arm.stranger_writes(&shop.article.gateway, drop_members, fleet, now).unwrap();
        }
        // CanaryCheck sees it, and calls a person into the held run.
        let hop = shop.run().unwrap().hop;
        until(&shop, |run| run.hop > hop && run.held.is_some()).await;
        let called: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
        assert_kept(&held, &called);
        assert_eq!(called["held"]["newer"], held["held"]["newer"]);
        assert!(held["held"]["newer"].is_object());
        order(&shop, Verb::RollBack).await;
        let document = alternating(&shop, |run| run.ending.is_some()).await;
        assert_eq!(document["ending"], "rolledBack");
    });
}

#[test]
fn a_document_of_a_newer_format_is_waited_for_and_never_touched() {
    story(|| async {
        let shop = begun();
        let run = until(&shop, |run| run.step == Step::InstallControllers).await;
        let before = shop.document().unwrap();
        let mut newer: Value = serde_json::from_slice(&before).unwrap();
        newer["format"] = 3.into();
        newer["step"] = "TeachCluster".into();
        let newer = newer.to_string().into_bytes();
        put(&shop, &newer);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(shop.document().unwrap(), newer, "left untouched");
        let failures = |shop: &Shop| shop.host.counters().functions["InstallControllers"].failures;
        assert!((2..=5).contains(&failures(&shop)), "redelivered after a wait each time: {}", failures(&shop));
        put(&shop, &before);
        let ended = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!((ended.ending, &ended.id), (Some(Ending::Upgraded), &run.id));
        assert!(!ended.journal.iter().any(|entry| entry.what.contains("lost or late")), "its own event went on");
        assert_eq!(shop.host.counters().dead_letters, 0);
    });
}

#[test]
fn an_unreadable_document_is_never_touched_and_the_sweep_goes_on_when_it_is_mended() {
    for broken in
        [&b"{\"format\": 1, \"id\": "[..], b"[]", b"", b"{\"format\": 1}", b"{\"format\": \"3\"}", b"\xff\xfe"]
    {
        story(|| async {
            let shop = begun();
            until(&shop, |run| run.step == Step::SyncWorkloads).await;
            let before = shop.document().unwrap();
            put(&shop, broken);
            tokio::time::sleep(Duration::from_secs(20 * 60)).await;
            assert_eq!(shop.document().unwrap(), broken, "left untouched");
            assert_eq!(shop.host.counters().dead_letters, 1, "its one event");
            put(&shop, &before);
            let ended = until(&shop, |run| run.ending.is_some()).await;
            assert_eq!(ended.ending, Some(Ending::Upgraded));
            assert!(ended.journal.iter().any(|entry| entry.what.contains("lost or late")));
        });
    }
}

#[test]
fn unknown_members_of_an_event_do_no_harm() {
    story(|| async {
        let shop = begun();
        let run = until(&shop, |run| run.step == Step::CreateCluster).await;
        let publishes = On::call(Method::POST, "upgrade-steps/messages");
        let accepted = Effect::Answer { status: StatusCode::CREATED, headers: vec![], body: json!({}) };
        shop.azure.world().faults.add(Fault::once("lost", publishes, accepted));
        let run = until(&shop, |later| later.hop > run.hop + 1 || !shop.azure.world().faults.hits().is_empty()).await;
        let mut event = serde_json::to_value(Event::of(&run)).unwrap();
        event["newer"] = json!({"why": ["because"]});
        let message = Message::new(event.to_string()).with_id("newer").with_subject(run.step.name());
        let due = run.due;
        shop.azure.world().service_bus.send(STEPS, message.at(due), shop.azure.clock().now()).unwrap();
        shop.azure.touch();
        let ended = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(ended.ending, Some(Ending::Upgraded));
        assert!(!ended.journal.iter().any(|entry| entry.what.contains("lost or late")), "the newer event went on");
    });
}

#[test]
fn a_site_with_unknown_members_can_be_planned_with() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, short).unwrap();
        {
            let world = &mut *shop.azure.world();
            let mut site: Value =
                serde_json::from_slice(world.blobs.get(ACCOUNT, SITES, "shop.json").unwrap()).unwrap();
            for pointer in ["", "/pools", "/slots", "/slots/green", "/stages/0", "/smokeTests/0", "/workloads/0"] {
                site.pointer_mut(pointer).unwrap()["newer"] = json!({"much": true});
            }
            world.blobs.put(ACCOUNT, SITES, "shop.json", site.to_string().as_bytes(), shop.azure.clock().now());
        }
        request(&shop);
        assert_eq!(until(&shop, |run| run.ending.is_some()).await.ending, Some(Ending::Upgraded));
    });
}

/// The run as the last binary of format 1 would have begun it.
fn of_format_1(document: &mut Value) {
    document["format"] = 1.into();
    for member in ["pools", "foundGlass"] {
        document["plan"].as_object_mut().unwrap().remove(member);
    }
}

/// Begins a run, and makes it one of format 1.
async fn begun_in_format_1() -> Shop {
    let shop = begun();
    until(&shop, |run| run.step == Step::CreateCluster).await;
    let mut document: Value = serde_json::from_slice(&shop.document().unwrap()).unwrap();
    of_format_1(&mut document);
    put(&shop, document.to_string().as_bytes());
    shop
}

#[test]
fn a_run_of_format_1_ends_by_its_own_rules() {
    story(|| async {
        let shop = begun_in_format_1().await;
        let soaks = until(&shop, |run| run.step == Step::Soak).await;
        let candidate = shop.azure.world().resource_manager.effective_members(&shop.article.gateway, "candidate");
        assert_eq!(candidate, Vec::<String>::new(), "its last stage empties the candidate pool");
        assert_eq!(soaks.format, 1);
        let ended = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!((ended.ending, ended.format), (Some(Ending::Upgraded), 1), "{:?}", ended.journal);
    });
}

#[test]
fn a_run_of_format_1_goes_back_from_every_step() {
    for step in &Step::ALL[1..8] {
        story(|| async {
            let shop = begun_in_format_1().await;
            until(&shop, |run| run.step == *step).await;
            order(&shop, Verb::RollBack).await;
            let ended = until(&shop, |run| run.ending.is_some()).await;
            assert_eq!((ended.ending, ended.format), (Some(Ending::RolledBack), 1), "{step}: {:?}", ended.journal);
        });
    }
}
