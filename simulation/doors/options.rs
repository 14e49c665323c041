//! How the doors are opened.
use super::endpoints::{Amqp, Blobs, Endpoints, Identity, Login, ServiceBus};
use super::listener::Serve;
use super::service::Service;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The shared access policy that every namespace is born with.
pub(super) const POLICY: &str = "RootManageSharedAccessKey";
/// What its key is called among the secrets.
pub(super) const KEY: &str = "key";

/// Where Resource Manager's door publishes apps: its host, its port, and the path that leads there.
pub(super) fn publishing(resource_manager: &str) -> String {
    let (_, host) = resource_manager.split_once("://").unwrap_or(("", resource_manager));
    format!("{host}{}", super::service::PUBLISHING.trim_end_matches('/'))
}

/// A secret of this run, made of something `private` to it.
pub(super) fn secret(what: &str, private: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(format!("{what} {private}")))
}

/// The ports on 127.0.0.1; 0 stands for any free one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// `--resource-manager-port`
    pub resource_manager: u16,
    /// `--login-port`: Entra ID and the managed identity endpoint.
    pub login: u16,
    /// `--blobs-port`
    pub blobs: u16,
    /// `--service-bus-port`: REST.
    pub service_bus: u16,
    /// `--kubernetes-port`: the API servers of all clusters.
    pub kubernetes: u16,
    /// `--amqp-port`
    pub amqp: u16,
    /// `--amqps-port`
    pub amqps: u16,
}

impl Ports {
    pub(super) fn of_services(self) -> [(Service, u16, &'static str); 5] {
        [
            (Service::ResourceManager, self.resource_manager, "--resource-manager-port"),
            (Service::Login, self.login, "--login-port"),
            (Service::Blobs, self.blobs, "--blobs-port"),
            (Service::Bus, self.service_bus, "--service-bus-port"),
            (Service::Kubernetes, self.kubernetes, "--kubernetes-port"),
        ]
    }
}

/// How the doors are opened.
#[derive(Clone)]
pub struct Options {
    /// The data folder: made when missing, refused when it holds other people's files or another process uses it.
    pub folder: PathBuf,
    /// The ports.
    pub ports: Ports,
    /// The function app's storage account.
    pub account: String,
    /// The Service Bus namespace's name, without a domain.
    pub namespace: String,
    /// The client id of the function app's identity.
    pub client_id: String,
    /// The directory that the subscriptions belong to.
    pub tenant: String,
    /// What serves AMQP; without it there are no AMQP ports.
    pub amqp: Option<Serve>,
}

impl Options {
    /// Free ports and the usual names, in this folder, without AMQP.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            ports: Ports::default(),
            account: "bluegreen".into(),
            namespace: "bluegreen".into(),
            client_id: "00000000-0000-4000-8000-00000000c11e".into(),
            tenant: crate::ids::TENANT.into(),
            amqp: None,
        }
    }

    /// Where everything is, once the ports are known. The keys of this run are made of something `private` to it.
    pub(super) fn endpoints(
        &self,
        port: impl Fn(Service) -> u16,
        amqp: Option<(u16, u16)>,
        certificate_authority: PathBuf,
        private: &str,
    ) -> Endpoints {
        let url = |service| format!("https://localhost:{}", port(service));
        let amqp = amqp.map(|(plain, tls)| Amqp {
            plain: format!("localhost:{plain}"),
            tls: format!("localhost:{tls}"),
            connection_string: format!(
                "Endpoint=sb://localhost:{plain};SharedAccessKeyName={POLICY};SharedAccessKey={};UseDevelopmentEmulator=true;",
                secret(KEY, private)
            ),
        });
        Endpoints {
            certificate_authority,
            resource_manager: url(Service::ResourceManager),
            login: Login { authority: url(Service::Login), tenant: self.tenant.clone() },
            identity: Identity {
                endpoint: format!("http://127.0.0.1:{}/msi/token", port(Service::Login)),
                header: secret("identity", private),
                client_id: self.client_id.clone(),
            },
            blobs: Blobs {
                account: self.account.clone(),
                service: format!("{}/{}", url(Service::Blobs), self.account),
            },
            service_bus: ServiceBus {
                name: self.namespace.clone(),
                rest: format!("localhost:{}", port(Service::Bus)),
                amqp,
            },
            kubernetes: format!("{}/clusters", url(Service::Kubernetes)),
            clusters: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }
}
