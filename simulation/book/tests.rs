//! Tests of the prober's book.
use super::{Book, Report};
use crate::traffic::Answer;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn nobody() -> BTreeSet<String> {
    BTreeSet::new()
}

fn answer(status: u16, cluster: Option<&str>) -> Answer {
    Answer { status, cluster: cluster.map(Into::into), version: None }
}

fn counts(report: &Report) -> (u64, u64, u64) {
    (report.sent, report.failed, report.excused)
}

#[test]
fn failures_of_a_cluster_that_the_script_breaks_are_excused() {
    let mut book = Book::new(&["shop"], at(0));
    book.note(0, Some(&answer(200, Some("blue"))), &nobody(), at(0));
    book.excuse("blue", at(10), at(20));
    book.note(0, Some(&answer(500, Some("blue"))), &nobody(), at(12));
    book.note(0, Some(&answer(502, None)), &nobody(), at(13));
    assert_eq!(counts(&book.report()), (3, 0, 2));
}

#[test]
fn a_failure_before_or_after_or_of_another_cluster_has_no_excuse() {
    let mut book = Book::new(&["shop", "candidate"], at(0));
    book.note(0, Some(&answer(200, Some("blue"))), &nobody(), at(0));
    book.excuse("blue", at(10), at(20));
    book.note(0, Some(&answer(502, None)), &nobody(), at(9));
    book.note(0, Some(&answer(502, None)), &nobody(), at(20));
    book.note(0, Some(&answer(500, Some("green"))), &nobody(), at(15));
    book.note(1, Some(&answer(502, None)), &nobody(), at(15));
    book.note(0, None, &nobody(), at(21));
    let report = book.report();
    assert_eq!(counts(&report), (6, 5, 0));
    let seen: Vec<_> = report.failures.iter().map(|one| (one.at.as_second(), one.host.as_str(), one.status)).collect();
    assert_eq!(seen[0], (9, "shop", Some(502)));
    assert_eq!(seen[3], (15, "candidate", Some(502)));
    assert_eq!(seen[4], (21, "shop", None));
}

#[test]
fn a_cluster_that_served_long_ago_excuses_nothing() {
    let mut book = Book::new(&["shop"], at(0));
    book.note(0, Some(&answer(200, Some("blue"))), &nobody(), at(0));
    book.note(0, Some(&answer(200, Some("green"))), &nobody(), at(100));
    book.excuse("blue", at(100), at(200));
    book.note(0, Some(&answer(502, None)), &nobody(), at(150));
    assert_eq!(counts(&book.report()), (3, 1, 0));
}

#[test]
fn a_minute_shows_the_share_of_each_cluster() {
    let mut book = Book::new(&["shop/buy"], at(0));
    for second in 0..120 {
        let cluster = if second % 4 == 0 || second >= 60 { "green" } else { "blue" };
        book.note(0, Some(&answer(200, Some(cluster))), &nobody(), at(second));
    }
    let report = book.report();
    let shares: Vec<_> = report.minutes.iter().map(|minute| (minute.from.as_second(), minute.share("green"))).collect();
    assert_eq!(shares, [(0, 0.25), (60, 1.0)]);
    assert_eq!((report.clusters["blue"].sent, report.clusters["green"].sent), (45, 75));
    assert_eq!(report.seconds.len(), 120);
}

#[test]
fn turns_between_clusters_are_no_news_but_a_new_cluster_and_a_failure_are() {
    let mut book = Book::new(&["shop"], at(0));
    for second in 0..20 {
        book.note(0, Some(&answer(200, Some(if second % 2 == 0 { "blue" } else { "green" }))), &nobody(), at(second));
    }
    assert_eq!(book.surprised, Some(at(1)));
    book.note(0, Some(&answer(502, None)), &nobody(), at(30));
    assert_eq!(book.surprised, Some(at(30)));
}

#[test]
fn only_the_first_failures_are_kept_one_by_one() {
    let mut book = Book::new(&["shop"], at(0));
    for second in 0..1_000 {
        book.note(0, None, &nobody(), at(second));
    }
    let report = book.report();
    assert_eq!((report.failed, report.failures.len()), (1_000, 100));
    assert_eq!(report.failures[99].at, at(99));
}

#[test]
fn the_gateways_own_failure_is_excused_when_nobody_but_the_excused_cluster_is_behind_it() {
    let mut book = Book::new(&["shop"], at(0));
    book.excuse("green", at(5), at(60));
    let behind = |clusters: &[&str]| clusters.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    book.note(0, Some(&answer(502, None)), &behind(&["green"]), at(10));
    book.note(0, Some(&answer(502, None)), &behind(&["blue", "green"]), at(11));
    book.note(0, Some(&answer(502, None)), &nobody(), at(12));
    let report = book.report();
    assert_eq!((report.excused, report.failed), (1, 2));
}
