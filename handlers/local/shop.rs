//! The shop with its function app in this process, for tests and for `simulate`.
use super::api;
use super::app_folder::AppFolder;
use super::door;
use super::installation::{Addresses, namespace};
use super::scene::Scene;
use super::users::Users;
use crate::azure::identity;
use crate::functions::app::App;
use crate::functions::host::router;
use crate::process::config::Config;
use crate::process::telemetry::signals::Signals;
use crate::process::wire::{KubernetesDoor, Wire};
use crate::site::Site;
use anyhow::Context;
use jiff::Timestamp;
use simulated_azure::article;
use simulated_azure::functions_host::{FunctionsHost, HostOptions, Start};
use simulated_azure::prober::Prober;
use simulated_azure::{Clock, Cloud, Latency, Process, SimulatedAzure};
use std::ops::Deref;
use std::sync::Arc;

/// How the world is.
#[derive(Clone, Debug)]
pub struct Options {
    /// The article's base.
    pub base: article::Options,
    /// How the function app is hosted.
    pub host: HostOptions,
    /// Whether the bus drops messages whose id it has seen.
    pub duplicate_detection: bool,
    /// Whether users' requests are sent.
    pub probe: bool,
    /// How long calls to the control planes take; `None`: an instant world.
    pub latency: Option<Latency>,
    /// Further settings of the function app.
    pub settings: Vec<(&'static str, String)>,
    /// Where the function app's processes tell of themselves.
    pub signals: Signals,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base: article::Options::default(),
            host: HostOptions::default(),
            duplicate_detection: true,
            probe: true,
            latency: None,
            settings: vec![],
            signals: Signals::default(),
        }
    }
}

/// The shop with its function app.
pub struct Shop {
    scene: Scene,
    /// The function app.
    pub host: FunctionsHost,
    /// The clients of a person's own process.
    pub operator: App,
    options: HostOptions,
    start: Start,
    folder: AppFolder,
}

impl Deref for Shop {
    type Target = Scene;
    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Shop {
    /// Opens the shop. `change` may alter the site before it is published.
    ///
    /// # Errors
    /// When the example files are broken, or the system's folder for temporary files cannot be written.
    pub fn open(options: &Options, change: impl FnOnce(&mut Site)) -> anyhow::Result<Self> {
        let began: Timestamp = "2026-11-25T08:00:00Z".parse()?;
        let clock = Clock::starting_at(began);
        let scene = Scene::set(clock, &options.base, options.duplicate_detection, change)?;
        Self::around(scene, &config_with(options.base.cloud, &options.settings)?, options)
    }

    /// Opens the function app, with these settings, around a scene.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be written.
    pub fn around(mut scene: Scene, config: &Config, options: &Options) -> anyhow::Result<Self> {
        scene.azure.world().latency.clone_from(&options.latency);
        let folder = AppFolder::write().context("failed to write the function app's folder")?;
        let world = scene.azure.clone();
        // A process that cannot be wired up would answer nothing; in this world it always can be.
        let (settings, signals) = (config.clone(), options.signals.clone());
        let start: Start = Arc::new(move |process: Process| {
            let wire = door::telling(&world, &process, signals.clone());
            app_over(&world, &wire, &settings).map(router).unwrap_or_default()
        });
        let host = FunctionsHost::start(scene.azure.clone(), folder.path(), options.host.clone(), start.clone())?;
        let operator = app_with(&scene.azure, &Process::new("operator"), config)?;
        if options.probe {
            scene.users = Users::Prober(Prober::start(&scene.azure, &[&scene.article.host]));
        }
        Ok(Self { scene, host, operator, options: options.host.clone(), start, folder })
    }

    /// The function app on another host, beside the present one or in its place.
    ///
    /// # Errors
    /// When the app's folder cannot be read.
    pub fn another_host(&self) -> anyhow::Result<FunctionsHost> {
        Ok(FunctionsHost::start(self.azure.clone(), self.folder.path(), self.options.clone(), self.start.clone())?)
    }
}

/// The clients of one process of the shop's world.
///
/// # Errors
/// When a setting makes no URL.
pub fn app_of(azure: &SimulatedAzure, process: &Process) -> anyhow::Result<App> {
    app_with(azure, process, &config(azure.world().cloud())?)
}

/// The same, but that clusters' API servers are reached another way: a real one stands in for them.
///
/// # Errors
/// When a setting makes no URL.
pub fn app_beside(azure: &SimulatedAzure, process: &Process, clusters: KubernetesDoor) -> anyhow::Result<App> {
    let wire = Wire { kubernetes: clusters, ..door::wire(azure, process) };
    app_over(azure, &wire, &config(azure.world().cloud())?)
}

/// The clients of one process of this world, with these settings of a function app.
///
/// # Errors
/// When a setting makes no URL.
pub fn app_with(azure: &SimulatedAzure, process: &Process, config: &Config) -> anyhow::Result<App> {
    app_over(azure, &door::wire(azure, process), config)
}

/// The clients of a process of this world that goes this way out.
fn app_over(azure: &SimulatedAzure, wire: &Wire, config: &Config) -> anyhow::Result<App> {
    let credential = identity::managed(config.client_id.as_deref(), &wire.http)?;
    App::new(&Config { clock_speed: azure.clock().speed(), ..config.clone() }, &credential, wire)
}

/// The settings of the shop's function app.
///
/// # Errors
/// When the cloud is none that is known.
pub fn config(cloud: Cloud) -> anyhow::Result<Config> {
    config_with(cloud, &[])
}

/// The same, and further settings.
fn config_with(cloud: Cloud, more: &[(&str, String)]) -> anyhow::Result<Config> {
    let Addresses { blobs, bus, client } = Addresses::of(cloud);
    let given = |name: &str| more.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Config::read(|name| match name {
        "AzureWebJobsStorage__blobServiceUri" => Some(blobs.clone()),
        "ServiceBusConnection__fullyQualifiedNamespace" => Some(bus.clone()),
        "SERVICE_BUS_RESOURCE_ID" => Some(namespace()),
        "AZURE_CLIENT_ID" => Some(client.clone()),
        "AZURE_CLOUD" => Some(cloud.name().to_owned()),
        name => given(name).or_else(|| api::setting(name)),
    })
}
