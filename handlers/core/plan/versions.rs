//! The versions that a region offers, and which of them a request means.
use crate::plan::Version;
use crate::resources::answers::{is_true, list, same_name, shortened, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// The versions with which a new cluster can be created in a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Newest first.
    pub versions: Vec<OfferedVersion>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedVersion {
    /// The exact version.
    pub version: Version,
    /// Not for production.
    pub preview: bool,
    /// Only for clusters with long-term support.
    pub long_term_only: bool,
    /// Not for clusters with long-term support.
    pub no_long_term: bool,
}

impl Offered {
    /// Reads the answer of `…/locations/<region>/kubernetesVersions`. What is no exact version is left out.
    ///
    /// # Errors
    /// When the answer has no list of versions, or none that can be read.
    pub fn read(answer: &Value) -> Result<Self, String> {
        let mut versions: Vec<_> = list(answer, "/values").iter().flat_map(patches).collect();
        if versions.is_empty() {
            return Err("the answer to kubernetesVersions lists no version that can be read".to_owned());
        }
        versions.sort_by_key(|offered| std::cmp::Reverse(offered.version));
        versions.dedup_by_key(|offered| offered.version);
        Ok(Self { versions })
    }

    /// What is said about this version, if it is offered.
    #[must_use]
    pub fn find(&self, version: Version) -> Option<&OfferedVersion> {
        self.versions.iter().find(|offered| offered.version == version)
    }

    /// All of them in one line, newest first.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = |offered: &OfferedVersion| {
            let remark = match (offered.preview, offered.long_term_only) {
                (true, _) => " (preview)",
                (false, true) => " (long-term support only)",
                (false, false) => "",
            };
            format!("{}{remark}", offered.version)
        };
        self.versions.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// The newest patch of a minor version that a cluster with this support may use in production.
    fn newest_patch(&self, major: u16, minor: u16, support: Support) -> Option<Version> {
        let mut of_minor =
            self.versions.iter().filter(|offered| offered.is_for(support)).map(|offered| offered.version);
        of_minor.find(|version| (version.major, version.minor) == (major, minor))
    }
}

/// How long a cluster's versions are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As every cluster's.
    Usual,
    /// For two years: it goes on getting patches that others do not.
    LongTerm,
}

impl Support {
    /// What this cluster has, or would have.
    #[must_use]
    pub fn of(cluster: &Value) -> Self {
        let plan = text(cluster, "/properties/supportPlan");
        if same_name(plan, "AKSLongTermSupport") { Self::LongTerm } else { Self::Usual }
    }

    /// What the successor of a cluster has: its own, but for what the site changes.
    #[must_use]
    pub fn after(cluster: &Value, changes: &Value) -> Self {
        let is_changed = changes.pointer("/properties/supportPlan").is_some();
        Self::of(if is_changed { changes } else { cluster })
    }
}

impl OfferedVersion {
    /// Whether a cluster with this support may use it in production.
    #[must_use]
    pub fn is_for(&self, support: Support) -> bool {
        let is_supported = match support {
            Support::Usual => !self.long_term_only,
            Support::LongTerm => !self.no_long_term,
        };
        !self.preview && is_supported
    }
}

fn patches(minor: &Value) -> Vec<OfferedVersion> {
    let preview = is_true(minor, "/isPreview");
    let plans = list(minor, "/capabilities/supportPlan");
    let lacks =
        |name: &str| !plans.is_empty() && !plans.iter().filter_map(Value::as_str).any(|plan| same_name(plan, name));
    let (long_term_only, no_long_term) = (lacks("KubernetesOfficial"), lacks("AKSLongTermSupport"));
    let patches = minor.get("patchVersions").and_then(Value::as_object);
    let names = patches.into_iter().flat_map(|patches| patches.keys()).map(String::as_str);
    // The simple form of old api-versions: the version itself is exact.
    let names = names.chain([text(minor, "/version")]);
    let exact = names.filter_map(|name| name.parse().ok());
    exact.map(|version| OfferedVersion { version, preview, long_term_only, no_long_term }).collect()
}

/// Whether a text can name a version at all: an exact one, `latest-patch` or `latest-stable`.
#[must_use]
pub fn is_form(wanted: &str) -> bool {
    matches!(wanted, "latest-patch" | "latest-stable") || wanted.parse::<Version>().is_ok()
}

/// Which version a request means: an exact one, `latest-patch` (the newest patch of the old cluster's minor version) or
/// `latest-stable` (the newest patch of the minor version before the newest that is not a preview), of those for clusters
/// with this support. It may be the old cluster's own, or an older one: whether a run makes sense is judged elsewhere.
///
/// # Errors
/// When the text is neither, or the region does not offer the version.
pub fn wanted(wanted: &str, old: Version, support: Support, offered: &Offered) -> Result<Version, String> {
    let nothing = |what: &str| format!("the region offers no {what}; it offers {}", offered.in_words());
    match wanted {
        "latest-patch" => offered
            .newest_patch(old.major, old.minor, support)
            .ok_or_else(|| nothing(&format!("patch of {}.{}", old.major, old.minor))),
        "latest-stable" => {
            // The newest minor is found among what everybody gets: long-term support comes later.
            let plain = offered.versions.iter().filter(|offered| offered.is_for(Support::Usual));
            let minors: BTreeSet<_> = plain.map(|offered| (offered.version.major, offered.version.minor)).collect();
            let before_newest = minors.iter().rev().nth(1);
            before_newest
                .and_then(|&(major, minor)| offered.newest_patch(major, minor, support))
                .ok_or_else(|| nothing("minor version before the newest that is not a preview"))
        }
        exact => {
            let version: Version = exact.parse().map_err(|_| {
                let name = shortened(exact);
                format!("{name:?} is no version: expected one like 1.34.6, or latest-patch, or latest-stable")
            })?;
            let known = offered.find(version).map(|offered| offered.version);
            known.ok_or_else(|| nothing(&format!("version {version}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn offered() -> Offered {
        Offered::read(&json!({"values": [
            {"version": "1.33", "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
             "patchVersions": {"1.33.2": {}, "1.33.10": {}, "1.33.9": {}}},
            {"version": "1.35", "isPreview": true, "patchVersions": {"1.35.0": {}}},
            {"version": "1.34", "patchVersions": {"1.34.1": {"upgrades": ["1.35.0"]}, "latest": {}}},
            {"version": "1.27", "capabilities": {"supportPlan": ["AKSLongTermSupport"]}, "patchVersions": {"1.27.9": {}}},
            "nonsense"
        ]}))
        .unwrap()
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_as_numbers_newest_first() {
        assert_eq!(
            offered().in_words(),
            "1.35.0 (preview), 1.34.1, 1.33.10, 1.33.9, 1.33.2, 1.27.9 (long-term support only)"
        );
    }

    #[test]
    fn latest_patch_stays_within_the_old_clusters_minor_version() {
        assert_eq!(wanted("latest-patch", version("1.33.2"), Support::Usual, &offered()), Ok(version("1.33.10")));
        let none = wanted("latest-patch", version("1.27.1"), Support::Usual, &offered()).unwrap_err();
        assert!(none.starts_with("the region offers no patch of 1.27; it offers 1.35.0 (preview), "), "{none}");
    }

    #[test]
    fn a_cluster_with_long_term_support_gets_the_patches_that_others_do_not() {
        let offered = Offered::read(&json!({"values": [
            {"version": "1.28", "capabilities": {"supportPlan": ["AKSLongTermSupport"]},
             "patchVersions": {"1.28.100": {"upgrades": ["1.28.101"]}, "1.28.101": {}}},
            {"version": "1.33", "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
             "patchVersions": {"1.33.5": {}}},
            {"version": "1.34", "capabilities": {"supportPlan": ["KubernetesOfficial"]}, "patchVersions": {"1.34.2": {}}},
        ]}))
        .unwrap();
        let of = |text: &str, old: &str, support| wanted(text, version(old), support, &offered);
        assert_eq!(of("latest-patch", "1.28.100", Support::LongTerm), Ok(version("1.28.101")));
        assert_eq!(of("latest-patch", "1.33.1", Support::LongTerm), Ok(version("1.33.5")));
        assert_eq!(of("latest-stable", "1.28.100", Support::LongTerm), Ok(version("1.33.5")));
        assert!(of("latest-patch", "1.34.1", Support::LongTerm).is_err(), "Azure offers none with this support");
        assert!(of("latest-patch", "1.28.100", Support::Usual).is_err());
        let changes = json!({"properties": {"supportPlan": "KubernetesOfficial"}});
        let cluster = json!({"properties": {"supportPlan": "AKSLongTermSupport"}});
        assert_eq!(Support::after(&cluster, &json!(null)), Support::LongTerm);
        assert_eq!(Support::after(&cluster, &changes), Support::Usual, "what the site changes counts");
    }

    #[test]
    fn latest_stable_is_one_minor_behind_the_newest_that_is_no_preview() {
        assert_eq!(wanted("latest-stable", version("1.31.0"), Support::Usual, &offered()), Ok(version("1.33.10")));
        let single = Offered::read(&json!({"values": [{"version": "1.34", "patchVersions": {"1.34.1": {}}}]})).unwrap();
        assert!(wanted("latest-stable", version("1.31.0"), Support::Usual, &single).is_err());
    }

    #[test]
    fn an_exact_version_must_be_offered() {
        assert_eq!(wanted("1.34.1", version("1.33.2"), Support::Usual, &offered()), Ok(version("1.34.1")));
        assert!(
            wanted("1.34.2", version("1.33.2"), Support::Usual, &offered()).unwrap_err().contains("no version 1.34.2")
        );
        assert!(wanted("newest", version("1.33.2"), Support::Usual, &offered()).unwrap_err().contains("latest-patch"));
    }

    #[test]
    fn an_answer_without_versions_is_an_error() {
        for wrong in [json!({}), json!({"values": []}), json!({"values": {}}), json!([1]), json!(null)] {
            assert!(Offered::read(&wrong).is_err(), "{wrong}");
        }
    }
}
