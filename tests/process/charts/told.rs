//! What Helm is told of the cluster: the definitions that lie there before a chart.
use super::{CONFIG, check, folder, write, write_site};
use serde_json::json;

const GATE: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gates.edge.example}\n\
    spec:\n  group: edge.example\n  scope: Namespaced\n  names: {kind: Gate, plural: gates}\n  versions:\n  \
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n";

/// Fails as a chart does that looks for a kind.
fn needing_gates(made: &str) -> String {
    format!("case \"$*\" in *edge.example/v1/Gate*) ;; *) echo 'Error: define Gate first' >&2; exit 1 ;; esac\n{made}")
}

#[test]
fn what_an_earlier_file_defines_is_there_for_a_chart() {
    let chart = json!({"chart": "proxy"});
    let folder = folder(&needing_gates(CONFIG), &chart);
    write(&folder, "gates.yaml", GATE);
    write_site(folder.path(), &json!([{"file": "gates.yaml"}, chart]));
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    write_site(folder.path(), &json!([chart, {"file": "gates.yaml"}]));
    let (status, said) = check(&folder, "helm");
    assert!(status != Some(0) && said.contains("define Gate first"), "it comes too late: {said}");
}

#[test]
fn what_a_chart_brings_itself_is_there_before_its_templates() {
    let folder = folder(&needing_gates(&format!("cat <<'END'\n---\n{GATE}END\n{CONFIG}")), &json!({"chart": "proxy"}));
    write(&folder, "proxy/crds/gates.yaml", GATE);
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn what_a_part_that_is_off_would_bring_is_not_there() {
    let folder = folder(CONFIG, &json!({"chart": "proxy"}));
    write(&folder, "proxy/charts/gates/crds/gates.yaml", GATE);
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let last = asked.rsplit("template\n").next().unwrap();
    assert!(!last.contains("edge.example"), "{asked}");
}
