//! Moments for people: in this machine's time zone, with its name, and how far away they are.
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A moment as people say it, seen from another.
#[must_use]
pub fn at(moment: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (there, here) = (moment.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
    let form = if there.date() == here.date() { "%H:%M:%S %Z" } else { "%F %H:%M:%S %Z" };
    there.strftime(form).to_string()
}

/// The same, with its date.
#[must_use]
pub fn full(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::system()).strftime("%F %H:%M:%S %Z").to_string()
}

/// The same, and how far away it is.
#[must_use]
pub fn at_and_away(moment: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", at(moment, now), away(moment, now))
}

/// How far away: `in 12 min`, `3 h ago`.
#[must_use]
pub fn away(moment: Timestamp, now: Timestamp) -> String {
    let far = moment.duration_since(now);
    let length = length(far.abs());
    if far.is_negative() { format!("{length} ago") } else { format!("in {length}") }
}

/// A length of time, in the two largest units at most.
#[must_use]
pub fn length(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A text with each moment in it that is written for machines put as people say it.
#[must_use]
pub fn localised(text: &str, now: Timestamp) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', ':', '.', ')']);
        let moment = Some(bare).filter(|bare| bare.ends_with('Z') && bare.contains('T'));
        let moment = moment.and_then(|bare| bare.parse::<Timestamp>().ok());
        moment.map_or_else(|| word.to_owned(), |moment| at(moment, now) + &word[bare.len()..])
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_with_how_far_away_it_is() {
        let now: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        let said = [90, 720, -11_000, 400_000].map(|seconds| away(later(seconds), now));
        assert_eq!(said, ["in 90 s", "in 12 min", "3 h 3 min ago", "in 4 days"]);
        let text = localised("unclear since 2026-11-25T08:00:00Z, and no more", now);
        assert!(!text.contains("T08") && text.contains("unclear since ") && text.ends_with(", and no more"), "{text}");
    }
}
