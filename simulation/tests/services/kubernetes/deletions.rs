//! Deletions: their options, what they answer, evictions, and namespaces that end.
use super::*;

const CONFIG: &str = "/api/v1/namespaces/default/configmaps";
const PODS: &str = "/api/v1/namespaces/default/pods";

fn delete(fleet: &mut Fleet, path: &str, options: &Value, now: Timestamp) -> (u16, Value) {
    let body = if options.is_null() { String::new() } else { options.to_string() };
    call(fleet, "DELETE", path, "application/json", &body, now)
}

fn make(fleet: &mut Fleet, collection: &str, object: &Value, now: Timestamp) -> Value {
    let (status, made) = call(fleet, "POST", collection, "application/json", &object.to_string(), now);
    assert_eq!(status, 201, "{made}");
    made
}

#[test]
fn options_that_do_not_fit_are_refused_in_kubernetes_words() {
    let mut fleet = fleet(1);
    let made = make(&mut fleet, CONFIG, &json!({"metadata": {"name": "a"}}), began());
    let (version, one) = (made["metadata"]["resourceVersion"].as_str().unwrap(), format!("{CONFIG}/a"));
    let changed = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the ResourceVersion in the precondition (1) does not match the \
         ResourceVersion in record ({version}). The object might have been modified"
    );
    let both = "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and \
                deletionPropagation cannot be both set";
    let unknown = "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Now\": supported values: \
                   \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    for (options, status, message) in [
        (json!({"preconditions": {"resourceVersion": "1"}}), 409, changed.as_str()),
        (json!({"propagationPolicy": "Orphan", "orphanDependents": false}), 422, both),
        (json!({"propagationPolicy": "Now"}), 422, unknown),
    ] {
        let (found, said) = delete(&mut fleet, &one, &options, began());
        assert_eq!((found, said["message"].as_str()), (status, Some(message)));
    }
    assert_eq!(delete(&mut fleet, &format!("{one}?propagationPolicy=Now"), &Value::Null, began()).0, 422);
    assert_eq!(delete(&mut fleet, &one, &json!({"dryRun": ["All"]}), began()).0, 200);
    let (status, said) = delete(&mut fleet, &one, &Value::Null, began());
    assert_eq!((status, &said["kind"], &said["details"]["group"]), (200, &json!("Status"), &Value::Null));
}

#[test]
fn dependents_are_left_or_taken_along() {
    let mut fleet = fleet(1);
    for (policy, left) in [("Orphan", 200), ("Background", 404)] {
        let owner = make(&mut fleet, CONFIG, &json!({"metadata": {"name": "owner"}}), began());
        let reference =
            json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}]);
        make(
            &mut fleet,
            CONFIG,
            &json!({"metadata": {"name": policy.to_lowercase(), "ownerReferences": reference}}),
            began(),
        );
        let options = json!({"propagationPolicy": policy});
        let (_, said) = delete(&mut fleet, &format!("{CONFIG}/owner"), &options, began());
        let lingers = policy == "Orphan";
        assert_eq!(said["kind"], if lingers { "ConfigMap" } else { "Status" });
        assert_eq!(said["metadata"]["finalizers"], if lingers { json!(["orphan"]) } else { Value::Null });
        let found = call(&mut fleet, "GET", &format!("{CONFIG}/{}", policy.to_lowercase()), "", "", began()).0;
        assert_eq!(found, left, "{policy}");
        assert_eq!(call(&mut fleet, "GET", &format!("{CONFIG}/owner"), "", "", began()).0, 404);
    }
}

#[test]
fn a_collection_that_is_deleted_is_answered_as_a_list() {
    let mut fleet = fleet(1);
    for (name, set) in [("a", "x"), ("b", "x"), ("c", "y")] {
        make(&mut fleet, CONFIG, &json!({"metadata": {"name": name, "labels": {"set": set}}}), began());
    }
    let (status, list) = delete(&mut fleet, &format!("{CONFIG}?labelSelector=set%3Dx"), &Value::Null, began());
    assert_eq!((status, &list["kind"], list["items"].as_array().unwrap().len()), (200, &json!("ConfigMapList"), 2));
    assert_eq!(get(&mut fleet, &format!("{CONFIG}?labelSelector=set"), began())["items"].as_array().unwrap().len(), 1);
    assert_eq!(delete(&mut fleet, "/api/v1/namespaces", &Value::Null, began()).0, 405);
    assert_eq!(delete(&mut fleet, "/api/v1/configmaps", &Value::Null, began()).0, 405);
}

#[test]
fn what_is_being_deleted_gets_no_new_finalizer_and_no_namesake() {
    let mut fleet = fleet(1);
    make(&mut fleet, CONFIG, &json!({"metadata": {"name": "a", "finalizers": ["a.b/c"]}}), began());
    delete(&mut fleet, &format!("{CONFIG}/a"), &Value::Null, began());
    let more = json!({"metadata": {"finalizers": ["a.b/c", "d.e/f"]}}).to_string();
    let (status, said) =
        call(&mut fleet, "PATCH", &format!("{CONFIG}/a"), "application/merge-patch+json", &more, began());
    let wrong =
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\"d.e/f\"}";
    assert_eq!(status, 422);
    assert!(said["message"].as_str().unwrap().ends_with(wrong), "{said}");
    let again = json!({"metadata": {"name": "a"}}).to_string();
    let (status, said) = call(&mut fleet, "POST", CONFIG, "application/json", &again, began());
    let message = said["message"].as_str().unwrap();
    assert_eq!((status, message), (409, "object is being deleted: configmaps \"a\" already exists"));
}

#[test]
fn an_eviction_keeps_to_the_budget() {
    let mut fleet = fleet(2);
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}});
    for object in [deployment("web", "web:1", 2), budget] {
        fleet.server(HOST).unwrap().apply(&object, at(300)).unwrap();
    }
    let budget = get(&mut fleet, "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web", at(400));
    let status = &budget["status"];
    let counts =
        ["expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"].map(|name| status[name].as_u64());
    assert_eq!(counts, [Some(2), Some(2), Some(1), Some(1)], "{status}");
    let pods = get(&mut fleet, PODS, at(400));
    let names: Vec<_> =
        pods["items"].as_array().unwrap().iter().map(|pod| pod["metadata"]["name"].as_str().unwrap()).collect();
    let mut evict = |name: &str, more: &str| {
        let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}).to_string();
        call(&mut fleet, "POST", &format!("{PODS}/{name}/eviction{more}"), "application/json", &body, at(400))
    };
    assert_eq!((evict(names[0], "?dryRun=All").0, evict(names[0], "").0), (201, 201));
    let (status, said) = evict(names[1], "");
    assert_eq!((status, said["reason"].as_str()), (429, Some("TooManyRequests")));
    assert_eq!(said["message"], "Cannot evict pod as it would violate the pod's disruption budget.");
    let (status, said) = evict("none", "");
    assert_eq!((status, said["message"].as_str()), (404, Some("pods \"none\" not found")));
}

#[test]
fn a_namespace_says_what_holds_it() {
    let mut fleet = fleet(1);
    make(&mut fleet, "/api/v1/namespaces", &json!({"metadata": {"name": "old"}}), began());
    let inside = "/api/v1/namespaces/old/configmaps";
    make(&mut fleet, inside, &json!({"metadata": {"name": "f", "finalizers": ["a.b/c"]}}), began());
    let (_, said) = delete(&mut fleet, "/api/v1/namespaces/old", &Value::Null, began());
    assert_eq!(
        (&said["status"]["phase"], &said["metadata"]["deletionGracePeriodSeconds"]),
        (&json!("Terminating"), &Value::Null)
    );
    let old = get(&mut fleet, "/api/v1/namespaces/old", at(10));
    assert!(has(&old, "NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain"), "{old}");
    let words = "Some content in the namespace has finalizers remaining: a.b/c in 1 resource instances";
    assert!(old["status"]["conditions"].to_string().contains(words), "{old}");
    let free = json!({"metadata": {"name": "old"}, "spec": {"finalizers": []}}).to_string();
    assert_eq!(call(&mut fleet, "PUT", "/api/v1/namespaces/old/finalize", "application/json", &free, at(20)).0, 200);
    assert_eq!(call(&mut fleet, "GET", "/api/v1/namespaces/old", "", "", at(20)).0, 404);
    let name = json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "other"}}}).to_string();
    let sort = "application/merge-patch+json";
    let (_, changed) = call(&mut fleet, "PATCH", "/api/v1/namespaces/default", sort, &name, began());
    assert_eq!(changed["metadata"]["labels"]["kubernetes.io/metadata.name"], "default");
}
