//! A person turns the upgrade back while the n-th event is being handled, for each n: it ends rolled back, also while the
//! old cluster is being retired.
use crate::world_after::{gateway, is_well, left};
use crate::written::{no_message_has_two_successors, saves};
use crate::{cheap, order_of, story};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::shop::Shop;
use bluegreen::local::story::{Plot, Serving, Told, play, tell};
use bluegreen::run::Run;
use bluegreen::run::verbs::{Order, Refusal, Verb};
use bluegreen::site::Colour;
use bluegreen::step::Step;
use jiff::{SignedDuration, Timestamp};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// Users are back on blue so soon after the order, whatever was under way.
const SOON: SignedDuration = SignedDuration::from_mins(3);
/// A stop that is under way ends first, then the start takes its time.
const WHEN_REDUCED: SignedDuration = SignedDuration::from_mins(12);
const LONG: Duration = Duration::from_secs(36 * 3600);

/// What is wrong in the world when the person turns back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    /// The bus refuses every connection for ten minutes.
    Bus,
    /// The new cluster's API server does not answer any more.
    NewCluster,
}

/// When, what the person says, and what is wrong then.
#[derive(Clone, Debug)]
struct Case {
    at: Timestamp,
    step: Step,
    verbs: &'static [Verb],
    wrong: Wrong,
}

#[test]
fn a_person_can_turn_back_at_every_event() {
    let cases = cases();
    let taken = cheap::each(&cases, turned);
    let back: Vec<_> = taken.iter().flatten().collect();
    println!("{} turn-backs, {} refused", cases.len(), taken.iter().filter(|taken| taken.is_none()).count());
    println!(
        "from the order to all users on blue: at most {} s",
        back.iter().map(|took| took.as_secs()).max().unwrap()
    );
    assert!(taken.iter().all(Option::is_some), "one was refused");
}

/// Each moment at which an event was about to be decided, and what a person does then.
fn cases() -> Vec<Case> {
    let saves: Vec<(Timestamp, Run)> = story(|| async {
        let shop = cheap::slow_shop();
        play(&shop, Plot::default()).await.unwrap();
        saves(&shop)
    });
    let mut cases = vec![];
    for (index, events) in saves.windows(2).enumerate() {
        let (step, traffic) = (events[0].1.step, events[0].1.step.may_carry_traffic());
        let case = |verbs, wrong| Case { at: events[1].0 - SignedDuration::from_millis(250), step, verbs, wrong };
        cases.push(case(&[Verb::RollBack][..], Wrong::Nothing));
        if index % 6 == 0 {
            cases.push(case(&[Verb::Abort], Wrong::Nothing));
        }
        if step == Step::RetireOldCluster {
            continue;
        }
        if index % 6 == 0 {
            cases.push(case(&[Verb::Pause, Verb::RollBack], Wrong::Nothing));
        }
        if index % 4 == 0 && traffic {
            cases.push(case(&[Verb::RollBack], Wrong::Bus));
            cases.push(case(&[Verb::RollBack], Wrong::NewCluster));
        }
    }
    cases
}

/// How long it took until all users were on blue; `None`: it was refused.
async fn turned(case: &Case) -> Option<SignedDuration> {
    let shop = cheap::slow_shop();
    let (before, blue) = (gateway(&shop), left(&shop));
    let began = shop.azure.clock().now();
    let (mut told, said) = tokio::join!(play(&shop, Plot::default()), says(&shop, case));
    let mut taken = said;
    if case.verbs.len() > 1 && told.as_ref().is_ok_and(|told| told.run.held.is_some()) {
        tokio::time::sleep(Duration::from_secs(600)).await;
        taken = order(&shop, Verb::RollBack).await;
        told = Ok(tell(&shop, shop.settled("story", LONG).await.expect("it ends"), began));
    }
    let told: Told = told.unwrap();
    is_well(&shop, &told, &before);
    no_message_has_two_successors(&shop);
    let ends = (told.ending(), told.serving.name());
    assert_eq!(ends, ("rolled_back", "blue"), "{case:?}: {:?}", told.run.journal);
    assert_eq!(left(&shop), blue, "{case:?}");
    let taken = taken.expect("it was obeyed");
    // What was reduced must be brought back first, while the new cluster serves.
    let bound = if case.step == Step::RetireOldCluster { WHEN_REDUCED } else { SOON };
    assert!(taken < bound, "{case:?}: all users were back after {taken}");
    Some(taken)
}

async fn says(shop: &Shop, case: &Case) -> Option<SignedDuration> {
    // A person's process asks Resource Manager once for the time, which is slow here.
    shop.operator.reader.agree_on_time().await;
    shop.azure.clock().until(case.at).await;
    let host = match case.wrong {
        Wrong::Nothing => None,
        Wrong::Bus => Some("servicebus".to_owned()),
        Wrong::NewCluster => {
            let world = shop.azure.world();
            let green = world.resource_manager.resource(&shop.article.green).expect("green carries traffic");
            green["properties"]["fqdn"].as_str().map(str::to_owned)
        }
    };
    if let Some(host) = host {
        let until = case.at + SignedDuration::from_mins(if case.wrong == Wrong::Bus { 10 } else { 60_000 });
        let fault = Fault::always("gone", On::host(&host), Effect::Refuse).between(case.at, until);
        shop.azure.world().faults.add(fault);
    }
    order(shop, case.verbs[0]).await
}

/// Gives the order, and waits until blue has all the traffic, unless it was a pause. `None`: it was refused.
async fn order(shop: &Shop, verb: Verb) -> Option<SignedDuration> {
    let run = shop.run().expect("there is a run");
    let order = Order { reason: Some("called at night".into()), ..order_of(&run, verb) };
    let began = shop.azure.clock().now();
    match give(&shop.operator, &shop.site.name, &order).await.expect("the store answers") {
        Obeyed::Yes(_) if verb == Verb::Pause => return None,
        Obeyed::Yes(_) => {}
        Obeyed::NoRun => panic!("there is a run"),
        Obeyed::Refused(refusal) => {
            assert!(matches!(refusal, Refusal::NotNow(_)), "{refusal:?}");
            return None;
        }
    }
    loop {
        let now = shop.azure.clock().now();
        {
            let world = &mut *shop.azure.world();
            world.resource_manager.advance(&mut world.kubernetes, now);
        }
        let is_back = tell(shop, run.clone(), began).serving == Serving::Only(Colour::Blue);
        if is_back {
            return Some(now.duration_since(began));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
