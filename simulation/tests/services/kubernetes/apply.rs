//! Server-side apply: ownership, conflicts, removal, lists by key.
use super::*;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};

const APPLY: &str = "application/apply-patch+yaml";

fn apply_as(fleet: &mut Fleet, manager: &str, more: &str, object: &Value) -> (u16, Value) {
    let name = object["metadata"]["name"].as_str().unwrap();
    let path = format!("{DEPLOYMENTS}/{name}?fieldManager={manager}{more}");
    call(fleet, "PATCH", &path, APPLY, &object.to_string(), began())
}

fn containers(object: &Value) -> &Vec<Value> {
    object["spec"]["template"]["spec"]["containers"].as_array().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_field_of_another_manager_conflicts_until_forced() {
    let (fleet, clock) = world();
    let api: Api<Deployment> = Api::default_namespaced(client(&fleet, clock));
    let first = deployment("web", "web:1", 1);
    api.patch("web", &PatchParams::apply("first"), &Patch::Apply(&first)).await.unwrap();
    let mut second = first.clone();
    second["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    let refused = api.patch("web", &PatchParams::apply("second"), &Patch::Apply(&second)).await.unwrap_err();
    let kube::Error::Api(status) = refused else { panic!("{refused}") };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    let field = ".spec.template.spec.containers[name=\"web\"].image";
    assert_eq!(status.message, format!("Apply failed with 1 conflict: conflict with \"first\": {field}"));
    let cause = &status.details.as_ref().unwrap().causes[0];
    assert_eq!((cause.reason.as_str(), cause.field.as_str()), ("FieldManagerConflict", field));
    let forced = api.patch("web", &PatchParams::apply("second").force(), &Patch::Apply(&second)).await.unwrap();
    let image = forced.spec.template.spec.unwrap().containers[0].image.clone();
    assert_eq!(image.as_deref(), Some("web:2"));
    let again = api.patch("web", &PatchParams::apply("first"), &Patch::Apply(&first)).await;
    assert!(again.is_err(), "the field has another owner now");
}

#[test]
fn managers_that_agree_share_a_field_and_it_stays_until_the_last_drops_it() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 2);
    object["metadata"]["labels"] = json!({"a": "b"});
    assert_eq!(apply_as(&mut fleet, "first", "", &object).0, 201);
    assert_eq!(apply_as(&mut fleet, "second", "", &object).0, 200);
    let mut less = object.clone();
    less["metadata"].as_object_mut().unwrap().remove("labels");
    let (_, kept) = apply_as(&mut fleet, "first", "", &less);
    assert_eq!(kept["metadata"]["labels"]["a"], "b");
    let (_, gone) = apply_as(&mut fleet, "second", "", &less);
    assert!(gone["metadata"]["labels"].is_null());
}

#[test]
fn a_dropped_container_goes_and_a_foreign_one_stays() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    let side = json!({"name": "side", "image": "side:1", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]});
    object["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(side);
    apply_as(&mut fleet, "first", "", &object);
    let other = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "mesh", "image": "mesh:1"}]}}}});
    let (_, three) = apply_as(&mut fleet, "mesh", "", &other);
    assert_eq!(containers(&three).len(), 3);
    let (_, two) = apply_as(&mut fleet, "first", "", &deployment("web", "web:1", 1));
    let names: Vec<&Value> = containers(&two).iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["web", "mesh"]);
}

#[test]
fn managed_fields_are_structured_as_the_real_server_writes_them() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    object["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80}]);
    let (_, made) = apply_as(&mut fleet, "first", "", &object);
    let entry = &made["metadata"]["managedFields"][0];
    assert_eq!(
        (&entry["manager"], &entry["operation"], &entry["fieldsType"]),
        (&json!("first"), &json!("Apply"), &json!("FieldsV1"))
    );
    let container = &entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"web\"}"];
    let port = json!({".": {}, "f:containerPort": {}});
    assert_eq!(
        *container,
        json!({".": {}, "f:name": {}, "f:image": {}, "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": port}})
    );
}

#[test]
fn applying_the_same_again_changes_nothing() {
    let mut fleet = fleet(1);
    let object = deployment("web", "web:1", 1);
    apply_as(&mut fleet, "first", "", &object);
    let first = get(&mut fleet, &format!("{DEPLOYMENTS}/web"), began());
    let path = format!("{DEPLOYMENTS}/web?fieldManager=first");
    let (code, second) = call(&mut fleet, "PATCH", &path, APPLY, &object.to_string(), at(1));
    assert_eq!((code, &second["metadata"]["resourceVersion"]), (200, &first["metadata"]["resourceVersion"]));
}

#[test]
fn a_dry_run_answers_and_leaves_no_trace() {
    let mut fleet = fleet(1);
    let (code, shown) = apply_as(&mut fleet, "first", "&dryRun=All", &deployment("web", "web:1", 1));
    assert_eq!((code, &shown["spec"]["progressDeadlineSeconds"]), (201, &json!(600)));
    assert_eq!(get(&mut fleet, DEPLOYMENTS, began())["items"], json!([]));
}

#[test]
fn a_scaled_deployment_conflicts_with_its_applier() {
    let mut fleet = fleet(1);
    apply_as(&mut fleet, "first", "", &deployment("web", "web:1", 1));
    let scale = json!({"spec": {"replicas": 0}}).to_string();
    let path = format!("{DEPLOYMENTS}/web/scale?fieldManager=person");
    call(&mut fleet, "PATCH", &path, "application/merge-patch+json", &scale, began());
    let (code, status) = apply_as(&mut fleet, "first", "", &deployment("web", "web:1", 1));
    assert_eq!(code, 409);
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("conflict with \"person\" with subresource \"scale\" using apps/v1: .spec.replicas"),
        "{message}"
    );
}

#[test]
fn yaml_is_applied_too() {
    let mut fleet = fleet(1);
    let path = "/api/v1/namespaces/default/configmaps/one?fieldManager=t";
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: \"1\"\n";
    let (code, object) = call(&mut fleet, "PATCH", path, APPLY, yaml, began());
    assert_eq!((code, &object["data"]["a"]), (201, &json!("1")));
}

#[test]
fn an_apply_without_manager_or_with_keyless_items_is_refused() {
    let mut fleet = fleet(1);
    let object = deployment("web", "web:1", 1);
    let (code, status) = call(&mut fleet, "PATCH", &format!("{DEPLOYMENTS}/web"), APPLY, &object.to_string(), began());
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("fieldManager")));
    let mut keyless = object.clone();
    keyless["spec"]["template"]["spec"]["containers"] = json!([{"image": "x"}]);
    let (code, status) = apply_as(&mut fleet, "first", "", &keyless);
    let words = "Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].name: Required value";
    assert_eq!((code, &status["message"]), (422, &json!(words)));
}

#[test]
fn what_was_written_when_nothing_was_noted_has_an_owner_from_the_first_apply_on() {
    let mut fleet = fleet(1);
    let path = "/api/v1/namespaces/default/configmaps";
    let map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": data});
    let json = "application/json";
    assert_eq!(call(&mut fleet, "POST", path, json, &map(json!({"a": "1"})).to_string(), began()).0, 201);
    let mut reset = map(json!({"a": "1"}));
    reset["metadata"]["managedFields"] = json!([{}]);
    let (_, untracked) = call(&mut fleet, "PUT", &format!("{path}/old"), json, &reset.to_string(), began());
    assert_eq!(untracked["metadata"]["managedFields"], json!(null));

    let mut apply = |data: Value| {
        call(&mut fleet, "PATCH", &format!("{path}/old?fieldManager=first"), APPLY, &map(data).to_string(), began())
    };
    let (code, refused) = apply(json!({"a": "2"}));
    let message = "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a";
    assert_eq!((code, refused["message"].as_str()), (409, Some(message)));
    let (code, taken) = apply(json!({"b": "1"}));
    let owners = &taken["metadata"]["managedFields"];
    let owned = |at: usize| (owners[at]["manager"].as_str(), &owners[at]["fieldsV1"]["f:data"]);
    assert_eq!(code, 200);
    assert_eq!(owned(0), (Some("first"), &json!({"f:b": {}})));
    assert_eq!(owned(1), (Some("before-first-apply"), &json!({".": {}, "f:a": {}})));
}

/// As a real server records them.
#[test]
fn what_is_one_whole_is_owned_as_one() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    let term = json!({"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]});
    let pod = &mut object["spec"]["template"]["spec"];
    pod["imagePullSecrets"] = json!([{"name": "pull"}]);
    pod["nodeSelector"] = json!({"kubernetes.io/os": "linux"});
    pod["affinity"] = json!({
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}},
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}}]},
    });
    let (_, made) = apply_as(&mut fleet, "first", "", &object);
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"];
    assert_eq!(
        owned["f:affinity"],
        json!({
            "f:nodeAffinity": {"f:requiredDuringSchedulingIgnoredDuringExecution": {}},
            "f:podAffinity": {"f:preferredDuringSchedulingIgnoredDuringExecution": {}},
        })
    );
    assert_eq!(owned["f:imagePullSecrets"], json!({"k:{\"name\":\"pull\"}": {}}));
    assert_eq!(owned["f:nodeSelector"], json!({}));
    let scales = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web?fieldManager=first";
    let (_, made) = call(&mut fleet, "PATCH", path, APPLY, &scales.to_string(), began());
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    let parts = json!({"f:apiVersion": {}, "f:kind": {}, "f:name": {}});
    assert_eq!(*owned, json!({"f:maxReplicas": {}, "f:scaleTargetRef": parts}));
}

#[test]
fn an_owner_is_one_whole_in_the_list_of_owners() {
    let mut fleet = fleet(1);
    let space = get(&mut fleet, "/api/v1/namespaces/default", began());
    let uid = space["metadata"]["uid"].as_str().unwrap();
    let mut apply = |manager: &str, controls: bool| {
        let owner =
            json!({"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": uid, "controller": controls});
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own", "ownerReferences": [owner]}});
        let path = format!("/api/v1/namespaces/default/configmaps/own?fieldManager={manager}");
        call(&mut fleet, "PATCH", &path, APPLY, &object.to_string(), began())
    };
    let (_, made) = apply("first", true);
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"];
    let key = format!("k:{{\"uid\":\"{uid}\"}}");
    assert_eq!(*owned, json!({"f:metadata": {"f:ownerReferences": {key: {}}}}));
    let (code, refused) = apply("second", false);
    let words = "Apply failed with 1 conflict: conflict with \"first\": .metadata.ownerReferences";
    assert_eq!((code, refused["message"].as_str()), (409, Some(&*format!("{words}[uid=\"{uid}\"]"))));
    assert_eq!(apply("second", true).0, 200);
}
