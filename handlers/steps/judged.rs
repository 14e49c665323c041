//! The published manifests, judged once more for the version that is the target: what was right when they were published may
//! be gone in it.
use super::acting::Azure;
use crate::plan::Plan;
use crate::run::{Run, StepError};
use crate::site::Manifest;
use crate::workload::desk::{Desk, File, Weight, judge};
use crate::workload::manifests::Placeholders;

/// Why the new cluster could never run the site's manifests; `None`: nothing is known that keeps it from that.
pub async fn refused(run: &Run, azure: &Azure) -> Result<Option<String>, StepError> {
    let wanted = match digests(&run.plan) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Some(why)),
    };
    let mut texts = vec![];
    for (manifest, digest) in wanted {
        texts.push((manifest, azure.manifest(digest).await?));
    }
    Ok(wrong(&run.plan, &texts))
}

/// What a plan installs, each by the digest of what goes to its cluster.
///
/// # Errors
/// When something was not published for its version.
pub fn digests(plan: &Plan) -> Result<Vec<(&Manifest, &str)>, String> {
    let digest = |manifest| Manifest::digest_for(manifest, plan.version).map(|digest| (manifest, digest));
    plan.site.manifests().map(digest).collect()
}

/// The same of these texts. Secrets in them were agreed to when they were published.
#[must_use]
pub fn wrong(plan: &Plan, texts: &[(&Manifest, String)]) -> Option<String> {
    let titles: Vec<_> = texts.iter().map(|(manifest, _)| manifest.title()).collect();
    let files: Vec<_> = texts
        .iter()
        .zip(&titles)
        .map(|((manifest, text), title)| File { name: title, text: Ok(text), placeholders: manifest.placeholders })
        .collect();
    let versions = [plan.version];
    let placeholders =
        Placeholders::of_the_desk(plan.new_slot().addresses.len(), plan.site.identities.keys().map(String::as_str));
    let findings =
        judge(&files, Desk { versions: &versions, secrets: true, placeholders: &placeholders, published: true }).1;
    let wrong: Vec<_> =
        findings.iter().filter(|finding| finding.weight == Weight::Refuses).map(ToString::to_string).collect();
    (!wrong.is_empty()).then(|| format!("manifests: {}; mend them and publish the site", wrong.join("; ")))
}
