//! The site `shop` in a simulated world: the article's base, a serving blue cluster, the bus, the store, the function app.
use super::app_folder::AppFolder;
use super::door;
use crate::app::App;
use crate::azure::blob_runs::{RUNS, SITES};
use crate::azure::{content_name, identity};
use crate::cli::publish::with_digests;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::flow::Step;
use crate::host::router;
use crate::manifests::{Placeholders, objects};
use crate::request::Request;
use crate::run::Run;
use crate::site::{Colour, Site};
use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use simulated_azure::article::{self, Article};
use simulated_azure::functions_host::{FunctionsHost, HostOptions, Start};
use simulated_azure::prober::Prober;
use simulated_azure::service_bus::{Message, QueueOptions, SubscriptionOptions, TopicOptions};
use simulated_azure::{Clock, Process, SimulatedAzure, World};
use std::sync::Arc;
use std::time::Duration;

/// The storage account with sites and runs.
pub const ACCOUNT: &str = "shopupgrader";
const BUS: &str = "shopupgrader.servicebus.windows.net";
const CLIENT: &str = "00000000-0000-4000-8000-00000000c11e";
const SITE: &str = include_str!("../../examples/shop/site.json");
const MANIFESTS: [(&str, &str); 2] = [
    ("manifests/controllers.yaml", include_str!("../../examples/shop/manifests/controllers.yaml")),
    ("manifests/workloads.yaml", include_str!("../../examples/shop/manifests/workloads.yaml")),
];

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
}

impl Default for Options {
    fn default() -> Self {
        Self { base: article::Options::default(), host: HostOptions::default(), duplicate_detection: true, probe: true }
    }
}

/// The site `shop` in its simulated world.
pub struct Shop {
    /// The world.
    pub azure: SimulatedAzure,
    /// The names in it.
    pub article: Article,
    /// The function app.
    pub host: FunctionsHost,
    /// The users.
    pub prober: Option<Prober>,
    /// The site as it was published.
    pub site: Site,
    /// The clients of a person's own process.
    pub operator: App,
    options: HostOptions,
    start: Start,
    folder: AppFolder,
}

impl Shop {
    /// Opens the shop. `change` may alter the site before it is published.
    ///
    /// # Errors
    /// When the example files are broken, or the system's folder for temporary files cannot be written.
    pub fn open(options: &Options, change: impl FnOnce(&mut Site)) -> anyhow::Result<Self> {
        let began: Timestamp = "2026-11-25T08:00:00Z".parse()?;
        let azure = SimulatedAzure::new(Clock::starting_at(began));
        // Long before anything happens: what stands at the beginning has stood for a day.
        let before = began - jiff::SignedDuration::from_hours(24);
        let article = Article::set_up(&mut azure.world(), &options.base, before);
        let mut site = example(&article)?;
        change(&mut site);
        publish(&mut azure.world(), &site, began)?;
        entities(&mut azure.world(), options.duplicate_detection)?;
        // The SDK's credentials judge a token's end by the system's clock, which knows nothing of this world.
        let hundred_years = jiff::SignedDuration::from_hours(100 * 365 * 24);
        azure.world().entra.managed_identity_lifetime = hundred_years;
        run_workloads(&mut azure.world(), &article, &site, Colour::Blue, before)?;
        let folder = AppFolder::write().context("failed to write the function app's folder")?;
        let world = azure.clone();
        // A process that cannot be wired up would answer nothing; in this world it always can be.
        let start: Start = Arc::new(move |process: Process| app_of(&world, &process).map(router).unwrap_or_default());
        let host = FunctionsHost::start(azure.clone(), folder.path(), options.host.clone(), start.clone())?;
        let operator = app_of(&azure, &Process::new("operator"))?;
        let prober = options.probe.then(|| Prober::start(&azure, &[&article.host]));
        Ok(Self { azure, article, host, prober, site, operator, options: options.host.clone(), start, folder })
    }

    /// The function app on another host, beside the present one or in its place.
    ///
    /// # Errors
    /// When the app's folder cannot be read.
    pub fn another_host(&self) -> anyhow::Result<FunctionsHost> {
        Ok(FunctionsHost::start(self.azure.clone(), self.folder.path(), self.options.clone(), self.start.clone())?)
    }

    /// Enqueues a request, as a person does.
    ///
    /// # Errors
    /// When the bus refuses it.
    pub fn request(&self, request: &Request, id: &str) -> anyhow::Result<()> {
        let message = Message::new(serde_json::to_vec(request)?).with_id(id).with_subject("RequestUpgrade");
        self.azure.world().service_bus.send(crate::event::REQUESTS, message, self.azure.clock().now())?;
        self.azure.touch();
        Ok(())
    }

    /// The site's run as it lies in the store.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        serde_json::from_slice(&self.document()?).ok()
    }

    /// The bytes of the site's run document.
    #[must_use]
    pub fn document(&self) -> Option<Vec<u8>> {
        let world = self.azure.world();
        world.blobs.get(ACCOUNT, RUNS, &format!("active/{}.json", self.site.name)).map(<[u8]>::to_vec)
    }

    /// Waits until the run that this request started has ended or is held, at most `limit`.
    pub async fn settled(&self, request: &str, limit: Duration) -> Option<Run> {
        let mut changes = self.azure.changes();
        let settled = async {
            let mut seen = None;
            loop {
                // The world changes far more often than the run.
                let document = self.document();
                if document != seen {
                    let settled = document.as_deref().is_some_and(|document| is_settled(document, request));
                    if settled && let Some(run) = self.run() {
                        return run;
                    }
                    seen = document;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, settled).await.ok()
    }

    /// The colour that the cluster of this name belongs to.
    #[must_use]
    pub fn colour(&self, cluster: &str) -> Option<Colour> {
        let is = |colour: &Colour| self.site.slot(*colour).cluster.rsplit('/').next() == Some(cluster);
        [Colour::Blue, Colour::Green].into_iter().find(is)
    }
}

/// Whether a run's document is that of this request, and ended or held: far cheaper than reading the whole run.
fn is_settled(document: &[u8], request: &str) -> bool {
    #[derive(Deserialize)]
    struct Part {
        request: String,
        held: Option<IgnoredAny>,
        ending: Option<IgnoredAny>,
    }
    let part = serde_json::from_slice::<Part>(document);
    part.is_ok_and(|part| part.request == request && (part.held.is_some() || part.ending.is_some()))
}

/// The clients of one process of this world.
///
/// # Errors
/// When a setting makes no URL.
pub fn app_of(azure: &SimulatedAzure, process: &Process) -> anyhow::Result<App> {
    let wire = door::wire(azure, process);
    let credential = identity::managed(Some(CLIENT), &wire.http)?;
    let config = Config {
        cloud: Cloud::named("AzurePublicCloud").map_err(anyhow::Error::msg)?,
        store: format!("https://{ACCOUNT}.blob.core.windows.net/"),
        bus: BUS.into(),
        client_id: Some(CLIENT.into()),
        otlp: None,
        log: String::new(),
        port: None,
    };
    App::new(&config, &credential, &wire)
}

/// The example site with the names of this world.
fn example(article: &Article) -> anyhow::Result<Site> {
    let mut site: Site = serde_json::from_str(SITE).context("examples/shop/site.json")?;
    site.gateway.clone_from(&article.gateway);
    site.pools.live = vec![article.live_pool.clone()];
    site.pools.candidate.clone_from(&article.candidate_pool);
    let parse = |all: &[String]| all.iter().map(|address| address.parse()).collect::<Result<Vec<_>, _>>();
    let (blue, green) = (&mut site.slots.blue, &mut site.slots.green);
    (blue.cluster, blue.subnet) = (article.blue.clone(), article.blue_subnet.clone());
    (green.cluster, green.subnet) = (article.green.clone(), article.green_subnet.clone());
    blue.addresses = parse(&article.blue_addresses)?;
    green.addresses = parse(&article.green_addresses)?;
    with_digests(site, |file| {
        let found = MANIFESTS.iter().find(|(name, _)| *name == file);
        found.map(|(_, text)| (*text).to_owned()).with_context(|| format!("the example has no {file}"))
    })
}

fn publish(world: &mut World, site: &Site, now: Timestamp) -> anyhow::Result<()> {
    world.blobs.create_container(ACCOUNT, RUNS);
    world.blobs.put(ACCOUNT, SITES, &format!("{}.json", site.name), &serde_json::to_vec(site)?, now);
    for manifest in site.controllers.iter().chain(&site.workloads) {
        let digest = manifest.digest.as_deref().context("a manifest without a digest")?;
        let text = MANIFESTS.iter().find(|(name, _)| *name == manifest.file).map(|(_, text)| *text);
        world.blobs.put(ACCOUNT, SITES, &content_name(digest), text.unwrap_or_default().as_bytes(), now);
    }
    Ok(())
}

/// Queues, topic and subscriptions, as `infra/` makes them.
fn entities(world: &mut World, duplicate_detection: bool) -> anyhow::Result<()> {
    let bus = &mut world.service_bus;
    let window = duplicate_detection.then(|| Duration::from_secs(24 * 3600));
    let dead = || Some("dead-letters".to_owned());
    bus.add_queue("dead-letters", QueueOptions::default());
    let queue = QueueOptions { forward_dead_letters_to: dead(), ..QueueOptions::default() };
    bus.add_queue("version-events", queue.clone());
    bus.add_queue("upgrade-requests", QueueOptions { duplicate_window: window, ..queue });
    bus.add_topic("upgrade-steps", TopicOptions { duplicate_window: window, ..TopicOptions::default() });
    for step in Step::ALL {
        let options = SubscriptionOptions {
            subject: Some(step.name().into()),
            lock_duration: Duration::from_secs(180),
            forward_dead_letters_to: dead(),
            ..SubscriptionOptions::default()
        };
        bus.add_subscription("upgrade-steps", step.name(), options)?;
    }
    Ok(())
}

/// The slot's cluster runs the site's manifests, and has done so since `since`.
fn run_workloads(
    world: &mut World,
    article: &Article,
    site: &Site,
    colour: Colour,
    since: Timestamp,
) -> anyhow::Result<()> {
    let id = if colour == Colour::Blue { &article.blue } else { &article.green };
    let cluster = world.resource_manager.resource(id).context("the cluster is not there")?.clone();
    let host = cluster["properties"]["fqdn"].as_str().context("the cluster has no API server")?.to_owned();
    let placeholders = Placeholders::first(site, colour, &crate::cluster_view::Cluster(cluster));
    for (_, text) in MANIFESTS {
        for object in objects(text, &placeholders).map_err(anyhow::Error::msg)? {
            let mut server = world.kubernetes.server(&host).context("the cluster's API server is not there")?;
            server.apply(&object, since).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        }
    }
    Ok(())
}
