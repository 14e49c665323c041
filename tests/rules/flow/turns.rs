//! Waits, gates, and what the journal keeps.
use super::*;
use bluegreen_core::run::Approval;
use bluegreen_core::run::flow::TABLE;
use bluegreen_core::step::Step::*;

#[test]
fn the_table_has_one_row_a_step_in_order_and_each_step_its_own_name() {
    for (row, step) in TABLE.iter().zip(Step::ALL) {
        assert_eq!(row.step, step);
        assert_eq!(step.row().step, step);
        assert_eq!(Step::named(step.name()), Some(step));
        assert_eq!(serde_json::to_value(step).unwrap(), step.name());
    }
    assert_eq!(Step::named("Shift"), None);
}

#[test]
fn the_next_look_is_when_the_service_asks_within_bounds() {
    let run = at(CreateCluster, 0);
    let due = |result| decided(&run, result, NOW).due;
    assert_eq!(due(not_yet()), seconds(30), "the step's own interval");
    assert_eq!(due(transient(Some(Duration::from_secs(77)))), seconds(77));
    assert_eq!(due(transient(Some(Duration::ZERO))), seconds(1));
    assert_eq!(due(transient(Some(Duration::MAX))), seconds(600));
}

#[test]
fn a_look_that_sees_nothing_new_leaves_no_line() {
    let mut run = decided(&at(CreateCluster, 0), not_yet(), NOW);
    let lines = run.journal.len();
    for round in 1..5 {
        run = decided(&run, not_yet(), seconds(30 * round));
    }
    assert_eq!(run.journal.len(), lines);
    run = decided(&run, transient(None), seconds(180));
    assert_eq!(run.journal.len(), lines + 1);
}

#[test]
fn a_gate_holds_after_the_proof_and_opens_after_one_more() {
    let gate = Gate { before: RetireOldCluster, stage: 0 };
    let soak = begun_with(vec![gate.clone()]).enter(Soak, 1, "done", NOW);
    let waiting = decided(&soak, done(), NOW);
    assert_eq!((waiting.step, held(&waiting).gate.as_ref()), (Soak, Some(&gate)));
    let mut open = waiting.release(minutes(5));
    open.approved.push(Approval { gate, by: "a person".into(), at: minutes(5), rest: serde_json::Map::new() });
    assert_eq!(decided(&open, done(), minutes(5)).step, RetireOldCluster);
    assert_eq!(decided(&open, breached(), minutes(5)).step, RestoreTraffic, "an approval is no proof");
}

#[test]
fn a_gate_before_the_shift_belongs_to_one_stage() {
    let gates = vec![Gate { before: ShiftTraffic, stage: 1 }];
    let validated = begun_with(gates.clone()).enter(ValidateHealth, 0, "done", NOW);
    assert_eq!(decided(&validated, done(), NOW).step, ShiftTraffic);
    let confirmed = begun_with(gates).enter(ConfirmTraffic, 0, "done", NOW);
    assert_eq!(held(&decided(&confirmed, done(), NOW)).gate, Some(Gate { before: ShiftTraffic, stage: 1 }));
}

#[test]
fn time_that_it_was_held_does_not_count() {
    let run = at(ShiftTraffic, 0).hold("a pause".into(), minutes(20)).release(minutes(3_000));
    assert_eq!(decided(&run, not_yet(), minutes(3_010)).step, ShiftTraffic, "30 minutes of its own are used");
    assert_eq!(decided(&run, not_yet(), minutes(3_011)).step, RestoreTraffic);
}

#[test]
fn turning_back_clears_a_hold_and_keeps_the_first_reason() {
    let run = at(Soak, 1).hold("a pause".into(), NOW);
    let back = decided(&run, breached(), minutes(1));
    assert!(back.held.is_none());
    assert_eq!(back.failure.as_deref(), Some("too many errors"));
    assert_eq!(back.turn_back("another", minutes(2)).failure.as_deref(), Some("too many errors"));
}
