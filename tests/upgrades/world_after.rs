//! What must hold in the world after an upgrade, however it went.
use crate::{journal, on};
use bluegreen::local::shop::Shop;
use bluegreen::local::story::{Serving, Told};
use bluegreen::resources::tags::{MARK_TAG, SERVING_TAG};
use bluegreen::run::{Ending, Run};
use serde_json::{Value, json};

/// The gateway as it was before the story.
pub fn gateway(shop: &Shop) -> Value {
    shop.azure.world().resource_manager.resource(&shop.article.gateway).expect("the article has a gateway").clone()
}

/// An ending with exactly one cluster serving, or a hold that names its reason; nothing of ours in flight; the gateway as
/// it was but for our pools and mark; no failed request that is not excused.
#[track_caller]
pub fn is_well(shop: &Shop, told: &Told, before: &Value) {
    let run = &told.run;
    let written = || journal(run);
    match (run.ending, &run.held) {
        (Some(Ending::Upgraded), _) => {
            assert_eq!(told.serving, Serving::Only(run.plan.new_colour()), "upgraded{}", written());
        }
        (Some(Ending::RolledBack | Ending::Rejected), _) => {
            assert_eq!(told.serving, Serving::Only(run.plan.old), "turned back{}", written());
        }
        // As a person left it: somebody serves.
        (Some(Ending::Finished), _) => assert_ne!(told.serving, Serving::Nobody, "finished{}", written()),
        (None, Some(hold)) => {
            assert!(hold.why.len() > 10, "a hold names its reason: {hold:?}");
            assert_ne!(told.serving, Serving::Nobody, "held: {}{}", hold.why, written());
        }
        (None, None) => panic!("neither ended nor held{}", written()),
    }
    if run.ending.is_some() {
        let in_flight = shop.azure.world().resource_manager.in_flight();
        let changing: Vec<_> = in_flight.iter().filter(|found| !found.verb.contains("ealth")).collect();
        assert!(changing.is_empty(), "in flight: {changing:?}{}", written());
    }
    singletons_are_well(shop, run);
    assert_eq!(without_ours(&gateway(shop), shop), without_ours(before, shop), "the gateway differs");
    assert_eq!(told.users.failed, 0, "failed: {:?}{}", told.users.failures.first(), written());
    assert!(shop.users.are_none() || told.users.sent > 0, "nobody asked anything");
}

/// Which of the shop's singletons run in a cluster, one that ends included: none in one that is stopped, or not there.
pub fn singletons(shop: &Shop, cluster: &str) -> Vec<&'static str> {
    if shop.azure.world().resource_manager.resource(cluster).is_none_or(is_stopped) {
        return vec![];
    }
    let run = on(shop, cluster, |server, now| {
        let pods = server.objects("pods", now);
        let closing = server.object("cronjobs.batch", "shop", "closing", now);
        let mails = pods.iter().any(|pod| pod["metadata"]["labels"]["app"] == "mailer");
        let closes = closing.is_some_and(|found| found["spec"]["suspend"] != true);
        [mails.then_some("mailer"), closes.then_some("closing")].into_iter().flatten().collect()
    });
    run.unwrap_or_default()
}

fn is_stopped(cluster: &Value) -> bool {
    cluster["properties"]["powerState"]["code"] == "Stopped"
}

/// Nothing that may run in one cluster only runs in both.
#[track_caller]
pub fn nothing_runs_twice(shop: &Shop, run: &Run) {
    let (blue, green) = (singletons(shop, &shop.article.blue), singletons(shop, &shop.article.green));
    let both: Vec<_> = blue.iter().filter(|name| green.contains(name)).collect();
    assert!(both.is_empty(), "{both:?} at {}{}", shop.azure.clock().now(), journal(run));
}

/// What may run in one cluster only runs in the one that serves, as far as that runs, and nowhere else.
#[track_caller]
fn singletons_are_well(shop: &Shop, run: &Run) {
    let site = &run.plan.site;
    let serves = match run.ending {
        Some(Ending::Upgraded) => run.plan.new_colour(),
        Some(Ending::RolledBack) => run.plan.old,
        Some(Ending::Rejected | Ending::Finished) | None => return,
    };
    // What is there is a person's, who ended it as it stood, or of a cluster that others started again.
    let by_others = ["finished as it stands", "is stopped: if it is started again"];
    if site.singletons.is_empty()
        || run.journal.iter().any(|entry| by_others.iter().any(|words| entry.what.contains(words)))
    {
        return;
    }
    nothing_runs_twice(shop, run);
    let cluster = &site.slot(serves).cluster;
    let is_there = shop.azure.world().resource_manager.resource(cluster).is_some_and(|found| !is_stopped(found));
    if is_there {
        assert_eq!(singletons(shop, cluster), ["mailer", "closing"], "{serves:?}{}", journal(run));
    }
}

/// What an upgrade leaves of clusters and workloads, to compare one story with another. Ids that Azure gives are left out.
pub fn left(shop: &Shop) -> Value {
    let world = shop.azure.world();
    let now = shop.azure.clock().now();
    let mut left = serde_json::Map::new();
    for (colour, id) in [("blue", &shop.article.blue), ("green", &shop.article.green)] {
        let Some(cluster) = world.resource_manager.resource(id) else { continue };
        let properties = &cluster["properties"];
        let server = world.kubernetes.server(properties["fqdn"].as_str().unwrap_or_default());
        let workloads = server.map(|mut server| server.objects("deployments.apps", now)).unwrap_or_default();
        let pools = properties["agentPoolProfiles"].as_array().into_iter().flatten();
        // Of a cluster that nothing was said of before, it is said that it serves once it was retired and is back.
        let mut tags = cluster["tags"].clone();
        if let Some(tags) = tags.as_object_mut().filter(|tags| tags.get(SERVING_TAG).is_some_and(|said| said == "true"))
        {
            tags.remove(SERVING_TAG);
        }
        let seen = json!({
            "version": properties["kubernetesVersion"], "power": properties["powerState"], "tags": tags,
            "state": properties["provisioningState"],
            "nodes": pools.map(|pool| pool["count"].clone()).collect::<Vec<_>>(),
            "workloads": workloads.iter().map(|found| found["metadata"]["name"].clone()).collect::<Vec<_>>(),
        });
        left.insert(colour.into(), seen);
    }
    drop(world);
    // A run's id depends on when it began.
    let run = shop.run().map_or_else(|| "no run".to_owned(), |run| run.id.clone());
    serde_json::from_str(&Value::Object(left).to_string().replace(&run, "the run")).expect("still JSON")
}

/// The gateway without our pools' members, our mark, and what the service itself renews at each write.
fn without_ours(gateway: &Value, shop: &Shop) -> Value {
    let mut gateway = gateway.clone();
    strip(&mut gateway);
    if let Some(tags) = gateway["tags"].as_object_mut() {
        tags.remove(MARK_TAG);
    }
    if gateway["tags"].as_object().is_some_and(serde_json::Map::is_empty) {
        gateway["tags"] = Value::Null;
    }
    for pool in gateway["properties"]["backendAddressPools"].as_array_mut().into_iter().flatten() {
        let pools = &shop.site.pools;
        if pools.live.iter().chain([&pools.candidate]).any(|name| pool["name"] == name.as_str()) {
            pool["properties"]["backendAddresses"] = Value::Null;
        }
    }
    gateway
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for renewed in ["etag", "provisioningState"] {
                members.remove(renewed);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        // An id may come back in another spelling.
        Value::String(text) if text.contains("/resourcegroups/") => {
            *text = text.replace("/resourcegroups/", "/resourceGroups/");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
