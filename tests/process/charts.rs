//! `site check` with charts. A script stands in for Helm: it writes what it was asked, and what a chart came to. With a real
//! Helm on the machine the same is asked of it, too (`.ci/real-charts`).
mod clock;
mod failing;
mod told;
mod values;

use crate::child::{output, text};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// A folder with a site of one chart, and a script in the place of Helm.
fn folder(script: &str, chart: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_site(folder.path(), &json!([chart]));
    std::fs::create_dir_all(folder.path().join("proxy/templates")).unwrap();
    std::fs::write(folder.path().join("more.yaml"), "replicas: 2\n").unwrap();
    let helm = folder.path().join("helm");
    let head =
        "#!/bin/sh\n[ \"$1\" != version ] || { printf v3.19.0; exit; }\nprintf '%s\\n' \"$@\" >>\"${0%/*}/asked\"\n";
    std::fs::write(&helm, format!("{head}{script}")).unwrap();
    std::fs::set_permissions(&helm, PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// The example's site, with these controllers alone.
fn write_site(folder: &Path, controllers: &Value) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/site.json");
    let mut site: Value = serde_json::from_str(&std::fs::read_to_string(example).unwrap()).unwrap();
    (site["controllers"], site["workloads"]) = (controllers.clone(), json!([]));
    std::fs::write(folder.join("site.json"), site.to_string()).unwrap();
}

/// Writes a file of it.
fn write(folder: &TempDir, name: &str, text: &str) {
    let place = folder.path().join(name);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, text).unwrap();
}

fn check(folder: &TempDir, helm: &str) -> (Option<i32>, String) {
    let (site, helm) = (folder.path().join("site.json"), folder.path().join(helm));
    let settings = [("BLUEGREEN_HELM", helm.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    let ended = output(&["site", "check", site.to_str().unwrap()], &settings);
    (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
}

const CONFIG: &str = "cat <<'END'\n---\n# Source: proxy/templates/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: proxy}\n\
    data: {cluster: '${cluster.name}'}\nEND\n";

#[test]
fn helm_is_asked_for_what_the_site_says_of_a_chart() {
    let chart = json!({"chart": "./proxy", "name": "edge", "namespace": "edge", "valuesFile": "more.yaml",
        "values": {"host": "${cluster.name}.example"}});
    let folder = folder(CONFIG, &chart);
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let lines: Vec<_> = asked.lines().collect();
    assert_eq!((lines[0], lines[1]), ("template", "edge"));
    assert!(lines[2].ends_with("/proxy"), "{asked}");
    assert!(
        asked.contains("--namespace\nedge\n--include-crds\n--values\n") && asked.contains("/more.yaml\n"),
        "{asked}"
    );
    assert_eq!(lines.iter().filter(|line| **line == "template").count(), 2, "rendered twice: {asked}");
}

#[test]
fn what_cannot_be_published_is_said_with_its_remedy() {
    let local = json!({"chart": "proxy"});
    let random = "cat <<END\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: proxy}\ndata: {password: \"$$\"}\nEND\n";
    let typo = "cat <<END\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: proxy}\nspec: {replica: 1}\nEND\n";
    for (script, chart, words) in [
        (
            random,
            &local,
            "the chart proxy comes to something else each time it is rendered (changed: ConfigMap default/proxy at /data/password)",
        ),
        (
            "echo 'Error: execution error at (proxy/templates/x.yaml:1:3): host is required' >&2; exit 1\n",
            &local,
            "host is required",
        ),
        (
            typo,
            &local,
            "chart proxy:3: Deployment default/proxy: spec.replica: there is no such member: is replicas meant?",
        ),
        (CONFIG, &json!({"chart": "elsewhere"}), "failed to read"),
        (CONFIG, &json!({"chart": "../proxy"}), "it has an empty part, or one of . and .."),
        (CONFIG, &json!({"chart": "oci://example.com/proxy"}), "a chart that is fetched needs its exact version"),
        (
            CONFIG,
            &json!({"chart": "proxy", "repo": "https://example.com", "version": "1.x"}),
            "expected an exact version",
        ),
        (CONFIG, &json!({"file": "more.yaml", "namespace": "edge"}), "expected beside \"chart\" alone"),
        (CONFIG, &json!({"placeholders": false}), "expected \"file\", \"chart\" or \"preset\""),
    ] {
        let folder = folder(script, chart);
        let (status, said) = check(&folder, "helm");
        assert_eq!(status, Some(3), "{chart}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn templates_that_ask_the_cluster_are_named() {
    let folder = folder(CONFIG, &json!({"chart": "proxy"}));
    let template = folder.path().join("proxy/templates/secret.yaml");
    std::fs::write(template, "{{- $old := (lookup $kind \"Secret\" .Release.Namespace \"x\").data }}\n").unwrap();
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("chart proxy: its templates ask the cluster (lookup in secret.yaml), and get no answer here"),
        "{said}"
    );
}

#[test]
fn a_chart_beside_the_site_file_is_released_under_its_own_name() {
    let folder = folder(CONFIG, &json!({"chart": "proxy"}));
    std::fs::write(folder.path().join("proxy/Chart.yaml"), "apiVersion: v2\nname: edge-proxy\nversion: 1.2.3\n")
        .unwrap();
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(asked.starts_with("template\nedge-proxy\n"), "{asked}");
}

#[test]
fn a_namespace_that_a_manifest_defines_counts_more_than_the_bare_one_of_a_release() {
    let folder = folder(CONFIG, &json!({"chart": "proxy", "namespace": "edge"}));
    let place = folder.path().join("site.json");
    let mut site: Value = serde_json::from_str(&std::fs::read_to_string(&place).unwrap()).unwrap();
    let (chart, file) = (site["controllers"][0].clone(), json!({"file": "space.yaml"}));
    let space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {pod-security.kubernetes.io/enforce: baseline}}\n";
    std::fs::write(folder.path().join("space.yaml"), space).unwrap();
    for order in [json!([file, chart]), json!([chart, file])] {
        site["controllers"] = order;
        std::fs::write(&place, site.to_string()).unwrap();
        let (status, said) = check(&folder, "helm");
        assert!(status == Some(0) && !said.contains("is another one here"), "{said}");
    }
}
