//! Cores that a quota has left: now, and as large as a cluster may become.
use super::world::{assert_refused, old, seen, set};
use crate::example::plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check, warnings};
use serde_json::json;

const FINE: Verdict = Verdict::Fine { delete_leftover: false };

#[test]
fn cores_are_counted_when_usages_are_at_hand() {
    let mut short = seen();
    set(short.usages.as_mut().unwrap(), "/value/1/limit", json!(23));
    assert_refused(&plan(), &short, "needs 12 cores of standardDSv5Family, but 12 of 23 are in use");
    assert_eq!(check(&plan(), &Seen { usages: None, ..short.clone() }), FINE);
    set(old(&mut short), "/properties/agentPoolProfiles/0/scaleSetPriority", json!("Spot"));
    assert_eq!(check(&plan(), &short), FINE);
}

#[test]
fn cores_that_only_a_load_or_a_surge_needs_are_a_warning() {
    let mut seen = seen();
    let said = |seen: &Seen| warnings(&plan(), seen).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    // Three nodes of four cores fit exactly: a surge of 10 % is one node more.
    assert!(
        said(&seen)
            .contains("a surge may add the new cluster needs 16 cores of standardDSv5Family, but 12 of 24 are in use")
    );
    for (member, value) in [("enableAutoScaling", json!(true)), ("maxCount", json!(10))] {
        set(old(&mut seen), &format!("/properties/agentPoolProfiles/0/{member}"), value);
    }
    for quota in ["/value/0/limit", "/value/1/limit"] {
        set(seen.usages.as_mut().unwrap(), quota, json!(55));
    }
    assert!(said(&seen).contains("needs 44 cores of cores, but 12 of 55 are in use"), "{}", said(&seen));
    assert_eq!(check(&plan(), &seen), FINE);
    for quota in ["/value/0/limit", "/value/1/limit"] {
        set(seen.usages.as_mut().unwrap(), quota, json!(56));
    }
    assert_eq!(said(&seen), "");
}
