//! A chart at hand, with its values: rendered twice, so that what is made up anew at each rendering is found.
use super::Wrong;
use super::files::{ChartFile, files, own};
use crate::cli::helm::{Helm, Rendering};
use crate::cli::site_files::{place_of, text_of};
use crate::plan::Version;
use crate::resources::answers::shortened;
use crate::site::agic::finished;
use crate::site::{Manifest, Preset, is_release};
use crate::workload::chart::templates::{LOOKUP, NOW, asks, value_asks};
use crate::workload::chart::{Rendered, api_versions, rendered};
use crate::workload::differences::differences;
use crate::workload::yaml::documents;
use anyhow::{Context, anyhow, bail, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// Where the two renderings of a chart that asks the time take place: 26 hours lie between them, and so another day, where the
/// machine knows time zones.
const WEST: &str = "Etc/GMT+12";
const EAST: &str = "Etc/GMT-14";
/// And another second.
const ANOTHER_TIME: Duration = Duration::from_millis(1100);

/// A chart at hand, with its values.
pub(super) struct Fetched {
    chart: PathBuf,
    files: Vec<ChartFile>,
    /// What its own `crds/` define, and those of the charts in it: they go to the cluster before its templates are rendered.
    defines: BTreeSet<String>,
    /// Its files of values, the last one counts, and what stands in them.
    values: Vec<PathBuf>,
    given: Vec<Value>,
    /// Whether it asks what time it is.
    is_timed: bool,
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
        let (values, given) = values(folder, place.path(), manifest).map_err(|why| Wrong {
            member: if manifest.values_file.is_some() { "valuesFile" } else { "values" },
            why,
        })?;
        let defines =
            files.iter().filter(|file| file.is_definition()).flat_map(|file| api_versions(&file.text)).collect();
        let mut fetched = Self { chart, files, defines, values, given, is_timed: false, _folder: place };
        fetched.is_timed = !fetched.asking(NOW).is_empty();
        Ok(fetched)
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
            let first = self.once(helm, manifest, (version, WEST), &served).await?;
            let made = BTreeSet::from_iter(api_versions(&first.text));
            // A chart in it that the values switch off brings nothing.
            if defines.is_subset(&made) {
                break (served, first);
            }
            defines.retain(|one| made.contains(one));
        };
        if self.is_timed {
            sleep(ANOTHER_TIME).await;
        }
        let again = self.once(helm, manifest, (version, EAST), &served).await?;
        let random = differences(&first.text, &again.text);
        if !random.is_empty() {
            bail!(
                "the {} comes to something else each time it is rendered ({}): a password or a certificate is made up in it, \
                 or it holds the time. Set it in the chart's values, by a Secret that is there, or let cert-manager make it",
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
        (version, zone): (Option<Version>, &str),
        api_versions: &[String],
    ) -> anyhow::Result<Rendered> {
        let zone = self.is_timed.then_some(zone);
        let rendering = Rendering { chart: &self.chart, manifest, values: &self.values, version, api_versions, zone };
        let made = rendered(manifest.as_release(), &helm.render(&rendering).await?);
        let is_agic = manifest.preset == Some(Preset::Agic);
        let made = if is_agic { made.and_then(|made| finished(manifest, made)) } else { made };
        made.map_err(|why| anyhow!("what Helm made of the {} cannot be read: {why}", manifest.title()))
    }

    /// What its templates ask, and get no answer here, or another one each time.
    pub(super) fn notes(&self, manifest: &Manifest) -> Vec<String> {
        let said = [
            (LOOKUP, "the cluster", "get no answer here"),
            (NOW, "what time it is", "what hangs on it is another one each time the site is published"),
        ];
        let note = |(function, what, why): (&str, &str, &str)| {
            let names = self.asking(function).join(", ");
            let title = manifest.title();
            (!names.is_empty()).then(|| format!("{title}: its templates ask {what} ({function} in {names}), and {why}"))
        };
        said.into_iter().filter_map(note).collect()
    }

    /// The names of its files, and of the values, that call this function. What stands in values may be taken for a template.
    fn asking(&self, function: &str) -> Vec<&str> {
        let is_read = |file: &&ChartFile| {
            file.path.split('/').any(|part| part == "templates") || file.path.ends_with("values.yaml")
        };
        let files = self.files.iter().filter(is_read).filter(|file| asks(&file.text, function));
        let mut names: Vec<_> = files.filter_map(|file| file.path.rsplit('/').next()).collect();
        names.extend(self.given.iter().any(|given| value_asks(given, function)).then_some("the site's values"));
        names
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

/// Its files of values, the last one counts, and what stands in them.
fn values(folder: &Path, own: &Path, manifest: &Manifest) -> anyhow::Result<(Vec<PathBuf>, Vec<Value>)> {
    let (mut values, mut given) = (vec![], vec![]);
    if let Some(file) = &manifest.values_file {
        let place = place_of(folder, file)?;
        ensure!(place.is_file(), "{file} is no regular file");
        // What is no YAML is Helm's to say.
        given.extend(documents(&text_of(&place)?).unwrap_or_default().0.into_iter().map(|document| document.value));
        values.push(place);
    }
    if !manifest.values.is_empty() {
        // JSON is YAML.
        let file = own.join("values.yaml");
        std::fs::write(&file, serde_json::to_vec(&manifest.values)?)?;
        values.push(file);
        given.push(Value::Object(manifest.values.clone()));
    }
    Ok((values, given))
}
