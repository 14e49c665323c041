//! As whom AGIC speaks with Azure in the cluster that is planned: what gives it that must be there when it comes.
use super::Finding;
use super::presets::of;
use crate::plan::cluster_body::new_cluster;
use crate::plan::{Kind, Plan};
use crate::resources::answers::{is_true, same_id, text};
use crate::site::preset::{ArmAuth, ArmAuthKind};
use crate::site::{Manifest, Preset};
use serde_json::Value;

const SUBJECT: &str = "AGIC";
/// The group of AAD pod identity's kinds.
const POD_IDENTITIES: &str = "aadpodidentity.k8s.io";
/// The clouds whose vaults are known, by the name that AGIC has for them.
const VAULTS: [(&str, &str); 3] = [
    ("AzurePublicCloud", "vault.azure.net"),
    ("AzureChinaCloud", "vault.azure.cn"),
    ("AzureUSGovernmentCloud", "vault.usgovcloudapi.net"),
];

pub(super) fn check(plan: &Plan, auth: &ArmAuth, planned: &Value) -> Vec<Finding> {
    match auth.kind {
        ArmAuthKind::WorkloadIdentity => {
            let by_cluster = is_true(planned, "/properties/securityProfile/workloadIdentity/enabled");
            let what = "its armAuth is workloadIdentity, and the planned cluster gives pods none";
            let missing = || Finding::wrong(SUBJECT, what, put(Preset::WorkloadIdentity));
            let given = || {
                of(plan, Preset::WorkloadIdentity)
                    .map_or_else(|| Some(missing()), |_| late(plan, Preset::WorkloadIdentity))
            };
            (!by_cluster).then(given).flatten().into_iter().collect()
        }
        // Whether anything else hands them out is known with the manifests.
        ArmAuthKind::AadPodIdentity => late(plan, Preset::AadPodIdentity).into_iter().collect(),
        ArmAuthKind::ServicePrincipal => unread(plan, auth, planned).into_iter().chain(elsewhere(plan, auth)).collect(),
    }
}

/// Nobody hands out the identity that AGIC gets by AAD pod identity. `objects`: what the site's manifests make.
#[must_use]
pub fn without_pod_identity(plan: &Plan, old: Option<&Value>, objects: &[&Value]) -> Option<Finding> {
    let auth = of(plan, Preset::Agic)?.arm_auth.as_ref()?;
    // A kept cluster has what it had.
    if auth.kind != ArmAuthKind::AadPodIdentity || plan.kind == Kind::Return {
        return None;
    }
    let planned = new_cluster(old?, plan, "planned").ok()?;
    let is_definition = |object: &&&Value| {
        object["kind"] == "CustomResourceDefinition" && text(object, "/spec/group") == POD_IDENTITIES
    };
    let by_cluster = is_true(&planned, "/properties/podIdentityProfile/enabled");
    if by_cluster || of(plan, Preset::AadPodIdentity).is_some() || objects.iter().any(|object| is_definition(&object)) {
        return None;
    }
    let what = "its armAuth is aadPodIdentity, and nothing in the planned cluster hands such identities out: neither its own \
                podIdentityProfile nor a manifest of the site";
    Some(Finding::wrong(SUBJECT, what, put(Preset::AadPodIdentity)))
}

fn put(preset: Preset) -> String {
    format!("put {{\"preset\": {:?}}} before it among the controllers", preset.name())
}

/// What gives it its identity comes a step after it, which waits for the Job that proves its rights.
fn late(plan: &Plan, giver: Preset) -> Option<Finding> {
    let is = |preset: Preset| move |manifest: &&Manifest| manifest.preset == Some(preset);
    let agic = plan.site.controllers.iter().find(is(Preset::Agic))?;
    let is_late = plan.site.workloads.iter().any(|manifest| is(giver)(&manifest))
        && !plan.site.controllers.iter().any(|manifest| is(giver)(&manifest));
    (is_late && agic.prove_rights.unwrap_or(true)).then(|| {
        let what = format!(
            "it gets its identity by the preset {}, which comes only after it, among the workloads: the Job that proves its \
             rights would wait for that in vain",
            giver.name()
        );
        Finding::wrong(SUBJECT, what, put(giver))
    })
}

/// The add-on reads the secret as an identity of the nodes' machines: the kubelets', or one that it gets of its own.
fn unread(plan: &Plan, auth: &ArmAuth, planned: &Value) -> Option<Finding> {
    let name = auth.read_by.as_ref()?;
    let (reader, kubelets) =
        (plan.site.identities.get(name)?, text(planned, "/properties/identityProfile/kubeletidentity/resourceId"));
    (!same_id(reader, kubelets)).then(|| {
        let what = format!(
            "its secret is read by the identity {name}, which the planned cluster's nodes do not have: theirs is {}",
            if kubelets.is_empty() { "one that AKS makes" } else { kubelets }
        );
        let remedy = format!(
            "name the kubelets' identity there, give them this one (identityProfile.kubeletidentity in \"clusterChanges\": \
             {reader}), or leave \"readBy\" out, and the add-on's own identity reads it"
        );
        Finding::wrong(SUBJECT, what, remedy)
    })
}

/// The driver knows a vault by its name and the cloud: one of another cloud is never asked.
fn elsewhere(plan: &Plan, auth: &ArmAuth) -> Option<Finding> {
    let (secret, cloud) = (auth.secret.as_deref()?, plan.surroundings.environment.as_str());
    let suffix = VAULTS.iter().find(|(known, _)| *known == cloud)?.1;
    let host = secret.strip_prefix("https://")?.split(['/', ':']).next()?;
    let (vault, own) = host.split_once('.')?;
    (!own.eq_ignore_ascii_case(suffix)).then(|| {
        let what = format!("its secret's vault {host} is expected in {cloud}, whose vaults are called *.{suffix}");
        let remedy = format!(
            "keep it in a vault of this cloud, and name that: https://{vault}.{suffix}/secrets/<name> (the one of that name \
             would be asked in any case)"
        );
        Finding::wrong(SUBJECT, what, remedy)
    })
}
