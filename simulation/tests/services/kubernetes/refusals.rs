//! What real servers refuse of an apply.
use super::*;

const APPLY: &str = "application/apply-patch+yaml";

fn apply(fleet: &mut Fleet, path: &str, object: &Value) -> (u16, String) {
    let (code, status) = call(fleet, "PATCH", &format!("{path}?fieldManager=us"), APPLY, &object.to_string(), at(600));
    (code, status["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_member_that_the_kind_has_not_is_a_500_without_a_reason() {
    let mut fleet = fleet(1);
    for (member, value, words) in [
        ("/spec/replica", json!(1), ".spec.replica: field not declared in schema"),
        ("/spec/replicas", json!("two"), ".spec.replicas: expected numeric (int or float), got string"),
        ("/spec/template/spec/hostNetwork", json!("yes"), "spec.hostNetwork: expected boolean, got &{yes}"),
        ("/metadata/label", json!({}), ".metadata.label: field not declared in schema"),
    ] {
        let mut object = deployment("web", "web:1", 1);
        let (parent, name) = member.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[name] = value;
        let (code, message) = apply(&mut fleet, &format!("{DEPLOYMENTS}/web"), &object);
        let begins = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ";
        assert!(code == 500 && message.starts_with(begins) && message.contains(words), "{code} {message}");
    }
    let mut object = deployment("web", "web:1", 1);
    object["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "k", "secret": {"secretName": "s", "defaultMode": 755}}]);
    let (code, message) = apply(&mut fleet, &format!("{DEPLOYMENTS}/web"), &object);
    assert!(code == 422 && message.contains("must be a number between 0 and 0777"), "{code} {message}");
}

#[test]
fn what_a_server_cannot_read_is_told_in_its_words() {
    let mut fleet = fleet(1);
    let mut refused = |object: Value| {
        let kind = object["kind"].as_str().unwrap().to_lowercase();
        let (code, message) = apply(&mut fleet, &format!("/api/v1/namespaces/default/{kind}s/a"), &object);
        assert_eq!(code, 500, "{message}");
        message
    };
    let map = refused(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": 1}}));
    assert!(map.ends_with("Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}"), "{map}");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "%%"}});
    let secret = refused(secret);
    let words = "Kind=Secret: error decoding from json: illegal base64 data at input byte 0";
    assert!(secret.starts_with("failed to convert new object (") && secret.ends_with(words), "{secret}");
    let several =
        refused(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"selectors": {},
        "ports": [{"port": 80, "target": 1}]}}));
    let words = "errors:\n  .spec.selectors: field not declared in schema\n  .spec.ports[port=80,protocol=\"TCP\"].target: \
        field not declared in schema";
    assert!(several.ends_with(words), "{several}");
}

#[test]
fn what_aks_made_first_has_fields_of_its_own() {
    let mut fleet = fleet(1);
    let path = "/apis/storage.k8s.io/v1/storageclasses/default";
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "disk.csi.azure.com",
        "metadata": {"name": "default", "annotations": {"storageclass.kubernetes.io/is-default-class": "false"}}});
    let (code, message) = apply(&mut fleet, path, &class);
    assert!(code == 409 && message.contains("conflict with \"addon-manager\""), "{code} {message}");
    assert!(message.ends_with(".metadata.annotations.storageclass.kubernetes.io/is-default-class"), "{message}");
    let forced = format!("{path}?fieldManager=us&force=true");
    assert_eq!(call(&mut fleet, "PATCH", &forced, APPLY, &class.to_string(), at(600)).0, 200);
}

#[test]
fn a_webhook_that_nobody_answers_refuses_what_it_is_for() {
    let mut fleet = fleet(1);
    let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "guard"}, "webhooks": [{"name": "guard.example.com", "failurePolicy": "Fail",
        "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": "guard", "namespace": "default", "path": "/check"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}]}]});
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/guard";
    assert_eq!(apply(&mut fleet, path, &configuration).0, 201);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let (code, message) = apply(&mut fleet, "/api/v1/namespaces/default/configmaps/a", &map);
    let words = "failed calling webhook \"guard.example.com\": failed to call webhook: Post \
        \"https://guard.default.svc:443/check?timeout=10s\": service \"guard\" not found";
    assert_eq!((code, message), (500, format!("Internal error occurred: {words}")));
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    assert_eq!(apply(&mut fleet, "/api/v1/namespaces/default/secrets/a", &secret).0, 201, "it is not for that");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "guard", "namespace": "default"},
        "spec": {"selector": {"app": "guard"}, "ports": [{"port": 443}]}});
    let mut server = fleet.server(HOST).unwrap();
    server.apply(&service, at(600)).unwrap();
    server.apply(&deployment("guard", "guard:1", 1), at(600)).unwrap();
    drop(server);
    let message = apply(&mut fleet, "/api/v1/namespaces/default/configmaps/a", &map).1;
    assert!(message.ends_with("no endpoints available for service \"guard\""), "{message}");
    fleet.server(HOST).unwrap().age_by(seconds(60), at(600));
    assert_eq!(apply(&mut fleet, "/api/v1/namespaces/default/configmaps/a", &map).0, 201);
}

#[test]
fn kinds_that_charts_bring_are_served() {
    let mut fleet = fleet(1);
    for (version, plural) in [
        ("apiregistration.k8s.io/v1", "apiservices"),
        ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"),
        ("autoscaling/v1", "horizontalpodautoscalers"),
        ("autoscaling/v2", "horizontalpodautoscalers"),
        ("node.k8s.io/v1", "runtimeclasses"),
        ("flowcontrol.apiserver.k8s.io/v1", "flowschemas"),
        ("storage.k8s.io/v1", "csinodes"),
    ] {
        assert!(
            get(&mut fleet, &format!("/apis/{version}/{plural}"), began())["items"].is_array(),
            "{version} {plural}"
        );
    }
}
