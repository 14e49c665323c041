//! What somebody is told of a run: that it is so.
use super::*;
use bluegreen_core::resources::gateway::Gateway;
use bluegreen_core::run::overview::{Overview, RunSeen, Seen, TrafficState};
use bluegreen_core::run::readiness::{Readiness, Ready};
use bluegreen_core::run::watchers::look_now;
use bluegreen_core::step::Step::*;

const BLUE: &str = "10.1.0.4";
const GREEN: &str = "10.2.0.4";

fn gateway(live: &[&str]) -> Gateway {
    let pool = |name: &str, members: &[&str]| {
        let members: Vec<_> = members.iter().map(|member| json!({"ipAddress": member})).collect();
        json!({"name": name, "properties": {"backendAddresses": members}})
    };
    Gateway(json!({"properties": {"provisioningState": "Succeeded", "operationalState": "Running",
        "backendAddressPools": [pool("web", live), pool("candidate", &[])]}}))
}

fn seen_at(run: &Run, gateway: &Gateway) -> Overview {
    Overview::of(&Seen {
        name: "shop",
        now: minutes(1),
        run: Ok(Some(run)),
        site: Ok(Some(&run.plan.site)),
        gateway: Ok(gateway),
        clusters: vec![],
        health: None,
        refused: Ok(&[]),
        waiting: Ok(&[]),
    })
}

fn seen(run: &Run, live: &[&str]) -> Overview {
    seen_at(run, &gateway(live))
}

fn readiness(state: Ready, why: &str) -> Readiness {
    Readiness { state, why: why.into(), since: NOW, healthy: vec![] }
}

fn knowing(run: &Run, state: Ready) -> Run {
    edited(run, &json!({"readiness": readiness(state, "blue is Stopped")}))
}

fn glass(run: &Run) -> Run {
    edited(&held_since(run, "a person used the emergency way back", None), &json!({"glass": "break-glass/one"}))
}

fn run_of(overview: &Overview) -> &RunSeen {
    overview.run.as_ref().expect("there is a run")
}

#[test]
fn the_way_back_is_not_ready_where_it_stands_still() {
    let ill = "the gateway finds the old cluster unhealthy at 10.1.0.4";
    let run = knowing(&edited(&at(DeleteNewCluster, 1), &json!({"moved": true})), Ready::Ready);
    let held = held_since(&run, ill, None);
    let overview = seen(&held, &[BLUE]);
    let back = run_of(&overview).way_back.as_ref().unwrap();
    assert!(back.state == Ready::NotReady && back.why.contains(ill), "{back:?}");
    let evidence = run_of(&overview).waits.evidence.join("\n");
    assert!(!evidence.contains("ready to take the traffic back"), "older than what holds it: {evidence}");
    let moving = seen(&run, &[BLUE]);
    assert_eq!(run_of(&moving).way_back.as_ref().unwrap().state, Ready::Ready);
}

#[test]
fn nobody_judges_traffic_that_is_not_the_runs() {
    let well = knowing(&at(Soak, 1), Ready::Ready);
    let traffic = |run: &Run, gateway: &Gateway| run_of(&seen_at(run, gateway)).traffic.clone();
    assert_eq!(traffic(&well, &gateway(&[GREEN])).state, TrafficState::Well);
    let broken = traffic(&glass(&well), &gateway(&[BLUE]));
    assert!(broken.state == TrafficState::Unclear && broken.why.starts_with("nobody judges it: "), "{broken:?}");
    let drifted = traffic(&well, &gateway(&["10.9.9.9"]));
    assert!(drifted.state == TrafficState::Unclear && drifted.why.contains("10.9.9.9 found"), "{drifted:?}");
    let mut stopped = gateway(&[GREEN]);
    stopped.0["properties"]["operationalState"] = json!("Stopped");
    let overview = seen_at(&well, &stopped);
    assert!(run_of(&overview).traffic.why.starts_with("nobody judges it: the gateway is Stopped"));
    assert!(overview.serving.led_elsewhere.as_ref().is_some_and(|why| why.contains("Stopped")), "{overview:?}");
    // Without a look at the gateway, by what the run has been told.
    let held = held_since(&well, "a reason", None);
    let alone = RunSeen::of(&look_now(&held, "web: 10.9.9.9 found", minutes(1)).unwrap(), minutes(1));
    assert!(alone.traffic.why.starts_with("nobody judges it: "), "{:?}", alone.traffic);
}

#[test]
fn the_check_watches_each_step_that_has_traffic() {
    for step in [ShiftTraffic, MoveSingletons] {
        let fresh = RunSeen::of(&at(step, 1), NOW).traffic;
        assert!(fresh.why.contains("no look has come to an end yet"), "{step}: {fresh:?}");
        let well = RunSeen::of(&knowing(&at(step, 1), Ready::Ready), NOW).traffic;
        assert_eq!(well.state, TrafficState::Well, "{step}");
    }
    assert_eq!(RunSeen::of(&at(CreateCluster, 0), NOW).traffic.state, TrafficState::NotAsked);
}
