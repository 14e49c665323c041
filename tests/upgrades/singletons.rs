//! What may run in one cluster only: whatever happens it runs in one at most, and in the end in the one that serves.
mod hindered;
mod named;
mod scheduled;

use crate::world_after::{nothing_runs_twice, singletons};
use crate::{ask, journal, on, order_of, quick, story, stranger_deletes, until};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Run};
use bluegreen::site::Site;
use bluegreen::step::Step;
use serde_json::{Value, json};
use simulated_azure::Latency;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often it is looked at where they run.
const EACH: Duration = Duration::from_secs(2);

fn open(change: impl FnOnce(&mut Site)) -> Shop {
    let options = Options { probe: false, latency: Some(Latency::of(1)), ..Options::default() };
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    Shop::open(&options, both).unwrap()
}

fn object(shop: &Shop, cluster: &str, resource: &str, name: &str) -> Option<Value> {
    on(shop, cluster, |server, now| server.object(resource, "shop", name, now)).flatten()
}

/// Looks on, until the run is over, that nothing runs in both clusters.
async fn never_twice(shop: &Shop) {
    loop {
        let run = shop.run().unwrap();
        nothing_runs_twice(shop, &run);
        if run.ending.is_some() {
            return;
        }
        tokio::time::sleep(EACH).await;
    }
}

async fn obey(shop: &Shop, verb: Verb) {
    let order = order_of(&shop.run().unwrap(), verb);
    assert!(matches!(give(&shop.operator, "shop", &order).await.unwrap(), Obeyed::Yes(_)), "{verb:?}");
}

/// Asks for an upgrade and looks on until it is over, while something else happens.
async fn upgraded_while(shop: &Shop, happens: impl AsyncFnOnce()) -> Run {
    ask(shop, "story", Kind::Upgrade, Some("latest-stable"));
    let ended = async { shop.settled("story", DAY).await.expect("the run ends") };
    let looked_on = async {
        until(shop, |_| true).await;
        never_twice(shop).await;
    };
    tokio::join!(ended, looked_on, happens()).0
}

fn are_in(shop: &Shop, serves: &str, other: &str, run: &Run) {
    assert_eq!(singletons(shop, serves), ["mailer", "closing"], "{}", journal(run));
    assert_eq!(singletons(shop, other), [""; 0], "{}", journal(run));
}

#[test]
fn they_run_in_the_new_cluster_when_it_has_all_the_traffic_and_never_in_both() {
    story(|| async {
        let shop = open(|site| site.old_cluster = bluegreen::site::OldCluster::Keep);
        let run = upgraded_while(&shop, async || {
            let run = until(&shop, |run| run.step == Step::MoveSingletons).await;
            assert_eq!(singletons(&shop, &shop.article.green), [""; 0], "applied suspended: {}", journal(&run));
        })
        .await;
        assert_eq!((run.ending, run.format), (Some(Ending::Upgraded), 3), "{}", journal(&run));
        are_in(&shop, &shop.article.green, &shop.article.blue, &run);
        assert!(journal(&run).contains("Deployment shop/mailer: stopped in the old cluster"), "{}", journal(&run));
        let mailer = object(&shop, &shop.article.green, "deployments.apps", "mailer").unwrap();
        assert_eq!(mailer["spec"]["replicas"], 1);
    });
}

#[test]
fn they_are_as_many_as_in_the_old_cluster_and_what_is_suspended_there_stays_so() {
    story(|| async {
        // What no manifest makes is nobody's to stop.
        let unmade = json!({"kind": "CronJob", "namespace": "shop", "name": "theirs"});
        let shop = open(|site| site.singletons.push(serde_json::from_value(unmade).unwrap()));
        on(&shop, &shop.article.blue, |server, now| {
            let scaled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 2},
                "metadata": {"name": "mailer", "namespace": "shop"}});
            let suspended = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": true},
                "metadata": {"name": "closing", "namespace": "shop"}});
            for object in [scaled, suspended] {
                server.apply_as("somebody", &object, now).unwrap();
            }
        });
        let run = upgraded_while(&shop, async || {}).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(singletons(&shop, &shop.article.green), ["mailer"], "{}", journal(&run));
        let mailer = object(&shop, &shop.article.green, "deployments.apps", "mailer").unwrap();
        assert_eq!(mailer["spec"]["replicas"], 2);
        assert!(
            journal(&run).contains("CronJob shop/closing: left as it was, off, in the new one"),
            "{}",
            journal(&run)
        );
        let left = "not in the new cluster, so left as it is in the old one: CronJob shop/theirs";
        assert!(journal(&run).contains(left), "{}", journal(&run));
    });
}

#[test]
fn a_job_that_still_runs_is_waited_for() {
    story(|| async {
        let shop = open(|_| {});
        // One that is suspended has not ended either.
        let job = |suspended: bool| {
            let uid =
                object(&shop, &shop.article.blue, "cronjobs.batch", "closing").unwrap()["metadata"]["uid"].clone();
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "closing-1", "namespace": "shop",
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "closing", "uid": uid, "controller": true}]},
                "spec": {"suspend": suspended, "template": {"spec": {"restartPolicy": "Never",
                    "containers": [{"name": "x", "image": "x"}]}}}})
        };
        let apply =
            |job: Value| on(&shop, &shop.article.blue, |server, now| drop(server.apply(&job, now).unwrap())).unwrap();
        let run = upgraded_while(&shop, async || {
            until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            apply(job(true));
            until(&shop, |run| journal(run).contains("still running are the Jobs closing-1")).await;
            tokio::time::sleep(Duration::from_secs(1200)).await;
            assert_eq!(singletons(&shop, &shop.article.green), ["mailer"], "the others do not wait for it");
            apply(job(false));
        })
        .await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(singletons(&shop, &shop.article.green), ["mailer", "closing"], "{}", journal(&run));
    });
}

#[test]
fn a_return_brings_them_back() {
    story(|| async {
        let shop = open(|site| site.old_cluster = bluegreen::site::OldCluster::Stop);
        let run = upgraded_while(&shop, async || {}).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        ask(&shop, "back", Kind::Return, None);
        until(&shop, |run| run.request == "back").await;
        never_twice(&shop).await;
        let run = shop.settled("back", DAY).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        are_in(&shop, &shop.article.blue, &shop.article.green, &run);
    });
}

#[test]
fn a_run_without_any_does_not_come_there() {
    story(|| async {
        let shop = open(|site| site.singletons.clear());
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = shop.settled("story", DAY).await.unwrap();
        assert_eq!((run.ending, run.format), (Some(Ending::Upgraded), 2), "an older binary can carry it out");
        assert!(run.journal.iter().all(|entry| entry.after != Step::MoveSingletons), "{}", journal(&run));
    });
}
