//! The published manifests, judged once more for the version that is the target: what was right when they were published may
//! be gone in it.
use super::acting::Azure;
use crate::plan::Plan;
use crate::plan::checks::without_pod_identity;
use crate::resources::object::describe;
use crate::run::{Run, StepError};
use crate::site::Manifest;
use crate::text::few;
use crate::workload::challenges::{CANNOT_PASS, REMEDY, by_http01};
use crate::workload::desk::{Desk, File, Weight, judge};
use crate::workload::manifests::Placeholders;
use serde_json::Value;

/// So many objects are named.
const NAMED: usize = 8;

/// What is known of the manifests without a cluster.
#[derive(Debug, Default)]
pub struct Judged {
    /// Why the new cluster could never run them; `None`: nothing is known that keeps it from that.
    pub refused: Option<String>,
    /// What a person should know all the same.
    pub warnings: Vec<String>,
}

impl Judged {
    /// They cannot be run, for this reason.
    #[must_use]
    pub fn refused(why: String) -> Self {
        Self { refused: Some(why), ..Self::default() }
    }
}

/// What is known of the site's manifests in the new cluster; `old`: the old one, as it was seen.
///
/// # Errors
/// When a published manifest cannot be read.
pub async fn judged(run: &Run, azure: &Azure, old: Option<&Value>) -> Result<Judged, StepError> {
    let wanted = match digests(&run.plan) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Judged::refused(why)),
    };
    let mut texts = vec![];
    for (manifest, digest) in wanted {
        texts.push((manifest, azure.manifest(digest).await?));
    }
    Ok(of_texts(&run.plan, &texts, old))
}

/// What a plan installs, each by the digest of what goes to its cluster.
///
/// # Errors
/// When something was not published for its version.
pub fn digests(plan: &Plan) -> Result<Vec<(&Manifest, &str)>, String> {
    let digest = |manifest| Manifest::digest_for(manifest, plan.version).map(|digest| (manifest, digest));
    plan.site.manifests().map(digest).collect()
}

/// The same of these texts, with what their placeholders stand for as far as it is known before there is a cluster. Secrets in
/// them were agreed to when they were published.
#[must_use]
pub fn of_texts(plan: &Plan, texts: &[(&Manifest, String)], old: Option<&Value>) -> Judged {
    let titles: Vec<_> = texts.iter().map(|(manifest, _)| manifest.title()).collect();
    let files: Vec<_> = texts
        .iter()
        .zip(&titles)
        .map(|((manifest, text), title)| File { name: title, text: Ok(text), placeholders: manifest.placeholders })
        .collect();
    let versions = [plan.version];
    let placeholders = Placeholders::of_plan(plan, old.unwrap_or(&Value::Null));
    let singletons = plan.site.singletons_in(plan.new_colour());
    let desk = Desk {
        versions: &versions,
        secrets: true,
        placeholders: &placeholders,
        singletons: &singletons,
        published: true,
    };
    let (objects, findings) = judge(&files, desk);
    let mut wrong: Vec<_> =
        findings.iter().filter(|finding| finding.weight == Weight::Refuses).map(ToString::to_string).collect();
    let objects: Vec<_> = objects.iter().map(|found| &found.value).collect();
    wrong.extend(without_pod_identity(plan, old, &objects).map(|finding| finding.to_string()));
    let waiting: Vec<_> = by_http01(&objects).into_iter().map(describe).collect();
    Judged {
        refused: (!wrong.is_empty())
            .then(|| format!("manifests: {}; mend them and publish the site", wrong.join("; "))),
        warnings: match waiting.as_slice() {
            [] => vec![],
            some => vec![format!("{}: {CANNOT_PASS}: {REMEDY}", few(some, NAMED, ", "))],
        },
    }
}
