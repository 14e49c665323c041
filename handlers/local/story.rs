//! One upgrade of the shop from its request to its end, with what may go wrong, and what is left in the world after it.
use super::failures::Failure;
use super::scene::Scene;
use crate::plan::Kind;
use crate::plan::request::Request;
use crate::run::{Ending, Run};
use crate::site::Colour;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use simulated_azure::prober::Report;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

/// No upgrade of the shop takes longer in virtual time: a day and a half.
const LIMIT: Duration = Duration::from_secs(36 * 3600);
/// So many crashes a story has.
const CRASHES: u32 = 6;

/// What may go wrong in a story.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plot {
    /// A step that fails.
    pub failure: Option<Failure>,
    /// Whether handler processes die at random calls.
    pub crashes: bool,
    /// What decides the random calls.
    pub seed: u64,
    /// The handlers call over sockets, so that nobody knows which of them it is who calls.
    pub over_sockets: bool,
}

/// How a story ended.
pub struct Told {
    /// The run as it was left.
    pub run: Run,
    /// What users saw.
    pub users: Report,
    /// Which colour the gateway's live pool really sends users to.
    pub serving: Serving,
    /// How long it took in the simulated world.
    pub lasted: SignedDuration,
    /// Calls that reached the simulated Azure.
    pub calls: usize,
    /// How often each fault of the script hit.
    pub hits: Vec<(String, usize)>,
}

/// Where users' traffic really goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// To one colour.
    Only(Colour),
    /// To both.
    Mixed,
    /// To none.
    Nobody,
}

impl Serving {
    /// `blue`, `green`, `mixed` or `none`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Only(colour) => colour.name(),
            Self::Mixed => "mixed",
            Self::Nobody => "none",
        }
    }
}

impl Told {
    /// `upgraded`, `rejected`, `rolled_back` or `held`.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        match self.run.ending {
            Some(Ending::Upgraded) => "upgraded",
            Some(Ending::Rejected) => "rejected",
            Some(Ending::RolledBack) => "rolled_back",
            Some(Ending::Finished) => "finished",
            None => "held",
        }
    }

    /// The one object that `--json` prints.
    #[must_use]
    pub fn summary(&self, wall: Duration) -> Value {
        json!({
            "ending": self.ending(), "serving": self.serving.name(),
            "requests": {"sent": self.users.sent, "failed": self.users.failed, "failed_on_purpose": self.users.excused},
            "faults": self.hits.iter().map(|(name, hits)| (name.clone(), Value::from(*hits))).collect::<Map<_, _>>(),
            "virtual_seconds": self.lasted.as_secs(), "wall_ms": wall.as_secs_f64() * 1000.0,
            "hops": self.run.hop, "azure_calls": self.calls,
        })
    }
}

/// Plays an upgrade of an opened scene.
///
/// # Errors
/// When the request is refused, or the run neither ends nor is held in a day and a half.
pub async fn play(scene: &Scene, plot: Plot) -> anyhow::Result<Told> {
    let began = scene.azure.clock().now();
    let mut dice = fastrand::Rng::with_seed(plot.seed);
    if let Some(failure) = plot.failure {
        failure.script(scene, plot.over_sockets);
    }
    if plot.crashes {
        crashes(scene, &mut dice);
    }
    let request = Request {
        site: scene.site.name.clone(),
        version: Some("latest-stable".into()),
        kind: Kind::Upgrade,
        reason: Some("a story".into()),
        requested_by: Some("storyteller".into()),
        id: None,
    };
    scene.request(&request, "story")?;
    let incidents = async {
        match plot.failure {
            Some(failure) => failure.strike(scene, plot.over_sockets).await,
            None => std::future::pending().await,
        }
    };
    let run = tokio::select! {
        run = scene.settled("story", LIMIT) => run,
        never = incidents => never,
    };
    let run = run.ok_or_else(|| match scene.run() {
        Some(run) => anyhow::anyhow!("the run neither ended nor is held: step {}, hop {}", run.step, run.hop),
        None => anyhow::anyhow!("the request started no run"),
    })?;
    Ok(tell(scene, run, began))
}

/// What is left in the world.
#[must_use]
pub fn tell(scene: &Scene, run: Run, began: jiff::Timestamp) -> Told {
    let users = scene.users.report();
    let world = scene.azure.world();
    let mut hits = std::collections::BTreeMap::<String, usize>::new();
    for (name, _) in world.faults.hits() {
        *hits.entry(name.clone()).or_default() += 1;
    }
    let members = world.resource_manager.effective_members(&scene.article.gateway, &scene.article.live_pool);
    let has = |colour: Colour| {
        let addresses = &scene.site.slot(colour).addresses;
        members.iter().any(|member| addresses.iter().any(|address| address.to_string() == *member))
    };
    let serving = match (has(Colour::Blue), has(Colour::Green)) {
        (true, false) => Serving::Only(Colour::Blue),
        (false, true) => Serving::Only(Colour::Green),
        (true, true) => Serving::Mixed,
        (false, false) => Serving::Nobody,
    };
    let lasted = scene.azure.clock().now().duration_since(began);
    Told { run, users, serving, lasted, calls: world.call_count, hits: hits.into_iter().collect() }
}

/// Handlers die before or after random calls.
fn crashes(scene: &Scene, dice: &mut fastrand::Rng) {
    let mut world = scene.azure.world();
    for _ in 0..CRASHES {
        let effect = if dice.bool() { Effect::KillBefore } else { Effect::KillAfter };
        world.faults.add(Fault::once("crash", On::default(), effect).after(dice.u32(0..400)));
    }
}
