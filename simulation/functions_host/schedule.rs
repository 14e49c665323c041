//! A timer's schedule: NCRONTAB with six fields, in UTC. Pure.
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// `{second} {minute} {hour} {day} {month} {day of week}`; each a `*`, a number, a range, a list, with a step.
/// Day and day of week must both fit. Five fields mean second 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    seconds: Vec<i8>,
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("the schedule {text:?} {why}");
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [seconds, minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(wrong("has not six fields"));
        };
        let read = |field: &str, least: i8, most: i8, names: &[&str]| {
            values(field, least, most, names).ok_or_else(|| wrong(&format!("has the wrong field {field:?}")))
        };
        Ok(Self {
            seconds: read(seconds, 0, 59, &[])?,
            minutes: read(minutes, 0, 59, &[])?,
            hours: read(hours, 0, 23, &[])?,
            days: read(days, 1, 31, &[])?,
            months: read(months, 1, 12, &MONTHS)?,
            weekdays: read(weekdays, 0, 6, &WEEKDAYS)?,
        })
    }

    /// The first moment after `moment` that fits. `None` when none comes within eight years (30 February).
    #[must_use]
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        let first = TimeZone::UTC.to_datetime(moment);
        let mut day = first.date();
        let mut from = Some(first.time());
        for _ in 0..366 * 8 {
            if self.has(day) {
                for time in self.times_from(from.map_or(0, jiff::civil::Time::hour)) {
                    if from.is_none_or(|from| time > from) {
                        return TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok();
                    }
                }
            }
            (day, from) = (day.tomorrow().ok()?, None);
        }
        None
    }

    pub(super) fn is_shorter_than_a_minute(&self) -> bool {
        self.seconds.len() > 1
    }

    fn has(&self, day: Date) -> bool {
        let weekday = day.weekday().to_sunday_zero_offset();
        self.days.contains(&day.day()) && self.months.contains(&day.month()) && self.weekdays.contains(&weekday)
    }

    fn times_from(&self, hour: i8) -> impl Iterator<Item = jiff::civil::Time> {
        let hours = self.hours.iter().filter(move |one| **one >= hour);
        hours.flat_map(move |hour| {
            self.minutes.iter().flat_map(move |minute| {
                self.seconds.iter().filter_map(move |second| jiff::civil::Time::new(*hour, *minute, *second, 0).ok())
            })
        })
    }
}

fn values(field: &str, least: i8, most: i8, names: &[&str]) -> Option<Vec<i8>> {
    let one = |text: &str| {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name)).and_then(|at| i8::try_from(at).ok());
        let value = named.map(|at| at + least).or_else(|| text.parse().ok())?;
        (least..=most).contains(&value).then_some(value)
    };
    let mut all = vec![];
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = match step {
            Some(step) => step.parse::<usize>().ok().filter(|step| *step > 0)?,
            None => 1,
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (one(from)?, one(to)?),
            // `5/10` goes on to the end of the range.
            None if part.contains('/') => (one(range)?, most),
            None => (one(range)?, one(range)?),
        };
        if from > to {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}
