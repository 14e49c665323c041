//! How a real server reads objects, and what it fills in.
use super::*;

const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
const CORE: &str = "/api/v1/namespaces/default";
const BATCH: &str = "/apis/batch/v1/namespaces/default";

fn post(fleet: &mut Fleet, path: &str, object: &Value) -> (u16, Value) {
    call(fleet, "POST", path, JSON, &object.to_string(), at(600))
}

fn apply(fleet: &mut Fleet, path: &str, object: &Value) -> (u16, Value) {
    call(fleet, "PATCH", &format!("{path}?fieldManager=us"), APPLY, &object.to_string(), at(600))
}

/// A call's status, warnings and message.
fn warned(fleet: &mut Fleet, path: &str, body: &str) -> (u16, Vec<String>, String) {
    let ask = http::Request::builder().method("POST").uri(format!("https://{HOST}{path}"));
    let ask = ask.header("authorization", "Bearer operator").header("content-type", JSON);
    let ask = ask.body(bytes::Bytes::from(body.to_owned())).unwrap();
    let reply = fleet.respond(HOST, &ask, at(600)).unwrap();
    let warnings = reply.headers().get_all("warning").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let status = reply.status().as_u16();
    (status, warnings, json_of(reply.into_body())["message"].as_str().unwrap_or_default().into())
}

#[test]
fn members_that_no_kind_has_are_warned_of_or_refused() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    object["spec"]["template"]["spec"]["containers"][0]["imgae"] = json!("web:2");
    let body = object.to_string();
    let field = "unknown field \"spec.template.spec.containers[0].imgae\"";
    let (code, _, message) = warned(&mut fleet, &format!("{DEPLOYMENTS}?fieldValidation=Strict"), &body);
    let words =
        format!("Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: {field}");
    assert_eq!((code, message), (400, words));
    let (code, warnings, _) = warned(&mut fleet, DEPLOYMENTS, &body);
    assert_eq!((code, warnings), (201, vec![format!("299 - {field:?}")]));
    let found = get(&mut fleet, &format!("{DEPLOYMENTS}/web"), at(600));
    assert_eq!(found["spec"]["template"]["spec"]["containers"][0]["imgae"], Value::Null);
    let twice = r#"{"metadata": {"name": "a"}, "data": {"b": "1", "b": "2"}}"#;
    let (code, warnings, _) = warned(&mut fleet, &format!("{CORE}/configmaps"), twice);
    assert_eq!((code, warnings), (201, vec!["299 - \"duplicate field \\\"data.b\\\"\"".into()]));
}

#[test]
fn what_go_cannot_read_is_a_400_in_its_words() {
    let mut fleet = fleet(1);
    for (member, value, words) in [
        (
            "/spec/replicas",
            json!("3"),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "/spec/replicas",
            json!(2.5),
            "json: cannot unmarshal number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "/spec/paused",
            json!(1),
            "json: cannot unmarshal number 1 into Go struct field DeploymentSpec.spec.paused of type bool",
        ),
        (
            "/metadata/annotations",
            json!({"a": true}),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.annotations of type string",
        ),
        (
            "/spec/template/spec/containers/0/args",
            json!([1]),
            "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.args of type string",
        ),
        (
            "/spec/template/spec/containers/0/resources",
            json!({"limits": {"cpu": "much"}}),
            "quantities must match the regular expression",
        ),
    ] {
        let mut object = deployment("web", "web:1", 1);
        let (parent, name) = member.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[name] = value;
        let (code, status) = post(&mut fleet, DEPLOYMENTS, &object);
        let message = status["message"].as_str().unwrap();
        let begins = "Deployment in version \"v1\" cannot be handled as a Deployment: ";
        assert!(code == 400 && message.starts_with(&format!("{begins}{words}")), "{code} {message}");
    }
}

#[test]
fn quantities_have_one_form_and_an_equal_one_is_no_new_generation() {
    let mut fleet = fleet(1);
    let with = |cpu: Value, memory: &str| {
        let mut object = deployment("web", "web:1", 1);
        object["spec"]["template"]["spec"]["containers"][0]["resources"] =
            json!({"limits": {"cpu": cpu, "memory": memory, "example.com/a": "1500"}});
        object
    };
    let path = format!("{DEPLOYMENTS}/web");
    let (_, first) = apply(&mut fleet, &path, &with(json!(2), "1024Mi"));
    let limits = &first["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(*limits, json!({"cpu": "2", "memory": "1Gi", "example.com/a": "1500"}));
    for (given, kept) in
        [("0.5", "500m"), ("1e3", "1e3"), ("1500000", "1500k"), ("0.5Gi", "512Mi"), ("100Ki", "100Ki"), ("-0", "0")]
    {
        let (_, made) = apply(&mut fleet, &format!("{DEPLOYMENTS}/web2"), &{
            let mut object = with(json!(given), "1Gi");
            object["metadata"]["name"] = json!("web2");
            object
        });
        assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"], kept);
    }
    let (code, second) = apply(&mut fleet, &path, &with(json!("2000m"), "1Gi"));
    assert_eq!((code, &second["metadata"]["generation"]), (200, &json!(1)));
}

#[test]
fn empty_lists_and_maps_vanish() {
    let mut fleet = fleet(1);
    let object = json!({"metadata": {"name": "a", "labels": {}, "finalizers": []}, "data": {}});
    let (_, made) = post(&mut fleet, &format!("{CORE}/configmaps"), &object);
    assert_eq!(
        (&made["data"], &made["metadata"]["labels"], &made["metadata"]["finalizers"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[test]
fn a_service_keeps_what_it_was_given() {
    let mut fleet = fleet(1);
    let path = format!("{CORE}/services");
    let object = |sort: &str| json!({"metadata": {"name": "a"}, "spec": {"type": sort, "ports": [{"port": 80}]}});
    let (_, made) = post(&mut fleet, &path, &object("LoadBalancer"));
    let (spec, given) = (&made["spec"], &made["spec"]["clusterIP"]);
    assert_eq!((&spec["ipFamilies"], &spec["ipFamilyPolicy"]), (&json!(["IPv4"]), &json!("SingleStack")));
    assert_eq!(
        (&spec["externalTrafficPolicy"], &spec["allocateLoadBalancerNodePorts"]),
        (&json!("Cluster"), &json!(true))
    );
    assert!(spec["ports"][0]["nodePort"].is_u64() && given.is_string(), "{spec}");
    let (code, put) = call(&mut fleet, "PUT", &format!("{path}/a"), JSON, &object("ClusterIP").to_string(), at(600));
    assert_eq!((code, &put["spec"]["clusterIP"]), (200, given));
    for gone in ["externalTrafficPolicy", "allocateLoadBalancerNodePorts"] {
        assert_eq!(put["spec"][gone], Value::Null);
    }
    assert_eq!(put["spec"]["ports"][0]["nodePort"], Value::Null);
    let mut copy = object("ClusterIP");
    (copy["metadata"]["name"], copy["spec"]["clusterIP"]) = (json!("b"), given.clone());
    let (code, status) = post(&mut fleet, &path, &copy);
    assert!(
        code == 422 && status["message"].as_str().unwrap().ends_with("provided IP is already allocated"),
        "{status}"
    );
}

#[test]
fn a_jobs_labels_are_its_own_so_that_a_copy_is_refused() {
    let mut fleet = fleet(1);
    let job = json!({"metadata": {"name": "a"}, "spec": {"template": {"spec": {"restartPolicy": "Never",
        "containers": [{"name": "c", "image": "x"}]}}}});
    let (_, made) = post(&mut fleet, &format!("{BATCH}/jobs"), &job);
    let uid = &made["metadata"]["uid"];
    assert_eq!(made["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    assert_eq!(made["spec"]["template"]["metadata"]["labels"]["job-name"], "a");
    assert_eq!(made["metadata"]["labels"], made["spec"]["template"]["metadata"]["labels"]);
    let copy = json!({"metadata": {"name": "a"}, "spec": made["spec"]});
    let path = format!("{BATCH}/jobs/a");
    call(&mut fleet, "DELETE", &path, JSON, r#"{"gracePeriodSeconds": 0}"#, at(600));
    assert_eq!(post(&mut fleet, &format!("{BATCH}/jobs"), &copy).0, 422);
}

#[test]
fn templates_get_their_defaults_wherever_they_are() {
    let mut fleet = fleet(1);
    let pod = json!({"restartPolicy": "Never", "serviceAccountName": "robot", "volumes": [{"name": "v"}, {"name": "s", "secret": {"secretName": "s"}}],
        "containers": [{"name": "c", "image": "host:5000/x", "readinessProbe": {"httpGet": {"port": 80}}}]});
    let object = json!({"metadata": {"name": "a"}, "spec": {"schedule": "*/5 0-6 * jan mon,tue", "jobTemplate": {"spec": {"template": {"spec": pod}}}}});
    let (code, made) = post(&mut fleet, &format!("{BATCH}/cronjobs"), &object);
    assert_eq!((code, &made["spec"]["concurrencyPolicy"]), (201, &json!("Allow")), "{made}");
    let job = &made["spec"]["jobTemplate"]["spec"];
    assert_eq!(job["backoffLimit"], Value::Null);
    let pod = &job["template"]["spec"];
    assert_eq!((&pod["serviceAccount"], &pod["dnsPolicy"]), (&json!("robot"), &json!("ClusterFirst")));
    assert_eq!(
        pod["volumes"],
        json!([{"name": "v", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}}])
    );
    let container = &pod["containers"][0];
    assert_eq!(container["imagePullPolicy"], "Always");
    let probe = json!({"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3});
    assert_eq!(container["readinessProbe"], probe);
}

#[test]
fn a_deployments_annotations_count_as_a_generation() {
    let mut fleet = fleet(1);
    let path = format!("{DEPLOYMENTS}/web");
    apply(&mut fleet, &path, &deployment("web", "web:1", 1));
    for (patch, generation) in [
        (json!({"metadata": {"labels": {"a": "b"}}}), 1),
        (json!({"metadata": {"annotations": {"a": "b"}}}), 2),
        (json!({"spec": {"replicas": 2}}), 3),
        (json!({"spec": {"replicas": 2}}), 3),
    ] {
        let sort = "application/merge-patch+json";
        let (_, patched) = call(&mut fleet, "PATCH", &path, sort, &patch.to_string(), at(600));
        assert_eq!(patched["metadata"]["generation"], generation);
    }
}

#[test]
fn applied_items_come_first_where_the_order_differs() {
    let mut fleet = fleet(1);
    let path = format!("{DEPLOYMENTS}/web");
    apply(&mut fleet, &path, &deployment("web", "web:1", 1));
    let part = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {
        "containers": [{"name": "side", "image": "s:1"}, {"name": "web", "env": [{"name": "A", "value": "1"}]}]}}}});
    let body = part.to_string();
    let (code, both) = call(&mut fleet, "PATCH", &format!("{path}?fieldManager=them"), APPLY, &body, at(600));
    let names: Vec<_> =
        both["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!((code, names), (200, vec![&json!("side"), &json!("web")]), "{both}");
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "m:1"}]}}}}).to_string();
    let sort = "application/strategic-merge-patch+json";
    let (_, all) = call(&mut fleet, "PATCH", &path, sort, &patch, at(600));
    assert_eq!(all["spec"]["template"]["spec"]["containers"][0]["name"], "more");
}

/// As on a real server: who applied a zero owns it all the same.
#[test]
fn zeros_that_go_does_not_write_vanish_and_have_an_owner() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    for (name, zero) in [("minReadySeconds", json!(0)), ("paused", json!(false)), ("revisionHistoryLimit", json!(0))] {
        object["spec"][name] = zero;
    }
    let pod = &mut object["spec"]["template"]["spec"];
    pod["tolerations"] = json!([{"key": "a", "value": "", "operator": "Exists", "effect": ""}]);
    pod["nodeName"] = json!("");
    let probe = json!({"httpGet": {"port": 80, "path": "/", "host": ""}, "initialDelaySeconds": 0, "periodSeconds": 0});
    pod["containers"][0]["livenessProbe"] = probe;
    let (code, made) = apply(&mut fleet, &format!("{DEPLOYMENTS}/web"), &object);
    assert_eq!(code, 201, "{made}");
    let spec = &made["spec"];
    assert_eq!((&spec["minReadySeconds"], &spec["paused"]), (&Value::Null, &Value::Null));
    assert_eq!(spec["revisionHistoryLimit"], 0);
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["tolerations"], json!([{"key": "a", "operator": "Exists"}]));
    assert_eq!(pod["nodeName"], Value::Null);
    let probe = json!({"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3});
    assert_eq!(pod["containers"][0]["livenessProbe"], probe);
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    assert_eq!((&owned["f:minReadySeconds"], &owned["f:paused"]), (&json!({}), &json!({})));
    assert_eq!(owned["f:template"]["f:spec"]["f:nodeName"], json!({}));
    let (_, again) = apply(&mut fleet, &format!("{DEPLOYMENTS}/web"), &object);
    assert_eq!(again["metadata"]["generation"], made["metadata"]["generation"]);
}

#[test]
fn a_definition_that_prunes_as_all_do_does_not_say_so() {
    let mut fleet = fleet(1);
    let object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "as.x.io"},
        "spec": {"group": "x.io", "scope": "Namespaced", "names": {"plural": "as", "kind": "A"}, "preserveUnknownFields": false,
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "nullable": false, "description": ""}}}]}});
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/as.x.io";
    let (code, made) = apply(&mut fleet, path, &object);
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["spec"]["preserveUnknownFields"], Value::Null);
    assert_eq!(made["spec"]["versions"][0]["schema"], json!({"openAPIV3Schema": {"type": "object"}}));
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    assert_eq!(owned["f:preserveUnknownFields"], json!({}));
    assert_eq!(owned["f:versions"], json!({}));
    // Who writes something else takes nothing of that away.
    let established = get(&mut fleet, path, at(660));
    assert!(has(&established, "Established", "True", "InitialNamesAccepted"), "{established}");
    assert_eq!(established["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:preserveUnknownFields"], json!({}));
}

#[test]
fn the_ports_of_a_host_are_filled_in_in_pods_alone() {
    let mut fleet = fleet(1);
    let container = |name: &str, port: u16| json!({"name": name, "image": "x", "ports": [{"containerPort": port}]});
    let pod = json!({"hostNetwork": true, "containers": [container("a", 80)], "initContainers": [container("i", 81)]});
    let mut object = deployment("web", "web:1", 1);
    object["spec"]["template"]["spec"] = pod.clone();
    let (_, made) = post(&mut fleet, DEPLOYMENTS, &object);
    let template = &made["spec"]["template"]["spec"];
    assert_eq!(template["containers"][0]["ports"], json!([{"containerPort": 80, "protocol": "TCP"}]));
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod});
    let (_, made) = post(&mut fleet, &format!("{CORE}/pods"), &object);
    for (list, port) in [("containers", 80), ("initContainers", 81)] {
        let found = &made["spec"][list][0]["ports"];
        assert_eq!(*found, json!([{"containerPort": port, "hostPort": port, "protocol": "TCP"}]), "{made}");
    }
}
