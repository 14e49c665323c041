//! Timers on the simulated clock, which starts at 08:04:35.
use super::stage::{Handler, Stage, always, done, on_timer, pass, status};
use http::StatusCode;
use serde_json::{Value, json};
use simulated_azure::functions_host::HostOptions;
use std::{sync::Arc, time::Duration};

fn taking(seconds: f64) -> Handler {
    Arc::new(move |_, _, _| {
        Box::pin(async move {
            pass(seconds).await;
            done()
        })
    })
}

fn tick(schedule: &str) -> Value {
    json!({"Tick": on_timer(schedule)})
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_at_its_moments_and_remembers_the_last() {
    let stage = Stage::set("ticks", &json!({}), &tick("0 * * * * *"), HostOptions::default(), always(done));
    pass(150.0).await;
    assert_eq!(stage.times(), [25_000, 85_000, 145_000]);
    let statuses: Vec<Value> =
        stage.seen().iter().map(|seen| seen.envelope()["Data"]["timer"]["ScheduleStatus"].clone()).collect();
    assert_eq!(statuses[0]["Last"], "0001-01-01T00:00:00+00:00");
    assert_eq!(statuses[0]["Next"], "2026-11-23T08:05:00+00:00");
    assert_eq!(statuses[1]["Last"], "2026-11-23T08:05:00+00:00");
    assert_eq!(statuses[1]["Next"], "2026-11-23T08:06:00+00:00");
}

#[tokio::test(start_paused = true)]
async fn a_slow_timer_is_served_again_when_it_ends_and_never_beside_itself() {
    let stage = Stage::set("slow", &json!({}), &tick("*/5 * * * * *"), HostOptions::default(), taking(12.0));
    pass(35.0).await;
    assert_eq!(stage.times(), [5_000, 17_000, 29_000]);
    assert!(stage.seen().iter().all(|seen| seen.envelope()["Data"]["timer"]["IsPastDue"] == false));
}

#[tokio::test(start_paused = true)]
async fn a_failed_tick_is_not_tried_again() {
    let stage =
        Stage::set("failed-tick", &json!({}), &tick("0 * * * * *"), HostOptions::default(), always(|| status(500)));
    pass(60.0).await;
    assert_eq!(stage.times(), [25_000]);
    assert_eq!(stage.host.counters().functions["Tick"].failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_tick_missed_by_a_stopped_host_is_past_due_unless_it_is_not_monitored() {
    let mut unmonitored = on_timer("0 * * * * *");
    unmonitored["bindings"][0]["useMonitor"] = json!(false);
    let functions = json!({"Tick": on_timer("0 * * * * *"), "Blind": unmonitored});
    let options = HostOptions { restart_stopped_host_after: Some(Duration::from_secs(70)), ..super::together() };
    let stage = Stage::set("past-due", &json!({}), &functions, options, always(done));
    pass(30.0).await;
    for _ in 0..3 {
        stage.host.exit_child("Tick", 1);
        pass(0.5).await;
    }
    pass(75.0).await;
    let seen = stage.seen();
    let blind: Vec<i64> = seen.iter().filter(|seen| seen.target == "/Blind").map(|seen| seen.at).collect();
    assert_eq!(blind, [25_000], "it only lost a tick");
    let ticks: Vec<_> = seen.iter().filter(|seen| seen.target == "/Tick").collect();
    assert_eq!(ticks.len(), 2);
    let timer = &ticks[1].envelope()["Data"]["timer"];
    assert_eq!(timer["IsPastDue"], true);
    assert_eq!(timer["ScheduleStatus"]["Last"], "2026-11-23T08:05:00+00:00");
    assert_eq!(timer["ScheduleStatus"]["Next"], "2026-11-23T08:06:00+00:00");
}

#[tokio::test(start_paused = true)]
async fn timers_that_are_off_fire_by_hand_only() {
    let options = HostOptions { run_timers: false, ..HostOptions::default() };
    let stage = Stage::set("by-hand", &json!({}), &tick("0 * * * * *"), options, always(done));
    pass(100.0).await;
    assert!(stage.seen().is_empty());
    assert_eq!(stage.host.admin_invoke("tick", "now"), StatusCode::ACCEPTED);
    assert_eq!(stage.host.admin_invoke("nobody", ""), StatusCode::NOT_FOUND);
    pass(1.0).await;
    assert_eq!(stage.seen()[0].envelope()["Metadata"]["timer"], "\"now\"");
}
