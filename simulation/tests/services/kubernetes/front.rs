//! What a server says of itself, in which form, and how a list or a watch is asked for.
use super::*;

const CONFIG: &str = "/api/v1/namespaces/default/configmaps";

/// Status, type and text of an answer.
fn page(fleet: &mut Fleet, path: &str, accept: &str) -> (u16, String, String) {
    let ask = http::Request::get(format!("https://{HOST}{path}")).header("authorization", "Bearer operator");
    let reply = fleet.respond(HOST, &ask.header("accept", accept).body(bytes::Bytes::new()).unwrap(), began()).unwrap();
    let sort = reply.headers()["content-type"].to_str().unwrap().to_owned();
    let status = reply.status().as_u16();
    let bytes = futures::FutureExt::now_or_never(reply.into_body().collect()).unwrap().unwrap().to_bytes();
    (status, sort, String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn what_is_no_group_of_its_own_is_a_plain_page() {
    let mut fleet = fleet(1);
    for path in ["/apis/none", "/apis/metrics.k8s.io/v1beta1", "/foo", "/API/v1", "/logs", "/readyz/none"] {
        let (status, sort, text) = page(&mut fleet, path, "*/*");
        assert_eq!(
            (status, sort.as_str(), text.as_str()),
            (404, "text/plain; charset=utf-8", "404 page not found\n"),
            "{path}"
        );
    }
    for path in ["/healthz", "/livez/ping", "/readyz", "/readyz/etcd"] {
        assert_eq!(page(&mut fleet, path, "*/*").2, "ok", "{path}");
    }
    let (_, _, text) = page(&mut fleet, "/readyz?verbose", "*/*");
    assert!(text.starts_with("[+]ping ok\n[+]log ok\n") && text.ends_with("readyz check passed\n"), "{text}");
    assert!(page(&mut fleet, "/metrics", "*/*").2.contains("apiserver_storage_objects{resource=\"nodes\"} 1\n"));
    for path in ["/", "/openapi/v2", "/.well-known/openid-configuration", "/openid/v1/jwks"] {
        assert_eq!(page(&mut fleet, path, "*/*").0, 200, "{path}");
    }
}

#[test]
fn everything_that_is_served_comes_in_one_answer_for_who_asks_so() {
    let mut fleet = fleet(1);
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let (_, sort, text) = page(&mut fleet, "/apis", accept);
    let found: Value = serde_json::from_str(&text).unwrap();
    assert!(sort.contains("as=APIGroupDiscoveryList"), "{sort}");
    let apps = found["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == "apps").unwrap();
    let resources = apps["versions"][0]["resources"].as_array().unwrap();
    let deployments = resources.iter().find(|one| one["resource"] == "deployments").unwrap();
    assert_eq!(deployments["responseKind"], json!({"group": "apps", "version": "v1", "kind": "Deployment"}));
    let parts: Vec<_> =
        deployments["subresources"].as_array().unwrap().iter().map(|part| &part["subresource"]).collect();
    assert_eq!(parts, ["scale", "status"]);
    let core = page(&mut fleet, "/api", accept).2;
    assert!(core.contains("\"subresource\":\"eviction\""), "{core}");
}

#[test]
fn an_answer_has_the_form_that_is_wanted_or_there_is_none() {
    let mut fleet = fleet(1);
    let path = format!("{CONFIG}/kube-root-ca.crt");
    for (accept, status, sort) in [
        ("application/yaml", 200, "application/yaml"),
        ("application/json;q=0.1, application/yaml", 200, "application/yaml"),
        ("application/vnd.kubernetes.protobuf,application/json", 200, "application/json"),
        ("application/vnd.kubernetes.protobuf", 406, "application/json"),
        ("text/html", 406, "application/json"),
        ("*/*", 200, "application/json"),
    ] {
        let (found, found_sort, text) = page(&mut fleet, &path, accept);
        assert_eq!((found, found_sort.as_str()), (status, sort), "{accept}: {text}");
    }
    assert!(page(&mut fleet, &path, "application/yaml").2.contains("\nkind: ConfigMap\n"));
}

#[test]
fn versions_and_options_that_do_not_fit_are_refused() {
    let mut fleet = fleet(1);
    let invalid =
        |field: &str, why: &str| format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}");
    let parse = |what: &str, text: &str| format!("strconv.{what}: parsing \"{text}\": invalid syntax");
    let matching = "resourceVersionMatch";
    for (query, status, message) in [
        ("limit=abc", 400, parse("ParseInt", "abc")),
        (
            "resourceVersion=x",
            400,
            format!("invalid resource version: resourceVersion: Invalid value: \"x\": {}", parse("ParseUint", "x")),
        ),
        (
            "resourceVersionMatch=Exact",
            422,
            invalid(matching, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ),
        ("sendInitialEvents=false", 422, invalid("sendInitialEvents", "sendInitialEvents is forbidden for list")),
        (
            "watch=1&resourceVersion=x",
            500,
            format!("resourceVersion: Invalid value: \"x\": {}", parse("ParseUint", "x")),
        ),
        ("watch=1&continue=x", 422, invalid(matching, "resourceVersionMatch is forbidden when continue is provided")),
        (
            "watch=1&sendInitialEvents=true",
            422,
            invalid(matching, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ),
        (
            "fieldSelector=data.a%3D1",
            400,
            "\"data.a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"".into(),
        ),
        ("fieldSelector=x%3Dy%3Dz", 400, "invalid field selector: unescaped character in value: 61".into()),
        (
            "labelSelector=a%20b",
            400,
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt".into(),
        ),
    ] {
        let (found, said) = call(&mut fleet, "GET", &format!("{CONFIG}?{query}"), "", "", began());
        assert_eq!((found, said["message"].as_str()), (status, Some(message.as_str())), "{query}");
    }
    for path in [CONFIG.to_owned(), format!("{CONFIG}/kube-root-ca.crt")] {
        let (status, said) = call(&mut fleet, "GET", &format!("{path}?resourceVersion=999999999"), "", "", began());
        assert_eq!((status, &said["details"]["retryAfterSeconds"]), (504, &json!(1)), "{said}");
    }
}

#[test]
fn a_list_of_an_old_version_shows_what_was_there() {
    let mut fleet = fleet(1);
    let mut versions = vec![];
    for (method, path, body) in [
        ("POST", CONFIG.to_owned(), json!({"metadata": {"name": "a", "labels": {"set": "x"}}, "data": {"k": "1"}})),
        ("PATCH", format!("{CONFIG}/a"), json!({"data": {"k": "2"}})),
        ("DELETE", format!("{CONFIG}/a"), Value::Null),
    ] {
        let sort = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        assert!(call(&mut fleet, method, &path, sort, &body, began()).0 < 300);
        let list = get(&mut fleet, CONFIG, began());
        versions.push(list["metadata"]["resourceVersion"].as_str().unwrap().to_owned());
    }
    let mut at = |version: &str| {
        let path = format!("{CONFIG}?labelSelector=set&resourceVersion={version}&resourceVersionMatch=Exact");
        let list = get(&mut fleet, &path, began());
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["data"]["k"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (at(&versions[0]), at(&versions[1]), at(&versions[2]), at("1")),
        (vec!["1".into()], vec!["2".into()], vec![], vec![])
    );
}

#[test]
fn events_are_the_same_in_both_groups() {
    let mut fleet = fleet(1);
    let newer = "/apis/events.k8s.io/v1/namespaces/default/events";
    let event = json!({"metadata": {"name": "e"}, "regarding": {"kind": "Pod", "namespace": "default", "name": "x"},
        "reason": "R", "note": "n", "action": "A", "reportingController": "a.b/c", "reportingInstance": "i", "type": "Normal"});
    let (status, made) = call(&mut fleet, "POST", newer, "application/json", &event.to_string(), began());
    assert_eq!((status, &made["apiVersion"], &made["note"]), (201, &json!("events.k8s.io/v1"), &json!("n")));
    let core = "/api/v1/namespaces/default/events";
    let old = get(&mut fleet, &format!("{core}/e"), began());
    assert_eq!(
        (&old["apiVersion"], &old["message"], &old["involvedObject"]["name"]),
        (&json!("v1"), &json!("n"), &json!("x"))
    );
    let found = get(&mut fleet, &format!("{core}?fieldSelector=involvedObject.name%3Dx,type%3DNormal"), began());
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let other =
        json!({"metadata": {"name": "f"}, "involvedObject": {"kind": "Pod", "namespace": "other", "name": "x"}});
    let (status, said) = call(&mut fleet, "POST", core, "application/json", &other.to_string(), began());
    let message =
        "Event \"f\" is invalid: involvedObject.namespace: Invalid value: \"other\": does not match event.namespace";
    assert_eq!((status, said["message"].as_str()), (422, Some(message)));
    fleet.server(HOST).unwrap().apply(&deployment("web", "web:1", 2), at(10)).unwrap();
    let told = get(&mut fleet, &format!("{core}?fieldSelector=involvedObject.kind%3DDeployment"), at(20));
    assert_eq!(told["items"][0]["reason"], "ScalingReplicaSet", "{told}");
    fleet.server(HOST).unwrap().apply(&deployment("late", "web:1", 1), at(4000)).unwrap();
    let left = get(&mut fleet, core, at(4000));
    let about: Vec<_> =
        left["items"].as_array().unwrap().iter().map(|event| &event["involvedObject"]["name"]).collect();
    assert_eq!(about, ["late"], "an event is kept for an hour");
}
