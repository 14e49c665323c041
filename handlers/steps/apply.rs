//! Manifests are applied and ready. Progress is read back from the cluster: there is no cursor.
use super::acting::Azure;
use super::not_yet;
use super::presence::{Presence, look_again, not_tagged, presence};
use crate::azure::kubernetes::Kubernetes;
use crate::resources::cluster::Cluster;
use crate::run::{Outcome, Run, StepError, StepResult};
use crate::site::Manifest;
use crate::workload::digest::digest;
use crate::workload::manifests::Placeholders;
use crate::workload::readiness::unready;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// One batch goes on for so long; the rest is for the next look.
const BATCH: Duration = Duration::from_secs(45);
/// The annotation that tells which content of an object we applied last.
const APPLIED: &str = "aks-bluegreen/applied";

/// These manifests are applied to the new cluster, in order, and what they run is ready.
pub async fn applied(run: &Run, azure: &Azure, manifests: &[Manifest]) -> StepResult {
    let slot = run.plan.new_slot();
    let cluster = match presence(run, azure, &slot.cluster).await? {
        Presence::Here(found) if found.run() == Some(&run.id) => found,
        Presence::Here(found) => return not_tagged(run, azure, &found),
        Presence::Missed(cluster) => return look_again(cluster, "the new cluster was not found"),
        Presence::Gone => return super::terminal("the new cluster is gone"),
    };
    let wanted = wanted(run, azure, &cluster, manifests).await?;
    let kubernetes = azure.writer.kubernetes(&slot.cluster).await?;
    let (began, batch) = (Instant::now(), azure.clock().real(BATCH));
    let (mut waiting, mut applied) = (vec![], 0);
    for object in &wanted {
        let found = kubernetes.find(object).await?;
        match found.filter(|found| digest_of(found) == digest_of(object)) {
            Some(found) => waiting.extend(unready(&found)),
            None if began.elapsed() >= batch => return not_yet(progress(applied, wanted.len())),
            None => {
                kubernetes.apply(azure.permit().await?, object).await?;
                applied += 1;
            }
        }
    }
    if applied > 0 {
        return not_yet(progress(applied, wanted.len()));
    }
    match waiting.first() {
        None => Ok(Outcome::Done),
        Some(first) if waiting.len() == 1 => not_yet(first.clone()),
        Some(first) => not_yet(format!("{first}, and {} more", waiting.len() - 1)),
    }
}

/// Everything that runs in a cluster is ready; `None`: it is.
pub async fn first_unready(kubernetes: &Kubernetes) -> Result<Option<String>, StepError> {
    let nodes = kubernetes.all("v1", "Node").await?;
    if nodes.is_empty() {
        return Ok(Some("the cluster has no nodes yet".into()));
    }
    if let Some(why) = nodes.iter().find_map(unready) {
        return Ok(Some(why));
    }
    for kind in ["Deployment", "DaemonSet", "StatefulSet"] {
        let mut workloads = kubernetes.all("apps/v1", kind).await?;
        // A list leaves out the kind of its items.
        workloads.iter_mut().for_each(|workload| workload["kind"] = kind.into());
        if let Some(why) = workloads.iter().find_map(unready) {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

async fn wanted(run: &Run, azure: &Azure, cluster: &Cluster, all: &[Manifest]) -> Result<Vec<Value>, StepError> {
    let placeholders = Placeholders::of(run, cluster);
    let mut wanted = vec![];
    for manifest in all {
        let Some(digest) = &manifest.digest else {
            return super::terminal(format!("{} was not published: publish the site", manifest.file));
        };
        let text = azure.manifest(digest).await?;
        wanted.extend(manifest.objects(&text, &placeholders).map_err(StepError::Terminal)?);
    }
    for object in &mut wanted {
        let digest = digest(&object.to_string());
        if !object["metadata"]["annotations"].is_object() {
            object["metadata"]["annotations"] = serde_json::json!({});
        }
        object["metadata"]["annotations"][APPLIED] = digest.into();
    }
    Ok(wanted)
}

fn digest_of(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][APPLIED].as_str()
}

fn progress(applied: usize, of: usize) -> String {
    format!("{applied} of {of} objects were just applied")
}
