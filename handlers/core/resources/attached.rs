//! What hangs on a cluster without being a part of its body, so that a new cluster does not have it.
use super::answers::{is_true, lies_in, list, name_of, same_id, same_name, shortened, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind of things that hang on a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Attached {
    /// Rules of alerts about the cluster, in its resource group.
    AlertRules,
    /// Backups of the cluster in a vault.
    BackupInstances,
    /// Which rules collect its logs and metrics.
    DataCollectionRuleAssociations,
    /// Where its control plane's logs and metrics go.
    DiagnosticSettings,
    /// Who is told of its events.
    EventSubscriptions,
    /// Cluster extensions: Flux, Dapr, backup.
    Extensions,
    /// Management locks on the cluster itself.
    Locks,
    /// When Azure may maintain it: its nodes' images, itself.
    MaintenanceConfigurations,
    /// Links of other networks to the zone that AKS makes for a private cluster.
    PrivateDnsLinks,
    /// Private endpoints of other networks at its API server.
    PrivateEndpointConnections,
    /// Roles given on the cluster itself.
    RoleAssignments,
    /// Services of Azure that may enter the cluster.
    TrustedAccessRoleBindings,
}

/// One collection that shows things of a kind, and how they are told apart from others in it.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Below which id it lies.
    pub at: At,
    /// Its path.
    pub path: &'static str,
    /// Version of its API; none: that of clusters.
    pub version: Option<&'static str>,
    /// What follows the version in the URL.
    pub more: &'static str,
}

/// Where a collection lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Below the cluster.
    Cluster,
    /// Below the cluster's resource group.
    Group,
}

/// What was found of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The kind.
    pub kind: Attached,
    /// The names of what is there, or why nobody could look.
    pub found: Result<Vec<String>, String>,
}

const fn of(at: At, path: &'static str, version: Option<&'static str>) -> Collection {
    Collection { at, path, version, more: "" }
}

const ALERTS: [Collection; 3] = [
    of(At::Group, "providers/Microsoft.Insights/metricAlerts", Some("2018-03-01")),
    of(At::Group, "providers/Microsoft.Insights/scheduledQueryRules", Some("2021-08-01")),
    of(At::Group, "providers/Microsoft.AlertsManagement/prometheusRuleGroups", Some("2023-03-01")),
];
const ASSOCIATIONS: [Collection; 1] =
    [of(At::Cluster, "providers/Microsoft.Insights/dataCollectionRuleAssociations", Some("2022-06-01"))];
const DIAGNOSTICS: [Collection; 1] =
    [of(At::Cluster, "providers/Microsoft.Insights/diagnosticSettings", Some("2021-05-01-preview"))];
const EVENTS: [Collection; 2] = [
    of(At::Cluster, "providers/Microsoft.EventGrid/eventSubscriptions", Some("2022-06-15")),
    of(At::Group, "providers/Microsoft.EventGrid/systemTopics", Some("2022-06-15")),
];
const EXTENSIONS: [Collection; 1] =
    [of(At::Cluster, "providers/Microsoft.KubernetesConfiguration/extensions", Some("2023-05-01"))];
const LOCKS: [Collection; 1] = [of(At::Cluster, "providers/Microsoft.Authorization/locks", Some("2020-05-01"))];
const MAINTENANCE: [Collection; 1] = [of(At::Cluster, "maintenanceConfigurations", None)];
const ENDPOINTS: [Collection; 1] = [of(At::Cluster, "privateEndpointConnections", None)];
const ROLES: [Collection; 1] = [Collection {
    more: "&$filter=atScope()",
    ..of(At::Cluster, "providers/Microsoft.Authorization/roleAssignments", Some("2022-04-01"))
}];
const TRUSTED: [Collection; 1] = [of(At::Cluster, "trustedAccessRoleBindings", None)];
/// Whose bindings say that a vault backs the cluster up.
const VAULTS: &str = "/providers/Microsoft.DataProtection/backupVaults/";

impl Attached {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AlertRules,
        Self::BackupInstances,
        Self::DataCollectionRuleAssociations,
        Self::DiagnosticSettings,
        Self::EventSubscriptions,
        Self::Extensions,
        Self::Locks,
        Self::MaintenanceConfigurations,
        Self::PrivateDnsLinks,
        Self::PrivateEndpointConnections,
        Self::RoleAssignments,
        Self::TrustedAccessRoleBindings,
    ];

    /// Its name in a site file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlertRules => "alertRules",
            Self::BackupInstances => "backupInstances",
            Self::DataCollectionRuleAssociations => "dataCollectionRuleAssociations",
            Self::DiagnosticSettings => "diagnosticSettings",
            Self::EventSubscriptions => "eventSubscriptions",
            Self::Extensions => "extensions",
            Self::Locks => "locks",
            Self::MaintenanceConfigurations => "maintenanceConfigurations",
            Self::PrivateDnsLinks => "privateDnsLinks",
            Self::PrivateEndpointConnections => "privateEndpointConnections",
            Self::RoleAssignments => "roleAssignments",
            Self::TrustedAccessRoleBindings => "trustedAccessRoleBindings",
        }
    }

    /// What these things are, and what a new cluster lacks without them.
    #[must_use]
    pub const fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::AlertRules => ("alert rules", "nobody is called when something is wrong with it"),
            Self::BackupInstances => ("backups", "nothing backs it up"),
            Self::DataCollectionRuleAssociations => ("data collection rules", "its logs and metrics are not collected"),
            Self::DiagnosticSettings => {
                ("diagnostic settings", "its control plane's logs, audit among them, go nowhere")
            }
            Self::EventSubscriptions => ("event subscriptions", "nobody is told of its events"),
            Self::Extensions => ("extensions", "what they run in the cluster is not there"),
            Self::Locks => ("locks", "nothing keeps people from deleting it"),
            Self::MaintenanceConfigurations => {
                ("maintenance windows", "Azure maintains it, and patches its nodes, at any hour")
            }
            Self::PrivateDnsLinks => (
                "a private DNS zone that AKS made",
                "other networks that were linked to the old one do not find its API server",
            ),
            Self::PrivateEndpointConnections => ("private endpoints", "their networks do not reach its API server"),
            Self::RoleAssignments => ("role assignments", "people and pipelines may not enter it"),
            Self::TrustedAccessRoleBindings => ("trusted access", "services of Azure may not enter it"),
        }
    }

    /// The collections that show them; none: the cluster's own body tells.
    #[must_use]
    pub const fn collections(self) -> &'static [Collection] {
        match self {
            Self::AlertRules => &ALERTS,
            Self::DataCollectionRuleAssociations => &ASSOCIATIONS,
            Self::DiagnosticSettings => &DIAGNOSTICS,
            Self::EventSubscriptions => &EVENTS,
            Self::Extensions => &EXTENSIONS,
            Self::Locks => &LOCKS,
            Self::MaintenanceConfigurations => &MAINTENANCE,
            Self::PrivateDnsLinks => &[],
            Self::PrivateEndpointConnections => &ENDPOINTS,
            Self::RoleAssignments => &ROLES,
            // A vault that backs a cluster up must be trusted by it; its own list lies anywhere.
            Self::BackupInstances | Self::TrustedAccessRoleBindings => &TRUSTED,
        }
    }

    /// The name of what a collection shows, if it is of this kind, is the cluster's own, and is not made by AKS.
    #[must_use]
    pub fn name_in(self, item: &Value, cluster: &Value) -> Option<String> {
        let (id, own) = (text(item, "/id"), text(cluster, "/id"));
        let name = shortened(if text(item, "/name").is_empty() { name_of(id) } else { text(item, "/name") });
        match self {
            Self::AlertRules => {
                let scopes = list(item, "/properties/scopes").iter().filter_map(Value::as_str);
                scopes.into_iter().any(|scope| lies_in(scope, own)).then_some(name)
            }
            Self::BackupInstances => vault(item).map(|vault| format!("in the vault {}", shortened(name_of(vault)))),
            Self::TrustedAccessRoleBindings => vault(item).is_none().then_some(name),
            Self::EventSubscriptions => match item.pointer("/properties/source").and_then(Value::as_str) {
                // infra/events.bicep makes one that only hurries the daily look.
                Some(source) => (same_id(source, own) && name != ours(cluster)).then(|| format!("topic {name}")),
                None => Some(name),
            },
            Self::Extensions => (!is_true(item, "/properties/isSystemExtension")).then(|| {
                let kind = text(item, "/properties/extensionType");
                if kind.is_empty() { name } else { format!("{name} ({})", shortened(kind)) }
            }),
            // Locks and roles of what lies above hold for the new cluster, too, if it lies there.
            Self::Locks => lies_in(id, own).then_some(name),
            Self::RoleAssignments => same_id(text(item, "/properties/scope"), own).then(|| {
                let role = role(name_of(text(item, "/properties/roleDefinitionId")));
                format!("{role} of {}", shortened(text(item, "/properties/principalId")))
            }),
            Self::PrivateEndpointConnections => {
                // A private cluster has one from the beginning.
                (!lies_with_the_nodes(text(item, "/properties/privateEndpoint/id"), cluster)).then_some(name)
            }
            Self::DataCollectionRuleAssociations | Self::DiagnosticSettings | Self::MaintenanceConfigurations => {
                Some(name)
            }
            Self::PrivateDnsLinks => None,
        }
    }

    /// What the cluster's own body tells of this kind.
    #[must_use]
    pub fn told_by(self, cluster: &Value) -> Vec<String> {
        let server = "/properties/apiServerAccessProfile";
        let zone = text(cluster, &format!("{server}/privateDNSZone"));
        let makes_zone = zone.is_empty() || same_name(zone, "system");
        let is_so = self == Self::PrivateDnsLinks
            && is_true(cluster, &format!("{server}/enablePrivateCluster"))
            && !is_true(cluster, &format!("{server}/enableVnetIntegration"))
            && makes_zone;
        let server = text(cluster, "/properties/privateFQDN");
        let name = if server.is_empty() { "the zone that AKS made for it".to_owned() } else { shortened(server) };
        is_so.then_some(name).into_iter().collect()
    }
}

/// Whether a resource lies in the group of a cluster's nodes: Azure made it for this cluster.
#[must_use]
pub fn lies_with_the_nodes(id: &str, cluster: &Value) -> bool {
    let group = text(cluster, "/properties/nodeResourceGroup");
    !group.is_empty() && id.split('/').nth(4).is_some_and(|found| same_name(found, group))
}

fn vault(binding: &Value) -> Option<&str> {
    let source = text(binding, "/properties/sourceResourceId");
    source.to_lowercase().contains(&VAULTS.to_lowercase()).then_some(source)
}

fn ours(cluster: &Value) -> String {
    format!("evgt-{}", name_of(text(cluster, "/id")))
}

/// The name of a role that is often given on clusters, else its guid.
fn role(guid: &str) -> String {
    let known = [
        ("4abbcc35-e782-43d8-92c5-2d3f1bd2253f", "Azure Kubernetes Service Cluster User Role"),
        ("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8", "Azure Kubernetes Service Cluster Admin Role"),
        ("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Azure Kubernetes Service RBAC Cluster Admin"),
        ("3498e952-d568-435e-9b2c-8d77e338d7f7", "Azure Kubernetes Service RBAC Admin"),
        ("7f6c6a51-bcf8-42ba-9220-52d62157d7db", "Azure Kubernetes Service RBAC Reader"),
        ("a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb", "Azure Kubernetes Service RBAC Writer"),
        ("3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher"),
        ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
        ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    ];
    known.iter().find(|(id, _)| same_name(id, guid)).map_or_else(|| shortened(guid), |(_, name)| (*name).to_owned())
}
