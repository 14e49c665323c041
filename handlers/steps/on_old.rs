//! The site's objects as they would be on the old cluster: what can be known of them before there is a new one.
use super::acting::Azure;
use crate::resources::cluster::Cluster;
use crate::resources::object::describe;
use crate::run::{Run, StepError};
use crate::workload::manifests::Placeholders;
use serde_json::Value;
use std::collections::BTreeMap;

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

/// An object as a cluster names it: what says no namespace lies in `default`.
fn lies(mut object: Value) -> String {
    if object["metadata"]["namespace"].as_str().is_none_or(str::is_empty) {
        object["metadata"]["namespace"] = "default".into();
    }
    describe(&object)
}

/// What a manifest names after its slot or cluster: by its name in the old cluster the one in the new.
///
/// # Errors
/// When the store, or Azure, does not answer.
pub async fn renamed(run: &Run, azure: &Azure) -> Result<BTreeMap<String, String>, StepError> {
    let plan = &run.plan;
    let mut texts = vec![];
    for manifest in plan.site.manifests() {
        // A text that is gone is no reason to turn back: whoever applies it says so.
        let Ok(digest) = manifest.digest_for(plan.version) else { continue };
        let text = match azure.manifest(digest).await {
            Ok(text) => text,
            Err(StepError::Terminal(_)) => continue,
            Err(error) => return Err(error),
        };
        if ["${slot.", "${cluster."].iter().any(|named| text.contains(named)) {
            texts.push((manifest, text));
        }
    }
    let mut names = BTreeMap::new();
    if texts.is_empty() {
        return Ok(names);
    }
    let (old, new) = (azure.cluster(&plan.old_slot().cluster).await?, azure.cluster(&plan.new_slot().cluster).await?);
    let (Some(old), Some(new)) = (old, new) else { return Ok(names) };
    let of = |colour, cluster| Placeholders::first(&plan.site, colour, cluster, &plan.surroundings);
    let (old, new) = (of(plan.old, &old), of(plan.new_colour(), &new));
    for (manifest, text) in texts {
        let (Ok(old), Ok(new)) = (manifest.each_object(&text, &old), manifest.each_object(&text, &new)) else {
            continue;
        };
        let both = old.into_iter().zip(new).filter_map(|(old, new)| Some((lies(old.ok()?), lies(new.ok()?))));
        names.extend(both.filter(|(old, new)| old != new));
    }
    Ok(names)
}
