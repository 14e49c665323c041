//! What a person, the sweep and dead letters may do in each state, and what is refused.
use super::*;
use crate::ordered::order_of;
use bluegreen_core::run::Ending;
use bluegreen_core::run::decision::Decision;
use bluegreen_core::run::verbs::{Order, Refusal, Verb, obey};
use bluegreen_core::run::watchers::{MOST_DEAD_LETTERS, breach, dead_letter, look_now, sweep};
use bluegreen_core::step::Step::*;

pub fn order(run: &Run, verb: Verb) -> Order {
    Order { reason: Some("because".into()), ..order_of(run, verb, "a person") }
}

pub fn obeyed(run: &Run, verb: Verb) -> Result<Run, Refusal> {
    obey(run, &order(run, verb), minutes(1))
}

/// The run as a person lets it go on.
pub fn resumed(run: &Run, now: Timestamp) -> Run {
    obey(run, &order(run, Verb::Resume), now).expect("it is held")
}

/// The verbs that are obeyed here; each is checked to take one new hop and to leave a line with the person's name.
fn allowed(run: &Run) -> Vec<Verb> {
    let mut all = vec![];
    for verb in Verb::ALL {
        match obeyed(run, verb) {
            Ok(next) => {
                assert_eq!(next.hop, run.hop + 1);
                assert!(next.journal.iter().any(|entry| entry.who == "person:a person"), "{verb:?}");
                all.push(verb);
            }
            Err(Refusal::NotNow(why)) => assert!(!why.is_empty()),
            Err(other) => panic!("{verb:?} at {}: {other:?}", run.step),
        }
    }
    all
}

#[test]
fn each_state_obeys_its_verbs_and_refuses_the_others() {
    use Verb::{Abort, Approve, Finish, Pause, Promote, Resume, RollBack};
    for step in Step::ALL {
        let moving = match step {
            ConfirmTraffic | Soak => vec![Pause, Promote, Abort, RollBack],
            // It would go on without end: a person may end it.
            RestoreTraffic => vec![Finish],
            DeleteNewCluster => vec![Pause],
            CheckPlan | CreateCluster | InstallControllers | SyncWorkloads | ValidateHealth | ShiftTraffic
            | MoveSingletons | RetireOldCluster => vec![Pause, Abort, RollBack],
        };
        assert_eq!(allowed(&at(step, 0)), moving, "{step}");
        if step == RestoreTraffic {
            continue;
        }
        let stopped = match step {
            DeleteNewCluster => vec![Resume, Finish],
            _ => vec![Resume, Abort, RollBack, Finish],
        };
        assert_eq!(allowed(&held_since(&at(step, 0), "a reason", None)), stopped, "{step}, held");
        if !step.undoes() {
            let gate = Gate { before: Soak, stage: 0 };
            assert_eq!(
                allowed(&held_since(&at(step, 0), "a gate", Some(&gate))),
                [Approve, Abort, RollBack, Finish],
                "{step}, at a gate"
            );
        }
    }
}

#[test]
fn an_ended_run_names_its_ending_whatever_is_asked() {
    for ending in [Ending::Upgraded, Ending::Rejected, Ending::RolledBack, Ending::Finished] {
        let run = edited(&at(RetireOldCluster, 1), &json!({"ending": ending}));
        for verb in Verb::ALL {
            assert_eq!(obeyed(&run, verb), Err(Refusal::Ended(ending)));
            let nameless = Order { step: None, stage: None, ..order(&run, verb) };
            assert_eq!(obey(&run, &nameless, NOW), Err(Refusal::Ended(ending)), "the ending, not the place");
        }
    }
}

#[test]
fn an_order_for_another_run_step_or_stage_is_refused() {
    let run = at(ConfirmTraffic, 1);
    for verb in Verb::ALL {
        let good = order(&run, verb);
        let other_run = Order { run: "shop-0".into(), ..good.clone() };
        assert!(matches!(obey(&run, &other_run, NOW), Err(Refusal::Moved(_))), "{verb:?}");
        let needs_no_place = matches!(verb, Verb::RollBack | Verb::Pause);
        for moved in [
            Order { step: Some(Soak), ..good.clone() },
            Order { stage: Some(0), ..good.clone() },
            Order { step: None, ..good.clone() },
            Order { stage: None, ..good.clone() },
        ] {
            let answer = obey(&run, &moved, NOW);
            assert_eq!(!matches!(answer, Err(Refusal::Moved(_))), needs_no_place, "{verb:?}: {moved:?}");
        }
    }
}

#[test]
fn pause_and_resume_keep_the_place_and_the_time() {
    let run = at(ShiftTraffic, 1);
    let paused = obeyed(&run, Verb::Pause).unwrap();
    assert!(held(&paused).paused && held(&paused).why == "pause: because");
    let resumed = obey(&paused, &order(&paused, Verb::Resume), minutes(61)).unwrap();
    assert!(resumed.moves());
    assert_eq!(Decision::between(Some(&run), &paused), Decision::Held);
    assert_eq!(Decision::between(Some(&paused), &resumed), Decision::GoesOn);
    assert_eq!((resumed.step, resumed.stage, resumed.hop), (ShiftTraffic, 1, run.hop + 2));
    assert_eq!(resumed.step_began, minutes(60));
}

#[test]
fn roll_back_and_abort_go_the_way_back_of_the_step() {
    for verb in [Verb::RollBack, Verb::Abort] {
        for (step, to) in [
            (CreateCluster, DeleteNewCluster),
            (SyncWorkloads, DeleteNewCluster),
            (ValidateHealth, RestoreTraffic),
            (Soak, RestoreTraffic),
        ] {
            let back = obeyed(&held_since(&at(step, 0), "a reason", None), verb).unwrap();
            assert_eq!((back.step, back.held.is_none()), (to, true), "{step}");
            assert!(back.failure.as_ref().unwrap().ends_with(": because"));
        }
    }
}

#[test]
fn promote_ends_the_watch_and_not_the_look() {
    let promoted = obeyed(&at(Soak, 1), Verb::Promote).unwrap();
    assert_eq!((promoted.step, promoted.promoted, promoted.due), (Soak, true, minutes(1)));
    assert_eq!(decided(&promoted, breached(), minutes(1)).step, RestoreTraffic);
    assert!(!decided(&promoted, done(), minutes(1)).promoted, "the next step is not promoted with it");
}

#[test]
fn an_approval_opens_its_gate_after_one_more_look() {
    let gate = Gate { before: Soak, stage: 0 };
    let run = entered(&begun_with(vec![gate.clone()]), ConfirmTraffic, 1);
    let waiting = decided(&run, done(), NOW);
    let open = obeyed(&waiting, Verb::Approve).unwrap();
    assert_eq!((open.step, open.approved[0].gate.clone()), (ConfirmTraffic, gate));
    assert_eq!(decided(&open, done(), minutes(1)).step, Soak);
}

#[test]
fn finish_ends_a_held_clean_up_and_records_what_is_left_over() {
    for (step, ending) in [(RetireOldCluster, Ending::Upgraded), (DeleteNewCluster, Ending::RolledBack)] {
        let run = held_since(&at(step, 0), "the cluster is locked", None);
        let ended = obeyed(&run, Verb::Finish).unwrap();
        assert_eq!(ended.ending, Some(ending));
        assert!(ended.journal.last().unwrap().what.contains("it waited, because: the cluster is locked"));
    }
}

#[test]
fn what_somebody_wrote_over_has_come_to_nothing_that_an_ending_says() {
    for (step, undone) in [(RetireOldCluster, Ending::Upgraded), (DeleteNewCluster, Ending::RolledBack)] {
        let paused = obeyed(&at(step, 0), Verb::Pause).unwrap();
        assert_eq!(obeyed(&paused, Verb::Finish).unwrap().ending, Some(undone));
        let told = look_now(&paused, "live: 10.1.0.1 expected, 10.2.0.1 found", minutes(1)).unwrap();
        assert_eq!(obeyed(&told, Verb::Finish).unwrap().ending, Some(Ending::Finished), "{step}");
        let paused_again = obeyed(&resumed(&told, minutes(2)), Verb::Pause).unwrap();
        assert_eq!(obeyed(&paused_again, Verb::Finish).unwrap().ending, Some(Ending::Finished), "{step}");
    }
    let mut run = at(RetireOldCluster, 0);
    for minute in 1..4 {
        run = decided(&run, Ok(Outcome::Drifted("live: 10.1.0.1 expected, 10.2.0.1 found".into())), minutes(minute));
        run = if run.step == RetireOldCluster { run } else { entered(&run, RetireOldCluster, 0) };
    }
    assert!(run.held.as_ref().unwrap().why.contains("somebody else writes the gateway"));
    assert_eq!(obeyed(&run, Verb::Finish).unwrap().ending, Some(Ending::Finished));
}

#[test]
fn a_person_can_end_every_held_run_and_one_that_goes_on_without_end() {
    for step in Step::ALL {
        let run = held_since(&at(step, 1), "nobody knows", None);
        let ended = obeyed(&run, Verb::Finish).unwrap();
        assert!(ended.ending.is_some() && ended.held.is_none(), "{step}");
        assert!(ended.journal.last().unwrap().what.contains("it waited, because: nobody knows"), "{step}");
    }
    assert_eq!(obeyed(&at(RestoreTraffic, 1), Verb::Finish).unwrap().ending, Some(Ending::Finished));
}

#[test]
fn a_sweep_that_comes_again_and_again_calls_a_person_and_judges_no_deadline() {
    let calls = |run: &Run| run.journal.iter().filter(|entry| entry.needs_person).count();
    let mut run = at(InstallControllers, 0);
    for (round, expected) in [(1, 0), (2, 0), (3, 1), (4, 1), (20, 1)] {
        run = sweep(&run, minutes(5 * round)).unwrap();
        assert_eq!((run.step, run.held.is_none(), calls(&run)), (InstallControllers, true, expected), "round {round}");
    }
    assert!(run.journal.iter().any(|entry| entry.what.contains("see its subscription and function")));
    let late = sweep(&at(RestoreTraffic, 1), minutes(31)).unwrap();
    assert_eq!((calls(&late), late.step), (1, RestoreTraffic), "its deadline has passed");
    assert_eq!(decided(&run, not_yet(), minutes(44)).sweeps, 0, "a look begins the count anew");
}

#[test]
fn the_sweep_takes_a_new_hop_for_an_overdue_run_only() {
    let run = at(ShiftTraffic, 0);
    assert_eq!(sweep(&run, minutes(4)), None);
    let swept = sweep(&run, seconds(241)).unwrap();
    assert_eq!((swept.hop, swept.due, swept.step), (run.hop + 1, seconds(241), ShiftTraffic));
    assert_eq!(sweep(&swept, minutes(6)), None, "it is due anew");
    assert_eq!(sweep(&held_since(&run, "a reason", None), minutes(24 * 60)), None);
    assert_eq!(sweep(&edited(&run, &json!({"ending": Ending::RolledBack})), minutes(9_999)), None);
}

#[test]
fn an_aborted_check_plan_has_written_nothing_and_ends_at_once() {
    let gate = Gate { before: CreateCluster, stage: 0 };
    let looking = decided(&at(CheckPlan, 0), not_yet(), NOW);
    for run in [at(CheckPlan, 0), looking, obeyed(&at(CheckPlan, 0), Verb::Pause).unwrap()] {
        for verb in [Verb::Abort, Verb::RollBack] {
            let ended = obeyed(&run, verb).unwrap();
            assert_eq!((ended.ending, ended.step, ended.hop), (Some(Ending::RolledBack), CheckPlan, run.hop + 1));
            assert!(ended.failure.as_ref().is_some_and(|why| why.starts_with(verb.name())));
        }
    }
    let waiting = held_since(&at(CheckPlan, 0), "a gate", Some(&gate));
    let expired = sweep(&waiting, minutes(24 * 60 + 1)).unwrap();
    assert_eq!((expired.ending, expired.step), (Some(Ending::RolledBack), CheckPlan), "so does a gate that expires");
    // What may have been asked for is waited for: a run of format 1 deletes a leftover at this step.
    let old = edited(&at(CheckPlan, 0), &json!({"format": 1}));
    let asks = edited(&at(CheckPlan, 0), &json!({"operation": write_of_ours("shop-1/a")}));
    let writes = edited(&at(CheckPlan, 0), &json!({"writes": true}));
    for run in [old, asks, writes] {
        let back = obeyed(&run, Verb::Abort).unwrap();
        assert_eq!((back.ending, back.step), (None, DeleteNewCluster));
    }
}

#[test]
fn a_gate_expires_before_traffic_and_calls_daily_after_it() {
    let day = 24 * 60;
    let before = held_since(&at(ValidateHealth, 0), "a gate", Some(&Gate { before: ShiftTraffic, stage: 0 }));
    assert_eq!(sweep(&before, minutes(day)), None);
    let back = sweep(&before, minutes(day + 1)).unwrap();
    assert_eq!((back.step, back.hop, back.held.is_none()), (RestoreTraffic, before.hop + 1, true));
    let after = held_since(&at(Soak, 1), "a gate", Some(&Gate { before: RetireOldCluster, stage: 0 }));
    let called = sweep(&after, minutes(day + 1)).unwrap();
    assert_eq!((called.step, held(&called).called), (Soak, minutes(day + 1)));
    assert_eq!(held(&called).since, NOW);
    assert_eq!(sweep(&called, minutes(2 * day)), None, "once a day");
    assert!(sweep(&called, minutes(2 * day + 2)).is_some());
}

#[test]
fn the_third_dead_letter_of_the_present_step_holds_the_run() {
    let mut run = at(SyncWorkloads, 0);
    for count in 1..=MOST_DEAD_LETTERS {
        assert!(run.moves(), "before number {count}");
        run = dead_letter(&run, SyncWorkloads, run.hop, "it panicked", minutes(1)).unwrap();
    }
    assert!(held(&run).why.contains("it panicked"));
    assert_eq!(dead_letter(&run, SyncWorkloads, run.hop, "again", minutes(1)), None, "held already");
}

#[test]
fn dead_letters_of_another_hop_or_step_count_for_nothing_and_never_hold_the_way_back() {
    let run = at(SyncWorkloads, 0);
    for (step, hop) in [(SyncWorkloads, run.hop - 1), (SyncWorkloads, run.hop + 1), (CreateCluster, run.hop)] {
        assert_eq!(dead_letter(&run, step, hop, "late", NOW), None);
    }
    let mut back = at(RestoreTraffic, 0);
    for _ in 0..5 {
        back = dead_letter(&back, RestoreTraffic, back.hop, "it panicked", NOW).unwrap();
        assert!(back.moves());
    }
    let quiet = edited(&back, &json!({"quietFrom": NOW}));
    let entered = decided(&quiet, done(), seconds(200));
    assert_eq!((entered.step, entered.dead_letters), (DeleteNewCluster, 0), "each step counts its own");
}

#[test]
fn a_breach_turns_a_paused_run_back_and_drift_calls_about_it_once() {
    let paused = obeyed(&at(Soak, 1), Verb::Pause).unwrap();
    let back = breach(&paused, &"too many errors".into(), minutes(2));
    assert_eq!((back.step, back.hop, back.held.is_none()), (RestoreTraffic, paused.hop + 1, true));
    let called = look_now(&paused, "another mark", minutes(2)).unwrap();
    assert!(called.hop == paused.hop + 1 && called.journal.last().unwrap().needs_person);
    assert_eq!(look_now(&called, "another mark", minutes(3)), None, "once");
    let moving = look_now(&at(Soak, 1), "another mark", minutes(2)).unwrap();
    assert_eq!((moving.due, moving.journal.last().unwrap().needs_person), (minutes(2), false));
}

#[test]
fn who_approves_a_gate_accepts_no_other_way_of_leading_users() {
    let gate = Gate { before: Soak, stage: 0 };
    let others =
        json!({"leads": {"rule shop/backendAddressPool": "live"}, "told": "somebody changed what leads users"});
    let led = |run: &Run| edited(run, &json!({"others": others}));
    let run = entered(&begun_with(vec![gate.clone()]), ConfirmTraffic, 1);
    let approved = obeyed(&led(&held_since(&run, "a gate", Some(&gate))), Verb::Approve).expect("a gate waits");
    assert!(approved.others.leads.is_some() && approved.others.told.is_some());
    let why = "somebody changed what leads users";
    let resumed = obeyed(&led(&held_since(&run, why, None)), Verb::Resume).expect("it is held");
    assert!(resumed.others.leads.is_none() && resumed.others.told.is_none());
    let otherwise = obeyed(&led(&held_since(&run, "lunch", None)), Verb::Resume).expect("it is held");
    assert!(otherwise.others.leads.is_some() && otherwise.others.told.is_none(), "it is told anew");
}
