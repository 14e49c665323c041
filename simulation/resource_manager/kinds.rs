//! The kinds of resources that have a part of the Resource Manager of their own. Pure.

/// Managed clusters, in lower case.
pub(crate) const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
/// Application Gateways, in lower case.
pub(crate) const GATEWAYS: &str = "microsoft.network/applicationgateways";
/// Service Bus, in lower case.
pub(crate) const NAMESPACES: &str = "microsoft.servicebus/namespaces";
/// Function apps, in lower case.
pub(crate) const SITES: &str = "microsoft.web/sites";
/// What is said of rights, in lower case.
pub(crate) const AUTHORIZATION: &str = "microsoft.authorization";
pub(crate) const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
pub(crate) const PERMISSIONS: &str = "Microsoft.Authorization/permissions";
pub(crate) const DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";

/// Whether a kind in lower case is this one or a kind of its children.
pub(crate) fn is_or_below(kind: &str, parent: &str) -> bool {
    kind.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
