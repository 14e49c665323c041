//! The listener of a timer function: one at a time, by its schedule.
use super::{
    definition::{Function, Trigger},
    encoding::{quoted, set, sys},
    instance::Instance,
    invocation,
    monitor::Status,
    shared::Shared,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Fires by the schedule, until the host drains. It never ends by itself.
pub(super) async fn run(shared: &Shared, instance: &Instance, function: &Function) {
    let Trigger::Timer { schedule, monitored, at_start } = &function.trigger else { return };
    let clock = shared.azure.clock();
    let began = clock.now();
    let Some(mut next) = schedule.after(began).filter(|_| shared.options.run_timers) else {
        return std::future::pending().await;
    };
    let remembered = shared.monitor.of(&function.name).filter(|_| *monitored);
    let missed = remembered.is_some_and(|status| status.next <= began);
    if remembered.is_none() {
        shared.monitor.remember(&function.name, Status { last: None, next });
    }
    let mut is_unscheduled = missed || *at_start;
    loop {
        let due = async {
            if is_unscheduled {
                // A missed tick, or the one of each start, comes about a second after the start.
                clock.sleep(Duration::from_secs(1)).await;
            } else {
                clock.until(next).await;
            }
        };
        tokio::select! {
            biased;
            () = instance.drained() => return std::future::pending().await,
            () = due => {}
        }
        let fired = clock.now();
        let status = shared.monitor.of(&function.name).filter(|_| *monitored);
        let envelope = envelope(function, status, is_unscheduled && missed, fired, &shared.count.guid(), None);
        // A failure is not retried: the next tick is the next try.
        let _ = invocation::invoke(shared, instance, function, &envelope).await;
        // A tick that passed meanwhile is served at once.
        let Some(after) = schedule.after(fired) else { return std::future::pending().await };
        next = after;
        shared.monitor.remember(&function.name, Status { last: Some(fired), next });
        is_unscheduled = false;
    }
}

/// What the child is told by a timer; `input` is given when somebody fires it by hand.
pub(super) fn envelope(
    function: &Function,
    status: Option<Status>,
    is_past_due: bool,
    now: Timestamp,
    guid: &str,
    input: Option<&str>,
) -> Value {
    let date = |moment: Option<Timestamp>| {
        let precise = moment.map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.f+00:00").to_string());
        precise.unwrap_or_else(|| "0001-01-01T00:00:00+00:00".into())
    };
    let status = status.map(
        |status| json!({"Last": date(status.last), "Next": date(Some(status.next)), "LastUpdated": date(status.last)}),
    );
    let mut data = Map::new();
    let info = json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": status, "IsPastDue": is_past_due});
    data.insert(function.binding.clone(), info);
    let mut metadata = Map::new();
    if let Some(input) = input {
        set(&mut metadata, &function.binding, quoted(input));
    }
    metadata.insert("sys".into(), sys(&function.name, now, guid));
    json!({"Data": data, "Metadata": metadata})
}
