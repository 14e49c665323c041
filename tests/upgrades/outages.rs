//! The store, the bus, Resource Manager, the host are gone for a while; messages get lost; a person pauses for a weekend.
//! Healthy traffic stays where it is, and the upgrade goes on.
use crate::world_after::{gateway, is_well};
use crate::written::{no_message_has_two_successors, saves};
use crate::{cheap, order, story};
use bluegreen::local::shop::Shop;
use bluegreen::local::story::{Plot, Told, play, tell};
use bluegreen::run::Run;
use bluegreen::run::verbs::Verb;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(36 * 3600);

/// What goes wrong.
#[derive(Clone, Debug)]
enum Outage {
    /// A service, for so many minutes.
    Gone(&'static str, i64, Effect),
    /// The Functions host, for an hour.
    Host,
    /// Three crashes of the step's process, upon which its host gives up.
    Crashes,
    /// A panic in a handler.
    Panic,
    /// A message that the bus accepted is lost.
    LostMessage,
    /// A person pauses for 60 hours.
    Weekend,
}

#[derive(Clone, Debug)]
struct Case {
    at: Timestamp,
    step: Step,
    stage: usize,
    outage: Outage,
}

#[test]
fn no_outage_turns_healthy_traffic_back() {
    let cases = cases();
    let endings = cheap::each(&cases, outlived);
    for (case, ending) in cases.iter().zip(&endings).filter(|(_, ending)| **ending != "upgraded") {
        println!("{ending}: {:?} at {}, stage {}", case.outage, case.step, case.stage);
    }
    let upgraded = endings.iter().filter(|ending| **ending == "upgraded").count();
    println!("{} outages, {upgraded} upgraded all the same", cases.len());
}

#[test]
fn a_request_outlives_an_outage_of_azure() {
    story(|| async {
        let shop = cheap::shop();
        let began = shop.azure.clock().now();
        let until = began + SignedDuration::from_mins(30);
        let fault = Fault::always("gone", On::host("management."), Effect::Refuse).between(began, until);
        shop.azure.world().faults.add(fault);
        let told = play(&shop, Plot::default()).await.unwrap();
        assert_eq!(told.ending(), "upgraded");
        assert_eq!(shop.host.counters().dead_letters, 0);
    });
}

/// The beginning of each step, in each stage, and some moments in the middle.
fn cases() -> Vec<Case> {
    let saves: Vec<(Timestamp, Run)> = story(|| async {
        let shop = cheap::slow_shop();
        play(&shop, Plot::default()).await.unwrap();
        saves(&shop)
    });
    let unavailable = || Effect::status(StatusCode::SERVICE_UNAVAILABLE);
    let slow = || Effect::DelayAnswer(Duration::from_secs(200));
    let mut cases = vec![];
    for (index, events) in saves.windows(2).enumerate() {
        let run = &events[0].1;
        let place = |run: &Run| (run.step, run.stage);
        let begins = index == 0 || place(&saves[index - 1].1) != place(run);
        let mut add = |outage| {
            cases.push(Case {
                at: events[0].0 + SignedDuration::from_millis(1),
                step: run.step,
                stage: run.stage,
                outage,
            });
        };
        // Behind the last but one nothing is sent.
        if index % 5 == 0 && index + 2 < saves.len() {
            add(Outage::LostMessage);
        }
        if !begins {
            continue;
        }
        for effect in [Effect::Refuse, unavailable(), slow()] {
            add(Outage::Gone(".blob.", 3, effect.clone()));
            add(Outage::Gone("servicebus", 10, effect.clone()));
            add(Outage::Gone("management.", 30, effect));
        }
        [Outage::Host, Outage::Crashes, Outage::Panic].into_iter().for_each(&mut add);
        if matches!(run.step, Step::CreateCluster | Step::ConfirmTraffic | Step::Soak) {
            add(Outage::Weekend);
        }
    }
    cases
}

async fn outlived(case: &Case) -> &'static str {
    let shop = cheap::slow_shop();
    let before = gateway(&shop);
    let began = shop.azure.clock().now();
    let (told, host) = tokio::join!(play(&shop, Plot::default()), strike(&shop, case));
    let mut told: Told = told.unwrap_or_else(|why| panic!("{case:?}: {why}"));
    if matches!(case.outage, Outage::Weekend) {
        assert!(told.run.held.is_some(), "it is paused");
        tokio::time::sleep(Duration::from_secs(60 * 3600)).await;
        order(&shop, Verb::Resume).await;
        told = tell(&shop, shop.settled("story", LONG).await.expect("it ends"), began);
    }
    is_well(&shop, &told, &before);
    no_message_has_two_successors(&shop);
    let journal = || told.run.journal.iter().map(|e| format!("\n  {} {} {}", e.at, e.who, e.what)).collect::<String>();
    let confirmed = told.run.journal.iter().any(|entry| entry.after == Step::ConfirmTraffic);
    let ending = told.ending();
    match case.outage {
        // Longer than a step may take: before users are well served by green, its deadline turns back.
        Outage::Gone("management.", ..) | Outage::Host if !confirmed => {}
        Outage::Gone("management.", ..) | Outage::Host => {
            assert!(matches!(ending, "upgraded" | "held"), "{case:?}{}", journal());
        }
        _ => assert_eq!(ending, "upgraded", "{case:?}{}", journal()),
    }
    let counters = shop.host.counters();
    match case.outage {
        Outage::Crashes => assert_eq!(counters.stopped_hosts, 1, "{case:?}"),
        Outage::Panic => {
            let failures: u64 = counters.functions.values().map(|counts| counts.failures).sum();
            assert_eq!((failures, counters.restarts, counters.dead_letters), (1, 0, 0), "{case:?}");
        }
        Outage::LostMessage => {
            // Whatever else touches the run publishes again: then it is not even late.
            let was_lost = shop.azure.world().faults.hits().iter().any(|(name, _)| name == "lost");
            assert!(was_lost, "{case:?}: nothing was lost");
            let saves = saves(&shop);
            let late = |pair: &[(Timestamp, Run)]| pair[1].0.duration_since(pair[0].1.due.max(pair[0].0));
            let latest = saves.windows(2).map(late).max().unwrap_or_default();
            assert!(latest < SignedDuration::from_mins(6), "{case:?}: {latest}");
        }
        Outage::Gone(..) | Outage::Host | Outage::Weekend => {}
    }
    drop(host);
    ending
}

/// Lets it happen. What must live on until the end is returned.
async fn strike(shop: &Shop, case: &Case) -> Option<simulated_azure::functions_host::FunctionsHost> {
    let clock = shop.azure.clock();
    let add = |fault: Fault| shop.azure.world().faults.add(fault.between(case.at, Timestamp::MAX));
    match &case.outage {
        Outage::Gone(host, minutes, effect) => {
            let until = case.at + SignedDuration::from_mins(*minutes);
            let fault = Fault::always("gone", On::host(host), effect.clone()).between(case.at, until);
            shop.azure.world().faults.add(fault);
            cheap::slow_down(shop);
        }
        Outage::Crashes => {
            let crash = Fault::once("crash", On::call(Method::PUT, "/runs/active"), Effect::KillBefore);
            add(Fault { times: Some(3), ..crash });
        }
        Outage::Panic => add(Fault::once("panic", On::call(Method::PUT, "/runs/active"), Effect::Panic)),
        Outage::LostMessage => {
            let accepted =
                Effect::Answer { status: StatusCode::CREATED, headers: vec![], body: serde_json::Value::Null };
            add(Fault::once("lost", On::call(Method::POST, "/upgrade-steps/messages"), accepted));
        }
        Outage::Host => {
            clock.until(case.at).await;
            shop.host.stop();
            tokio::time::sleep(Duration::from_secs(3600)).await;
            return Some(shop.another_host().expect("the folder is still there"));
        }
        Outage::Weekend => {
            clock.until(case.at).await;
            order(shop, Verb::Pause).await;
        }
    }
    None
}
