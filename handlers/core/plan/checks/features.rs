//! What the old cluster has that a new one cannot be given, or that would race the run.
use super::Finding;
use crate::plan::Plan;
use crate::plan::cluster_body::{new_cluster, pools};
use crate::resources::add_on::starts_agic;
use crate::resources::answers::{is_true, same_name, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "old cluster's features";

pub(super) fn check(plan: &Plan, old: &Value) -> Vec<Finding> {
    let mut findings: Vec<_> = ingress_add_on(old).into_iter().chain(refused(old)).collect();
    match new_cluster(old, plan, "planned") {
        Err(why) => findings.push(Finding::wrong(SUBJECT, why, "put the old cluster, or the site file, right")),
        // What the old one has goes over to the new one, and is said already.
        Ok(_) if starts_agic(old).is_some() => {}
        Ok(body) => findings.extend(started_by_changes(&body)),
    }
    findings
}

/// What a return would set free: nothing of a kept cluster's body is changed.
pub(super) fn of_a_return(old: &Value, kept: Option<&Value>) -> Vec<Finding> {
    let kept = kept.and_then(|kept| {
        starts_agic(kept)?;
        let what = "the kept cluster has the add-on ingressApplicationGateway (AGIC) enabled: with its nodes it would \
                    take the gateway at once";
        Some(Finding::wrong(SUBJECT, what, "disable the add-on there, or replace the cluster"))
    });
    ingress_add_on(old).into_iter().chain(kept).collect()
}

pub(super) fn refused(old: &Value) -> Vec<Finding> {
    // The rest of what such a cluster has is Azure's own choice, and cannot be changed one by one.
    if let Some(finding) = automatic(old) {
        return vec![finding];
    }
    let judges = [principal, entra, windows, upgrades, node_images];
    judges.iter().filter_map(|judge| judge(old)).collect()
}

fn ingress_add_on(old: &Value) -> Option<Finding> {
    starts_agic(old).map(|_| {
        Finding::wrong(
            SUBJECT,
            "the add-on ingressApplicationGateway (AGIC) is enabled: on a new cluster it would take the gateway at once",
            "bring the workload behind internal addresses and disable the add-on; AGIC mode is not offered yet",
        )
    })
}

/// The old one has it not, but the new one would.
fn started_by_changes(body: &Value) -> Option<Finding> {
    starts_agic(body).map(|_| {
        let what = "\"clusterChanges\" enable the add-on ingressApplicationGateway (AGIC): on the new cluster it would take \
                    the gateway at once";
        Finding::wrong(SUBJECT, what, "take it out of the site file and publish the site; AGIC mode is not offered yet")
    })
}

fn automatic(old: &Value) -> Option<Finding> {
    same_name(text(old, "/sku/name"), "Automatic").then(|| {
        let what = "the cluster is AKS Automatic: Azure chooses its upgrades and its nodes, and would race the run";
        Finding::wrong(SUBJECT, what, "change it to the sku Base (az aks update --sku base), or upgrade it as it is")
    })
}

fn principal(old: &Value) -> Option<Finding> {
    let client = text(old, "/properties/servicePrincipalProfile/clientId");
    (!client.is_empty() && !same_name(client, "msi")).then(|| {
        let what = "the cluster acts as a service principal, whose secret cannot be read";
        Finding::wrong(SUBJECT, what, "change it to a user-assigned managed identity (az aks update)")
    })
}

fn entra(old: &Value) -> Option<Finding> {
    let legacy = old.pointer("/properties/aadProfile/serverAppID").is_some_and(Value::is_string)
        && !is_true(old, "/properties/aadProfile/managed");
    legacy.then(|| {
        let what = "the cluster has the legacy integration with Entra, whose secret cannot be read";
        Finding::wrong(SUBJECT, what, "change it to the managed integration (az aks update --enable-aad)")
    })
}

fn windows(old: &Value) -> Option<Finding> {
    let pool = pools(old).iter().find(|pool| same_name(text(pool, "/osType"), "Windows"))?;
    let name = shortened(text(pool, "/name"));
    let what = format!("the pool {name} runs Windows, and the administrator's password cannot be read");
    Some(Finding::wrong(SUBJECT, what, "move the workload to Linux pools, or replace this cluster by hand"))
}

/// Any channel may upgrade the old cluster while it is the way back, or make its version another than the planned.
fn upgrades(old: &Value) -> Option<Finding> {
    let channel = text(old, "/properties/autoUpgradeProfile/upgradeChannel");
    (!matches!(channel, "" | "none")).then(|| {
        let what = format!("automatic upgrades are expected to be off, but the channel is {:?}", shortened(channel));
        Finding::wrong(SUBJECT, what, "set it to none (az aks update --auto-upgrade-channel none)")
    })
}

/// New node images replace every node. Security patches do so seldom, those of the system itself never.
fn node_images(old: &Value) -> Option<Finding> {
    let channel = text(old, "/properties/autoUpgradeProfile/nodeOSUpgradeChannel");
    (!matches!(channel, "" | "None" | "Unmanaged" | "SecurityPatch")).then(|| {
        let what = format!(
            "node images are expected not to change by themselves, but the channel is {:?}: nodes would be replaced \
             during the run",
            shortened(channel)
        );
        let remedy = "set it to SecurityPatch, Unmanaged or None (az aks update --node-os-upgrade-channel); the change itself \
                      replaces the nodes once, within 24 h: start no upgrade before that";
        Finding::wrong(SUBJECT, what, remedy)
    })
}
