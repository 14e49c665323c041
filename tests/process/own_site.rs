//! A site file of one's own, played in the shop's world: the example's with the article's controllers, and with today's. What
//! their charts came to lies in `tests/fixtures/charts`; a script in the place of Helm writes it.
use crate::child::{output, text};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

const HELM: &str = r#"#!/bin/sh
values() { while [ $# -gt 1 ]; do [ "$1" != --values ] || cat "$2"; shift; done; }
case "$1" in
version) printf v3.19.0 ;;
pull) while [ $# -gt 1 ]; do [ "$1" != --untardir ] || mkdir -p "$2/chart/templates"; shift; done ;;
template)
    case "$2" in
    aad-pod-identity) cat "$CHARTS/aad-pod-identity.yaml" ;;
    ingress-azure)
        if values "$@" | grep -q servicePrincipal; then way=service-principal; else way=workload-identity; fi
        cat "$CHARTS/ingress-azure-$way.yaml"
        ;;
    *) printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n' "$2" ;;
    esac
    ;;
esac
"#;

/// Runs the command with a site file of the example.
fn played(command: &[&str], file: &str, cloud: &str) -> (Option<i32>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: TempDir = tempfile::tempdir().unwrap();
    let helm = folder.path().join("helm");
    let charts = root.join("tests/fixtures/charts");
    std::fs::write(&helm, HELM.replace("$CHARTS", charts.to_str().unwrap())).unwrap();
    std::fs::set_permissions(&helm, PermissionsExt::from_mode(0o755)).unwrap();
    let file = root.join("examples/shop").join(file);
    let settings = [("BLUEGREEN_HELM", helm.to_str().unwrap()), ("PATH", "/usr/bin:/bin"), ("AZURE_CLOUD", cloud)];
    let arguments: Vec<_> = command.iter().copied().chain(["--site", file.to_str().unwrap()]).collect();
    let ended = output(&arguments, &settings);
    (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
}

#[test]
fn the_articles_controllers_and_todays_come_up_in_a_simulated_world() {
    for (file, cloud, words) in [
        ("article.json", "AzureChinaCloud", "AAD pod identity is deprecated"),
        ("modern.json", "AzurePublicCloud", "4 controllers and 1 workloads"),
    ] {
        let (status, said) = played(&["simulate", "--json"], file, cloud);
        assert_eq!(status, Some(0), "{file}: {said}");
        assert!(said.contains(words) && said.contains("\"ending\":\"upgraded\""), "{file}: {said}");
        assert!(said.contains("\"failed\":0,"), "{file}: {said}");
    }
}

#[test]
fn todays_controllers_come_up_over_sockets() {
    let (status, said) = played(&["local", "--speed", "300", "--json"], "modern.json", "AzurePublicCloud");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("\"ending\":\"upgraded\"") && said.contains("\"failed\":0,"), "{said}");
}

#[test]
fn what_is_wrong_with_the_file_is_said_before_anything_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.json");
    std::fs::write(&file, r#"{"name": "Shop"}"#).unwrap();
    let ended = output(&["simulate", "--site", file.to_str().unwrap()], &[]);
    let said = text(&ended.stdout) + &text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("to mend") && !said.contains("UPGRADED"), "{said}");
}
