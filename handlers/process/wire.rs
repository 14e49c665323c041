//! The way out of the process. Production goes over sockets; a test or the embedded simulation hands in another way,
//! and the same clients go through it.
use super::limits::{Bounded, LARGEST, LARGEST_PAGE, bounded};
use super::measured::Measured;
use super::telemetry::signals::Signals;
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
    /// Where this process tells of itself.
    pub signals: Signals,
}

impl Wire {
    /// Over this HTTP client, and this maker of Kubernetes clients; nothing is told of it.
    #[must_use]
    pub fn new(http: &Arc<dyn HttpClient>, kubernetes: KubernetesDoor) -> Self {
        Self::telling(http, kubernetes, Signals::default())
    }

    /// The same, telling of each call.
    #[must_use]
    pub fn telling(http: &Arc<dyn HttpClient>, kubernetes: KubernetesDoor, signals: Signals) -> Self {
        let azure: Arc<dyn HttpClient> = Arc::new(Measured::of_azure(http.clone(), &signals));
        let others: Arc<dyn HttpClient> = Arc::new(Measured::of_others(http.clone(), &signals));
        let up_to = |client, most| Transport::new(Arc::new(Bounded::new(client, most)));
        let kubernetes: KubernetesDoor = Arc::new(move |config| kubernetes(config).map(bounded));
        Self { http: up_to(azure, LARGEST), web: up_to(others, LARGEST_PAGE), kubernetes, signals }
    }

    /// Over sockets, with TLS.
    ///
    /// # Errors
    /// When no HTTP client can be made, as on a system that knows no certificate authority.
    pub fn sockets() -> anyhow::Result<Self> {
        Ok(Self::over(&sockets()?, Signals::default()))
    }

    /// Over this HTTP client of sockets, telling of each call.
    #[must_use]
    pub fn over(http: &Arc<dyn HttpClient>, signals: Signals) -> Self {
        Self::telling(http, Arc::new(|config| Ok(kube::Client::try_from(config)?)), signals)
    }
}

/// The HTTP client over sockets, with TLS.
///
/// # Errors
/// When no HTTP client can be made, as on a system that knows no certificate authority.
pub fn sockets() -> anyhow::Result<Arc<dyn HttpClient>> {
    // Two providers are linked, so rustls chooses none by itself and panics. An error means that one was chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the transport comes from")]
    quietly(|| azure_core::http::new_http_client(None)).context(
        "no HTTP client can be made: this system seems to know no certificate authority, so no service of Azure can be \
         trusted. Install them (on most systems the package ca-certificates), or name their file in SSL_CERT_FILE",
    )
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
