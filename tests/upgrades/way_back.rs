//! The worst nights: those in which the way back itself could take users down, or would be missing.
mod blind;
mod finished;
mod forced;
mod lately;
mod led_away;
pub mod night;
mod reduced;
mod said;
mod unasked;
mod verdicts;

use crate::random_schedules::asked;
use crate::{journal, story};
use bluegreen::local::story::Serving;
use bluegreen::resources::tags::{RETIRED_TAG, SERVING_TAG, tag};
use bluegreen::run::Ending;
use bluegreen::run::readiness::Ready;
use bluegreen::run::verbs::{Direction, Refusal, Verb};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::OldCluster;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use night::{Night, calls};
use serde_json::json;
use simulated_azure::{Effect, Fault, Latency, On};
use std::time::Duration;

#[test]
fn traffic_never_goes_back_to_a_stopped_cluster_and_goes_back_by_itself_when_it_runs_again() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        night.is_stopped(Blue).await;
        let held = night.is_held().await;
        assert!(calls(&held) > 0 && held.step == Step::Soak, "{}", journal(&held));
        night.falls_ill(Green);
        night.minutes(30).await;
        let run = night.run();
        assert!(run.held.is_some() && run.ending.is_none(), "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Green), "{}", journal(&run));
        assert_eq!(night.power(Green).as_deref(), Some("Running"), "the only cluster that may get well is kept");
        night.is_started(Blue).await;
        let run = crate::until(&night.shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn a_person_is_refused_with_the_reason_and_may_force_it() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        assert_eq!(night.run().readiness.as_ref().map(|known| known.state), Some(Ready::Ready));
        night.is_stopped(Blue).await;
        crate::until(&night.shop, |run| run.readiness.as_ref().is_some_and(|known| known.state == Ready::NotReady))
            .await;
        let refused = night.says(Verb::RollBack, |_| {}).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("--force")), "{refused:?}");
        assert_eq!(night.serving(), Serving::Only(Green));
        let forced = night.says(Verb::RollBack, |order| order.force = true).await.unwrap();
        assert!(journal(&forced).contains("by force, although"), "{}", journal(&forced));
    });
}

#[test]
fn the_new_cluster_is_kept_while_the_gateway_finds_the_old_one_ill() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::ShiftTraffic).await;
        night.falls_ill(Blue);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        let known = night.run().readiness.clone().expect("it is tracked");
        assert_eq!(known.state, Ready::Unknown, "never healthy as candidate is no loss: {}", known.why);
        night.says(Verb::RollBack, |_| {}).await.expect("the unknown blocks no way back");
        let held = night.is_held().await;
        assert_eq!(held.step, Step::DeleteNewCluster, "{}", journal(&held));
        assert!(calls(&held) > 0 && night.power(Green).as_deref() == Some("Running"), "{}", journal(&held));
        night.says(Verb::Finish, |_| {}).await.unwrap();
        assert!(night.cluster(Green).is_some(), "a person's last word stands");
    });
}

#[test]
fn the_old_cluster_is_not_touched_while_the_new_one_is_ill() {
    for wish in [OldCluster::Keep, OldCluster::ScaleDown, OldCluster::Stop, OldCluster::Delete] {
        story(|| async {
            let night = Night::begin(|site| site.old_cluster = wish);
            night.comes_to(Step::RetireOldCluster).await;
            let before = night.cluster(Blue).unwrap();
            night.falls_ill(Green);
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!(night.serving(), Serving::Only(Blue), "{wish:?}{}", journal(&run));
            let after = night.cluster(Blue).unwrap();
            for member in ["powerState", "agentPoolProfiles"] {
                assert_eq!(after["properties"][member], before["properties"][member], "{wish:?}{}", journal(&run));
            }
            assert_eq!(tag(&after, RETIRED_TAG), None, "{wish:?}");
        });
    }
}

#[test]
fn what_was_reduced_is_brought_back_before_anything_is_deleted() {
    for wish in [OldCluster::Stop, OldCluster::ScaleDown] {
        story(|| async {
            let night = Night::begin(|site| site.old_cluster = wish);
            let before = night.cluster(Blue).unwrap();
            let nodes = |cluster: &serde_json::Value| cluster["properties"]["agentPoolProfiles"][0]["count"].clone();
            let is_asked = |run: &bluegreen::run::Run| {
                run.reducing.is_some() && run.journal.last().is_some_and(|entry| entry.what.ends_with("was requested"))
            };
            crate::until(&night.shop, is_asked).await;
            night.says(Verb::RollBack, |_| {}).await.unwrap();
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!(night.serving(), Serving::Only(Blue), "{wish:?}{}", journal(&run));
            let after = night.cluster(Blue).unwrap();
            assert_eq!(night.power(Blue).as_deref(), Some("Running"), "{wish:?}{}", journal(&run));
            assert_eq!(nodes(&after), nodes(&before), "{wish:?}{}", journal(&run));
            assert_eq!((tag(&after, RETIRED_TAG), tag(&after, SERVING_TAG)), (None, Some("true")), "{wish:?}");
        });
    }
}

#[test]
fn roll_back_is_open_until_the_old_cluster_is_reduced() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::RetireOldCluster).await;
        night.says(Verb::RollBack, |_| {}).await.expect("nothing was done yet");
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!((night.serving(), night.power(Blue).as_deref()), (Serving::Only(Blue), Some("Running")));
        assert!(night.cluster(Green).is_none(), "{}", journal(&run));
    });
}

#[test]
fn a_candidate_pool_that_is_gone_is_no_drift_and_blocks_no_way_back() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        let candidate = night.shop.article.candidate_pool.clone();
        night.stranger_writes(|gateway| {
            let properties = &mut gateway["properties"];
            let is_of =
                |rule: &serde_json::Value| rule.to_string().contains(&format!("backendAddressPools/{candidate}"));
            for list in ["requestRoutingRules", "backendAddressPools"] {
                let all = properties[list].as_array_mut().unwrap();
                all.retain(|one| !is_of(one) && one["name"] != candidate.as_str());
            }
        });
        night.minutes(20).await;
        let run = night.run();
        assert_eq!((run.step, run.repairs, run.held.is_none()), (Step::Soak, 0, true), "{}", journal(&run));
        night.falls_ill(Green);
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn a_run_that_never_said_that_it_writes_the_gateway_leaves_it_alone_on_the_way_back() {
    story(|| async {
        let night = Night::begin(|_| {});
        let nodes = On::call(Method::GET, "/nodes").by("ValidateHealth");
        let away = Effect::status(StatusCode::SERVICE_UNAVAILABLE);
        night.shop.azure.world().faults.add(Fault::always("not ready", nodes, away));
        night.comes_to(Step::ValidateHealth).await;
        night.minutes(2).await;
        night.says(Verb::Abort, |_| {}).await.unwrap();
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.gateway_writes(), 0, "{}", journal(&run));
        assert!(night.cluster(Green).is_none());
    });
}

#[test]
fn one_write_is_enough_for_one_way_back_however_slow_the_calls() {
    for seed in 1..=asked("BLUEGREEN_SEEDS").unwrap_or(20) {
        story(|| async {
            let night = Night::begin_with(Some(Latency::of(seed)), |site| site.soak_minutes = 600);
            night.comes_to(Step::Soak).await;
            night.minutes(2).await;
            let before = night.gateway_writes();
            night.says(Verb::RollBack, |_| {}).await.unwrap();
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!(night.gateway_writes() - before, 1, "seed {seed}{}", journal(&run));
        });
    }
}

#[test]
fn the_emergency_way_back_before_any_traffic_holds_the_run_and_it_can_go_on() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::CreateCluster).await;
        night.glass_is_broken(Blue, "one");
        let held = night.is_held().await;
        assert!(held.step <= Step::InstallControllers && held.glass.is_some(), "{}", journal(&held));
        // The tag is lost; the person's word stands.
        night.stranger_writes(|gateway| drop(gateway["tags"].take()));
        night.minutes(30).await;
        assert_eq!(night.run().hop, held.hop, "nothing goes on");
        night.says(Verb::Resume, |order| order.direction = Some(Direction::Forward)).await.unwrap();
        night.ends(Ending::Upgraded).await;
        assert_eq!(night.serving(), Serving::Only(Green));
    });
}

#[test]
fn the_emergency_way_back_during_the_way_back_and_the_deletion_holds_and_nothing_is_deleted() {
    for step in [Step::RestoreTraffic, Step::DeleteNewCluster] {
        story(|| async {
            let night = Night::begin(|site| site.soak_minutes = 600);
            night.comes_to(Step::Soak).await;
            night.says(Verb::RollBack, |_| {}).await.unwrap();
            night.comes_to(step).await;
            night.glass_is_broken(Green, "two");
            let held = night.is_held().await;
            let writes = night.gateway_writes();
            night.minutes(60).await;
            assert_eq!(night.gateway_writes(), writes, "{step}: no war{}", journal(&night.run()));
            assert_eq!(night.serving(), Serving::Only(Green), "{step}{}", journal(&held));
            assert!(night.cluster(Green).is_some(), "{step}{}", journal(&held));
            let refused = night.says(Verb::Resume, |_| {}).await;
            assert!(matches!(refused, Err(Refusal::NotNow(_))), "{step}: it must be said which way");
            night.says(Verb::Resume, |order| order.direction = Some(Direction::Back)).await.unwrap();
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!(night.serving(), Serving::Only(Blue), "{step}{}", journal(&run));
        });
    }
}

#[test]
fn the_sweep_begins_a_way_back_that_nobody_handles_and_calls() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        // The subscription is gone: what is sent to it is accepted, and lost. And the first write is refused.
        let publishes = On::call(Method::POST, "upgrade-steps/messages");
        let accepted = Effect::Answer { status: StatusCode::CREATED, headers: vec![], body: json!({}) };
        let put = On::call(Method::PUT, "/applicationgateways/");
        {
            let mut world = night.shop.azure.world();
            world.faults.add(Fault::always("no subscription", publishes, accepted));
            world.faults.add(Fault::once("refused", put, Effect::status(StatusCode::SERVICE_UNAVAILABLE)));
        }
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        assert_eq!(night.serving(), Serving::Only(Green), "the first try failed");
        night.minutes(10).await;
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&night.run()));
        night.minutes(45).await;
        let run = night.run();
        assert!(calls(&run) > 0, "somebody is called about the lost events{}", journal(&run));
    });
}

#[test]
fn a_gateway_that_is_slow_to_say_how_its_backends_are_blinds_nobody() {
    for answer in [15, 45, 90] {
        story(|| async {
            let night = Night::begin_with(None, |site| site.soak_minutes = 600);
            night.shop.azure.world().resource_manager.timings.backend_health = Duration::from_secs(answer);
            night.comes_to(Step::Soak).await;
            night.minutes(7).await;
            let before = night.gateway_writes();
            night.falls_ill(Green);
            let died = night.now();
            while night.gateway_writes() == before {
                assert!(night.now() < died + SignedDuration::from_mins(15), "{answer} s: {}", journal(&night.run()));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let took = night.now().duration_since(died);
            println!("answers of {answer} s: the restoring write came {} s after the death", took.as_secs());
            // The gateway's own probes notice after three misses; then two questions at most.
            assert!(took < SignedDuration::from_secs(60 + 2 * answer as i64 + 30), "{answer} s: {took}");
            night.ends(Ending::RolledBack).await;
        });
    }
}

#[test]
fn the_checks_own_way_back_is_not_cut_off_by_its_budget() {
    story(|| async {
        let night = Night::begin_with(None, |site| site.soak_minutes = 600);
        night.shop.azure.world().resource_manager.timings.backend_health = Duration::from_secs(40);
        night.comes_to(Step::Soak).await;
        night.minutes(3).await;
        // The write is accepted late: a check whose looking takes 40 s has no 50 s for both.
        let put = On::call(Method::PUT, "/applicationgateways/").by("CanaryCheck");
        night.shop.azure.world().faults.add(Fault::once("slow", put, Effect::Delay(Duration::from_secs(30))));
        let before = night.gateway_writes();
        night.falls_ill(Green);
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.gateway_writes() - before, 1, "{}", journal(&run));
    });
}
