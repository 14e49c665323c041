//! What Helm rendered of a chart, made ready for a cluster: hooks in their places, namespaces, and the marks by which Helm
//! takes it over later.
//!
//! <https://helm.sh/docs/topics/charts_hooks/>
pub mod namespaces;
pub mod secrets;
pub mod templates;
mod tested;

use super::EVERYWHERE;
use super::exported::moved;
use super::manifests::read;
use super::refusal::is_own;
use crate::resources::answers::{list, text};
use crate::resources::object::describe;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A release of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// Its name.
    pub name: &'a str,
    /// The namespace of what names none.
    pub namespace: &'a str,
    /// Whether its tests run.
    pub tests: bool,
}

/// What goes to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its objects as a manifest.
    pub text: String,
    /// What a person should know.
    pub notes: Vec<String>,
}

const HOOK: &str = "helm.sh/hook";
/// When Helm deletes a hook; without it, before the next is made.
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";

/// Where an object has its place in an installation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Before,
    Within,
    Behind,
    /// When all else is there, first what a test needs, then the test.
    Test,
    Nowhere,
}

impl Place {
    fn of(object: &Value) -> Self {
        let events: Vec<_> = hooks(object).collect();
        let has = |event: &str| events.contains(&event);
        match () {
            () if events.is_empty() || has("crd-install") => Self::Within,
            () if has("pre-install") => Self::Before,
            () if has("post-install") => Self::Behind,
            // Failures were wanted in tests of Helm 2.
            () if has("test") || has("test-success") => Self::Test,
            () => Self::Nowhere,
        }
    }
}

fn hooks(object: &Value) -> impl Iterator<Item = &str> {
    let named = object["metadata"]["annotations"][HOOK].as_str().unwrap_or_default();
    named.split(',').map(str::trim).filter(|event| !event.is_empty())
}

/// Whether what comes behind this object waits until it is complete: a Job that a chart runs before its installation.
#[must_use]
pub fn comes_before_all(object: &Value) -> bool {
    text(object, "/kind") == "Job" && Place::of(object) == Place::Before
}

/// What `helm template` wrote, as it goes to a cluster.
///
/// # Errors
/// When it cannot be read.
pub fn rendered(release: Release<'_>, written: &str) -> Result<Rendered, String> {
    let (placed, _) = read(written).map_err(|notice| notice.to_string())?;
    let (mut objects, mut notes) = moved(placed);
    let stays = |object: &Value| match Place::of(object) {
        Place::Nowhere => false,
        Place::Test => release.tests,
        Place::Before | Place::Within | Place::Behind => true,
    };
    notes.extend(objects.iter().filter(|object| !stays(object)).map(left_out));
    objects.retain(stays);
    objects.iter_mut().filter(|object| Place::of(object) == Place::Test).for_each(tested::make_job);
    notes.extend(objects.iter().filter_map(in_the_way));
    objects.sort_by_key(|object| {
        let place = Place::of(object);
        (place, weight(object), place == Place::Test && text(object, "/kind") == "Job")
    });
    let global = kinds_in_no_namespace(&objects);
    for object in &mut objects {
        let has = !text(object, "/metadata/namespace").is_empty();
        if !has && !lies_nowhere(object, &global) {
            object["metadata"]["namespace"] = release.namespace.into();
        }
        if Place::of(object) == Place::Within {
            adopt(object, release);
        }
    }
    let is_it = |object: &Value| is_namespace(object, release.namespace);
    if !EVERYWHERE.contains(&release.namespace) && !objects.iter().any(is_it) {
        objects.insert(0, namespaces::bare(release.namespace));
    }
    Ok(Rendered { text: as_text(&objects), notes })
}

fn is_namespace(object: &Value, named: &str) -> bool {
    text(object, "/kind") == "Namespace" && text(object, "/metadata/name") == named
}

/// These objects as a manifest.
pub(crate) fn as_text(objects: &[Value]) -> String {
    let mut text = String::new();
    for object in objects {
        let _ = writeln!(text, "---\n# {}\n{object:#}", describe(object));
    }
    text
}

/// What is no part of an installation, and why.
fn left_out(object: &Value) -> String {
    let why = if Place::of(object) == Place::Test {
        "it is a test: with \"tests\": \"run\" beside the chart it runs in each new cluster".to_owned()
    } else {
        let events: Vec<_> = hooks(object).collect();
        format!("it runs at {} alone, and a new cluster has an installation only", events.join(", "))
    };
    format!("{} is left out: {why}", describe(object))
}

/// A hook that Helm neither deletes before it makes the next one nor takes over: it stays where the chart asked that it be deleted
/// once it has ended, for nobody here does.
fn in_the_way(object: &Value) -> Option<String> {
    let policy = object["metadata"]["annotations"][DELETE_POLICY].as_str().unwrap_or_default();
    let stays = matches!(Place::of(object), Place::Before | Place::Behind)
        && !policy.trim().is_empty()
        && !policy.split(',').any(|one| one.trim() == "before-hook-creation");
    stays.then(|| {
        format!(
            "{} stays when it is done, and the next helm upgrade --install would say that it already exists: give it \
             before-hook-creation beside {policy} ({DELETE_POLICY}), or delete it before that",
            describe(object)
        )
    })
}

fn weight(object: &Value) -> i64 {
    object["metadata"]["annotations"]["helm.sh/hook-weight"].as_str().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// The custom kinds that are defined here without namespaces: `group/Kind`.
fn kinds_in_no_namespace(objects: &[Value]) -> BTreeSet<String> {
    let of = |object: &&Value| {
        text(object, "/kind") == "CustomResourceDefinition" && text(object, "/spec/scope") == "Cluster"
    };
    let name = |object: &Value| format!("{}/{}", text(object, "/spec/group"), text(object, "/spec/names/kind"));
    objects.iter().filter(of).map(name).collect()
}

/// Of a custom kind that is defined elsewhere nobody knows here: the one who applies it leaves out what does not fit.
fn lies_nowhere(object: &Value, global: &BTreeSet<String>) -> bool {
    let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    (is_own(api_version) && kinds::has_no_namespaces(kind)) || global.contains(&format!("{group}/{kind}"))
}

/// The marks without which the next `helm upgrade --install` refuses what is there.
fn adopt(object: &mut Value, release: Release<'_>) {
    let metadata = &mut object["metadata"];
    for member in ["labels", "annotations"] {
        if !metadata[member].is_object() {
            metadata[member] = json!({});
        }
    }
    metadata["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
    metadata["annotations"]["meta.helm.sh/release-name"] = release.name.into();
    metadata["annotations"]["meta.helm.sh/release-namespace"] = release.namespace.into();
}

/// What a cluster serves once the definitions in a manifest are there, as Helm's `--api-versions` wants it.
#[must_use]
pub fn api_versions(manifest: &str) -> Vec<String> {
    let Ok((placed, _)) = read(manifest) else { return vec![] };
    let mut served = BTreeSet::new();
    for object in placed.iter().map(|placed| &placed.value).filter(|it| text(it, "/kind") == "CustomResourceDefinition")
    {
        for version in list(object, "/spec/versions").iter().filter(|version| version["served"] == true) {
            let version = format!("{}/{}", text(object, "/spec/group"), text(version, "/name"));
            served.insert(format!("{version}/{}", text(object, "/spec/names/kind")));
            served.insert(version);
        }
    }
    served.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: Release<'_> = Release { name: "proxy", namespace: "edge", tests: false };

    fn object(kind: &str, name: &str, annotations: &Value) -> Value {
        let api_version = match kind {
            "Job" => "batch/v1",
            "ClusterRole" => "rbac.authorization.k8s.io/v1",
            "Gate" | "Issuer" => "edge.example/v1",
            "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
            _ => "v1",
        };
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "annotations": annotations}})
    }

    fn written(objects: &[Value]) -> String {
        objects.iter().map(|object| format!("---\n{object}\n")).collect()
    }

    fn names(rendered: &Rendered) -> Vec<String> {
        let (placed, _) = read(&rendered.text).expect("it is read again");
        placed.iter().map(|placed| describe(&placed.value)).collect()
    }

    #[test]
    fn hooks_of_an_installation_have_their_places_and_others_are_named() {
        let hook = |events: &str, weight: &str| json!({HOOK: events, "helm.sh/hook-weight": weight});
        let all = [
            object("ConfigMap", "plain", &json!({})),
            object("Job", "patch", &hook("post-install,post-upgrade", "0")),
            object("Job", "second", &hook("pre-install, pre-upgrade", "5")),
            object("Job", "first", &hook("pre-install", "-5")),
            object("Pod", "try", &hook("test", "0")),
            object("Job", "clean", &hook("pre-delete", "0")),
        ];
        let made = rendered(RELEASE, &written(&all)).expect("it is read");
        let expected =
            ["Namespace edge", "Job edge/first", "Job edge/second", "ConfigMap edge/plain", "Job edge/patch"];
        assert_eq!(names(&made), expected);
        let said = made.notes.join("\n");
        assert!(
            said.contains("Pod try is left out: it is a test")
                && said.contains("Job clean is left out: it runs at pre-delete")
        );
        let run = rendered(Release { tests: true, ..RELEASE }, &written(&all)).expect("it is read");
        assert_eq!(names(&run), [&expected[..], &["Job edge/try"]].concat());
        assert!(!run.notes.join("\n").contains("Pod try"), "{:?}", run.notes);
        assert!(comes_before_all(&all[3]) && !comes_before_all(&all[1]) && !comes_before_all(&all[0]));
    }

    #[test]
    fn a_hook_that_would_be_in_helms_way_is_named() {
        for (hook, policy, is_named) in [
            ("pre-install", "hook-succeeded", true),
            ("post-install", "hook-failed, hook-succeeded", true),
            ("pre-install", "hook-succeeded, before-hook-creation", false),
            ("pre-install", "", false),
            ("pre-upgrade", "hook-succeeded", false),
            ("test", "hook-succeeded", false),
        ] {
            let job = object("Job", "patch", &json!({HOOK: hook, DELETE_POLICY: policy}));
            let notes = rendered(RELEASE, &written(&[job])).expect("it is read").notes.join("\n");
            assert_eq!(notes.contains("Job patch stays when it is done"), is_named, "{hook} {policy}: {notes}");
        }
    }

    #[test]
    fn what_lies_in_namespaces_gets_that_of_the_release_and_helm_finds_its_own() {
        let mut definition = object("CustomResourceDefinition", "gates.edge.example", &json!({}));
        definition["spec"] = json!({"group": "edge.example", "scope": "Cluster", "names": {"kind": "Gate"},
            "versions": [{"name": "v1", "served": true}, {"name": "v1beta1", "served": false}]});
        let mut elsewhere = object("Secret", "there", &json!({}));
        elsewhere["metadata"]["namespace"] = "other".into();
        let objects = [
            definition,
            object("ClusterRole", "all", &json!(null)),
            object("Gate", "one", &json!({})),
            object("Issuer", "mine", &json!({})),
            elsewhere,
        ];
        let made = rendered(RELEASE, &written(&objects)).expect("it is read");
        let names = names(&made);
        for expected in ["ClusterRole all", "Gate one", "Issuer edge/mine", "Secret other/there"] {
            assert!(names.iter().any(|name| name == expected), "{expected} is expected in {names:?}");
        }
        let (placed, _) = read(&made.text).expect("it is read again");
        let role = placed.iter().find(|placed| placed.value["kind"] == "ClusterRole").expect("a role");
        assert_eq!(role.value["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "Helm"}));
        let adopted = json!({"meta.helm.sh/release-name": "proxy", "meta.helm.sh/release-namespace": "edge"});
        assert_eq!(role.value["metadata"]["annotations"], adopted);
        assert_eq!(api_versions(&made.text), ["edge.example/v1", "edge.example/v1/Gate"]);
        let other = rendered(Release { namespace: "kube-system", ..RELEASE }, &written(&[])).expect("it is read");
        assert_eq!(other.text, "", "a namespace that every cluster has is not made");
    }
    #[test]
    fn what_only_another_cluster_has_is_left_out_and_told() {
        let mut owned = object("ConfigMap", "made", &json!(null));
        owned["metadata"]["ownerReferences"] = json!([{"kind": "Gate", "name": "x", "uid": "1", "controller": true}]);
        let mut other = object("ConfigMap", "kept", &json!(null));
        other["metadata"]["ownerReferences"] = json!([{"kind": "Gate", "name": "x", "uid": "1"}]);
        let made = rendered(RELEASE, &written(&[owned, other])).expect("it is YAML");
        assert_eq!(names(&made), ["Namespace edge", "ConfigMap edge/kept"]);
        assert!(!made.text.contains("ownerReferences"), "{}", made.text);
        let told = [
            "ConfigMap made is left out: Gate x makes it",
            "ConfigMap kept: metadata.ownerReferences left out, which no other cluster has",
        ];
        assert_eq!(made.notes, told);
    }
}
