//! Where the cloud's other services are, as Resource Manager's answers name them. Pure.

/// The services beside Resource Manager. The default is the public cloud; behind doors they are on loopback.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// Base URL of Entra ID, without a slash at its end.
    pub login: String,
    /// The API servers are below this base URL, each under its host name; `None`: each at its host name, port 443.
    pub api_servers: Option<String>,
    /// The authority that the API servers' certificates are checked with, PEM.
    pub authority: String,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self {
            login: "https://login.microsoftonline.com".into(),
            api_servers: None,
            authority: include_str!("certificate_authority.pem").into(),
        }
    }
}

impl Neighbours {
    /// The URL of the API server with this host name.
    #[must_use]
    pub fn api_server(&self, host: &str) -> String {
        match &self.api_servers {
            Some(base) => format!("{base}/{host}"),
            None => format!("https://{host}:443"),
        }
    }
}
