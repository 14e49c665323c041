//! The site's objects as they would be on the old cluster: what can be known of them before there is a new one.
use super::acting::Azure;
use crate::resources::cluster::Cluster;
use crate::run::{Run, StepError};
use crate::workload::manifests::Placeholders;
use serde_json::Value;

/// What they are.
#[derive(Debug, Default)]
pub struct OnOld {
    /// The objects, filled with what is known of the old cluster.
    pub objects: Vec<Value>,
    /// What is known of the new cluster alone, each with why.
    pub left_out: Vec<String>,
}

/// The objects of all manifests, as they would be on the old cluster.
///
/// # Errors
/// When a published manifest cannot be read.
pub async fn on_old(run: &Run, azure: &Azure, old: &Cluster) -> Result<OnOld, StepError> {
    let plan = &run.plan;
    let placeholders = Placeholders::first(&plan.site, plan.old, old, &plan.surroundings);
    let mut all = OnOld::default();
    for manifest in plan.site.manifests() {
        let digest = manifest.digest_for(plan.version).map_err(StepError::Terminal)?;
        let text = azure.manifest(digest).await?;
        match manifest.each_object(&text, &placeholders) {
            Ok(objects) => objects.into_iter().for_each(|object| match object {
                Ok(object) => all.objects.push(object),
                Err(why) => all.left_out.push(why),
            }),
            Err(why) => all.left_out.push(why),
        }
    }
    Ok(all)
}
