//! What a person did not say is not taken from what they said; and what others wrote is not written over unseen.
use super::night::{Night, calls};
use crate::others_write::{lead, members};
use crate::{journal, story, until};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::story::Serving;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Following, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::{OldCluster, Stage};
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use serde_json::json;
use std::time::Duration;

#[test]
fn to_go_on_after_a_pause_accepts_nothing_of_how_others_lead_users_meanwhile() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 60);
        night.comes_to(Step::Soak).await;
        night.minutes(3).await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.stranger_writes(|gateway| lead(gateway, "shop", "payments"));
        let told = until(&night.shop, |run| calls(run) > 0).await;
        assert!(told.held.as_ref().is_some_and(|hold| hold.paused), "{}", journal(&told));
        night.says(Verb::Resume, |_| {}).await.unwrap();
        night.minutes(180).await;
        let run = night.run();
        let why = run.held.as_ref().map(|hold| hold.why.clone()).unwrap_or_default();
        assert!(run.step == Step::Soak && why.contains("what leads users"), "{}", journal(&run));
        // Said of that very hold, it accepts it.
        night.says(Verb::Resume, |_| {}).await.unwrap();
        night.ends(Ending::Upgraded).await;
    });
}

#[test]
fn what_others_wrote_over_a_write_of_ours_is_not_written_over_in_silence() {
    for stage in [0, 1] {
        story(|| async {
            let night =
                Night::begin(|site| site.stages = [50, 100].map(|share| Stage { share, watch_minutes: 5 }).into());
            let is_written = |run: &Run| {
                let writes = matches!(run.following, Some(Following::GatewayWrite { .. }));
                run.step == Step::ShiftTraffic && run.stage == stage && writes
            };
            until(&night.shop, is_written).await;
            let live = night.shop.article.live_pool.clone();
            night.stranger_writes(|gateway| {
                let found = crate::break_glass::pool(gateway, &live)["properties"]["backendAddresses"].as_array_mut();
                found.unwrap().push(json!({"ipAddress": "10.9.9.9"}));
            });
            let told = until(&night.shop, |run| journal(run).contains("10.9.9.9")).await;
            assert!(told.step != Step::ConfirmTraffic, "{}", journal(&told));
            night.minutes(30).await;
            let run = night.run();
            assert!(
                run.held.is_some() || !members(&night, &live).to_string().contains("10.9.9.9"),
                "{}",
                journal(&run)
            );
        });
    }
}

#[test]
fn users_go_back_to_an_old_cluster_whose_pods_run_again() {
    story(|| async {
        let night = Night::begin(|site| site.old_cluster = OldCluster::Stop);
        let is_asked = |run: &Run| {
            run.reducing.is_some() && run.journal.last().is_some_and(|it| it.what.ends_with("was requested"))
        };
        until(&night.shop, is_asked).await;
        night.minutes(1).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let mut pods = 0;
        while night.serving() != Serving::Only(Blue) {
            let ready = crate::on(&night.shop, &night.shop.article.blue, |server, now| {
                let found = server.object("deployments.apps", "ingress", "ingress-controller", now);
                found.and_then(|found| found["status"]["readyReplicas"].as_u64()).unwrap_or(0)
            });
            pods = ready.unwrap_or(0);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(pods, 2, "{}", journal(&night.run()));
        night.ends(Ending::RolledBack).await;
    });
}

/// Whoever brings an older version of a run's document back has it go on in minutes, though its events' ids were used.
#[test]
fn an_older_version_of_a_run_goes_on() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 30);
        let older = {
            night.comes_to(Step::SyncWorkloads).await;
            night.shop.document().unwrap()
        };
        night.comes_to(Step::Soak).await;
        let now = night.now();
        night.shop.azure.world().blobs.put(ACCOUNT, RUNS, "active/shop.json", &older, now);
        night.shop.azure.touch();
        night.minutes(25).await;
        let run = night.run();
        assert!(run.step != Step::SyncWorkloads, "{}", journal(&run));
        night.falls_ill(Green);
        night.minutes(1).await;
    });
}
