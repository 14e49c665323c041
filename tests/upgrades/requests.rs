//! Requests: who may start a run, when, and what is told to those who may not.
use crate::edited::edited;
use crate::http_api::call;
use crate::{ask, quick, story, until};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::request::Request;
use bluegreen::plan::{Kind, Plan};
use bluegreen::run::{Ending, Run};
use bluegreen::site::{NewVersions, Site};
use bluegreen::store::{RUNS, SITES};
use serde_json::{Value, json};
use simulated_azure::article;
use simulated_azure::service_bus::Message;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const NEW_VERSION: &str = "Microsoft.ContainerService.NewKubernetesVersionAvailable";

/// A shop without users.
fn open(change: impl FnOnce(&mut Site)) -> Shop {
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    Shop::open(&Options { probe: false, ..Options::default() }, both).unwrap()
}

fn send(shop: &Shop, queue: &str, id: &str, body: &str) {
    let message = Message::new(body.to_owned()).with_id(id);
    shop.azure.world().service_bus.send(queue, message, shop.azure.clock().now()).unwrap();
    shop.azure.touch();
}

/// The records of refusals, or of requests that wait, by their names.
fn records(shop: &Shop, prefix: &str) -> Vec<(String, Value)> {
    let world = shop.azure.world();
    let names = world.blobs.names(ACCOUNT, RUNS, prefix).into_iter();
    let record = |name: &String| serde_json::from_slice(world.blobs.get(ACCOUNT, RUNS, name).unwrap()).unwrap();
    names.map(|name| (name.clone(), record(&name))).collect()
}

/// Lets a minute pass, and gives the only refusal.
async fn refusal(shop: &Shop) -> String {
    tokio::time::sleep(MINUTE).await;
    let refusals = records(shop, "refusals/");
    let [(_, refusal)] = &refusals[..] else { panic!("one refusal, not {refusals:?}; {:?}", shop.run()) };
    refusal["why"].as_str().unwrap().to_owned()
}

#[test]
fn of_two_requests_at_once_one_starts_and_the_other_is_told_why_not() {
    story(|| async {
        let shop = open(|_| {});
        ask(&shop, "one", Kind::Upgrade, Some("latest-stable"));
        ask(&shop, "two", Kind::Upgrade, Some("latest-patch"));
        let why = refusal(&shop).await;
        let run = shop.run().unwrap();
        assert_eq!(why, format!("the run {} of this site is under way", run.id));
        let (_, loser) = records(&shop, "refusals/").remove(0);
        assert_eq!(loser["request"]["id"], if run.request == "one" { "two" } else { "one" });
        let counts = shop.host.counters();
        assert_eq!((counts.functions["RequestUpgrade"].failures, counts.dead_letters), (0, 0), "it was answered 200");
    });
}

#[test]
fn a_request_delivered_again_starts_no_second_run() {
    story(|| async {
        // The bus has forgotten the first: its history lasts a day.
        let options = Options { probe: false, duplicate_detection: false, ..Options::default() };
        let shop = Shop::open(&options, quick).unwrap();
        ask(&shop, "again", Kind::Upgrade, Some("latest-stable"));
        let begun = until(&shop, |run| run.hop > 3).await;
        ask(&shop, "again", Kind::Upgrade, Some("latest-stable"));
        let ended = shop.settled("again", 1000 * MINUTE).await.unwrap();
        assert_eq!((ended.id.as_str(), ended.ending), (begun.id.as_str(), Some(Ending::Upgraded)));
        assert!(records(&shop, "refusals/").is_empty());
        ask(&shop, "again", Kind::Upgrade, Some("latest-stable"));
        let why = refusal(&shop).await;
        assert!(why.contains("has ended: give a new request a new id"), "{why}");
        assert_eq!(shop.run().unwrap(), ended, "after its end it is done");
        assert_eq!(shop.host.counters().functions["RequestUpgrade"].failures, 0);
    });
}

/// A message that was captured, or comes late, or is sent again from the dead letters.
#[test]
fn an_old_request_starts_nothing_while_its_run_is_in_the_history() {
    story(|| async {
        let options = Options { probe: false, duplicate_detection: false, ..Options::default() };
        let shop = Shop::open(&options, quick).unwrap();
        for id in ["one", "two", "three"] {
            ask(&shop, id, Kind::Replace, None);
            shop.settled(id, 1000 * MINUTE).await.unwrap();
        }
        let last = shop.run().unwrap();
        for id in ["one", "two", "three"] {
            ask(&shop, id, Kind::Replace, None);
            tokio::time::sleep(10 * MINUTE).await;
            assert_eq!(shop.run().unwrap(), last, "{id}");
        }
        assert_eq!(records(&shop, "refusals/").len(), 3, "each is told");
        ask(&shop, "four", Kind::Replace, None);
        until(&shop, |run| run.request == "four").await;
    });
}

#[test]
fn a_request_is_kept_short_and_one_with_a_long_id_is_refused() {
    story(|| async {
        let shop = open(quick);
        let long = "\u{1b}".to_owned() + &"x".repeat(60_000);
        let request = Request {
            site: shop.site.name.clone(),
            version: Some("latest-stable".into()),
            reason: Some(long.clone()),
            requested_by: Some(long.clone()),
            ..Request::default()
        };
        let asked = Request { id: Some("x".repeat(201)), ..request.clone() };
        shop.request(&asked, "too-long").unwrap();
        assert!(refusal(&shop).await.contains("at most 200"));
        let (_, record) = records(&shop, "refusals/").remove(0);
        assert!(record["request"]["reason"].as_str().unwrap().len() <= 500, "{record}");
        shop.request(&request, "short").unwrap();
        let run = until(&shop, |run| run.hop > 1).await;
        assert!(run.journal[0].what.len() < 700 && !run.journal[0].what.contains('\u{1b}'), "{:?}", run.journal[0]);
    });
}

#[test]
fn an_unknown_site_is_refused_with_a_record() {
    story(|| async {
        let shop = open(|_| {});
        let request = Request { site: "nowhere".into(), version: Some("latest-patch".into()), ..Request::default() };
        shop.request(&request, "lost/../request").unwrap();
        assert_eq!(refusal(&shop).await, "there is no site \"nowhere\": publish it first");
        let (name, record) = records(&shop, "refusals/").remove(0);
        assert!(name.ends_with("-lost-..-request.json"), "{name}");
        assert_eq!(record["request"]["site"], "nowhere");
    });
}

#[test]
fn a_version_is_exact_or_the_latest_of_its_kind() {
    for (asked, planned) in [("latest-patch", "1.33.6"), ("latest-stable", "1.34.2"), ("1.34.1", "1.34.1")] {
        story(|| async {
            let shop = open(|_| {});
            ask(&shop, "version", Kind::Upgrade, Some(asked));
            let run = until(&shop, |_| true).await;
            assert_eq!(run.plan.version.to_string(), planned, "{asked}");
        });
    }
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let newer = article::Options { version: "1.34.1".into(), ..article::Options::default() };
    let usual = article::Options::default();
    for (base, kind, version, why) in [
        (
            &usual,
            Kind::Upgrade,
            Some("1.34.9"),
            "the region offers no version 1.34.9; it offers 1.36.0 (preview), 1.35.1",
        ),
        (&usual, Kind::Upgrade, Some("newest"), "expected one like 1.34.6, or latest-patch, or latest-stable"),
        (&usual, Kind::Upgrade, None, "needs a version"),
        (&newer, Kind::Upgrade, Some("1.33.6"), "1.33.6 was asked for, and the blue cluster"),
        (&usual, Kind::Upgrade, Some("1.33.5"), "runs 1.33.5 already"),
        (&usual, Kind::Return, None, "there is nothing to return to"),
        (&usual, Kind::Replace, Some("1.34.2"), "this kind of request goes to 1.33.5"),
    ] {
        story(|| async {
            let options = Options { base: base.clone(), probe: false, ..Options::default() };
            let shop = Shop::open(&options, |_| {}).unwrap();
            ask(&shop, "version", kind, version);
            let told = refusal(&shop).await;
            assert!(told.contains(why), "{version:?}: {told}");
            assert!(shop.run().is_none());
        });
    }
}

#[test]
fn whatever_lies_among_the_dead_letters_is_dealt_with_and_recorded() {
    story(|| async {
        let shop = open(|_| {});
        let malformed = ["hello", r#"{"site": 5}"#, r#"{"site": "shop", "colour": "green"}"#, "[]", ""];
        for (number, body) in malformed.iter().enumerate() {
            send(&shop, "dead-letters", &format!("malformed {number}"), body);
        }
        tokio::time::sleep(10 * MINUTE).await;
        let counts = shop.host.counters();
        let told = counts.functions["DeadLetter"];
        assert_eq!((told.invocations, told.failures), (malformed.len() as u64, 0), "each is answered 200");
        assert!(shop.azure.world().service_bus.is_at_rest(shop.azure.clock().now()));
        assert!(shop.run().is_none());
        assert_eq!(records(&shop, "refusals/").len(), malformed.len());
    });
}

#[test]
fn a_request_that_waited_and_became_a_dead_letter_waits_no_more() {
    story(|| async {
        let shop = open(|_| {});
        let _ = ten_runs(&shop).await;
        ask(&shop, "later", Kind::Upgrade, Some("latest-stable"));
        tokio::time::sleep(MINUTE).await;
        let (_, waits) = records(&shop, "waiting/").remove(0);
        send(&shop, "dead-letters", "later/0123", &waits["request"].to_string());
        tokio::time::sleep(MINUTE).await;
        assert!(records(&shop, "waiting/").is_empty());
        let (_, refusal) = records(&shop, "refusals/").remove(0);
        assert_eq!(refusal["request"]["id"], "later", "{refusal}");
    });
}

/// Ten runs of other sites in the same subscription, each held.
async fn ten_runs(shop: &Shop) -> Vec<Run> {
    let model = open(|_| {});
    ask(&model, "model", Kind::Upgrade, Some("latest-stable"));
    let model = until(&model, |_| true).await;
    let mut runs = vec![];
    for number in 0..10 {
        let site = Site { name: format!("other-{number}"), ..model.plan.site.clone() };
        let plan = Plan { site, ..(*model.plan).clone() };
        let now = shop.azure.clock().now();
        let held = json!({"why": "a person is asked", "since": now, "gate": null, "called": now});
        let run = edited(&model, &json!({"id": format!("other-{number}-run"), "plan": plan, "held": held}));
        shop.operator.store.save(&run, None).await.unwrap();
        runs.push(run);
    }
    runs
}

#[test]
fn an_eleventh_run_waits_until_one_of_ten_ends() {
    story(|| async {
        let shop = open(|_| {});
        let mut others = ten_runs(&shop).await;
        ask(&shop, "eleventh", Kind::Upgrade, Some("latest-stable"));
        let enqueued = || {
            let (world, now) = (shop.azure.world(), shop.azure.clock().now());
            let held = world.service_bus.messages("upgrade-requests", now);
            held.iter().map(|held| (held.message.message_id.clone(), held.message.scheduled_for)).collect::<Vec<_>>()
        };
        let mut ids = std::collections::BTreeSet::new();
        for _ in 0..3 {
            tokio::time::sleep(5 * MINUTE).await;
            let [(id, Some(at))] = &enqueued()[..] else { panic!("one message is scheduled: {:?}", enqueued()) };
            assert!(id.starts_with("eleventh/") && ids.insert(id.clone()), "a new MessageId each time: {id}");
            assert!(at.duration_since(shop.azure.clock().now()) <= jiff::SignedDuration::from_mins(5));
            let waiting = records(&shop, "waiting/");
            let [(name, record)] = &waiting[..] else { panic!("one request waits: {waiting:?}") };
            assert_eq!(name, "waiting/eleventh.json");
            assert!(record["why"].as_str().unwrap().starts_with("10 runs are under way"), "{record}");
            let (_, list) = call(&shop, "GET", "/upgrades", &Value::Null).await;
            assert_eq!(list["waiting"], json!([record]), "a person sees it wait");
        }
        let (status, answer) = call(&shop, "POST", "/upgrades/shop", &json!({"version": "latest-stable"})).await;
        let why = answer["error"].as_str().unwrap();
        assert!(status == 429 && why.ends_with("try again in some minutes"), "{status} {answer}");
        assert!(shop.run().is_none());
        let store = &shop.operator.store;
        let found = store.run(&others[3].plan.site.name).await.unwrap().unwrap();
        let ended = edited(&others.remove(3), &json!({"ending": Ending::RolledBack, "held": null}));
        assert!(store.save(&ended, Some(&found.etag)).await.is_ok());
        let ended = shop.azure.clock().now();
        let run = until(&shop, |_| true).await;
        assert_eq!(run.request, "eleventh");
        assert!(shop.azure.clock().now().duration_since(ended) <= jiff::SignedDuration::from_mins(6));
        tokio::time::sleep(MINUTE).await;
        assert!(records(&shop, "waiting/").is_empty());
    });
}

/// The next run cannot have its cluster.
fn no_machines(shop: &Shop) {
    let on = "PUT …/managedClusters/aks-green";
    shop.azure.world().resource_manager.fail_next_operation(on, "AllocationFailed", "no machines are left");
}

/// Waits until the run has gone wrong.
async fn gone_wrong(shop: &Shop) -> Run {
    let run = until(shop, |run| run.ending.is_some()).await;
    assert_eq!(run.ending, Some(Ending::RolledBack));
    run
}

#[test]
fn a_version_that_went_wrong_starts_again_only_with_a_changed_site() {
    story(|| async {
        let shop = open(|site| site.new_versions = NewVersions::LatestStable);
        no_machines(&shop);
        assert_eq!(shop.host.admin_invoke("VersionCheck", ""), 202);
        let first = gone_wrong(&shop).await;
        assert!(first.journal[0].what.contains("function:VersionCheck"), "{:?}", first.journal[0]);
        let nights = 30 * 60 * MINUTE;
        tokio::time::sleep(nights).await;
        assert_eq!(shop.run().unwrap().id, first.id, "no nightly loop");
        let mut changed = shop.site.clone();
        changed.soak_minutes += 1;
        let text = serde_json::to_vec(&changed).unwrap();
        let name = format!("{}.json", changed.name);
        let now = shop.azure.clock().now();
        shop.azure.world().blobs.put(ACCOUNT, SITES, &name, &text, now);
        let second = tokio::time::timeout(nights, until(&shop, |run| run.id != first.id)).await;
        let second = second.expect("a changed site may try again");
        assert_eq!(second.plan.site.soak_minutes, changed.soak_minutes);
        let history = records(&shop, "history/shop/");
        assert_eq!(history[0].1["id"], first.id.as_str(), "the first run is kept");
    });
}

#[test]
fn a_version_that_went_wrong_starts_again_by_a_person_alone() {
    story(|| async {
        let shop = open(|site| site.new_versions = NewVersions::LatestStable);
        no_machines(&shop);
        ask(&shop, "first", Kind::Upgrade, Some("latest-stable"));
        let first = gone_wrong(&shop).await;
        assert_eq!(shop.host.admin_invoke("VersionCheck", ""), 202);
        assert_eq!(
            refusal(&shop).await,
            format!("1.34.2 went wrong in run {}; a person or a changed site may try again", first.id)
        );
        ask(&shop, "second", Kind::Upgrade, Some("1.34.2"));
        until(&shop, |run| run.request == "second").await;
    });
}

#[test]
fn a_version_that_a_person_left_again_is_not_brought_back_at_night() {
    story(|| async {
        let shop = open(|site| site.new_versions = NewVersions::LatestStable);
        assert_eq!(shop.host.admin_invoke("VersionCheck", ""), 202);
        let upgraded = until(&shop, |run| run.ending == Some(Ending::Upgraded)).await;
        ask(&shop, "return", Kind::Return, None);
        let back = until(&shop, |run| run.request == "return" && run.ending == Some(Ending::Upgraded)).await;
        tokio::time::sleep(30 * 60 * MINUTE).await;
        assert_eq!(shop.run().unwrap().id, back.id);
        let refusals = records(&shop, "refusals/");
        let why = format!("1.34.2 was left again after run {}; a person or a changed site may try again", upgraded.id);
        assert_eq!(refusals[0].1["why"], why);
    });
}

#[test]
fn a_hint_of_event_grid_starts_what_the_sites_policy_wants() {
    let started = |policy: NewVersions, body: fn(&Shop) -> Value| {
        story(|| async move {
            let shop = open(|site| site.new_versions = policy);
            let body = body(&shop).to_string();
            send(&shop, "version-events", "hint", &body);
            tokio::time::sleep(MINUTE).await;
            assert_eq!(shop.host.counters().dead_letters, 0);
            shop.run().map(|run| run.plan.version.to_string())
        })
    };
    // The hint says 1.37.0, and so does nobody else: the region is asked what is true.
    let event_grid = |shop: &Shop| {
        let data = json!({"latestSupportedKubernetesVersion": "1.37.0"});
        json!([{"id": "1", "eventType": NEW_VERSION, "topic": shop.article.blue, "subject": "aks-blue", "data": data}])
    };
    let cloud_event = |shop: &Shop| {
        let source = shop.article.blue.to_uppercase();
        json!({"specversion": "1.0", "id": "1", "type": NEW_VERSION, "source": source, "data": {}})
    };
    let other_cluster = |_: &Shop| json!({"type": NEW_VERSION, "source": "/subscriptions/x"});
    let other_type =
        |shop: &Shop| json!({"type": "Microsoft.ContainerService.NodePoolRollingStarted", "source": shop.article.blue});
    assert_eq!(started(NewVersions::LatestPatch, event_grid).as_deref(), Some("1.33.6"));
    assert_eq!(started(NewVersions::LatestStable, cloud_event).as_deref(), Some("1.34.2"));
    assert_eq!(started(NewVersions::Ignore, cloud_event), None);
    assert_eq!(started(NewVersions::LatestPatch, other_cluster), None);
    assert_eq!(started(NewVersions::LatestPatch, other_type), None);
}

#[test]
fn publishing_stores_manifests_by_their_content_and_reserves_the_gateway() {
    story(|| async {
        let shop = open(|_| {});
        let store = &shop.operator.store;
        let read = |file: &str| Ok(format!("# {file}\n"));
        let site = store.publish(shop.site.clone(), read).await.unwrap();
        for manifest in site.manifests() {
            let content = store.manifest(manifest.digest.as_ref().unwrap()).await.unwrap();
            assert_eq!(content.expect("it is stored by its digest"), format!("# {}\n", manifest.file));
        }
        assert_eq!(store.site("shop").await.unwrap().as_ref(), Some(&site));
        let again = store.publish(shop.site.clone(), read).await.unwrap();
        assert_eq!(again, site, "publishing again is fine");
        let thief = Site { name: "thief".into(), gateway: site.gateway.to_uppercase(), ..shop.site.clone() };
        let refused = store.publish(thief, read).await.unwrap_err().to_string();
        assert!(refused.starts_with("the gateway belongs to the site \"shop\""), "{refused}");
        assert_eq!(store.sites().await.unwrap(), ["shop"]);
    });
}
