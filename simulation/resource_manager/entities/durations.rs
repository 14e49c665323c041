//! Durations as Service Bus writes them. Pure.
use std::time::Duration;

/// As long as a message can live.
pub(super) const FOR_EVER: &str = "P10675199DT2H48M5.4775807S";

/// A duration as ISO 8601 has it: `PT3M`, `P1D`.
pub(super) fn iso(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 86400, "D"), (seconds / 3600 % 24, "H"), (seconds / 60 % 60, "M"), (seconds % 60, "S")];
    let text = |parts: &[(u64, &str)]| -> String {
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
    };
    match (text(&parts[..1]), text(&parts[1..])) {
        (days, clock) if clock.is_empty() && !days.is_empty() => format!("P{days}"),
        (days, clock) if clock.is_empty() => format!("P{days}T0S"),
        (days, clock) => format!("P{days}T{clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_azure_writes_them() {
        for (seconds, text) in [(180, "PT3M"), (86400, "P1D"), (0, "PT0S"), (90061, "P1DT1H1M1S"), (30, "PT30S")] {
            assert_eq!(iso(Duration::from_secs(seconds)), text);
        }
    }
}
