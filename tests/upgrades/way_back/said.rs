//! What a person says in a bad night, and what it comes to.
use super::night::{Night, calls};
use crate::{journal, story, stranger_deletes, until};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::story::Serving;
use bluegreen::resources::tags::MARK_TAG;
use bluegreen::run::Ending;
use bluegreen::run::verbs::{Direction, Refusal, Verb};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::{OldCluster, Site, Stage};
use bluegreen::step::Step;
use bluegreen::store::SITES;
use serde_json::Value;
use std::time::Duration;

fn in_three_stages(site: &mut Site) {
    site.stages = [25, 50, 100].map(|share| Stage { share, watch_minutes: 5 }).into();
}

#[test]
fn after_the_emergency_way_back_in_a_later_stage_the_way_forward_needs_one_word() {
    for stage in [1, 2] {
        story(|| async {
            let night = Night::begin(in_three_stages);
            until(&night.shop, |run| run.step == Step::ConfirmTraffic && run.stage == stage).await;
            night.glass_is_broken(Blue, "one");
            let held = night.is_held().await;
            night.minutes(2).await;
            assert!(held.glass.is_some() && night.serving() == Serving::Only(Blue), "{}", journal(&held));
            night.says(Verb::Resume, |order| order.direction = Some(Direction::Forward)).await.unwrap();
            let run = night.ends(Ending::Upgraded).await;
            assert_eq!(night.serving(), Serving::Only(Green), "stage {stage}{}", journal(&run));
        });
    }
}

#[test]
fn without_room_for_a_mark_traffic_goes_back_and_the_deletion_is_a_persons() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        night.tags_are_full();
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let held = night.is_held().await;
        assert_eq!(held.step, Step::DeleteNewCluster, "{}", journal(&held));
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&held));
        assert!(calls(&held) > 0 && journal(&held).contains("no mark"), "{}", journal(&held));
        night.minutes(60).await;
        assert!(night.cluster(Green).is_some(), "a write without a mark is no ground for a deletion");
        let gateway = night.shop.azure.world().resource_manager.resource(&night.shop.site.gateway).cloned().unwrap();
        assert_eq!(gateway["tags"][MARK_TAG], Value::Null);
        night.says(Verb::Finish, |_| {}).await.unwrap();
        assert!(night.cluster(Green).is_some(), "a person's last word stands");
    });
}

#[test]
fn a_run_is_not_finished_while_its_own_change_is_under_way() {
    story(|| async {
        let night = Night::begin(|_| {});
        until(&night.shop, |run| run.step == Step::CreateCluster && run.following.is_some()).await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        let refused = night.says(Verb::Finish, |_| {}).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("still under way")), "{refused:?}");
        assert!(night.run().ending.is_none());
        night.minutes(30).await;
        let run = night.says(Verb::Finish, |_| {}).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Finished), "{}", journal(&run));
        night.minutes(30).await;
        assert_eq!(night.serving(), Serving::Only(Blue));
    });
}

#[test]
fn a_mended_site_comes_into_a_held_run_and_never_changes_what_was_planned() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::CreateCluster).await;
        let with_site = |order: &mut bluegreen::run::verbs::Order| order.with_site = true;
        let refused = night.says(Verb::Resume, with_site).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("not held")), "{refused:?}");
        night.says(Verb::Pause, |_| {}).await.unwrap();
        let refused = night.says(Verb::Resume, with_site).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("mends nothing")), "{refused:?}");
        publish(&night, |site| site.old_cluster = OldCluster::Delete);
        let refused = night.says(Verb::Resume, with_site).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotNow(why) if why.contains("oldCluster changed")), "{refused:?}");
        publish(&night, |site| site.soak_minutes = 7);
        let run = night.says(Verb::Resume, with_site).await.unwrap();
        assert_eq!(run.plan.site.soak_minutes, 7);
        assert!(journal(&run).contains("the site was mended: soakMinutes: 2 became 7"), "{}", journal(&run));
        night.ends(Ending::Upgraded).await;
    });
}

/// The site as it is published, with this changed.
fn publish(night: &Night, change: impl FnOnce(&mut Site)) {
    let mut site = night.shop.site.clone();
    change(&mut site);
    let now = night.now();
    let text = serde_json::to_vec(&site).unwrap();
    night.shop.azure.world().blobs.put(ACCOUNT, SITES, "shop.json", &text, now);
}

/// A cluster that is being deleted answers for minutes, and the gateway finds it healthy.
#[test]
fn an_old_cluster_that_is_going_is_no_ground_to_delete_the_new_one() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        night.comes_to(Step::DeleteNewCluster).await;
        {
            let timings = &mut night.shop.azure.world().resource_manager.timings;
            (timings.delete_cluster, timings.cluster_goes_away) =
                (Duration::from_secs(3600), Duration::from_secs(3600));
        }
        stranger_deletes(&night.shop, &night.shop.article.blue);
        let held = night.is_held().await;
        let why = &held.held.as_ref().unwrap().why;
        assert!(why.contains("the new one is kept"), "{why}{}", journal(&held));
        night.minutes(60).await;
        assert!(night.cluster(Green).is_some(), "{}", journal(&night.run()));
    });
}
