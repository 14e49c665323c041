//! The shop for real on this machine: the simulated Azure behind doors on loopback, a Functions host with this very
//! executable as its child, a gateway that proxies, and users who ask over sockets.
//!
//! This is the one place where they are put together; dropping a [`Live`] takes all of it away again.
mod chaos;
mod connect;
mod functions;

pub use chaos::chaos;
pub use functions::LOG;

use super::app_folder::{AppFolder, this_executable};
use super::installation::{Addresses, Installation};
use super::own::Own;
use super::scene::Scene;
use super::setting::{ACCOUNT, NAMESPACE};
use super::users::Users;
use crate::site::Site;
use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;
use simulated_azure::data_plane::{self, DataPlane, load::Load};
use simulated_azure::doors::{self, Connection, Doors, Ports, Serve, amqp};
use simulated_azure::functions_host::{FunctionsHost, Instances};
use simulated_azure::{Clock, Cloud, Latency, Process, SimulatedAzure, article};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the shop is run.
pub struct Options {
    /// The data folder: certificates, kubeconfigs, addresses, the function app and its log.
    pub folder: PathBuf,
    /// The doors' ports; 0 stands for any free one.
    pub ports: Ports,
    /// The gateway's port.
    pub gateway_port: u16,
    /// The Functions host's port.
    pub functions_port: u16,
    /// So many seconds of the simulated world pass in one.
    pub speed: u32,
    /// So many requests of users a second of real time.
    pub rate: u32,
    /// Which functions share a process.
    pub instances: Instances,
    /// Which cloud the world is.
    pub cloud: Cloud,
    /// A site file of somebody's own.
    pub own: Option<Own>,
}

/// The running shop. Dropping it ends every process and closes every port.
pub struct Live {
    /// The world, the site, the users.
    pub scene: Scene,
    /// The function app.
    pub host: Arc<FunctionsHost>,
    /// When the world began.
    pub began: Timestamp,
    doors: Doors,
    _gateway: DataPlane,
    app: AppFolder,
}

impl Live {
    /// Starts everything, and returns when all is ready and `endpoints.json` written.
    ///
    /// # Errors
    /// When a port is taken, the data folder is not ours to use, or the function app does not start.
    pub async fn open(options: Options) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the simulated world begins today")]
        let began = Timestamp::now();
        let base = article::Options { cloud: options.cloud, ..article::Options::default() };
        let settle = |site: &mut Site| options.own.iter().for_each(|own| own.settle(site));
        let mut scene = Scene::set(Clock::running_at(began, options.speed), &base, true, settle)?;
        options.own.iter().for_each(|own| own.furnish(&scene));
        let azure = scene.azure.clone();
        azure.world().latency = Some(Latency::of(1));
        let mut doors = doors(&azure, &options).await?;
        let gateway = gateway(&scene, options.gateway_port)?;
        let address = gateway.address();
        scene.change(|site| {
            for test in &mut site.smoke_tests {
                test.connect_to = Some(address.to_string());
            }
        })?;
        let at = addresses(&doors.endpoints);
        Installation::of(&scene.article).set_up(&mut azure.world(), &scene.article, &at, began);
        let (host, app) = functions::start(&azure, &doors.endpoints, &options).await?;
        let port = doors.add(options.functions_port, "--functions-port", doors::routed(host.router())).await?;
        let hosts = json!({"users": scene.article.host, "smokeTests": scene.article.candidate_host});
        let functions = json!({"url": format!("http://localhost:{port}"), "key": functions::key(&doors.endpoints)});
        let others = &mut doors.endpoints.others;
        others.insert("functions".into(), functions);
        others.insert("gateway".into(), json!({"url": format!("http://{address}"), "hosts": hosts}));
        doors.publish()?;
        let load =
            data_plane::load::Options { rate: options.rate, ..data_plane::load::Options::to(&scene.article.host) };
        scene.users = Users::Load(Load::start(&azure, address, &load));
        Ok(Self { scene, host, began, doors, _gateway: gateway, app })
    }

    /// Deploys another build of the functions, or (`None`) this very one: processes that start from now on are of it.
    ///
    /// # Errors
    /// When the function app's folder cannot be written any more.
    pub fn deploy(&self, executable: Option<&Path>) -> anyhow::Result<()> {
        let executable = executable.map_or_else(this_executable, std::path::absolute);
        let replaced = executable.and_then(|executable| self.app.replace(&executable));
        replaced.context("failed to deploy another executable")
    }

    /// How a person's own tools connect, as commands to copy.
    ///
    /// # Errors
    /// When the data folder cannot be written any more.
    pub fn connect(&self) -> anyhow::Result<String> {
        let mut endpoints = self.doors.endpoints.clone();
        endpoints.clusters = self.doors.clusters()?;
        let folder = endpoints.certificate_authority.parent().unwrap_or(&endpoints.certificate_authority);
        let file = folder.join(connect::ENVIRONMENT);
        std::fs::write(&file, connect::environment(&endpoints, &self.scene))
            .with_context(|| format!("failed to write {}", file.display()))?;
        Ok(connect::connect(&endpoints, &self.scene))
    }
}

fn addresses(endpoints: &doors::Endpoints) -> Addresses {
    let settings = endpoints.app_settings();
    let setting = |name: &str| settings.get(name).cloned().unwrap_or_default();
    Addresses {
        blobs: setting("AzureWebJobsStorage__blobServiceUri"),
        bus: setting("ServiceBusConnection__fullyQualifiedNamespace"),
        client: setting("AZURE_CLIENT_ID"),
    }
}

async fn doors(azure: &SimulatedAzure, options: &Options) -> Result<Doors, doors::Error> {
    let mut door = doors::Options::in_folder(&options.folder);
    door.ports = options.ports;
    door.account = ACCOUNT.into();
    door.namespace = NAMESPACE.into();
    door.amqp = Some(amqp(azure));
    Doors::open(azure, &door).await
}

fn amqp(azure: &SimulatedAzure) -> Serve {
    let azure = azure.clone();
    Arc::new(move |connection: Connection| {
        let azure = azure.clone();
        Box::pin(async move { amqp::serve(azure, Process::new("outside"), connection.stream).await })
    })
}

fn gateway(scene: &Scene, port: u16) -> Result<DataPlane, doors::Error> {
    let name = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let slots = [("blue", &scene.site.slots.blue), ("green", &scene.site.slots.green)];
    let colours: BTreeMap<_, _> = slots.map(|(colour, slot)| (name(&slot.cluster), colour.to_owned())).into();
    let options = data_plane::Options { port, colours, ..Default::default() };
    DataPlane::start(&scene.azure, options).map_err(|why| doors::Error::of_port(port, "--gateway-port", why))
}
