//! The charts of a site, rendered when it is published: once for each minor version to which a run may go, each twice, so that
//! what is made up anew at each rendering is found.
mod files;

use super::helm::{Helm, Rendering};
use super::site_files::place_of;
use crate::plan::Version;
use crate::plan::prepared::Prepared;
use crate::resources::answers::shortened;
use crate::resources::digest::digest;
use crate::site::agic::finished;
use crate::site::{Manifest, Preset, Site, is_release};
use crate::workload::chart::templates::asks_the_cluster;
use crate::workload::chart::{api_versions, rendered};
use crate::workload::differences::differences;
use anyhow::{Context, bail, ensure};
use files::{ChartFile, files, own_name};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What the charts of a site came to.
#[derive(Default)]
pub struct Charts {
    /// The texts, by digest.
    pub texts: BTreeMap<String, String>,
    /// What a person should know.
    pub notes: BTreeSet<String>,
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

/// Renders each chart for each version, for clusters that serve this beside what the site's earlier charts define. Without a
/// version once, for whatever Helm takes. What cannot be rendered for a version that is not needed is told, and missing then.
///
/// # Errors
/// When there is no Helm, a chart cannot be had or rendered, or comes to something else each time.
pub async fn render(folder: &Path, site: &mut Site, versions: &Prepared, served: &[String]) -> anyhow::Result<Charts> {
    let helm = Helm::find().await?;
    let mut charts = Charts::default();
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for manifest in site.manifests_mut().filter(|manifest| manifest.chart.is_some()) {
        let fetched = Fetched::of(&helm, folder, manifest).await?;
        charts.notes.extend(fetched.looks_up(manifest));
        if manifest.preset == Some(Preset::AadPodIdentity) {
            let what = "AAD pod identity is deprecated, and its repository is archived: use workload identity";
            charts.notes.insert(format!("{}: {what}", manifest.title()));
        }
        manifest.renderings.clear();
        let mut unmade = None;
        for (version, is_needed) in versions.each() {
            let known = defined.entry(key(version)).or_default();
            let served: Vec<_> = served.iter().chain(&*known).cloned().collect();
            let (text, notes) = match fetched.twice(&helm, manifest, version, &served).await {
                Ok(made) => made,
                Err(why) if is_needed => return Err(why),
                Err(why) => {
                    charts.notes.insert(format!("no run can go to Kubernetes {} with this: {why:#}", key(version)));
                    unmade.get_or_insert(why);
                    continue;
                }
            };
            known.extend(api_versions(&text));
            let digest = digest(&text);
            manifest.renderings.insert(key(version), digest.clone());
            charts.notes.extend(notes.into_iter().map(|note| format!("{}: {note}", manifest.title())));
            charts.texts.insert(digest, text);
        }
        if let Some(why) = unmade.filter(|_| manifest.renderings.is_empty()) {
            return Err(why);
        }
        manifest.file = manifest.title();
        manifest.rendered_by = Some(helm.version.clone());
    }
    Ok(charts)
}

/// A chart at hand, with its values.
struct Fetched {
    chart: PathBuf,
    files: Vec<ChartFile>,
    values: Vec<PathBuf>,
    /// Goes when it is no longer needed.
    _folder: TempDir,
}

impl Fetched {
    /// Fetches it. A release without a name has the chart's own from then on, where the chart lies beside the site file: a fetched
    /// one is called so in the site file.
    async fn of(helm: &Helm, folder: &Path, manifest: &mut Manifest) -> anyhow::Result<Self> {
        let own = tempfile::tempdir().context("failed to make a folder for a chart")?;
        let named = manifest.chart.as_deref().unwrap_or_default();
        let is_fetched = named.starts_with("oci://") || manifest.repo.is_some();
        let chart = if is_fetched {
            let into = own.path().join("chart");
            std::fs::create_dir(&into)?;
            helm.fetch(manifest, &into).await?
        } else {
            place_of(folder, named)?
        };
        let files = files(&chart);
        if !is_fetched && manifest.name.is_none() {
            manifest.name = own_name(&files);
            if let Some(name) = manifest.name.as_deref().filter(|name| !is_release(name)) {
                let name = shortened(name);
                bail!("the chart in {named} is called {name:?}, as no release can be: give its entry a \"name\"");
            }
        }
        let mut values = vec![];
        if let Some(file) = &manifest.values_file {
            let place = place_of(folder, file)?;
            ensure!(place.is_file(), "{file} is no regular file");
            values.push(place);
        }
        if !manifest.values.is_empty() {
            // JSON is YAML.
            let file = own.path().join("values.yaml");
            std::fs::write(&file, serde_json::to_vec(&manifest.values)?)?;
            values.push(file);
        }
        Ok(Self { chart, files, values, _folder: own })
    }

    async fn twice(
        &self,
        helm: &Helm,
        manifest: &Manifest,
        version: Option<Version>,
        served: &[String],
    ) -> anyhow::Result<(String, Vec<String>)> {
        let rendering = Rendering { chart: &self.chart, manifest, values: &self.values, version, api_versions: served };
        let release = manifest.as_release();
        let ready = |written: &str| {
            let title = manifest.title();
            let made = rendered(release, written);
            let made = if manifest.preset == Some(Preset::Agic) {
                made.and_then(|made| finished(manifest, made))
            } else {
                made
            };
            made.map_err(|why| anyhow::anyhow!("what Helm made of the {title} cannot be read: {why}"))
        };
        let first = ready(&helm.render(&rendering).await?)?;
        let again = ready(&helm.render(&rendering).await?)?;
        let random = differences(&first.text, &again.text);
        if !random.is_empty() {
            bail!(
                "the {} comes to something else each time it is rendered ({}): a password or a certificate is made up in it. \
                 Give it one in the chart's values, by a Secret that is there, or let cert-manager make it",
                manifest.title(),
                random.join("; ")
            );
        }
        Ok((first.text, first.notes))
    }

    /// A template that asks the cluster gets no answer when it is rendered here.
    fn looks_up(&self, manifest: &Manifest) -> Option<String> {
        let is_template = |file: &&ChartFile| file.path.split('/').any(|part| part == "templates");
        let asking = self.files.iter().filter(is_template).filter(|file| asks_the_cluster(&file.text));
        let names: Vec<_> = asking.filter_map(|file| file.path.rsplit('/').next()).collect();
        (!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!("{}: its templates ask the cluster (lookup in {names}), and get no answer here", manifest.title())
        })
    }
}
