//! Each published site: its gateway and clusters can be read, its pools hold a slot's addresses, and the API servers
//! answer.
use super::{Observed, Row, SeenPin, SeenSite, rights};
use crate::plan::checks::{Finding, refused};
use crate::plan::planning::serving;
use crate::resources::answers::{is_true, name_of, text};
use crate::resources::gateway::Gateway;
use crate::site::{Colour, Site};
use serde_json::Value;

const CHECK: &str = "site";

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    match &seen.sites {
        Err(unread) => vec![Row::unread(CHECK, unread)],
        Ok(sites) if sites.is_empty() => {
            let remedy = "write one with `bluegreen site init`, then `bluegreen site publish`";
            vec![Row::skipped(CHECK, "no site is published yet", remedy)]
        }
        Ok(sites) => sites.iter().flat_map(one).collect(),
    }
}

fn one(seen: &SeenSite) -> Vec<Row> {
    let name = &seen.name;
    let site = match &seen.site {
        Ok(site) => site,
        Err(unread) => return vec![Row::unread(CHECK, unread)],
    };
    let mut serves = None;
    let mut rows = match &seen.gateway {
        Err(unread) => vec![Row::unread(CHECK, unread)],
        Ok(None) => {
            let what = format!("{name}: the gateway {} does not exist", site.gateway);
            vec![Row::finding(CHECK, what, "correct it in the site file and publish again")]
        }
        Ok(Some(gateway)) => {
            let colour = serving(site, gateway);
            serves = colour.as_ref().ok().map(|colour| &site.slot(*colour).cluster);
            pools(name, site, gateway, colour)
        }
    };
    for (id, cluster, server) in &seen.clusters {
        rows.push(self::cluster(name, id, cluster, server.as_ref()));
        let there = cluster.as_ref().ok().and_then(Option::as_ref).filter(|_| serves == Some(id));
        rows.extend(there.into_iter().flat_map(refused).map(|Finding { what, remedy, .. }| {
            Row::finding(CHECK, format!("{name}: CheckPlan would refuse to upgrade {}: {what}", name_of(id)), remedy)
        }));
    }
    rows.extend(seen.rights.iter().flat_map(|rights| rights::check(name, rights)));
    rows.extend(seen.pinned.iter().map(|pin| pinned(name, pin, seen.run.as_deref())));
    rows
}

/// What a run keeps large; one that is over should not.
fn pinned(name: &str, pin: &SeenPin, under_way: Option<&str>) -> Row {
    let (cluster, SeenPin { what, run, .. }) = (name_of(&pin.cluster), pin);
    if under_way == Some(run) {
        return Row::well(CHECK, format!("{name}: the run {run} keeps {cluster} large, and will set back {what}"));
    }
    Row::finding(
        CHECK,
        format!("{name}: the run {run} is over, and has left a pin in {cluster}: {what}"),
        "CanaryCheck takes it back within 5 min: see that it runs, and may write in that cluster; or take the annotation \
         aks-bluegreen/pinned off and set the count yourself",
    )
}

fn pools(name: &str, site: &Site, gateway: &Gateway, serves: Result<Colour, String>) -> Vec<Row> {
    let pools = site.pools.live.iter().chain([&site.pools.candidate]);
    let missing: Vec<_> = pools.filter(|pool| gateway.pool(pool).is_none()).map(String::as_str).collect();
    if !missing.is_empty() {
        let what = format!("{name}: the gateway has no pool {}", missing.join(" and no pool "));
        return vec![Row::finding(CHECK, what, "make the pool, or correct the pools in the site file")];
    }
    vec![match serves {
        Ok(colour) => Row::well(CHECK, format!("{name}: the live pools hold exactly {}'s addresses", colour.name())),
        Err(why) => Row::finding(
            CHECK,
            format!("{name}: {why}"),
            "while a run moves traffic this is right: see `bluegreen status`",
        ),
    }]
}

fn cluster(name: &str, id: &str, cluster: &super::Looked<Option<Value>>, server: Option<&Result<(), String>>) -> Row {
    let short = name_of(id);
    let cluster = match cluster {
        Err(unread) => return Row::unread(CHECK, unread),
        Ok(None) => return Row::well(CHECK, format!("{name}: the slot of {short} is empty")),
        Ok(Some(cluster)) => cluster,
    };
    let version = text(cluster, "/properties/currentKubernetesVersion");
    match server {
        None => Row::well(CHECK, format!("{name}: {short} is {}", text(cluster, "/properties/powerState/code"))),
        Some(Ok(())) => Row::well(CHECK, format!("{name}: {short} runs {version}, and its API server answers")),
        Some(Err(why)) if is_true(cluster, "/properties/apiServerAccessProfile/enablePrivateCluster") => Row::skipped(
            CHECK,
            format!("{name}: {short} is a private cluster, and cannot be reached from here: {why}"),
            "look from a machine of its network; the function app needs integration with that network",
        ),
        Some(Err(why)) => Row::finding(
            CHECK,
            format!("{name}: the API server of {short} does not answer as it should: {why}"),
            "see its authorized IP ranges, and that you have Azure Kubernetes Service Cluster User Role and RBAC Reader",
        ),
    }
}
