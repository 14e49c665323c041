//! People are told over webhooks what their level asks for, each in a shape that they can read, and no run waits for it.
use crate::{ask, order, quick, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::site::Gate;
use bluegreen::step::Step;
use http::StatusCode;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const CARDS: &str = "https://cards.example.com/workflows/secret";
const EVENTS: &str = "https://events.example.com/hook?code=secret";

fn shop() -> Shop {
    let told = json!([
        {"url": EVENTS},
        {"url": CARDS, "shape": "teams", "levels": ["gate", "needsPerson"]},
    ]);
    let settings = vec![("TELL", told.to_string()), ("TELL_HOSTS", "cards.example.com, events.example.com".to_owned())];
    let options = Options { probe: false, settings, ..Options::default() };
    Shop::open(&options, |site| {
        quick(site);
        site.gates = vec![Gate { before: Step::ShiftTraffic, stage: 0 }];
    })
    .unwrap()
}

fn answers(shop: &Shop, host: &str, status: StatusCode) {
    let effect = Effect::Answer { status, headers: vec![], body: json!({}) };
    shop.azure.world().faults.add(Fault::always(host, On::host(host), effect));
}

/// What was posted to a host, in its order.
fn posted(shop: &Shop, host: &str) -> Vec<Value> {
    let world = shop.azure.world();
    let calls = world.calls.iter().filter(|call| call.host == host);
    calls.map(|call| serde_json::from_slice(&call.body).unwrap()).collect()
}

#[test]
fn each_reader_is_told_once_in_its_shape_with_what_can_be_done() {
    story(|| async {
        let shop = shop();
        answers(&shop, "events.example.com", StatusCode::ACCEPTED);
        answers(&shop, "cards.example.com", StatusCode::ACCEPTED);
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.held.is_some()).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let (events, cards) = (posted(&shop, "events.example.com"), posted(&shop, "cards.example.com"));
        assert_eq!((events.len(), cards.len()), (1, 1), "{events:#?}");
        let event = &events[0];
        let run = shop.run().unwrap();
        assert_eq!((&event["type"], &event["subject"]), (&json!("aks-bluegreen.needsPerson"), &json!(run.id)));
        let data = &event["data"];
        assert!(data["withoutYou"].as_str().unwrap().starts_with("nothing is written or deleted"), "{data}");
        assert_eq!(data["can"][0]["command"], "bluegreen approve shop", "{data:#}");
        assert!(cards[0].to_string().contains("an approval is needed before ShiftTraffic"), "{:#}", cards[0]);
        order(&shop, Verb::Approve).await;
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Upgraded));
        tokio::time::sleep(Duration::from_secs(600)).await;
        let (events, cards) = (posted(&shop, "events.example.com"), posted(&shop, "cards.example.com"));
        assert_eq!(events.last().unwrap()["type"], "aks-bluegreen.finished");
        assert_eq!((events.len(), cards.len()), (2, 1), "a card was asked for of gates and needs alone");
        let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), 2);
    });
}

#[test]
fn who_does_not_answer_is_tried_again_and_no_run_waits() {
    story(|| async {
        let shop = shop();
        answers(&shop, "events.example.com", StatusCode::INTERNAL_SERVER_ERROR);
        shop.azure.world().faults.add(Fault::always(
            "hang",
            On::host("cards.example.com"),
            Effect::Delay(Duration::from_secs(900)),
        ));
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.held.is_some()).await;
        order(&shop, Verb::Approve).await;
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.unwrap();
        assert_eq!(run.ending, Some(Ending::Upgraded));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let tries = posted(&shop, "events.example.com").len();
        assert!((11..=20).contains(&tries), "ten tries a line are expected of two lines, found {tries}");
    });
}
