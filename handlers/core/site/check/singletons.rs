//! What may run in one cluster only: named once each, by names that an object can have; and who waits for them.
use super::{Mistake, mistake};
use crate::resources::answers::{list, shortened, text};
use crate::step::Step;
use crate::workload::singletons::in_slot;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut mistakes = vec![];
    for (index, one) in list(file, "/singletons").iter().enumerate() {
        let key = (text(one, "/kind"), text(one, "/namespace"), text(one, "/name"));
        for (member, value) in [("namespace", key.1), ("name", key.2)] {
            if one.get(member).is_some_and(Value::is_string) && !is_name(&in_slot(value, "blue", "aks")) {
                let what = format!(
                    "expected the {member} of an object (${{slot.colour}} and ${{cluster.name}} can be in it), found {:?}",
                    shortened(value)
                );
                mistakes.push(mistake(format!("/singletons/{index}/{member}"), what));
            }
        }
        match seen.get(&key) {
            Some(first) => {
                mistakes.push(mistake(format!("/singletons/{index}"), format!("it is at /singletons/{first} already")));
            }
            None => drop(seen.insert(key, index)),
        }
    }
    mistakes.extend(waited_for(file, seen.is_empty()));
    mistakes
}

/// A gate before a step, and a deadline of one, to which no run of the site comes.
fn waited_for(file: &Value, is_empty: bool) -> Vec<Mistake> {
    if !is_empty {
        return vec![];
    }
    let step = Step::MoveSingletons.name();
    let what = format!("{step} is for sites with singletons, and this one names none");
    let gates = list(file, "/gates").iter().enumerate().filter(|(_, gate)| text(gate, "/before") == step);
    let places = gates.map(|(index, _)| format!("/gates/{index}/before"));
    let deadline = format!("/deadlineMinutes/{step}");
    let deadline = file.pointer(&deadline).is_some().then_some(deadline);
    places.chain(deadline).map(|place| mistake(place, what.as_str())).collect()
}

/// By RFC 1123, with dots.
fn is_name(text: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 253
        && text.chars().all(is_good)
        && ends_well(text.chars().next())
        && ends_well(text.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(file: &Value) -> Vec<String> {
        mistakes(file).into_iter().map(|mistake| mistake.to_string()).collect()
    }

    #[test]
    fn each_is_named_once_and_can_be_an_object() {
        let one = json!({"kind": "CronJob", "namespace": "shop", "name": "nightly"});
        assert_eq!(places(&json!({"singletons": [one]})), [""; 0]);
        assert!(places(&json!({"singletons": [one, one]}))[0].contains("/singletons/1"));
        let odd = json!({"kind": "CronJob", "namespace": "Shop", "name": "-x"});
        assert_eq!(places(&json!({"singletons": [odd]})).len(), 2);
    }

    #[test]
    fn nobody_waits_for_a_step_that_no_run_takes() {
        let mut file = json!({"gates": [{"before": "MoveSingletons"}], "deadlineMinutes": {"MoveSingletons": 5}});
        assert_eq!(places(&file).len(), 2);
        file["singletons"] = json!([{"kind": "CronJob", "namespace": "shop", "name": "nightly"}]);
        assert_eq!(places(&file), [""; 0]);
    }
}
