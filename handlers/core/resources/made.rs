//! The identities that Azure makes for a cluster, and anew for its copy: others, with none of the roles.
use super::answers::{is_true, name_of, same_name, shortened, text};
use super::attached::lies_with_the_nodes;
use serde_json::Value;

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
    /// To whom roles are given: its object id. Empty where the cluster does not show it.
    pub principal: String,
    /// Where a cluster's body shows that id.
    shown_at: String,
    /// Where the cluster's body says that it has one.
    at: String,
}

/// The identities of a cluster that Azure made for it, and would make anew for its copy.
#[must_use]
pub fn made_by_azure(cluster: &Value) -> Vec<Made> {
    let mut made = vec![];
    let mut add = |whose: String, roles, better, shown_at: String, at: String| {
        // It stands in questions to Azure: nothing else may get in there.
        let principal =
            Some(text(cluster, &shown_at)).filter(|id| id.chars().all(|c| c == '-' || c.is_ascii_alphanumeric()));
        let principal = principal.unwrap_or_default().to_owned();
        made.push(Made { whose, roles, better, principal, shown_at, at });
    };
    if same_name(text(cluster, "/identity/type"), "SystemAssigned") {
        let whose = "the system-assigned identity of the control plane".to_owned();
        let better = "give the cluster a user-assigned identity";
        let (shown_at, at) = ("/identity/principalId".to_owned(), "/identity/type".to_owned());
        add(whose, "Network Contributor on its subnets", better, shown_at, at);
    }
    let kubelets = identities(cluster, "/properties/identityProfile", "/resourceId");
    for (name, id) in kubelets.filter(|(_, id)| lies_with_the_nodes(id, cluster)) {
        let at = format!("/properties/identityProfile/{}", escaped(name));
        let whose = format!("the identity {} of the kubelets", shortened(name_of(id)));
        let better = "give the kubelets one of your own (identityProfile in \"clusterChanges\")";
        add(whose, "AcrPull on the registries", better, format!("{at}/objectId"), format!("{at}/resourceId"));
    }
    for (name, id) in identities(cluster, ADD_ONS, "/identity/resourceId") {
        let at = format!("{ADD_ONS}/{}", escaped(name));
        if is_true(cluster, &format!("{at}/enabled")) {
            let whose = format!("the identity {} of the add-on {}", shortened(name_of(id)), shortened(name));
            add(whose, roles_of(name), "", format!("{at}/identity/objectId"), format!("{at}/enabled"));
        }
    }
    let id = text(cluster, &format!("{ROUTING}/identity/resourceId"));
    if !id.is_empty() && is_true(cluster, &format!("{ROUTING}/enabled")) {
        let whose = format!("the identity {} of application routing", shortened(name_of(id)));
        let shown_at = format!("{ROUTING}/identity/objectId");
        add(whose, "DNS Zone Contributor on its zones", "", shown_at, format!("{ROUTING}/enabled"));
    }
    made
}

impl Made {
    /// Whether a planned body leaves its making to Azure again.
    #[must_use]
    pub fn remains(&self, planned: &Value, old: &Value) -> bool {
        match planned.pointer(&self.at) {
            Some(Value::Bool(is_on)) => *is_on,
            Some(Value::String(said)) => same_name(said, "SystemAssigned") || lies_with_the_nodes(said, old),
            // No identity is named for the kubelets, or the add-on is left out.
            _ => self.at.ends_with("/resourceId"),
        }
    }

    /// Whether another cluster has this one for the same.
    #[must_use]
    pub fn is_counterpart(&self, other: &Self) -> bool {
        // Azure spells the names of add-ons in more than one way.
        same_name(&self.shown_at, &other.shown_at)
    }

    /// The same of another cluster, for a command of a person.
    #[must_use]
    pub fn whom(&self, cluster: &str) -> String {
        format!("\"$(az aks show --ids {cluster} --query {} -o tsv)\"", self.query())
    }

    /// Where `az aks show` has it.
    #[must_use]
    pub fn query(&self) -> String {
        let at = self.shown_at.trim_start_matches("/properties").trim_start_matches('/');
        at.replace('/', ".").replace("~1", "/").replace("~0", "~")
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
