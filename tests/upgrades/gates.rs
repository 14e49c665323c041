//! What people say to a run, and what becomes of it when they say nothing.
use crate::world_after::{gateway, is_well};
use crate::{ask, order_of, quick, story, until};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::failures::{Failure, When, break_green};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, Serving, play, tell};
use bluegreen::plan::Kind;
use bluegreen::run::verbs::{Order, Refusal, Verb};
use bluegreen::run::{Ending, Run};
use bluegreen::site::{Colour, Gate, Site, Stage};
use bluegreen::step::Step;
use jiff::SignedDuration;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A shop whose upgrade has begun.
fn begun(probe: bool, change: impl FnOnce(&mut Site)) -> Shop {
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    let shop = Shop::open(&Options { probe, ..Options::default() }, both).unwrap();
    ask(&shop, "upgrade", Kind::Upgrade, Some("latest-stable"));
    shop
}

fn gate(before: Step, stage: usize) -> Gate {
    Gate { before, stage }
}

/// Gives an order for the run as it is now.
async fn order(shop: &Shop, verb: Verb) -> Run {
    match said(shop, verb).await {
        Obeyed::Yes(run) => *run,
        Obeyed::NoRun => panic!("{verb:?}: there is no run"),
        Obeyed::Refused(refusal) => panic!("{verb:?}: {refusal:?}"),
    }
}

async fn said(shop: &Shop, verb: Verb) -> Obeyed {
    let run = shop.run().unwrap();
    let order = Order { reason: Some("a test".into()), ..order_of(&run, verb) };
    give(&shop.operator, &shop.site.name, &order).await.unwrap()
}

fn is_held(run: &Run) -> bool {
    run.held.is_some()
}

async fn ended(shop: &Shop) -> Run {
    until(shop, |run| run.ending.is_some()).await
}

#[test]
fn a_run_waits_at_each_gate_for_its_approval() {
    story(|| async {
        let gates = [gate(Step::ShiftTraffic, 0), gate(Step::ShiftTraffic, 1), gate(Step::RetireOldCluster, 0)];
        let shop = begun(true, |site| {
            site.stages = vec![Stage { share: 50, watch_minutes: 2 }, Stage { share: 100, watch_minutes: 2 }];
            site.gates = gates.to_vec();
        });
        let (began, before) = (shop.azure.clock().now(), gateway(&shop));
        let steps = [(Step::ValidateHealth, "blue"), (Step::ConfirmTraffic, "mixed"), (Step::Soak, "green")];
        let mut approved = vec![];
        for (gate, (step, serving)) in gates.iter().zip(steps) {
            let held = until(&shop, is_held).await;
            assert_eq!(held.held.as_ref().and_then(|hold| hold.gate.as_ref()), Some(gate));
            tokio::time::sleep(2 * HOUR).await;
            let still = shop.run().unwrap();
            assert_eq!((still.step, is_held(&still)), (step, true));
            assert_eq!(tell(&shop, still, began).serving.name(), serving, "before {gate:?}");
            approved.push((step, shop.azure.clock().now()));
            order(&shop, Verb::Approve).await;
        }
        let run = ended(&shop).await;
        for (step, at) in approved {
            let world = shop.azure.world();
            let mut later = world.calls.iter().filter(|call| call.at >= at && call.path.contains("/backendhealth"));
            assert!(later.any(|call| call.process.starts_with(step.name())), "{step} looks once more");
        }
        assert_eq!((run.ending, run.approved.len()), (Some(Ending::Upgraded), 3));
        assert!(run.approved.iter().all(|approval| approval.by == "alice"));
        is_well(&shop, &tell(&shop, run, began), &before);
    });
}

#[test]
fn an_approval_is_worth_nothing_when_the_new_cluster_fell_ill_meanwhile() {
    story(|| async {
        let shop = begun(true, |site| site.gates = vec![gate(Step::ShiftTraffic, 0)]);
        let (began, before) = (shop.azure.clock().now(), gateway(&shop));
        until(&shop, is_held).await;
        break_green(&shop);
        tokio::time::sleep(HOUR).await;
        order(&shop, Verb::Approve).await;
        let run = ended(&shop).await;
        assert_eq!(run.ending, Some(Ending::RolledBack));
        assert!(run.journal.iter().all(|entry| entry.after != Step::ShiftTraffic), "no traffic was shifted");
        let told = tell(&shop, run, began);
        is_well(&shop, &told, &before);
        assert_eq!(told.users.excused, 0, "no user met the sick cluster");
    });
}

#[test]
fn a_gate_before_traffic_expires_after_a_day_and_the_run_turns_back() {
    story(|| async {
        let shop = begun(false, |site| site.gates = vec![gate(Step::ShiftTraffic, 0)]);
        let held = until(&shop, is_held).await;
        let since = held.held.as_ref().unwrap().since;
        let run = until(&shop, |run| run.failure.is_some()).await;
        assert_eq!(run.failure.as_deref(), Some("nobody approved within 24 hours"));
        let waited = shop.azure.clock().now().duration_since(since);
        assert!((waited - SignedDuration::from_hours(24)).abs() <= SignedDuration::from_mins(2), "{waited}");
        assert_eq!(ended(&shop).await.ending, Some(Ending::RolledBack));
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
}

#[test]
fn a_gate_after_traffic_stays_shut_and_calls_a_person_daily() {
    story(|| async {
        let shop = begun(false, |site| site.gates = vec![gate(Step::RetireOldCluster, 0)]);
        until(&shop, is_held).await;
        tokio::time::sleep(49 * HOUR).await;
        let run = shop.run().unwrap();
        assert_eq!((run.step, is_held(&run)), (Step::Soak, true));
        let calls: Vec<_> = run.journal.iter().filter(|entry| entry.needs_person).collect();
        assert_eq!(calls.len(), 3, "at once, and on both days: {calls:?}");
        assert!(calls.iter().all(|call| call.what == "an approval is needed before RetireOldCluster"));
        order(&shop, Verb::Approve).await;
        assert_eq!(ended(&shop).await.ending, Some(Ending::Upgraded));
    });
}

#[test]
fn a_pause_stops_the_clock_and_resume_goes_on() {
    story(|| async {
        let shop = begun(true, |site| site.soak_minutes = 30);
        let (began, before) = (shop.azure.clock().now(), gateway(&shop));
        until(&shop, |run| run.step == Step::Soak).await;
        let paused = order(&shop, Verb::Pause).await;
        // Longer than the soak and its deadline together.
        tokio::time::sleep(5 * HOUR).await;
        let still = shop.run().unwrap();
        assert_eq!((still.step, still.hop, still.ending), (Step::Soak, paused.hop, None));
        order(&shop, Verb::Resume).await;
        let run = ended(&shop).await;
        assert_eq!(run.ending, Some(Ending::Upgraded));
        is_well(&shop, &tell(&shop, run, began), &before);
    });
}

#[test]
fn promote_ends_a_soak_now_but_not_without_a_look() {
    story(|| async {
        let shop = begun(false, |site| site.soak_minutes = 600);
        let refused = {
            until(&shop, |run| run.step == Step::CreateCluster).await;
            said(&shop, Verb::Promote).await
        };
        assert!(matches!(refused, Obeyed::Refused(Refusal::NotNow(_))), "there is nothing to promote yet");
        until(&shop, |run| run.step == Step::Soak).await;
        let promoted = shop.azure.clock().now();
        order(&shop, Verb::Promote).await;
        let run = until(&shop, |run| run.step == Step::RetireOldCluster).await;
        let took = shop.azure.clock().now().duration_since(promoted);
        assert!(took < SignedDuration::from_mins(2), "{took}");
        let world = shop.azure.world();
        let looked =
            |call: &&simulated_azure::record::Call| call.at >= promoted && call.path.contains("/backendhealth");
        assert!(world.calls.iter().filter(looked).any(|call| call.process.starts_with("Soak")), "{:?}", run.journal);
    });
}

#[test]
fn abort_turns_back_wherever_the_run_is() {
    for step in [Step::CreateCluster, Step::SyncWorkloads, Step::ValidateHealth, Step::ShiftTraffic, Step::Soak] {
        story(|| async {
            let shop = begun(true, |_| {});
            let (began, before) = (shop.azure.clock().now(), gateway(&shop));
            until(&shop, |run| run.step == step).await;
            let aborted = order(&shop, Verb::Abort).await;
            assert_eq!(aborted.step, step.way_back());
            let run = ended(&shop).await;
            assert_eq!(run.ending, Some(Ending::RolledBack), "{step}");
            assert!(run.journal.iter().any(|entry| entry.who == "person:alice" && entry.what == "abort: a test"));
            is_well(&shop, &tell(&shop, run, began), &before);
            assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "{step}");
        });
    }
}

#[test]
fn abort_ends_a_run_at_once_that_has_only_looked_at_its_plan() {
    story(|| async {
        let shop = begun(false, |site| site.gates = vec![gate(Step::CreateCluster, 0)]);
        let before = gateway(&shop);
        until(&shop, is_held).await;
        let run = order(&shop, Verb::Abort).await;
        assert_eq!((run.ending, run.step), (Some(Ending::RolledBack), Step::CheckPlan));
        tokio::time::sleep(HOUR).await;
        assert_eq!(shop.run().unwrap(), run);
        is_well(&shop, &tell(&shop, run, shop.azure.clock().now()), &before);
        let world = shop.azure.world();
        assert!(world.calls.iter().all(|call| !call.process.starts_with("DeleteNewCluster")), "no step is needed");
    });
}

#[test]
fn finish_ends_a_held_clean_up_and_says_what_is_left_over() {
    for (step, ending) in [(Step::RetireOldCluster, Ending::Upgraded), (Step::DeleteNewCluster, Ending::RolledBack)] {
        story(|| async {
            let shop = Shop::open(&Options::default(), |_| {}).unwrap();
            let before = gateway(&shop);
            let failure = Some(Failure { step, when: When::Always });
            let told = play(&shop, Plot { failure, ..Plot::default() }).await.unwrap();
            assert_eq!((told.run.step, is_held(&told.run)), (step, true));
            let run = order(&shop, Verb::Finish).await;
            assert_eq!(run.ending, Some(ending));
            let last = &run.journal.last().unwrap().what;
            assert!(
                last.contains("finished as it stands; it waited, because: ") && last.contains("ServiceUnavailable"),
                "{last}"
            );
            // What is left over gets its tag.
            tokio::time::sleep(Duration::from_secs(60)).await;
            is_well(&shop, &tell(&shop, run, shop.azure.clock().now()), &before);
        });
    }
}

#[test]
fn a_paused_run_whose_new_cluster_falls_ill_is_turned_back() {
    story(|| async {
        let shop = begun(true, |site| {
            site.stages = vec![Stage { share: 50, watch_minutes: 10 }, Stage { share: 100, watch_minutes: 2 }];
        });
        let (began, before) = (shop.azure.clock().now(), gateway(&shop));
        until(&shop, |run| run.step == Step::ConfirmTraffic).await;
        order(&shop, Verb::Pause).await;
        tokio::time::sleep(HOUR).await;
        assert!(is_held(&shop.run().unwrap()));
        break_green(&shop);
        let ill = shop.azure.clock().now();
        let turned = until(&shop, |run| run.step == Step::RestoreTraffic).await;
        let took = shop.azure.clock().now().duration_since(ill);
        assert!(took < SignedDuration::from_mins(3), "{took}");
        assert!(!is_held(&turned) && turned.journal.iter().any(|entry| entry.who == "CanaryCheck"));
        let run = ended(&shop).await;
        let told = tell(&shop, run, began);
        is_well(&shop, &told, &before);
        assert_eq!((told.run.ending, told.serving), (Some(Ending::RolledBack), Serving::Only(Colour::Blue)));
        assert!(told.users.excused > 0, "users met the sick cluster until then");
    });
}
