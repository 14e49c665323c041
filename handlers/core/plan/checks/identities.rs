//! The identities that a new cluster gets anew, because Azure made the old one's: they have none of its roles.
use super::Finding;
use crate::plan::Plan;
use crate::plan::cluster_body::new_cluster;
use crate::resources::answers::{is_true, name_of, same_name, shortened, text};
use crate::resources::attached::lies_with_the_nodes;
use serde_json::Value;

const SUBJECT: &str = "identities";
const ADD_ONS: &str = "/properties/addonProfiles";
const ROUTING: &str = "/properties/ingressProfile/webAppRouting";

/// An identity of a cluster that Azure made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whose it is, with its name.
    pub whose: String,
    /// The roles that it usually needs, and on what.
    pub roles: &'static str,
    /// What the user can do so that it is the same in each cluster; empty: nothing.
    pub better: &'static str,
    /// Where the cluster's body says that it has one.
    at: String,
}

/// One finding for all: a run's journal is bounded, and every identity must be in it.
pub(super) fn check(plan: &Plan, old: &Value) -> Option<Finding> {
    // What keeps the body from being planned is said elsewhere.
    let planned = new_cluster(old, plan, "planned").ok();
    let remains = |made: &Made| planned.as_ref().is_none_or(|planned| made.remains(planned, old));
    let made: Vec<_> = made_by_azure(old).into_iter().filter(remains).collect();
    if plan.site.grants_prepared || made.is_empty() {
        return None;
    }
    let named: Vec<_> = made.iter().map(|Made { whose, roles, .. }| format!("{whose} ({roles})")).collect();
    let what = format!(
        "Azure made identities for the old cluster, and others for the new one, without the roles that they usually need: {}",
        named.join(", ")
    );
    let better: Vec<_> = made.iter().map(|made| made.better).filter(|better| !better.is_empty()).collect();
    let better = if better.is_empty() { String::new() } else { format!("{}, or ", better.join(" and ")) };
    let remedy = format!(
        "{better}see that somebody gives each new cluster's their roles before SyncWorkloads, and set \"grantsPrepared\": true \
         in the site file"
    );
    Some(Finding::wrong(SUBJECT, what, remedy))
}

/// The identities of a cluster that Azure made for it, and would make anew for its copy.
#[must_use]
pub fn made_by_azure(cluster: &Value) -> Vec<Made> {
    let mut made = vec![];
    if same_name(text(cluster, "/identity/type"), "SystemAssigned") {
        made.push(Made {
            whose: "the system-assigned identity of the control plane".to_owned(),
            roles: "Network Contributor on its subnets",
            better: "give the cluster a user-assigned identity",
            at: "/identity/type".to_owned(),
        });
    }
    let kubelets = identities(cluster, "/properties/identityProfile", "/resourceId");
    for (name, id) in kubelets.filter(|(_, id)| lies_with_the_nodes(id, cluster)) {
        made.push(Made {
            whose: format!("the identity {} of the kubelets", shortened(name_of(id))),
            roles: "AcrPull on the registries",
            better: "give the kubelets one of your own (identityProfile in \"clusterChanges\")",
            at: format!("/properties/identityProfile/{}/resourceId", escaped(name)),
        });
    }
    for (name, id) in identities(cluster, ADD_ONS, "/identity/resourceId") {
        let at = format!("{ADD_ONS}/{}/enabled", escaped(name));
        if is_true(cluster, &at) {
            let whose = format!("the identity {} of the add-on {}", shortened(name_of(id)), shortened(name));
            made.push(Made { whose, roles: roles_of(name), better: "", at });
        }
    }
    let id = text(cluster, &format!("{ROUTING}/identity/resourceId"));
    if !id.is_empty() && is_true(cluster, &format!("{ROUTING}/enabled")) {
        made.push(Made {
            whose: format!("the identity {} of application routing", shortened(name_of(id))),
            roles: "DNS Zone Contributor on its zones",
            better: "",
            at: format!("{ROUTING}/enabled"),
        });
    }
    made
}

impl Made {
    /// Whether a planned body leaves its making to Azure again.
    fn remains(&self, planned: &Value, old: &Value) -> bool {
        match planned.pointer(&self.at) {
            Some(Value::Bool(is_on)) => *is_on,
            Some(Value::String(said)) => same_name(said, "SystemAssigned") || lies_with_the_nodes(said, old),
            // No identity is named for the kubelets, or the add-on is left out.
            _ => self.at.ends_with("/resourceId"),
        }
    }
}

/// The members of an object whose identity has an id, with that.
fn identities<'a>(cluster: &'a Value, at: &str, id: &'static str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let members = cluster.pointer(at).and_then(Value::as_object).into_iter().flatten();
    members.map(move |(name, member)| (name.as_str(), text(member, id))).filter(|(_, id)| !id.is_empty())
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Azure spells the names of add-ons in more than one way.
fn roles_of(add_on: &str) -> &'static str {
    let known = [
        ("azureKeyvaultSecretsProvider", "Key Vault Secrets User on the vaults"),
        ("omsagent", "Monitoring Metrics Publisher on the cluster"),
        ("aciConnectorLinux", "Network Contributor on the subnet of the virtual nodes"),
        ("ingressApplicationGateway", "Contributor on the gateway"),
        ("azurepolicy", "only what you gave it"),
    ];
    known.iter().find(|(name, _)| same_name(name, add_on)).map_or("what you gave it", |(_, roles)| roles)
}
