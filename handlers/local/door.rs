//! The door into the simulated Azure: the production clients' transport, for one process.
use crate::process::telemetry::signals::Signals;
use crate::process::wire::Wire;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use bytes::Bytes;
use futures::{AsyncReadExt, TryStreamExt};
use kube::client::{ClientBuilder, ConfigExt};
use simulated_azure::{Process, SimulatedAzure};
use std::sync::Arc;
use tower::{Layer, ServiceExt as _, service_fn};

/// A process's way into the simulated Azure.
#[derive(Clone)]
pub struct Door {
    azure: SimulatedAzure,
    process: Process,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Door({})", self.process.name())
    }
}

/// The wire of a process of the simulated world.
#[must_use]
pub fn wire(azure: &SimulatedAzure, process: &Process) -> Wire {
    telling(azure, process, Signals::default())
}

/// The same, of one that tells of itself.
#[must_use]
pub fn telling(azure: &SimulatedAzure, process: &Process, signals: Signals) -> Wire {
    let door = Door { azure: azure.clone(), process: process.clone() };
    let http: Arc<dyn HttpClient> = Arc::new(door.clone());
    Wire::telling(&http, Arc::new(move |config| door.kubernetes(&config)), signals)
}

impl Door {
    fn kubernetes(&self, config: &kube::Config) -> anyhow::Result<kube::Client> {
        let door = self.clone();
        let service = service_fn(move |request: http::Request<kube::client::Body>| {
            let door = door.clone();
            async move { door.azure.call(&door.process, request.map(axum::body::Body::new)).await }
        });
        let service = service.map_err(tower::BoxError::from);
        let service = config.base_uri_layer().layer(service);
        let service = match config.auth_layer()? {
            Some(auth) => auth.layer(service).boxed(),
            None => service.boxed(),
        };
        Ok(ClientBuilder::new(service, config.default_namespace.clone()).build())
    }
}

#[async_trait::async_trait]
impl HttpClient for Door {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body: Bytes = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            Body::SeekableStream(stream) => {
                let mut all = vec![];
                stream.clone().read_to_end(&mut all).await?;
                all.into()
            }
        };
        let mut asked = http::Request::builder().method(request.method().as_str()).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            asked = asked.header(name.as_str(), value.as_str());
        }
        let broken = |error: &dyn std::fmt::Display| Error::with_message(ErrorKind::Io, error.to_string());
        let asked = asked.body(axum::body::Body::from(body)).map_err(|error| broken(&error))?;
        let answer = self.azure.call(&self.process, asked).await.map_err(|error| broken(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.into_data_stream();
        let body = body.map_err(|error| Error::with_message(ErrorKind::Io, error.to_string()));
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            headers.insert(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
        Ok(AsyncRawResponse::new(StatusCode::from(parts.status.as_u16()), headers, Box::pin(body)))
    }
}
