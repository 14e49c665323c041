//! Ready-made controllers run in the cluster that is planned: what they need of it, and what only others can give it.
use super::addresses::planned_cluster;
use super::{Finding, Seen, agic};
use crate::plan::Plan;
use crate::plan::cluster_body::pools;
use crate::plan::tenant;
use crate::resources::answers::{is_true, same_name, text};
use crate::site::preset::ArmAuthKind;
use crate::site::{Manifest, Preset};
use serde_json::Value;

const POD_IDENTITY: &str = "pod identity";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    // What keeps the body from being planned is said elsewhere.
    let Some(planned) = planned_cluster(plan, seen) else { return vec![] };
    let mut findings = vec![];
    if let Some(manifest) = of(plan, Preset::AadPodIdentity) {
        findings.extend(cannot_run(manifest, &planned));
        findings.extend(roles(plan));
    }
    if let Some(auth) = of(plan, Preset::Agic).and_then(|agic| agic.arm_auth.as_ref()) {
        findings.extend(agic::check(plan, auth, &planned));
    }
    findings.extend(without_directory(plan, seen));
    findings
}

/// A vault and the webhook want the directory's id.
fn without_directory(plan: &Plan, seen: &Seen) -> Option<Finding> {
    let wants = |manifest: &Manifest| match manifest.preset? {
        Preset::Agic => (manifest.arm_auth.as_ref()?.kind == ArmAuthKind::ServicePrincipal).then_some("agic"),
        Preset::WorkloadIdentity => Some("workload-identity"),
        Preset::AadPodIdentity => None,
    };
    let preset = plan.site.manifests().find_map(wants)?;
    let is_told = seen.old_cluster.as_ref().is_none_or(|old| !tenant(old, &plan.surroundings).is_empty());
    (!is_told).then(|| {
        let what = format!(
            "the preset {preset} wants the directory's id, and neither the cluster nor an identity of the site tells it"
        );
        Finding::wrong("directory", what, "name an identity of it in the site's \"identities\"")
    })
}

/// What keeps nothing from running, and should be known.
pub(super) fn warn(plan: &Plan) -> Option<Finding> {
    of(plan, Preset::AadPodIdentity)?;
    let what = "AAD pod identity is deprecated since October 2022, and gets no corrections since September 2023";
    let remedy = "bring pods to workload identity (\"preset\": \"workload-identity\"), which runs beside it";
    Some(Finding::warning(POD_IDENTITY, what, remedy))
}

pub(super) fn of(plan: &Plan, preset: Preset) -> Option<&Manifest> {
    plan.site.manifests().find(|manifest| manifest.preset == Some(preset))
}

fn cannot_run(manifest: &Manifest, planned: &Value) -> Vec<Finding> {
    let wrong = |what: &str, remedy: &str| Finding::wrong(POD_IDENTITY, what, remedy);
    let mut findings = vec![];
    let plugin = text(planned, "/properties/networkProfile/networkPlugin");
    if same_name(plugin, "kubenet") && !manifest.allow_kubenet {
        findings.push(wrong(
            "the planned cluster has kubenet, where a pod can take another one's address, and with it its identity",
            "use workload identity, or forbid pods NET_RAW by a policy and set \"allowKubenet\": true beside the preset",
        ));
    }
    let network = ["networkDataplane", "networkPolicy"].map(|member| &planned["properties"]["networkProfile"][member]);
    if network.iter().any(|it| it.as_str().is_some_and(|it| same_name(it, "cilium"))) {
        findings.push(wrong(
            "the planned cluster has Cilium, past whose dataplane AAD pod identity cannot take the pods' requests for tokens",
            "use workload identity, which needs none of them",
        ));
    }
    if pools(planned).iter().any(|pool| same_name(text(pool, "/osType"), "Windows")) {
        findings.push(wrong(
            "the planned cluster has Windows pools, on which AAD pod identity does not run",
            "use workload identity, which does",
        ));
    }
    if is_true(planned, "/properties/podIdentityProfile/enabled") {
        findings.push(wrong(
            "the planned cluster has AKS's own pod identity (podIdentityProfile) enabled, and both take the same requests",
            "take the preset out, or switch podIdentityProfile off in \"clusterChanges\"",
        ));
    }
    findings
}

/// Its controller acts as the kubelets' identity on the new cluster's machines, whose group AKS makes with the cluster.
fn roles(plan: &Plan) -> Option<Finding> {
    if plan.site.grants_prepared {
        return None;
    }
    let what = "AAD pod identity acts as the kubelets' identity, which has no roles on the group of the new cluster's nodes, for \
                AKS makes that group with the cluster";
    let remedy = "see that somebody gives it Virtual Machine Contributor and Managed Identity Operator there (az role assignment \
                  create --assignee <kubelets' object id> --role \"Virtual Machine Contributor\" --scope <group of the nodes>), \
                  and Managed Identity Operator on each identity that is bound, before InstallControllers (at a gate, say); then set \
                  \"grantsPrepared\": true in the site file";
    Some(Finding::wrong(POD_IDENTITY, what, remedy))
}
