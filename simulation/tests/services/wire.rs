//! The way from the production clients to the simulated Azure, in process.
use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, HttpClient, Request, Transport};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use futures::AsyncReadExt;
use http_body_util::BodyExt;
use jiff::Timestamp;
use simulated_azure::{Clock, Process, SimulatedAzure};
use std::sync::Arc;

/// A transport of azure_core that leads into the simulation.
#[derive(Clone)]
struct Wire(SimulatedAzure);

impl std::fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Wire")
    }
}

#[async_trait::async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(stream) => {
                let mut bytes = Vec::new();
                stream.clone().read_to_end(&mut bytes).await?;
                bytes
            }
        };
        let mut asked = http::Request::builder().method(request.method().as_str()).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            asked = asked.header(name.as_str(), value.as_str());
        }
        let asked = asked.body(axum::body::Body::from(body)).unwrap();
        let answer =
            self.0.call(&Process::new("test"), asked).await.map_err(|error| Error::new(ErrorKind::Io, error))?;
        let (parts, body) = answer.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            headers.insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
        }
        let body = body.collect().await.unwrap().to_bytes();
        Ok(AsyncRawResponse::from_bytes(parts.status.as_u16().into(), headers, body))
    }
}

/// The moment at which every test begins. Far ahead: the SDK judges a token's end by the real clock.
pub fn morning() -> Timestamp {
    "2096-11-25T08:00:00Z".parse().unwrap()
}

/// A simulated Azure, and client options that lead there.
pub fn azure() -> (SimulatedAzure, ClientOptions) {
    let azure = SimulatedAzure::new(Clock::starting_at(morning()));
    let options =
        ClientOptions { transport: Some(Transport::new(Arc::new(Wire(azure.clone())))), ..Default::default() };
    (azure, options)
}

/// The credential that runs in production, as the identity with this client id.
pub fn identity(client_id: &str, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: Some(UserAssignedId::ClientId(client_id.into())),
        client_options: options.clone(),
    };
    ManagedIdentityCredential::new(Some(options)).unwrap()
}
