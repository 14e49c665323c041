//! Calls have levels: who is told, of what, and how often.
use super::verbs::{obeyed, order};
use super::*;
use bluegreen_core::run::readiness::{Readiness, Ready};
use bluegreen_core::run::verbs::{Verb, obey};
use bluegreen_core::run::watchers::{breach, breach_of, dead_letter, know, look_now, no_way_back, sweep};
use bluegreen_core::run::{Entry, Fact, Level};
use bluegreen_core::step::Step::*;

const DAY: i64 = 24 * 60;

/// What is told of a run: level and cause.
fn told(run: &Run) -> Vec<(Level, &str)> {
    let told = |entry: &'_ Entry| entry.level() > Level::Note;
    run.journal
        .iter()
        .filter(|entry| told(entry))
        .map(|entry| (entry.level(), entry.cause.as_deref().expect("a call has a cause")))
        .collect()
}

fn calls(run: &Run) -> usize {
    told(run).iter().filter(|(level, _)| *level == Level::NeedsPerson).count()
}

fn readiness(state: Ready, why: &str) -> Readiness {
    Readiness { state, why: why.into(), since: NOW, healthy: vec![] }
}

fn inconclusive(why: &str) -> StepResult {
    let facts = vec![Fact::Readiness(readiness(Ready::Unknown, "no health yet")), Fact::Unclear(why.into())];
    Ok(Outcome::NotYet(Waiting { facts, ..Waiting::because(why) }))
}

fn well() -> StepResult {
    let facts = vec![Fact::Readiness(readiness(Ready::Ready, "the gateway finds every member healthy"))];
    Ok(Outcome::NotYet(Waiting { facts, ..Waiting::because("it is healthy") }))
}

#[test]
fn a_run_that_turns_back_by_itself_tells_it_once_and_so_does_its_end() {
    let back = decided(&at(CreateCluster, 0), terminal(), NOW);
    assert_eq!(told(&back), [(Level::TurnedBack, "turned-back")]);
    let quiet = edited(&back, &json!({"quietFrom": NOW}));
    let ended = decided(&quiet, done(), seconds(200));
    assert_eq!(told(&ended), [(Level::TurnedBack, "turned-back"), (Level::Finished, "ended")]);
    assert_eq!(told(&decided(&at(CheckPlan, 0), terminal(), NOW)), [(Level::TurnedBack, "rejected")]);
    let breached = breach(&at(Soak, 1), &"too many errors".into(), NOW);
    assert_eq!(told(&breached), [(Level::TurnedBack, "turned-back")]);
}

#[test]
fn what_a_person_orders_calls_nobody() {
    for verb in [Verb::Pause, Verb::Abort, Verb::RollBack] {
        for step in [CreateCluster, ConfirmTraffic, Soak] {
            let run = obeyed(&at(step, 1), verb).unwrap();
            assert_eq!(told(&run), [], "{verb:?} at {step}");
            assert_eq!(
                sweep(&edited(&run, &json!({"due": minutes(99_999)})), minutes(9_999)),
                None,
                "{verb:?}: nor later"
            );
        }
    }
}

#[test]
fn whatever_holds_a_run_calls_at_once_and_daily_until_a_person_speaks() {
    let held_run = decided(&at(Soak, 1), needs_person(), NOW);
    assert_eq!(told(&held_run), [(Level::NeedsPerson, "held/Soak/1")]);
    assert_eq!(sweep(&held_run, minutes(DAY)), None);
    let again = sweep(&held_run, minutes(DAY + 1)).unwrap();
    assert_eq!(told(&again), [(Level::NeedsPerson, "held/Soak/1"); 2]);
    assert_eq!(sweep(&again, minutes(2 * DAY)), None, "once a day");
    let resumed = obey(&held_run, &order(&held_run, Verb::Resume), minutes(1)).unwrap();
    let held_again = decided(&resumed, needs_person(), minutes(2));
    assert_eq!(calls(&held_again), 2, "a person has spoken: it is news");
}

#[test]
fn a_way_back_that_does_not_end_calls_once_a_day() {
    let mut run = at(RestoreTraffic, 1);
    for minute in 0..3 * DAY {
        run = decided(&run, not_yet(), minutes(minute));
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "late/RestoreTraffic"); 3]);
}

#[test]
fn a_sweep_without_a_look_calls_once_a_day() {
    let mut run = at(SyncWorkloads, 0);
    for minute in 0..2 * DAY {
        run = sweep(&run, minutes(minute)).unwrap_or(run);
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "nothing-moves/SyncWorkloads"); 2]);
}

#[test]
fn dead_letters_of_the_way_back_call_once() {
    let mut run = at(RestoreTraffic, 0);
    for minute in 0..30 {
        run = dead_letter(&run, RestoreTraffic, run.hop, "it panicked", minutes(minute)).unwrap();
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "dead-letters/RestoreTraffic")]);
}

#[test]
fn a_retiring_run_of_format_1_that_is_breached_calls_once_and_not_each_minute() {
    let retiring = edited(&at(RetireOldCluster, 1), &json!({"format": 1}));
    let mut run = breach_of(&retiring, &retiring, &"too many errors".into(), NOW).unwrap();
    let hop = run.hop;
    for minute in 1..60 {
        run = breach_of(&run, &run, &format!("{minute} errors").into(), minutes(minute)).unwrap_or(run);
    }
    assert_eq!((calls(&run), run.hop), (1, hop));
    assert_eq!(calls(&sweep(&run, minutes(DAY + 1)).unwrap()), 2);
}

#[test]
fn a_reason_that_changes_calls_once_and_the_hold_has_the_newest() {
    let mut run = at(Soak, 1);
    for minute in 0..60 {
        let why = format!("both are ill at 10.1.31.{}", minute % 4);
        run = no_way_back(&run, readiness(Ready::NotReady, "ill"), &why, minutes(minute)).unwrap_or(run);
    }
    assert_eq!((calls(&run), held(&run).why.as_str()), (1, "both are ill at 10.1.31.3"));
    assert_eq!((held(&run).since, held(&run).called), (NOW, NOW), "it lasts since then");
    let again = sweep(&run, minutes(DAY + 1)).unwrap();
    assert_eq!(told(&again), [(Level::NeedsPerson, "both-ill/Soak/1"); 2]);
}

#[test]
fn a_new_cluster_that_falls_ill_when_there_is_no_way_back_is_a_call_of_its_own() {
    let lost = Outcome::NoWayBack(readiness(Ready::NotReady, "Stopped"), "there is no way back: it is Stopped".into());
    let held_run = decided(&at(Soak, 1), Ok(lost), NOW);
    let ill = no_way_back(&held_run, readiness(Ready::NotReady, "Stopped"), "both are ill", minutes(7)).unwrap();
    let expected = [(Level::NeedsPerson, "no-way-back/Soak/1"), (Level::NeedsPerson, "both-ill/Soak/1")];
    assert_eq!(told(&ill), expected);
    assert_eq!(held(&ill).since, NOW);
}

#[test]
fn drift_of_a_held_run_calls_once_whatever_comes_between() {
    let mut run = decided(&at(Soak, 1), needs_person(), NOW);
    for minute in 0..60 {
        run = look_now(&run, ["another mark", "other members"][minute as usize % 2], minutes(minute)).unwrap_or(run);
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "held/Soak/1"), (Level::NeedsPerson, "drifted")]);
}

#[test]
fn a_lost_way_back_calls_at_once_and_daily_while_it_lasts() {
    let lost = || readiness(Ready::NotReady, "the old cluster (blue) is Stopped");
    let mut run = at(ConfirmTraffic, 0);
    for minute in 0..2 * DAY {
        run = know(&run, lost(), None, None, minutes(minute)).unwrap_or(run);
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "way-back-lost"); 2]);
    let said = run.journal.iter().find(|entry| entry.level() == Level::NeedsPerson).unwrap();
    assert_eq!(said.what, "there is no way back: the old cluster (blue) is Stopped");
    assert_eq!(told(&know(&at(CreateCluster, 0), lost(), None, None, NOW).unwrap()), [], "no traffic has moved");
}

#[test]
fn what_cannot_be_told_for_five_minutes_calls_with_the_reason_that_is_true() {
    // Asking and judging take turns: what is said is what was judged.
    let ill = "the gateway finds the old cluster unhealthy at 10.1.15.1";
    let asked = || Ok(Outcome::NotYet(Waiting::because("the gateway is asked what its probes see")));
    for is_last_asked in [false, true] {
        let mut run = at(ConfirmTraffic, 0);
        for half in 0..=10 {
            assert_eq!(calls(&run), 0, "before {half} half minutes");
            run = decided(&run, asked(), seconds(30 * half));
            run = decided(&run, inconclusive(ill), seconds(30 * half + 1));
        }
        let (level, cause) = told(&run)[0];
        assert_eq!((level, cause), (Level::NeedsPerson, "inconclusive/ConfirmTraffic/0"));
        assert!(run.journal.last().unwrap().what.ends_with(ill), "{:?}", run.journal.last());
        let last = if is_last_asked { asked() } else { inconclusive(ill) };
        let late = decided(&run, last, minutes(200));
        assert_eq!(held(&late).why, format!("ConfirmTraffic was not done in time: {ill}"));
    }
}

#[test]
fn no_answer_at_all_calls_too_and_a_well_one_ends_it() {
    let mut run = at(Soak, 1);
    for minute in 0..=5 {
        run = decided(&run, transient(None), minutes(minute));
    }
    assert!(run.journal.last().unwrap().what.ends_with("throttled"));
    assert_eq!(told(&run), [(Level::NeedsPerson, "inconclusive/Soak/1")]);
    let mut run = at(Soak, 1);
    for minute in 0..60 {
        let seen = if minute % 4 == 3 { well() } else { inconclusive("no health yet") };
        run = decided(&run, seen, minutes(minute));
    }
    assert_eq!(told(&run), []);
}

#[test]
fn the_watch_sees_it_where_the_step_looks_rarely() {
    let ready = || readiness(Ready::Ready, "every member is healthy");
    let mut run = know(&at(Soak, 1), ready(), None, None, NOW).unwrap();
    let hop = run.hop;
    for minute in 0..60 {
        let seen = (minute >= 10).then_some("no health yet of 10.1.31.1");
        run = know(&run, ready(), seen, None, minutes(minute)).unwrap_or(run);
    }
    assert_eq!(told(&run), [(Level::NeedsPerson, "inconclusive/Soak/1")]);
    assert_eq!(run.hop, hop + 2, "one for its beginning, one for the call");
    assert!(know(&run, ready(), None, None, minutes(61)).unwrap().unclear.is_none());
}
