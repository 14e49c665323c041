//! Waits, gates, and what the journal keeps.
use super::*;
use bluegreen_core::step::Step::*;
use bluegreen_core::step::TABLE;

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
    let soak = entered(&begun_with(vec![gate.clone()]), Soak, 1);
    let waiting = decided(&soak, done(), NOW);
    assert_eq!((waiting.step, held(&waiting).gate.as_ref()), (Soak, Some(&gate)));
    let open = json!({"held": null, "approved": [{"gate": gate, "by": "a person", "at": minutes(5)}]});
    let open = edited(&waiting, &open);
    assert_eq!(decided(&open, done(), minutes(5)).step, RetireOldCluster);
    assert_eq!(decided(&open, breached(), minutes(5)).step, RestoreTraffic, "an approval is no proof");
}

#[test]
fn a_gate_before_the_shift_belongs_to_one_stage() {
    let gates = vec![Gate { before: ShiftTraffic, stage: 1 }];
    let validated = entered(&begun_with(gates.clone()), ValidateHealth, 0);
    assert_eq!(decided(&validated, done(), NOW).step, ShiftTraffic);
    let confirmed = entered(&begun_with(gates), ConfirmTraffic, 0);
    assert_eq!(held(&decided(&confirmed, done(), NOW)).gate, Some(Gate { before: ShiftTraffic, stage: 1 }));
}

#[test]
fn time_that_it_was_held_does_not_count() {
    let held = edited(
        &at(ShiftTraffic, 0),
        &json!({"held": {"why": "a pause", "since": minutes(20), "gate": null, "called": NOW}}),
    );
    let run = verbs::resumed(&held, minutes(3_000));
    assert_eq!(decided(&run, not_yet(), minutes(3_010)).step, ShiftTraffic, "30 minutes of its own are used");
    assert_eq!(decided(&run, not_yet(), minutes(3_011)).step, RestoreTraffic);
}

#[test]
fn turning_back_clears_a_hold_and_keeps_the_first_reason() {
    let run = held_since(&at(Soak, 1), "a pause", None);
    let back = decided(&run, breached(), minutes(1));
    assert!(back.held.is_none());
    assert_eq!(back.failure.as_deref(), Some("too many errors"));
    let again = decided(&entered(&back, Soak, 1), Ok(Outcome::Breached("another".into())), minutes(2));
    assert_eq!(again.failure.as_deref(), Some("too many errors"));
}
