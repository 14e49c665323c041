//! Whatever else is away or wrong, a new cluster that dies is seen, and users go back.
use super::night::{Night, calls};
use crate::{journal, story, until};
use bluegreen::local::story::Serving;
use bluegreen::run::readiness::Ready;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Following, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::{Gate, Stage};
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// The new cluster dies now, and users are with the old one within so many minutes.
async fn dies_and_users_go_back(night: &Night, within: i64) {
    night.falls_ill(Green);
    let died = night.now();
    while night.serving() != Serving::Only(Blue) {
        let took = night.now().duration_since(died);
        assert!(took < SignedDuration::from_mins(within), "{took:#}{}", journal(&night.run()));
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// A run that a person has paused in its soak: only the check of each minute looks.
async fn paused_in_its_soak() -> Night {
    let night = Night::begin(|site| site.soak_minutes = 600);
    night.comes_to(Step::Soak).await;
    night.minutes(3).await;
    night.says(Verb::Pause, |_| {}).await.unwrap();
    night
}

#[test]
fn an_old_cluster_that_cannot_be_read_blocks_no_way_back() {
    for effect in [Effect::status(StatusCode::SERVICE_UNAVAILABLE), Effect::Page, Effect::status(StatusCode::FORBIDDEN)]
    {
        story(|| async {
            let night = Night::begin(|site| site.soak_minutes = 600);
            night.comes_to(Step::Soak).await;
            night.minutes(3).await;
            let blue = On::call(Method::GET, "/managedclusters/aks-blue?");
            night.shop.azure.world().faults.add(Fault::always("unreadable", blue, effect.clone()));
            dies_and_users_go_back(&night, 6).await;
            night.minutes(30).await;
            assert!(night.cluster(Green).is_some(), "nobody knows how it stands with the old one: the new one is kept");
            night.shop.azure.world().faults.remove("unreadable");
            night.ends(Ending::RolledBack).await;
        });
    }
}

#[test]
fn who_was_never_well_as_a_candidate_is_no_loss_though_he_served_well_before() {
    story(|| async {
        let night = Night::begin(|site| {
            site.stages = [50, 100].map(|share| Stage { share, watch_minutes: 5 }).into();
            site.soak_minutes = 600;
        });
        until(&night.shop, |run| run.step == Step::ShiftTraffic && run.stage == 1).await;
        night.falls_ill(Blue);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        let run = night.run();
        let known = run.readiness.as_ref().expect("it is tracked");
        assert_eq!(known.state, Ready::Unknown, "{}{}", known.why, journal(&run));
        night.says(Verb::RollBack, |_| {}).await.expect("the unknown blocks no way back");
    });
}

#[test]
fn who_dies_after_a_pause_at_the_shift_is_left_at_once() {
    story(|| async {
        let night = Night::begin(|_| {});
        let is_written =
            |run: &Run| run.step == Step::ShiftTraffic && matches!(run.following, Some(Following::GatewayWrite { .. }));
        until(&night.shop, is_written).await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.minutes(5).await;
        assert_eq!((night.run().step, night.serving()), (Step::ShiftTraffic, Serving::Only(Green)));
        dies_and_users_go_back(&night, 6).await;
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn who_dies_while_our_mark_is_gone_from_a_held_run_is_left_at_once() {
    story(|| async {
        let night = paused_in_its_soak().await;
        night.stranger_writes(|gateway| drop(gateway["tags"].take()));
        night.minutes(10).await;
        assert!(calls(&night.run()) > 0, "{}", journal(&night.run()));
        dies_and_users_go_back(&night, 6).await;
        night.ends(Ending::RolledBack).await;
    });
}

#[test]
fn an_answer_that_cannot_be_followed_blinds_nobody() {
    story(|| async {
        let night = paused_in_its_soak().await;
        let asks = On::call(Method::POST, "backendhealth").by("CanaryCheck");
        night.shop.azure.world().faults.add(Fault::once("page", asks, Effect::Page));
        dies_and_users_go_back(&night, 4).await;
        assert_eq!(night.shop.azure.world().faults.hits().len(), 1);
    });
}

#[test]
fn two_looks_an_hour_apart_that_did_not_find_it_prove_nothing() {
    story(|| async {
        let night = paused_in_its_soak().await;
        let missed = |name: &str| {
            let blue = On::call(Method::GET, "/managedclusters/aks-blue?").by("CanaryCheck");
            night.shop.azure.world().faults.add(Fault::once(name, blue, Effect::not_found()));
        };
        missed("one");
        night.minutes(60).await;
        assert_eq!(night.run().missed, None, "it was found since");
        missed("two");
        dies_and_users_go_back(&night, 6).await;
        let run = night.run();
        assert!(!journal(&run).contains("does not exist any more"), "{}", journal(&run));
    });
}

#[test]
fn an_old_answer_is_no_ground_to_reduce_the_old_cluster() {
    story(|| async {
        let night = Night::begin(|_| {});
        let asks = |run: &Run| {
            run.step == Step::RetireOldCluster
                && run.reducing.is_some()
                && matches!(run.following, Some(Following::HealthQuestion(_)))
        };
        until(&night.shop, asks).await;
        let before = night.power(Blue);
        night.shop.azure.world().faults.add(Fault::always("store", On::host("blob.core"), Effect::Refuse));
        night.minutes(1).await;
        night.falls_ill(Green);
        night.minutes(30).await;
        night.shop.azure.world().faults.remove("store");
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!((night.serving(), night.power(Blue)), (Serving::Only(Blue), before), "{}", journal(&run));
        assert!(!journal(&run).contains("the stop was requested"), "{}", journal(&run));
    });
}

#[test]
fn want_of_room_for_a_mark_turns_back_nothing_that_serves_well() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 60);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        night.tags_are_full();
        let held = night.is_held().await;
        assert!(!held.step.undoes() && journal(&held).contains("50 tags"), "{}", journal(&held));
        night.minutes(60).await;
        assert_eq!(night.serving(), Serving::Only(Green), "{}", journal(&night.run()));
        night.stranger_writes(|gateway| drop(gateway["tags"].as_object_mut().unwrap().remove("tag-7")));
        night.says(Verb::Resume, |_| {}).await.unwrap();
        night.ends(Ending::Upgraded).await;
    });
}

#[test]
fn who_is_to_approve_is_told_that_nobody_sees_the_traffic_meanwhile() {
    for effect in [Effect::status(StatusCode::FORBIDDEN), Effect::Page] {
        story(|| async {
            let night = Night::begin(|site| {
                site.stages = [50, 100].map(|share| Stage { share, watch_minutes: 5 }).into();
                site.gates = vec![Gate { before: Step::ShiftTraffic, stage: 1 }];
            });
            let held = night.is_held().await;
            assert!(held.held.as_ref().is_some_and(|hold| hold.gate.is_some()), "{}", journal(&held));
            let asks = On::call(Method::POST, "/backendhealth");
            night.shop.azure.world().faults.add(Fault::always("blind", asks, effect.clone()));
            night.minutes(30).await;
            let run = night.run();
            let told = run.journal.iter().filter(|entry| entry.what.contains("whether the traffic is well")).count();
            assert!(told == 1 && calls(&run) > calls(&held), "{told}{}", journal(&run));
            night.shop.azure.world().faults.remove("blind");
            night.minutes(5).await;
            assert_eq!(night.run().unclear, None, "{}", journal(&night.run()));
        });
    }
}
