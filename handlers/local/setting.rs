//! What the shop's world is furnished with: the published site, the entities of the bus, the workloads of a cluster.
use crate::plan::Surroundings;
use crate::site::{Colour, Site};
use crate::step::Step;
use crate::store::with_digests;
use crate::store::{RUNS, SITES};
use crate::store::{content_name, reservation_name};
use crate::workload::manifests::{Placeholders, objects};
use anyhow::Context;
use jiff::Timestamp;
use simulated_azure::World;
use simulated_azure::article::Article;
use simulated_azure::service_bus::{QueueOptions, SubscriptionOptions, TopicOptions};
use std::time::Duration;

/// The storage account with sites and runs.
pub const ACCOUNT: &str = "shopupgrader";
/// The Service Bus namespace.
pub const NAMESPACE: &str = "shopupgrader";
const SITE: &str = include_str!("../../examples/shop/site.json");
const MANIFESTS: [(&str, &str); 2] = [
    ("manifests/controllers.yaml", include_str!("../../examples/shop/manifests/controllers.yaml")),
    ("manifests/workloads.yaml", include_str!("../../examples/shop/manifests/workloads.yaml")),
];

/// The example site with the names of this world.
pub(super) fn example(article: &Article) -> anyhow::Result<Site> {
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
    let (site, _) = with_digests(site, |file| {
        let found = MANIFESTS.iter().find(|(name, _)| *name == file);
        found.map(|(_, text)| (*text).to_owned()).with_context(|| format!("the example has no {file}"))
    })?;
    Ok(site)
}

pub(super) fn publish(world: &mut World, account: &str, site: &Site, now: Timestamp) -> anyhow::Result<()> {
    world.blobs.create_container(account, RUNS);
    world.blobs.put(account, SITES, &format!("{}.json", site.name), &serde_json::to_vec(site)?, now);
    world.blobs.put(account, SITES, &reservation_name(&site.gateway), site.name.as_bytes(), now);
    for manifest in site.manifests() {
        let text = MANIFESTS.iter().find(|(name, _)| *name == manifest.file).map(|(_, text)| *text);
        // What is not the example's is brought by whoever has it.
        if let (Some(digest), Some(text)) = (&manifest.digest, text) {
            world.blobs.put(account, SITES, &content_name(digest), text.as_bytes(), now);
        }
    }
    Ok(())
}

/// Queues, topic and subscriptions, as `infra/` makes them.
pub(super) fn entities(world: &mut World, duplicate_detection: bool) -> anyhow::Result<()> {
    let bus = &mut world.service_bus;
    let window = duplicate_detection.then(|| Duration::from_secs(24 * 3600));
    let lock_duration = Duration::from_secs(180);
    let dead = || Some("dead-letters".to_owned());
    bus.add_queue("dead-letters", QueueOptions { lock_duration, ..QueueOptions::default() });
    let queue = QueueOptions { lock_duration, forward_dead_letters_to: dead(), ..QueueOptions::default() };
    bus.add_queue("version-events", queue.clone());
    bus.add_queue("upgrade-requests", QueueOptions { duplicate_window: window, ..queue });
    bus.add_topic("upgrade-steps", TopicOptions { duplicate_window: window, ..TopicOptions::default() });
    for step in Step::ALL {
        let options = SubscriptionOptions {
            subject: Some(step.name().into()),
            lock_duration,
            forward_dead_letters_to: dead(),
            ..SubscriptionOptions::default()
        };
        bus.add_subscription("upgrade-steps", step.name(), options)?;
    }
    Ok(())
}

/// The slot's cluster runs the site's manifests, and has done so since `since`.
pub(super) fn run_workloads(world: &mut World, site: &Site, colour: Colour, since: Timestamp) -> anyhow::Result<()> {
    let id = &site.slot(colour).cluster;
    let cluster = world.resource_manager.resource(id).context("the cluster is not there")?.clone();
    let host = cluster["properties"]["fqdn"].as_str().context("the cluster has no API server")?.to_owned();
    let placeholders =
        Placeholders::first(site, colour, &crate::resources::cluster::Cluster(cluster), &Surroundings::default());
    for (_, text) in MANIFESTS {
        for object in objects(text, Some(&placeholders)).map_err(anyhow::Error::msg)? {
            let mut server = world.kubernetes.server(&host).context("the cluster's API server is not there")?;
            server.apply(&object, since).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        }
    }
    Ok(())
}
