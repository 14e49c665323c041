//! Every id and name of the article's base, and the body of its clusters. Pure data.
use crate::Cloud;
use serde_json::{Value, json};

/// What the article's base is made of. The defaults are the article's own.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many addresses each colour's internal load balancer has.
    pub addresses: u8,
    /// Blue's exact Kubernetes version.
    pub version: String,
    /// How many nodes blue has.
    pub nodes: u32,
    /// Azure CNI Overlay instead of the node subnet.
    pub overlay: bool,
    /// Whether people log in to the clusters with Entra.
    pub entra: bool,
    /// Whether the clusters have identities that Azure makes for each, as with `az aks create --enable-managed-identity`, in
    /// place of the user's own.
    pub system_assigned: bool,
    /// In which cloud.
    pub cloud: Cloud,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addresses: 4,
            version: "1.33.5".into(),
            nodes: 3,
            overlay: false,
            entra: true,
            system_assigned: false,
            cloud: Cloud::Public,
        }
    }
}

/// Every id and name of the article's base.
#[derive(Clone, Debug, Default)]
pub struct Article {
    /// The subscription's id.
    pub subscription: String,
    /// The name of the one resource group.
    pub resource_group: String,
    /// The one region.
    pub location: String,
    /// The virtual network's id.
    pub network: String,
    /// The id of the gateway's subnet.
    pub gateway_subnet: String,
    /// The id of blue's subnet, 10.1.0.0/20.
    pub blue_subnet: String,
    /// The id of green's subnet, 10.1.16.0/20.
    pub green_subnet: String,
    /// The id of the gateway's public address.
    pub public_address: String,
    /// The id of the clusters' control-plane identity.
    pub control_plane_identity: String,
    /// The id of the clusters' kubelet identity.
    pub kubelet_identity: String,
    /// The gateway's id.
    pub gateway: String,
    /// The gateway's name.
    pub gateway_name: String,
    /// The id of the blue cluster.
    pub blue: String,
    /// The id that a green cluster would have.
    pub green: String,
    /// The addresses of blue's internal load balancer, all in the live pool.
    pub blue_addresses: Vec<String>,
    /// The addresses that green's internal load balancer would have.
    pub green_addresses: Vec<String>,
    /// The pool that serves the users.
    pub live_pool: String,
    /// The pool that serves the testers; empty at first.
    pub candidate_pool: String,
    /// The users' host name.
    pub host: String,
    /// The testers' host name.
    pub candidate_host: String,
}

/// The subscription that everything lies in.
pub const SUBSCRIPTION: &str = "33333333-3333-4333-8333-333333333333";

impl Article {
    pub(super) fn named(options: &Options) -> Self {
        let (subscription, group) = (SUBSCRIPTION, "rg-shop");
        let id = |what: &str| format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{what}");
        let network = id("Microsoft.Network/virtualNetworks/vnet-shop");
        let addresses = |prefix: &str| (1..=options.addresses).map(|last| format!("{prefix}.{last}")).collect();
        Self {
            subscription: subscription.into(),
            resource_group: group.into(),
            location: options.cloud.region().into(),
            gateway_subnet: format!("{network}/subnets/gateway"),
            blue_subnet: format!("{network}/subnets/blue"),
            green_subnet: format!("{network}/subnets/green"),
            network,
            public_address: id("Microsoft.Network/publicIPAddresses/pip-shop"),
            control_plane_identity: id("Microsoft.ManagedIdentity/userAssignedIdentities/id-control-plane"),
            kubelet_identity: id("Microsoft.ManagedIdentity/userAssignedIdentities/id-kubelet"),
            gateway: id("Microsoft.Network/applicationGateways/gw-shop"),
            gateway_name: "gw-shop".into(),
            blue: id("Microsoft.ContainerService/managedClusters/aks-blue"),
            green: id("Microsoft.ContainerService/managedClusters/aks-green"),
            blue_addresses: addresses("10.1.15"),
            green_addresses: addresses("10.1.31"),
            live_pool: "live".into(),
            candidate_pool: "candidate".into(),
            host: "shop.example.com".into(),
            candidate_host: "candidate.shop.example.com".into(),
        }
    }

    /// The body with which a cluster of the article is created in a subnet.
    #[must_use]
    pub fn cluster(&self, subnet: &str, options: &Options) -> Value {
        let mut network = json!({
            "networkPlugin": "azure", "networkPolicy": "none", "loadBalancerSku": "standard", "outboundType": "loadBalancer",
            "serviceCidr": "10.2.0.0/16", "dnsServiceIP": "10.2.0.10",
        });
        if options.overlay {
            network["networkPluginMode"] = "overlay".into();
            network["podCidr"] = "10.244.0.0/16".into();
        }
        let mut body = json!({
            "location": self.location, "tags": {"team": "shop"}, "sku": {"name": "Base", "tier": "Standard"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {self.control_plane_identity.clone(): {}}},
            "properties": {
                "kubernetesVersion": options.version, "dnsPrefix": "shop", "enableRBAC": true, "networkProfile": network,
                "agentPoolProfiles": [{
                    "name": "system", "mode": "System", "count": options.nodes, "vmSize": "Standard_D4s_v5", "osType": "Linux",
                    "maxPods": 30, "vnetSubnetID": subnet, "upgradeSettings": {"maxSurge": "10%"}, "nodeLabels": {"team": "shop"},
                }],
                "oidcIssuerProfile": {"enabled": true},
                "securityProfile": {"workloadIdentity": {"enabled": true}, "imageCleaner": {"enabled": true, "intervalHours": 168}},
                "autoUpgradeProfile": {"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"},
                "identityProfile": {"kubeletidentity": {"resourceId": self.kubelet_identity}},
            },
        });
        if options.system_assigned {
            body["identity"] = json!({"type": "SystemAssigned"});
            body["properties"]["identityProfile"] = Value::Null;
        }
        if options.entra {
            body["properties"]["aadProfile"] = json!({"managed": true, "enableAzureRBAC": true});
            body["properties"]["disableLocalAccounts"] = true.into();
        }
        body
    }
}
