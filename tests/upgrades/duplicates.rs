//! Messages that are delivered twice, one after the other or at once, and locks that are lost: no message has two
//! successors, and every upgrade ends as it would have ended without that.
use crate::cheap;
use crate::world_after::{gateway, is_well, left};
use crate::written::{no_message_has_two_successors, published};
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::step::Step;
use simulated_azure::service_bus::SubscriptionOptions;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// What is wrong with the deliveries.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    /// Every message comes again so many seconds later.
    Again(u64),
    /// Every message comes twice at once; calls take their time in another pattern for each of these.
    Twice(u32),
    /// Some answers come so late that the message is with somebody else by then.
    LostLocks(u32),
}

/// A story: what is wrong, whether the bus drops repeated ids, and whether green falls ill.
type Case = (Wrong, bool, bool);

fn cases() -> Vec<Case> {
    let wrong =
        [Wrong::Again(180), Wrong::Again(1), Wrong::Again(20), Wrong::Twice(0), Wrong::Twice(1), Wrong::Twice(2)];
    let wrong = wrong.into_iter().chain((0..8).map(Wrong::LostLocks));
    wrong
        .flat_map(|wrong| [(true, false), (false, false), (true, true), (false, true)].map(|(d, i)| (wrong, d, i)))
        .collect()
}

#[test]
fn a_message_never_has_two_successors() {
    let [forward, back] = &cheap::each(&[false, true], async |ill| {
        let (shop, _) = tell((Wrong::Nothing, true, *ill)).await;
        left(&shop)
    })[..] else {
        panic!("two stories")
    };
    let cases = cases();
    let hops = cheap::each(&cases, async |case| {
        let (shop, ending) = tell(*case).await;
        let ill = case.2;
        assert_eq!(ending, if ill { "rolled_back blue" } else { "upgraded green" }, "{case:?}");
        assert_eq!(&left(&shop), if ill { back } else { forward }, "{case:?}");
        let counters = shop.host.counters();
        assert_eq!(counters.dead_letters, 0, "{case:?}");
        let lost: u64 = counters.functions.values().map(|counts| counts.locks_lost).sum();
        let invocations: u64 =
            Step::ALL.iter().filter_map(|s| counters.functions.get(s.name())).map(|c| c.invocations).sum();
        assert_eq!(lost > 0, matches!(case.0, Wrong::LostLocks(_)), "{case:?}: {lost} locks lost");
        let hops = no_message_has_two_successors(&shop);
        let events = published(&shop).len();
        println!("{case:?}: {hops} hops, {events} published, {invocations} deliveries, {lost} locks lost");
        hops
    });
    println!("{} stories, {} hops", cases.len(), hops.iter().sum::<usize>());
}

async fn tell((wrong, duplicate_detection, ill): Case) -> (Shop, String) {
    let shop = cheap::with(Options { duplicate_detection, ..Options::default() });
    let before = gateway(&shop);
    go_wrong(&shop, wrong);
    let failure = ill.then_some(Failure { step: Step::ConfirmTraffic, when: When::Always });
    let told = play(&shop, Plot { failure, ..Plot::default() }).await.unwrap();
    is_well(&shop, &told, &before);
    (shop, format!("{} {}", told.ending(), told.serving.name()))
}

fn go_wrong(shop: &Shop, wrong: Wrong) {
    let mut world = shop.azure.world();
    match wrong {
        Wrong::Nothing => {}
        Wrong::Again(seconds) => world.service_bus.deliver_again_after = Some(Duration::from_secs(seconds)),
        Wrong::Twice(pattern) => {
            world.service_bus.deliver_again_after = Some(Duration::ZERO);
            // Where a call waits, the other delivery gets ahead. Not all calls wait: two that keep step for ever would
            // supersede each other's gateway writes for ever.
            for nth in 0..80 {
                let fault = Fault::once("slow", On::host(""), Effect::Delay(Duration::from_millis(700)));
                world.faults.add(fault.after(nth * 7 + pattern));
            }
        }
        Wrong::LostLocks(nth) => {
            for step in Step::ALL {
                let options = SubscriptionOptions {
                    subject: Some(step.name().into()),
                    lock_duration: Duration::from_secs(20),
                    forward_dead_letters_to: Some("dead-letters".into()),
                    ..SubscriptionOptions::default()
                };
                world.service_bus.add_subscription("upgrade-steps", step.name(), options).unwrap();
            }
            for more in 0..8 {
                let fault = Fault::once("late", On::host(""), Effect::DelayAnswer(Duration::from_secs(40)));
                world.faults.add(fault.after(nth * 7 + more * 101));
            }
        }
    }
}
