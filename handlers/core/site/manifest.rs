//! What a site installs: manifests beside the site file, and charts, which Helm renders when the site is published.
use super::preset::{ArmAuth, Preset};
use super::{is_false, is_true};
use crate::resources::version::Version;
use crate::workload::chart::Release;
use crate::workload::manifests::{Placeholders, each_object, objects};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A YAML manifest, or a Helm chart. Once published, what it came to lies in the store, by digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Manifest {
    /// Path of a YAML file, relative to the site file. Of a chart `site publish` fills in its title, for older releases.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// A Helm chart in place of a file: `oci://…`, the name of a chart in `repo`, a folder or a `.tgz` below the site file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// The address of the chart's repository, where its name alone does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https://"))]
    pub repo: Option<String>,
    /// The chart's version, exact. Needed for a chart that is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The name of the release; the chart's own if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The namespace of the release, which is made; `default` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Values of the chart, over those of `valuesFile`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// A file of values, relative to the site file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values_file: Option<String>,
    /// What becomes of a chart's tests: left out if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Tests")]
    pub tests: Option<Tests>,
    /// A controller that is ready-made, in place of a file or a chart; members of charts beside it count more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Preset")]
    pub preset: Option<Preset>,
    /// Preset `agic`: as whom it speaks with Resource Manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ArmAuth")]
    pub arm_auth: Option<ArmAuth>,
    /// Preset `agic`: whether its roles in the cluster are made; `true` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rbac: Option<bool>,
    /// Preset `agic`: how much it logs, 1 to 5; 3 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5))]
    pub verbosity: Option<u8>,
    /// Preset `agic`: whether a Job proves its rights on the gateway before it is needed; `true` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prove_rights: Option<bool>,
    /// Preset `workload-identity`: its webhook by chart, where the cluster's own is not wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub webhook: bool,
    /// Preset `aad-pod-identity`: names of the site's `identities` that pods may have, each by the label
    /// `aadpodidbinding: <name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<String>,
    /// Preset `aad-pod-identity`: it may run with kubenet, where a pod can take another's identity.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_kubenet: bool,
    /// Whether `${…}` in it are placeholders of ours. `false` for files whose own texts are full of them, such as dashboards.
    #[serde(default = "Manifest::default_placeholders", skip_serializing_if = "is_true")]
    #[schemars(extend("default" = true))]
    pub placeholders: bool,
    /// SHA-256 of its content in lower-case hex. Filled in by `site publish`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// Of a chart the digest of what it came to, by minor version of Kubernetes. Filled in by `site publish`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renderings: BTreeMap<String, String>,
    /// The Helm that rendered it. Filled in by `site publish`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered_by: Option<String>,
}

/// What becomes of a chart's tests, its hooks of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Tests {
    /// They run in each new cluster, as Jobs that must succeed before it gets any traffic.
    Run,
}

impl Manifest {
    const fn default_placeholders() -> bool {
        true
    }

    /// A file, as it stands in a site file.
    #[must_use]
    pub fn of_file(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            chart: None,
            repo: None,
            version: None,
            name: None,
            namespace: None,
            values: Map::new(),
            values_file: None,
            tests: None,
            preset: None,
            arm_auth: None,
            rbac: None,
            verbosity: None,
            prove_rights: None,
            webhook: false,
            bindings: vec![],
            allow_kubenet: false,
            placeholders: true,
            digest: None,
            renderings: BTreeMap::new(),
            rendered_by: None,
        }
    }

    /// What it is called in front of people: its file, or its chart by the release's name.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.chart {
            Some(_) => format!("chart {}", self.release()),
            None => self.file.clone(),
        }
    }

    /// The name of a chart's release. `site publish` fills in the own name of a chart that lies beside the site file.
    #[must_use]
    pub fn release(&self) -> &str {
        let chart = self.chart.as_deref().unwrap_or_default();
        let last = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let last = last.split('@').next().unwrap_or_default();
        self.name.as_deref().unwrap_or_else(|| last.strip_suffix(".tgz").map_or(last, without_version))
    }

    /// Whether a chart is fetched: all others lie below the site file.
    #[must_use]
    pub fn is_fetched(&self) -> bool {
        self.repo.is_some() || self.chart.as_deref().is_some_and(|chart| chart.starts_with("oci://"))
    }

    /// The namespace of a chart's release.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    /// A chart's release.
    #[must_use]
    pub fn as_release(&self) -> Release<'_> {
        Release { name: self.release(), namespace: self.namespace(), tests: self.tests == Some(Tests::Run) }
    }

    /// The digest of what goes to a cluster of this version.
    ///
    /// # Errors
    /// When it was not published, or not for such a version: what to do, for a person.
    pub fn digest_for(&self, version: Version) -> Result<&str, String> {
        let title = self.title();
        if self.chart.is_none() {
            return self.digest.as_deref().ok_or_else(|| format!("{title} was not published: publish the site"));
        }
        self.renderings.get(&version.minor_version()).map(String::as_str).ok_or_else(|| {
            let known: Vec<_> = self.renderings.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "no version".to_owned() } else { known.join(", ") };
            format!(
                "the {title} was rendered for {known}, not for {}: run `bluegreen site publish` with the site file once more; \
                 where the chart cannot be rendered for it, that says why",
                version.minor_version()
            )
        })
    }

    /// The objects in this text of it, as they go to a cluster.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn objects(&self, text: &str, filled: &Placeholders) -> Result<Vec<Value>, String> {
        let objects = objects(text, self.placeholders.then_some(filled));
        objects.map_err(|why| format!("{}: {why}", self.title()))
    }

    /// The same, each by itself: what cannot be filled is named, with why.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn each_object(&self, text: &str, filled: &Placeholders) -> Result<Vec<Result<Value, String>>, String> {
        let objects = each_object(text, self.placeholders.then_some(filled));
        objects.map_err(|why| format!("{}: {why}", self.title()))
    }
}

/// Helm takes no longer name of a release.
pub(super) const LONGEST_RELEASE: usize = 53;

/// Whether a release can be called so, and what it makes after it.
#[must_use]
pub fn is_release(name: &str) -> bool {
    is_label(name, LONGEST_RELEASE)
}

/// Whether this is a label of a host's name, up to so long.
pub(super) fn is_label(text: &str, longest: usize) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=longest).contains(&text.len()) && text.chars().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// An archive's name without the version that Helm puts behind the chart's: with it a release would have another name each time.
fn without_version(archive: &str) -> &str {
    let is_version = |text: &str| {
        let core = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
        core.split('.').count() == 3 && core.split('.').all(|part| part.parse::<u32>().is_ok())
    };
    let mut ends = archive.match_indices('-').map(|(at, _)| at);
    ends.find(|at| is_version(&archive[at + 1..])).map_or(archive, |at| &archive[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_keeps_its_name_from_version_to_version() {
        for (chart, expected) in [
            ("charts/cert-manager-v1.19.1.tgz", "cert-manager"),
            ("edge-1.2.3-rc.1.tgz", "edge"),
            ("edge-2-0.1.0+build.7.tgz", "edge-2"),
            ("edge.tgz", "edge"),
            ("edge-1.2.tgz", "edge-1.2"),
            ("./charts/edge-1.2.3/", "edge-1.2.3"),
            ("oci://example.com/charts/edge", "edge"),
            ("oci://example.com/charts/edge@sha256:00", "edge"),
        ] {
            let manifest = Manifest { chart: Some(chart.into()), ..Manifest::of_file("") };
            assert_eq!(manifest.release(), expected, "{chart}");
        }
    }
}
