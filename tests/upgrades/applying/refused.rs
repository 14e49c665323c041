//! What is refused does not keep the rest from being applied; what can never pass is said at once.
use super::{
    applied, applies, config, ends, ends_with, given_up_at_once, journal, object, refusal, says, upgraded, with,
};
use crate::{ask, story};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::step::Step;
use jiff::SignedDuration;
use serde_json::json;
use simulated_azure::Fault;
use std::time::Duration;

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: \"later-${slot.colour}\"}\n";

#[test]
fn what_needs_something_later_passes_at_the_next_look() {
    story(|| async {
        let first = config("later-green", "settings") + &config("default", "beside");
        let shop = with(&[("a.yaml", first), ("b.yaml", NAMESPACE.to_owned())]).await;
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "refused, and tried again: ConfigMap later-green/settings: namespaces \"later-green\" not found");
        assert!(object(&shop, "configmaps", "later-green", "settings").is_some());
        assert_eq!(applied(&shop, "/configmaps/beside"), 1, "what was applied is not applied again");
    });
}

#[test]
fn a_custom_resource_waits_for_its_definition() {
    story(|| async {
        let part = "apiVersion: example.com/v1\nkind: Part\nmetadata: {name: one, namespace: default}\nspec: {a: 1}\n";
        let shop = with(&[("part.yaml", part.to_owned())]).await;
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "parts.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "parts", "kind": "Part"}, "versions": [{"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
        let run = ends_with(&shop, Step::InstallControllers, async |green| {
            shop.azure.clock().sleep(Duration::from_secs(300)).await;
            // What the server judged by before the definition was changed.
            let typed = "failed to create typed patch object (default/one; example.com/v1, Kind=Part): .spec.a: field not \
                declared in schema";
            let now = shop.azure.clock().now();
            let stale = Fault::always("stale", applies("/parts/one"), refusal(500, "", typed));
            shop.azure.world().faults.add(stale.between(now, now + SignedDuration::from_secs(40)));
            let world = shop.azure.world();
            world.kubernetes.server(green).unwrap().apply(&definition, now).unwrap();
        })
        .await;
        upgraded(&run);
        says(&run, "Part default/one: Part of example.com/v1 is not served yet");
        says(&run, ".spec.a: field not declared in schema; its definition has just changed");
    });
}

#[test]
fn every_mistake_of_a_look_is_named_at_once() {
    story(|| async {
        let files = config("default", "one") + &config("default", "two") + &config("default", "three");
        let shop = with(&[("maps.yaml", files)]).await;
        let typed = "failed to create typed patch object (default/one; /v1, Kind=ConfigMap): .date: field not declared in schema";
        let invalid =
            "ConfigMap \"two\" is invalid: data: Forbidden: field is immutable when `immutable` is set. Really.";
        for (path, effect) in
            [("/configmaps/one", refusal(500, "", typed)), ("/configmaps/two", refusal(422, "Invalid", invalid))]
        {
            shop.azure.world().faults.add(Fault::always("refused", applies(path), effect));
        }
        let run = ends(&shop).await;
        given_up_at_once(&run);
        let failure = run.failure.as_deref().unwrap();
        let words = "ConfigMap default/one: failed to create typed patch object (default/one; /v1, Kind=ConfigMap): .date: field \
            not declared in schema; ConfigMap default/two: ConfigMap \"two\" is invalid: data: Forbidden: field is immutable when \
            `immutable` is set: nobody can change that of an object that is there; give yours another name, or leave it out";
        assert_eq!(failure, words);
        assert_eq!(applied(&shop, "/configmaps/three"), 1, "the rest was applied");
    });
}

#[test]
fn a_missing_right_is_named_at_once_and_waited_for() {
    story(|| async {
        let shop = with(&[("maps.yaml", config("default", "one") + &config("shop-tools", "two"))]).await;
        let message = "configmaps \"one\" is forbidden: User \"0f0f\" cannot patch resource \"configmaps\" in API group \"\" in the \
            namespace \"default\": User does not have access to the resource in Azure. Update role assignment to allow access.";
        let began = shop.azure.clock().now();
        let fault = Fault::always("right", applies("/configmaps/one"), refusal(403, "Forbidden", message));
        shop.azure.world().faults.add(fault.between(began, began + SignedDuration::from_mins(25)));
        let lists = simulated_azure::On {
            host: "azmk8s".into(),
            ..simulated_azure::On::call(http::Method::GET, "/namespaces/default/configmaps")
        };
        let cannot_list = "configmaps is forbidden: User \"0f0f\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"";
        let fault = Fault::always("lists", lists, refusal(403, "Forbidden", cannot_list));
        shop.azure.world().faults.add(fault.between(began, began + SignedDuration::from_mins(15)));
        let run = ends_with(&shop, Step::InstallControllers, async |green| {
            let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop-tools"}});
            let now = shop.azure.clock().now();
            shop.azure.world().kubernetes.server(green).unwrap().apply(&space, now).unwrap();
        })
        .await;
        upgraded(&run);
        says(
            &run,
            "the identity 0f0f may not list configmaps in the namespace default: give it the role Azure Kubernetes Service RBAC",
        );
        says(
            &run,
            "the identity 0f0f may not patch configmaps in the namespace default: give it the role Azure Kubernetes Service RBAC",
        );
    });
}

#[test]
fn a_webhook_whose_pods_come_behind_is_waited_for() {
    story(|| async {
        let webhook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: guard}\n\
            webhooks:\n- name: guard.example.com\n  sideEffects: None\n  admissionReviewVersions: [v1]\n  failurePolicy: Fail\n  \
            clientConfig: {service: {name: guard, namespace: default}}\n  rules:\n  - {apiGroups: [\"\"], apiVersions: [v1], \
            resources: [configmaps], operations: [CREATE]}\n";
        let guard = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: guard, namespace: default}\nspec:\n  selector: \
            {matchLabels: {app: guard}}\n  template:\n    metadata: {labels: {app: guard}}\n    spec: {containers: [{name: guard, image: \
            \"guard:1\"}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: guard, namespace: default}\nspec: {selector: {app: \
            guard}, ports: [{port: 443}]}\n";
        let maps = (0..20).map(|number| config("default", &format!("map-{number}"))).collect();
        let files = [("webhook.yaml", webhook.to_owned()), ("maps.yaml", maps), ("guard.yaml", guard.to_owned())];
        let shop = with(&files).await;
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "failed calling webhook \"guard.example.com\"");
        assert!(applied(&shop, "/configmaps/map-19") <= 2, "an ill webhook is not asked for every object of a kind");
    });
}

#[test]
fn a_kind_that_the_version_does_not_serve_is_said_with_its_version() {
    story(|| async {
        let slice = "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: one}\nspec: {}\n";
        let shop = with(&[("class.yaml", slice.to_owned())]).await;
        // It came with 1.34.
        ask(&shop, "story", Kind::Upgrade, Some("latest-patch"));
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
        assert_eq!(run.plan.version.minor, 33);
        let said = journal(&run);
        assert!(said.contains("DeviceClass") && said.contains("resource.k8s.io/v1"), "{said}");
        assert!(run.ending.is_some_and(|ending| ending != Ending::Upgraded));
    });
}

#[test]
fn other_conflicts_and_throttling_pass() {
    story(|| async {
        let shop = with(&[("maps.yaml", config("default", "one") + &config("default", "two"))]).await;
        let modified = "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your \
            changes to the latest version and try again";
        let faults = [
            ("/configmaps/one", refusal(409, "Conflict", modified)),
            ("/configmaps/two", refusal(429, "TooManyRequests", "slow down")),
        ];
        for (path, effect) in faults {
            shop.azure.world().faults.add(Fault::once("once", applies(path), effect));
        }
        upgraded(&ends(&shop).await);
    });
}
