//! Who may ask, and what each may do.
use super::*;
use simulated_azure::kubernetes::Right;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1";
const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const ENTRA_TOKENS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// One call with a token; an empty one is not sent.
fn asked(fleet: &mut Fleet, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let ask = http::Request::builder().method(method).uri(format!("https://{HOST}{path}"));
    let ask = ask.header("content-type", "application/json");
    let ask = if token.is_empty() { ask } else { ask.header("authorization", format!("Bearer {token}")) };
    let reply = fleet.respond(HOST, &ask.body(bytes::Bytes::from(body.to_owned())).unwrap(), began()).unwrap();
    (reply.status().as_u16(), json_of(reply.into_body()))
}

fn message(answer: &(u16, Value), status: u16) -> String {
    assert_eq!(answer.0, status, "{}", answer.1);
    answer.1["message"].as_str().unwrap_or_default().to_owned()
}

/// A token that Entra ID gives for the clusters' API servers, and whose it is.
fn of_azure(audience: &str) -> (String, String) {
    let mut entra = simulated_azure::entra::Entra::default();
    let uri = format!("{ENTRA_TOKENS}?api-version=2018-02-01&client_id=an-identity&resource={audience}");
    let ask = http::Request::get(uri).header("metadata", "true").body(bytes::Bytes::new()).unwrap();
    let said = json_of(entra.respond(&ask, began()).into_body());
    (said["access_token"].as_str().unwrap().to_owned(), simulated_azure::entra::principal_of("an-identity"))
}

#[test]
fn a_stranger_sees_little_and_a_wrong_token_nothing() {
    let mut fleet = fleet(1);
    for path in ["/healthz", "/livez", "/readyz", "/version"] {
        assert_eq!(asked(&mut fleet, "", "GET", path, "").0, 200, "{path}");
    }
    assert_eq!(
        message(&asked(&mut fleet, "", "GET", "/apis", ""), 403),
        "forbidden: User \"system:anonymous\" cannot get path \"/apis\""
    );
    assert_eq!(
        message(&asked(&mut fleet, "", "DELETE", "/apis/apps/v1/namespaces/shop/deployments/web", ""), 403),
        "deployments.apps \"web\" is forbidden: User \"system:anonymous\" cannot delete resource \"deployments\" in API group \
         \"apps\" in the namespace \"shop\""
    );
    for path in ["/healthz", "/api/v1/namespaces"] {
        assert_eq!(message(&asked(&mut fleet, "guessed", "GET", path, ""), 401), "Unauthorized");
    }
}

#[test]
fn an_identity_of_azure_may_do_everything_until_rights_are_taken_away() {
    let mut fleet = fleet(1);
    let (token, who) = of_azure("6dae42f8-4368-4678-94ff-3960e28e3630");
    assert_eq!(asked(&mut fleet, &token, "GET", "/api/v1/nodes", "").0, 200);
    let (other, _) = of_azure("https://management.azure.com");
    assert_eq!(asked(&mut fleet, &other, "GET", "/api/v1/nodes", "").0, 401, "a token for another service");
    fleet.allow_only("*", &[Right::new("get,list", "pods,deployments.apps", "default")]);
    assert_eq!(asked(&mut fleet, &token, "GET", DEPLOYMENTS, "").0, 200);
    assert_eq!(asked(&mut fleet, &token, "GET", "/apis", "").0, 200, "what is served may be seen");
    assert_eq!(
        message(&asked(&mut fleet, &token, "GET", "/api/v1/nodes", ""), 403),
        format!(
            "nodes is forbidden: User \"{who}\" cannot list resource \"nodes\" in API group \"\" at the cluster scope: User does \
             not have access to the resource in Azure. Update role assignment to allow access."
        )
    );
    let map = json!({"metadata": {"name": "a"}}).to_string();
    assert_eq!(asked(&mut fleet, &token, "POST", "/api/v1/namespaces/default/configmaps", &map).0, 403);
    assert_eq!(asked(&mut fleet, "operator", "GET", "/api/v1/nodes", "").0, 200);
    fleet.allow_only(&who, &[Right::new("*", "*", "*")]);
    assert_eq!(asked(&mut fleet, &token, "GET", "/api/v1/nodes", "").0, 200);
    fleet.add("other.hcp.westeurope.azmk8s.io", shape(1), began());
    fleet.allow_only(&who, &[]);
    assert_eq!(asked(&mut fleet, &token, "GET", "/api/v1/nodes", "").0, 403);
}

#[test]
fn an_apply_that_creates_needs_the_right_to_create() {
    let mut fleet = fleet(1);
    let (token, _) = of_azure("6dae42f8-4368-4678-94ff-3960e28e3630");
    fleet.allow_only("*", &[Right::new("patch", "configmaps", "default")]);
    let ask = http::Request::patch(format!("https://{HOST}/api/v1/namespaces/default/configmaps/a?fieldManager=t"));
    let ask =
        ask.header("authorization", format!("Bearer {token}")).header("content-type", "application/apply-patch+yaml");
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}).to_string();
    let reply = fleet.respond(HOST, &ask.body(body.into()).unwrap(), began()).unwrap();
    assert!(message(&(reply.status().as_u16(), json_of(reply.into_body())), 403).contains("cannot create resource"));
}

#[test]
fn roles_decide_for_service_accounts() {
    let mut fleet = fleet(1);
    let account = json!({"metadata": {"name": "robot"}}).to_string();
    assert_eq!(asked(&mut fleet, "operator", "POST", ACCOUNTS, &account).0, 201);
    let wish = json!({"spec": {"expirationSeconds": 3600}}).to_string();
    let (status, given) = asked(&mut fleet, "operator", "POST", &format!("{ACCOUNTS}/robot/token"), &wish);
    assert_eq!((status, given["spec"]["expirationSeconds"].as_u64()), (201, Some(3600)));
    assert_eq!(given["status"]["expirationTimestamp"], "2026-11-25T01:00:00Z");
    let token = given["status"]["token"].as_str().unwrap().to_owned();
    let pods = "/api/v1/namespaces/default/pods";
    let refused = message(&asked(&mut fleet, &token, "GET", pods, ""), 403);
    assert!(
        refused.starts_with("pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list"),
        "{refused}"
    );
    let rbac = "rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": rbac, "kind": "Role", "metadata": {"name": "looks", "namespace": "default"},
        "rules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
                  {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["own"], "verbs": ["get"]}]});
    let binding = json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": {"name": "looks", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "looks"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}]});
    for object in [role, binding] {
        fleet.server(HOST).unwrap().apply(&object, began()).unwrap();
    }
    let secrets = "/api/v1/namespaces/default/secrets";
    for (method, path, status) in [
        ("GET", pods.to_owned(), 200),
        ("DELETE", format!("{pods}/x"), 403),
        ("GET", format!("{pods}/x/log"), 404),
        ("GET", "/api/v1/namespaces/kube-system/pods".into(), 403),
        ("GET", format!("{secrets}/own"), 404),
        ("GET", format!("{secrets}/other"), 403),
    ] {
        assert_eq!(asked(&mut fleet, &token, method, &path, "").0, status, "{method} {path}");
    }
    assert_eq!(asked(&mut fleet, "operator", "DELETE", &format!("{ACCOUNTS}/robot"), "").0, 200);
    assert_eq!(asked(&mut fleet, &token, "GET", pods, "").0, 401, "nobody's token");
}

#[test]
fn access_can_be_asked_about() {
    let mut fleet = fleet(1);
    let mut ask = |token: &str, what: &str, spec: Value| {
        let body = json!({"spec": spec}).to_string();
        let (status, answer) = asked(&mut fleet, token, "POST", what, &body);
        assert_eq!(status, 201, "{answer}");
        answer["status"].clone()
    };
    let wish = json!({"namespace": "default", "verb": "create", "group": "apps", "resource": "deployments"});
    let own = format!("{REVIEWS}/selfsubjectaccessreviews");
    assert_eq!(ask("operator", &own, json!({"resourceAttributes": wish})), json!({"allowed": true}));
    let others = format!("{REVIEWS}/subjectaccessreviews");
    assert_eq!(ask("operator", &others, json!({"user": "x", "resourceAttributes": wish})), json!({"allowed": false}));
    let masters = json!({"user": "x", "groups": ["system:masters"], "resourceAttributes": wish});
    assert_eq!(ask("operator", &others, masters), json!({"allowed": true}));
    let rules = ask("operator", &format!("{REVIEWS}/selfsubjectrulesreviews"), json!({"namespace": "default"}));
    assert_eq!(rules["resourceRules"][0], json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}));
    let who = ask("operator", "/apis/authentication.k8s.io/v1/selfsubjectreviews", json!({}));
    assert_eq!(who["userInfo"]["username"], "operator");
    let token = ask("operator", "/apis/authentication.k8s.io/v1/tokenreviews", json!({"token": "x"}));
    assert_eq!(token, json!({"user": {}, "error": "invalid bearer token"}));
}

#[test]
fn who_may_act_as_another_has_the_others_rights() {
    let mut fleet = fleet(1);
    let path = format!("https://{HOST}/api/v1/namespaces/default/configmaps");
    let mut acting = |name: &str, group: &str| {
        let ask = http::Request::get(&path).header("authorization", "Bearer operator");
        let ask = ask.header("impersonate-user", name).header("impersonate-group", group).body(bytes::Bytes::new());
        fleet.respond(HOST, &ask.unwrap(), began()).unwrap().status().as_u16()
    };
    assert_eq!((acting("nobody", "visitors"), acting("nobody", "system:masters")), (403, 200));
}

#[test]
fn an_identity_of_azure_is_asked_about_by_its_object_id() {
    let mut fleet = fleet(1);
    fleet.allow_only("an-identity", &[Right::new("get", "pods", "default")]);
    let mut allowed = |verb: &str, spec: Value| {
        let mut spec = spec;
        spec["resourceAttributes"] = json!({"verb": verb, "resource": "pods", "namespace": "default"});
        let body = json!({"spec": spec}).to_string();
        let answer = asked(&mut fleet, "operator", "POST", &format!("{REVIEWS}/subjectaccessreviews"), &body).1;
        answer["status"]["allowed"] == true
    };
    let of_azure = || json!({"user": "an-identity", "extra": {"oid": ["an-identity"]}});
    assert!(allowed("get", of_azure()) && !allowed("list", of_azure()));
    assert!(!allowed("get", json!({"user": "an-identity"})), "nobody of Azure");
}

#[test]
fn a_role_that_is_put_together_has_the_rules_of_those_that_it_chooses() {
    const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let mut fleet = fleet(1);
    let rule = |resource: &str| json!({"apiGroups": ["a.io"], "resources": [resource], "verbs": ["get"]});
    let role = |name: &str, labels: Value, rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name, "labels": labels}, "rules": rules});
    let mut whole = role("whole", json!({}), json!([]));
    whole["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"of": "whole"}}]});
    let apply = |fleet: &mut Fleet, object: &Value| {
        let path = format!("{ROLES}/{}?fieldManager=us", object["metadata"]["name"].as_str().unwrap());
        let sort = "application/apply-patch+yaml";
        assert!(call(fleet, "PATCH", &path, sort, &object.to_string(), began()).0 < 300);
    };
    apply(&mut fleet, &whole);
    apply(&mut fleet, &role("b", json!({"of": "whole"}), json!([rule("bs"), rule("as")])));
    apply(&mut fleet, &role("a", json!({"of": "whole"}), json!([rule("as")])));
    apply(&mut fleet, &role("c", json!({"of": "another"}), json!([rule("cs")])));
    let found = get(&mut fleet, &format!("{ROLES}/whole"), at(1));
    assert_eq!(found["rules"], json!([rule("as"), rule("bs")]));
    let entries = found["metadata"]["managedFields"].as_array().unwrap();
    let owner = entries.iter().find(|entry| entry["fieldsV1"]["f:rules"].is_object()).unwrap();
    assert_eq!(
        (&owner["manager"], &owner["operation"]),
        (&json!("clusterrole-aggregation-controller"), &json!("Apply"))
    );
}
