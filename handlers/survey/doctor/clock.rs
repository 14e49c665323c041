//! This machine's time against Azure's: tokens and schedules go wrong where they differ.
use super::{Observed, Row};
use jiff::SignedDuration;

const CHECK: &str = "clock";
/// An HTTP date has whole seconds, and an answer takes its time.
const MOST: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    if seen.elsewhere.is_empty() {
        return vec![Row::skipped(CHECK, "times are not compared: the world hurries", "")];
    }
    let judge = |(name, time): &(&'static str, super::Looked<jiff::Timestamp>)| {
        let time = match time {
            Ok(time) => *time,
            Err(_) => return Row::skipped(CHECK, format!("{name} told no time"), "see the findings about it"),
        };
        let apart = seen.here.duration_since(time);
        if apart.abs() <= MOST {
            return Row::well(CHECK, format!("this machine and {name} are {} s apart", apart.abs().as_secs()));
        }
        let direction = if apart.is_positive() { "ahead of" } else { "behind" };
        let what = format!("this machine is {} s {direction} {name}", apart.abs().as_secs());
        Row::finding(CHECK, what, "let this machine follow a time server (timedatectl set-ntp true)")
    };
    seen.elsewhere.iter().map(judge).collect()
}
