//! A look at who shall serve, beside a countdown: the cluster, and what the gateway's own probes say. Only evidence speaks
//! against a target; what cannot be known refuses nothing.
use super::{AGAIN, Arm, ArmError, Emergency, Gateway};
use crate::azure::arm::Question;
use crate::azure::operations::Progress;
use crate::resources::answers::{name_of, same_id, same_name, text};
use crate::resources::cluster::Cluster;
use crate::resources::gateway::{Health, health, is_health};
use futures::{FutureExt, StreamExt, stream};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::timeout_at;

/// The countdown, in seconds: the looks never delay a way back longer.
const COUNTDOWN: [u64; 4] = [20, 15, 10, 5];
const TICK: Duration = Duration::from_secs(5);
/// Twenty seconds are too short to wait as long as Azure says before an answer is looked at.
const SOON: Duration = Duration::from_secs(2);

/// What one look saw.
struct Seen {
    what: String,
    is_against: bool,
}

fn unknown(what: impl Into<String>) -> Seen {
    Seen { what: what.into(), is_against: false }
}

fn against(what: impl Into<String>) -> Seen {
    Seen { what: what.into(), is_against: true }
}

/// Looks, and says what was seen. Gives the evidence that the target could not serve, as soon as there is some.
pub(super) async fn look(arm: &Arm, emergency: &Emergency, gateway: &Gateway, say: &impl Fn(&str)) -> Option<String> {
    let name = emergency.target();
    let mut looks = vec![of_gateway(arm, emergency, gateway).boxed_local()];
    if let Some(id) = &emergency.cluster {
        looks.push(of_cluster(arm, id).boxed_local());
    }
    let count = looks.len();
    let mut looks = stream::iter(looks).buffer_unordered(count);
    for left in COUNTDOWN {
        say(&format!("looking at {name} for at most {left} s"));
        let tick = arm.clock().after(TICK);
        while let Ok(seen) = timeout_at(tick, looks.next()).await {
            let Seen { what, is_against } = seen?;
            say(&format!("  {what}"));
            if is_against {
                return Some(what);
            }
        }
    }
    say("  not everything was answered in time: what is unknown refuses nothing");
    None
}

/// Whether the cluster is there and runs. Azure may say once that there is none, and be wrong: it is asked twice.
async fn of_cluster(arm: &Arm, id: &str) -> Seen {
    let name = name_of(id);
    let version = &arm.cloud().container_service;
    let mut found = arm.get(id, version).await;
    if found.as_ref().is_err_and(is_absent) {
        arm.clock().sleep(AGAIN).await;
        found = arm.get(id, version).await;
    }
    match found {
        Ok(answer) if same_id(text(&answer.body, "/id"), id) => {
            let cluster = Cluster(answer.body);
            let power = text(&cluster.0, "/properties/powerState/code");
            let power = if power.is_empty() { "power unknown" } else { power };
            match cluster.cannot_serve() {
                Some(state) => against(format!("the cluster {name} is {state}")),
                None => unknown(format!("the cluster {name} is there: {power}, {}", cluster.state())),
            }
        }
        Ok(_) => unknown(format!("the cluster {name} is unknown: what Resource Manager answers is not it")),
        Err(error) if is_absent(&error) => against(format!("the cluster {name} does not exist")),
        Err(error) => unknown(format!("the cluster {name} is unknown: {}: {}", error.code, error.message)),
    }
}

/// Any other 404 may be of a proxy, of a subscription that is away, or of a right that is missing.
fn is_absent(error: &ArmError) -> bool {
    let codes = ["ResourceNotFound", "ResourceGroupNotFound"];
    error.status == 404 && codes.iter().any(|code| error.code.eq_ignore_ascii_case(code))
}

/// What the gateway finds at the addresses that shall serve, wherever it has them.
async fn of_gateway(arm: &Arm, emergency: &Emergency, gateway: &Gateway) -> Seen {
    let addresses = &emergency.addresses;
    if gateway.pools_with(addresses).is_empty() {
        return unknown(format!("health unknown: no pool has {} yet", emergency.target()));
    }
    match answer(arm, &emergency.gateway).await {
        Ok(answer) if is_health(&answer) => judged(emergency, gateway, &answer),
        Ok(_) => unknown("health unknown: the gateway's answer is none"),
        Err(why) => unknown(format!("health unknown: {why}")),
    }
}

async fn answer(arm: &Arm, gateway: &str) -> Result<Value, String> {
    let asked = arm.ask(Question::BackendHealth, gateway, &arm.cloud().network).await;
    let operation = asked.map_err(|error| format!("{}: {}", error.code, error.message))?.operation();
    loop {
        match arm.look(&operation).await {
            Ok(Progress::InProgress(again)) => arm.clock().sleep(again.unwrap_or(SOON).min(SOON)).await,
            Ok(Progress::Succeeded(answer)) => return Ok(answer),
            Ok(Progress::Gone) => return Err("nobody knows the question any more".into()),
            Ok(Progress::Failed { code, message, .. }) => return Err(format!("{code}: {message}")),
            // Looking failed, the question stands.
            Err(_) => arm.clock().sleep(AGAIN).await,
        }
    }
}

/// Evidence is: some are found unhealthy, and none healthy. Where users' traffic goes a probe says more than elsewhere.
fn judged(emergency: &Emergency, gateway: &Gateway, answer: &Value) -> Seen {
    let (live, others): (Vec<_>, Vec<_>) = gateway
        .pools_with(&emergency.addresses)
        .into_iter()
        .partition(|pool| emergency.live.iter().any(|live| same_name(live, pool)));
    let in_pools = |address: Ipv4Addr, pools: &[String]| {
        pools.iter().filter_map(|pool| health(answer, pool, &[address]).first().and_then(|(_, seen)| *seen)).max()
    };
    let of = |state: Health| -> Vec<String> {
        let seen = |address: &&Ipv4Addr| {
            in_pools(**address, &live).or_else(|| in_pools(**address, &others)).unwrap_or(Health::Unknown) == state
        };
        emergency.addresses.iter().filter(seen).map(Ipv4Addr::to_string).collect()
    };
    let parts = [("healthy", Health::Healthy), ("unhealthy", Health::Unhealthy), ("unknown", Health::Unknown)];
    let words = parts.map(|(word, state)| (word, of(state)));
    let is_ill = words[0].1.is_empty() && !words[1].1.is_empty();
    let words = words.iter().filter(|(_, found)| !found.is_empty());
    let words: Vec<_> = words.map(|(word, found)| format!("{word} at {}", found.join(", "))).collect();
    let what = format!("the gateway finds {} {}", emergency.target(), words.join("; "));
    Seen { what, is_against: is_ill }
}
