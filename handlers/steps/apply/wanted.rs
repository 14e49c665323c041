//! The objects that the manifests want, as they are applied.
use super::super::acting::Azure;
use crate::resources::cluster::Cluster;
use crate::resources::digest::digest;
use crate::run::{Run, StepError};
use crate::site::Manifest;
use crate::workload::manifests::Placeholders;
use crate::workload::seen::APPLIED;
use crate::workload::singletons::{Singleton, SingletonKind, suspend};
use serde_json::{Value, json};

/// An object as it is applied.
pub struct Wanted {
    /// The place of its file among the manifests.
    pub file: usize,
    /// The object, with its digest as an annotation.
    pub value: Value,
    /// The digest of its content.
    pub digest: String,
}

impl Wanted {
    /// Its `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.value["apiVersion"].as_str().unwrap_or_default()
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    /// Whether it is a Job.
    pub fn is_job(&self) -> bool {
        self.kind() == "Job" && self.api_version().starts_with("batch/")
    }

    /// Whether it lies in the same file and is of the same kind: the order of such objects does not matter.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.file == other.file && self.api_version() == other.api_version() && self.kind() == other.kind()
    }
}

/// What these manifests want of a cluster, in their order.
pub async fn wanted(
    run: &Run,
    azure: &Azure,
    cluster: &Cluster,
    manifests: &[Manifest],
) -> Result<Vec<Wanted>, StepError> {
    let placeholders = Placeholders::of(&run.plan, &run.id, cluster);
    let mut wanted = vec![];
    for (file, manifest) in manifests.iter().enumerate() {
        let objects = objects(run, azure, manifest, &placeholders).await?;
        wanted.extend(objects.into_iter().map(|value| (file, value)));
    }
    // What may run in one cluster only runs in the old one.
    let singletons = run.plan.site.singletons_in(run.plan.new_colour());
    let is_here = |one: &Singleton| wanted.iter().any(|(_, value)| one.is(value));
    let mut beside = vec![];
    if singletons.iter().any(|one| one.kind == SingletonKind::ScaledObject && !is_here(one)) {
        for manifest in run.plan.site.manifests().filter(|manifest| !manifests.contains(manifest)) {
            beside.extend(objects(run, azure, manifest, &placeholders).await?);
        }
    }
    suspend(wanted.iter_mut().map(|(_, value)| value), &beside, &singletons, &run.id);
    Ok(wanted.into_iter().map(|(file, value)| marked(file, value)).collect())
}

async fn objects(
    run: &Run,
    azure: &Azure,
    manifest: &Manifest,
    placeholders: &Placeholders,
) -> Result<Vec<Value>, StepError> {
    let digest = manifest.digest_for(run.plan.version).map_err(StepError::Terminal)?;
    let text = azure.manifest(digest).await?;
    manifest.objects(&text, placeholders).map_err(StepError::Terminal)
}

fn marked(file: usize, mut value: Value) -> Wanted {
    let digest = digest(&value.to_string());
    if !value["metadata"]["annotations"].is_object() {
        value["metadata"]["annotations"] = json!({});
    }
    value["metadata"]["annotations"][APPLIED] = digest.clone().into();
    Wanted { file, value, digest }
}
