//! The Azure clouds, and where each has its services. Pure.
//!
//! Sources: `azure.cli.core.cloud`, azure-mgmt-core's table of clouds, Microsoft's lists of endpoints for each cloud.

/// Which cloud the world is. A host of another cloud is nobody's here, and a token for one is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// Azure as nearly everybody knows it.
    #[default]
    Public,
    /// Azure in China, operated by 21Vianet.
    China,
    /// Azure for the US Government.
    UsGovernment,
}

/// Where a cloud's services are.
struct Hosts {
    name: &'static str,
    resource_manager: &'static str,
    audiences: [&'static str; 2],
    login: &'static str,
    graph: &'static str,
    storage: &'static str,
    bus: &'static str,
    api_servers: &'static str,
    apps: &'static str,
    region: &'static str,
}

const PUBLIC: Hosts = Hosts {
    name: "AzurePublicCloud",
    resource_manager: "management.azure.com",
    audiences: ["https://management.core.windows.net/", "https://management.azure.com/"],
    login: "login.microsoftonline.com",
    graph: "graph.microsoft.com",
    storage: "core.windows.net",
    bus: "servicebus.windows.net",
    api_servers: "azmk8s.io",
    apps: "azurewebsites.net",
    region: "westeurope",
};
const CHINA: Hosts = Hosts {
    name: "AzureChinaCloud",
    resource_manager: "management.chinacloudapi.cn",
    audiences: ["https://management.core.chinacloudapi.cn/", "https://management.chinacloudapi.cn/"],
    login: "login.chinacloudapi.cn",
    graph: "microsoftgraph.chinacloudapi.cn",
    storage: "core.chinacloudapi.cn",
    bus: "servicebus.chinacloudapi.cn",
    api_servers: "cx.prod.service.azk8s.cn",
    apps: "chinacloudsites.cn",
    region: "chinanorth3",
};
const US_GOVERNMENT: Hosts = Hosts {
    name: "AzureUSGovernment",
    resource_manager: "management.usgovcloudapi.net",
    audiences: ["https://management.core.usgovcloudapi.net/", "https://management.usgovcloudapi.net/"],
    login: "login.microsoftonline.us",
    graph: "graph.microsoft.us",
    storage: "core.usgovcloudapi.net",
    bus: "servicebus.usgovcloudapi.net",
    api_servers: "cx.aks.containerservice.azure.us",
    apps: "azurewebsites.us",
    region: "usgovvirginia",
};

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::China, Self::UsGovernment];

    const fn hosts(self) -> &'static Hosts {
        match self {
            Self::Public => &PUBLIC,
            Self::China => &CHINA,
            Self::UsGovernment => &US_GOVERNMENT,
        }
    }

    /// Its name, as SDKs spell it: `AzureChinaCloud`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.hosts().name
    }

    /// The cloud of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.name() == name)
    }

    /// The host of Resource Manager.
    #[must_use]
    pub const fn resource_manager(self) -> &'static str {
        self.hosts().resource_manager
    }

    /// For whom tokens for Resource Manager are.
    #[must_use]
    pub const fn audiences(self) -> [&'static str; 2] {
        self.hosts().audiences
    }

    /// The host of Entra ID.
    #[must_use]
    pub const fn login(self) -> &'static str {
        self.hosts().login
    }

    /// Every host of Entra ID: in China the documents of discovery and the issuers have another one.
    pub fn logins(self) -> impl Iterator<Item = &'static str> {
        let other = (self == Self::China).then_some("login.partner.microsoftonline.cn");
        other.into_iter().chain([self.login()])
    }

    /// The host of Microsoft Graph.
    #[must_use]
    pub const fn graph(self) -> &'static str {
        self.hosts().graph
    }

    /// What the hosts of storage services end with, without a dot before it.
    #[must_use]
    pub const fn storage(self) -> &'static str {
        self.hosts().storage
    }

    /// What the hosts of Service Bus namespaces end with, without a dot before it.
    #[must_use]
    pub const fn bus(self) -> &'static str {
        self.hosts().bus
    }

    /// What the hosts of AKS's API servers end with, without a dot before it.
    #[must_use]
    pub const fn api_servers(self) -> &'static str {
        self.hosts().api_servers
    }

    /// What the hosts of apps end with, without a dot before it.
    #[must_use]
    pub const fn apps(self) -> &'static str {
        self.hosts().apps
    }

    /// One of its regions.
    #[must_use]
    pub const fn region(self) -> &'static str {
        self.hosts().region
    }
}

/// Whether a host is this name, or lies below it.
pub(crate) fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_below_a_name_and_not_beside_it() {
        assert!(is_below("shop.servicebus.windows.net", "servicebus.windows.net"));
        assert!(is_below("management.azure.com", "management.azure.com"));
        assert!(!is_below("evilmanagement.azure.com", "management.azure.com"));
        assert_eq!(Cloud::ALL.map(|cloud| Cloud::named(cloud.name())), Cloud::ALL.map(Some));
        assert_eq!(Cloud::named("Mars"), None);
    }
}
