//! Pure: how long ago something was, as kubectl prints it.
use jiff::Timestamp;
use serde_json::Value;

/// How long ago a moment was, in the one or two units that kubectl prints: `45s`, `3m12s`, `7h5m`, `4d`.
pub(in crate::kubernetes) fn age(moment: &Value, now: Timestamp) -> String {
    let Some(moment) = moment.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return "<unknown>".into();
    };
    span(now.duration_since(moment).as_secs().max(0))
}

/// A span of seconds, as kubectl prints it.
pub(super) fn span(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, smaller: &str| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{smaller}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ages_are_what_kubectl_prints() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (moment, expected) in [
            ("2026-11-25T11:58:30Z", "90s"),
            ("2026-11-25T11:56:48Z", "3m12s"),
            ("2026-11-25T11:00:00Z", "60m"),
            ("2026-11-25T07:55:00Z", "4h5m"),
            ("2026-11-24T12:00:00Z", "24h"),
            ("2026-11-21T10:00:00Z", "4d2h"),
            ("2026-10-25T12:00:00Z", "31d"),
            ("2026-11-25T13:00:00Z", "0s"),
            ("never", "<unknown>"),
        ] {
            assert_eq!(age(&json!(moment), now), expected, "{moment}");
        }
    }
}
