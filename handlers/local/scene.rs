//! The site `shop` in a simulated world before anything runs in it, and what may be looked at while something does.
use super::api;
use super::installation::{Addresses, Installation};
use super::setting::{ACCOUNT, entities, example, publish, run_workloads};
use super::users::Users;
use crate::plan::request::Request;
use crate::run::Run;
use crate::site::{Colour, Site};
use crate::store::RUNS;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use simulated_azure::article::{self, Article};
use simulated_azure::service_bus::Message;
use simulated_azure::{Clock, SimulatedAzure};
use std::time::Duration;

/// The site `shop` in its simulated world: the article's base, a serving blue cluster, the bus, the store.
pub struct Scene {
    /// The storage account with sites and runs.
    pub account: String,
    /// The world.
    pub azure: SimulatedAzure,
    /// The names in it.
    pub article: Article,
    /// The site as it was published.
    pub site: Site,
    /// The users.
    pub users: Users,
}

impl Scene {
    /// Sets the scene, without users. `change` may alter the site before it is published.
    ///
    /// # Errors
    /// When the example files are broken.
    pub fn set(
        clock: Clock,
        base: &article::Options,
        duplicate_detection: bool,
        change: impl FnOnce(&mut Site),
    ) -> anyhow::Result<Self> {
        let began = clock.began();
        let azure = SimulatedAzure::new(clock);
        // Long before anything happens: what stands at the beginning has stood for a day.
        let before = began - SignedDuration::from_hours(24);
        let article = Article::set_up(&mut azure.world(), base, before);
        Installation::of(&article).set_up(&mut azure.world(), &article, &Addresses::of(base.cloud), before);
        api::expose(&mut azure.world());
        let mut site = example(&article)?;
        change(&mut site);
        publish(&mut azure.world(), ACCOUNT, &site, began)?;
        entities(&mut azure.world(), duplicate_detection)?;
        // The SDK's credentials judge a token's end by the system's clock, which knows nothing of this world.
        let hundred_years = SignedDuration::from_hours(100 * 365 * 24);
        azure.world().entra.managed_identity_lifetime = hundred_years;
        let scene = Self { account: ACCOUNT.into(), azure, article, site, users: Users::Nobody };
        scene.bring_workloads(Colour::Blue, before)?;
        Ok(scene)
    }

    /// The cluster of a slot runs the site's manifests, and has done so since `since`.
    ///
    /// # Errors
    /// When the cluster is not there, or refuses an object.
    pub fn bring_workloads(&self, colour: Colour, since: Timestamp) -> anyhow::Result<()> {
        run_workloads(&mut self.azure.world(), &self.site, colour, since)
    }

    /// Publishes the site anew, with a change.
    ///
    /// # Errors
    /// When the changed site has no JSON form.
    pub fn change(&mut self, change: impl FnOnce(&mut Site)) -> anyhow::Result<()> {
        change(&mut self.site);
        publish(&mut self.azure.world(), &self.account, &self.site, self.azure.clock().now())
    }

    /// Enqueues a request, as a person does.
    ///
    /// # Errors
    /// When the bus refuses it.
    pub fn request(&self, request: &Request, id: &str) -> anyhow::Result<()> {
        let message = Message::new(serde_json::to_vec(request)?).with_id(id).with_subject("RequestUpgrade");
        self.azure.world().service_bus.send(crate::run::event::REQUESTS, message, self.azure.clock().now())?;
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
        world.blobs.get(&self.account, RUNS, &format!("active/{}.json", self.site.name)).map(<[u8]>::to_vec)
    }

    /// Waits until the run that this request started has ended or is held, at most `limit` of the world's time.
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
        tokio::select! {
            run = settled => Some(run),
            () = self.azure.clock().sleep(limit) => None,
        }
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
