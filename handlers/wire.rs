//! The way out of the process. Production goes over sockets; a test or the embedded simulation hands in another way,
//! and the same clients go through it.
use anyhow::bail;
use azure_core::http::Transport;
use std::sync::Arc;

/// How a Kubernetes client is made from a cluster's configuration.
pub type KubernetesDoor = Arc<dyn Fn(kube::Config) -> anyhow::Result<kube::Client> + Send + Sync>;

/// The two ways out: HTTP for Azure's services, and the API servers of the clusters.
#[derive(Clone)]
pub struct Wire {
    /// HTTP transport of every Azure client.
    pub http: Transport,
    /// Maker of Kubernetes clients.
    pub kubernetes: KubernetesDoor,
}

impl Wire {
    /// Over sockets, with TLS.
    ///
    /// # Errors
    /// When this system knows no certificate authority, so that no service could be trusted.
    pub fn sockets() -> anyhow::Result<Self> {
        // The HTTP client panics without one.
        let found = rustls_native_certs::load_native_certs().certs;
        if rustls::RootCertStore::empty().add_parsable_certificates(found).0 == 0 {
            bail!(
                "this system knows no certificate authority, so no service of Azure can be trusted: install them (on most \
                 systems the package ca-certificates), or name their file in SSL_CERT_FILE"
            );
        }
        // Two providers are linked, so rustls chooses none by itself and panics. An error means that one was chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the transport comes from")]
        let http = azure_core::http::new_http_client(None);
        Ok(Self { http: Transport::new(http), kubernetes: Arc::new(|config| Ok(kube::Client::try_from(config)?)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_for_a_cluster_is_made_whatever_tls_providers_are_linked() {
        let config = kube::Config::new("https://127.0.0.1:1".parse().unwrap());
        assert!((Wire::sockets().unwrap().kubernetes)(config).is_ok());
    }
}
