//! The way out of the process. Production goes over sockets; a test or the embedded simulation hands in another way,
//! and the same clients go through it.
use super::limits::{Bounded, LARGEST, LARGEST_PAGE, bounded};
use anyhow::Context;
use azure_core::http::{HttpClient, Transport};
use std::sync::Arc;

/// How a Kubernetes client is made from a cluster's configuration.
pub type KubernetesDoor = Arc<dyn Fn(kube::Config) -> anyhow::Result<kube::Client> + Send + Sync>;

/// The ways out: HTTP for Azure's services and for workloads, and the API servers of the clusters. No way back in is wider
/// than its limit.
#[derive(Clone)]
pub struct Wire {
    /// HTTP transport of every Azure client.
    pub http: Transport,
    /// HTTP transport to workloads, whose pages nobody has to like.
    pub web: Transport,
    /// Maker of Kubernetes clients.
    pub kubernetes: KubernetesDoor,
}

impl Wire {
    /// Over this HTTP client, and this maker of Kubernetes clients.
    #[must_use]
    pub fn new(http: &Arc<dyn HttpClient>, kubernetes: KubernetesDoor) -> Self {
        let up_to = |most| Transport::new(Arc::new(Bounded::new(http.clone(), most)));
        let kubernetes: KubernetesDoor = Arc::new(move |config| kubernetes(config).map(bounded));
        Self { http: up_to(LARGEST), web: up_to(LARGEST_PAGE), kubernetes }
    }

    /// Over sockets, with TLS.
    ///
    /// # Errors
    /// When no HTTP client can be made, as on a system that knows no certificate authority.
    pub fn sockets() -> anyhow::Result<Self> {
        // Two providers are linked, so rustls chooses none by itself and panics. An error means that one was chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the transport comes from")]
        let http = quietly(|| azure_core::http::new_http_client(None)).context(
            "no HTTP client can be made: this system seems to know no certificate authority, so no service of Azure can \
             be trusted. Install them (on most systems the package ca-certificates), or name their file in SSL_CERT_FILE",
        )?;
        Ok(Self::new(&http, Arc::new(|config| Ok(kube::Client::try_from(config)?))))
    }
}

/// What it makes; `None` when it panics, as the maker of the HTTP client does where others return an error. To ask
/// beforehand for what it misses would cost as much time again as the whole start.
fn quietly<Made>(make: impl FnOnce() -> Made + std::panic::UnwindSafe) -> Option<Made> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let made = std::panic::catch_unwind(make);
    std::panic::set_hook(hook);
    made.ok()
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
