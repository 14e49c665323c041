//! What befalls the clusters, by others' hands or by themselves, and what a run must not do meanwhile.
use super::glass::AT_THE_GLASS;
use super::scene::{Scene, journal};
use super::what::{Doomed, What};
use bluegreen::local::failures::break_green_until;
use bluegreen::local::shop::Shop;
use bluegreen::run::Run;
use fastrand::Rng;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulated_azure::World;
use simulated_azure::record::Call;
use std::time::Duration;

/// What befalls the old cluster; with a time, it is over after so long.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// Somebody stops it, and perhaps starts it again.
    Stopped(Option<Duration>),
    /// Somebody deletes it.
    Deleted,
    /// One of its addresses fails.
    IllInPart(Option<Duration>),
    /// All of it fails.
    Ill(Option<Duration>),
    /// All of both clusters fails.
    BothIll(Duration),
}

/// A cluster could not serve from one moment to another.
pub struct Loss {
    cluster: String,
    from: Timestamp,
    until: Timestamp,
}

/// For ever.
const FOR_GOOD: Duration = Duration::from_secs(1000 * 3600);
/// Pods and the gateway's probes need a while to find out that a cluster is well again, and a started one to get there.
const FOUND_OUT: Duration = Duration::from_secs(20 * 60);
/// A cluster that is busy is asked again so often.
const TRIES: u32 = 15;
/// What a run does may rest on what was so just now: an answer about health is 90 s old, a call 150 s late, ….
const JUST_NOW: SignedDuration = SignedDuration::from_mins(10);

impl Trouble {
    pub fn of(dice: &mut Rng) -> Self {
        let lasts = dice.bool().then(|| Duration::from_secs(dice.u64(60..=1800)));
        match dice.u8(0..5) {
            0 => Self::Stopped(lasts),
            1 => Self::Deleted,
            2 => Self::IllInPart(lasts),
            3 => Self::Ill(lasts),
            _ => Self::BothIll(lasts.unwrap_or(Duration::from_secs(600))),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped(_) => "old-is-stopped",
            Self::Deleted => "old-is-deleted",
            Self::IllInPart(_) => "old-falls-ill-in-part",
            Self::Ill(_) => "old-falls-ill",
            Self::BothIll(_) => "both-fall-ill",
        }
    }
}

impl Scene<'_> {
    /// Lets it happen, and waits until it is over, if ever.
    pub async fn befall(&self, trouble: Trouble) {
        let (article, now) = (&self.shop.article, self.now());
        let blue = article.blue.as_str();
        let Some((host, hit, lasts)) = self.strike(trouble, now) else { return };
        if !hit {
            return;
        }
        self.hit(trouble.name());
        let until = now + lasts.unwrap_or(FOR_GOOD);
        self.shop.users.excuse("aks-blue", now, until + FOUND_OUT);
        if !matches!(trouble, Trouble::IllInPart(_)) {
            self.lost(blue, now, until);
        }
        if matches!(trouble, Trouble::BothIll(_)) && break_green_until(self.shop, until) {
            self.lost(&article.green, now, until);
        }
        self.shop.azure.touch();
        let Some(lasts) = lasts else { return };
        self.shop.azure.clock().sleep(lasts).await;
        match trouble {
            Trouble::Stopped(_) => self.start_again(blue).await,
            Trouble::Deleted => {}
            Trouble::IllInPart(_) | Trouble::Ill(_) | Trouble::BothIll(_) => {
                self.shop.azure.world().kubernetes.heal(&host, self.now());
                self.hit("old-heals");
            }
        }
        self.shop.azure.touch();
    }

    /// What is struck, whether it was, and how long it lasts; `None`: there is nothing to be struck.
    fn strike(&self, trouble: Trouble, now: Timestamp) -> Option<(String, bool, Option<Duration>)> {
        let article = &self.shop.article;
        let blue = article.blue.as_str();
        let mut guard = self.shop.azure.world();
        let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *guard;
        let host = arm.resource(blue).and_then(|blue| blue["properties"]["fqdn"].as_str())?.to_owned();
        // A deletion that is to fail takes nothing away.
        let fails = What::OperationFails(Doomed::ClusterDeletion).name();
        if matches!(trouble, Trouble::Deleted) && arm.failures_ahead().iter().any(|ahead| *ahead == fails) {
            return None;
        }
        let (hit, lasts) = match trouble {
            Trouble::Stopped(lasts) => (arm.stranger_stops(blue, fleet, now).is_ok(), lasts),
            Trouble::Deleted => (arm.stranger_deletes(blue, fleet, now).is_ok(), None),
            Trouble::IllInPart(lasts) => {
                let address = article.blue_addresses[0].parse().expect("an address");
                fleet.break_addresses(&host, &[address], now, now + FOR_GOOD);
                (true, lasts)
            }
            Trouble::Ill(lasts) => {
                fleet.break_workloads(&host, now, now + FOR_GOOD);
                (true, lasts)
            }
            Trouble::BothIll(lasts) => {
                fleet.break_workloads(&host, now, now + FOR_GOOD);
                (true, Some(lasts))
            }
        };
        Some((host, hit, lasts))
    }

    async fn start_again(&self, cluster: &str) {
        for _ in 0..TRIES {
            let now = self.now();
            let started = {
                let mut guard = self.shop.azure.world();
                let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *guard;
                arm.stranger_starts(cluster, fleet, now)
            };
            if started.is_ok() {
                return self.hit("old-is-started-again");
            }
            self.shop.azure.clock().sleep(Duration::from_secs(60)).await;
        }
    }

    /// A cluster cannot serve between two moments.
    pub fn lost(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        self.losses.borrow_mut().push(Loss { cluster: cluster.to_lowercase(), from, until });
    }

    /// Whether a cluster could not serve at any moment of the last while.
    fn is_lost(&self, cluster: &str, at: Timestamp) -> bool {
        let mut losses = self.losses.borrow_mut();
        losses.sort_by_key(|loss| loss.from);
        let mut lost_until = at - JUST_NOW;
        for loss in losses.iter().filter(|loss| loss.cluster == cluster) {
            if loss.from <= lost_until {
                lost_until = lost_until.max(loss.until);
            }
        }
        lost_until >= at
    }

    /// Whether a cluster cannot serve just now.
    pub fn is_lost_now(&self, cluster: &str) -> bool {
        let (cluster, now) = (cluster.to_lowercase(), self.now());
        self.losses.borrow().iter().any(|loss| loss.cluster == cluster && loss.from <= now && now < loss.until)
    }

    /// Whether a cluster could serve at every moment of the last while.
    fn is_well(&self, cluster: &str, at: Timestamp) -> bool {
        self.is_well_from_to(cluster, at, at)
    }

    /// Whether it could at each moment between two.
    pub fn is_well_from_to(&self, cluster: &str, from: Timestamp, until: Timestamp) -> bool {
        let losses = self.losses.borrow();
        let mut losses = losses.iter().filter(|loss| loss.cluster == cluster);
        !losses.any(|loss| loss.from <= until && from - JUST_NOW <= loss.until + FOUND_OUT)
    }

    /// No act of ours took the users away from a cluster that could serve, or reduced or deleted it, while the other one
    /// could not. Where the users are led is a person's to decide. What no pool of ours ever held has nothing to serve.
    pub fn nothing_that_served_alone_was_taken(&self, run: &Run) {
        let (blue, green) = (self.shop.article.blue.to_lowercase(), self.shop.article.green.to_lowercase());
        let by_a_person =
            run.journal.iter().any(|entry| entry.who.starts_with("person:") && entry.what.contains("roll"));
        let mut serves = vec![blue.clone()];
        let world = self.shop.azure.world();
        let accepted = world.calls.iter().filter(|call| call.status.is_some_and(|status| status.is_success()));
        for call in accepted {
            let at_the_glass = call.process == AT_THE_GLASS;
            let led = led_to(self.shop, call);
            for (own, other) in [(&blue, &green), (&green, &blue)] {
                let is_left =
                    led.as_ref().is_some_and(|led| !led.contains(own)) && serves.contains(own) && !by_a_person;
                let is_taken = reduces(call, own) && (own == &blue || run.may_have_written());
                if (is_left || is_taken) && !at_the_glass && self.is_lost(other, call.at) && self.is_well(own, call.at)
                {
                    let Call { at, process, method, path, .. } = call;
                    panic!("{at} {process} {method} {path}: {own} could serve, and {other} could not{}", journal(run));
                }
            }
            serves = led.unwrap_or(serves);
        }
    }
}

/// The clusters to which a write of the gateway leads the users, if it is one.
fn led_to(shop: &Shop, call: &Call) -> Option<Vec<String>> {
    let article = &shop.article;
    let path = call.path.split('?').next().unwrap_or_default();
    if call.method != Method::PUT || !path.eq_ignore_ascii_case(&article.gateway) {
        return None;
    }
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    let pools = body["properties"]["backendAddressPools"].as_array()?;
    let live = pools.iter().find(|pool| pool["name"] == article.live_pool.as_str())?;
    let members = live["properties"]["backendAddresses"].as_array()?;
    let has = |addresses: &[String]| {
        members.iter().any(|member| addresses.iter().any(|address| member["ipAddress"] == address.as_str()))
    };
    let sides = [(&article.blue, &article.blue_addresses), (&article.green, &article.green_addresses)];
    let led = sides.into_iter().filter(|(_, addresses)| has(addresses));
    Some(led.map(|(cluster, _)| cluster.to_lowercase()).collect())
}

/// Whether a call deletes, stops or shrinks a cluster that once served.
fn reduces(call: &Call, cluster: &str) -> bool {
    let path = call.path.to_lowercase();
    let Some(below) = path.strip_prefix(cluster) else { return false };
    let below = below.split('?').next().unwrap_or_default();
    match below {
        "" => call.method == Method::DELETE,
        "/stop" => call.method == Method::POST,
        _ => below.starts_with("/agentpools/") && call.process.starts_with("RetireOldCluster") && call.writes(),
    }
}
