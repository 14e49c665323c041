//! Where users' traffic goes: by the gateway itself, never by a plan.
use super::Seen;
use crate::resources::answers::name_of;
use crate::resources::cluster::Cluster;
use crate::resources::gateway::{Gateway, Health, Pool, health};
use crate::site::{Colour, Site};
use serde::Serialize;
use serde_json::Value;
use std::net::Ipv4Addr;

/// Where users' traffic goes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// Who serves; `null`: it could not be seen.
    pub colour: Option<Serves>,
    /// Percent of the traffic that blue gets, as the members of the live pools share it.
    pub blue: Option<u8>,
    /// The same for green.
    pub green: Option<u8>,
    /// Percent that the run's plan means for its new cluster at the present stage, for comparison.
    pub planned: Option<u8>,
    /// Whether no write of the gateway is under way: otherwise what it shows may not be in force yet.
    pub settled: bool,
    /// The mark of the write that is in force.
    pub mark: Option<String>,
    /// Our pools with their members.
    pub pools: Vec<PoolSeen>,
    /// Why users do not get what the live pools hold; `null`: nothing is known against it.
    pub led_elsewhere: Option<String>,
}

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serves {
    /// Blue alone.
    Blue,
    /// Green alone.
    Green,
    /// Both.
    Both,
    /// Neither: the live pools hold something else, or nothing.
    Neither,
}

impl Serves {
    /// Its one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Both => "both",
            Self::Neither => "neither",
        }
    }

    /// The colour that serves alone.
    #[must_use]
    pub const fn alone(self) -> Option<Colour> {
        match self {
            Self::Blue => Some(Colour::Blue),
            Self::Green => Some(Colour::Green),
            Self::Both | Self::Neither => None,
        }
    }
}

/// A pool of ours.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolSeen {
    /// Its name.
    pub name: String,
    /// Whether users' traffic goes to it; otherwise it is the candidate's.
    pub live: bool,
    /// Whether the gateway has it.
    pub exists: bool,
    /// Its members.
    pub members: Vec<MemberSeen>,
}

/// A member of a pool.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberSeen {
    /// Its address, its name, or the id of a network interface.
    pub member: String,
    /// Whose it is; `null`: neither slot's.
    pub colour: Option<Colour>,
    /// `healthy`, `unhealthy`, `unknown`; `null`: the gateway was not asked.
    pub health: Option<&'static str>,
}

/// What stands in a slot.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSeen {
    /// The slot.
    pub colour: Colour,
    /// Its resource id, as the site says.
    pub id: Option<String>,
    /// Whether there is one; `null`: it could not be seen.
    pub exists: Option<bool>,
    /// The Kubernetes version that it runs.
    pub version: Option<String>,
    /// `Running`, `Stopped`.
    pub power: Option<String>,
    /// `Succeeded`, `Creating`, …
    pub state: Option<String>,
}

/// The site whose pools and slots count: the run's while one is under way, otherwise the published one.
fn site<'a>(seen: &Seen<'a>) -> Option<&'a Site> {
    let run = seen.run.as_ref().ok().copied().flatten();
    let published = seen.site.as_ref().ok().copied().flatten();
    let of_run = run.map(|run| &run.plan.site);
    if run.is_some_and(|run| run.ending.is_none()) { of_run } else { published.or(of_run) }
}

impl Serving {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let run = seen.run.as_ref().ok().copied().flatten().filter(|run| run.ending.is_none());
        let planned = run.filter(|run| run.step.may_carry_traffic()).map(super::super::Run::share);
        let (Ok(gateway), Some(site)) = (&seen.gateway, site(seen)) else {
            return Self { planned, ..Self::default() };
        };
        let share = |colour: Colour| share(gateway, site, colour);
        let (blue, green) = (share(Colour::Blue), share(Colour::Green));
        let answer = seen.health.as_ref().and_then(|health| health.as_ref().ok()).copied();
        let pool = |name: &String, live: bool| pool(gateway, site, name, live, answer);
        let mut pools: Vec<_> = site.pools.live.iter().map(|name| pool(name, true)).collect();
        pools.push(pool(&site.pools.candidate, false));
        Self {
            colour: Some(match (blue, green) {
                (Some(0) | None, Some(0) | None) => Serves::Neither,
                (Some(_), Some(0) | None) => Serves::Blue,
                (Some(0) | None, Some(_)) => Serves::Green,
                (Some(_), Some(_)) => Serves::Both,
            }),
            blue,
            green,
            planned,
            settled: !gateway.is_updating(),
            mark: gateway.mark().map(str::to_owned),
            pools,
            led_elsewhere: run.and_then(|run| run.led_elsewhere(gateway)),
        }
    }
}

/// Percent of the traffic that a colour gets: round robin over members is all that a gateway has. Of several live pools the
/// mean, since nobody knows how requests are divided between them; a small share is never rounded to none.
fn share(gateway: &Gateway, site: &Site, colour: Colour) -> Option<u8> {
    let own = &site.slot(colour).addresses;
    let pools = site.pools.live.iter().filter_map(|name| gateway.pool(name));
    let parts: Vec<(usize, usize)> = pools
        .map(|pool| (pool.addresses().filter(|held| own.contains(held)).count(), pool.members().len()))
        .filter(|(_, all)| *all > 0)
        .collect();
    if parts.is_empty() {
        return None;
    }
    let sum: usize = parts.iter().map(|(held, all)| (200 * held + all) / (2 * all)).sum();
    let (mean, any) = (sum / parts.len(), parts.iter().any(|(held, _)| *held > 0));
    let all = parts.iter().all(|(held, all)| held == all);
    Some(u8::try_from(mean).unwrap_or(100).clamp(u8::from(any), if all { 100 } else { 99 }))
}

fn pool(gateway: &Gateway, site: &Site, name: &str, live: bool, answer: Option<&Value>) -> PoolSeen {
    let found = gateway.pool(name);
    let colour_of = |member: &str| {
        let address: Option<Ipv4Addr> = member.parse().ok();
        Colour::ALL.into_iter().find(|colour| address.is_some_and(|own| site.slot(*colour).addresses.contains(&own)))
    };
    let member = |member: &str| MemberSeen {
        member: member.to_owned(),
        colour: colour_of(member),
        health: answer.and_then(|answer| {
            let seen = health(answer, name, &[member.parse().ok()?]).first().and_then(|(_, seen)| *seen);
            Some(seen.map_or("unknown", health_name))
        }),
    };
    let members = found.map(Pool::members).unwrap_or_default();
    PoolSeen {
        name: name.to_owned(),
        live,
        exists: found.is_some(),
        members: members.into_iter().map(member).collect(),
    }
}

const fn health_name(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
        Health::Unknown => "unknown",
    }
}

impl ClusterSeen {
    pub(super) fn of(seen: &Seen<'_>, colour: Colour, found: &super::Looked<Option<&Cluster>>) -> Self {
        let cluster = found.as_ref().ok().copied().flatten();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            colour,
            id: site(seen).map(|site| site.slot(colour).cluster.clone()),
            exists: found.as_ref().ok().map(Option::is_some),
            version: cluster.and_then(|cluster| text(cluster.version())),
            power: cluster.map(|cluster| if cluster.is_stopped() { "Stopped" } else { "Running" }.to_owned()),
            state: cluster.and_then(|cluster| text(cluster.state())),
        }
    }

    /// Its short name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_deref().map_or("", name_of)
    }
}
