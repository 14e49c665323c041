//! What a site says may run in one cluster only, against what its manifests make.
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::resources::object::{describe, name};
use crate::workload::agic::recognised;
use crate::workload::singletons::{Singleton, SingletonKind, in_slot, target};
use crate::workload::spelling::meant;

/// What is wrong with the singletons of a site.
pub(super) fn mistakes(singletons: &[Singleton], all: &[Found<'_>]) -> Vec<Finding> {
    let each = singletons.iter().enumerate();
    each.flat_map(|(index, one)| match all.iter().find(|found| one.is(&found.value)) {
        Some(found) => of_one(one, found, all),
        None => vec![Finding { file: "singletons".into(), line: index + 1, ..unmade(one, all) }],
    })
    .collect()
}

/// What no manifest makes cannot run twice; but what it was to name does, if it is misspelt.
fn unmade(one: &Singleton, all: &[Found<'_>]) -> Finding {
    let of_its_kind = all.iter().filter(|found| text(&found.value, "/kind") == one.kind.name());
    let near = of_its_kind.map(|found| &found.value).find(|object| {
        let is_here = Singleton { name: name(object).to_owned(), ..one.clone() }.is(object);
        may_be(name(object), &one.name) || (is_here && meant(&one.name, [name(object)]).is_some())
    });
    let (weight, remedy) = match near {
        Some(near) => (Weight::Refuses, format!("is {} meant?", describe(near))),
        None => {
            (Weight::Warns, "it is left as it is in the old cluster. Name what they make, or take it out".to_owned())
        }
    };
    let what = format!("{one}: nothing in the manifests is called so: {remedy}");
    Finding { weight, file: String::new(), line: 0, what }
}

/// Whether a name in a manifest is this one in the cluster of a slot, whatever that is called.
fn may_be(named: &str, name: &str) -> bool {
    const ANY: char = '\0';
    ["blue", "green"].iter().any(|colour| {
        let in_slot = in_slot(named, colour, &ANY.to_string());
        match (in_slot.split_once(ANY), in_slot.rsplit_once(ANY)) {
            (Some((first, _)), Some((_, last))) => {
                name.len() > first.len() + last.len() && name.starts_with(first) && name.ends_with(last)
            }
            _ => in_slot == name,
        }
    })
}

fn of_one(one: &Singleton, found: &Found<'_>, all: &[Found<'_>]) -> Vec<Finding> {
    let mut said = vec![];
    if recognised(&found.value, &[]).is_some() {
        said.push(found.finding(
            Weight::Refuses,
            "an AGIC is no singleton: started in the new cluster it replaces the whole gateway",
        ));
    }
    let keda = Singleton { kind: SingletonKind::ScaledObject, ..one.clone() };
    let scales = |other: &&Found<'_>| {
        let named = Singleton { name: name(&other.value).to_owned(), ..keda.clone() };
        named.is(&other.value) && target(&named, &other.value).as_ref() == Some(one)
    };
    if let Some(scaled) = all.iter().find(scales) {
        let what = format!(
            "as a singleton it would be scaled up again by {}: name that one in its place",
            describe(&scaled.value)
        );
        said.push(found.finding(Weight::Refuses, &what));
    }
    if one.kind == SingletonKind::ScaledObject && target(one, &found.value).is_none() {
        let what = "it scales something that is no Deployment or StatefulSet: whether that is stopped cannot be seen";
        said.push(found.finding(Weight::Refuses, what));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::in_a_file;
    use super::*;
    use serde_json::{Value, json};

    fn said(singletons: &Value, objects: &[Value]) -> Vec<String> {
        let singletons: Vec<Singleton> = serde_json::from_value(singletons.clone()).unwrap();
        mistakes(&singletons, &in_a_file(objects)).into_iter().map(|finding| finding.what).collect()
    }

    fn object(api_version: &str, kind: &str, spec: Value) -> Value {
        let mut object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "shop", "name": "x"}});
        object["spec"] = spec;
        object
    }

    #[test]
    fn they_name_what_the_manifests_make() {
        let nightly = object("batch/v1", "CronJob", json!({}));
        let named = |space: &str, name: &str| json!([{"kind": "CronJob", "namespace": space, "name": name}]);
        assert_eq!(said(&named("shop", "x"), std::slice::from_ref(&nightly)), [""; 0]);
        let of = |other: &Value| {
            let singletons: Vec<Singleton> = serde_json::from_value(other.clone()).unwrap();
            mistakes(&singletons, &in_a_file(std::slice::from_ref(&nightly))).remove(0)
        };
        let elsewhere = of(&named("default", "x"));
        assert!(elsewhere.what.ends_with("is CronJob shop/x meant?"), "{elsewhere}");
        assert_eq!((elsewhere.weight, elsewhere.to_string().split(':').next()), (Weight::Refuses, Some("singletons")));
        let unknown = of(&named("shop", "closing"));
        assert!(
            unknown.weight == Weight::Warns && unknown.what.contains("left as it is in the old cluster"),
            "{unknown}"
        );
        let of_a_slot = json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"namespace": "shop", "name": "x-${slot.colour}"}});
        assert_eq!(said(&named("shop", "x-${slot.colour}"), std::slice::from_ref(&of_a_slot)), [""; 0]);
        assert!(said(&named("shop", "x-green"), &[of_a_slot])[0].ends_with("is CronJob shop/x-${slot.colour} meant?"));
        let of_a_cluster = json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"namespace": "shop", "name": "x-${cluster.name}-y"}});
        assert!(
            said(&named("shop", "x-aks-green-y"), std::slice::from_ref(&of_a_cluster))[0].contains("${cluster.name}")
        );
        assert!(!said(&named("shop", "x-y"), &[of_a_cluster])[0].contains("meant"));
        let in_default = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}});
        assert_eq!(said(&named("default", "x"), &[in_default]), [""; 0]);
    }

    #[test]
    fn what_another_would_start_again_is_no_singleton() {
        let worker = object("apps/v1", "Deployment", json!({}));
        let scaled = object("keda.sh/v1alpha1", "ScaledObject", json!({"scaleTargetRef": {"name": "x"}}));
        let named = |kind: &str| json!([{"kind": kind, "namespace": "shop", "name": "x"}]);
        let both = [worker, scaled];
        assert!(said(&named("Deployment"), &both)[0].contains("scaled up again by ScaledObject shop/x"));
        assert_eq!(said(&named("ScaledObject"), &both), [""; 0]);
        let other =
            object("keda.sh/v1alpha1", "ScaledObject", json!({"scaleTargetRef": {"kind": "Rollout", "name": "x"}}));
        assert!(said(&named("ScaledObject"), &[other])[0].contains("cannot be seen"));
        let agic = object(
            "apps/v1",
            "Deployment",
            json!({"replicas": 0, "template": {"spec": {"containers": [
                {"image": "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.9"}]}}}),
        );
        assert!(said(&named("Deployment"), &[agic])[0].contains("replaces the whole gateway"));
    }
}
