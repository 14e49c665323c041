//! What somebody is told in the worst nights is so, and what is proposed helps.
use super::{seen, two_stages};
use crate::break_glass::pool;
use crate::story;
use crate::way_back::night::Night;
use bluegreen::cli::orders::why_refused;
use bluegreen::cli::serving::no_single;
use bluegreen::cli::status::screen;
use bluegreen::run::Ending;
use bluegreen::run::overview::{Overview, Serves, TrafficState};
use bluegreen::run::readiness::Ready;
use bluegreen::run::verbs::{Direction, Refusal, Verb};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::step::Step;
use serde_json::json;

fn commands(overview: &Overview) -> Vec<&str> {
    overview.next.iter().map(|next| next.command.as_str()).collect()
}

#[test]
fn whoever_led_users_away_from_a_dead_cluster_is_not_told_to_go_back_to_it() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        night.is_stopped(Blue).await;
        night.minutes(3).await;
        let lost = seen(&night.shop).await;
        assert!(!lost.next[0].why.contains("nothing needs to be done"), "{}", screen(&lost));
        assert!(!commands(&lost).iter().any(|command| command.contains("--force")), "{}", screen(&lost));
        night.glass_is_broken(Green, "one");
        night.is_held().await;
        let overview = seen(&night.shop).await;
        let first = "bluegreen resume shop --direction forward";
        assert_eq!(commands(&overview)[0], first, "{}", screen(&overview));
        let run = overview.run.as_ref().unwrap();
        assert!(run.traffic.why.starts_with("nobody judges it: "), "{}", screen(&overview));
        night.says(Verb::Resume, |order| order.direction = Some(Direction::Forward)).await.unwrap();
    });
}

#[test]
fn users_who_are_led_elsewhere_are_not_said_to_be_served_well() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        assert!(screen(&seen(&night.shop).await).contains("green 100 %, in force at the gateway"));
        let (live, candidate) = (night.shop.article.live_pool.clone(), night.shop.article.candidate_pool.clone());
        night.stranger_writes(|gateway| {
            let of = |pool: &str| format!("backendAddressPools/{pool}\"");
            let rules = &mut gateway["properties"]["requestRoutingRules"];
            *rules = serde_json::from_str(&rules.to_string().replace(&of(&live), &of(&candidate))).unwrap();
        });
        let overview = seen(&night.shop).await;
        let text = screen(&overview);
        let traffic = &overview.run.as_ref().unwrap().traffic;
        assert!(traffic.state == TrafficState::Unclear && traffic.why.contains("what leads users"), "{text}");
        assert!(text.contains("but that is not what users get: somebody changed"), "{text}");
        assert!(!text.contains("in force at the gateway"), "{text}");
    });
}

#[test]
fn a_way_back_that_stands_still_is_not_ready_and_names_the_way_out() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(5).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        night.comes_to(Step::DeleteNewCluster).await;
        night.falls_ill(Blue);
        night.is_held().await;
        let overview = seen(&night.shop).await;
        let text = screen(&overview);
        let back = overview.run.as_ref().unwrap().way_back.as_ref().unwrap();
        assert!(back.state == Ready::NotReady && back.why.contains("stands still"), "{text}");
        assert!(!text.contains("the old cluster is ready"), "{text}");
        assert!(commands(&overview).contains(&"bluegreen break-glass shop --to green"), "{text}");
    });
}

#[test]
fn after_the_end_in_a_mixed_stage_the_way_out_is_named() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        let moving = no_single(&seen(&night.shop).await, Serves::Both);
        assert!(moving.contains("an upgrade is moving traffic"), "{moving}");
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.says(Verb::Finish, |_| {}).await.unwrap();
        let overview = seen(&night.shop).await;
        let said = no_single(&overview, Serves::Both);
        assert!(said.contains("no run is under way") && said.contains("break-glass shop --to COLOUR"), "{said}");
        assert!(commands(&overview)[0].starts_with("bluegreen break-glass shop --to "), "{}", screen(&overview));
    });
}

#[test]
fn the_way_back_after_the_end_is_named_with_the_refusal() {
    story(|| async {
        let night = Night::begin(|_| {});
        let run = night.ends(Ending::Upgraded).await;
        let refusal = night.says(Verb::RollBack, |_| {}).await.unwrap_err();
        assert_eq!(refusal, Refusal::Ended(Ending::Upgraded));
        let said = why_refused(&run, Verb::RollBack, refusal.clone());
        assert!(said.contains("bluegreen start shop --kind return"), "{said}");
        assert!(!why_refused(&run, Verb::Pause, refusal).contains("return"));
        assert!(commands(&seen(&night.shop).await).contains(&"bluegreen start shop --kind return"));
    });
}

#[test]
fn pools_of_strangers_are_not_said_to_be_well() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        let live = night.shop.article.live_pool.clone();
        night.stranger_writes(|gateway| {
            pool(gateway, &live)["properties"]["backendAddresses"] = json!([{"ipAddress": "10.9.9.9"}]);
        });
        let overview = seen(&night.shop).await;
        let traffic = &overview.run.as_ref().unwrap().traffic;
        assert!(traffic.why.starts_with("nobody judges it: ") && traffic.why.contains("10.9.9.9"), "{traffic:?}");
    });
}
