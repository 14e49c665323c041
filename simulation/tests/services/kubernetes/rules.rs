//! What a real server refuses of an object that it can read, in its own words.
use super::*;

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const CORE: &str = "/api/v1/namespaces/default";

fn post(fleet: &mut Fleet, path: &str, object: &Value) -> (u16, Value) {
    call(fleet, "POST", path, JSON, &object.to_string(), at(600))
}

fn message(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["message"].as_str().unwrap_or_default())
}

/// A Deployment with one container that has these members too.
fn with_container(members: &Value) -> Value {
    let mut object = deployment("web", "web:1", 1);
    let container = &mut object["spec"]["template"]["spec"]["containers"][0];
    members.as_object().unwrap().iter().for_each(|(name, value)| container[name.as_str()] = value.clone());
    object
}

#[test]
fn containers_are_looked_at_member_by_member() {
    let mut fleet = fleet(1);
    for (members, words) in [
        (
            json!({"imagePullPolicy": "Once"}),
            "imagePullPolicy: Unsupported value: \"Once\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (json!({"name": "We_b"}), "name: Invalid value: \"We_b\": a lowercase RFC 1123 label must consist of"),
        (json!({"image": ""}), "image: Required value"),
        (
            json!({"ports": [{"containerPort": 66_000}]}),
            "ports[0].containerPort: Invalid value: 66000: must be between 1 and 65535, inclusive",
        ),
        (
            json!({"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1025Mi"}}}),
            "resources.requests: Invalid value: \"1025Mi\": must be less than or equal to memory limit of 1Gi",
        ),
        (json!({"volumeMounts": [{"name": "gone", "mountPath": "/a"}]}), "volumeMounts[0].name: Not found: \"gone\""),
        (json!({"livenessProbe": {"periodSeconds": 5}}), "livenessProbe: Required value: must specify a handler type"),
        (
            json!({"startupProbe": {"httpGet": {"port": 80}, "failureThreshold": -1}}),
            "startupProbe.failureThreshold: Invalid value: -1: must be greater than or equal to 0",
        ),
    ] {
        let answer = post(&mut fleet, DEPLOYMENTS, &with_container(&members));
        let begins = "Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].";
        let (code, found) = message(&answer);
        assert!(code == 422 && found.starts_with(&format!("{begins}{words}")), "{code} {found}");
    }
}

#[test]
fn all_reasons_are_told_together() {
    let mut fleet = fleet(1);
    let service = json!({"metadata": {"name": "two"}, "spec": {"ports": [{"port": 1}, {"port": 70_000}]}});
    let answer = post(&mut fleet, &format!("{CORE}/services"), &service);
    let words = "Service \"two\" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value, \
        spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive, \
        spec.ports[1].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]";
    assert_eq!(message(&answer), (422, words));
    let causes = answer.1["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 4);
    assert_eq!(
        causes[0],
        json!({"reason": "FieldValueRequired", "message": "Required value", "field": "spec.ports[0].name"})
    );
    assert_eq!((&answer.1["details"]["name"], &answer.1["details"]["group"]), (&json!("two"), &Value::Null));
}

#[test]
fn names_labels_annotations_owners_and_finalizers_have_their_forms() {
    let mut fleet = fleet(1);
    for (metadata, words) in [
        (json!({"name": "a..b"}), "metadata.name: Invalid value: \"a..b\": a lowercase RFC 1123 subdomain"),
        (
            json!({"name": "a", "labels": {"x/y/z": "1"}}),
            "metadata.labels: Invalid value: \"x/y/z\": a qualified name must",
        ),
        (
            json!({"name": "a", "labels": {"x": "-"}}),
            "metadata.labels: Invalid value: \"-\": a valid label must be an empty",
        ),
        (
            json!({"name": "a", "annotations": {"/x": "1"}}),
            "metadata.annotations: Invalid value: \"/x\": prefix part must be non-empty",
        ),
        (
            json!({"name": "a", "annotations": {"x": "y".repeat(270_000)}}),
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
        (
            json!({"name": "a", "finalizers": ["mine"]}),
            "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard",
        ),
        (
            json!({"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]}),
            "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
        ),
    ] {
        let answer = post(&mut fleet, &format!("{CORE}/configmaps"), &json!({"metadata": metadata}));
        let (code, found) = message(&answer);
        assert!(code == 422 && found.contains(&format!("is invalid: {words}")), "{code} {found}");
    }
    let upper = json!({"metadata": {"name": "a", "annotations": {"Example.com/Key": "1"}, "finalizers": ["a.b/c"]}});
    assert_eq!(post(&mut fleet, &format!("{CORE}/configmaps"), &upper).0, 201);
}

#[test]
fn each_kind_has_rules_of_its_own() {
    let mut fleet = fleet(1);
    let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
    let paths = json!([{"path": "/", "backend": backend}]);
    let template = json!({"spec": {"containers": [{"name": "c", "image": "x"}]}});
    let (net, batch, rbac) = (
        "/apis/networking.k8s.io/v1/namespaces/default",
        "/apis/batch/v1/namespaces/default",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default",
    );
    for (path, rest, words) in [
        (
            format!("{net}/ingresses"),
            json!({"spec": {"rules": [{"http": {"paths": paths}}]}}),
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        ),
        (
            format!("{batch}/jobs"),
            json!({"spec": {"template": template}}),
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ),
        (
            format!("{batch}/cronjobs"),
            json!({"spec": {"schedule": "70 * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}}}}}),
            "spec.schedule: Invalid value: \"70 * * * *\": end of range (70) above maximum (59): 70",
        ),
        (
            format!("{rbac}/roles"),
            json!({"rules": [{"verbs": ["get"], "apiGroups": [""]}]}),
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ),
        (
            format!("{CORE}/secrets"),
            json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}),
            "data[tls.key]: Required value",
        ),
        (
            format!("{CORE}/configmaps"),
            json!({"data": {"a b": ""}}),
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of",
        ),
        (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets".into(),
            json!({"spec": {"minAvailable": "50%", "maxUnavailable": 1}}),
            "spec: Invalid value: {\"MinAvailable\":\"50%\",\"Selector\":null,\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
        ),
    ] {
        let mut object = json!({"metadata": {"name": "a"}});
        rest.as_object().unwrap().iter().for_each(|(name, value)| object[name.as_str()] = value.clone());
        let answer = post(&mut fleet, &path, &object);
        let (code, found) = message(&answer);
        assert!(code == 422 && found.contains(&format!("is invalid: {words}")), "{code} {found}");
    }
}

#[test]
fn some_members_may_never_change() {
    let mut fleet = fleet(1);
    let data = json!({"metadata": {"name": "a"}, "immutable": true, "data": {"a": ""}});
    let service = json!({"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}});
    let claim = json!({"metadata": {"name": "a"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let set = json!({"metadata": {"name": "a"}, "spec": {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}}});
    let class = json!({"metadata": {"name": "a"}, "spec": {"controller": "a.b/c"}});
    let role = json!({"metadata": {"name": "a"}, "roleRef": {"kind": "Role", "name": "r"}});
    for (path, object, patch, words) in [
        (
            format!("{CORE}/secrets"),
            &data,
            json!({"data": {"a": "eA=="}}),
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            format!("{CORE}/secrets"),
            &data,
            json!({"type": "mine"}),
            "type: Invalid value: \"mine\": field is immutable",
        ),
        (
            format!("{CORE}/services"),
            &service,
            json!({"spec": {"clusterIP": "10.0.9.9"}}),
            "spec.clusterIPs[0]: Invalid value: [\"10.0.9.9\"]: may not change once set",
        ),
        (
            format!("{CORE}/persistentvolumeclaims"),
            &claim,
            json!({"spec": {"storageClassName": "other"}}),
            "spec: Forbidden: spec is immutable after creation except resources.requests and",
        ),
        (
            "/apis/apps/v1/namespaces/default/statefulsets".into(),
            &set,
            json!({"spec": {"serviceName": "t"}}),
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas',",
        ),
        (
            "/apis/networking.k8s.io/v1/ingressclasses".into(),
            &class,
            json!({"spec": {"controller": "d.e/f"}}),
            "spec.controller: Invalid value: \"d.e/f\": field is immutable",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings".into(),
            &role,
            json!({"roleRef": {"name": "q"}}),
            "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"q\"}: cannot change roleRef",
        ),
    ] {
        let (code, made) = post(&mut fleet, &path, object);
        assert!(matches!(code, 201 | 409), "{made}");
        let answer = call(&mut fleet, "PATCH", &format!("{path}/a"), MERGE, &patch.to_string(), at(600));
        let (code, found) = message(&answer);
        assert!(code == 422 && found.contains(&format!("is invalid: {words}")), "{code} {found}");
    }
}

#[test]
fn a_pod_needs_the_account_and_the_priority_that_it_names() {
    let mut fleet = fleet(1);
    let pod = |member: &str, name: &str| json!({"metadata": {"name": "p"}, "spec": {member: name, "containers": [{"name": "c", "image": "x"}]}});
    let path = format!("{CORE}/pods");
    let answer = post(&mut fleet, &path, &pod("serviceAccountName", "robot"));
    let words =
        "pods \"p\" is forbidden: error looking up service account default/robot: serviceaccount \"robot\" not found";
    assert_eq!(message(&answer), (403, words));
    let answer = post(&mut fleet, &path, &pod("priorityClassName", "high"));
    assert_eq!(message(&answer), (403, "pods \"p\" is forbidden: no PriorityClass with name high was found"));
    let (code, made) = post(&mut fleet, &path, &pod("priorityClassName", "system-node-critical"));
    assert_eq!(
        (code, &made["spec"]["priority"], &made["status"]["qosClass"]),
        (201, &json!(2_000_000_000), &json!("BestEffort"))
    );
    let patch = json!({"spec": {"restartPolicy": "Never"}}).to_string();
    let answer = call(&mut fleet, "PATCH", &format!("{path}/p"), MERGE, &patch, at(600));
    assert!(
        message(&answer).1.starts_with("Pod \"p\" is invalid: spec: Forbidden: pod updates may not change"),
        "{answer:?}"
    );
}

#[test]
fn options_are_looked_at_before_anything_is_written() {
    let mut fleet = fleet(1);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let path = format!("{CORE}/configmaps");
    for (method, place, sort, query, words) in [
        (
            "POST",
            path.clone(),
            JSON,
            "dryRun=Server",
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Server\"]: supported values: \"All\"",
        ),
        (
            "POST",
            path.clone(),
            JSON,
            "fieldManager=a%09",
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\t\": invalid character U+0009 (at position 1)",
        ),
        (
            "PUT",
            format!("{path}/a"),
            JSON,
            "fieldValidation=Loud",
            "UpdateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Loud\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        ),
        (
            "PATCH",
            format!("{path}/a"),
            MERGE,
            "force=true",
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
        ),
        (
            "PATCH",
            format!("{path}/a"),
            "application/apply-patch+yaml",
            "force=true",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ),
    ] {
        let answer = call(&mut fleet, method, &format!("{place}?{query}"), sort, &object.to_string(), at(600));
        assert_eq!(message(&answer), (422, words));
    }
    assert_eq!(call(&mut fleet, "GET", &format!("{path}/a"), JSON, "", at(600)).0, 404);
}
