//! Where a cloud's endpoints are: public, China, US Government, or one of one's own.
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use std::sync::Arc;

/// One Azure cloud. Sources: the tables of azure-cli and azure-mgmt-core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Base URL of Resource Manager, without a slash at its end.
    pub resource_manager: String,
    /// Tokens for Resource Manager go to hosts that are this or end with `.` and this, and to no other.
    pub resource_manager_suffix: String,
    /// The scope of tokens for Resource Manager.
    pub scope: String,
    /// Base URL of Entra ID, without a slash at its end: where tokens come from that callers show us.
    pub authority: String,
    /// The login host, for the operator's credential.
    pub login: Arc<CloudConfiguration>,
    /// The name that go-autorest has for it, and with it AGIC and the identity webhooks: `AzureChinaCloud`.
    pub environment: String,
    /// For whom tokens for Application Insights are. With the slash at its end: so the service wants it.
    pub monitor: String,
    /// Version of the `Microsoft.ContainerService` API that we speak.
    pub container_service: String,
    /// Version of the `Microsoft.Network` API that we speak. Changing it can change TLS defaults of a gateway.
    pub network: String,
    /// Version of the `Microsoft.Compute` API that we speak.
    pub compute: String,
}

/// The settings that name other versions of the APIs.
const CONTAINER_SERVICE: &str = "CONTAINER_SERVICE_API_VERSION";
const NETWORK: &str = "NETWORK_API_VERSION";
const COMPUTE: &str = "COMPUTE_API_VERSION";

/// What to do when a cloud does not know the version of an API with which a path was asked; `None`: it is none of those that
/// can be set.
#[must_use]
pub fn other_version(path: &str) -> Option<String> {
    let path = path.to_lowercase();
    let all = [("containerservice", CONTAINER_SERVICE), ("network", NETWORK), ("compute", COMPUTE)];
    let found = all.iter().find(|(provider, _)| path.contains(&format!("/providers/microsoft.{provider}/")));
    found.map(|(_, setting)| format!("set {setting} to the newest of them that is not newer than ours"))
}

/// The AKS server application: the audience of tokens for a cluster's API server, the same in every cloud.
pub const AKS_SERVER_SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
/// The audience of tokens for storage accounts, the same in every cloud.
pub const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";
/// The audience of tokens for Service Bus, the same in every cloud.
pub const SERVICE_BUS_SCOPE: &str = "https://servicebus.azure.net/.default";

impl Cloud {
    /// The cloud of this name: `AzurePublicCloud`, `AzureChinaCloud` or `AzureUSGovernment`.
    ///
    /// # Errors
    /// When the name is another.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "AzurePublicCloud" => Ok(Self::at(
                "AzurePublicCloud",
                "management.azure.com",
                "https://management.azure.com/.default",
                "https://login.microsoftonline.com",
                CloudConfiguration::AzurePublic,
            )),
            "AzureChinaCloud" => Ok(Self::at(
                "AzureChinaCloud",
                "management.chinacloudapi.cn",
                "https://management.chinacloudapi.cn/.default",
                "https://login.partner.microsoftonline.cn",
                CloudConfiguration::AzureChina,
            )),
            "AzureUSGovernment" => Ok(Self::at(
                "AzureUSGovernmentCloud",
                "management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net/.default",
                "https://login.microsoftonline.us",
                CloudConfiguration::AzureGovernment,
            )),
            other => Err(format!(
                "AZURE_CLOUD is {other:?}: expected AzurePublicCloud, AzureChinaCloud, AzureUSGovernment, \
                 or AZURE_RESOURCE_MANAGER and AZURE_AUTHORITY_HOST for a cloud of your own"
            )),
        }
    }

    /// The same with other versions of the APIs, where a cloud does not know ours.
    ///
    /// # Errors
    /// When one is no version.
    pub fn speaking(mut self, setting: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let all = [
            (CONTAINER_SERVICE, &mut self.container_service),
            (NETWORK, &mut self.network),
            (COMPUTE, &mut self.compute),
        ];
        for (name, version) in all {
            let Some(given) = setting(name) else { continue };
            let parts: Vec<_> = given.splitn(4, '-').collect();
            let is_date = |parts: &[&str]| {
                let digits =
                    |part: &str, count: usize| part.len() == count && part.bytes().all(|it| it.is_ascii_digit());
                matches!(parts, [year, month, day, ..] if digits(year, 4) && digits(month, 2) && digits(day, 2))
            };
            if !is_date(&parts) || !matches!(parts.get(3), None | Some(&"preview")) {
                return Err(format!("{name} is {given:?}: expected a version of an API, such as {version}"));
            }
            *version = given;
        }
        Ok(self)
    }

    /// A cloud of one's own: the host of its Resource Manager (with a port, if need be) and its login URL.
    #[must_use]
    pub fn custom(host: &str, authority: &str) -> Self {
        let mut login = CustomConfiguration::default();
        login.authority_host = authority.to_owned();
        // Its name for whatever cloud a file describes.
        Self::at("AzureStackCloud", host, &format!("https://{host}/.default"), authority, login.into())
    }

    fn at(environment: &str, host: &str, scope: &str, authority: &str, login: CloudConfiguration) -> Self {
        Self {
            resource_manager: format!("https://{host}"),
            resource_manager_suffix: host.split(':').next().unwrap_or(host).to_owned(),
            scope: scope.to_owned(),
            authority: authority.trim_end_matches('/').to_owned(),
            login: login.into(),
            environment: environment.to_owned(),
            monitor: match environment {
                "AzureChinaCloud" => "https://monitor.azure.cn/".into(),
                "AzureUSGovernmentCloud" => "https://monitor.azure.us/".into(),
                _ => "https://monitor.azure.com/".into(),
            },
            container_service: "2026-08-01".into(),
            network: "2026-03-01".into(),
            compute: "2024-07-01".into(),
        }
    }

    /// Whether a token for Resource Manager may be sent to this URL.
    #[must_use]
    pub fn trusts(&self, url: &azure_core::http::Url) -> bool {
        let host = url.host_str().unwrap_or_default().to_lowercase();
        let suffix = &self.resource_manager_suffix;
        url.scheme() == "https" && (host == *suffix || host.ends_with(&format!(".{suffix}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_apis_can_be_set_and_must_be_some() {
        let spoken = |given: &str| {
            let setting = |name: &str| (name == "NETWORK_API_VERSION").then(|| given.to_owned());
            Cloud::named("AzureChinaCloud").unwrap().speaking(setting).map(|cloud| cloud.network)
        };
        assert_eq!(spoken("2024-05-01"), Ok("2024-05-01".into()));
        assert_eq!(spoken("2024-05-01-preview"), Ok("2024-05-01-preview".into()));
        for wrong in ["", "latest", "2024-5-1", "2024-05-01-beta", "2024-05-01-preview-2", "v1"] {
            let why = spoken(wrong).unwrap_err();
            assert!(why.contains("NETWORK_API_VERSION") && why.contains("such as 20"), "{why}");
        }
    }

    #[test]
    fn tokens_go_to_hosts_under_the_suffix_alone() {
        let cloud = Cloud::named("AzurePublicCloud").unwrap();
        for (url, trusted) in [
            ("https://management.azure.com/x", true),
            ("https://westeurope.management.azure.com/x", true),
            ("http://management.azure.com/x", false),
            ("https://evilmanagement.azure.com/x", false),
            ("https://management.azure.com.evil.example/x", false),
            ("https://evil.example/management.azure.com", false),
        ] {
            assert_eq!(cloud.trusts(&url.parse().unwrap()), trusted, "{url}");
        }
    }
}
