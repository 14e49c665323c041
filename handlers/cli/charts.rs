//! The charts of a site, rendered when it is published: once for each minor version to which a run may go.
mod fetched;
mod files;
pub mod secrets;

use super::helm::Helm;
use super::site_files::Contents;
use crate::plan::Version;
use crate::plan::prepared::Prepared;
use crate::resources::digest::digest;
use crate::site::{Manifest, Preset, Site};
use crate::workload::chart::{Rendered, api_versions};
use fetched::Fetched;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the charts of a site came to.
#[derive(Default)]
pub struct Charts {
    /// The texts, by digest.
    pub texts: BTreeMap<String, String>,
    /// What a person should know.
    pub notes: BTreeSet<String>,
    /// Those that cannot be had or rendered, by their place among the manifests.
    pub failed: BTreeMap<usize, Failed>,
}

/// A chart that came to nothing.
pub struct Failed {
    /// The member of the site file that is to be mended: a JSON pointer.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}

/// What is wrong with a chart, and which member of its entry says it.
struct Wrong {
    member: &'static str,
    why: anyhow::Error,
}

impl From<anyhow::Error> for Wrong {
    fn from(why: anyhow::Error) -> Self {
        Self { member: "chart", why }
    }
}

impl Wrong {
    fn at(self, place: &str) -> Failed {
        Failed { place: format!("{place}/{}", self.member), why: format!("{:#}", self.why) }
    }
}

/// Whether a site has charts.
#[must_use]
pub fn has_charts(site: &Site) -> bool {
    site.manifests().any(|manifest| manifest.chart.is_some())
}

/// The minor version under which a rendering lies.
#[must_use]
pub fn key(version: Option<Version>) -> String {
    version.map(Version::minor_version).unwrap_or_default()
}

/// Renders each chart for each version, for clusters that serve this beside what lies before it in the site defines: files and
/// charts. Without a version once, for whatever Helm takes. What cannot be rendered for a version that is not needed is told, and
/// missing then. `places`: where its manifests stand in the site file.
pub async fn render(
    folder: &Path,
    site: &mut Site,
    (files, places): (&Contents, &[String]),
    versions: &Prepared,
    served: &[String],
) -> Charts {
    let mut charts = Charts::default();
    let helm = Helm::find().await;
    let mut defined = Defined::new();
    for (index, manifest) in site.manifests_mut().enumerate() {
        if manifest.chart.is_none() {
            // One that cannot be read is a mistake of its own.
            let news = api_versions(&files.of(&manifest.file).unwrap_or_default());
            for (version, _) in versions.each() {
                defined.entry(key(version)).or_default().extend_from_slice(&news);
            }
            continue;
        }
        manifest.renderings.clear();
        let added = match &helm {
            Ok(helm) => charts.add(helm, folder, manifest, versions, served, &mut defined).await,
            Err(why) => Err(Wrong::from(anyhow::anyhow!("{why:#}"))),
        };
        if let Err(wrong) = added {
            manifest.renderings.clear();
            charts.failed.insert(index, wrong.at(places.get(index).map_or("", String::as_str)));
        }
    }
    charts
}

/// What is defined before a chart, by the version under which it is rendered.
type Defined = BTreeMap<String, Vec<String>>;

impl Charts {
    async fn add(
        &mut self,
        helm: &Helm,
        folder: &Path,
        manifest: &mut Manifest,
        versions: &Prepared,
        served: &[String],
        defined: &mut Defined,
    ) -> Result<(), Wrong> {
        let fetched = Fetched::of(helm, folder, manifest).await?;
        self.notes.extend(fetched.notes(manifest));
        if manifest.preset == Some(Preset::AadPodIdentity) {
            let what = "AAD pod identity is deprecated, and its repository is archived: use workload identity";
            self.notes.insert(format!("{}: {what}", manifest.title()));
        }
        let mut unmade = None;
        for (version, is_needed) in versions.each() {
            let known = defined.entry(key(version)).or_default();
            let served: Vec<_> = served.iter().chain(&*known).cloned().collect();
            let Rendered { text, notes } = match fetched.twice(helm, manifest, version, &served).await {
                Ok(made) => made,
                Err(why) if is_needed => return Err(why.into()),
                Err(why) => {
                    self.notes.insert(format!("no run can go to Kubernetes {} with this: {why:#}", key(version)));
                    unmade.get_or_insert(why);
                    continue;
                }
            };
            known.extend(api_versions(&text));
            let digest = digest(&text);
            manifest.renderings.insert(key(version), digest.clone());
            self.notes.extend(notes.into_iter().map(|note| format!("{}: {note}", manifest.title())));
            self.texts.insert(digest, text);
        }
        if let Some(why) = unmade.filter(|_| manifest.renderings.is_empty()) {
            return Err(why.into());
        }
        manifest.file = manifest.title();
        manifest.rendered_by = Some(helm.version.clone());
        Ok(())
    }
}
