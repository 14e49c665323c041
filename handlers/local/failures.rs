//! `--fail`: what goes wrong at which step, and how such an upgrade should end.
use super::scene::Scene;
use crate::run::{Ending, Run};
use crate::step::Step;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use simulated_azure::{Effect, Fault, On};

/// When a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once, before its effect.
    Before,
    /// Once, after its effect: the answer is lost.
    After,
    /// Always.
    Always,
}

/// `STEP[:before|after|always]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// When it fails.
    pub when: When,
}

impl std::str::FromStr for Failure {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (step, when) = text.split_once(':').unwrap_or((text, "before"));
        let when = match when {
            "before" => When::Before,
            "after" => When::After,
            "always" => When::Always,
            other => return Err(format!("{other:?} is no way to fail: expected before, after or always")),
        };
        Ok(Self { step: step.parse()?, when })
    }
}

/// How an upgrade ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// So.
    Ends(Ending),
    /// Held, waiting for a person.
    Held,
}

/// A step that always fails is left alone after so long, where nothing else would ever end it.
const MENDED: SignedDuration = SignedDuration::from_mins(90);

impl Failure {
    /// How an upgrade with this failure should end. The table of docs/simulate.md.
    #[must_use]
    pub const fn expected(self) -> Expected {
        match (self.step, self.when) {
            (Step::RestoreTraffic | Step::DeleteNewCluster, When::Before | When::After)
            | (Step::RestoreTraffic, When::Always) => Expected::Ends(Ending::RolledBack),
            (Step::DeleteNewCluster | Step::MoveSingletons | Step::RetireOldCluster, When::Always) => Expected::Held,
            (_, When::Before | When::After) => Expected::Ends(Ending::Upgraded),
            (Step::CheckPlan, When::Always) => Expected::Ends(Ending::Rejected),
            (_, When::Always) => Expected::Ends(Ending::RolledBack),
        }
    }

    /// Puts the failure into the script of a world in which nothing has begun. Over sockets nobody knows which function
    /// calls, and a failure that is told from others by that alone waits for its step.
    pub fn script(self, scene: &Scene, over_sockets: bool) {
        if !(over_sockets && self.is_like_others()) {
            self.add_to(scene, over_sockets);
        }
    }

    /// Whether other functions make the same calls while the step is the present one, or before.
    fn is_like_others(self) -> bool {
        matches!(self.step, Step::ConfirmTraffic | Step::Soak) && self.when != When::Always
    }

    fn add_to(self, scene: &Scene, over_sockets: bool) {
        let Some((on, skip)) = self.target(scene, over_sockets) else { return };
        let effect = match self.when {
            When::After => Effect::LoseAnswer,
            When::Before | When::Always => Effect::status(StatusCode::SERVICE_UNAVAILABLE),
        };
        let mut fault = match self.when {
            When::Before | When::After => Fault::once(self.step.name(), on, effect),
            When::Always => Fault::always(self.step.name(), on, effect),
        };
        fault.skip = skip;
        if self.step == Step::RestoreTraffic && self.when == When::Always {
            let began = scene.azure.clock().began();
            fault = fault.between(began, began + MENDED);
        }
        scene.azure.world().faults.add(fault);
    }

    /// Which calls are the step's own, and how many like them belong to earlier steps. `None`: the failure is an
    /// incident of the new cluster, not of a call.
    fn target(self, scene: &Scene, over_sockets: bool) -> Option<(On, u32)> {
        let green = scene.article.green.to_lowercase();
        let own = |on: On| if over_sockets { on } else { on.by(self.step.name()) };
        let gateway = || On::call(Method::PUT, "/applicationgateways/");
        let servers = scene.azure.world().cloud().api_servers();
        let apply = |namespace: &str| On { host: servers.into(), ..On::call(Method::PATCH, namespace) };
        Some(match (self.step, self.when) {
            // The plan was made from a first look, by another function.
            (Step::CheckPlan, _) => (own(On::call(Method::GET, "/kubernetesversions")), u32::from(over_sockets)),
            (Step::CreateCluster, _) => (On::call(Method::PUT, &green), 0),
            (Step::InstallControllers, _) => (apply("/namespaces/ingress/"), 0),
            (Step::SyncWorkloads, _) => (apply("/namespaces/shop/"), 0),
            // A request through the real gateway is no call of this world.
            (Step::ValidateHealth, When::Always) if over_sockets => return None,
            (Step::ValidateHealth, When::Always) => (On::host(&scene.article.candidate_host), 0),
            (Step::ValidateHealth, _) => (gateway(), 0),
            // The first write with the new cluster's addresses fills the candidate pool; the way back has none.
            (Step::ShiftTraffic, _) => (gateway().with_body(&scene.article.green_addresses[0]), 1),
            (Step::ConfirmTraffic | Step::Soak, When::Always) => return None,
            // Others ask the gateway, too: validation, the other watch, and the check each minute.
            (Step::ConfirmTraffic | Step::Soak, _) => (own(On::call(Method::POST, "/backendhealth")), 0),
            // What is started is started by nobody else on the way forward.
            (Step::MoveSingletons, _) => (apply("/namespaces/shop/").with_body(r#"\"stopped\":false"#), 0),
            (Step::RetireOldCluster, _) => (On::call(Method::POST, "/stop"), 0),
            // The candidate pool, the first share, and then the way back.
            (Step::RestoreTraffic, _) => (gateway(), 2),
            (Step::DeleteNewCluster, _) => (On::call(Method::DELETE, &green), 0),
        })
    }

    /// The step at which the new cluster falls ill: by itself, or so that there is a way back that can fail.
    const fn falls_ill_at(self, over_sockets: bool) -> Option<Step> {
        match (self.step, self.when) {
            (Step::ValidateHealth, When::Always) if over_sockets => Some(self.step),
            (Step::ConfirmTraffic | Step::Soak, When::Always) => Some(self.step),
            (Step::RestoreTraffic | Step::DeleteNewCluster, _) => Some(Step::ConfirmTraffic),
            _ => None,
        }
    }

    /// Waits for the step at which something is to happen, and lets it happen. It never returns.
    pub async fn strike(self, scene: &Scene, over_sockets: bool) -> Option<Run> {
        let ill = self.falls_ill_at(over_sockets);
        let awaited = ill.or((over_sockets && self.is_like_others()).then_some(self.step));
        let Some(step) = awaited else { return std::future::pending().await };
        let mut changes = scene.azure.changes();
        while scene.run().is_none_or(|run| run.step != step) {
            if changes.changed().await.is_err() {
                break;
            }
        }
        match ill {
            // Over sockets the machine's own slowness counts, at the speed of the world.
            Some(_) if over_sockets || self.step == Step::RestoreTraffic => break_green(scene),
            Some(_) => drop(breaks(scene, FOR_GOOD, UNSERVED_AT_MOST)),
            None => self.add_to(scene, over_sockets),
        }
        std::future::pending().await
    }
}

/// From now on the new cluster's workloads answer 500. Users who reach it until the gateway or we turn away from it see
/// that: no way of shifting traffic could spare them.
pub fn break_green(scene: &Scene) {
    breaks(scene, FOR_GOOD, FOR_GOOD);
}

/// So long is an illness that nobody heals.
const FOR_GOOD: SignedDuration = SignedDuration::from_hours(1000);

/// So long a new cluster that died may have users while nothing else fails: a minute until the gateway's probe finds out, two
/// questions of up to 90 s, a look, and a write of the gateway.
pub const UNSERVED_AT_MOST: SignedDuration = SignedDuration::from_mins(6);

/// The same until that moment. Says whether there is a new cluster that can be broken.
pub fn break_green_until(scene: &Scene, until: Timestamp) -> bool {
    let lasts = until.duration_since(scene.azure.clock().now());
    // Pods and the gateway's probe need a while to find out that it is well again.
    breaks(scene, lasts, lasts + SignedDuration::from_mins(10))
}

/// It is ill for so long, and for so long what users see of that is no fault of ours.
fn breaks(scene: &Scene, lasts: SignedDuration, excused: SignedDuration) -> bool {
    let now = scene.azure.clock().now();
    let mut world = scene.azure.world();
    let green = world.resource_manager.resource(&scene.article.green);
    let host = green.and_then(|green| green["properties"]["fqdn"].as_str()).map(str::to_owned);
    let Some(host) = host else { return false };
    world.kubernetes.break_workloads(&host, now, now + lasts);
    drop(world);
    scene.users.excuse(scene.article.green.rsplit('/').next().unwrap_or_default(), now, now + excused);
    true
}
