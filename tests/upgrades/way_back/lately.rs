//! Nobody is led to a new cluster by what was seen of it long ago.
use super::night::Night;
use crate::break_glass::pool;
use crate::{journal, story, until};
use bluegreen::local::story::Serving;
use bluegreen::run::verbs::{Direction, Verb};
use bluegreen::run::{Ending, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::Stage;
use bluegreen::step::Step;
use serde_json::json;
use simulated_azure::{Effect, Fault, On};

const ASKED: &str = "what was seen of the new cluster is old";

/// An upgrade with these shares of the traffic, each watched for so long.
fn in_stages(shares: &[u8], watch_minutes: u32) -> Night {
    let stages = shares.iter().map(|&share| Stage { share, watch_minutes }).collect();
    Night::begin(|site| site.stages = stages)
}

/// The new cluster was validated, nobody is led to it, and the run waits for an hour.
async fn waits(night: &Night) {
    night.comes_to(Step::ShiftTraffic).await;
    night.says(Verb::Pause, |_| {}).await.unwrap();
    night.minutes(60).await;
}

#[test]
fn who_fell_ill_while_the_run_was_held_gets_no_users() {
    story(|| async {
        let night = Night::begin(|_| {});
        waits(&night).await;
        night.falls_ill(Green);
        night.minutes(2).await;
        let writes = night.gateway_writes();
        night.says(Verb::Resume, |_| {}).await.unwrap();
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.gateway_writes() - writes, 1, "the way back's alone{}", journal(&run));
        assert!(journal(&run).contains(ASKED), "{}", journal(&run));
    });
}

#[test]
fn who_is_still_well_is_asked_once_and_gets_them() {
    story(|| async {
        let night = Night::begin(|_| {});
        waits(&night).await;
        night.says(Verb::Resume, |_| {}).await.unwrap();
        let run = night.ends(Ending::Upgraded).await;
        assert_eq!(journal(&run).matches(ASKED).count(), 1, "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Green));
    });
}

#[test]
fn what_nobody_handled_for_an_hour_is_looked_at_anew() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ShiftTraffic).await;
        let away = |name| Fault::always(name, On::host("blob.core"), Effect::Refuse);
        night.shop.azure.world().faults.add(away("store"));
        night.minutes(60).await;
        night.falls_ill(Green);
        night.minutes(2).await;
        night.shop.azure.world().faults.remove("store");
        let run = night.ends(Ending::RolledBack).await;
        let moved = run.journal.iter().any(|entry| entry.after == Step::ConfirmTraffic);
        assert!(!moved, "{}", journal(&run));
    });
}

#[test]
fn after_the_emergency_way_back_the_way_forward_looks_first() {
    for stages in [vec![50, 100], vec![100]] {
        story(|| async {
            let night = in_stages(&stages, 5);
            until(&night.shop, |run| run.step == Step::ConfirmTraffic).await;
            night.glass_is_broken(Blue, "one");
            night.is_held().await;
            night.falls_ill(Green);
            night.minutes(5).await;
            let writes = night.gateway_writes();
            night.says(Verb::Resume, |order| order.direction = Some(Direction::Forward)).await.unwrap();
            let run = goes_no_further(&night).await;
            assert_eq!(night.gateway_writes(), writes, "{stages:?}{}", journal(&run));
            assert_eq!(night.serving(), Serving::Only(Blue), "{stages:?}{}", journal(&run));
        });
    }
}

#[test]
fn who_fell_ill_while_others_had_the_users_does_not_get_them_back() {
    for stages in [vec![50, 100], vec![100]] {
        story(|| async {
            let night = in_stages(&stages, 60);
            night.comes_to(Step::ConfirmTraffic).await;
            night.says(Verb::Pause, |_| {}).await.unwrap();
            leads_to_blue(&night);
            night.minutes(5).await;
            night.falls_ill(Green);
            night.minutes(60).await;
            let writes = night.gateway_writes();
            night.says(Verb::Resume, |_| {}).await.unwrap();
            let run = goes_no_further(&night).await;
            assert_eq!(night.gateway_writes(), writes, "{stages:?}{}", journal(&run));
            assert!(journal(&run).contains("it is put right"), "{stages:?}{}", journal(&run));
        });
    }
}

#[test]
fn a_run_that_is_finished_where_others_have_the_users_is_not_called_upgraded() {
    story(|| async {
        let night = Night::begin(|_| {});
        for step in [Step::Soak, Step::RetireOldCluster] {
            night.comes_to(step).await;
            leads_to_blue(&night);
            until(&night.shop, |run| run.held.is_some() || run.step == Step::ConfirmTraffic).await;
        }
        let held = night.is_held().await;
        night.minutes(5).await;
        assert_eq!((held.step, night.serving()), (Step::RetireOldCluster, Serving::Only(Blue)), "{}", journal(&held));
        let run = night.says(Verb::Finish, |_| {}).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Finished), "{}", journal(&run));
    });
}

/// It is held, goes back, or has ended.
async fn goes_no_further(night: &Night) -> Run {
    until(&night.shop, |run| run.held.is_some() || run.step.undoes() || run.ending.is_some()).await
}

/// Somebody leads the users to the old cluster.
fn leads_to_blue(night: &Night) {
    let members: Vec<_> = night.shop.site.slot(Blue).addresses.iter().map(|it| json!({"ipAddress": it})).collect();
    let live = night.shop.article.live_pool.as_str();
    night.stranger_writes(|gateway| {
        pool(gateway, live)["properties"]["backendAddresses"] = members.clone().into();
    });
}
