//! A person ended a run as it stood: the next one finds its way from there.
use super::night::Night;
use crate::break_glass::pool;
use crate::{ask, journal, story, until};
use bluegreen::local::story::Serving;
use bluegreen::plan::Kind;
use bluegreen::run::verbs::{Refusal, Verb};
use bluegreen::run::{Ending, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::{Leftover, OldCluster};
use bluegreen::step::Step;
use serde_json::json;

/// A run in its last stage: the candidate pool holds the old cluster.
async fn soaks() -> Night {
    let night = Night::begin(|site| {
        site.soak_minutes = 20;
        site.leftover = Leftover::Delete;
    });
    night.comes_to(Step::Soak).await;
    night.minutes(5).await;
    night
}

/// What is asked for next, when it has ended.
async fn next(night: &Night, kind: Kind, version: Option<&str>) -> Run {
    ask(&night.shop, "next", kind, version);
    until(&night.shop, |run| run.plan.kind == kind && run.request == "next" && run.ending.is_some()).await
}

#[test]
fn the_next_run_returns_to_what_a_finished_one_has_left_in_the_candidate_pool() {
    story(|| async {
        let night = soaks().await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.says(Verb::Finish, |_| {}).await.unwrap();
        night.minutes(5).await;
        let run = next(&night, Kind::Return, None).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn the_next_run_upgrades_after_an_emergency_way_back_that_was_finished() {
    story(|| async {
        let night = soaks().await;
        night.glass_is_broken(Blue, "one");
        night.is_held().await;
        night.says(Verb::Finish, |_| {}).await.unwrap();
        night.minutes(5).await;
        let run = next(&night, Kind::Upgrade, Some("latest-stable")).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(night.serving(), Serving::Only(Green), "{}", journal(&run));
    });
}

#[test]
fn what_somebody_else_put_into_the_candidate_pool_is_no_leftover() {
    story(|| async {
        let night = soaks().await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.says(Verb::Finish, |_| {}).await.unwrap();
        let candidate = night.shop.article.candidate_pool.clone();
        night.stranger_writes(|gateway| {
            pool(gateway, &candidate)["properties"]["backendAddresses"] = json!([{"ipAddress": "10.9.0.9"}]);
        });
        let run = next(&night, Kind::Return, None).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        assert!(journal(&run).contains("expected to be empty"), "{}", journal(&run));
    });
}

#[test]
fn a_run_is_not_finished_while_what_an_earlier_step_asked_for_is_under_way() {
    story(|| async {
        let night = Night::begin(|site| site.old_cluster = OldCluster::Stop);
        let is_asked = |run: &Run| run.journal.last().is_some_and(|entry| entry.what == "the stop was requested");
        until(&night.shop, is_asked).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let refused = night.says(Verb::Finish, |_| {}).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("old cluster")), "{refused:?}");
    });
}
