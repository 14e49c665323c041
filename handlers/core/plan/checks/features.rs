//! What the old cluster has that a new one cannot be given, or that would race the run.
use super::Finding;
use crate::plan::Plan;
use crate::plan::cluster_body::{new_cluster, pools};
use crate::resources::answers::{is_true, list, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "old cluster's features";

pub(super) fn check(plan: &Plan, old: &Value) -> Vec<Finding> {
    let mut findings: Vec<_> = ingress_add_on(old).into_iter().chain(refused(old)).collect();
    if text(old, "/identity/type").eq_ignore_ascii_case("SystemAssigned") && !plan.site.grants_prepared {
        findings.push(Finding::wrong(
            SUBJECT,
            "the cluster has a system-assigned identity: the new one's is another, and has no roles",
            "give the cluster a user-assigned identity, or see that somebody assigns the roles to each new cluster and \
             set \"grantsPrepared\": true in the site file",
        ));
    }
    match new_cluster(old, plan, "planned") {
        Ok(planned) => findings.extend(pod_subnets(old, &planned)),
        Err(why) => findings.push(Finding::wrong(SUBJECT, why, "put the old cluster right")),
    }
    findings
}

pub(super) fn refused(old: &Value) -> Vec<Finding> {
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

fn principal(old: &Value) -> Option<Finding> {
    let client = text(old, "/properties/servicePrincipalProfile/clientId");
    (!client.is_empty() && client != "msi").then(|| {
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
    let pool = pools(old).iter().find(|pool| text(pool, "/osType") == "Windows")?;
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

fn pod_subnets(old: &Value, planned: &Value) -> Vec<Finding> {
    let of = |cluster: &Value, name: &str| {
        let pool = pools(cluster).iter().find(|pool| text(pool, "/name") == name);
        pool.map_or_else(String::new, |pool| text(pool, "/podSubnetID").to_ascii_lowercase())
    };
    let shared = |pool: &&Value| {
        let (name, subnet) = (text(pool, "/name"), text(pool, "/podSubnetID").to_ascii_lowercase());
        !subnet.is_empty() && of(planned, name) == subnet
    };
    let say = |pool: &Value| {
        let what = format!("the pods of the pool {} have a subnet of their own", shortened(text(pool, "/name")));
        let remedy = "name another subnet for the new cluster: the pools, complete, in \"clusterChanges\"";
        Finding::wrong(SUBJECT, what, remedy)
    };
    list(old, "/properties/agentPoolProfiles").iter().filter(shared).map(say).collect()
}
