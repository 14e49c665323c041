//! `doctor`: a good installation has no finding, and each thing that is wrong is one, with its remedy.
use crate::{looker, story};
use bluegreen::local::installation::{Addresses, Installation};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::survey::checkup::{self, look_over};
use bluegreen::survey::doctor::{Observed, Row, State, Unread, examine, has_findings, table};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::kubernetes::Right;
use simulated_azure::service_bus::{QueueOptions, SubscriptionOptions};
use simulated_azure::{Cloud, Effect, Fault, On};
use std::time::Duration;

pub async fn seen(shop: &Shop) -> Observed {
    seen_as(shop, &Installation::of(&shop.article).app).await
}

/// What is seen when this id is named as the function app's.
pub async fn seen_as(shop: &Shop, app: &str) -> Observed {
    let Addresses { blobs, bus, .. } = Addresses::of(Cloud::Public);
    let app = Some(app.parse().unwrap());
    let here = shop.azure.clock().now();
    look_over(&looker(&shop.azure), &shop.operator.store, &checkup::Installation { store: blobs, bus, app }, Some(here))
        .await
}

pub fn quiet() -> Options {
    Options { probe: false, ..Options::default() }
}

/// The rows of a world that was changed before it was looked at.
pub fn in_world(change: impl FnOnce(&Shop)) -> Vec<Row> {
    story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        change(&shop);
        examine(&seen(&shop).await)
    })
}

/// The rows of what was seen, after a change.
pub fn changed(change: impl FnOnce(&mut Observed)) -> Vec<Row> {
    story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        let mut seen = seen(&shop).await;
        change(&mut seen);
        examine(&seen)
    })
}

pub fn findings(rows: &[Row]) -> Vec<&Row> {
    rows.iter().filter(|row| row.state == State::Finding).collect()
}

/// There is one finding, of this check, that says this.
pub fn is_only(rows: &[Row], check: &str, says: &str) {
    let found = findings(rows);
    assert_eq!(found.len(), 1, "{says}: {found:#?}");
    assert_eq!(found[0].check, check, "{found:#?}");
    assert!(found[0].what.contains(says) && !found[0].remedy.is_empty(), "{says}: {found:#?}");
}

fn gateway(seen: &mut Observed) -> &mut Value {
    &mut seen.sites.as_mut().unwrap()[0].gateway.as_mut().unwrap().as_mut().unwrap().0
}

fn settings(seen: &mut Observed) -> &mut Value {
    &mut seen.app.as_mut().unwrap().settings.as_mut().unwrap()["properties"]
}

#[test]
fn a_good_installation_has_no_finding() {
    let rows = in_world(|_| {});
    assert!(!has_findings(&rows), "{}", table(&rows));
    let well = |check: &str| rows.iter().filter(|row| row.check == check && row.state == State::Well).count();
    let counts = ["identity", "clock", "host", "settings", "entities", "roles", "site"].map(well);
    assert_eq!(counts, [2, 2, 1, 2, 1, 1, 3], "{}", table(&rows));
    assert!(table(&rows).ends_with("12 well, 0 to mend, 0 not looked at\n"), "{}", table(&rows));
    let shown = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!((&shown["check"], &shown["state"]), (&json!("identity"), &json!("well")));
}

/// The example of the documentation: the shop, in which somebody has changed a lock.
#[test]
fn the_table_in_the_documentation_is_what_is_printed() {
    let printed = table(&in_world(|shop| {
        let soak = SubscriptionOptions {
            subject: Some("Soak".into()),
            forward_dead_letters_to: Some("dead-letters".into()),
            lock_duration: Duration::from_secs(60),
            ..SubscriptionOptions::default()
        };
        shop.azure.world().service_bus.add_subscription("upgrade-steps", "Soak", soak).unwrap();
    }));
    let page = include_str!("../../docs/start.md");
    let (_, rest) = page.split_once("bluegreen doctor --app ").unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(shown, printed, "docs/start.md does not show what is printed:\n{printed}");
}

#[test]
fn nothing_is_written_while_looking() {
    story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        seen(&shop).await;
        let world = shop.azure.world();
        let actions: Vec<_> = world.calls.iter().filter_map(|call| call.action.clone()).collect();
        assert!(actions.len() > 10, "{actions:?}");
        for action in actions {
            let lists = ["listClusterUserCredential/action", "config/list/action"];
            assert!(action.ends_with("/read") || lists.iter().any(|it| action.ends_with(it)), "{action}");
        }
        let writes = world.calls.iter().filter(|call| matches!(call.method.as_str(), "PUT" | "PATCH" | "DELETE"));
        assert_eq!(writes.count(), 0);
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: a line for each mistake")]
fn each_wrong_entity_is_a_finding() {
    let dead = || Some("dead-letters".to_owned());
    let day = Some(Duration::from_secs(86400));
    let good = || SubscriptionOptions {
        subject: Some("Soak".into()),
        lock_duration: Duration::from_secs(180),
        forward_dead_letters_to: dead(),
        ..SubscriptionOptions::default()
    };
    let soak = |shop: &Shop, options: SubscriptionOptions| {
        shop.azure.world().service_bus.add_subscription("upgrade-steps", "Soak", options).unwrap();
    };
    let requests =
        |shop: &Shop, options: QueueOptions| shop.azure.world().service_bus.add_queue("upgrade-requests", options);
    type Change<'a> = &'a dyn Fn(&Shop);
    let cases: [(Change<'_>, &str); 7] = [
        (&|shop| shop.azure.world().service_bus.remove("version-events"), "queues/version-events does not exist"),
        (
            &|shop| shop.azure.world().service_bus.remove("upgrade-steps/subscriptions/Soak"),
            "subscriptions/Soak does not exist",
        ),
        (
            &|shop| soak(shop, SubscriptionOptions { lock_duration: Duration::from_secs(60), ..good() }),
            "locks messages for PT1M",
        ),
        (
            &|shop| soak(shop, SubscriptionOptions { subject: None, ..good() }),
            "is expected to have one rule, for the subject Soak",
        ),
        (
            &|shop| soak(shop, SubscriptionOptions { forward_dead_letters_to: None, ..good() }),
            "forwards dead letters to \"\"",
        ),
        (
            &|shop| requests(shop, QueueOptions { forward_dead_letters_to: dead(), ..QueueOptions::default() }),
            "does not detect duplicates",
        ),
        (
            &|shop| {
                let window = Some(Duration::from_secs(600));
                requests(
                    shop,
                    QueueOptions {
                        forward_dead_letters_to: dead(),
                        duplicate_window: window,
                        ..QueueOptions::default()
                    },
                );
            },
            "remembers ids for PT10M",
        ),
    ];
    for (change, says) in cases {
        is_only(&in_world(change), "entities", says);
    }
    let same = in_world(|shop| {
        requests(
            shop,
            QueueOptions { forward_dead_letters_to: dead(), duplicate_window: day, ..QueueOptions::default() },
        );
    });
    assert!(!has_findings(&same));
}

#[test]
fn a_namespace_that_nobody_has_is_a_finding() {
    is_only(
        &changed(|seen| seen.namespace = Ok(None)),
        "entities",
        "has the namespace shopupgrader.servicebus.windows.net",
    );
}

#[test]
fn each_role_that_the_app_lacks_is_a_finding_with_the_place_and_the_functions() {
    for (role, says, remedy) in [
        ("region reader", "lacks Microsoft.Authorization/locks/read (CheckPlan, CreateCluster)", "infra/"),
        ("cluster replacer and traffic turner", "Microsoft.ContainerService/managedClusters/write", "infra/"),
        ("Storage Blob Data Owner", "blobServices/containers/blobs/write", "Storage Blob Data Owner"),
        ("Azure Service Bus Data Sender", "messages/send/action", "assign there: Azure Service Bus Data Sender"),
        ("Azure Service Bus Data Receiver", "messages/receive/action", "Azure Service Bus Data Receiver"),
        ("Azure Kubernetes Service RBAC Cluster Admin", "managedClusters/apps/deployments/write", "RBAC Cluster Admin"),
    ] {
        let rows = changed(|seen| {
            let app = seen.app.as_mut().unwrap();
            for definition in app.definitions.values_mut().map(|definition| definition.as_mut().unwrap()) {
                if definition["properties"]["roleName"] == role {
                    definition["properties"]["permissions"] = json!([]);
                }
            }
        });
        let found: Vec<_> = findings(&rows).into_iter().filter(|row| row.check == "roles").collect();
        assert!(!found.is_empty(), "{role}");
        assert!(found.iter().any(|row| row.what.contains(says)), "{role}: {found:#?}");
        assert!(found.iter().all(|row| row.remedy.contains(remedy)), "{role}: {found:#?}");
        assert_eq!(findings(&rows).len(), found.len(), "{role}: {rows:#?}");
    }
}

#[test]
fn what_every_plan_would_be_refused_for_is_a_finding() {
    let rows = changed(|seen| {
        let cluster = seen.sites.as_mut().unwrap()[0].clusters[0].1.as_mut().unwrap().as_mut().unwrap();
        cluster["properties"]["autoUpgradeProfile"]["upgradeChannel"] = "stable".into();
    });
    is_only(&rows, "site", "CheckPlan would refuse to upgrade aks-blue: automatic upgrades are expected to be off");
}

#[test]
fn an_assignment_elsewhere_does_not_help() {
    let rows = changed(|seen| {
        for assignment in seen.app.as_mut().unwrap().assignments.as_mut().unwrap() {
            let scope = assignment["properties"]["scope"].as_str().unwrap().replace("rg-shop", "rg-shop-2");
            assignment["properties"]["scope"] = scope.into();
        }
    });
    let found = findings(&rows);
    assert!(found.iter().any(|row| row.what.contains("applicationGateways/write")), "{found:#?}");
    assert!(found.iter().all(|row| row.check == "roles" && row.what.contains("rg-shop")), "{found:#?}");
}

#[test]
fn each_wrong_setting_is_a_finding() {
    is_only(&changed(|seen| settings(seen)["AZURE_CLIENT_ID"] = json!("")), "settings", "AZURE_CLIENT_ID is missing");
    let rows = changed(|seen| settings(seen)["ServiceBusConnection__clientId"] = json!("another"));
    is_only(&rows, "settings", "do not name the same identity");
    let other = "https://another.blob.core.windows.net/";
    is_only(
        &changed(|seen| settings(seen)["AzureWebJobsStorage__blobServiceUri"] = json!(other)),
        "settings",
        "and \"https://another.blob.core.windows.net/\" in the app",
    );
    let rows = changed(|seen| settings(seen)["AzureWebJobsStorage"] = json!("AccountKey=secret"));
    is_only(&rows, "settings", "a connection string in AzureWebJobsStorage");
    assert!(!table(&rows).contains("AccountKey"), "{}", table(&rows));
}

#[test]
fn a_clock_that_is_wrong_is_a_finding_beyond_half_a_minute() {
    for (apart, count) in [(30, 0), (-30, 0), (31, 2), (-3600, 2)] {
        let rows = changed(|seen| seen.here += SignedDuration::from_secs(apart));
        let found = findings(&rows);
        assert_eq!(found.len(), count, "{apart}: {found:#?}");
        assert!(found.iter().all(|row| row.check == "clock"), "{found:#?}");
    }
    let rows = changed(|seen| seen.elsewhere = vec![]);
    assert!(rows.iter().any(|row| row.check == "clock" && row.state == State::NotLookedAt) && !has_findings(&rows));
}

#[test]
fn an_app_without_an_identity_is_a_finding() {
    let rows = changed(|seen| seen.app.as_mut().unwrap().app.as_mut().unwrap()["identity"] = Value::Null);
    is_only(&rows, "identity", "func-upgrader has no identity");
}

#[test]
fn each_thing_wrong_at_a_site_is_a_finding() {
    let rows = changed(|seen| gateway(seen)["properties"]["backendAddressPools"].as_array_mut().unwrap().clear());
    is_only(&rows, "site", "shop: the gateway has no pool live and no pool candidate");
    let rows = changed(|seen| {
        gateway(seen)["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] =
            json!([{"ipAddress": "10.9.9.9"}]);
    });
    is_only(&rows, "site", "hold neither exactly blue's nor exactly green's addresses");
    is_only(&changed(|seen| seen.sites.as_mut().unwrap()[0].gateway = Ok(None)), "site", "gw-shop does not exist");
    let rows = in_world(|shop| {
        let forbidden = Effect::status(http::StatusCode::FORBIDDEN);
        shop.azure.world().faults.add(Fault::always("closed", On::host("azmk8s.io"), forbidden));
    });
    is_only(&rows, "site", "the API server of aks-blue does not answer as it should");
}

#[test]
fn a_private_cluster_that_cannot_be_reached_is_said_and_no_finding() {
    let rows = changed(|seen| {
        let clusters = &mut seen.sites.as_mut().unwrap()[0].clusters;
        let cluster = clusters[0].1.as_mut().unwrap().as_mut().unwrap();
        cluster["properties"]["apiServerAccessProfile"] = json!({"enablePrivateCluster": true});
        clusters[0].2 = Some(Err("no such host".into()));
    });
    assert!(!has_findings(&rows), "{}", table(&rows));
    assert!(
        table(&rows).contains("aks-blue is a private cluster, and cannot be reached from here"),
        "{}",
        table(&rows)
    );
}

#[test]
fn what_must_not_be_read_is_a_finding_with_the_role_that_allows_it() {
    let rows = in_world(|shop| shop.azure.world().resource_manager.allow_only(vec!["Microsoft.Network/*".into()]));
    let found = findings(&rows);
    for (says, role) in [
        ("func-upgrader: AuthorizationFailed", "Reader on the function app"),
        ("config/appsettings/list: AuthorizationFailed", "Website Contributor on the function app"),
        ("hostruntime/admin/host/status: AuthorizationFailed", "Reader on the function app"),
        ("Microsoft.ServiceBus/namespaces: AuthorizationFailed", "Reader on the subscription"),
        ("managedClusters/aks-blue: AuthorizationFailed", "Reader on the clusters' resource group"),
    ] {
        let row = found.iter().find(|row| row.what.contains(says)).unwrap_or_else(|| panic!("{says}: {found:#?}"));
        assert!(row.remedy.contains(role), "{row:#?}");
    }
    let rows = changed(|seen| {
        seen.sites = Err(Unread { what: "the store refused".into(), role: Some("Storage Blob Data Reader") });
    });
    is_only(&rows, "site", "the store refused");
}

#[test]
fn without_the_app_its_checks_are_said_to_be_left_out() {
    let rows = changed(|seen| seen.app = None);
    assert!(!has_findings(&rows));
    let left_out: Vec<_> = rows.iter().filter(|row| row.state == State::NotLookedAt).collect();
    assert_eq!(left_out.len(), 1, "{left_out:#?}");
    assert!(left_out[0].remedy.contains("--app"));
    assert!(!rows.iter().any(|row| ["roles", "settings", "host"].contains(&row.check)));
}

#[test]
fn what_a_run_that_is_over_has_left_pinned_is_a_finding() {
    let autoscaler = |annotation: Value| {
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"aks-bluegreen/pinned": annotation}},
            "spec": {"minReplicas": 8, "maxReplicas": 20, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})
    };
    let rows = story(|| async {
        let shop = Shop::open(&quiet(), |site| site.capacity = serde_json::from_str("{}").ok()).unwrap();
        let host = {
            let world = shop.azure.world();
            let found = world.resource_manager.resource(&shop.article.blue).unwrap();
            found["properties"]["fqdn"].as_str().unwrap().to_owned()
        };
        let object = autoscaler(json!({"run": "shop-1", "before": 2, "to": 8}).to_string().into());
        let now = shop.azure.clock().now();
        shop.azure.world().kubernetes.server(&host).unwrap().apply(&object, now).unwrap();
        examine(&seen(&shop).await)
    });
    is_only(
        &rows,
        "site",
        "the run shop-1 is over, and has left a pin in aks-blue: HorizontalPodAutoscaler shop/web from 8 to 2",
    );
}

#[test]
fn what_the_functions_may_not_do_in_a_cluster_is_a_finding_with_what_gives_it() {
    let rows = in_world(|shop| {
        let reviews = Right::new("create", "subjectaccessreviews.authorization.k8s.io", "*");
        shop.azure.world().kubernetes.allow_only("*", &[Right::new("get,list,patch", "*", "*"), reviews]);
    });
    is_only(&rows, "rights", "may not do this in aks-blue: create configmaps in the namespace shop; ");
    assert!(findings(&rows)[0].remedy.contains("\"verbs\":[\"create\"]"), "{}", table(&rows));
    let rows = in_world(|shop| shop.azure.world().kubernetes.allow_only("*", &[Right::new("get,list", "*", "*")]));
    let skipped: Vec<_> = rows.iter().filter(|row| row.check == "rights").collect();
    assert!(skipped.len() == 1 && skipped[0].state == State::NotLookedAt, "{}", table(&rows));
}
