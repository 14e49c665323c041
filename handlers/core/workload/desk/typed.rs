//! The members of Kubernetes' own kinds: what a server of the target version would not know, or would not read.
//!
//! A real server answers such an object with a refusal, but only once there is a cluster. A cluster of a later version than
//! the one that is known here may know more: then an unknown member is a warning.
use super::{Weight, apis};
use crate::resources::answers::{shortened, text};
use crate::resources::version::Version;
use crate::workload::cut;
use crate::workload::members::{self, Mistake};
use crate::workload::refusal::is_own;
use crate::workload::spelling::meant;
use serde_json::Value;
use std::borrow::Cow;

/// So many mistakes are said of one object.
const MOST: usize = 10;
/// So many characters of a path are shown.
const LONGEST: usize = 150;
/// Kinds of Kubernetes' own that have no place in the table yet, and may be stable in a version that is.
const YOUNG: [&str; 6] = [
    "ClusterTrustBundle",
    "LeaseCandidate",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PodCertificateRequest",
    "StorageVersionMigration",
];

/// What is wrong with the members of an object of Kubernetes' own; nothing is said of other kinds.
#[must_use]
pub fn mistakes(object: &Value, versions: &[Version]) -> Vec<(Weight, String)> {
    let is_newer = versions.iter().any(|version| version.minor > kinds::KNOWN);
    let (api, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let twice = kinds::lists::twice(api, kind, object);
    let twice = twice.iter().map(|what| (Weight::Refuses, cut(what.trim_start_matches('.'))));
    let Some(found) = members::mistakes(object) else {
        return unknown_kind(object, is_newer).into_iter().chain(twice).collect();
    };
    let weighed = found.into_iter().filter(|mistake| !may_pass(mistake)).map(|mistake| {
        let weight = if mistake.is_unknown_member && is_newer { Weight::Warns } else { Weight::Refuses };
        let colon = if mistake.place.is_empty() { "" } else { ": " };
        (weight, format!("{}{colon}{}", with_its_end(&mistake.place), mistake.what))
    });
    weighed.chain(twice).take(MOST).collect()
}

/// The name of a member that a placeholder gives is not known yet.
fn may_pass(mistake: &Mistake) -> bool {
    mistake.is_unknown_member && mistake.place.contains("${")
}

/// A path, of which the end says what is wrong.
pub(super) fn with_its_end(place: &str) -> Cow<'_, str> {
    let count = place.chars().count();
    if count <= LONGEST {
        return Cow::Borrowed(place);
    }
    Cow::Owned(format!("…{}", place.chars().skip(count - LONGEST).collect::<String>()))
}

/// A misspelt kind, or version, of a group of Kubernetes' own. What a newer server may have is a warning.
fn unknown_kind(object: &Value, is_newer: bool) -> Vec<(Weight, String)> {
    let (api, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
    // Of a placeholder it is said elsewhere.
    if !is_own(api) || [api, kind].iter().any(|text| text.contains("${")) {
        return vec![];
    }
    // Betas have tables of their own.
    if version.contains("alpha") || apis::is_known(api) {
        return vec![];
    }
    let roots = kinds::roots();
    let of_group = |known: &str| known.rsplit_once('/').map_or("", |(group, _)| group) == group;
    let known_versions = || roots.iter().map(|(api, _)| *api).filter(|known| of_group(known));
    if known_versions().next().is_some() && !known_versions().any(|known| known == api) {
        let newest = known_versions().max().unwrap_or_default();
        let is_version = version.strip_prefix('v').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()));
        let weight = if is_version && is_newer { Weight::Warns } else { Weight::Refuses };
        return vec![(weight, format!("there is no {} that is known here: is {newest} meant?", shortened(api)))];
    }
    let within = || roots.iter().filter(|(known, _)| *known == api).map(|(_, kind)| *kind);
    let elsewhere = || roots.iter().filter(|(_, known)| *known == kind).map(|(api, _)| *api);
    let hint = match (meant(kind, within()), elsewhere().next_back()) {
        (_, Some(api)) => format!("{kind} is of {api}"),
        (Some(meant), None) => format!("is {meant} meant?"),
        (None, None) => "is it misspelt, or one that nobody can keep?".to_owned(),
    };
    let weight = if is_newer || YOUNG.contains(&kind) { Weight::Warns } else { Weight::Refuses };
    vec![(weight, format!("{} is no kind of {api} that is known here: {hint}", shortened(kind)))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(object: &Value) -> String {
        let words: Vec<_> = mistakes(object, &[]).into_iter().map(|(_, what)| what).collect();
        words.join("\n")
    }

    #[test]
    fn what_a_server_would_not_know_or_not_read_is_said_with_its_place() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "label": {}},
            "spec": {"replica": 1, "replicas": "2", "selector": {}, "template": {"spec": {"hostNetwork": "yes", "containers": [
                {"name": "web", "image": "web:1", "ports": [{"containerPort": "80"}], "env": [{"name": "A", "value": 1}],
                    "volumeMounts": [{"name": "a"}], "args": "none"}]}}}});
        let told = said(&deployment);
        for expected in [
            "metadata.label: there is no such member: is labels meant?",
            "spec.replica: there is no such member: is replicas meant?",
            "spec.replicas: expected a whole number, found \"2\"",
            "spec.template.spec.hostNetwork: expected true or false, found \"yes\"",
            "spec.template.spec.containers[0].ports[0].containerPort: expected a whole number, found \"80\"",
            "spec.template.spec.containers[0].env[0].value: expected a text (in quotes), found 1",
            "spec.template.spec.containers[0].volumeMounts[0]: mountPath is missing",
            "spec.template.spec.containers[0].args: expected a list, found \"none\"",
        ] {
            assert!(told.contains(expected), "{expected}: {told}");
        }
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": "plain!"}});
        assert_eq!(said(&secret), "data.a: expected a text in base64, found \"plain!\"");
    }

    #[test]
    fn a_placeholder_is_a_text_and_never_a_number() {
        let deployment = |spec: Value| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [spec]}}}})
        };
        for (container, words) in [
            (
                json!({"name": "a", "ports": [{"containerPort": "${slot.address.0}"}]}),
                "ports[0].containerPort: expected a whole number, found \"${slot.address.0}\": a placeholder fills a text",
            ),
            (json!({"name": "a", "tty": "${slot.colour}"}), "tty: expected true or false"),
            (json!({"name": "a", "args": "${slot.colour}"}), "args: expected a list"),
            (json!({"name": "a", "resources": "${slot.colour}"}), "resources: expected an object"),
            (
                json!({"name": "a", "resources": {"limits": {"cpu": "${slot.colour}"}}}),
                "cpu: expected a quantity, as 500m or 1Gi, found \"${slot.colour}\"",
            ),
        ] {
            let told = said(&deployment(container));
            assert!(told.contains(words) && told.contains("write it out"), "{words}: {told}");
        }
        let open = json!({"name": "${slot.colour}", "image": "web:${cluster.version}", "resources": {"limits": {"cpu": "${a}"}},
            "livenessProbe": {"tcpSocket": {"port": "${slot.colour}"}}});
        assert_eq!(said(&deployment(open)), "");
        let secret = |text: &str| {
            said(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": text}}))
        };
        assert_eq!(secret("${b}"), "", "it may come to what it must be");
        assert!(
            secret("${slot.colour}").contains("in base64, found \"${slot.colour}\": what a placeholder stands for")
        );
        assert!(secret("${oidc.issuer}").contains("put it into stringData"));
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        let place = format!("spec.{}.wrong", "within".repeat(60));
        let shown = with_its_end(&place);
        assert!(shown.ends_with(".wrong") && shown.starts_with('…') && shown.chars().count() == LONGEST + 1);
        assert_eq!(with_its_end("spec.replicas"), "spec.replicas");
    }

    #[test]
    fn whatever_a_server_reads_is_read() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "annotations": null}, "spec": {
            "containers": [{"name": "web", "image": "web:1", "command": null, "resources": {"limits": {"cpu": 1.5, "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}, "readinessProbe": {"httpGet": {"port": 80}}}],
            "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "b", "defaultMode": 256}}]}});
        assert_eq!(said(&pod), "");
        let config =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "${run.id}"}});
        assert_eq!(said(&config), "");
        let custom = json!({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"any": 1}});
        assert_eq!(said(&custom), "");
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"}, "versions": [{
                "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "a": {"type": "integer", "default": 1, "enum": [1, "a"], "x-kubernetes-int-or-string": true}}}}}]}});
        assert_eq!(said(&definition), "");
    }

    #[test]
    fn a_kind_that_does_not_exist_is_said_and_a_newer_server_may_know_more() {
        let wrong = json!({"apiVersion": "apps/v1", "kind": "Deploymnt", "metadata": {"name": "x"}});
        assert!(said(&wrong).contains("Deploymnt is no kind of apps/v1"));
        for (api, kind, weight, words) in [
            ("apps/v1", "Deployments", Weight::Refuses, "is Deployment meant?"),
            ("v1", "deployment", Weight::Refuses, "is no kind of v1"),
            ("v1", "configmap", Weight::Refuses, "is ConfigMap meant?"),
            ("v1", "Deployment", Weight::Refuses, "Deployment is of apps/v1"),
            ("v1", "Config", Weight::Refuses, "is no kind of v1"),
            ("networking.k8s.io/v1", "Ingres", Weight::Refuses, "is Ingress meant?"),
            ("authentication.k8s.io/v1", "TokenReview", Weight::Refuses, "nobody can keep"),
            ("apps/v2", "Deployment", Weight::Refuses, "is apps/v1 meant?"),
            ("networking.k8s.io/v2", "Ingress", Weight::Refuses, "is networking.k8s.io/v1 meant?"),
            ("v2", "Service", Weight::Refuses, "is v1 meant?"),
            ("apps/v1beta3", "Deployment", Weight::Refuses, "is apps/v1 meant?"),
            ("batch/v1beta2", "CronJob", Weight::Refuses, "is batch/v1 meant?"),
            ("apps/V1", "Deployment", Weight::Refuses, "is apps/v1 meant?"),
            ("policy/1", "PodDisruptionBudget", Weight::Refuses, "is policy/v1 meant?"),
            ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", Weight::Warns, "no kind of"),
        ] {
            let object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}});
            let said = mistakes(&object, &["1.34.1".parse().unwrap()]);
            assert!(said.len() == 1 && said[0].0 == weight && said[0].1.contains(words), "{api} {kind}: {said:?}");
        }
        let next = mistakes(&wrong, &["1.99.0".parse().unwrap()]);
        assert_eq!(next[0].0, Weight::Warns, "a newer server may know it");
        for (api, weight) in [("apps/v2", Weight::Warns), ("apps/v1beta3", Weight::Warns), ("apps/V1", Weight::Refuses)]
        {
            let object = json!({"apiVersion": api, "kind": "Deployment", "metadata": {"name": "x"}});
            assert_eq!(mistakes(&object, &["1.99.0".parse().unwrap()])[0].0, weight, "{api}");
        }
        for api in ["flowcontrol.apiserver.k8s.io/v1beta3", "storage.k8s.io/v1beta1", "resource.k8s.io/v1beta2"] {
            let old = json!({"apiVersion": api, "kind": "Thing", "metadata": {"name": "x"}});
            assert_eq!(mistakes(&old, &["1.31.0".parse().unwrap()]), [], "its own table has {api}");
        }
        let open = json!({"apiVersion": "apps/v1", "kind": "${kind}", "metadata": {"name": "x"}});
        assert_eq!(mistakes(&open, &[]), []);
        let newer = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"newest": true}});
        let weight = |version: &str| mistakes(&newer, &[version.parse().unwrap()])[0].0;
        assert_eq!((weight("1.34.1"), weight("1.38.0")), (Weight::Refuses, Weight::Warns));
    }
}
