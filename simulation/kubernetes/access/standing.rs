//! Pure: the rules that every server has from its beginning, and to whom they are given.
use serde_json::{Value, json};

const OF_NAMESPACES: &[&str] = &[
    "bindings",
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "persistentvolumeclaims",
    "pods",
    "pods/log",
    "pods/status",
    "replicationcontrollers",
    "resourcequotas",
    "serviceaccounts",
    "services",
];
const GROUPS: &[&str] = &["apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy"];

/// The rules of a ClusterRole that is always there.
pub(super) fn rules(role: &str) -> Vec<Value> {
    let on = |groups: Value, resources: Value, verbs: Value| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let looks = || json!(["get", "list", "watch"]);
    let writes = |resources: Value| {
        vec![
            on(json!([""]), resources, json!(["*"])),
            on(
                json!([""]),
                json!(["secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy"]),
                json!(["*"]),
            ),
            on(json!(GROUPS), json!(["*"]), json!(["*"])),
        ]
    };
    match role {
        "cluster-admin" => {
            vec![on(json!(["*"]), json!(["*"]), json!(["*"])), json!({"nonResourceURLs": ["*"], "verbs": ["*"]})]
        }
        "edit" => writes(json!(OF_NAMESPACES)),
        "admin" => {
            let mut rules = writes(json!(OF_NAMESPACES));
            rules.push(on(json!(["rbac.authorization.k8s.io"]), json!(["roles", "rolebindings"]), json!(["*"])));
            rules
        }
        "view" => vec![on(json!([""]), json!(OF_NAMESPACES), looks()), on(json!(GROUPS), json!(["*"]), looks())],
        "system:public-info-viewer" => {
            vec![
                json!({"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}),
            ]
        }
        "system:discovery" => vec![json!({
            "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*",
                                "/readyz", "/version", "/version/"],
            "verbs": ["get"]})],
        "system:basic-user" => vec![
            on(
                json!(["authorization.k8s.io"]),
                json!(["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
                json!(["create"]),
            ),
            on(json!(["authentication.k8s.io"]), json!(["selfsubjectreviews"]), json!(["create"])),
        ],
        "system:service-account-issuer-discovery" => vec![json!({
            "nonResourceURLs": ["/.well-known/openid-configuration", "/openid/v1/jwks"], "verbs": ["get"]})],
        _ => vec![],
    }
}

/// The ClusterRoles that a group has without a binding of anybody's.
pub(super) const BOUND: &[(&str, &str)] = &[
    ("system:masters", "cluster-admin"),
    ("system:authenticated", "system:public-info-viewer"),
    ("system:unauthenticated", "system:public-info-viewer"),
    ("system:authenticated", "system:discovery"),
    ("system:authenticated", "system:basic-user"),
    ("system:serviceaccounts", "system:service-account-issuer-discovery"),
];
