//! What a real server fills in of each kind, beside what we fill in. `.ci/real-kubernetes` lets the server's own types print it.
use kinds::Type;
use kinds::defaults::fill_in;
use serde_json::Value;

/// The file in which each line has an object of one kind before and after.
const FILE: &str = "BLUEGREEN_DEFAULTS";
/// What another part of the server fills in, or takes: which, and why.
const ACCEPTED: &[(&str, &str)] = &[
    ("StatefulSet.spec.volumeClaimTemplates[].apiVersion", "written when it is converted"),
    ("StatefulSet.spec.volumeClaimTemplates[].kind", "written when it is converted"),
    ("DaemonSet.metadata.annotations", "written when it is converted"),
];

#[test]
#[ignore = "needs what a real server's types print: .ci/real-kubernetes runs this"]
#[expect(clippy::disallowed_methods, reason = "where the file is is no setting of ours")]
fn what_a_server_fills_in_is_filled_in() {
    let file = std::env::var_os(FILE).expect("BLUEGREEN_DEFAULTS names a file");
    let (mut known, mut found) = (0, vec![]);
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| line["before"][member].as_str().unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if Type::of(api_version, kind).is_none() {
            continue;
        }
        known += 1;
        let mut ours = line["before"].clone();
        fill_in(api_version, kind, &mut ours);
        walk(&line["after"], &ours, &format!("{api_version} {kind}"), &mut found);
    }
    println!("{known} kinds, {} differences", found.len());
    assert!(found.is_empty() && known > 50, "{known} kinds\n{}", found.join("\n"));
}

fn walk(real: &Value, ours: &Value, place: &str, found: &mut Vec<String>) {
    match (real, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names.filter(|name| *name != "status") {
                let of = |members: &serde_json::Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                walk(&of(one), &of(other), &format!("{place}.{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).for_each(|(one, other)| walk(one, other, &format!("{place}[]"), found));
        }
        _ if real == ours || ACCEPTED.iter().any(|(part, _)| place.ends_with(part)) => {}
        _ => found.push(format!("{place}: real {real} ours {ours}")),
    }
}
