//! At a load that needs the capacity.
use super::*;
use bluegreen::run::Ending;
use bluegreen::site::Gate;
use bluegreen::workload::pins::Side;

/// Overloaded pods answer the gateway's probes no better than users: the run does not even come through.
#[test]
fn no_request_fails_with_pins_and_without_them_the_same_run_fails_some() {
    for (capacity, is_well) in [(pinning(), true), (None, false)] {
        let (sent, failed) = told(async || {
            let shop = grown(capacity, &autoscaler()).await;
            assert_eq!(pods(&shop, &shop.article.blue), 8, "it has grown");
            let (run, users) = forward(&shop).await;
            let ending = if is_well { Ending::Upgraded } else { Ending::RolledBack };
            assert_eq!(run.ending, Some(ending), "{}", journal(&run));
            if is_well {
                assert!(run.pinned(Side::Old).is_empty() && run.pinned(Side::New).is_empty());
                tokio::time::sleep(Duration::from_secs(600)).await;
                assert_eq!((pods(&shop, &shop.article.green), least(&shop, &shop.article.green)), (8, (2, false)));
            }
            assert_eq!(least(&shop, &shop.article.blue), (2, false), "{}", journal(&run));
            assert_eq!(asked(&shop), is_well, "who wants no pins is not asked");
            (users.sent, users.failed)
        });
        println!("forward, pins {is_well}: {failed} of {sent} requests failed");
        assert_eq!(failed == 0, is_well, "{failed} of {sent}");
    }
}

/// In four stages, at a load at which the new cluster grows in time by itself; only the old one, without traffic, does not
/// stay as it was.
#[test]
fn no_request_fails_on_the_way_back_with_pins_and_without_them_some_do() {
    for (capacity, is_well) in [(pinning(), true), (None, false)] {
        let (sent, failed) = told(async || {
            let shop = grown_in(capacity, &autoscaler(), &[25, 50, 75, 100], 640.0).await;
            assert_eq!(pods(&shop, &shop.article.blue), 5, "it has grown");
            let (run, users) = and_back(&shop).await;
            assert_eq!(least(&shop, &shop.article.blue), (2, false), "{}", journal(&run));
            if is_well {
                assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
                tokio::time::sleep(Duration::from_secs(600)).await;
                assert_eq!(pods(&shop, &shop.article.blue), 5);
            }
            (users.sent, users.failed)
        });
        println!("and back, pins {is_well}: {failed} of {sent} requests failed");
        assert_eq!(failed == 0, is_well, "{failed} of {sent}");
    }
}

#[test]
fn both_are_pinned_before_the_first_share_moves_to_what_the_last_hour_had() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let users = Prober::start(&shop.azure, &[&shop.article.host]);
        shop.azure.world().traffic.demand(&shop.article.host, 1.5 * LOAD);
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(pods(&shop, &shop.article.blue), 11);
        shop.azure.world().traffic.demand(&shop.article.host, LOAD);
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(pods(&shop, &shop.article.blue), 8);
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = until(&shop, |run| run.step == Step::ShiftTraffic).await;
        assert_eq!(run.plan.stages[0].share, 25);
        for cluster in [&shop.article.blue, &shop.article.green] {
            assert_eq!(least(&shop, cluster), (11, true), "{}", journal(&run));
        }
        assert_eq!(pods(&shop, &shop.article.green), 11, "as large as it will be when it is proved");
        let recorded = run.pins.clone().unwrap();
        assert_eq!((recorded.old[0].before, recorded.new[0].before), (Some(2), Some(2)));
        until(&shop, |run| run.step == Step::Soak).await;
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(pods(&shop, &shop.article.blue), 11, "without traffic it shrinks no more");
        drop(users);
    });
}

#[test]
fn a_load_that_grows_while_an_approval_is_waited_for_counts_when_it_comes() {
    told(async || {
        let shop = grown(pinning(), &autoscaler()).await;
        let gates = vec![Gate { before: Step::ShiftTraffic, stage: 0 }];
        publish_as(&shop, Site { gates, ..shop.site.clone() }, &manifest(&autoscaler())).await;
        let approved = async {
            let held = until(&shop, |run| run.held.is_some()).await;
            assert_eq!(held.pins.as_ref().unwrap().new[0].to, 8);
            shop.azure.world().traffic.demand(&shop.article.host, 1.5 * LOAD);
            tokio::time::sleep(Duration::from_secs(900)).await;
            assert_eq!((pods(&shop, &shop.article.blue), pods(&shop, &shop.article.green)), (11, 8));
            crate::order(&shop, Verb::Approve).await;
            until(&shop, |run| run.step == Step::ShiftTraffic).await;
            assert_eq!(pods(&shop, &shop.article.green), 11);
        };
        let users = Prober::start(&shop.azure, &[&shop.article.host]);
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        approved.await;
        let run = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!((run.ending, users.stop().failed), (Some(Ending::Upgraded), 0), "{}", journal(&run));
    });
}

/// What both have together is what one of them gets next, there or on the way back.
#[test]
fn a_load_that_grows_between_two_stages_counts_before_the_next_share_moves() {
    for goes_back in [false, true] {
        told(async || {
            let shop = grown(pinning(), &autoscaler()).await;
            let gates = vec![Gate { before: Step::ShiftTraffic, stage: 2 }];
            publish_as(&shop, Site { gates, ..shop.site.clone() }, &manifest(&autoscaler())).await;
            let users = Prober::start(&shop.azure, &[&shop.article.host]);
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let held = until(&shop, |run| run.held.as_ref().is_some_and(|hold| hold.gate.is_some())).await;
            assert_eq!((held.stage, held.pins.as_ref().unwrap().new[0].to), (1, 8), "{}", journal(&held));
            shop.azure.world().traffic.demand(&shop.article.host, 2.0 * LOAD);
            tokio::time::sleep(Duration::from_secs(900)).await;
            let sizes = [&shop.article.blue, &shop.article.green].map(|cluster| pods(&shop, cluster));
            assert_eq!(sizes, [8, 8], "each is large enough for half of it");
            crate::order(&shop, Verb::Approve).await;
            let led = until(&shop, |run| run.step == Step::ConfirmTraffic && run.stage == 2).await;
            assert_eq!(pods(&shop, &shop.article.green), 15, "{}", journal(&led));
            if goes_back {
                tokio::time::sleep(Duration::from_secs(120)).await;
                crate::order(&shop, Verb::RollBack).await;
            }
            let run = until(&shop, |run| run.ending.is_some()).await;
            let ending = if goes_back { Ending::RolledBack } else { Ending::Upgraded };
            assert_eq!((run.ending, users.stop().failed), (Some(ending), 0), "{}", journal(&run));
        });
    }
}

/// Whether we have asked for the autoscalers of a whole cluster.
fn asked(shop: &Shop) -> bool {
    let world = shop.azure.world();
    let all =
        |call: &simulated_azure::record::Call| call.path.starts_with("/apis/autoscaling/v2/horizontalpodautoscalers");
    world.calls.iter().any(|call| call.process.contains('#') && all(call))
}
