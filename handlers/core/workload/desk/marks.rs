//! The annotations by which a manifest speaks to us: misspelt, or with a value that means nothing, nobody would obey them.
use super::Weight;
use crate::resources::answers::shortened;
use crate::workload::apply_set::PART_OF;
use crate::workload::conditions::WAIT;
use crate::workload::fence::{FENCED, is_fenced};
use crate::workload::pins::PINNED;
use crate::workload::prune::PRUNE;
use crate::workload::refusal::TAKE_OVER;
use crate::workload::seen::{APPLIED, SAYS_WHY};
use crate::workload::singletons::SINGLETON;
use crate::workload::spelling::meant;
use serde_json::Value;

const PREFIX: &str = "aks-bluegreen";
/// What people write, and the values that mean something.
const FOR_PEOPLE: [(&str, &[&str]); 3] = [(TAKE_OVER, &["true", "false"]), (WAIT, &["ignore"]), (PRUNE, &["ignore"])];
/// What presets write, too.
const OF_PRESETS: [&str; 2] = [FENCED, SAYS_WHY];
/// What runs write on what is in a cluster.
const OF_RUNS: [&str; 3] = [APPLIED, PINNED, SINGLETON];
/// Places at which no such annotation is looked for.
const ELSEWHERE: [&str; 4] = [
    "/metadata/labels",
    "/spec/template/metadata/annotations",
    "/spec/template/metadata/labels",
    "/spec/jobTemplate/spec/template/metadata/annotations",
];

/// What is wrong with the annotations for us.
pub(super) fn mistakes(object: &Value) -> Vec<(Weight, String)> {
    let mut said = vec![];
    for (key, value) in members(object, "/metadata/annotations") {
        if let Some((known, values)) = FOR_PEOPLE.iter().find(|(known, _)| known == key) {
            let is_open = value.as_str().is_none_or(|value| value.contains("${") || values.contains(&value));
            if !is_open {
                let values = values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" or ");
                let what = format!("the annotation {known} means something with {values} alone, and is {}", cut(value));
                said.push((Weight::Refuses, what));
            }
        } else if OF_RUNS.contains(&key.as_str()) {
            said.push((
                Weight::Warns,
                format!("the annotation {key} is what runs write, and means nothing here: take it out"),
            ));
        } else if is_for_us(key) && !OF_PRESETS.contains(&key.as_str()) {
            said.push(match known(key) {
                Some(known) => {
                    (Weight::Refuses, format!("nothing reads the annotation {}: is {known} meant?", shortened(key)))
                }
                None => (Weight::Warns, format!("nothing is known here that reads the annotation {}", shortened(key))),
            });
        }
    }
    if object["metadata"]["labels"].get(PART_OF).is_some() {
        let what = format!("it has the label {PART_OF}, so that it stays a member of that set, and is never pruned");
        said.push((Weight::Notes, what));
    }
    for place in ELSEWHERE {
        for (key, _) in members(object, place).filter(|(key, _)| FOR_PEOPLE.iter().any(|(known, _)| known == key)) {
            let what =
                format!("{key} is read in metadata.annotations alone, and stands in {}", place[1..].replace('/', "."));
            said.push((Weight::Refuses, what));
        }
    }
    said
}

/// Why a fence keeps what is to run from running: then it would count as ready with no pod.
pub(super) fn wrongly_fenced(object: &Value) -> Option<String> {
    (is_fenced(object) && object["spec"]["replicas"] != 0).then(|| {
        format!(
            "by its annotation {FENCED} it would be made with 0 replicas, and count as ready so: take that out, or say replicas: 0"
        )
    })
}

fn members<'a>(object: &'a Value, place: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.pointer(place).and_then(Value::as_object).into_iter().flatten()
}

fn is_for_us(key: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    prefix == PREFIX || meant(prefix, [PREFIX]).is_some()
}

fn known(key: &str) -> Option<&'static str> {
    let name = key.split_once('/').map_or(key, |(_, name)| name);
    let names = FOR_PEOPLE.iter().map(|(known, _)| &known[PREFIX.len() + 1..]);
    // With the right name it is the prefix that is misspelt.
    let near = names.clone().find(|known| *known == name).or_else(|| meant(name, names))?;
    FOR_PEOPLE.iter().map(|(known, _)| *known).find(|known| known.ends_with(near))
}

fn cut(value: &Value) -> String {
    shortened(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(annotations: &Value) -> Vec<(Weight, String)> {
        mistakes(&json!({"kind": "ConfigMap", "metadata": {"name": "x", "annotations": annotations}}))
    }

    #[test]
    fn what_means_something_passes() {
        for annotations in [
            json!({"aks-bluegreen/take-over": "true", "aks-bluegreen/ready": "ignore"}),
            json!({"aks-bluegreen/prune": "ignore"}),
            json!({"aks-bluegreen/take-over": "${run.id}", "aks-bluegreen/fenced": "true"}),
            json!({"example.com/ready": "yes", "ready": "no", "kubernetes.io/take-over": "x"}),
            json!(null),
        ] {
            assert_eq!(said(&annotations), [], "{annotations}");
        }
    }

    #[test]
    fn what_is_misspelt_is_refused_with_what_is_meant() {
        for (key, value, words) in [
            ("aks-bluegreen/takeover", "true", "is aks-bluegreen/take-over meant?"),
            ("aks-bluegreen/take_over", "true", "is aks-bluegreen/take-over meant?"),
            ("aks-bluegreen/redy", "ignore", "is aks-bluegreen/ready meant?"),
            ("aks-blue-green/ready", "ignore", "is aks-bluegreen/ready meant?"),
            ("aksbluegreen/take-over", "true", "is aks-bluegreen/take-over meant?"),
            ("aks-bluegreen/take-over", "yes", "with \"true\" or \"false\" alone, and is \"yes\""),
            ("aks-bluegreen/ready", "Ignore", "with \"ignore\" alone, and is \"Ignore\""),
            ("aks-bluegreen/ready", "false", "with \"ignore\" alone"),
            ("aks-bluegreen/prune", "false", "with \"ignore\" alone"),
            ("aks-bluegreen/prun", "ignore", "is aks-bluegreen/prune meant?"),
        ] {
            let said = said(&json!({key: value}));
            assert!(said.len() == 1 && said[0].0 == Weight::Refuses && said[0].1.contains(words), "{key}: {said:?}");
        }
        assert_eq!(said(&json!({"aks-bluegreen/colour-of-the-sky": "x"}))[0].0, Weight::Warns);
    }

    #[test]
    fn a_member_of_another_set_is_named() {
        let object = json!({"kind": "ConfigMap", "metadata": {"labels": {PART_OF: "applyset-theirs-v1"}}});
        assert!(matches!(mistakes(&object).as_slice(), [(Weight::Notes, what)] if what.contains("never pruned")));
    }

    #[test]
    fn what_runs_write_is_warned_of_in_a_file() {
        for ours in [APPLIED, PINNED, SINGLETON] {
            let said = said(&json!({ours: "x"}));
            assert!(matches!(said.as_slice(), [(Weight::Warns, what)] if what.contains("runs write")), "{said:?}");
        }
    }

    #[test]
    fn a_fence_around_what_is_to_run_is_refused() {
        let fenced = |kind: &str, spec: Value| {
            wrongly_fenced(&json!({"kind": kind, "metadata": {"annotations": {FENCED: "true"}}, "spec": spec}))
        };
        for spec in [json!({"replicas": 3}), json!({}), json!(null)] {
            assert!(fenced("Deployment", spec).unwrap().contains("would be made with 0 replicas"));
        }
        assert_eq!(fenced("Deployment", json!({"replicas": 0})), None);
        assert_eq!(fenced("StatefulSet", json!({"replicas": 3})), None, "only a Deployment is fenced");
    }

    #[test]
    fn what_stands_where_nobody_reads_it_is_refused() {
        let object = json!({"kind": "Deployment", "metadata": {"labels": {"aks-bluegreen/ready": "ignore"}},
            "spec": {"template": {"metadata": {"annotations": {"aks-bluegreen/take-over": "true"}}}}});
        let said = mistakes(&object);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[1].1.contains("and stands in spec.template.metadata.annotations"), "{said:?}");
    }
}
