//! A first site file, from what was found in Azure. Nothing is asked: what is seen is written, what can only be
//! guessed is written and marked, and what nobody but a person can know is a placeholder that `site check` reports.
use crate::plan::checks::{Finding, cannot_stop, refused};
use crate::resources::add_on::starts_agic;
use crate::resources::answers::{is_true, list, name_of, shortened, text};
use crate::resources::attached::Listed;
use crate::resources::gateway::Gateway;
use crate::resources::tags::AGIC_TAG;
use crate::site::is_name;
use crate::workload::agic::recognised;
use serde_json::{Value, json};

mod both;
mod carried;
mod controllers;
mod further;
mod pools;
mod sheet;
mod slots;

pub use sheet::Draft;
pub use slots::{Serving, serving, serving_gateways};

use sheet::Sheet;

/// What was found, as Azure and the cluster answered.
#[derive(Clone, Debug)]
pub struct Found {
    /// GET of the gateway.
    pub gateway: Gateway,
    /// GETs of the networks of the gateway and of the clusters, each with its subnets.
    pub networks: Vec<Value>,
    /// GETs of the gateway's public addresses.
    pub addresses: Vec<Value>,
    /// The clusters of the subscription.
    pub clusters: Vec<Value>,
    /// The cluster that was asked for, if one was.
    pub cluster: Option<String>,
    /// What runs in the serving cluster: workloads and services. Or why it could not be looked into.
    pub objects: Result<Vec<Value>, String>,
    /// Kinds of objects that nobody was allowed to see.
    pub unseen: Vec<&'static str>,
    /// What hangs on the serving cluster.
    pub attached: Vec<Listed>,
}

/// Writes the file.
///
/// # Errors
/// When no cluster serves behind the gateway, or more than one could be meant: why, and what to say instead.
pub fn draft(found: &Found, name: Option<&str>) -> Result<Draft, String> {
    let serving = serving(&found.gateway, &found.networks, &found.clusters, found.cluster.as_deref())?;
    let mut sheet = Sheet::default();
    let agic = agic(found, serving.cluster);
    sheet.note("", &format!("Written by `bluegreen site init` from {}.", text(&found.gateway.0, "/id")));
    sheet.note(
        "",
        "Lines with DECIDE want a person; `bluegreen site check` lists what is still open. See docs/start.md.",
    );
    if let Some(why) = &agic {
        sheet.decide("", &format!(
            "AGIC mode: {why}. It is not offered yet, and CheckPlan refuses such a gateway: bring the workload behind \
             internal load balancers, then scale AGIC away."
        ));
    }
    sheet.set("name", json!(site_name(name, text(&found.gateway.0, "/name"))?));
    if name.is_none() {
        sheet.note("/name", "After the gateway. Runs, logs and commands carry it.");
    }
    sheet.set("gateway", json!(text(&found.gateway.0, "/id")));
    pools::write(&mut sheet, &found.gateway, &serving);
    slots::write(&mut sheet, found, &serving, agic.is_some());
    for Finding { what, remedy, .. } in refused(serving.cluster) {
        sheet.decide("/slots", &format!("CheckPlan would refuse the serving cluster: {what}; {remedy}."));
    }
    moves(&mut sheet, serving.addresses.len(), cannot_stop(serving.cluster));
    controllers::write(&mut sheet, found, serving.cluster);
    both::write(&mut sheet, found);
    pools::smoke_tests(&mut sheet, found, &serving);
    clusters_ways(&mut sheet, serving.cluster, serving.subnet);
    carried::write(&mut sheet, found, serving.cluster);
    Ok(sheet.finish())
}

fn site_name(wanted: Option<&str>, gateway: &str) -> Result<String, String> {
    if let Some(name) = wanted {
        let expected = || format!("--name: expected 1 to 40 lower-case letters, digits and hyphens, found {name:?}");
        return is_name(name).then(|| name.to_owned()).ok_or_else(expected);
    }
    let allowed = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = gateway.chars().map(allowed).take(40).collect();
    let name = name.trim_matches('-');
    Ok(if name.is_empty() { "site".into() } else { name.into() })
}

/// Why an AGIC is thought to write this gateway.
fn agic(found: &Found, cluster: &Value) -> Option<String> {
    if found.gateway.is_written_by_agic() {
        return Some(format!("the gateway has the tag {AGIC_TAG}"));
    }
    if starts_agic(cluster).is_some() {
        return Some(format!("the cluster {} has the add-on ingressApplicationGateway", text(cluster, "/name")));
    }
    let objects = found.objects.as_deref().unwrap_or_default();
    let runs = objects.iter().find(|object| recognised(object, &[]).is_some())?;
    Some(format!("the cluster runs {}", shortened(text(runs, "/metadata/name"))))
}

fn moves(sheet: &mut Sheet, addresses: usize, cannot_stop: Option<String>) {
    let shares: &[u8] = if addresses >= 3 { &[25, 50, 100] } else { &[50, 100] };
    let stages: Vec<_> = shares.iter().map(|share| json!({"share": share, "watchMinutes": 5})).collect();
    sheet.set("stages", json!(stages));
    let plural = if addresses == 1 { "" } else { "es" };
    sheet.decide("/stages", &format!(
        "how fast traffic moves. Shares are made by mixing pool members: {addresses} address{plural} a slot make these."
    ));
    sheet.set("soakMinutes", json!(60));
    sheet.note("/soakMinutes", "How long all traffic must stay healthy before the old cluster is retired.");
    sheet.set("oldCluster", json!("keep"));
    let stop =
        cannot_stop.map_or_else(|| "\"stop\" can be started again".to_owned(), |why| format!("no \"stop\": {why}"));
    sheet.decide("/oldCluster", &format!("keep costs a second cluster; {stop}; or \"scaleDown\", \"delete\"."));
    sheet.set("capacity", json!({}));
    sheet.note(
        "/capacity",
        "Both clusters stay as large as the load wants while traffic moves: minima of autoscalers are raised, and taken back.",
    );
    sheet.set("leftover", json!("refuse"));
    sheet.note("/leftover", "\"delete\": a leftover of an earlier run that serves nothing makes room by itself.");
    sheet.set("newVersions", json!("ignore"));
    sheet.note("/newVersions", "People start upgrades. Or: \"latest-patch\", \"latest-stable\".");
}

/// What depends on how the cluster is made.
fn clusters_ways(sheet: &mut Sheet, cluster: &Value, subnet: &Value) {
    let out = text(cluster, "/properties/networkProfile/outboundType");
    let shared = out == "userDefinedRouting"
        || out == "none"
        || (out == "userAssignedNATGateway" && !text(subnet, "/properties/natGateway/id").is_empty());
    if shared {
        sheet.set("partnersKnowOutboundAddress", json!(false));
        sheet.note(
            "/partnersKnowOutboundAddress",
            &format!("Both clusters go out the same way ({out}): nobody need know."),
        );
    } else {
        sheet.placeholder(
            "partnersKnowOutboundAddress",
            "true, once partners who filter by source address know the new cluster's, or if there are none",
        );
        sheet.note(
            "/partnersKnowOutboundAddress",
            &format!("The new cluster goes out by an address of its own (outboundType {out:?})."),
        );
    }
    let add_ons = cluster.pointer("/properties/addonProfiles").and_then(Value::as_object);
    let is_on = |(name, profile): (&String, &Value)| is_true(profile, "/enabled").then(|| name.clone());
    let add_ons: Vec<_> = add_ons.into_iter().flatten().filter_map(is_on).collect();
    sheet.set("clusterChanges", json!({}));
    let version = text(cluster, "/properties/currentKubernetesVersion");
    let pools: Vec<_> = list(cluster, "/properties/agentPoolProfiles").iter().map(|pool| text(pool, "/name")).collect();
    sheet.note(
        "/clusterChanges",
        &format!(
            "The new cluster equals {} (now {version}, pools {}, add-ons {}) but for what a merge patch here says.",
            name_of(text(cluster, "/id")),
            pools.join(", "),
            if add_ons.is_empty() { "none".to_owned() } else { add_ons.join(", ") }
        ),
    );
}
