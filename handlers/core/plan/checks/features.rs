//! What the old cluster has that a new one cannot be given, or that would race the run.
use super::Finding;
use crate::plan::Plan;
use crate::plan::cluster_body::{new_cluster, pools};
use crate::resources::answers::{is_true, same_name, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "old cluster's features";

pub(super) fn check(plan: &Plan, old: &Value) -> Vec<Finding> {
    let mut findings: Vec<_> = ingress_add_on(old).into_iter().chain(refused(old)).collect();
    if let Err(why) = new_cluster(old, plan, "planned") {
        findings.push(Finding::wrong(SUBJECT, why, "put the old cluster, or the site file, right"));
    }
    findings
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
    is_true(old, "/properties/addonProfiles/ingressApplicationGateway/enabled").then(|| {
        Finding::wrong(
            SUBJECT,
            "the add-on ingressApplicationGateway (AGIC) is enabled: on a new cluster it would take the gateway at once",
            "bring the workload behind internal addresses and disable the add-on; AGIC mode is not offered yet",
        )
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
