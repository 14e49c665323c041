//! The files beside a site file: read once, from its folder alone.
use crate::plan::Version;
use crate::site::Site;
use crate::workload::desk::{Desk, File, Finding, Weight, judge};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::Path;

/// No file is larger, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The contents of a site's manifests, by their names in the site file.
pub struct Contents(BTreeMap<String, String>);

impl Contents {
    /// Reads each file once: what is judged is what is published.
    ///
    /// # Errors
    /// When one cannot be read, or lies elsewhere.
    pub fn read(folder: &Path, site: &Site) -> anyhow::Result<Self> {
        let mut contents = BTreeMap::new();
        for manifest in site.controllers.iter().chain(&site.workloads) {
            if !contents.contains_key(&manifest.file) {
                contents.insert(manifest.file.clone(), inside(folder, &manifest.file)?);
            }
        }
        Ok(Self(contents))
    }

    /// The content of one.
    ///
    /// # Errors
    /// When the site does not name it.
    pub fn of(&self, name: &str) -> anyhow::Result<String> {
        self.0.get(name).cloned().with_context(|| format!("the site names no file {name}"))
    }

    /// What is to be said of them, for clusters of these versions.
    #[must_use]
    pub fn judged(&self, site: &Site, versions: &[Version]) -> Vec<Finding> {
        let manifests = site.controllers.iter().chain(&site.workloads);
        let files: Vec<_> = manifests
            .map(|manifest| File {
                name: &manifest.file,
                text: self.0.get(&manifest.file).map_or("", String::as_str),
                placeholders: manifest.placeholders,
            })
            .collect();
        let addresses = site.slots.blue.addresses.len().min(site.slots.green.addresses.len());
        judge(&files, Desk { versions, secrets: site.manifests_hold_secrets, addresses }).1
    }
}

/// A file below this folder: a link that leads out of it, a device or a pipe is none.
fn inside(folder: &Path, name: &str) -> anyhow::Result<String> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = here.canonicalize().with_context(|| format!("failed to find the folder {}", here.display()))?;
    let path =
        root.join(name).canonicalize().with_context(|| format!("failed to read {}", here.join(name).display()))?;
    let found = path.display();
    ensure!(path.starts_with(&root), "{name} leads out of the folder of the site file, to {found}: copy it there");
    let metadata = path.metadata().with_context(|| format!("failed to read {found}"))?;
    ensure!(metadata.is_file(), "{name} is no regular file");
    ensure!(metadata.len() <= LARGEST, "{name} has {} bytes, at most {LARGEST} are allowed", metadata.len());
    let bytes = std::fs::read(&path).with_context(|| format!("failed to read {found}"))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow::anyhow!("{name} is no UTF-8 text: byte {at} is none. Save it as UTF-8")
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
