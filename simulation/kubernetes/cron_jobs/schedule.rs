//! Pure: when a CronJob is due, and what it has missed.
use cronexpr::{Crontab, parse_crontab};
use jiff::Timestamp;
use serde_json::Value;

/// Words for schedules.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Five fields or a word for them, and where the clock hangs.
pub(super) fn parsed(spec: &Value) -> Option<Crontab> {
    let schedule = spec["schedule"].as_str()?.trim();
    let fields = WORDS.iter().find(|(word, _)| *word == schedule).map_or(schedule, |(_, fields)| *fields);
    parse_crontab(&format!("{fields} {}", spec["timeZone"].as_str().unwrap_or("UTC"))).ok()
}

/// The next moment after this one.
pub(super) fn after(schedule: &Crontab, moment: Timestamp) -> Option<Timestamp> {
    let next = schedule.find_next(moment.to_string().as_str()).ok()?;
    Timestamp::from_second(next.timestamp().as_second()).ok()
}

/// The last moment of the schedule for which no Job was made. Of several that were missed only that one counts.
pub(super) fn missed(cron: &Value, schedule: &Crontab, now: Timestamp) -> Option<Timestamp> {
    let moment = |at: &str| cron.pointer(at).and_then(Value::as_str)?.parse::<Timestamp>().ok();
    let earliest = moment("/status/lastScheduleTime").or_else(|| moment("/metadata/creationTimestamp"))?;
    let moments = std::iter::successors(after(schedule, earliest), |last| after(schedule, *last));
    moments.take_while(|moment| *moment <= now).last()
}
