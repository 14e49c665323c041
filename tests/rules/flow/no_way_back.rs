//! What is known of the old cluster, the emergency way back, the old cluster being reduced: what they forbid, and what they
//! never forbid.
use super::verbs::order;
use super::*;
use bluegreen_core::run::Ending;
use bluegreen_core::run::readiness::{Readiness, Ready};
use bluegreen_core::run::verbs::{Direction, Order, Refusal, Verb, obey};
use bluegreen_core::run::watchers::{breach_of, glass_broken, know, led_elsewhere, no_way_back, recorded};
use bluegreen_core::run::{Fact, Missed};
use bluegreen_core::step::Step::*;

fn readiness(state: Ready) -> Readiness {
    Readiness { state, why: "it is Stopped".into(), since: NOW, healthy: vec![] }
}

fn knowing(run: &Run, state: Ready) -> Run {
    edited(run, &json!({"readiness": readiness(state)}))
}

fn given(run: &Run, change: impl FnOnce(&mut Order)) -> Result<Run, Refusal> {
    let mut order = order(run, Verb::RollBack);
    change(&mut order);
    obey(run, &order, minutes(1))
}

#[test]
fn a_loss_blocks_the_way_back_and_the_unknown_never_does() {
    let soak = at(Soak, 1);
    for (state, is_open) in [(Ready::Ready, true), (Ready::Unknown, true), (Ready::NotReady, false)] {
        let run = knowing(&soak, state);
        let ordered = given(&run, |_| {});
        assert_eq!(ordered.is_ok(), is_open, "{state:?}");
        let late = decided(&knowing(&at(ShiftTraffic, 0), state), not_yet(), minutes(31));
        assert_eq!(late.step == RestoreTraffic, is_open, "{state:?}: {:?}", late.held);
    }
    let refused = given(&knowing(&soak, Ready::NotReady), |_| {}).unwrap_err();
    assert!(
        matches!(&refused, Refusal::NotNow(why) if why.contains("Stopped") && why.contains("--force")),
        "{refused:?}"
    );
}

#[test]
fn a_person_may_force_the_way_back_and_the_journal_says_who_accepted_what() {
    let forced = given(&knowing(&at(Soak, 1), Ready::NotReady), |order| order.force = true).unwrap();
    assert_eq!(forced.step, RestoreTraffic);
    let line = forced.journal.iter().find(|entry| entry.what.contains("by force")).expect("it is said");
    assert!(line.what.contains("although it is Stopped"), "{}", line.what);
    assert!(forced.journal.iter().any(|entry| entry.who == "person:a person"));
}

#[test]
fn before_any_traffic_moved_nothing_is_lost_by_turning_back() {
    let run = edited(&knowing(&at(ValidateHealth, 0), Ready::NotReady), &json!({"moved": false}));
    assert_eq!(given(&run, |_| {}).unwrap().step, RestoreTraffic);
}

#[test]
fn a_hold_without_a_way_back_is_said_once_and_ends_when_a_watch_finds_the_way_open() {
    let run = at(Soak, 1);
    let held_run = no_way_back(&run, readiness(Ready::NotReady), "both are ill", minutes(1)).unwrap();
    assert!(held(&held_run).watched && held_run.journal.iter().any(|entry| entry.needs_person));
    assert_eq!(no_way_back(&held_run, readiness(Ready::NotReady), "both are ill", minutes(2)), None, "once");
    let back = breach_of(&held_run, &held_run, &"the new one is ill".into(), minutes(3)).unwrap();
    assert_eq!((back.step, back.held.is_none()), (RestoreTraffic, true));
}

#[test]
fn a_verdict_outlives_a_poll_and_not_a_stage() {
    let judged = at(ShiftTraffic, 1);
    let polled = decided(&judged, not_yet(), seconds(10));
    assert_eq!(breach_of(&polled, &judged, &"ill".into(), seconds(11)).map(|run| run.step), Some(RestoreTraffic));
    for moved in
        [json!({"stage": 0}), json!({"step": RestoreTraffic}), json!({"id": "shop-2"}), json!({"ending": "upgraded"})]
    {
        assert_eq!(breach_of(&edited(&polled, &moved), &judged, &"ill".into(), seconds(11)), None, "{moved}");
    }
    let size = json!({"running": true, "pools": []});
    let reduces = edited(&judged, &json!({"step": RetireOldCluster, "reducing": size}));
    assert_eq!(breach_of(&reduces, &judged, &"ill".into(), seconds(11)), None, "the old cluster is another one now");
}

#[test]
fn what_is_known_of_the_old_cluster_is_written_when_it_changes() {
    let run = know(&at(Soak, 1), readiness(Ready::Unknown), None, None, minutes(1)).unwrap();
    assert_eq!(know(&run, readiness(Ready::Unknown), None, None, minutes(2)), None);
    assert!(know(&run, readiness(Ready::Ready), None, None, minutes(2)).is_some());
}

#[test]
fn what_leads_users_elsewhere_is_said_once_and_not_again_when_a_person_has_accepted_it() {
    let run = at(Soak, 1);
    let stopped = led_elsewhere(&run, &run, "a rule", minutes(1)).unwrap();
    assert!(held(&stopped).why.contains("a rule"));
    assert_eq!(led_elsewhere(&stopped, &stopped, "a rule", minutes(2)), None, "it is known");
    assert!(led_elsewhere(&stopped, &stopped, "another rule", minutes(2)).is_some());
    // The check may have seen it before the person spoke, and say it after.
    let on = obey(&stopped, &order(&stopped, Verb::Resume), minutes(3)).unwrap();
    assert_eq!(led_elsewhere(&on, &stopped, "a rule", minutes(3)), None, "a person's last word stands");
    assert!(led_elsewhere(&on, &on, "a rule", minutes(4)).is_some(), "what is seen since is said");
}

#[test]
fn the_emergency_way_back_stops_every_step_until_it_is_said_how_it_goes_on() {
    for step in Step::ALL {
        let stopped = decided(&at(step, 1), Ok(Outcome::GlassBroken("break-glass/1".into())), minutes(1));
        assert!(held(&stopped).why.contains("emergency way back"), "{step}");
        assert_eq!(stopped.glass.as_deref(), Some("break-glass/1"), "{step}");
        assert_eq!(glass_broken(&stopped, "break-glass/1".into(), minutes(2)), None, "it is known");
        let resume = |direction| {
            let order = Order { direction, ..order(&stopped, Verb::Resume) };
            obey(&stopped, &order, minutes(3))
        };
        assert!(matches!(resume(None), Err(Refusal::NotNow(why)) if why.contains("forward or back")), "{step}");
        let back = resume(Some(Direction::Back)).unwrap();
        // At `CheckPlan` nothing was written: there is nothing to go back from.
        let expected = if step == CheckPlan { (step, false) } else { (step.way_back(), true) };
        assert_eq!((back.step, back.moves()), expected, "{step}");
        assert_eq!((back.glass.as_deref(), back.known_glass.len()), (None, 1), "{step}");
        // The check may have seen it before the person spoke, and say it after.
        assert_eq!(
            glass_broken(&back, "break-glass/1".into(), minutes(3)),
            None,
            "{step}: a person's last word stands"
        );
        assert!(glass_broken(&back, "break-glass/2".into(), minutes(3)).is_some(), "{step}");
        match resume(Some(Direction::Forward)) {
            Ok(on) => {
                let expected = if step.may_carry_traffic() { ShiftTraffic } else { step };
                assert_eq!((on.step, on.stage, on.following.is_none()), (expected, 1, true), "{step}");
            }
            Err(refused) => assert!(step.undoes(), "{step}: {refused:?}"),
        }
        let finished = obey(&stopped, &order(&stopped, Verb::Finish), minutes(3)).unwrap();
        assert_eq!(finished.ending, Some(Ending::Finished), "{step}");
    }
}

#[test]
fn what_this_run_has_reduced_it_brings_back_and_a_deleted_cluster_it_cannot() {
    let size = json!({"running": true, "pools": []});
    for (wish, is_open) in [("stop", true), ("scaleDown", true), ("delete", false)] {
        let mut run = edited(&knowing(&at(RetireOldCluster, 1), Ready::NotReady), &json!({"reducing": size}));
        let mut plan = (*run.plan).clone();
        plan.site.old_cluster = serde_json::from_value(json!(wish)).unwrap();
        run = edited(&run, &json!({"plan": plan}));
        assert_eq!(given(&run, |_| {}).is_ok(), is_open, "{wish}");
    }
}

#[test]
fn a_run_of_the_first_format_ends_by_its_own_rules() {
    let old = |run: &Run| edited(run, &json!({"format": 1}));
    let retiring = old(&at(RetireOldCluster, 1));
    assert!(matches!(given(&retiring, |_| {}), Err(Refusal::NotNow(why)) if why.contains("return")));
    let breached_run = decided(&retiring, breached(), minutes(1));
    assert!(held(&breached_run).why.contains("no way back"));
    let mut plan = (*retiring.plan).clone();
    let planned = plan.pools.take().expect("it is planned");
    assert!(plan.at_stage(1).last().unwrap().1.is_empty(), "its candidate pool is empty after the last stage");
    for (derived, written) in [(plan.before(), planned.before.0), (plan.candidate(), planned.offered.0)] {
        assert!(derived.len() == written.len() && derived.iter().all(|pool| written.contains(pool)), "{written:?}");
    }
    assert_eq!(serde_json::to_value(old(&at(Soak, 1))).unwrap()["format"], 1, "it keeps its format");
}

#[test]
fn a_write_of_an_invocation_that_could_not_save_is_added_to_those_that_count() {
    let before = at(RestoreTraffic, 0);
    let requested = |mark: &str| {
        let waiting = Waiting { following: Some(write_of_ours(mark)), ..Waiting::because("requested") };
        decided(&before, Ok(Outcome::NotYet(waiting)), seconds(1))
    };
    let (first, second) = (requested("shop-1/a"), requested("shop-1/b"));
    let both = recorded(&first, &before, &second, seconds(2)).unwrap();
    let marks: Vec<_> = both.following.iter().flat_map(Following::writes).map(|(_, mark)| mark.clone()).collect();
    assert_eq!((marks, both.hop), (vec!["shop-1/b".to_owned(), "shop-1/a".to_owned()], first.hop + 1));
    let elsewhere = entered(&first, DeleteNewCluster, 0);
    assert_eq!(recorded(&elsewhere, &before, &second, seconds(2)), None, "the step is over");
}

#[test]
fn a_cluster_is_missed_since_the_first_of_the_looks_that_did_not_find_it() {
    let missed = |cluster: &str| {
        Ok(Outcome::NotYet(Waiting { facts: vec![Fact::Missed(cluster.into())], ..Waiting::because("not found") }))
    };
    let run = decided(&at(SyncWorkloads, 0), missed("/one"), seconds(5));
    let run = decided(&run, missed("/one"), seconds(70));
    assert_eq!(run.missed, Some(Missed { cluster: "/one".into(), since: seconds(5) }));
    let other = decided(&run, missed("/two"), seconds(80));
    assert_eq!(other.missed.as_ref().map(|missed| missed.since), Some(seconds(80)));
    assert_eq!(decided(&run, transient(None), seconds(80)).missed, run.missed, "no look");
    assert_eq!(decided(&run, not_yet(), seconds(80)).missed, None, "it was seen");
}
