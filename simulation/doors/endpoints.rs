//! Pure. Where everything is: what a client of the simulated Azure must know, as `endpoints.json` holds it.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every address, key and connection string. All addresses are on loopback; `https://` ones also take plain `http://`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The certificate to trust, a PEM file.
    pub certificate_authority: PathBuf,
    /// Base URL of Resource Manager.
    pub resource_manager: String,
    /// Base URL of Entra ID, and what it gives tokens for.
    pub login: Login,
    /// The managed identity endpoint, in the protocol of App Service.
    pub identity: Identity,
    /// Blob storage.
    pub blobs: Blobs,
    /// The Service Bus namespace.
    pub service_bus: ServiceBus,
    /// Base URL of all API servers; each is below it under its host name.
    pub kubernetes: String,
    /// The clusters, by name. In the file they follow those that come and go.
    pub clusters: BTreeMap<String, Cluster>,
    /// What belongs to other parts of the simulation, by their names: gateways, the Functions host.
    #[serde(flatten)]
    pub others: BTreeMap<String, serde_json::Value>,
}

/// Entra ID. Any application id and any secret are good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// Base URL, the authority host.
    pub authority: String,
    /// The directory that subscriptions belong to.
    pub tenant: String,
}

/// The managed identity of the function app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// `IDENTITY_ENDPOINT`: plain HTTP, as in App Service.
    pub endpoint: String,
    /// `IDENTITY_HEADER`: what a caller shows in `X-IDENTITY-HEADER`.
    pub header: String,
    /// The client id of the user-assigned identity.
    pub client_id: String,
}

/// Blob storage. Accounts are in the path, as Azurite has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blobs {
    /// The account of the function app.
    pub account: String,
    /// Its base URL.
    pub service: String,
}

/// The Service Bus namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceBus {
    /// The namespace's name.
    pub name: String,
    /// Host and port of the REST door: what stands for the fully qualified namespace where only REST is spoken.
    pub rest: String,
    /// AMQP 1.0, plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amqp: Option<Amqp>,
}

/// AMQP's doors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amqp {
    /// Host and port without TLS.
    pub plain: String,
    /// Host and port with TLS.
    pub tls: String,
    /// For SDKs that know the emulator: plain AMQP.
    pub connection_string: String,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Base URL of its API server.
    pub server: String,
    /// A kubeconfig with a token that needs no login.
    pub kubeconfig: PathBuf,
}

impl Endpoints {
    /// The settings with which our executable runs against this Azure, as the identity of the function app.
    #[must_use]
    pub fn app_settings(&self) -> BTreeMap<&'static str, String> {
        let host = |url: &str| url.split_once("://").map_or(url, |(_, host)| host).to_owned();
        BTreeMap::from([
            ("AZURE_RESOURCE_MANAGER", host(&self.resource_manager)),
            ("AZURE_AUTHORITY_HOST", self.login.authority.clone()),
            ("AZURE_CLIENT_ID", self.identity.client_id.clone()),
            ("IDENTITY_ENDPOINT", self.identity.endpoint.clone()),
            ("IDENTITY_HEADER", self.identity.header.clone()),
            ("AzureWebJobsStorage__blobServiceUri", self.blobs.service.clone()),
            ("ServiceBusConnection__fullyQualifiedNamespace", self.service_bus.rest.clone()),
            // rustls takes its roots from this file, in place of the system's.
            ("SSL_CERT_FILE", self.certificate_authority.to_string_lossy().into_owned()),
        ])
    }
}
