//! The shop for real on this machine: the simulated Azure behind doors on loopback, a Functions host with this very
//! executable as its child, a gateway that proxies, and users who ask over sockets.
mod chaos;
mod connect;

pub use chaos::chaos;
pub use connect::connect;

use super::app_folder::AppFolder;
use super::installation::{Addresses, Installation};
use super::scene::{ACCOUNT, NAMESPACE, Scene};
use super::users::Users;
use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;
use simulated_azure::data_plane::{self, DataPlane, load::Load};
use simulated_azure::doors::{self, Connection, Doors, Ports, Serve};
use simulated_azure::functions_host::{FunctionsHost, Handler, HostOptions, Instances, Line, Output};
use simulated_azure::{Clock, Process, SimulatedAzure, article, service_bus};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the function app's processes write, in the data folder.
pub const LOG: &str = "functions.log";

/// How the shop is run.
pub struct Options {
    /// The data folder: certificates, kubeconfigs, addresses.
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
    gateway: DataPlane,
    _folder: AppFolder,
}

impl Live {
    /// Starts everything, and returns when all is ready and `endpoints.json` written.
    ///
    /// # Errors
    /// When a port is taken, the data folder is not ours to use, or the function app does not start.
    pub async fn open(options: Options) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the simulated world begins today")]
        let began = Timestamp::now();
        let mut scene =
            Scene::set(Clock::running_at(began, options.speed), &article::Options::default(), true, |_| {})?;
        let azure = scene.azure.clone();
        let mut door = doors::Options::in_folder(&options.folder);
        door.ports = options.ports;
        door.account = ACCOUNT.into();
        door.namespace = NAMESPACE.into();
        door.amqp = Some(amqp(&azure));
        let mut doors = Doors::open(&azure, &door).await?;
        let plane = data_plane::Options { port: options.gateway_port, colours: colours(&scene), ..Default::default() };
        let gateway = DataPlane::start(&azure, plane)
            .with_context(|| format!("failed to open the gateway's port {} (--gateway-port)", options.gateway_port))?;
        let address = gateway.address();
        scene.change(|site| {
            for test in &mut site.smoke_tests {
                test.connect_to = Some(address.to_string());
            }
        })?;
        let at = addresses(&doors.endpoints);
        Installation::of(&scene.article).set_up(&mut azure.world(), &scene.article, &at, began);
        let settings = doors.endpoints.app_settings().into_iter().map(|(name, value)| (name.to_owned(), value));
        let speed = ("BLUEGREEN_CLOCK_SPEED".to_owned(), options.speed.to_string());
        let settings: BTreeMap<String, String> = settings.chain([speed]).collect();
        let folder = AppFolder::write().context("failed to write the function app's folder")?;
        folder
            .link(&std::env::current_exe()?)
            .context("failed to put this executable into the function app's folder")?;
        let key = doors.endpoints.identity.header.clone();
        let host = HostOptions {
            instances: options.instances,
            settings,
            function_key: Some(key.clone()),
            master_key: Some(key.clone()),
            ..HostOptions::default()
        };
        let output = log(&options.folder.join(LOG))?;
        let host = FunctionsHost::start(azure.clone(), folder.path(), host, Handler::Executable(output))?;
        let host = Arc::new(host);
        host.ready().await;
        let port = doors.add(options.functions_port, "--functions-port", doors::routed(host.router())).await?;
        let others = &mut doors.endpoints.others;
        others.insert("functions".into(), json!({"url": format!("http://localhost:{port}"), "key": key}));
        let hosts = json!({"users": scene.article.host, "smokeTests": scene.article.candidate_host});
        others.insert("gateway".into(), json!({"url": format!("http://{address}"), "hosts": hosts}));
        doors.publish()?;
        let load =
            data_plane::load::Options { rate: options.rate, ..data_plane::load::Options::to(&scene.article.host) };
        scene.users = Users::Load(Load::start(&azure, address, &load));
        Ok(Self { scene, host, began, doors, gateway, _folder: folder })
    }

    /// Where everything is.
    #[must_use]
    pub fn endpoints(&self) -> &doors::Endpoints {
        &self.doors.endpoints
    }

    /// Sends no more requests, ends the function app, and closes the ports.
    pub async fn close(mut self) {
        if let Users::Load(load) = std::mem::replace(&mut self.scene.users, Users::Nobody) {
            load.stop().await;
        }
        self.host.stop();
        self.gateway.stop().await;
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

/// What a person's cluster names are called by.
fn colours(scene: &Scene) -> BTreeMap<String, String> {
    let name = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let slots = [("blue", &scene.site.slots.blue), ("green", &scene.site.slots.green)];
    slots.map(|(colour, slot)| (name(&slot.cluster), colour.to_owned())).into()
}

/// Writes each line of the function app's processes to a file.
fn log(path: &Path) -> anyhow::Result<Output> {
    let file = File::create(path).with_context(|| format!("failed to make {}", path.display()))?;
    Ok(Arc::new(move |line: Line| {
        // A full disk stops no upgrade.
        let _ = writeln!(&file, "{} {}", line.child, line.text);
    }))
}

fn amqp(azure: &SimulatedAzure) -> Serve {
    let azure = azure.clone();
    Arc::new(move |connection: Connection| {
        let azure = azure.clone();
        Box::pin(async move { service_bus::amqp::serve(azure, Process::new("outside"), connection.stream).await })
    })
}
