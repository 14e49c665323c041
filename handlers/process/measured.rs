//! How long calls take, as OpenTelemetry counts those of an HTTP client. A service is known by what it is: its host's name
//! would be another for each account.
use crate::process::telemetry::signals::Signals;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Url};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use std::sync::Arc;
use tokio::time::Instant;

/// As the conventions for HTTP have them, in seconds.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// An HTTP client whose calls are measured.
#[derive(Debug)]
pub struct Measured {
    client: Arc<dyn HttpClient>,
    duration: Histogram<f64>,
    service: fn(&Url) -> &'static str,
}

impl Measured {
    /// This client, to Azure's services.
    #[must_use]
    pub fn of_azure(client: Arc<dyn HttpClient>, signals: &Signals) -> Self {
        Self::new(client, signals, service)
    }

    /// This client, to workloads and to whom is told.
    #[must_use]
    pub fn of_others(client: Arc<dyn HttpClient>, signals: &Signals) -> Self {
        Self::new(client, signals, |_| "others")
    }

    fn new(client: Arc<dyn HttpClient>, signals: &Signals, service: fn(&Url) -> &'static str) -> Self {
        let duration = signals
            .meter()
            .f64_histogram("http.client.request.duration")
            .with_unit("s")
            .with_description("How long a call takes until its answer begins, each try by itself.")
            .with_boundaries(BOUNDS.to_vec())
            .build();
        Self { client, duration, service }
    }
}

#[async_trait::async_trait]
impl HttpClient for Measured {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let asked = Instant::now();
        let answer = self.client.execute_request(request).await;
        let mut attributes = vec![
            KeyValue::new("http.request.method", request.method().as_str().to_owned()),
            KeyValue::new("service.peer.name", (self.service)(request.url())),
        ];
        match &answer {
            Ok(answer) => {
                let status = u16::from(answer.status());
                attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
                if status >= 400 {
                    attributes.push(KeyValue::new("error.type", status.to_string()));
                }
            }
            Err(_) => attributes.push(KeyValue::new("error.type", "no-answer")),
        }
        self.duration.record(asked.elapsed().as_secs_f64(), &attributes);
        answer
    }
}

/// Which of Azure's services it is, in whatever cloud.
fn service(url: &Url) -> &'static str {
    let host = url.host_str().unwrap_or_default();
    let is_part = |part: &str| host.starts_with(&part[1..]) || host.contains(part);
    match () {
        () if url.path().contains("/oauth2/token") || url.path().contains("/msi/token") => "identity",
        () if is_part(".blob.") => "storage",
        () if is_part(".servicebus.") => "service-bus",
        () if is_part(".management.") => "resource-manager",
        () if is_part(".login.") => "entra",
        () => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::service;

    #[test]
    fn a_service_is_known_in_every_cloud() {
        for (url, expected) in [
            ("https://management.azure.com/subscriptions", "resource-manager"),
            ("https://westeurope.management.azure.com/x", "resource-manager"),
            ("https://management.chinacloudapi.cn/x", "resource-manager"),
            ("https://a.blob.core.usgovcloudapi.net/runs/x", "storage"),
            ("https://b.servicebus.windows.net/upgrade-steps/messages", "service-bus"),
            ("http://169.254.169.254/metadata/identity/oauth2/token?x", "identity"),
            ("http://127.0.0.1:41000/msi/token?x", "identity"),
            ("https://login.microsoftonline.com/x/discovery/v2.0/keys", "entra"),
            ("https://example.com/", "other"),
        ] {
            assert_eq!(service(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
