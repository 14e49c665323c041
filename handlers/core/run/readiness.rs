//! Whether the old cluster could take the traffic back, and whether going back is right: judged from both sides.
use super::Run;
use crate::resources::gateway::{Health, health};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::Ipv4Addr;

/// Whether the old cluster could take the traffic back, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// What is known.
    pub state: Ready,
    /// The evidence, or why there is none.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// Members that were healthy in the candidate pool since the traffic moved: only of these a loss can be told there.
    pub healthy: Vec<Ipv4Addr>,
}

/// What is known of a cluster that might take the traffic back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ready {
    /// The gateway finds every member healthy.
    Ready,
    /// There is evidence of a loss. Going back needs more than that the new cluster is ill.
    NotReady,
    /// Nobody can tell. It blocks no way back.
    Unknown,
}

impl Ready {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready to take the traffic back",
            Self::NotReady => "not ready to take the traffic back",
            Self::Unknown => "of unknown readiness",
        }
    }
}

/// One side, as the gateway's probes see its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Found healthy, wherever they are a member.
    pub healthy: Vec<Ipv4Addr>,
    /// Out of rotation somewhere.
    pub ill: Vec<Ipv4Addr>,
    /// Nobody knows (yet).
    pub unknown: Vec<Ipv4Addr>,
}

/// Both sides of a run under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// The members of the new cluster that carry traffic.
    pub new: Side,
    /// All members of the old cluster: those that carry traffic, and those in the candidate pool.
    pub old: Side,
    /// Those of the old cluster that carry traffic.
    pub serving: Vec<Ipv4Addr>,
    /// How many of the old cluster are in no pool, so that nobody asks them.
    pub idle: usize,
    /// Why the old cluster cannot serve, whatever its probes say: it is stopped, gone, another one.
    pub lost: Option<String>,
    /// What makes the old cluster ill is the run itself, which brings it back.
    pub comes_back: bool,
}

/// Why the traffic goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The evidence.
    pub why: String,
    /// No member of the new cluster is left that could serve: nothing is lost by going back at once.
    pub unserved: bool,
}

impl From<String> for Breach {
    fn from(why: String) -> Self {
        Self { why, unserved: false }
    }
}

impl From<&str> for Breach {
    fn from(why: &str) -> Self {
        Self::from(why.to_owned())
    }
}

/// What both sides together say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every member that carries traffic is healthy.
    Well,
    /// Neither well nor ill.
    Inconclusive(String),
    /// The new cluster is worse than the old one: back.
    Breached(Breach),
    /// The new cluster is ill, but going back would help nobody.
    NoWayBack(String),
}

impl Sides {
    /// What the gateway says of both, while it has the members of this stage.
    #[must_use]
    pub fn of(run: &Run, stage: usize, answer: &Value, lost: Option<String>) -> Self {
        let (old, new) = (&run.plan.old_slot().addresses, &run.plan.new_slot().addresses);
        let live: &[Ipv4Addr] = run.plan.stages.get(stage).map_or(old, |stage| &stage.members);
        let pools = &run.plan.site.pools;
        let (new_side, old_side, comes_back) = (Side::default(), Side::default(), run.can_bring_back());
        let mut sides = Self { new: new_side, old: old_side, serving: vec![], idle: 0, lost, comes_back };
        for address in live {
            let seen = pools.live.iter().map(|pool| in_pool(answer, pool, *address)).max().flatten();
            if new.contains(address) {
                sides.new.add(*address, seen);
            } else {
                sides.serving.push(*address);
                sides.old.add(*address, seen);
            }
        }
        let idle: Vec<_> = old.iter().filter(|address| !live.contains(address)).collect();
        // Only when all traffic is on the new cluster the candidate pool holds the old one.
        sides.idle = if sides.serving.is_empty() { 0 } else { idle.len() };
        for address in idle {
            sides.old.add(*address, in_pool(answer, &pools.candidate, *address));
        }
        sides
    }

    /// What is known of the old cluster now, after this was known.
    #[must_use]
    pub fn readiness(&self, before: Option<&Readiness>, now: Timestamp) -> Readiness {
        let mut healthy = before.map(|before| before.healthy.clone()).unwrap_or_default();
        // One that serves is judged by another probe, with another host, than the candidate pool's.
        let as_candidate = |address: &&Ipv4Addr| !self.serving.contains(address) && !healthy.contains(address);
        let found: Vec<_> = self.old.healthy.iter().filter(as_candidate).copied().collect();
        healthy.extend(found);
        let fallen: Vec<_> = self.fallen(&healthy);
        let (state, why) = match (&self.lost, fallen.is_empty(), self.old.ill.is_empty(), self.old.unknown.is_empty()) {
            (Some(why), ..) => (Ready::NotReady, why.clone()),
            (None, false, ..) => {
                (Ready::NotReady, format!("the gateway finds the old cluster unhealthy at {}", list(&fallen)))
            }
            (None, true, false, _) => {
                let why = "never healthy in the candidate pool since the traffic moved, though it may serve well";
                (Ready::Unknown, format!("{} {why}", list(&self.old.ill)))
            }
            (None, true, true, false) => (Ready::Unknown, format!("no health yet of {}", list(&self.old.unknown))),
            (None, true, true, true) => (Ready::Ready, "the gateway finds every member healthy".to_owned()),
        };
        let same = before.filter(|before| (before.state, &before.why) == (state, &why));
        Readiness { state, why, since: same.map_or(now, |before| before.since), healthy }
    }

    /// Whether to go back. The larger healthy share wins; equal ones mean a shared cause, which no way back mends. Members
    /// of the old cluster of which nobody can tell count as healthy, for the unknown blocks no way back; but where some of it
    /// serve, those that no pool has are like them.
    #[must_use]
    pub fn judge(&self, readiness: &Readiness) -> Verdict {
        let ill = list(&self.new.ill);
        if self.new.ill.is_empty() {
            let old_ill: Vec<_> =
                self.old.ill.iter().filter(|address| self.serving.contains(address)).copied().collect();
            let unknown: Vec<_> = self.serving_unknown();
            return match (old_ill.is_empty(), unknown.is_empty()) {
                (false, _) => {
                    Verdict::Inconclusive(format!("the gateway finds the old cluster unhealthy at {}", list(&old_ill)))
                }
                (true, false) => Verdict::Inconclusive(format!("no health yet of {}", list(&unknown))),
                (true, true) => Verdict::Well,
            };
        }
        let why = format!("the gateway finds the new cluster unhealthy at {ill}");
        if let Some(lost) = &self.lost {
            return Verdict::NoWayBack(format!("{why}; there is no way back: {lost}"));
        }
        let fallen = self.fallen(&readiness.healthy);
        let (old, new) = (self.old.len() - self.idle, self.new.len());
        let (old_well, new_well) = (old.saturating_sub(fallen.len()), new.saturating_sub(self.new.ill.len()));
        if self.comes_back || (old_well > 0 && old_well * new > new_well * old) {
            return Verdict::Breached(Breach { why, unserved: self.serves_nobody() });
        }
        Verdict::NoWayBack(format!(
            "{why}, and the old one at {}: {new_well} of {new} against {old_well} of {old}, so going back would help nobody",
            list(&fallen)
        ))
    }

    /// Whether no member of the new cluster is left that could serve.
    #[must_use]
    pub fn serves_nobody(&self) -> bool {
        !self.new.ill.is_empty() && self.new.ill.len() == self.new.len()
    }

    /// Members of the old cluster that were healthy, or carry traffic, and are not healthy now.
    fn fallen(&self, healthy: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
        let counts = |address: &&Ipv4Addr| healthy.contains(address) || self.serving.contains(address);
        self.old.ill.iter().filter(counts).copied().collect()
    }

    fn serving_unknown(&self) -> Vec<Ipv4Addr> {
        let old = self.old.unknown.iter().filter(|address| self.serving.contains(address));
        self.new.unknown.iter().chain(old).copied().collect()
    }
}

impl Side {
    fn add(&mut self, address: Ipv4Addr, seen: Option<Health>) {
        match seen {
            Some(Health::Healthy) => self.healthy.push(address),
            Some(Health::Unhealthy) => self.ill.push(address),
            Some(Health::Unknown) | None => self.unknown.push(address),
        }
    }

    fn len(&self) -> usize {
        self.healthy.len() + self.ill.len() + self.unknown.len()
    }
}

/// The health of a member in a pool. A pool that does not list it says less than one that finds it healthy.
fn in_pool(answer: &Value, pool: &str, address: Ipv4Addr) -> Option<Health> {
    health(answer, pool, &[address]).first().and_then(|(_, seen)| *seen).or(Some(Health::Unknown))
}

fn list(addresses: &[Ipv4Addr]) -> String {
    addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `h` is healthy, `i` ill, `u` unknown.
    fn side(of: &str, first: u8) -> Side {
        let mut side = Side::default();
        for (number, seen) in (first..).zip(of.chars()) {
            let seen = match seen {
                'h' => Some(Health::Healthy),
                'i' => Some(Health::Unhealthy),
                _ => None,
            };
            side.add(Ipv4Addr::new(10, 1, 0, number), seen);
        }
        side
    }

    /// So many of the old ones serve, and the others are in no pool.
    fn goes_back(old: &str, serve: u8, new: &str) -> bool {
        let serving: Vec<_> = (0..serve).map(|number| Ipv4Addr::new(10, 1, 0, number)).collect();
        let idle = if serve == 0 { 0 } else { old.len() - usize::from(serve) };
        let sides = Sides { new: side(new, 100), old: side(old, 0), serving, idle, lost: None, comes_back: false };
        let healthy = sides.old.ill.clone();
        let readiness = Readiness { state: Ready::Ready, why: String::new(), since: Timestamp::UNIX_EPOCH, healthy };
        matches!(sides.judge(&readiness), Verdict::Breached(_))
    }

    #[test]
    fn in_mixed_stages_those_that_serve_speak_for_those_that_nobody_asks() {
        assert!(!goes_back("iiiu", 3, "i"), "both are ill, and the fourth is like the three");
        assert!(!goes_back("iuuu", 1, "hhi"), "two of three serve, and of the old cluster nobody knows a healthy one");
        assert!(goes_back("huuu", 1, "hhi"));
        assert!(goes_back("hhiu", 3, "i"));
    }

    #[test]
    fn when_all_traffic_is_on_the_new_cluster_the_unknown_blocks_no_way_back() {
        assert!(goes_back("uuuu", 0, "hhhi"));
        assert!(goes_back("iuuu", 0, "iiii"));
        assert!(!goes_back("iiii", 0, "hhhi"));
        assert!(!goes_back("hhhi", 0, "hhhi"), "a shared cause is mended by no way back");
    }
}
