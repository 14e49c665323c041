//! What is looked at before a write, and what is said of it.
use super::{FORCED, Person, addresses, members, open, seconds, to, to_green};
use crate::{ask, story, until};
use bluegreen::azure::arm::Condition;
use bluegreen::azure::break_glass::{Ended, Wish};
use bluegreen::azure::permit::Permit;
use bluegreen::local::shop::Shop;
use bluegreen::plan::Kind;
use bluegreen::site::Colour;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// The blue cluster's workloads answer 500.
fn blue_falls_ill(shop: &Shop) {
    let now = shop.azure.clock().now();
    let mut world = shop.azure.world();
    let blue = world.resource_manager.resource(&shop.article.blue).unwrap();
    let host = blue["properties"]["fqdn"].as_str().unwrap().to_owned();
    world.kubernetes.break_workloads(&host, now, now + SignedDuration::from_hours(100));
}

/// Somebody stops the blue cluster.
async fn blue_stops(person: &Person<'_>) {
    let (arm, blue) = (person.writer.reader(), &person.shop.article.blue);
    let url = arm.url(&format!("{blue}/stop"), &arm.cloud().container_service);
    let permit = Permit::of_a_person(arm.clock());
    person.writer.write(permit, azure_core::http::Method::Post, url, Condition::None, None).await.unwrap();
    seconds(180).await;
}

#[test]
fn what_serves_now_and_what_will_is_shown_first() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        let first = person.told.borrow()[0].clone();
        for part in ["live live", "green 10.1.31.1", "blue 10.1.15.1", "candidate candidate", "nobody", "shop-1/a"] {
            assert!(first.contains(part), "{part}: {first}");
        }
        person.was_told("the cluster aks-blue is there: Running, Succeeded");
        person.was_told("health unknown: no pool has blue yet");
    });
}

#[test]
fn a_dry_run_shows_and_writes_nothing() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        let dry = Wish { dry_run: true, ..Wish::default() };
        assert_eq!(person.breaks_glass(&to(&shop, Colour::Blue), &dry).await, Ok(Ended::Shown));
        person.was_told("the gateway finds blue healthy at 10.1.15.1, 10.1.15.2");
        person.was_told("nothing was written");
        assert_eq!(person.breaks_glass(&to(&shop, Colour::Green), &dry).await, Ok(Ended::Refused));
        assert_eq!(person.wrote(), []);
    });
}

#[test]
fn a_target_that_is_absent_refuses_with_the_command_that_has_force() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Green).await, Ok(Ended::Refused));
        person.was_told("the cluster aks-green does not exist");
        person.was_told(FORCED);
        assert_eq!((person.wrote(), members(&shop, "live")), (vec![], addresses(&shop, Colour::Blue)));
    });
}

#[test]
fn a_target_that_is_stopped_refuses_with_the_command_that_has_force() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        blue_stops(&person).await;
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Refused));
        person.was_told("the cluster aks-blue is Stopped");
        person.was_told(FORCED);
        assert_eq!(person.wrote(), []);
    });
}

#[test]
fn a_target_that_is_being_made_refuses_with_the_command_that_has_force() {
    story(|| async {
        let shop = open();
        ask(&shop, "glass", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::CreateCluster && run.following.is_some()).await;
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Green).await, Ok(Ended::Refused));
        person.was_told("the cluster aks-green is Creating");
        person.was_told(FORCED);
        assert_eq!(person.wrote(), []);
    });
}

#[test]
fn a_target_that_the_gateway_finds_ill_refuses_with_the_command_that_has_force() {
    story(|| async {
        let shop = open();
        blue_falls_ill(&shop);
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Refused));
        person.was_told("the gateway finds blue unhealthy at 10.1.15.1");
        person.was_told(FORCED);
        assert_eq!(person.wrote(), []);
    });
}

#[test]
fn with_force_it_is_written_at_once_whatever_is_known() {
    story(|| async {
        let shop = open();
        let (person, began) = (Person::of(&shop), shop.azure.clock().now());
        let force = Wish { force: true, ..Wish::default() };
        assert_eq!(person.breaks_glass(&to(&shop, Colour::Green), &force).await, Ok(Ended::Done));
        assert!(person.wrote()[0].duration_since(began).as_secs() < 2, "{:?}", person.told);
        assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Green));
    });
}

#[test]
fn what_is_unknown_never_refuses() {
    story(|| async {
        let blue = On::call(Method::GET, "/managedclusters/");
        let unreadable = || Effect::Answer {
            status: StatusCode::OK,
            headers: vec![],
            body: serde_json::json!("<html>a proxy's page</html>"),
        };
        for effect in [
            Effect::Refuse,
            Effect::status(StatusCode::FORBIDDEN),
            // Not the code of a resource that is not there.
            Effect::status(StatusCode::NOT_FOUND),
            Effect::status(StatusCode::INTERNAL_SERVER_ERROR),
            unreadable(),
        ] {
            let shop = open();
            shop.azure.world().faults.add(Fault::always("cluster", blue.clone(), effect.clone()));
            let health = On::call(Method::POST, "/backendhealth");
            shop.azure.world().faults.add(Fault::always("health", health, effect.clone()));
            let person = Person::of(&shop);
            let ended = person.sends_all_to(Colour::Blue).await;
            assert_eq!(ended, Ok(Ended::Done), "{effect:?}: {:#?}", person.told);
            person.was_told("the cluster aks-blue is unknown");
            person.was_told("health unknown");
        }
    });
}

#[test]
fn one_answer_that_there_is_no_such_cluster_is_not_believed() {
    story(|| async {
        let shop = open();
        let effect = Effect::Answer {
            status: StatusCode::NOT_FOUND,
            headers: vec![],
            body: serde_json::json!({"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}}),
        };
        shop.azure.world().faults.add(Fault::once("once", On::call(Method::GET, "/managedclusters/"), effect));
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        person.was_told("the cluster aks-blue is there");
    });
}

#[test]
fn the_looks_never_delay_the_way_back_longer_than_twenty_seconds() {
    story(|| async {
        let shop = open();
        shop.azure.world().resource_manager.timings.backend_health = Duration::from_secs(90);
        let slow = Effect::DelayAnswer(Duration::from_secs(300));
        shop.azure.world().faults.add(Fault::always("slow", On::call(Method::GET, "/managedclusters/"), slow));
        let (person, began) = (Person::of(&shop), shop.azure.clock().now());
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        let waited = person.wrote()[0].duration_since(began);
        assert!((20..22).contains(&waited.as_secs()), "{waited}");
        person.was_told("what is unknown refuses nothing");
    });
}
