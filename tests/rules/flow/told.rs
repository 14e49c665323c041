//! What somebody is told of a run: that it is so, and that what is proposed helps.
use super::*;
use bluegreen_core::resources::gateway::Gateway;
use bluegreen_core::run::Ending;
use bluegreen_core::run::overview::{Next, Overview, RunSeen, Seen, TrafficState, will};
use bluegreen_core::run::readiness::{Readiness, Ready};
use bluegreen_core::run::verbs::Verb;
use bluegreen_core::run::watchers::{know, look_now, sweep};
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

/// On the way back from a retirement, waiting for the old cluster's nodes.
fn waits_for_nodes() -> Run {
    let size = json!({"running": true, "pools": []});
    let run = edited(&at(RestoreTraffic, 1), &json!({"reducing": size, "moved": true}));
    assert!(run.waits_for_nodes());
    run
}

fn glass(run: &Run) -> Run {
    edited(&held_since(run, "a person used the emergency way back", None), &json!({"glass": "break-glass/one"}))
}

fn commands(overview: &Overview) -> Vec<&str> {
    overview.next.iter().map(|next| next.command.as_str()).collect()
}

fn proposed<'a>(overview: &'a Overview, begins: &str) -> Option<&'a Next> {
    overview.next.iter().find(|next| next.command.starts_with(begins))
}

fn run_of(overview: &Overview) -> &RunSeen {
    overview.run.as_ref().expect("there is a run")
}

#[test]
fn users_are_led_to_a_cluster_without_nodes_only_if_they_suffer() {
    let run = waits_for_nodes();
    let overview = seen(&run, &[GREEN]);
    let back = proposed(&overview, "bluegreen roll-back shop --force").expect("it is possible");
    assert!(back.why.contains("only if users suffer") && back.why.contains("blue, which is not whole"), "{back:?}");
    let does = will(&run, Verb::RollBack);
    assert!(does.contains("all users go at once from green to blue"), "{does}");
    let traffic = &run_of(&overview).traffic;
    assert!(traffic.why.contains("green carries what it can"), "{traffic:?}");
    assert!(run_of(&overview).lasting.watched);
}

#[test]
fn nobody_is_led_to_a_cluster_that_is_known_ill_while_the_other_is_fine() {
    let unclear =
        json!({"why": "the gateway finds the old cluster unhealthy at 10.1.0.4", "since": NOW, "judged": true});
    let run = edited(&knowing(&at(ConfirmTraffic, 0), Ready::NotReady), &json!({"unclear": unclear}));
    let overview = seen(&run, &[BLUE, GREEN]);
    assert_eq!(proposed(&overview, "bluegreen roll-back"), None, "{:?}", overview.next);
    let glass = proposed(&overview, "bluegreen break-glass shop --to green").expect("green is fine");
    assert!(glass.why.starts_with("if users suffer"), "{glass:?}");
}

#[test]
fn what_calls_for_a_person_and_is_not_settled_comes_before_waiting() {
    let soak = at(Soak, 1);
    let lost = know(&soak, readiness(Ready::NotReady, "blue is Stopped"), None, None, minutes(1)).unwrap();
    let overview = seen(&lost, &[GREEN]);
    let first = &overview.next[0];
    assert!(first.command == "bluegreen why shop" && first.why.contains("blue is Stopped"), "{first:?}");
    assert!(!overview.next.iter().any(|next| next.why.contains("nothing needs to be done")), "{:?}", overview.next);
    let mended = know(&lost, readiness(Ready::Ready, "well"), None, None, minutes(2)).unwrap();
    assert!(seen(&mended, &[GREEN]).next[0].why.contains("nothing needs to be done"));

    let late = decided(&edited(&at(RestoreTraffic, 1), &json!({"moved": true})), not_yet(), minutes(31));
    let overview = seen(&late, &[GREEN]);
    let first = &overview.next[0];
    assert!(first.command == "bluegreen break-glass shop --to blue", "{first:?}");
    assert!(first.why.contains("if users suffer") && first.why.contains("still RestoreTraffic"), "{first:?}");

    let mut swept = at(Soak, 1);
    for round in 1..=3 {
        swept = edited(&sweep(&swept, minutes(5 * round)).unwrap(), &json!({"due": minutes(5 * round)}));
    }
    let first = seen(&swept, &[GREEN]).next[0].clone();
    assert!(first.command == "bluegreen doctor" && first.why.contains("no look at Soak is made"), "{first:?}");
}

#[test]
fn after_the_emergency_way_back_it_goes_on_to_the_side_that_can_serve() {
    let forward = "bluegreen resume shop --direction forward";
    let back = "bluegreen resume shop --direction back";
    let soak = glass(&at(ConfirmTraffic, 0));
    assert_eq!(commands(&seen(&soak, &[BLUE]))[..2], [back, forward]);
    assert_eq!(commands(&seen(&soak, &[GREEN]))[..2], [forward, back], "a person has led all to green");
    let dead = seen(&knowing(&soak, Ready::NotReady), &[GREEN]);
    assert_eq!(commands(&dead)[0], forward);
    let to_ill = proposed(&dead, back).expect("it is possible");
    assert!(to_ill.why.contains("blue is Stopped"), "{to_ill:?}");
    let on_the_way =
        seen(&knowing(&glass(&edited(&at(RestoreTraffic, 1), &json!({"moved": true}))), Ready::NotReady), &[GREEN]);
    assert_eq!(commands(&on_the_way)[0], "bluegreen finish shop");
}

#[test]
fn after_the_end_nobody_is_told_to_start_what_serves() {
    let ended = |ending| edited(&at(RetireOldCluster, 1), &json!({"ending": ending}));
    let upgraded = seen(&ended(Ending::Upgraded), &[GREEN]);
    let returns = proposed(&upgraded, "bluegreen start shop --kind return").expect("blue was kept");
    assert!(returns.why.contains("back to blue"), "{returns:?}");
    let led_back = seen(&ended(Ending::Upgraded), &[BLUE]);
    assert_eq!(proposed(&led_back, "bluegreen start shop --kind return"), None, "it would lead to green");
    let finished = seen(&ended(Ending::Finished), &[GREEN]);
    assert_eq!(proposed(&finished, "bluegreen start shop 1.34.6"), None, "{:?}", finished.next);
    let back = seen(&ended(Ending::Finished), &[BLUE]);
    assert!(proposed(&back, "bluegreen start shop 1.34.6").is_some(), "{:?}", back.next);
    let mixed = seen(&ended(Ending::Finished), &[BLUE, GREEN]);
    assert!(mixed.next[0].command.starts_with("bluegreen break-glass shop --to "), "{:?}", mixed.next);
    assert_eq!(proposed(&mixed, "bluegreen start"), None, "it would be refused: {:?}", mixed.next);
    let plan = super::super::two_stages::plan(|site| site.old_cluster = bluegreen_core::site::OldCluster::Delete);
    let gone = edited(&ended(Ending::Upgraded), &json!({"plan": plan}));
    assert_eq!(proposed(&seen(&gone, &[GREEN]), "bluegreen start shop --kind return"), None);
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
    assert!(proposed(&overview, "bluegreen break-glass shop --to green").is_some(), "{:?}", overview.next);
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

#[test]
fn where_users_suffer_and_the_run_is_held_the_emergency_way_back_is_named() {
    let both = json!({"held": {"why": "both are ill", "since": NOW, "gate": null, "called": NOW, "watched": true, "bothIll": true}});
    let run = edited(&knowing(&at(Soak, 1), Ready::NotReady), &both);
    assert!(proposed(&seen(&run, &[GREEN]), "bluegreen break-glass shop --to blue").is_some());
    let lost = edited(
        &run,
        &json!({"held": {"why": "no way back", "since": NOW, "gate": null, "called": NOW, "watched": true}}),
    );
    let overview = seen(&lost, &[GREEN]);
    assert_eq!(proposed(&overview, "bluegreen break-glass"), None, "green is well, and blue is not");
    assert_eq!(proposed(&overview, "bluegreen roll-back"), None);
    let strangers = held_since(&at(SyncWorkloads, 0), "somebody else writes the gateway", None);
    assert!(proposed(&seen(&strangers, &["10.9.9.9"]), "bluegreen break-glass shop --to blue").is_some());
    assert_eq!(proposed(&seen(&strangers, &[BLUE]), "bluegreen break-glass"), None, "green is not whole");
}

#[test]
fn live_pools_that_are_no_colours_are_refused_with_the_way_out() {
    let site = super::super::two_stages::plan(|_| {}).site;
    let why = bluegreen_core::plan::planning::serving(&site, &gateway(&[BLUE, GREEN])).unwrap_err();
    assert!(why.contains("neither exactly") && why.contains("bluegreen break-glass shop --to COLOUR"), "{why}");
}
