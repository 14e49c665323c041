//! `site check` with the files beside a site file: what is wrong with them is said before anything is made.
use crate::child::{output, text};
use serde_json::{Value, json};
use std::path::Path;

/// The example's site, with these files as its workloads.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    write_site(folder.path(), &names, |_| {});
    folder
}

fn write_site(folder: &Path, workloads: &[&str], change: impl FnOnce(&mut Value)) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/site.json");
    let mut site: Value = serde_json::from_str(&std::fs::read_to_string(example).unwrap()).unwrap();
    site["controllers"] = json!([]);
    site["workloads"] = workloads.iter().map(|file| json!({"file": file})).collect();
    change(&mut site);
    std::fs::write(folder.join("site.json"), site.to_string()).unwrap();
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let ended = output(&["site", "check", folder.join("site.json").to_str().unwrap()], &[]);
    (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
}

fn config(name: &str, more: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n{more}\n")
}

#[test]
fn every_mistake_in_the_files_is_said_with_its_file_and_line() {
    for (content, words) in [
        ("a: {{ .Values.x }}\n", "Is it a template? Render it first"),
        ("apiVersion: v1\nkind: ConfigMap\n", "has no metadata.name"),
        ("metadata: {name: x}\n", "has no apiVersion"),
        (&config("x", "data: {url: \"${datasource}\"}"), "${datasource} is no placeholder that we know"),
        (&config("x", "data: {port: 80}"), "data.port: expected a text (in quotes), found 80"),
        (&config("X_y", ""), "its name may have lower-case letters"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n", "manifestsHoldSecrets"),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replica: 1, selector: {matchLabels: {a: b}}, \
             template: {metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: x}]}}}\n",
            "spec.replica: there is no such member: is replicas meant?",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: agic}\nspec: {selector: {matchLabels: {a: b}}, template: \
             {metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: \
             mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.7.5}]}}}\n",
            "an AGIC replaces the whole gateway",
        ),
        (&(config("x", "data: {a: b}") + "---\n" + &config("x", "data: {a: c}")), "is another one here"),
    ] {
        let folder = folder(&[("a.yaml", content.as_bytes())]);
        let (status, said) = check(folder.path());
        assert_eq!(status, Some(3), "{content}: {said}");
        assert!(said.contains(words) && said.contains("refused  a.yaml:"), "{words}: {said}");
        assert!(said.contains("to mend in its manifests"), "{said}");
    }
}

#[test]
fn what_may_be_meant_is_said_and_passes() {
    let folder = folder(&[
        ("a.yaml", config("x", "data: {a: one, a: two}\n# only a comment\n---\n").as_bytes()),
        ("empty.yaml", b""),
        ("dashboard.yaml", config("d", "data: {a: \"${datasource}\"}").as_bytes()),
        ("secret.yaml", b"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n"),
    ]);
    write_site(folder.path(), &["a.yaml", "empty.yaml", "secret.yaml"], |site| {
        site["workloads"].as_array_mut().unwrap().push(json!({"file": "dashboard.yaml", "placeholders": false}));
        site["manifestsHoldSecrets"] = json!(true);
    });
    let (status, said) = check(folder.path());
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("the key \"a\" stands here a second time"), "{said}");
    assert!(said.contains("stage 1: ") && said.contains("% achieved"), "{said}");
}

#[test]
fn the_share_that_the_addresses_allow_is_said_and_a_watch_of_no_time_is_refused() {
    let folder = folder(&[]);
    write_site(folder.path(), &[], |site| {
        site["stages"] = json!([{"share": 10, "watchMinutes": 5}, {"share": 100, "watchMinutes": 5}]);
    });
    let (status, said) = check(folder.path());
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("stage 1: 10 % asked, ") && said.contains("what the addresses allow"), "{said}");
    write_site(folder.path(), &[], |site| {
        site["stages"] = json!([{"share": 50, "watchMinutes": 0}, {"share": 100, "watchMinutes": 4_000_000}]);
    });
    let (status, said) = check(folder.path());
    assert_eq!(status, Some(3), "{said}");
    for place in ["/stages/0/watchMinutes: expected 1 minute at least", "/stages/1/watchMinutes: expected at most 1440"]
    {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_lies_elsewhere_or_is_none_is_not_read() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.yaml"), config("x", "")).unwrap();
    let folder = folder(&[]);
    symlink(outside.path().join("secret.yaml"), folder.path().join("link.yaml")).unwrap();
    symlink(outside.path(), folder.path().join("linked")).unwrap();
    std::fs::write(folder.path().join("here.yaml"), config("x", "")).unwrap();
    symlink("here.yaml", folder.path().join("inside.yaml")).unwrap();
    std::fs::create_dir(folder.path().join("folder.yaml")).unwrap();
    std::fs::write(folder.path().join("latin.yaml"), b"a: \xe9\n").unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    std::fs::write(folder.path().join("wrong.yaml"), config("Wrong", "")).unwrap();
    let mistakes = [
        ("link.yaml", "leads out of the folder"),
        ("linked/secret.yaml", "leads out of the folder"),
        ("folder.yaml", "is no regular file"),
        ("pipe.yaml", "is no regular file"),
        ("latin.yaml", "is no UTF-8 text"),
        ("absent.yaml", "failed to read"),
        ("wrong.yaml", "its name may have lower-case letters"),
    ];
    // One mistake hides no other.
    write_site(folder.path(), &mistakes.map(|(name, _)| name), |_| {});
    let (status, said) = check(folder.path());
    assert_eq!(status, Some(3), "{said}");
    for (name, words) in mistakes {
        let lines = said.lines().filter(|line| line.contains("refused") && line.contains(&format!("{name}:1: ")));
        assert!(lines.clone().any(|line| line.contains(words)), "{name}: {said}");
    }
    write_site(folder.path(), &["inside.yaml"], |_| {});
    assert_eq!(check(folder.path()).0, Some(0));
}
