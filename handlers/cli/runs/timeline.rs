//! A run as a timeline: each line with the step before and after, and what the gateway held from then on.
use crate::cli::status;
use crate::cli::times::full;
use crate::resources::gateway::Members;
use crate::run::{Entry, Level, Run};
use crate::text::plain;
use jiff::Timestamp;

/// The whole of it.
#[must_use]
pub fn timeline(run: &Run, now: Timestamp) -> String {
    let mut text = status::line(run, now);
    if run.left_out > 0 {
        text.push_str(&format!("  ({} older lines of the journal were left out)\n", run.left_out));
    }
    text.push_str(&members("before", &run.plan.before()));
    let mut before = None;
    for ((number, entry), stage) in run.numbered().zip(run.stages_in_force()) {
        text.push_str(&line(number, entry));
        if stage != before {
            let held = stage.map_or_else(|| run.plan.before(), |stage| run.plan.at_stage(stage));
            text.push_str(&members("from now on", &held));
            before = stage;
        }
    }
    text
}

/// A line of a journal stays one line, whatever its texts are.
#[must_use]
pub fn line(number: u32, entry: &Entry) -> String {
    let flag = match entry.level() {
        Level::Note => String::new(),
        level => format!(" ({})", level.words()),
    };
    let moved = if entry.before == entry.after { String::new() } else { format!(" -> {}", entry.after) };
    let (at, who, what) = (full(entry.at), plain(&entry.who), plain(&entry.what));
    format!("  {number:>4}  {at}  {who:<18} {what}{moved}{flag}\n")
}

fn members(when: &str, members: &Members) -> String {
    let pool = |(name, addresses): &(String, Vec<std::net::Ipv4Addr>)| {
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        format!("{name}: {}", if addresses.is_empty() { "nothing".to_owned() } else { addresses.join(" ") })
    };
    let pools: Vec<_> = members.iter().map(pool).collect();
    format!("        the gateway's members {when}: {}\n", pools.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an older binary kept it: nothing was cut or made plain then.
    #[test]
    fn a_line_stays_a_line_and_moves_no_cursor() {
        let what = "pause: \u{1b}[2Jall is well\n  12:00  person:ceo  approve";
        let entry = serde_json::json!({"at": "2026-11-25T08:00:00Z", "who": "person:x\u{9b}m", "what": what,
            "before": "Soak", "after": "Soak", "needsPerson": false});
        let shown = line(1, &serde_json::from_value(entry).unwrap());
        assert!(shown.ends_with('\n') && shown.lines().count() == 1, "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}']) && shown.contains(r"\u{1b}[2Jall is well\n"), "{shown}");
    }
}
