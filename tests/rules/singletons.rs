//! Every order in which the writes of a hand-over can arrive, on the way forward, turned back at any moment, with what was sent
//! last arriving late: what may run in one cluster only never runs in both.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

use bluegreen_core::resources::merge::merge_patch;
use bluegreen_core::workload::singletons::{SingletonKind, is_off, marked, start, stop};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RUN: &str = "shop-1";
const KIND: SingletonKind = SingletonKind::CronJob;

/// Which cluster.
type Side = usize;
const BLUE: Side = 0;
const GREEN: Side = 1;

/// The same object in both clusters, what is on its way to it, and which way the run goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    objects: [String; 2],
    sent: BTreeSet<(Side, String)>,
    back: bool,
}

/// Rules of the protocol, each to be taken out.
#[derive(Clone, Copy)]
struct Rules {
    /// A write names the version that was looked at.
    versions: bool,
    /// The way back says anew that it stops, where the way forward had.
    says_anew: bool,
}

impl State {
    fn first() -> Self {
        let object = |suspended: bool, annotations: Value| {
            json!({"kind": "CronJob", "spec": {"suspend": suspended},
                "metadata": {"resourceVersion": "1", "annotations": annotations}})
            .to_string()
        };
        // As it is applied to the new cluster.
        let mark = json!({"run": RUN, "stopped": true, "was": false}).to_string();
        let applied = json!({"aks-bluegreen/singleton": mark});
        Self { objects: [object(false, json!({})), object(true, applied)], sent: BTreeSet::new(), back: false }
    }

    fn object(&self, side: Side) -> Value {
        serde_json::from_str(&self.objects[side]).unwrap()
    }

    fn runs(&self, side: Side) -> bool {
        !is_off(KIND, &self.object(side))
    }

    /// What a look sends: the same as `steps::singletons` does.
    fn look(&self, rules: Rules) -> Option<(Side, Value)> {
        let (from, to) = if self.back { (GREEN, BLUE) } else { (BLUE, GREEN) };
        let (leaves, comes) = (self.object(from), self.object(to));
        if let Some(patch) = stop(KIND, &leaves, None, RUN, self.back && rules.says_anew) {
            return Some((from, patch));
        }
        let own = marked(&comes).filter(|mark| mark.run == RUN && mark.stopped).map(|mark| mark.was);
        let with = if self.back { own } else { marked(&leaves).map(|mark| mark.was).or(own) };
        start(KIND, &comes, RUN, with.as_ref()).map(|patch| (to, patch))
    }

    /// One write arrives.
    fn arrived(&self, sent: &(Side, String), rules: Rules) -> Self {
        let mut next = self.clone();
        next.sent.remove(sent);
        let (side, patch) = (sent.0, serde_json::from_str::<Value>(&sent.1).unwrap());
        let mut object = self.object(side);
        let is_newest = patch["metadata"]["resourceVersion"] == object["metadata"]["resourceVersion"];
        if is_newest || !rules.versions {
            let version: u64 = object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
            merge_patch(&mut object, &patch);
            object["metadata"]["resourceVersion"] = (version + 1).to_string().into();
            next.objects[side] = object.to_string();
        }
        next
    }

    /// Everything that may happen next. A look whose run was turned back meanwhile may still send what it has decided.
    fn next(&self, rules: Rules) -> Vec<Self> {
        let mut all: Vec<_> = self.sent.iter().map(|sent| self.arrived(sent, rules)).collect();
        if let Some((side, patch)) = self.look(rules) {
            let mut next = self.clone();
            next.sent.insert((side, patch.to_string()));
            all.push(next);
        }
        if !self.back {
            all.push(Self { back: true, ..self.clone() });
        }
        all
    }
}

/// How many states there are, and the first in which it runs twice, or in the wrong cluster at last.
fn explored(rules: Rules) -> (usize, Option<State>) {
    let (mut known, mut open) = (BTreeSet::from([State::first()]), vec![State::first()]);
    while let Some(state) = open.pop() {
        if state.runs(BLUE) && state.runs(GREEN) {
            return (known.len(), Some(state));
        }
        // When nothing is left to do, it runs where the run went.
        if state.sent.is_empty() && state.look(rules).is_none() {
            let serves = if state.back { BLUE } else { GREEN };
            if !state.runs(serves) || state.runs(1 - serves) {
                return (known.len(), Some(state));
            }
        }
        for next in state.next(rules) {
            if known.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    (known.len(), None)
}

#[test]
fn it_never_runs_in_both_clusters_whatever_comes_late() {
    let (states, wrong) = explored(Rules { versions: true, says_anew: true });
    assert!(wrong.is_none(), "{wrong:?}");
    assert!(states > 20, "{states} states");
    for broken in [Rules { versions: false, says_anew: true }, Rules { versions: true, says_anew: false }] {
        assert!(explored(broken).1.is_some(), "each rule is needed");
    }
}
