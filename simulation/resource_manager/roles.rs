//! The built-in roles that everybody finds in every subscription. Pure.
//!
//! Source: Microsoft's list of built-in roles (`azure-docs`, `articles/role-based-access-control/built-in-roles/`).
use super::kinds::DEFINITIONS;
use serde_json::{Value, json};

/// Name, guid, actions, data actions.
type BuiltIn = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const BUS: &[&str] = &[
    "Microsoft.ServiceBus/*/queues/read",
    "Microsoft.ServiceBus/*/topics/read",
    "Microsoft.ServiceBus/*/topics/subscriptions/read",
];
const KEYS: &str = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action";

const BUILT_IN: &[BuiltIn] = &[
    (
        "Azure Service Bus Data Receiver",
        "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
        BUS,
        &["Microsoft.ServiceBus/*/receive/action"],
    ),
    (
        "Azure Service Bus Data Sender",
        "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
        BUS,
        &["Microsoft.ServiceBus/*/send/action"],
    ),
    (
        "Azure Kubernetes Service RBAC Cluster Admin",
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/operationresults/read",
            "Microsoft.Resources/subscriptions/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
        ],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    (
        "Storage Blob Data Owner",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/*", KEYS],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    (
        "Storage Blob Data Reader",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/read", KEYS],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    (
        "Storage Table Data Contributor",
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        &["Microsoft.Storage/storageAccounts/tableServices/tables/*"],
        &["Microsoft.Storage/storageAccounts/tableServices/tables/entities/*"],
    ),
    (
        "Monitoring Metrics Publisher",
        "3913510d-42f4-4e42-8a64-420c390055eb",
        &["Microsoft.Insights/Register/Action"],
        &["Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"],
    ),
    (
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        &["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read"],
        &[],
    ),
    ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d", &["Microsoft.ContainerRegistry/registries/pull/read"], &[]),
    (
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
        &[],
    ),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", &["*/read"], &[]),
];

/// A built-in role, wherever it is asked for.
pub(crate) fn built_in(id: &str) -> Option<Value> {
    let guid = id.rsplit('/').next()?;
    let (name, guid, actions, data) = BUILT_IN.iter().find(|(_, own, ..)| own.eq_ignore_ascii_case(guid))?;
    Some(json!({
        "id": id, "name": guid, "type": DEFINITIONS,
        "properties": {
            "roleName": name, "type": "BuiltInRole", "assignableScopes": ["/"],
            "permissions": [{"actions": actions, "notActions": [], "dataActions": data, "notDataActions": []}],
        },
    }))
}
