//! Tests of what the load generator counts.
use super::seen::Seen;
use super::sending::{Outcome, said};
use crate::traffic::Answer;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

fn answered(status: u16, cluster: Option<&str>) -> Outcome {
    Outcome::Answered(Answer { status, cluster: cluster.map(Into::into), version: None })
}

fn seen_after(outcomes: Vec<Outcome>) -> Seen {
    let mut seen = Seen::new(&["shop"], Timestamp::UNIX_EPOCH);
    seen.book.excuse("blue", "1970-01-01T00:00:10Z".parse().unwrap(), "1970-01-01T00:01:00Z".parse().unwrap());
    let now = Instant::now();
    for (second, outcome) in outcomes.into_iter().enumerate() {
        let at = Timestamp::from_second(second as i64 * 8).unwrap();
        seen.note(0, outcome, &BTreeSet::new(), at, now, Duration::from_millis(second as u64));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn the_generators_own_failures_are_in_no_other_number() {
    let seen = &mut seen_after(vec![answered(200, Some("blue")), Outcome::Own("no ports".into())]);
    let report = seen.report(Duration::from_secs(1));
    assert_eq!((report.report.sent, report.report.failed, report.unsent), (1, 0, 1));
    assert_eq!(report.unsent_because.as_deref(), Some("no ports"));
    assert_eq!(seen.snapshot(Instant::now()).rate, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_have_reasons_and_excuses_as_the_probers_have() {
    let outcomes = vec![
        answered(200, Some("blue")),
        answered(404, None),
        answered(500, Some("blue")),
        answered(502, None),
        Outcome::Unanswered("reset".into()),
        answered(500, Some("green")),
        answered(404, Some("green")),
    ];
    let report = seen_after(outcomes).report(Duration::from_secs(1));
    assert_eq!((report.report.sent, report.report.failed, report.report.excused), (7, 2, 3));
    let seen: Vec<_> = report.failures.iter().map(|one| (one.reason.as_str(), one.excused)).collect();
    let expected = [
        ("404 of the gateway", false),
        ("500 of blue", true),
        ("502 of the gateway", true),
        ("reset", true),
        ("500 of green", false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(report.longest.as_millis(), 6, "in milliseconds, as the seventh took");
}

#[tokio::test(start_paused = true)]
async fn the_last_second_shows_the_shares() {
    let mut seen = Seen::new(&["shop"], Timestamp::UNIX_EPOCH);
    for number in 0..40 {
        let cluster = if number < 20 || number % 4 == 0 { "blue" } else { "green" };
        let nobody = BTreeSet::new();
        seen.note(0, answered(200, Some(cluster)), &nobody, Timestamp::UNIX_EPOCH, Instant::now(), Duration::ZERO);
        tokio::time::advance(Duration::from_millis(50)).await;
    }
    let shown = seen.snapshot(Instant::now());
    assert_eq!((shown.rate, shown.sent), (20, 40));
    assert_eq!(shown.shares["green"], 0.75);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!((seen.snapshot(Instant::now()).rate, seen.snapshot(Instant::now()).shares.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn percentiles_hold_from_microseconds_to_hours() {
    let mut seen = Seen::new(&["shop"], Timestamp::UNIX_EPOCH);
    let mut after = |latency: Duration| {
        seen.note(0, answered(200, Some("blue")), &BTreeSet::new(), Timestamp::UNIX_EPOCH, Instant::now(), latency);
        let report = seen.report(Duration::from_secs(1));
        (report.p50, report.p99, report.longest)
    };
    let near = |seen: Duration, real: Duration| seen.abs_diff(real) <= real / 500;
    for milliseconds in 1..=100 {
        after(Duration::from_millis(milliseconds));
    }
    let (p50, p99, longest) = after(Duration::from_micros(80));
    assert!(near(p50, Duration::from_millis(50)) && near(p99, Duration::from_millis(99)), "{p50:?} {p99:?}");
    assert!(near(longest, Duration::from_millis(100)), "{longest:?}");
    let (.., longest) = after(Duration::from_secs(100_000));
    assert!(near(longest, Duration::from_secs(3_600)), "the longest that is told apart: {longest:?}");
}

#[test]
fn a_machine_without_ports_or_file_handles_is_told_from_a_gateway_that_refuses() {
    let own = |error: io::Error| matches!(said(&error), Outcome::Own(_));
    assert!(own(io::Error::from(io::ErrorKind::AddrNotAvailable)));
    assert!(own(io::Error::from_raw_os_error(24)));
    assert!(!own(io::Error::from(io::ErrorKind::ConnectionRefused)));
    assert!(!own(io::Error::from(io::ErrorKind::ConnectionReset)));
}
