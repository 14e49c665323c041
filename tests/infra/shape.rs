//! What must be true of every deployment: traffic stays where it is, nothing takes a key, the way back is warm, what is
//! deleted comes back, names do not collide, and a person is called.
use crate::snapshot::{SHAPES, Snapshot, json, read, text};
use bluegreen::run::Level;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every resource of a compiled template, its modules included.
fn resources<'a>(template: &'a Value, found: &mut Vec<&'a Value>) {
    let all = template["resources"].as_object().into_iter().flat_map(|all| all.values());
    for resource in all.filter(|resource| resource["existing"] != true) {
        match resource.pointer("/properties/template") {
            Some(module) => resources(module, found),
            None => found.push(resource),
        }
    }
}

#[test]
fn what_carries_traffic_is_made_once_and_never_written_again() {
    let template = json("infra/main.json");
    let mut all = vec![];
    resources(&template, &mut all);
    assert!(all.len() > 40, "{}", all.len());
    let mut guarded = BTreeSet::new();
    for resource in all {
        let kind = text(resource, "/type").split('@').next().unwrap();
        let carries = ["Microsoft.Network/", "Microsoft.ContainerService/"].iter().any(|it| kind.starts_with(it));
        let once = resource.pointer("/@options/onlyIfNotExists").is_some();
        assert_eq!(once, carries, "{kind}");
        if once {
            guarded.insert(kind.rsplit('/').next().unwrap());
        }
    }
    for kind in ["applicationGateways", "virtualNetworks", "managedClusters", "publicIPAddresses"] {
        assert!(guarded.contains(kind), "{guarded:?}");
    }
}

#[test]
fn removing_the_upgrader_touches_no_site() {
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let ours = snapshot.resources().iter().filter(|it| text(it, "/id").contains("-upgrader/"));
        for resource in ours {
            let kind = text(resource, "/type");
            assert!(
                !kind.starts_with("Microsoft.Network") && !kind.starts_with("Microsoft.Container"),
                "{shape}: {kind}"
            );
        }
        for lock in snapshot.all("Microsoft.Authorization/locks") {
            assert!(
                text(lock, "/id").contains("/applicationGateways/"),
                "a lock above would stop the clusters' deletion"
            );
            assert_eq!(lock["properties"]["level"], "CanNotDelete", "ReadOnly would stop the traffic's turn");
        }
    }
}

#[test]
fn nothing_takes_a_key_or_a_password() {
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let is = |kind: &str, pointer: &str, expected: &Value| {
            let all = snapshot.all(kind);
            assert!(!all.is_empty() || shape == "containers", "{shape}: {kind}");
            for resource in all {
                assert_eq!(resource.pointer(pointer), Some(expected), "{shape}: {}", text(resource, "/id"));
            }
        };
        is("Microsoft.Storage/storageAccounts", "/properties/allowSharedKeyAccess", &json!(false));
        is("Microsoft.Storage/storageAccounts", "/properties/allowBlobPublicAccess", &json!(false));
        is("Microsoft.ServiceBus/namespaces", "/properties/disableLocalAuth", &json!(true));
        is("Microsoft.Insights/components", "/properties/DisableLocalAuth", &json!(true));
        is("Microsoft.OperationalInsights/workspaces", "/properties/features/disableLocalAuth", &json!(true));
        is("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "/properties/allow", &json!(false));
        is("Microsoft.Web/sites", "/properties/httpsOnly", &json!(true));
    }
}

#[test]
fn the_way_back_and_the_api_are_always_ready() {
    let snapshot = Snapshot::of("minimal");
    let ready =
        snapshot.only("Microsoft.Web/sites").pointer("/properties/functionAppConfig/scaleAndConcurrency/alwaysReady");
    let expected = ["http", "function:RestoreTraffic"].map(|name| json!({"name": name, "instanceCount": 1}));
    assert_eq!(ready, Some(&json!(expected)));
    let app = Snapshot::of("containers");
    let replicas = app.only("Microsoft.App/containerApps").pointer("/properties/template/scale/minReplicas").cloned();
    assert_eq!(replicas, Some(json!(1)));
    let app = Snapshot::of("premium");
    let site = app.only("Microsoft.Web/sites").pointer("/properties/siteConfig/minimumElasticInstanceCount").cloned();
    assert_eq!(site, Some(json!(1)));
}

/// With less an instance would be started, cold, for every sixteen clients that poll; the host lets in as many.
#[test]
fn an_instance_takes_a_hundred_callers_of_the_api() {
    let snapshot = Snapshot::of("minimal");
    let place = "/properties/functionAppConfig/scaleAndConcurrency/triggers/http/perInstanceConcurrency";
    let taken = snapshot.only("Microsoft.Web/sites").pointer(place).cloned();
    assert_eq!(taken, json("host.json").pointer("/extensions/http/maxConcurrentRequests").cloned());
    assert_eq!(taken, Some(json!(100)));
}

#[test]
fn what_is_overwritten_or_deleted_can_be_had_back_for_14_days() {
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let blobs = &snapshot.only("Microsoft.Storage/storageAccounts/blobServices")["properties"];
        assert_eq!(blobs["isVersioningEnabled"], true);
        for policy in ["deleteRetentionPolicy", "containerDeleteRetentionPolicy"] {
            assert_eq!(blobs[policy], json!({"enabled": true, "days": 14}), "{shape}");
        }
    }
}

/// Names that nobody else in the world, or in the tenant, may have.
const GLOBAL: [&str; 4] = [
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Web/sites",
    "Microsoft.Authorization/roleDefinitions",
];

#[test]
fn two_installations_share_no_name() {
    let mut seen = BTreeSet::new();
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        for resource in snapshot.resources() {
            // The site's group is the same on purpose: two installations may look after one group.
            let shared = text(resource, "/id").ends_with("/resourceGroups/rg-shop");
            assert!(shared || seen.insert(text(resource, "/id").to_lowercase()), "{shape}: {}", resource["id"]);
            if GLOBAL.contains(&text(resource, "/type")) {
                assert!(seen.insert(text(resource, "/name").to_lowercase()), "{shape}: {}", resource["name"]);
            }
        }
        for role in snapshot.all("Microsoft.Authorization/roleDefinitions") {
            assert!(seen.insert(text(role, "/properties/roleName").to_lowercase()), "{role}");
        }
        let account = text(snapshot.only("Microsoft.Storage/storageAccounts"), "/name");
        assert!(
            account.len() <= 24 && account.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
            "{account}"
        );
    }
}

#[test]
fn the_alerts_look_for_what_the_handlers_write() {
    let snapshot = Snapshot::of("full");
    let alerts = snapshot.all("Microsoft.Insights/scheduledQueryRules");
    let queries: Vec<_> = alerts.iter().map(|alert| text(alert, "/properties/criteria/allOf/0/query")).collect();
    let asked = |word: &str| queries.iter().any(|query| query.contains(&format!("\"{word}\"")));
    // Each level is a rule of its own, and louder than the next; a line of a call is said once, so each is an alert.
    let severities = Level::ALL.into_iter().filter(|level| *level > Level::Note).rev().map(|level| {
        let is_rule = |query: &&str| query.contains(&format!("'\"call\":\"{}\"'", level.name()));
        let rules: Vec<_> = alerts.iter().zip(&queries).filter(|(_, query)| is_rule(query)).collect();
        let [(rule, _)] = rules[..] else { panic!("{level:?}: {rules:?}") };
        assert_eq!(rule["properties"]["autoMitigate"], false, "{level:?}");
        rule["properties"]["severity"].as_i64().unwrap()
    });
    assert_eq!(severities.collect::<Vec<_>>(), [1, 2, 3]);
    for function in ["CanaryCheck", "DeadLetter"] {
        assert!(asked(function) && !read(&format!("function-definitions/{function}/function.json")).is_empty());
    }
    for alert in alerts.into_iter().chain(snapshot.all("Microsoft.Insights/metricAlerts")) {
        let called = alert["properties"]["actions"].to_string();
        assert!(called.contains("/actionGroups/ag-full-shop-upgrader"), "{alert}");
    }
}

#[test]
fn every_parameter_is_described() {
    let template = json("infra/main.json");
    for (name, parameter) in template["parameters"].as_object().unwrap() {
        let described = parameter.pointer("/metadata/description").and_then(Value::as_str).unwrap_or_default();
        assert!(described.len() > 15 && described.ends_with('.'), "{name}: {described:?}");
    }
}
