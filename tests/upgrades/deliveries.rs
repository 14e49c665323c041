//! Once an hour the steps' subscriptions are looked at: what keeps events from their function calls a person.
use crate::calls::logged;
use crate::story;
use bluegreen::functions::app::App;
use bluegreen::functions::deliveries::ailments;
use bluegreen::local::scene::Scene;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::run::event::STEPS;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use simulated_azure::article;
use simulated_azure::service_bus::{Message, QueueOptions};
use simulated_azure::{Clock, Effect, Fault, On, Process};
use std::time::Duration;

const SOAK: &str = "upgrade-steps/subscriptions/Soak";

/// The shop without its functions, and one process that looks.
async fn deserted() -> (Scene, App) {
    let clock = Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap());
    let scene = Scene::set(clock, &article::Options::default(), true, |_| {}).unwrap();
    let app = app_of(&scene.azure, &Process::new("CanaryCheck")).unwrap();
    // The store tells the time.
    app.store.sites().await.unwrap();
    (scene, app)
}

/// What is wrong, as it is said.
async fn said(app: &App) -> Vec<String> {
    let found = ailments(app).await.unwrap();
    found.into_iter().map(|ailment| format!("{} {}", ailment.step, ailment.why)).collect()
}

#[test]
fn an_installation_as_it_was_deployed_ails_nothing() {
    story(|| async {
        let (_, app) = deserted().await;
        assert_eq!(said(&app).await, Vec::<String>::new());
    });
}

#[test]
fn a_subscription_that_is_gone_disabled_or_takes_other_events_is_named() {
    story(|| async {
        let (scene, app) = deserted().await;
        {
            let bus = &mut scene.azure.world().service_bus;
            bus.remove(SOAK);
            let mut disabled = bus.queue_options("upgrade-steps/subscriptions/CheckPlan").unwrap().clone();
            disabled.receive_disabled = true;
            bus.add_queue("upgrade-steps/subscriptions/CheckPlan", disabled);
            bus.set_subject("upgrade-steps/subscriptions/CreateCluster", None);
            bus.set_subject("upgrade-steps/subscriptions/RestoreTraffic", Some("restoretraffic".into()));
        }
        let said = said(&app).await;
        let expected = [
            "CheckPlan is ReceiveDisabled",
            "CreateCluster does not choose the events of CreateCluster alone",
            "Soak does not exist",
            "RestoreTraffic does not choose",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected) && said.contains(": "), "{said}");
        }
        scene.azure.world().service_bus.remove(STEPS);
        assert_eq!(ailments(&app).await.unwrap().len(), Step::ALL.len(), "without the topic there is none");
    });
}

#[test]
fn a_message_that_nobody_fetches_is_seen_by_its_age_and_lies_there_as_before() {
    story(|| async {
        let (scene, app) = deserted().await;
        let send = |id: &str| {
            let message = Message::new("{}").with_id(id).with_subject("Soak");
            scene.azure.world().service_bus.send(STEPS, message, scene.azure.clock().now()).unwrap();
        };
        send("shop-1/1");
        assert_eq!(said(&app).await, Vec::<String>::new(), "a fresh one is nothing");
        tokio::time::sleep(Duration::from_secs(11 * 60)).await;
        send("shop-1/2");
        let said = said(&app).await;
        assert!(
            said.len() == 1 && said[0].starts_with("Soak has a message that nobody fetches for 11 min"),
            "{said:?}"
        );
        let mut world = scene.azure.world();
        let now = scene.azure.clock().now();
        assert_eq!(world.service_bus.counts(SOAK, now).active, 2, "given back at once");
        let first = world.service_bus.receive(SOAK, now).unwrap();
        assert_eq!((first.message.message_id.as_str(), first.delivery_count), ("shop-1/1", 3));
    });
}

#[test]
fn what_one_look_does_not_show_is_not_believed() {
    story(|| async {
        let (scene, app) = deserted().await;
        let nothing =
            Effect::Answer { status: StatusCode::OK, headers: vec![], body: serde_json::json!({"value": []}) };
        let list = On::call(Method::GET, "/topics/upgrade-steps/subscriptions?");
        scene.azure.world().faults.add(Fault::once("stale", list.clone(), nothing));
        assert_eq!(said(&app).await, Vec::<String>::new());
        scene.azure.world().faults.add(Fault::always("away", list, Effect::status(StatusCode::FORBIDDEN)));
        assert!(ailments(&app).await.is_err(), "what cannot be looked at is no ailment");
    });
}

#[test]
fn the_check_looks_once_an_hour_and_calls_a_person_daily() {
    let said = logged(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        shop.azure
            .world()
            .service_bus
            .add_queue(SOAK, QueueOptions { receive_disabled: true, ..QueueOptions::default() });
        tokio::time::sleep(Duration::from_secs(27 * 3600)).await;
        let world = shop.azure.world();
        let is_list = |path: &str| path.to_lowercase().contains("/topics/upgrade-steps/subscriptions?");
        let lists: Vec<_> = world.calls.iter().filter(|call| is_list(&call.path)).collect();
        assert_eq!(lists.len(), 54, "each hour, and once more since something is wrong");
        assert!(lists.iter().all(|call| call.process.starts_with("CanaryCheck")), "{lists:#?}");
    });
    let calls: Vec<_> = said.lines().filter(|line| line.contains("needs a person")).collect();
    assert_eq!(calls.len(), 2, "at once, and a day later: {calls:#?}");
    let call = "needs a person: the subscription Soak is ReceiveDisabled: set its status to Active";
    for line in calls {
        let (is_call, is_loud) = (line.contains(call), line.contains("ERROR"));
        assert!(is_call && is_loud && line.contains("cause=\"subscription/Soak\""), "{line}");
    }
}
