//! Charts that ask what time it is.
use super::{check, folder, write};
use serde_json::json;

fn made(value: &str) -> String {
    format!("cat <<END\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: proxy}}\ndata: {{made: \"{value}\"}}\nEND\n")
}

#[test]
fn a_time_in_an_object_is_refused_however_fast_helm_is() {
    // The second rendering comes in another second, and on another day.
    for value in ["$(date +%s)", "$TZ"] {
        let folder = folder(&made(value), &json!({"chart": "proxy"}));
        write(&folder, "proxy/templates/_names.tpl", "{{- define \"made\" }}{{ now | unixEpoch }}{{ end }}");
        let (status, said) = check(&folder, "helm");
        assert_eq!(status, Some(3), "{value}: {said}");
        assert!(said.contains("at /data/made") && said.contains("time"), "{value}: {said}");
    }
}

#[test]
fn a_time_that_comes_by_the_values_is_looked_for_too() {
    let chart = json!({"chart": "proxy", "values": {"notes": ["{{ date \"2006\" now }}"]}});
    let folder = folder(&made("$(date +%s)"), &chart);
    let (status, said) = check(&folder, "helm");
    assert!(status == Some(3) && said.contains("at /data/made"), "{said}");
}

#[test]
fn one_that_is_asked_for_and_lands_nowhere_is_named() {
    let folder = folder(&made("plain"), &json!({"chart": "proxy"}));
    write(&folder, "proxy/templates/dates.yaml", "{{- if gt (now | unixEpoch | int) 1 }}{{ end }}");
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("chart proxy: its templates ask what time it is (now in dates.yaml)"), "{said}");
}
