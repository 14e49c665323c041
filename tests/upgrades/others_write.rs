//! Somebody else writes the gateway: nothing of theirs is written over in silence, nobody fights without end, and what leads
//! users elsewhere is seen.
use crate::way_back::night::{Night, calls};
use crate::{journal, story};
use bluegreen::local::story::Serving;
use bluegreen::resources::tags::MARK_TAG;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Run};
use bluegreen::site::Colour::{Blue, Green};
use bluegreen::step::Step;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// The members of a pool become these.
fn fill(gateway: &mut Value, pool: &str, members: &Value) {
    let pools = gateway["properties"]["backendAddressPools"].as_array_mut().unwrap();
    let found = pools.iter_mut().find(|found| found["name"] == pool).expect("there is such a pool");
    found["properties"]["backendAddresses"] = members.clone();
}

pub fn members(night: &Night, pool: &str) -> Value {
    let gateway = crate::world_after::gateway(&night.shop);
    let pools = gateway["properties"]["backendAddressPools"].as_array().unwrap();
    pools.iter().find(|found| found["name"] == pool).unwrap()["properties"]["backendAddresses"].clone()
}

/// A rule of the gateway leads to this pool.
pub fn lead(gateway: &mut Value, rule: &str, pool: &str) {
    let rules = gateway["properties"]["requestRoutingRules"].as_array_mut().unwrap();
    let rule = rules.iter_mut().find(|found| found["name"] == rule).expect("there is such a rule");
    let id = rule["properties"]["backendAddressPool"]["id"].as_str().unwrap();
    let (pools, _) = id.rsplit_once('/').unwrap();
    rule["properties"]["backendAddressPool"]["id"] = format!("{pools}/{pool}").into();
}

/// An upgrade whose soak has begun a while ago, and lasts so many minutes.
async fn soaking(minutes: u32) -> Night {
    let night = Night::begin(|site| site.soak_minutes = minutes);
    night.comes_to(Step::Soak).await;
    night.minutes(3).await;
    night
}

/// What somebody put right has settled; a person resumes, and the upgrade is done.
async fn goes_on(night: &Night) {
    night.minutes(5).await;
    night.says(Verb::Resume, |_| {}).await.unwrap();
    night.ends(Ending::Upgraded).await;
}

type Change = fn(&mut Value);

fn why(run: &Run) -> &str {
    run.held.as_ref().map_or("", |hold| &hold.why)
}

#[test]
fn a_sorry_page_in_the_live_pool_is_never_written_over_in_silence() {
    for step in [Step::CreateCluster, Step::ValidateHealth, Step::ShiftTraffic] {
        story(|| async {
            let night = Night::begin(|_| {});
            let live = night.shop.article.live_pool.clone();
            let sorry = json!([{"fqdn": "sorry.example.com"}]);
            night.comes_to(step).await;
            let before = members(&night, &live);
            night.stranger_writes(|gateway| fill(gateway, &live, &sorry));
            let held = night.is_held().await;
            assert!(why(&held).contains("sorry.example.com found"), "{step}{}", journal(&held));
            assert_eq!(members(&night, &live), sorry, "{step}{}", journal(&held));
            assert!(calls(&held) > 0, "{step}{}", journal(&held));
            night.minutes(90).await;
            assert_eq!(members(&night, &live), sorry, "held is held{}", journal(&night.run()));
            night.stranger_writes(|gateway| fill(gateway, &live, &before));
            goes_on(&night).await;
        });
    }
}

#[test]
fn what_is_written_over_a_share_of_traffic_is_put_right_once_with_both_sides_in_the_journal() {
    story(|| async {
        let night = soaking(600).await;
        let live = night.shop.article.live_pool.clone();
        let green = members(&night, &live);
        let other = json!([{"ipAddress": "10.1.40.4"}]);
        night.stranger_writes(|gateway| fill(gateway, &live, &other));
        let run = crate::until(&night.shop, |run| run.repairs == 1).await;
        assert!(journal(&run).contains("expected, 10.1.40.4 found"), "{}", journal(&run));
        night.minutes(10).await;
        assert_eq!(members(&night, &live), green, "{}", journal(&night.run()));
        night.stranger_writes(|gateway| fill(gateway, &live, &other));
        let held = night.is_held().await;
        assert!(why(&held).contains("seen 2 times"), "{}", journal(&held));
        assert_eq!(members(&night, &live), other, "a second time it is for a person{}", journal(&held));
    });
}

#[test]
fn a_mark_that_others_drop_is_written_again_while_our_members_are_in_force() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        for _ in 0..2 {
            night.minutes(30).await;
            night.stranger_writes(|gateway| {
                gateway["tags"].as_object_mut().unwrap().remove(MARK_TAG);
            });
        }
        let run = crate::until(&night.shop, |run| run.step == Step::Soak && run.repairs == 2).await;
        assert!(run.held.is_none(), "{}", journal(&run));
    });
}

#[test]
fn the_watch_sees_what_leads_users_to_the_pools() {
    let changes: [(&str, Change); 3] = [
        ("rule", |gateway| lead(gateway, "shop", "payments")),
        ("listener", |gateway| {
            for listener in gateway["properties"]["httpListeners"].as_array_mut().unwrap() {
                let properties = listener["properties"].as_object_mut().unwrap();
                if properties.get("hostName").is_some_and(|name| name == "shop.example.com") {
                    properties.insert("hostName".into(), "renamed.example.com".into());
                }
                if let Some(names) = properties.get_mut("hostNames").and_then(Value::as_array_mut) {
                    names
                        .iter_mut()
                        .filter(|name| **name == "shop.example.com")
                        .for_each(|name| *name = "x.example".into());
                }
            }
        }),
        ("settings", |gateway| {
            let rules = gateway["properties"]["requestRoutingRules"].as_array().unwrap();
            let shop = rules.iter().find(|rule| rule["name"] == "shop").unwrap();
            let id = shop["properties"]["backendHttpSettings"]["id"].as_str().unwrap().to_owned();
            let settings = gateway["properties"]["backendHttpSettingsCollection"].as_array_mut().unwrap();
            let found =
                settings.iter_mut().find(|found| found["id"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&id)));
            found.unwrap()["properties"]["port"] = json!(8099);
        }),
    ];
    for (name, change) in changes {
        story(|| async {
            let night = soaking(60).await;
            let before = crate::world_after::gateway(&night.shop);
            let writes = night.gateway_writes();
            night.stranger_writes(change);
            let held = night.is_held().await;
            assert!(why(&held).contains("somebody changed what leads users"), "{name}{}", journal(&held));
            let asked = calls(&held);
            night.minutes(180).await;
            let run = night.run();
            assert_eq!(
                (run.step, run.repairs, night.gateway_writes()),
                (Step::Soak, 0, writes),
                "{name}{}",
                journal(&run)
            );
            assert_eq!(calls(&run), asked, "{name}: said once{}", journal(&run));
            assert_eq!(night.power(Blue).as_deref(), Some("Running"), "{name}");
            night.stranger_writes(|gateway| gateway["properties"] = before["properties"].clone());
            goes_on(&night).await;
        });
    }
}

#[test]
fn resume_accepts_how_users_are_led_now() {
    story(|| async {
        let night = soaking(60).await;
        night.stranger_writes(|gateway| {
            for settings in gateway["properties"]["backendHttpSettingsCollection"].as_array_mut().unwrap() {
                settings["properties"]["requestTimeout"] = json!(77);
            }
        });
        night.is_held().await;
        night.says(Verb::Resume, |_| {}).await.unwrap();
        let run = night.ends(Ending::Upgraded).await;
        assert!(journal(&run).contains("requestTimeout"), "{}", journal(&run));
    });
}

#[test]
fn a_stopped_gateway_is_a_call_and_nothing_is_retired() {
    story(|| async {
        let night = soaking(60).await;
        let turns = |on: bool| {
            let now = night.now();
            {
                let world = &mut *night.shop.azure.world();
                let arm = &mut world.resource_manager;
                arm.stranger_turns_gateway(&night.shop.article.gateway, on, &mut world.kubernetes, now);
            }
            night.shop.azure.touch();
        };
        turns(false);
        let held = night.is_held().await;
        assert!(why(&held).contains("and serves nobody"), "{}", journal(&held));
        night.minutes(120).await;
        assert_eq!(night.power(Blue).as_deref(), Some("Running"));
        turns(true);
        goes_on(&night).await;
    });
}

fn testers(night: &Night) -> Value {
    let green = &night.shop.article.green_addresses[0];
    json!({"name": "testers", "properties": {"backendAddresses": [{"ipAddress": green}]}})
}

#[test]
fn an_address_of_a_slot_in_a_pool_of_others_is_refused_beforehand_and_holds_the_deletion_once() {
    story(|| async {
        let night = Night::begin(|_| {});
        let pool = testers(&night);
        night.stranger_writes(|gateway| {
            gateway["properties"]["backendAddressPools"].as_array_mut().unwrap().push(pool.clone());
        });
        let run = night.ends(Ending::Rejected).await;
        assert!(run.failure.as_deref().unwrap_or_default().contains("testers"), "{}", journal(&run));
    });
    story(|| async {
        let night = soaking(600).await;
        let pool = testers(&night);
        night.stranger_writes(|gateway| {
            gateway["properties"]["backendAddressPools"].as_array_mut().unwrap().push(pool.clone());
        });
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let held = night.is_held().await;
        assert!(held.step == Step::DeleteNewCluster && why(&held).contains("testers"), "{}", journal(&held));
        let writes = night.gateway_writes();
        night.minutes(60).await;
        assert_eq!((night.gateway_writes(), night.serving()), (writes, Serving::Only(Blue)));
        assert!(night.cluster(Green).is_some(), "somebody still sends users there");
    });
}

#[test]
fn nobody_is_fought_over_the_candidate_pool() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ValidateHealth).await;
        let candidate = night.shop.article.candidate_pool.clone();
        for _ in 0..90 {
            if night.run().held.is_some() {
                break;
            }
            if members(&night, &candidate).as_array().is_some_and(|members| !members.is_empty()) {
                night.stranger_writes(|gateway| {
                    fill(gateway, &candidate, &json!([]));
                    gateway["tags"].as_object_mut().unwrap().remove(MARK_TAG);
                });
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let held = night.is_held().await;
        assert!(why(&held).contains("somebody else writes the gateway"), "{}", journal(&held));
        assert!(night.gateway_writes() <= 2, "{} writes{}", night.gateway_writes(), journal(&held));
    });
}

#[test]
fn a_slow_write_of_others_is_waited_for_and_never_turns_back() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ShiftTraffic).await;
        let usual = night.shop.azure.world().resource_manager.timings.clone();
        {
            let timings = &mut night.shop.azure.world().resource_manager.timings;
            timings.write_gateway = Duration::from_secs(40 * 60);
            timings.gateway_shows_updating = timings.write_gateway;
        }
        night.stranger_writes(|gateway| gateway["tags"]["owner"] = "others".into());
        night.shop.azure.world().resource_manager.timings = usual;
        night.minutes(35).await;
        let run = night.run();
        assert!(run.step == Step::ShiftTraffic && run.held.is_none(), "{}", journal(&run));
        assert_eq!(night.gateway_writes(), 1, "theirs is not cut off{}", journal(&run));
        let run = night.ends(Ending::Upgraded).await;
        assert_eq!(crate::world_after::gateway(&night.shop)["tags"]["owner"], "others", "{}", journal(&run));
    });
}

#[test]
fn on_the_way_back_others_are_written_over_at_a_bounded_rate_for_ever() {
    story(|| async {
        let night = soaking(600).await;
        let live = night.shop.article.live_pool.clone();
        let green = members(&night, &live);
        let before = night.gateway_writes();
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let minutes = 60;
        for _ in 0..minutes * 3 {
            if members(&night, &live) != green {
                night.stranger_writes(|gateway| {
                    fill(gateway, &live, &green);
                    gateway["tags"].as_object_mut().unwrap().remove(MARK_TAG);
                });
            }
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        let run = night.run();
        let writes = night.gateway_writes() - before;
        assert!((10..=minutes / 2 + 3).contains(&writes), "{writes} writes in {minutes} min{}", journal(&run));
        assert!(run.held.is_none() && calls(&run) > 0, "{}", journal(&run));
        night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue));
    });
}

#[test]
fn who_writes_our_own_members_again_and_again_on_the_way_back_is_no_reason_to_write_each_time() {
    story(|| async {
        let night = soaking(600).await;
        let before = night.gateway_writes();
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        let minutes = 30;
        for number in 0..minutes * 6 {
            night.stranger_writes(|gateway| gateway["tags"]["others"] = number.to_string().into());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let (run, writes) = (night.run(), night.gateway_writes() - before);
        assert!((1..=minutes / 2 + 3).contains(&writes), "{writes} writes in {minutes} min{}", journal(&run));
        night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue));
    });
}

#[test]
fn what_others_change_just_before_a_write_is_kept() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ValidateHealth).await;
        // Between the look and the write the run is read once more: just then somebody adds a tag.
        let on = On::call(Method::GET, "/runs/active").by("ValidateHealth");
        let slow = Fault::once("slow", on, Effect::Delay(Duration::from_secs(6))).after(1);
        night.shop.azure.world().faults.add(slow);
        let is_slow = || night.shop.azure.world().faults.hits().iter().any(|(name, _)| name == "slow");
        while !is_slow() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        night.stranger_writes(|gateway| gateway["tags"]["owner"] = "others".into());
        let run = night.ends(Ending::Upgraded).await;
        assert_eq!(crate::world_after::gateway(&night.shop)["tags"]["owner"], "others", "{}", journal(&run));
    });
}

#[test]
fn what_others_change_while_a_write_is_under_way_is_written_down() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ShiftTraffic).await;
        // Our write is in force, and was not yet looked at.
        let writes = night.gateway_writes();
        let on = On::call(Method::GET, "/operations/").by("ShiftTraffic");
        night.shop.azure.world().faults.add(Fault::once("slow", on, Effect::Delay(Duration::from_secs(40))));
        while night.gateway_writes() == writes {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(50)).await;
        night.stranger_writes(|gateway| gateway["tags"]["owner"] = "others".into());
        let run = night.ends(Ending::Upgraded).await;
        let said = "somebody else changed the gateway while it was being written: tags/owner is new";
        assert!(journal(&run).contains(said), "{}", journal(&run));
        assert_eq!(calls(&run), 0, "it is in force: nobody is woken{}", journal(&run));
    });
}
