//! What a schedule makes is made once, in whichever cluster: nothing of it in both, nothing in none.
use super::named::{named, nightly};
use super::*;
use crate::publish;
use bluegreen::site::Manifest;
use std::cell::RefCell;
use std::collections::BTreeMap;

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
const EACH_MINUTE: &str = "ticks";

/// In which clusters each moment's Job was seen.
type Seen = RefCell<BTreeMap<String, Vec<&'static str>>>;

fn ticks() -> Value {
    let mut ticks = nightly(EACH_MINUTE);
    ticks["spec"]["schedule"] = "* * * * *".into();
    ticks
}

/// A shop in which something is made each minute.
async fn ticking(change: impl Fn(&mut Site)) -> Shop {
    let shop = open(|_| {});
    on(&shop, &shop.article.blue, |server, now| server.apply(&ticks(), now).unwrap());
    let workloads = shop.site.workloads.iter().cloned().chain([Manifest::of_file("ticks.yaml")]).collect();
    let mut site = Site { workloads, ..shop.site.clone() };
    site.singletons.push(named("CronJob", EACH_MINUTE));
    change(&mut site);
    publish(&shop, site, &[("ticks.yaml", ticks().to_string())]).await;
    shop
}

/// Looks on where the Jobs are, until the run is over.
async fn looks_on(shop: &Shop, seen: &Seen) {
    until(shop, |_| true).await;
    while shop.run().is_some_and(|run| run.ending.is_none()) {
        for (name, cluster) in [("blue", &shop.article.blue), ("green", &shop.article.green)] {
            for job in on(shop, cluster, |server, now| server.objects("jobs.batch", now)).unwrap_or_default() {
                let is_its = job["metadata"]["ownerReferences"][0]["name"] == EACH_MINUTE;
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
    let moments: Vec<jiff::Timestamp> = seen.keys().map(|moment| moment.parse().unwrap()).collect();
    let gaps = moments.windows(2).map(|two| (two[1] - two[0]).as_mins() - 1);
    usize::try_from(gaps.sum::<i64>()).unwrap()
}

#[test]
fn what_is_made_each_minute_is_made_once_while_it_changes_clusters() {
    story(|| async {
        let shop = ticking(|_| {}).await;
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
        let shop = ticking(|site| site.soak_minutes = 600).await;
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
        let mut once = ticks();
        let shop = open(|_| {});
        let at = shop.azure.clock().now() + jiff::SignedDuration::from_mins(12);
        once["spec"]["schedule"] = at.strftime("%-M %-H * * *").to_string().into();
        on(&shop, &shop.article.blue, |server, now| server.apply(&once, now).unwrap());
        let workloads = shop.site.workloads.iter().cloned().chain([Manifest::of_file("ticks.yaml")]).collect();
        let mut site = Site { workloads, ..shop.site.clone() };
        site.singletons.push(named("CronJob", EACH_MINUTE));
        publish(&shop, site, &[("ticks.yaml", once.to_string())]).await;
        let seen = Seen::default();
        let (run, ()) = tokio::join!(upgraded_while(&shop, async || {}), looks_on(&shop, &seen));
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        let seen: Vec<_> = seen.borrow().values().cloned().collect();
        assert_eq!(seen, [["blue"]], "{}", journal(&run));
    });
}
