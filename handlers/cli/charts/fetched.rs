//! A chart at hand, with its values: rendered twice, so that what is made up anew at each rendering is found.
use super::Wrong;
use super::files::{ChartFile, files, own};
use crate::cli::helm::{Helm, Rendering};
use crate::cli::site_files::place_of;
use crate::plan::Version;
use crate::resources::answers::shortened;
use crate::site::agic::finished;
use crate::site::{Manifest, Preset, is_release};
use crate::workload::chart::templates::asks_the_cluster;
use crate::workload::chart::{Rendered, api_versions, rendered};
use crate::workload::differences::differences;
use anyhow::{Context, anyhow, bail, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A chart at hand, with its values.
pub(super) struct Fetched {
    chart: PathBuf,
    files: Vec<ChartFile>,
    /// What its own `crds/` define, and those of the charts in it: they go to the cluster before its templates are rendered.
    defines: BTreeSet<String>,
    values: Vec<PathBuf>,
    /// Goes when it is no longer needed.
    _folder: TempDir,
}

impl Fetched {
    /// Fetches it. A release without a name has the chart's own from then on, where the chart lies beside the site file: a fetched
    /// one is called so in the site file.
    pub(super) async fn of(helm: &Helm, folder: &Path, manifest: &mut Manifest) -> Result<Self, Wrong> {
        let place = tempfile::tempdir().context("failed to make a folder for a chart")?;
        let named = manifest.chart.as_deref().unwrap_or_default();
        let chart = if manifest.is_fetched() {
            let into = place.path().join("chart");
            std::fs::create_dir(&into).context("failed to make a folder for a chart")?;
            helm.fetch(manifest, &into).await?
        } else {
            let remedy =
                "where it is one of a repository, name its address in \"repo\", and the chart by its name alone";
            place_of(folder, named)
                .with_context(|| format!("no chart lies at {named} below the site file: {remedy}"))?
        };
        let files = files(&chart);
        if !manifest.is_fetched() {
            is_as_said(manifest, &files)?;
        }
        let values = values(folder, place.path(), manifest).map_err(|why| Wrong {
            member: if manifest.values_file.is_some() { "valuesFile" } else { "values" },
            why,
        })?;
        let defines =
            files.iter().filter(|file| file.is_definition()).flat_map(|file| api_versions(&file.text)).collect();
        Ok(Self { chart, files, defines, values, _folder: place })
    }

    /// What it comes to, and what is to be said of that.
    pub(super) async fn twice(
        &self,
        helm: &Helm,
        manifest: &Manifest,
        version: Option<Version>,
        served: &[String],
    ) -> anyhow::Result<Rendered> {
        let mut defines = self.defines.clone();
        let (served, first) = loop {
            let served: Vec<_> = served.iter().chain(&defines).cloned().collect();
            let first = self.once(helm, manifest, version, &served).await?;
            let made = BTreeSet::from_iter(api_versions(&first.text));
            // A chart in it that the values switch off brings nothing.
            if defines.is_subset(&made) {
                break (served, first);
            }
            defines.retain(|one| made.contains(one));
        };
        let again = self.once(helm, manifest, version, &served).await?;
        let random = differences(&first.text, &again.text);
        if !random.is_empty() {
            bail!(
                "the {} comes to something else each time it is rendered ({}): a password or a certificate is made up in it. \
                 Give it one in the chart's values, by a Secret that is there, or let cert-manager make it",
                manifest.title(),
                random.join("; ")
            );
        }
        Ok(first)
    }

    async fn once(
        &self,
        helm: &Helm,
        manifest: &Manifest,
        version: Option<Version>,
        api_versions: &[String],
    ) -> anyhow::Result<Rendered> {
        let rendering = Rendering { chart: &self.chart, manifest, values: &self.values, version, api_versions };
        let made = rendered(manifest.as_release(), &helm.render(&rendering).await?);
        let is_agic = manifest.preset == Some(Preset::Agic);
        let made = if is_agic { made.and_then(|made| finished(manifest, made)) } else { made };
        made.map_err(|why| anyhow!("what Helm made of the {} cannot be read: {why}", manifest.title()))
    }

    /// A template that asks the cluster gets no answer when it is rendered here.
    pub(super) fn looks_up(&self, manifest: &Manifest) -> Option<String> {
        let is_template = |file: &&ChartFile| file.path.split('/').any(|part| part == "templates");
        let asking = self.files.iter().filter(is_template).filter(|file| asks_the_cluster(&file.text));
        let names: Vec<_> = asking.filter_map(|file| file.path.rsplit('/').next()).collect();
        (!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!("{}: its templates ask the cluster (lookup in {names}), and get no answer here", manifest.title())
        })
    }
}

/// A chart beside the site file is of the version that the site names, and a release without a name has the chart's own.
fn is_as_said(manifest: &mut Manifest, files: &[ChartFile]) -> Result<(), Wrong> {
    let named = manifest.chart.as_deref().unwrap_or_default();
    if let (Some(said), Some(found)) = (&manifest.version, own("version", files))
        && said.trim_start_matches('v') != found.trim_start_matches('v')
    {
        let why = anyhow!("the chart in {named} is {}, not {}", shortened(&found), shortened(said));
        return Err(Wrong { member: "version", why });
    }
    if manifest.name.is_none() {
        let name = own("name", files);
        if let Some(name) = name.as_deref().filter(|name| !is_release(name)) {
            let name = shortened(name);
            let what = "as no release can be: give its entry a \"name\"";
            return Err(anyhow!("the chart in {named} is called {name:?}, {what}").into());
        }
        manifest.name = name;
    }
    Ok(())
}

/// Its files of values, the last one counts.
fn values(folder: &Path, own: &Path, manifest: &Manifest) -> anyhow::Result<Vec<PathBuf>> {
    let mut values = vec![];
    if let Some(file) = &manifest.values_file {
        let place = place_of(folder, file)?;
        ensure!(place.is_file(), "{file} is no regular file");
        values.push(place);
    }
    if !manifest.values.is_empty() {
        // JSON is YAML.
        let file = own.join("values.yaml");
        std::fs::write(&file, serde_json::to_vec(&manifest.values)?)?;
        values.push(file);
    }
    Ok(values)
}
