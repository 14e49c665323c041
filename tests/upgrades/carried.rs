//! What hangs on the old cluster is found where Resource Manager shows it, and no upgrade begins before somebody sees to it.
use crate::{story, upgraded};
use bluegreen::local::shop::Shop;
use bluegreen::resources::attached::Attached;
use bluegreen::run::Ending;
use serde_json::{Value, json};
use simulated_azure::World;

/// One thing of each kind, as Azure has it, at the old cluster.
fn hang(shop: &Shop) {
    let cluster = &shop.article.blue;
    let group = cluster.split("/providers/").next().unwrap();
    let now = shop.azure.clock().now();
    let world: &mut World = &mut shop.azure.world();
    let mut place = |id: String, body: Value| world.resource_manager.place(&id, body, &mut world.kubernetes, now);
    let on = |path: &str| format!("{cluster}/{path}");
    let near = |path: &str| format!("{group}/providers/{path}");
    let window = json!({"properties": {"maintenanceWindow": {"schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"}},
        "durationHours": 4, "startTime": "02:00", "utcOffset": "+00:00"}}});
    place(on("maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule"), window);
    place(on("providers/Microsoft.Insights/diagnosticSettings/audit"), json!({"properties": {"workspaceId": "/w"}}));
    place(
        on("providers/Microsoft.Insights/dataCollectionRuleAssociations/ContainerInsights"),
        json!({"properties": {"dataCollectionRuleId": "/r"}}),
    );
    place(
        on("providers/Microsoft.KubernetesConfiguration/extensions/flux"),
        json!({"properties": {"extensionType": "microsoft.flux"}}),
    );
    place(
        on("providers/Microsoft.EventGrid/eventSubscriptions/pager"),
        json!({"properties": {"eventDeliverySchema": "EventGridSchema"}}),
    );
    place(on("providers/Microsoft.Authorization/locks/keep"), json!({"properties": {"level": "CanNotDelete"}}));
    let role = "/providers/Microsoft.Authorization/roleDefinitions/7f6c6a51-bcf8-42ba-9220-52d62157d7db";
    place(
        on("providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001"),
        json!({"properties": {"scope": cluster, "principalId": "team", "roleDefinitionId": role}}),
    );
    let vault = near("Microsoft.DataProtection/backupVaults/vault");
    place(
        on("trustedAccessRoleBindings/backup"),
        json!({"properties": {"sourceResourceId": vault, "roles": ["Microsoft.DataProtection/backupVaults/backup-operator"]}}),
    );
    place(
        on("privateEndpointConnections/hub"),
        json!({"properties": {"privateEndpoint": {"id": near("Microsoft.Network/privateEndpoints/hub")}}}),
    );
    place(
        near("Microsoft.Insights/metricAlerts/cpu"),
        json!({"location": "global", "properties": {"scopes": [cluster]}}),
    );
    place(
        near("Microsoft.Insights/metricAlerts/gateway"),
        json!({"location": "global", "properties": {"scopes": [shop.article.gateway]}}),
    );
    place(
        near("Microsoft.AlertsManagement/prometheusRuleGroups/nodes"),
        json!({"location": "westeurope", "properties": {"scopes": ["/m", cluster]}}),
    );
}

#[test]
fn what_hangs_on_the_old_cluster_is_named_before_anything_is_made() {
    story(|| async {
        let (shop, run) = upgraded(|_| {}, hang).await;
        assert_eq!(run.ending, Some(Ending::Rejected));
        let why = run.journal.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>().join("\n");
        for expected in [
            "\"maintenanceConfigurations\" (aksManagedNodeOSUpgradeSchedule)",
            "\"diagnosticSettings\" (audit)",
            "\"dataCollectionRuleAssociations\" (ContainerInsights)",
            "\"extensions\" (flux (microsoft.flux))",
            "\"eventSubscriptions\" (pager)",
            "\"locks\" (keep)",
            "\"roleAssignments\" (Azure Kubernetes Service RBAC Reader of team)",
            "\"backupInstances\" (in the vault vault)",
            "\"privateEndpointConnections\" (hub)",
            "\"alertRules\" (cpu, nodes)",
        ] {
            assert!(why.contains(expected), "{expected}: {why}");
        }
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
}

#[test]
fn with_consent_the_upgrade_passes() {
    story(|| async {
        // The lock would keep the old cluster from being deleted; it is stopped.
        let (_, run) = upgraded(|site| site.not_carried = Attached::ALL.to_vec(), hang).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{:?}", run.journal.last());
    });
}

#[test]
fn what_may_not_be_looked_at_is_said_and_not_taken_for_nothing() {
    story(|| async {
        let forbid = |shop: &Shop| {
            let world = &mut shop.azure.world();
            world.resource_manager.refuse_next("GET …/diagnosticSettings", 403, "AuthorizationFailed", "no");
            let unused = "The subscription is not registered to use namespace 'Microsoft.KubernetesConfiguration'.";
            world.resource_manager.refuse_next("GET …/extensions", 409, "MissingSubscriptionRegistration", unused);
        };
        let (_, run) = upgraded(|_| {}, forbid).await;
        assert_eq!(run.ending, Some(Ending::Rejected));
        let why = run.journal.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>().join("\n");
        assert!(why.contains("\"diagnosticSettings\" (cannot be seen: AuthorizationFailed)"), "{why}");
        assert!(!why.contains("extensions"), "of a provider that nobody registered there is nothing: {why}");
    });
}
