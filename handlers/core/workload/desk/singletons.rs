//! What a site says may run in one cluster only, against what its manifests make.
use super::{Finding, Found, Weight, is_agic};
use crate::resources::object::describe;
use crate::workload::singletons::{Singleton, SingletonKind, target};

/// What is wrong with the singletons of a site.
pub(super) fn mistakes(singletons: &[Singleton], all: &[Found<'_>]) -> Vec<Finding> {
    let each = singletons.iter().enumerate();
    each.flat_map(|(index, one)| {
        let Some(found) = all.iter().find(|found| one.is(&found.value)) else {
            let what = format!(
                "{one}: nothing in the manifests is called so: name what they make, with its namespace, or take it out"
            );
            return vec![Finding { weight: Weight::Refuses, file: "singletons".into(), line: index + 1, what }];
        };
        of_one(one, found, all)
    })
    .collect()
}

fn of_one(one: &Singleton, found: &Found<'_>, all: &[Found<'_>]) -> Vec<Finding> {
    let mut said = vec![];
    if is_agic(&found.value) {
        said.push(found.finding(Weight::Refuses, "an AGIC is no singleton: started in the new cluster it replaces the whole gateway"));
    }
    let keda = Singleton { kind: SingletonKind::ScaledObject, ..one.clone() };
    let scales = |other: &&Found<'_>| {
        let named = Singleton { name: crate::resources::object::name(&other.value).to_owned(), ..keda.clone() };
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
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "shop", "name": "x"}, "spec": spec})
    }

    #[test]
    fn they_name_what_the_manifests_make() {
        let nightly = object("batch/v1", "CronJob", json!({}));
        let named = |space: &str, name: &str| json!([{"kind": "CronJob", "namespace": space, "name": name}]);
        assert_eq!(said(&named("shop", "x"), std::slice::from_ref(&nightly)), [""; 0]);
        for other in [named("shop", "y"), named("default", "x")] {
            assert!(said(&other, std::slice::from_ref(&nightly))[0].contains("nothing in the manifests is called so"));
        }
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
        let other = object("keda.sh/v1alpha1", "ScaledObject", json!({"scaleTargetRef": {"kind": "Rollout", "name": "x"}}));
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
