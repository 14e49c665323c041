//! Where the cloud's other services are, as Resource Manager's answers name them. Pure.
use crate::Cloud;

/// The services beside Resource Manager. The default is the public cloud; behind doors they are on loopback.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// The cloud.
    pub cloud: Cloud,
    /// Base URL of Entra ID, without a slash at its end.
    pub login: String,
    /// The API servers are below this base URL, each under its host name; `None`: each at its host name, port 443.
    pub api_servers: Option<String>,
    /// Base URL of Microsoft Graph, without a slash at its end.
    pub graph: String,
    /// Apps are published below this host and path, each under its name; `None`: each at a host name of its own.
    pub publishing: Option<String>,
    /// The authority that the API servers' certificates are checked with, PEM.
    pub authority: String,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self::of(Cloud::Public)
    }
}

impl Neighbours {
    /// Those of a cloud, at their own host names.
    #[must_use]
    pub fn of(cloud: Cloud) -> Self {
        Self {
            cloud,
            login: format!("https://{}", cloud.login()),
            api_servers: None,
            graph: format!("https://{}", cloud.graph()),
            publishing: None,
            authority: include_str!("certificate_authority.pem").into(),
        }
    }

    /// The URL of the API server with this host name.
    #[must_use]
    pub fn api_server(&self, host: &str) -> String {
        match &self.api_servers {
            Some(base) => format!("{base}/{host}"),
            None => format!("https://{host}:443"),
        }
    }

    /// Host name, behind doors with port and path, of the site that publishes the app of this name.
    #[must_use]
    pub fn publishing(&self, app: &str) -> String {
        match &self.publishing {
            Some(base) => format!("{base}/{app}"),
            None => format!("{app}.scm.{}", self.cloud.apps()),
        }
    }
}
