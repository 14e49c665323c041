//! What keeps well formed objects out: quotas, standards for pods, webhooks; and which numbers a Service leads to.
use super::*;

fn apply(fleet: &mut Fleet, object: &Value, now: Timestamp) -> Result<Value, (u16, String)> {
    fleet.server(HOST).unwrap().apply(object, now).map_err(|refusal| (refusal.code, refusal.message))
}

fn space(fleet: &mut Fleet, labels: &Value) {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}});
    apply(fleet, &space, began()).unwrap();
}

fn pod(name: &str, container: &Value) -> Value {
    let mut container = container.clone();
    (container["name"], container["image"]) = (json!("c"), json!("web:1"));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [container]}})
}

#[test]
fn a_quota_leaves_no_room_for_more() {
    let mut fleet = fleet(1);
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"},
        "spec": {"hard": {"count/leases.coordination.k8s.io": "1", "requests.memory": "1Gi"}}});
    apply(&mut fleet, &quota, began()).unwrap();
    let lease = |name: &str| {
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": "shop"}, "spec": {"holderIdentity": "x"}})
    };
    apply(&mut fleet, &lease("one"), began()).unwrap();
    let counted = "count/leases.coordination.k8s.io=1";
    let words = format!(
        "leases.coordination.k8s.io \"two\" is forbidden: exceeded quota: q, requested: {counted}, used: {counted}, limited: {counted}"
    );
    assert_eq!(apply(&mut fleet, &lease("two"), began()).unwrap_err(), (403, words));
    apply(&mut fleet, &lease("one"), began()).expect("what is there may be changed");
    let memory = |amount: &str| json!({"resources": {"requests": {"memory": amount}}});
    apply(&mut fleet, &pod("a", &memory("768Mi")), began()).unwrap();
    let words = "pods \"b\" is forbidden: exceeded quota: q, requested: requests.memory=512Mi, used: requests.memory=768Mi, \
                 limited: requests.memory=1Gi";
    assert_eq!(apply(&mut fleet, &pod("b", &memory("512Mi")), began()).unwrap_err(), (403, words.into()));
    let words = "pods \"b\" is forbidden: failed quota: q: must specify requests.memory for: c";
    assert_eq!(apply(&mut fleet, &pod("b", &json!({})), began()).unwrap_err(), (403, words.into()));
    let shown = get(&mut fleet, "/api/v1/namespaces/shop/resourcequotas/q", at(1));
    assert_eq!(shown["status"]["used"], json!({"count/leases.coordination.k8s.io": "1", "requests.memory": "768Mi"}));
}

#[test]
fn a_standard_for_pods_refuses_pods_and_warns_of_workloads() {
    let mut fleet = fleet(1);
    let label = |mode: &str| format!("pod-security.kubernetes.io/{mode}");
    space(&mut fleet, &json!({label("enforce"): "baseline", label("warn"): "restricted"}));
    let (code, words) =
        apply(&mut fleet, &pod("p", &json!({"securityContext": {"privileged": true}})), began()).unwrap_err();
    let wrong = "violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)";
    assert_eq!((code, words), (403, format!("pods \"p\" is forbidden: {wrong}")));
    let mut workload = deployment("web", "web:1", 1);
    workload["metadata"]["namespace"] = json!("shop");
    let ask = http::Request::post(format!("https://{HOST}/apis/apps/v1/namespaces/shop/deployments"));
    let ask = ask.header("authorization", "Bearer operator").header("content-type", "application/json");
    let reply = fleet.respond(HOST, &ask.body(workload.to_string().into()).unwrap(), began()).unwrap();
    assert_eq!(reply.status(), 201);
    let warning = reply.headers()["warning"].to_str().unwrap();
    let begins = "299 - \"would violate PodSecurity \\\"restricted:latest\\\": allowPrivilegeEscalation != false (container \\\"web\\\"";
    assert!(warning.starts_with(begins), "{warning}");
    let good = json!({"securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}});
    space(&mut fleet, &json!({label("enforce"): "restricted"}));
    apply(&mut fleet, &pod("good", &good), began()).unwrap();
}

#[test]
fn a_webhook_is_asked_about_what_it_selects() {
    let mut fleet = fleet(1);
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "guard"}, "webhooks": [{"name": "a.b.c", "sideEffects": "None", "failurePolicy": "Fail",
        "admissionReviewVersions": ["v1"], "clientConfig": {"service": {"name": "none", "namespace": "shop"}},
        "objectSelector": {"matchLabels": {"hook": "me"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]}]});
    apply(&mut fleet, &hook, began()).unwrap();
    let map = |name: &str, labels: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": labels}})
    };
    apply(&mut fleet, &map("a", json!({})), began()).unwrap();
    assert_eq!(apply(&mut fleet, &map("b", json!({"hook": "me"})), began()).unwrap_err().0, 500);
}

#[test]
fn a_named_port_leads_to_the_number_in_the_pods() {
    let mut fleet = fleet(1);
    let mut workload = deployment("web", "web:1", 1);
    workload["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"name": "http", "containerPort": 8080}]);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}, {"name": "x", "port": 81, "targetPort": "none"}]}});
    let service = {
        let mut service = service;
        service["spec"]["ports"][0]["name"] = json!("web");
        service
    };
    for object in [workload, service] {
        apply(&mut fleet, &object, at(300)).unwrap();
    }
    let old = get(&mut fleet, "/api/v1/namespaces/default/endpoints/web", at(400));
    assert_eq!(old["subsets"][0]["ports"], json!([{"port": 8080, "protocol": "TCP", "name": "web"}]), "{old}");
    let slices = get(&mut fleet, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", at(400));
    let slice = slices["items"].as_array().unwrap().iter().find(|one| one["metadata"]["name"] != "kubernetes").unwrap();
    assert_eq!(slice["metadata"]["labels"]["kubernetes.io/service-name"], "web");
    assert_eq!(
        (&slice["ports"][0]["port"], &slice["endpoints"][0]["conditions"]["ready"]),
        (&json!(8080), &json!(true))
    );
    assert_eq!(
        get(&mut fleet, "/api/v1/namespaces/default/endpoints/kubernetes", at(400))["subsets"][0]["ports"][0]["port"],
        443
    );
    assert_eq!(call(&mut fleet, "DELETE", "/api/v1/namespaces/default/services/web", "", "", at(400)).0, 200);
    let left = get(&mut fleet, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", at(400));
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_webhook_may_refuse_once_somebody_answers_it() {
    let mut fleet = fleet(1);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 443}]}});
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "guard"}, "webhooks": [{"name": "a.b.c", "sideEffects": "None", "failurePolicy": "Ignore",
        "admissionReviewVersions": ["v1"], "clientConfig": {"service": {"name": "web", "namespace": "default"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}]}]});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}});
    for object in [deployment("web", "web:1", 1), service, hook] {
        apply(&mut fleet, &object, at(300)).unwrap();
    }
    fleet.server(HOST).unwrap().webhook_says("a.b.c", Some((403, "no")));
    apply(&mut fleet, &map, at(301)).expect("no pod is ready yet, and the policy is to ignore that");
    let words = "admission webhook \"a.b.c\" denied the request: no";
    assert_eq!(apply(&mut fleet, &map, at(400)).unwrap_err(), (403, words.into()));
    fleet.server(HOST).unwrap().webhook_says("a.b.c", Some((0, "")));
    let words = "admission webhook \"a.b.c\" denied the request without explanation";
    assert_eq!(apply(&mut fleet, &map, at(400)).unwrap_err(), (400, words.into()));
    fleet.server(HOST).unwrap().webhook_says("a.b.c", None);
    apply(&mut fleet, &map, at(400)).unwrap();
}

#[test]
fn pods_of_controllers_are_kept_out_too() {
    let mut fleet = fleet(1);
    space(&mut fleet, &json!({"pod-security.kubernetes.io/enforce": "restricted"}));
    let mut workload = deployment("web", "web:1", 2);
    workload["metadata"]["namespace"] = json!("shop");
    apply(&mut fleet, &workload, at(300)).unwrap();
    assert_eq!(get(&mut fleet, "/api/v1/namespaces/shop/pods", at(400))["items"], json!([]));
    let told = get(&mut fleet, "/api/v1/namespaces/shop/events?fieldSelector=reason%3DFailedCreate", at(400));
    let words = told["items"][0]["message"].as_str().unwrap();
    assert!(words.starts_with("Error creating: pods \"web-"), "{words}");
    assert!(words.contains("violates PodSecurity \"restricted:latest\""), "{words}");
}

#[test]
fn an_api_service_is_available_when_somebody_is_behind_it() {
    let mut fleet = fleet(1);
    let own = get(&mut fleet, "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps", at(300));
    assert!(has(&own, "Available", "True", "Local"), "{own}");
    let far = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                 "service": {"name": "web", "namespace": "default"}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 443}]}});
    let mut after = |object: &Value, moment: Timestamp| {
        apply(&mut fleet, object, at(300)).unwrap();
        let found = get(&mut fleet, "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io", moment);
        found["status"]["conditions"][0]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(after(&far, at(300)), "ServiceNotFound");
    assert_eq!(after(&service, at(300)), "MissingEndpoints");
    assert_eq!(after(&deployment("web", "web:1", 1), at(400)), "Passed");
}
