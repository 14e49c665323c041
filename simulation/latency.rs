//! An unkind clock: how long each call to a control plane takes, and a gateway's look at its backends. Drawn from a seed.
use crate::Process;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long calls take in this world, in the world's time. What is drawn depends on the seed, the caller's name and how
/// many calls it has made: the same story each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// What decides the draws.
    pub seed: u64,
    /// How long a call takes, in milliseconds: a part of it before its effect, the rest after.
    pub call: RangeInclusive<u64>,
    /// How long a gateway's look at its backends takes, in seconds; it shows the state at its beginning or at its end.
    /// `None`: as long as the world's timings say, and it shows the state at its end.
    pub backend_health: Option<RangeInclusive<u64>>,
}

/// How many calls each caller has made.
#[derive(Debug, Default)]
pub(crate) struct Made(BTreeMap<String, u64>);

/// What is drawn for one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// From the asking to the effect.
    pub before: Duration,
    /// From the effect to the answer.
    pub after: Duration,
    /// How a gateway looks at its backends, if that is what it is asked for.
    pub look: Option<Look>,
}

/// How a gateway looks at its backends. It travels in a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub takes: Duration,
    /// It shows the state at its beginning, not at its end.
    pub at_once: bool,
}

impl Latency {
    /// 20 to 500 ms a call, 10 to 90 s for a gateway's look at its backends.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, call: 20..=500, backend_health: Some(10..=90) }
    }

    /// What the next call of this caller takes.
    pub(crate) fn draw(&self, caller: &Process, made: &mut Made) -> Drawn {
        let count = made.next(caller.name());
        let digest = Sha256::digest(format!("{}/{}/{count}", self.seed, caller.name()));
        let [whole, before, takes, at_once] = [0, 8, 16, 24].map(|at| {
            let eight = digest[at..at + 8].iter();
            eight.fold(0, |number: u64, byte| number << 8 | u64::from(*byte))
        });
        let whole = within(&self.call, whole);
        let before = within(&(0..=whole), before);
        let look = self
            .backend_health
            .as_ref()
            .map(|range| Look { takes: Duration::from_secs(within(range, takes)), at_once: at_once.is_multiple_of(2) });
        Drawn { before: Duration::from_millis(before), after: Duration::from_millis(whole - before), look }
    }
}

impl Made {
    /// The number of the next call of this caller.
    fn next(&mut self, caller: &str) -> u64 {
        match self.0.get_mut(caller) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(caller.into(), 1)),
        }
        self.0.get(caller).copied().unwrap_or_default()
    }
}

/// The number of this range that a random one stands for.
fn within(range: &RangeInclusive<u64>, random: u64) -> u64 {
    let (start, end) = (*range.start(), *range.end());
    start + random % end.saturating_sub(start).saturating_add(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_for_the_same_caller_whoever_calls_beside_it() {
        let (one, other) = (Process::new("Soak#1"), Process::new("CanaryCheck#1"));
        let (latency, mut alone, mut beside) = (Latency::of(7), Made::default(), Made::default());
        let drawn: Vec<_> = (0..50).map(|_| latency.draw(&one, &mut alone)).collect();
        let again = (0..50).map(|_| {
            latency.draw(&other, &mut beside);
            latency.draw(&one, &mut beside)
        });
        assert_eq!(again.collect::<Vec<_>>(), drawn);
        assert_ne!(Latency::of(8).draw(&one, &mut Made::default()), drawn[0]);
    }

    #[test]
    fn all_of_the_range_is_drawn_and_nothing_else() {
        let (latency, mut made) = (Latency::of(1), Made::default());
        let drawn: Vec<_> = (0..2000).map(|_| latency.draw(&Process::new("Soak#1"), &mut made)).collect();
        let whole = || drawn.iter().map(|drawn| (drawn.before + drawn.after).as_millis());
        assert!(whole().min() < Some(25) && whole().min() >= Some(20), "{:?}", whole().min());
        assert!(whole().max() > Some(495) && whole().max() <= Some(500), "{:?}", whole().max());
        let looks = || drawn.iter().filter_map(|drawn| drawn.look);
        let takes = || looks().map(|look| look.takes.as_secs());
        assert_eq!((takes().min(), takes().max()), (Some(10), Some(90)));
        let at_once = looks().filter(|look| look.at_once).count();
        assert!((900..1100).contains(&at_once), "{at_once}");
    }
}
