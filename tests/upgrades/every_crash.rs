//! A process dies just before and just after each call with which a handler changes something: every upgrade ends as it
//! would have ended without that.
use crate::world_after::{gateway, is_well, left};
use crate::written::{is_run, no_message_has_two_successors};
use crate::{cheap, story};
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::Shop;
use bluegreen::local::story::{Plot, Told, play};
use bluegreen::step::Step;
use http::Method;
use serde_json::Value;
use simulated_azure::record::Call;
use simulated_azure::{Effect, Fault, On};
use std::collections::BTreeMap;

/// Objects are applied one after the other by the same lines of code: one in so many is enough.
const ONE_OBJECT_IN: usize = 4;

/// The n-th call of its kind.
struct Crash {
    on: On,
    nth: u32,
    kind: &'static str,
    effect: Effect,
}

#[test]
fn a_crash_at_any_call_changes_no_upgrade() {
    survive(Plot::default(), Step::CheckPlan, ("upgraded", "green"));
}

#[test]
fn a_crash_at_any_call_changes_no_way_back() {
    // Green falls ill in its first watch; what comes before is the other test's.
    let failure = Some(Failure { step: Step::ConfirmTraffic, when: When::Always });
    survive(Plot { failure, ..Plot::default() }, Step::ConfirmTraffic, ("rolled_back", "blue"));
}

fn survive(plot: Plot, from: Step, ends: (&str, &str)) {
    let (crashes, counted, unharmed) = story(|| async {
        let (shop, told) = tell(plot, None).await;
        assert_eq!((told.ending(), told.serving.name()), ends);
        let began = told.run.journal.iter().find(|entry| entry.after == from).expect("the story comes here").at;
        let calls: Vec<_> = shop.azure.world().calls.clone();
        let (crashes, counted) = crashes(&calls, |call| call.at >= began);
        println!("{ends:?} leaves {}", left(&shop));
        (crashes, counted, left(&shop))
    });
    println!("{ends:?}: {} crash points, before and after the call: {counted:?}", crashes.len());
    let hops: usize = cheap::each(&crashes, async |crash| hops_with(plot, crash, ends, &unharmed).await).iter().sum();
    println!("{ends:?}: {} upgrades with a crash, {hops} hops", crashes.len());
}

async fn hops_with(plot: Plot, crash: &Crash, ends: (&str, &str), unharmed: &Value) -> usize {
    let (shop, told) = tell(plot, Some(crash)).await;
    let place = format!("{:?} {} number {}: {:?}", crash.effect, crash.kind, crash.nth, told.run.journal);
    assert_eq!((told.ending(), told.serving.name()), ends, "{place}");
    assert_eq!(&left(&shop), unharmed, "{place}");
    assert_eq!(told.hits, [("crash".to_owned(), 1)], "{place}");
    assert_eq!(shop.host.counters().dead_letters, 0, "{place}");
    no_message_has_two_successors(&shop)
}

async fn tell(plot: Plot, crash: Option<&Crash>) -> (Shop, Told) {
    let shop = cheap::shop();
    let before = gateway(&shop);
    if let Some(Crash { on, nth, effect, .. }) = crash {
        shop.azure.world().faults.add(Fault::once("crash", on.clone(), effect.clone()).after(*nth));
    }
    let told = play(&shop, plot).await.unwrap();
    is_well(&shop, &told, &before);
    (shop, told)
}

/// Two crashes for each call that changes something, and how many such calls there are of each kind.
fn crashes(calls: &[Call], wanted: impl Fn(&Call) -> bool) -> (Vec<Crash>, BTreeMap<&'static str, usize>) {
    let mut seen: BTreeMap<(Method, &str, &str), u32> = BTreeMap::new();
    let (mut counted, mut crashes) = (BTreeMap::new(), vec![]);
    for call in calls {
        let Some(kind) = kind(call) else { continue };
        let so_many = seen.entry((call.method.clone(), &call.host, &call.path)).or_default();
        let nth = std::mem::replace(so_many, *so_many + 1);
        if !wanted(call) {
            continue;
        }
        let counted: &mut usize = counted.entry(kind).or_default();
        *counted += 1;
        if kind == "object" && *counted % ONE_OBJECT_IN != 1 {
            continue;
        }
        let on = On { host: call.host.clone(), ..On::call(call.method.clone(), &call.path) };
        for effect in [Effect::KillBefore, Effect::KillAfter] {
            crashes.push(Crash { on: on.clone(), nth, kind, effect });
        }
    }
    (crashes, counted)
}

/// What a handler's call changes; `None`: nothing. Asking a gateway for its health, a cluster for its kubeconfig and an API
/// server for rights are POSTs that change nothing.
fn kind(call: &Call) -> Option<&'static str> {
    let path = call.path.to_lowercase();
    let reads = path.contains("/backendhealth") || path.contains("/listclusterusercredential");
    let reads = reads || path.contains("/selfsubjectaccessreviews");
    if !call.process.contains('#') || !call.writes() || reads {
        return None;
    }
    let kinds = [
        ("/upgrade-steps/messages", "publish"),
        ("/applicationgateways/", "gateway"),
        ("/managedclusters/", "cluster"),
    ];
    if is_run(call) {
        return Some("save");
    }
    let known = kinds.iter().find(|(part, _)| path.contains(part)).map(|(_, kind)| *kind);
    Some(known.unwrap_or(if call.host.contains(".azmk8s.io") { "object" } else { "record" }))
}
