//! Whole upgrades through the handlers' router and the simulated host. After each one, [`world_after`] looks at what is
//! left in the world.
#![expect(clippy::print_stdout, reason = "how many stories were told is worth knowing")]
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

mod absence;
mod api_reads;
mod applying;
mod asked;
mod azure_fails;
mod azure_looks;
mod bad_documents;
mod bounds;
mod break_glass;
mod broken_sites;
mod calls;
mod capacity;
mod carried;
mod cheap;
mod clouds;
mod deliveries;
mod duplicates;
#[path = "../fixtures/edited.rs"]
mod edited;
mod every_crash;
mod every_failure;
mod every_look;
mod every_turn_back;
mod federation;
mod gates;
mod http_api;
mod kinds;
mod leftover;
mod manifests;
mod no_answer;
mod nobody_starves;
mod old_and_new;
#[path = "../fixtures/ordered.rs"]
mod ordered;
mod others_write;
mod outages;
mod presets;
mod random_schedules;
mod real;
mod requests;
mod return_size;
mod roles;
mod shown;
mod singletons;
mod telling;
mod time;
mod way_back;
mod who_may;
mod whole_upgrade;
mod world_after;
mod written;

use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::run::Run;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::site::{Site, Stage};
use jiff::Timestamp;
use simulated_azure::World;
use simulated_azure::kubernetes::Server;
use std::time::Duration;

/// Runs a story on a paused clock of its own.
fn story<Story: Future>(story: impl FnOnce() -> Story) -> Story::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be built").block_on(async { story().await })
}

/// An upgrade in a world that was changed before it begins.
async fn upgraded(site: impl FnOnce(&mut Site), change: impl FnOnce(&Shop)) -> (Shop, Run) {
    let both = |own: &mut Site| {
        quick(own);
        site(own);
    };
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, both).unwrap();
    change(&shop);
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
    (shop, run)
}

/// One stage, a short watch, a short soak: for stories that are about something else.
fn quick(site: &mut Site) {
    site.stages = vec![Stage { share: 100, watch_minutes: 2 }];
    site.soak_minutes = 2;
}

/// Requests a replacement, as a person does.
fn ask(shop: &Shop, id: &str, kind: Kind, version: Option<&str>) {
    let version = version.map(str::to_owned);
    let request = Request { site: shop.site.name.clone(), version, kind, ..Request::default() };
    shop.request(&request, id).expect("the bus takes it");
}

/// A person's order to a run where it is.
fn order_of(run: &Run, verb: Verb) -> Order {
    ordered::order_of(run, verb, "alice")
}

/// A person gives an order, and it is obeyed.
async fn order(shop: &Shop, verb: Verb) {
    let order = order_of(&shop.run().expect("there is a run"), verb);
    let obeyed = give(&shop.operator, &shop.site.name, &order).await.expect("the store answers");
    assert!(matches!(obeyed, Obeyed::Yes(_)), "{verb:?} was refused");
}

/// Replaces the cluster by one of the same version, to the end.
async fn replaced(shop: &Shop, id: &str) -> Run {
    ask(shop, id, Kind::Replace, None);
    until(shop, |run| run.request == id && run.ending.is_some()).await
}

/// What a run's journal says, a line each.
fn journal(run: &Run) -> String {
    run.journal.iter().map(|entry| format!("\n{} {}: {}", entry.at, entry.who, entry.what)).collect()
}

/// A look at the API server of a cluster, if there is such a cluster.
fn on<Said>(shop: &Shop, cluster: &str, look: impl FnOnce(&mut Server, Timestamp) -> Said) -> Option<Said> {
    let now = shop.azure.clock().now();
    let world = shop.azure.world();
    let host = world.resource_manager.resource(cluster)?["properties"]["fqdn"].as_str()?.to_owned();
    let mut server = world.kubernetes.server(&host)?;
    Some(look(&mut server, now))
}

/// Somebody deletes a cluster.
fn stranger_deletes(shop: &Shop, cluster: &str) {
    let now = shop.azure.clock().now();
    let mut world = shop.azure.world();
    let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *world;
    assert!(arm.stranger_deletes(cluster, fleet, now).is_ok());
}

/// Publishes a site with these files beside those of the example.
async fn publish(shop: &Shop, site: Site, files: &[(&str, String)]) {
    let example = |file: &str| std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")));
    let read = |file: &str| match files.iter().find(|(name, _)| *name == file) {
        Some((_, text)) => Ok(text.clone()),
        None => Ok(example(file)?),
    };
    shop.operator.store.publish(site, read).await.unwrap();
}

/// Waits until the site's run is so.
async fn until(shop: &Shop, mut so: impl FnMut(&Run) -> bool) -> Run {
    let mut changes = shop.azure.changes();
    let wait = async {
        loop {
            if let Some(run) = shop.run().filter(&mut so) {
                return run;
            }
            changes.changed().await.expect("the world lasts");
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60 * 3600), wait).await;
    waited.unwrap_or_else(|_| panic!("the run never came there: {:?}", shop.run().map(|run| run.journal.clone())))
}
