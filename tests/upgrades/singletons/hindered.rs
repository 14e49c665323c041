//! The way back at every moment, clusters that do not answer, whoever starts them again, and ends in between.
use super::*;
use jiff::SignedDuration;
use simulated_azure::{Effect, Fault, On};

/// Goes back as soon as the run is so, while something is wrong.
async fn turned_back(shop: &Shop, so: impl FnMut(&Run) -> bool, wrong: impl FnOnce(&Shop)) -> Run {
    upgraded_while(shop, async || {
        until(shop, so).await;
        wrong(shop);
        obey(shop, Verb::RollBack).await;
    })
    .await
}

#[test]
fn the_way_back_brings_them_back_from_wherever_they_are() {
    type When = (&'static str, fn(&Run) -> bool);
    let wheres: [When; 5] = [
        ("before", |run| run.step == Step::ConfirmTraffic),
        ("entered", |run| run.step == Step::MoveSingletons),
        ("said", |run| run.moves_singletons),
        ("stopped", |run| journal(run).contains("mailer: stopped")),
        ("moved", |run| run.step == Step::Soak),
    ];
    for (name, so) in wheres {
        story(|| async {
            let shop = open(|_| {});
            let run = turned_back(&shop, so, |_| {}).await;
            assert_eq!(run.ending, Some(Ending::RolledBack), "{name}: {}", journal(&run));
            are_in(&shop, &shop.article.blue, &shop.article.green, &run);
            assert!(!run.moves_singletons, "{name}");
            let mailer = object(&shop, &shop.article.blue, "deployments.apps", "mailer").unwrap();
            assert_eq!(mailer["spec"]["replicas"], 1, "{name}");
        });
    }
}

#[test]
fn users_do_not_wait_for_them_on_the_way_back() {
    story(|| async {
        let shop = open(|_| {});
        let run = turned_back(&shop, |run| run.step == Step::Soak, |_| {}).await;
        let at = |what: &str| run.journal.iter().find(|entry| entry.what.contains(what)).map(|entry| entry.at);
        let traffic = run.journal.iter().find(|entry| entry.after == Step::DeleteNewCluster).map(|entry| entry.at);
        let stopped = at("mailer: stopped in the new cluster");
        assert!(traffic.is_some() && stopped > traffic, "{}", journal(&run));
    });
}

/// Its nodes run on: only a stop of all of it is one.
#[test]
fn a_new_cluster_that_does_not_answer_is_stopped_before_they_start_in_the_old_one() {
    story(|| async {
        let shop = open(|_| {});
        let deaf = |shop: &Shop| {
            let found = shop.azure.world().resource_manager.resource(&shop.article.green).unwrap().clone();
            let on = On::host(found["properties"]["fqdn"].as_str().unwrap());
            shop.azure.world().faults.add(Fault::always("deaf", on, Effect::Refuse));
        };
        let run = turned_back(&shop, |run| run.step == Step::Soak, deaf).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert!(
            journal(&run).contains("the stop of the new cluster, where singletons cannot be stopped otherwise"),
            "{}",
            journal(&run)
        );
        are_in(&shop, &shop.article.blue, &shop.article.green, &run);
    });
}

#[test]
fn whoever_starts_one_again_in_the_old_cluster_is_told_and_the_new_one_waits() {
    story(|| async {
        let shop = open(|site| site.deadline_minutes = [(Step::MoveSingletons, 30)].into());
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::ConfirmTraffic).await;
        let starts = async {
            loop {
                on(&shop, &shop.article.blue, |server, now| {
                    let again = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1},
                        "metadata": {"name": "mailer", "namespace": "shop"}});
                    server.apply_as("somebody", &again, now).unwrap();
                });
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        };
        let run = tokio::select! {
            run = until(&shop, |run| run.held.is_some()) => run,
            () = starts => unreachable!(),
        };
        assert!(journal(&run).contains("MoveSingletons was not done in time"), "{}", journal(&run));
        assert!(!singletons(&shop, &shop.article.green).contains(&"mailer"), "{}", journal(&run));

        // A person ends it as it stands, and reads how to go on.
        obey(&shop, Verb::Finish).await;
        let run = shop.run().unwrap();
        let last = run.journal.last().unwrap();
        assert!(last.what.contains("kubectl -n shop scale deployment mailer --replicas 1"), "{}", last.what);
    });
}

#[test]
fn what_a_repository_starts_again_refuses_the_plan() {
    story(|| async {
        let shop = open(|_| {});
        on(&shop, &shop.article.blue, |server, now| {
            let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": false},
                "metadata": {"name": "closing", "namespace": "shop"}});
            server.apply_as("kustomize-controller", &cron, now).unwrap();
        });
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = shop.settled("story", DAY).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        assert!(journal(&run).contains("CronJob shop/closing (kustomize-controller)"), "{}", journal(&run));
    });
}

/// Users matter more: a person is called for them as soon as the gateway finds nobody, not when the singletons' time is over.
#[test]
fn an_old_cluster_that_is_deleted_on_the_way_back_calls_at_once() {
    story(|| async {
        let shop = open(|_| {});
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::Soak).await;
        obey(&shop, Verb::RollBack).await;
        let back = until(&shop, |run| run.step == Step::DeleteNewCluster).await;
        stranger_deletes(&shop, &shop.article.blue);
        let run = until(&shop, |run| run.held.is_some()).await;
        let hold = run.held.as_ref().unwrap();
        assert!(hold.why.contains("the new one is kept"), "{}", journal(&run));
        assert!(hold.since.duration_since(back.due) < SignedDuration::from_mins(5), "{}", journal(&run));
    });
}
