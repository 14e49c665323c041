//! What a schedule makes is made once, in whichever cluster: nothing of it in both, nothing in none.
use super::named::{named, nightly};
use super::*;
use crate::publish;
use bluegreen::site::Manifest;
use jiff::{SignedDuration, Timestamp};
use std::cell::RefCell;
use std::collections::BTreeMap;

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
const TICKS: &str = "ticks";

/// In which clusters each moment's Job was seen.
type Seen = RefCell<BTreeMap<String, Vec<&'static str>>>;

/// A shop in which something is made by this schedule.
async fn ticking(schedule: impl Fn(Timestamp) -> String, change: impl Fn(&mut Site)) -> Shop {
    let shop = open(|_| {});
    let mut ticks = nightly(TICKS);
    ticks["spec"]["schedule"] = schedule(shop.azure.clock().now()).into();
    on(&shop, &shop.article.blue, |server, now| server.apply(&ticks, now).unwrap());
    let mut site = shop.site.clone();
    site.workloads.push(Manifest::of_file("ticks.yaml"));
    site.singletons.push(named("CronJob", TICKS));
    change(&mut site);
    publish(&shop, site, &[("ticks.yaml", ticks.to_string())]).await;
    shop
}

fn each_minute(_: Timestamp) -> String {
    "* * * * *".into()
}

/// Looks on where the Jobs are, until the run is over.
async fn looks_on(shop: &Shop, seen: &Seen) {
    until(shop, |_| true).await;
    while shop.run().is_some_and(|run| run.ending.is_none()) {
        for (name, cluster) in [("blue", &shop.article.blue), ("green", &shop.article.green)] {
            for job in on(shop, cluster, |server, now| server.objects("jobs.batch", now)).unwrap_or_default() {
                let is_its = job["metadata"]["ownerReferences"][0]["name"] == TICKS;
                if let Some(moment) = job["metadata"]["annotations"][SCHEDULED].as_str().filter(|_| is_its) {
                    let mut seen = seen.borrow_mut();
                    let clusters = seen.entry(moment.to_owned()).or_default();
                    if !clusters.contains(&name) {
                        clusters.push(name);
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// Each minute's Job was made in one cluster; so many minutes' in none.
#[track_caller]
fn once_each(seen: &Seen, run: &Run) -> usize {
    let seen = seen.borrow();
    let twice: Vec<_> = seen.iter().filter(|(_, clusters)| clusters.len() > 1).collect();
    assert!(twice.is_empty(), "made twice: {twice:?}{}", journal(run));
    let moments: Vec<Timestamp> = seen.keys().map(|moment| moment.parse().unwrap()).collect();
    let gaps = moments.windows(2).map(|two| (two[1] - two[0]).as_mins() - 1);
    usize::try_from(gaps.sum::<i64>()).unwrap()
}

#[test]
fn what_is_made_each_minute_is_made_once_while_it_changes_clusters() {
    story(|| async {
        let shop = ticking(each_minute, |_| {}).await;
        let seen = Seen::default();
        let (run, ()) = tokio::join!(upgraded_while(&shop, async || {}), looks_on(&shop, &seen));
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        let lost = once_each(&seen, &run);
        assert!(lost <= 1, "{lost} were not made{}", journal(&run));
        let clusters: Vec<_> = seen.borrow().values().flatten().copied().collect();
        assert!(clusters.contains(&"blue") && clusters.contains(&"green"), "{clusters:?}");
        assert!(
            journal(&run).contains("CronJob shop/ticks: told when it ran last in the new one"),
            "{}",
            journal(&run)
        );
    });
}

#[test]
fn and_while_it_goes_back() {
    story(|| async {
        let shop = ticking(each_minute, |site| site.soak_minutes = 600).await;
        let seen = Seen::default();
        let goes_back = async {
            until(&shop, |run| run.step == Step::Soak).await;
            tokio::time::sleep(Duration::from_secs(600)).await;
            obey(&shop, Verb::RollBack).await;
        };
        let (run, (), ()) = tokio::join!(upgraded_while(&shop, async || {}), looks_on(&shop, &seen), goes_back);
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        let lost = once_each(&seen, &run);
        // On the way back users come first: meanwhile it runs on in the new cluster.
        assert!(lost <= 2, "{lost} were not made{}", journal(&run));
        assert!(
            journal(&run).contains("CronJob shop/ticks: told when it ran last in the old one"),
            "{}",
            journal(&run)
        );
    });
}

#[test]
fn what_was_made_while_the_new_cluster_was_built_is_not_made_again() {
    story(|| async {
        // Once, some minutes after the new cluster has it suspended.
        let once = |now: Timestamp| (now + SignedDuration::from_mins(12)).strftime("%-M %-H * * *").to_string();
        let shop = ticking(once, |_| {}).await;
        let seen = Seen::default();
        let (run, ()) = tokio::join!(upgraded_while(&shop, async || {}), looks_on(&shop, &seen));
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        let seen: Vec<_> = seen.borrow().values().cloned().collect();
        assert_eq!(seen, [["blue"]], "{}", journal(&run));
    });
}
