//! A verdict about the traffic is not lost to whatever else happens to the run meanwhile.
use super::night::Night;
use crate::{journal, story, until};
use bluegreen::local::story::Serving;
use bluegreen::run::Ending;
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::site::Stage;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

#[test]
fn the_members_of_the_stage_before_are_judged_while_the_next_write_comes_to_no_end() {
    story(|| async {
        let night = Night::begin(|site| site.stages = [50, 100].map(|share| Stage { share, watch_minutes: 5 }).into());
        until(&night.shop, |run| run.step == Step::ShiftTraffic && run.stage == 1).await;
        night.falls_ill(Green);
        let ill = night.now();
        // Whoever it is keeps our pools and our mark: nothing of ours is written over, and nothing ends.
        let busy = async {
            for count in 0_u32.. {
                night.stranger_writes(|gateway| gateway["tags"]["busy"] = count.to_string().into());
                tokio::time::sleep(Duration::from_secs(8)).await;
            }
        };
        let back = tokio::select! {
            run = until(&night.shop, |run| run.step == Step::RestoreTraffic || run.ending.is_some()) => run,
            () = busy => unreachable!("it is busy for ever"),
        };
        assert_eq!(back.step, Step::RestoreTraffic, "{}", journal(&back));
        let took = night.now().duration_since(ill);
        assert!(took < SignedDuration::from_mins(6), "{took:#}{}", journal(&back));
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn a_verdict_whose_save_conflicts_is_applied_to_what_the_run_is_by_then() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        night.falls_ill(Green);
        let ill = night.now();
        // The step itself sees nothing, and when the check saves, somebody else was faster.
        let look = On::call(Method::GET, "/runs/active").by("Soak");
        let save = On::call(Method::PUT, "/runs/active").by("CanaryCheck");
        let status = Effect::status;
        {
            let faults = &mut night.shop.azure.world().faults;
            faults.add(Fault::always("blind", look, status(StatusCode::SERVICE_UNAVAILABLE)));
            faults.add(Fault::once("conflict", save, status(StatusCode::PRECONDITION_FAILED)));
        }
        let back = until(&night.shop, |run| run.step == Step::RestoreTraffic).await;
        let conflicts = night.shop.azure.world().faults.hits().iter().filter(|(name, _)| name == "conflict").count();
        assert_eq!(conflicts, 1, "{}", journal(&back));
        let took = night.now().duration_since(ill);
        assert!(took < SignedDuration::from_mins(3), "{took:#}{}", journal(&back));
        night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue));
    });
}
