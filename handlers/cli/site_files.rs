//! The files beside a site file: read once, from its folder alone.
use super::charts::{Failed, has_charts, key};
use crate::plan::Version;
use crate::resources::digest::digest;
use crate::site::{Manifest, Site};
use crate::workload::chart::namespaces::{Settled, Text, settled};
use crate::workload::desk::{Desk, File, Finding, Weight, judge};
use crate::workload::exported::published;
use crate::workload::manifests::Placeholders;
use anyhow::{Context, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// No file is larger, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The contents of a site's manifests.
pub struct Contents {
    /// Of its files, by their names in the site file: their text, or why it cannot be read.
    files: BTreeMap<String, Result<String, String>>,
    /// What its charts came to, by digest.
    rendered: BTreeMap<String, String>,
    /// Its charts that came to nothing, by their place among the manifests.
    failed: BTreeMap<usize, Failed>,
}

impl Contents {
    /// Reads each file once: what is judged is what is published. One that cannot be read, or lies elsewhere, is a mistake
    /// among others.
    #[must_use]
    pub fn read(folder: &Path, site: &Site) -> Self {
        let mut files = BTreeMap::new();
        for manifest in site.manifests().filter(|manifest| manifest.chart.is_none()) {
            let read = || inside(folder, &manifest.file).map_err(|error| format!("{error:#}"));
            files.entry(manifest.file.clone()).or_insert_with(read);
        }
        Self { files, rendered: BTreeMap::new(), failed: BTreeMap::new() }
    }

    /// The same, with what its charts came to.
    #[must_use]
    pub fn with(self, rendered: BTreeMap<String, String>, failed: BTreeMap<usize, Failed>) -> Self {
        Self { rendered, failed, ..self }
    }

    /// What its charts came to, by digest.
    #[must_use]
    pub const fn rendered(&self) -> &BTreeMap<String, String> {
        &self.rendered
    }

    /// The content of one, as it is published.
    ///
    /// # Errors
    /// When the site does not name it, or it cannot be read.
    pub fn of(&self, name: &str) -> anyhow::Result<String> {
        let text = self.files.get(name).with_context(|| format!("the site names no file {name}"))?;
        Ok(published(text.as_ref().map_err(|why| anyhow::anyhow!("{why}"))?).into_owned())
    }

    /// What is to be said of them, for clusters of these versions. Charts are judged as they were rendered for each.
    #[must_use]
    pub fn judged(&self, site: &Site, versions: &[Version]) -> Vec<Finding> {
        if !has_charts(site) {
            return self.judged_for(site, None, versions);
        }
        let mut findings: Vec<Finding> = vec![];
        let each: Vec<_> = if versions.is_empty() { vec![None] } else { versions.iter().copied().map(Some).collect() };
        for version in each {
            let found = self.judged_for(site, version, version.as_slice());
            let news: Vec<_> = found.into_iter().filter(|found| !findings.contains(found)).collect();
            findings.extend(news);
        }
        findings
    }

    /// Lets the bare namespaces of releases give way to those that the site defines. Where one cannot, its chart has failed.
    /// `places`: where its manifests stand in the site file.
    pub fn settle(&mut self, site: &mut Site, places: &[String]) {
        let keys: BTreeSet<String> =
            site.manifests().flat_map(|manifest| manifest.renderings.keys()).cloned().collect();
        let titles: Vec<_> = site.manifests().map(Manifest::title).collect();
        for key in keys {
            let text = |manifest| Text {
                text: self.text_of(manifest, &key).unwrap_or_default(),
                release: manifest.chart.as_ref().map(|_| manifest.namespace()),
                placeholders: manifest.placeholders,
            };
            let texts: Vec<_> = site.manifests().map(text).collect();
            let others = settled(&texts);
            for (index, (manifest, settled)) in site.manifests_mut().zip(others).enumerate() {
                match (settled, manifest.renderings.get_mut(&key)) {
                    (Settled::Becomes(text), Some(rendering)) => {
                        *rendering = digest(&text);
                        self.rendered.insert(rendering.clone(), text);
                    }
                    (Settled::Unsaid(later), _) => {
                        let place = format!("{}/namespace", places.get(index).map_or("", String::as_str));
                        let why = unsaid(manifest.namespace(), &titles[later]);
                        self.failed.insert(index, Failed { place, why });
                    }
                    (Settled::Stays | Settled::Becomes(_), _) => {}
                }
            }
        }
        self.forget(site);
    }

    /// Takes out what was rendered for versions that are not needed, where it would be refused, and says so. `known`: what is said
    /// of those that are needed.
    pub fn sift(&mut self, site: &mut Site, known: &[Finding], further: &[Version]) -> Vec<String> {
        let mut told = vec![];
        for version in further.iter().filter(|_| has_charts(site)).copied().collect::<Vec<_>>() {
            let found = self.judged_for(site, Some(version), &[version]);
            let is_new = |found: &&Finding| found.weight == Weight::Refuses && !known.contains(found);
            let refused: Vec<_> = found.iter().filter(is_new).collect();
            let Some(first) = refused.first() else { continue };
            let more = if refused.len() > 1 { format!(", and {} more", refused.len() - 1) } else { String::new() };
            told.push(format!("no run can go to Kubernetes {} with this: {first}{more}", version.minor_version()));
            site.manifests_mut().for_each(|manifest| _ = manifest.renderings.remove(&key(Some(version))));
        }
        self.forget(site);
        told
    }

    /// Lets go of what no chart names any more.
    fn forget(&mut self, site: &Site) {
        let named: BTreeSet<_> = site.manifests().flat_map(|manifest| manifest.renderings.values()).collect();
        self.rendered.retain(|digest, _| named.contains(digest));
    }

    /// What one comes to for the minor version of this key, where it can be read.
    fn text_of(&self, manifest: &Manifest, key: &str) -> Option<&str> {
        if manifest.chart.is_none() {
            return self.files.get(&manifest.file)?.as_deref().ok();
        }
        self.rendered.get(manifest.renderings.get(key)?).map(String::as_str)
    }

    fn judged_for(&self, site: &Site, rendered: Option<Version>, versions: &[Version]) -> Vec<Finding> {
        let manifests: Vec<_> = site.manifests().collect();
        let titles: Vec<_> = manifests.iter().map(|manifest| manifest.title()).collect();
        let files: Vec<_> = manifests
            .iter()
            .zip(&titles)
            .enumerate()
            .map(|(index, (manifest, title))| {
                let (name, text) = match (self.failed.get(&index), self.files.get(&manifest.file)) {
                    (Some(failed), _) => (&failed.place, Err(failed.why.as_str())),
                    (None, Some(Err(why))) if manifest.chart.is_none() => (title, Err(why.as_str())),
                    _ => (title, Ok(self.text_of(manifest, &key(rendered)).unwrap_or_default())),
                };
                File { name, text, placeholders: manifest.placeholders }
            })
            .collect();
        let addresses = site.slots.blue.addresses.len().min(site.slots.green.addresses.len());
        let placeholders = Placeholders::of_the_desk(addresses, site.identities.keys().map(String::as_str))
            .of_slots(&site.slots.blue.addresses, &site.slots.green.addresses);
        let secrets = site.manifests_hold_secrets;
        let singletons = &site.singletons;
        judge(&files, Desk { versions, secrets, placeholders: &placeholders, singletons, published: false }).1
    }
}

/// Why a chart cannot make its namespace as a later manifest defines it.
fn unsaid(namespace: &str, later: &str) -> String {
    format!(
        "{later} defines the namespace {namespace} with ${{…}} in it, which is read otherwise in this chart (\"placeholders\"): \
         put {later} before this one"
    )
}

/// Where something below this folder lies: a link that leads out of it leads nowhere.
pub fn place_of(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = here.canonicalize().with_context(|| format!("failed to find the folder {}", here.display()))?;
    let path =
        root.join(name).canonicalize().with_context(|| format!("failed to read {}", here.join(name).display()))?;
    ensure!(
        path.starts_with(&root),
        "{name} leads out of the folder of the site file, to {}: copy it there",
        path.display()
    );
    Ok(path)
}

/// A file below this folder: a link that leads out of it, a device or a pipe is none.
fn inside(folder: &Path, name: &str) -> anyhow::Result<String> {
    text_of(&place_of(folder, name)?)
}

/// The text of a file: a device or a pipe has no end, and is none.
pub fn text_of(path: &Path) -> anyhow::Result<String> {
    let found = path.display();
    let metadata = path.metadata().with_context(|| format!("failed to read {found}"))?;
    ensure!(metadata.is_file(), "{found} is no regular file");
    ensure!(metadata.len() <= LARGEST, "{found} has {} bytes, at most {LARGEST} are allowed", metadata.len());
    let bytes = std::fs::read(path).with_context(|| format!("failed to read {found}"))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow::anyhow!("{found} is no UTF-8 text: byte {at} is none. Save it as UTF-8")
    })
}

/// The findings as lines, the weightiest first.
#[must_use]
pub fn in_lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let weight = match finding.weight {
            Weight::Refuses => "refused",
            Weight::Warns => "warning",
            Weight::Notes => "note",
        };
        format!("  {weight:<8} {finding}\n")
    };
    findings.iter().map(line).collect()
}

/// How many keep the site from being published.
#[must_use]
pub fn refusals(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.weight == Weight::Refuses).count()
}
