//! Others write the gateway on the way back: users are led to the old cluster all the same, and nothing is called proved
//! that leads nobody anywhere.
use super::night::{Night, calls};
use crate::break_glass::pool;
use crate::{journal, story};
use bluegreen::local::story::Serving;
use bluegreen::resources::tags::MARK_TAG;
use bluegreen::run::Ending;
use bluegreen::run::verbs::{Direction, Verb};
use bluegreen::site::Colour::Blue;
use bluegreen::step::Step;
use serde_json::{Value, json};

/// Users' pool, in a gateway.
fn live<'a>(night: &Night, gateway: &'a mut Value) -> &'a mut Value {
    pool(gateway, &night.shop.article.live_pool)
}

async fn deletes() -> Night {
    let night = Night::begin(|site| site.soak_minutes = 600);
    night.comes_to(Step::Soak).await;
    night.says(Verb::RollBack, |_| {}).await.unwrap();
    night.comes_to(Step::DeleteNewCluster).await;
    night
}

#[test]
fn users_who_are_led_away_during_the_deletion_are_led_back() {
    for members in [json!([]), json!([{"fqdn": "sorry.example.com"}])] {
        story(|| async {
            let night = deletes().await;
            night.stranger_writes(|gateway| {
                live(&night, gateway)["properties"]["backendAddresses"] = members.clone();
            });
            let run = night.ends(Ending::RolledBack).await;
            assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
            assert!(journal(&run).contains("RestoreTraffic"), "{}", journal(&run));
        });
    }
}

#[test]
fn whoever_says_back_after_an_emergency_way_to_others_gets_the_old_cluster() {
    story(|| async {
        let night = deletes().await;
        night.stranger_writes(|gateway| {
            live(&night, gateway)["properties"]["backendAddresses"] = json!([{"ipAddress": "10.9.0.9"}]);
            gateway["tags"][MARK_TAG] = "break-glass/elsewhere".into();
        });
        night.is_held().await;
        night.says(Verb::Resume, |order| order.direction = Some(Direction::Back)).await.unwrap();
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}

#[test]
fn without_a_pool_for_users_nothing_is_proved_and_a_person_is_called() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        let before = night.shop.azure.world().resource_manager.resource(&night.shop.article.gateway).cloned().unwrap();
        let name = night.shop.article.live_pool.clone();
        let candidate = night.shop.article.candidate_pool.clone();
        night.stranger_writes(|gateway| {
            let of = |pool: &str| format!("backendAddressPools/{pool}\"");
            *gateway = serde_json::from_str(&gateway.to_string().replace(&of(&name), &of(&candidate))).unwrap();
            let pools = gateway["properties"]["backendAddressPools"].as_array_mut().unwrap();
            pools.retain(|pool| pool["name"] != name.as_str());
        });
        night.minutes(2).await;
        night.says(Verb::RollBack, |_| {}).await.unwrap();
        night.minutes(45).await;
        let run = night.run();
        assert_eq!(run.step, Step::RestoreTraffic, "{}", journal(&run));
        assert!(calls(&run) > 0 && journal(&run).contains("none of the pools"), "{}", journal(&run));
        night.stranger_writes(|gateway| {
            gateway["properties"] = before["properties"].clone();
            live(&night, gateway)["properties"]["backendAddresses"] = json!([]);
        });
        let run = night.ends(Ending::RolledBack).await;
        assert_eq!(night.serving(), Serving::Only(Blue), "{}", journal(&run));
    });
}
