//! Every step and every outcome, in time and too late.
use super::*;
use bluegreen_core::run::Ending::{self, Rejected, RolledBack, Upgraded};
use bluegreen_core::run::decision::Decision;
use bluegreen_core::step::Step::*;

/// What becomes of a run.
#[derive(Debug, PartialEq)]
enum Becomes {
    /// It enters this step and stage.
    Enters(Step, usize),
    /// It enters the way back, and says why it failed.
    TurnsBackTo(Step),
    Held,
    Ends(Ending),
    /// It stays, and looks again.
    Stays,
}
use Becomes::{Ends, Enters, Held, Stays, TurnsBackTo};

fn becomes(before: &Run, after: &Run) -> Becomes {
    assert_eq!(after.hop, before.hop + 1, "each decision takes one new hop");
    let becomes = what_it_becomes(before, after);
    // Whoever counts decisions has the same word for it.
    let expected = match &becomes {
        Ends(_) => Decision::Ended,
        Held => Decision::Held,
        Stays => Decision::Waits,
        TurnsBackTo(_) => Decision::TurnedBack,
        Enters(step, stage) if (*stage, *step) > (before.stage, before.step) => Decision::Done,
        Enters(..) => Decision::Again,
    };
    assert_eq!(Decision::between(Some(before), after), expected, "{} to {becomes:?}", before.step);
    becomes
}

fn what_it_becomes(before: &Run, after: &Run) -> Becomes {
    match (after.ending, &after.held) {
        (Some(ending), _) => Ends(ending),
        (None, Some(hold)) => {
            assert!(!hold.why.is_empty(), "a hold names its reason");
            assert_eq!((after.step, after.stage), (before.step, before.stage), "a hold does not move");
            Held
        }
        (None, None) if after.step == before.step && after.step_began == before.step_began => Stays,
        (None, None) if after.failure.is_some() && before.failure.is_none() => TurnsBackTo(after.step),
        (None, None) => Enters(after.step, after.stage),
    }
}

/// A run that has been long enough in this step that nothing older can still act, and the time.
fn quiet_at(step: Step, stage: usize) -> (Run, Timestamp) {
    (edited(&at(step, stage), &json!({"quietFrom": NOW})), seconds(200))
}

#[test]
fn every_step_and_outcome_leads_where_the_table_says() {
    #[rustfmt::skip]
    let table = [
        // step, stage             done                         drifted                     breached                       hold   terminal                       too late
        (CheckPlan, 0,          Enters(CreateCluster, 0),      Enters(CheckPlan, 0),          Ends(Rejected),                Held,  Ends(Rejected),                Ends(Rejected)),
        (CreateCluster, 0,      Enters(InstallControllers, 0), Enters(CreateCluster, 0),      TurnsBackTo(DeleteNewCluster), Held,  TurnsBackTo(DeleteNewCluster), TurnsBackTo(DeleteNewCluster)),
        (InstallControllers, 0, Enters(SyncWorkloads, 0),      Enters(InstallControllers, 0), TurnsBackTo(DeleteNewCluster), Held,  TurnsBackTo(DeleteNewCluster), TurnsBackTo(DeleteNewCluster)),
        (SyncWorkloads, 0,      Enters(ValidateHealth, 0),     Enters(SyncWorkloads, 0),      TurnsBackTo(DeleteNewCluster), Held,  TurnsBackTo(DeleteNewCluster), TurnsBackTo(DeleteNewCluster)),
        (ValidateHealth, 0,     Enters(ShiftTraffic, 0),       Enters(ValidateHealth, 0),     TurnsBackTo(RestoreTraffic),   Held,  TurnsBackTo(RestoreTraffic),   TurnsBackTo(RestoreTraffic)),
        (ShiftTraffic, 0,       Enters(ConfirmTraffic, 0),     Enters(ShiftTraffic, 0),       TurnsBackTo(RestoreTraffic),   Held,  TurnsBackTo(RestoreTraffic),   TurnsBackTo(RestoreTraffic)),
        (ShiftTraffic, 1,       Enters(ConfirmTraffic, 1),     Enters(ShiftTraffic, 1),       TurnsBackTo(RestoreTraffic),   Held,  TurnsBackTo(RestoreTraffic),   Held),
        (ConfirmTraffic, 0,     Enters(ShiftTraffic, 1),       Enters(ShiftTraffic, 0),       TurnsBackTo(RestoreTraffic),   Held,  Held,                          Held),
        (ConfirmTraffic, 1,     Enters(Soak, 1),               Enters(ShiftTraffic, 1),       TurnsBackTo(RestoreTraffic),   Held,  Held,                          Held),
        (Soak, 1,               Enters(RetireOldCluster, 1),   Enters(ShiftTraffic, 1),       TurnsBackTo(RestoreTraffic),   Held,  Held,                          Held),
        (RetireOldCluster, 1,   Ends(Upgraded),                Enters(ShiftTraffic, 1),       TurnsBackTo(RestoreTraffic),   Held,  Held,                          Held),
        (RestoreTraffic, 1,     Enters(DeleteNewCluster, 1),   Stays,                         Stays,                         Stays, Stays,                         Stays),
        (DeleteNewCluster, 1,   Ends(RolledBack),              Enters(RestoreTraffic, 1),     Enters(RestoreTraffic, 1),     Held,  Held,                          Held),
    ];
    for (step, stage, when_done, when_drifted, when_breached, when_held, when_terminal, when_late) in table {
        let (run, now) = quiet_at(step, stage);
        let late = now + run.deadline() + SignedDuration::from_secs(1);
        for (name, result, at, expected) in [
            ("done", done(), now, &when_done),
            ("done, however late", done(), late, &when_done),
            ("not yet", not_yet(), now, &Stays),
            ("a failed attempt", transient(None), now, &Stays),
            ("drifted", drifted(), now, &when_drifted),
            ("breached", breached(), now, &when_breached),
            ("hold", needs_person(), now, &when_held),
            ("terminal", terminal(), now, &when_terminal),
            ("not yet, too late", not_yet(), late, &when_late),
            ("a failed attempt, too late", transient(None), late, &when_late),
        ] {
            assert_eq!(&becomes(&run, &decided(&run, result, at)), expected, "{step} {stage}: {name}");
        }
    }
}

#[test]
fn each_way_back_ends_with_the_new_cluster_gone_and_traffic_first() {
    for step in Step::ALL {
        let back = step.way_back();
        assert!(back.undoes(), "{step}");
        // From the first write of a pool on, the traffic comes first.
        assert_eq!(back == RestoreTraffic, step >= ValidateHealth && step != DeleteNewCluster, "{step}");
    }
}

#[test]
fn the_deadline_is_the_sites_if_it_names_one_and_has_the_watch_on_top() {
    assert_eq!(at(ShiftTraffic, 0).deadline(), SignedDuration::from_mins(30));
    assert_eq!(at(ConfirmTraffic, 0).deadline(), SignedDuration::from_mins(60 + 10));
    assert_eq!(at(Soak, 1).deadline(), SignedDuration::from_mins(60 + 60));
    let mut plan = (*at(ShiftTraffic, 0).plan).clone();
    plan.site.deadline_minutes.insert(ShiftTraffic, 5);
    let run = edited(&at(ShiftTraffic, 0), &json!({"plan": plan}));
    assert_eq!(becomes(&run, &decided(&run, not_yet(), minutes(5))), Stays);
    assert_eq!(becomes(&run, &decided(&run, not_yet(), seconds(301))), TurnsBackTo(RestoreTraffic));
}

#[test]
fn an_undoing_step_and_the_end_wait_until_nothing_older_can_act() {
    for step in [RestoreTraffic, DeleteNewCluster, RetireOldCluster] {
        let run = at(step, 1);
        let first = decided(&run, done(), NOW);
        assert_eq!(becomes(&run, &first), Stays, "{step}");
        assert_eq!(first.quiet_from, Some(NOW), "{step}");
        assert!(first.due > NOW && first.due <= seconds(180), "{step}: it looks again soon, at {}", first.due);
        let early = decided(&first, done(), seconds(179));
        assert_eq!(becomes(&first, &early), Stays, "{step}");
        assert_eq!(early.quiet_from, Some(NOW), "{step}: only the first look counts");
        assert_ne!(becomes(&early, &decided(&early, done(), seconds(180))), Stays, "{step}");
    }
}

#[test]
fn quiet_now_but_not_at_the_look_is_not_quiet() {
    let run = edited(&at(RestoreTraffic, 1), &json!({"quietFrom": NOW}));
    let after = decide(&run, Looked { at: seconds(170), result: done() }, seconds(190));
    assert_eq!(becomes(&run, &after), Stays);
    assert!(after.due > seconds(190));
}

#[test]
fn entering_a_step_forgets_the_operation_and_the_quiet_time_and_a_wait_keeps_both() {
    let mut run = at(ShiftTraffic, 0);
    let requested = Waiting { following: Some(write_of_ours("shop-1/a")), ..Waiting::because("requested") };
    run = decided(&run, Ok(Outcome::NotYet(requested)), NOW);
    run = decided(&run, not_yet(), seconds(10));
    assert_eq!(run.following, Some(write_of_ours("shop-1/a")));
    assert_eq!((run.quiet_from, run.in_force.as_ref()), (Some(NOW), None));
    run = decided(&run, Ok(Outcome::Proved("shop-1/a".into(), None)), seconds(20));
    assert_eq!((&run.following, run.quiet_from), (&None, None));
    assert_eq!(run.in_force.as_deref(), Some("shop-1/a"), "the proved write is in force");
}

#[test]
fn a_foreign_change_is_repaired_once_in_a_run_then_held() {
    let first = decided(&at(Soak, 1), drifted(), NOW);
    assert_eq!((first.step, first.repairs), (ShiftTraffic, 1));
    let mut again = decided(&first, done(), seconds(60));
    again = decided(&again, drifted(), seconds(120));
    assert_eq!((again.step, again.stage), (ConfirmTraffic, 1));
    assert!(held(&again).why.contains("somebody else writes the gateway"));
    assert!(again.journal.iter().any(|entry| entry.needs_person));
}

#[test]
fn a_way_back_that_is_undone_again_and_again_calls_a_person_and_goes_on() {
    let calls = |run: &Run| run.journal.iter().filter(|entry| entry.needs_person).count();
    let first = decided(&at(DeleteNewCluster, 0), drifted(), NOW);
    assert_eq!((first.step, calls(&first)), (RestoreTraffic, 0));
    let second = decided(&entered(&first, DeleteNewCluster, 0), breached(), seconds(210));
    assert_eq!((second.step, calls(&second), second.held.is_none()), (RestoreTraffic, 1, true));
}

#[test]
fn the_way_back_is_never_held_and_calls_a_person_once_when_it_is_late() {
    let mut run = at(RestoreTraffic, 0);
    for (round, result) in
        [not_yet(), needs_person(), terminal(), transient(None), drifted(), breached()].into_iter().enumerate()
    {
        run = decided(&run, result, minutes(31 + round as i64));
        assert!(run.held.is_none() && run.step == RestoreTraffic);
        assert!(run.due <= minutes(33 + round as i64), "it looks again within two minutes");
    }
    assert!(run.called);
    assert_eq!(run.journal.iter().filter(|entry| entry.needs_person).count(), 1);
    let slow = transient(Some(Duration::from_secs(3_600)));
    assert_eq!(decided(&run, slow, minutes(60)).due, minutes(62));
}
