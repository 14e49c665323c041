//! Creating, reading, changing and deleting objects.
use super::*;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};

const JSON: &str = "application/json";

fn config(name: &str, labels: &Value) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}, "data": {"a": "1"}})).unwrap()
}

fn code(error: &kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.reason.clone()),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_created_read_replaced_and_deleted() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let made = api.create(&PostParams::default(), &config("one", &json!({}))).await.unwrap();
    assert!(made.metadata.uid.is_some() && made.metadata.creation_timestamp.is_some());
    let twice = api.create(&PostParams::default(), &config("one", &json!({}))).await.unwrap_err();
    assert_eq!(code(&twice), (409, "AlreadyExists".into()));
    let mut newer = made.clone();
    newer.data.as_mut().unwrap().insert("b".into(), "2".into());
    let newer = api.replace("one", &PostParams::default(), &newer).await.unwrap();
    assert_ne!(newer.metadata.resource_version, made.metadata.resource_version);
    assert_eq!(newer.metadata.uid, made.metadata.uid);
    let stale = api.replace("one", &PostParams::default(), &made).await.unwrap_err();
    assert_eq!(code(&stale), (409, "Conflict".into()));
    api.delete("one", &DeleteParams::default()).await.unwrap();
    assert!(api.get_opt("one").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_keeps_the_version() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let made = api.create(&PostParams::default(), &config("one", &json!({}))).await.unwrap();
    let same = api.replace("one", &PostParams::default(), &made).await.unwrap();
    assert_eq!(same.metadata.resource_version, made.metadata.resource_version);
}

#[tokio::test(start_paused = true)]
async fn lists_follow_label_and_field_selectors() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    for (name, labels) in
        [("a", json!({"tier": "web"})), ("b", json!({"tier": "db"})), ("c", json!({"tier": "db", "old": ""}))]
    {
        api.create(&PostParams::default(), &config(name, &labels)).await.unwrap();
    }
    for (selector, expected) in [
        ("tier=web", "a"),
        ("tier!=web,tier", "bc"),
        ("tier in (web, db),!old", "ab"),
        ("tier notin (db),tier", "a"),
        ("old", "c"),
    ] {
        let found = api.list(&ListParams::default().labels(selector)).await.unwrap();
        let names: String = found.iter().filter_map(|one| one.metadata.name.clone()).collect();
        assert_eq!(names, expected, "{selector}");
    }
    let found = api.list(&ListParams::default().fields("metadata.name=b")).await.unwrap();
    assert_eq!(found.items.len(), 1);
    let refused = api.list(&ListParams::default().fields("data.a=1")).await.unwrap_err();
    assert_eq!(code(&refused).0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_generated_from_its_prefix() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let wanted: ConfigMap = serde_json::from_value(json!({"metadata": {"generateName": "one-"}})).unwrap();
    let first = api.create(&PostParams::default(), &wanted).await.unwrap().metadata.name.unwrap();
    let second = api.create(&PostParams::default(), &wanted).await.unwrap().metadata.name.unwrap();
    assert!(first.starts_with("one-") && first.len() == 9 && first != second);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_created_in_an_unknown_namespace() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::namespaced(client(&fleet, clock), "nowhere");
    let refused = api.create(&PostParams::default(), &config("one", &json!({}))).await.unwrap_err();
    assert_eq!(code(&refused), (404, "NotFound".into()));
    let patch = Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}));
    assert_eq!(code(&api.patch("one", &PatchParams::apply("t"), &patch).await.unwrap_err()).0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_takes_what_is_in_it_along() {
    let (fleet, clock) = world();
    let client = client(&fleet, clock);
    let spaces: Api<Namespace> = Api::all(client.clone());
    let shop: Namespace = serde_json::from_value(json!({"metadata": {"name": "shop"}})).unwrap();
    spaces.create(&PostParams::default(), &shop).await.unwrap();
    let held: Api<ConfigMap> = Api::namespaced(client, "shop");
    let mut object = config("held", &json!({}));
    object.metadata.finalizers = Some(vec!["example.com/hold".into()]);
    held.create(&PostParams::default(), &object).await.unwrap();
    spaces.delete("shop", &DeleteParams::default()).await.unwrap();
    assert_eq!(spaces.get("shop").await.unwrap().status.unwrap().phase.as_deref(), Some("Terminating"));
    let refused = held.create(&PostParams::default(), &config("new", &json!({}))).await.unwrap_err();
    assert_eq!(code(&refused), (403, "Forbidden".into()));
    assert!(held.get("held").await.unwrap().metadata.deletion_timestamp.is_some());
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    held.patch("held", &PatchParams::default(), &free).await.unwrap();
    assert!(held.get_opt("held").await.unwrap().is_none());
    assert!(spaces.get_opt("shop").await.unwrap().is_none());
}

#[test]
fn dependents_go_with_their_owner_unless_they_are_orphaned() {
    for (policy, left) in [("Background", 0), ("Foreground", 0), ("Orphan", 1)] {
        let mut fleet = fleet(1);
        fleet.server(HOST).unwrap().apply(&deployment("web", "web:1", 1), began()).unwrap();
        let body = json!({"propagationPolicy": policy}).to_string();
        assert_eq!(call(&mut fleet, "DELETE", &format!("{DEPLOYMENTS}/web"), JSON, &body, began()).0, 200);
        let sets = get(&mut fleet, "/apis/apps/v1/namespaces/default/replicasets", at(60));
        assert_eq!(sets["items"].as_array().unwrap().len(), left, "{policy}");
        assert_eq!(call(&mut fleet, "GET", &format!("{DEPLOYMENTS}/web"), JSON, "", at(60)).0, 404, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_shows_its_texts_encoded() {
    let (fleet, clock) = world();
    let api: Api<Secret> = Api::default_namespaced(client(&fleet, clock));
    let wanted: Secret =
        serde_json::from_value(json!({"metadata": {"name": "s"}, "stringData": {"a": "text"}})).unwrap();
    let made = api.create(&PostParams::default(), &wanted).await.unwrap();
    assert_eq!(made.data.unwrap()["a"].0, b"text");
    assert!(made.string_data.is_none());
}

#[test]
fn every_kind_of_patch_changes_what_it_says() {
    let mut fleet = fleet(1);
    fleet.server(HOST).unwrap().apply(&deployment("web", "web:1", 1), began()).unwrap();
    let path = format!("{DEPLOYMENTS}/web");
    let strategic =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "side:1"}]}}}}).to_string();
    let (_, object) = call(&mut fleet, "PATCH", &path, "application/strategic-merge-patch+json", &strategic, began());
    assert_eq!(object["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    assert_eq!(object["metadata"]["generation"], 2);
    let removal =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}).to_string();
    let (_, object) = call(&mut fleet, "PATCH", &path, "application/strategic-merge-patch+json", &removal, began());
    assert_eq!(object["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 1);
    let merge = json!({"metadata": {"labels": {"a": "b"}}}).to_string();
    let (_, object) = call(&mut fleet, "PATCH", &path, "application/merge-patch+json", &merge, began());
    assert_eq!((&object["metadata"]["labels"]["a"], &object["metadata"]["generation"]), (&json!("b"), &json!(3)));
    let operations = json!([{"op": "test", "path": "/spec/replicas", "value": 1}, {"op": "replace", "path": "/spec/replicas", "value": 3}]).to_string();
    let (code, object) = call(&mut fleet, "PATCH", &path, "application/json-patch+json", &operations, began());
    assert_eq!((code, &object["spec"]["replicas"]), (200, &json!(3)));
    assert_eq!(call(&mut fleet, "PATCH", &path, "application/json-patch+json", &operations, began()).0, 422);
    assert_eq!(call(&mut fleet, "PATCH", &path, "text/plain", "{}", began()).0, 415);
}

#[test]
fn scale_and_status_are_places_of_their_own() {
    let mut fleet = fleet(1);
    fleet.server(HOST).unwrap().apply(&deployment("web", "web:1", 1), began()).unwrap();
    let scale = json!({"spec": {"replicas": 0}}).to_string();
    let (code, shown) =
        call(&mut fleet, "PATCH", &format!("{DEPLOYMENTS}/web/scale"), "application/merge-patch+json", &scale, began());
    assert_eq!((code, &shown["kind"], &shown["spec"]["replicas"]), (200, &json!("Scale"), &json!(0)));
    assert_eq!(get(&mut fleet, &format!("{DEPLOYMENTS}/web"), began())["spec"]["replicas"], 0);
    let wrong = json!({"status": {"readyReplicas": 9}}).to_string();
    let (_, object) =
        call(&mut fleet, "PATCH", &format!("{DEPLOYMENTS}/web"), "application/merge-patch+json", &wrong, began());
    assert!(object["status"]["readyReplicas"].is_null());
    let spaces = "/api/v1/namespaces/default/services";
    let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}).to_string();
    call(&mut fleet, "POST", spaces, JSON, &service, began());
    let both =
        json!({"spec": {"type": "NodePort"}, "status": {"conditions": [{"type": "X", "status": "True"}]}}).to_string();
    let (code, object) =
        call(&mut fleet, "PATCH", &format!("{spaces}/s/status"), "application/merge-patch+json", &both, began());
    assert_eq!((code, &object["spec"]["type"]), (200, &json!("ClusterIP")));
}

#[tokio::test(start_paused = true)]
async fn a_definition_serves_its_kind_a_second_later() {
    let (fleet, clock) = world();
    let client = client(&fleet, clock);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
                 "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
    });
    let definitions: Api<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition> =
        Api::all(client.clone());
    definitions.patch("things.example.com", &PatchParams::apply("t"), &Patch::Apply(&definition)).await.unwrap();
    let kind = kube::core::GroupVersionKind::gvk("example.com", "v1", "Thing");
    assert!(kube::discovery::pinned_kind(&client, &kind).await.is_err());
    let established = kube::runtime::wait::conditions::is_crd_established();
    kube::runtime::wait::await_condition(definitions.clone(), "things.example.com", established).await.unwrap();
    let (resource, _) = kube::discovery::pinned_kind(&client, &kind).await.unwrap();
    let things: Api<kube::core::DynamicObject> = Api::default_namespaced_with(client.clone(), &resource);
    let thing =
        json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": {"size": 1}});
    let made = things.patch("one", &PatchParams::apply("t"), &Patch::Apply(&thing)).await.unwrap();
    assert_eq!(made.data["spec"]["size"], 1);
    let deleted = definitions.delete("things.example.com", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(things.get("one").await.is_ok(), "its objects are deleted in a moment");
    kube::runtime::wait::await_condition(
        definitions,
        "things.example.com",
        kube::runtime::wait::conditions::is_deleted(&deleted.metadata.uid.unwrap()),
    )
    .await
    .unwrap();
    assert!(kube::discovery::pinned_kind(&client, &kind).await.is_err());
    assert!(things.get("one").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn metadata_alone_and_whole_collections_can_be_asked_for() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    for name in ["a", "b"] {
        api.create(&PostParams::default(), &config(name, &json!({"app": name}))).await.unwrap();
    }
    let found = api.list_metadata(&ListParams::default().labels("app")).await.unwrap();
    assert_eq!(found.items.len(), 2);
    api.delete_collection(&DeleteParams::default(), &ListParams::default().labels("app=a")).await.unwrap();
    assert!(api.get_opt("a").await.unwrap().is_none() && api.get_opt("b").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_delete_with_another_uid_in_mind_is_a_conflict() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    api.create(&PostParams::default(), &config("one", &json!({}))).await.unwrap();
    let other = kube::api::Preconditions { uid: Some("other".into()), resource_version: None };
    let refused = api.delete("one", &DeleteParams::default().preconditions(other)).await.unwrap_err();
    assert_eq!(code(&refused), (409, "Conflict".into()));
}

#[test]
fn every_namespace_has_objects_that_nobody_asked_for() {
    let mut fleet = fleet(1);
    fleet.server(HOST).unwrap().apply(&deployment("web", "web:1", 0), began()).unwrap();
    assert_eq!(call(&mut fleet, "GET", "/api/v1/namespaces/default/serviceaccounts/default", JSON, "", began()).0, 200);
    assert_eq!(
        call(&mut fleet, "GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", JSON, "", began()).0,
        200
    );
    let system = get(&mut fleet, "/apis/apps/v1/namespaces/kube-system/deployments", at(300));
    assert_eq!(
        (&system["items"][0]["metadata"]["name"], &system["items"][0]["status"]["readyReplicas"]),
        (&json!("coredns"), &json!(1))
    );
}
