//! Which Kubernetes versions a region offers. Pure.
use super::place::squeezed;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One exact version that a region offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// For example `1.34.2`.
    pub number: String,
    /// Whether its minor version is a preview there.
    pub preview: bool,
}

impl Version {
    /// A version that is no preview.
    #[must_use]
    pub fn stable(number: &str) -> Self {
        Self { number: number.into(), preview: false }
    }

    /// A version in preview.
    #[must_use]
    pub fn preview(number: &str) -> Self {
        Self { number: number.into(), preview: true }
    }
}

/// What is offered, by location; other locations offer the usual.
#[derive(Default)]
pub(crate) struct Versions {
    offered: BTreeMap<String, Vec<Version>>,
}

/// A version's three numbers; `None`: no exact version.
pub(crate) fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

fn usual() -> Vec<Version> {
    let stable = ["1.33.5", "1.33.6", "1.34.1", "1.34.2", "1.35.0", "1.35.1"];
    stable.into_iter().map(Version::stable).chain([Version::preview("1.36.0")]).collect()
}

impl Versions {
    pub fn offer(&mut self, location: &str, versions: Vec<Version>) {
        self.offered.insert(squeezed(location), versions);
    }

    /// What a location offers, oldest first.
    pub fn at(&self, location: &str) -> Vec<Version> {
        let mut versions = self.offered.get(&squeezed(location)).cloned().unwrap_or_else(usual);
        versions.retain(|version| numbers(&version.number).is_some());
        versions.sort_by_key(|version| numbers(&version.number));
        versions
    }

    /// The exact version for a cluster that asks for `1.34` or `1.34.2`; `None` when it is not offered.
    pub fn resolve(&self, location: &str, asked: &str) -> Option<String> {
        let offered = self.at(location);
        let minor = format!("{asked}.");
        let is_minor = asked.split('.').count() == 2;
        let fits = |number: &str| number == asked || (is_minor && number.starts_with(&minor));
        offered.into_iter().rev().map(|version| version.number).find(|number| fits(number))
    }

    /// The newest stable patch of the minor before the newest stable one: what Azure takes by itself.
    pub fn default_at(&self, location: &str) -> Option<String> {
        let stable: Vec<_> = self.at(location).into_iter().filter(|version| !version.preview).collect();
        let newest = numbers(&stable.last()?.number)?;
        let earlier =
            stable.iter().rev().find(|version| numbers(&version.number).is_some_and(|found| found[1] < newest[1]));
        Some(earlier.or(stable.last())?.number.clone())
    }

    /// The versions to which a cluster can be upgraded in place: newer ones of its minor, and of the next.
    pub fn upgrades(&self, location: &str, from: &str) -> Vec<Version> {
        let Some(from) = numbers(from) else { return vec![] };
        let reachable = |version: &Version| {
            numbers(&version.number).is_some_and(|to| to > from && to[0] == from[0] && to[1] <= from[1] + 1)
        };
        self.at(location).into_iter().filter(reachable).collect()
    }

    /// The body of `…/locations/{location}/kubernetesVersions`.
    pub fn list(&self, location: &str) -> Value {
        let default = self.default_at(location).unwrap_or_default();
        let mut minors: BTreeMap<u32, Map<String, Value>> = BTreeMap::new();
        for version in self.at(location) {
            let Some([major, minor, _]) = numbers(&version.number) else { continue };
            let entry = minors.entry(minor).or_insert_with(|| {
                let name = format!("{major}.{minor}");
                let plans =
                    if version.preview { json!([]) } else { json!(["KubernetesOfficial", "AKSLongTermSupport"]) };
                let body = json!({
                    "version": name, "isDefault": false, "isPreview": version.preview,
                    "capabilities": {"supportPlan": plans}, "patchVersions": {},
                });
                body.as_object().cloned().unwrap_or_default()
            });
            if default.starts_with(&format!("{major}.{minor}.")) {
                entry.insert("isDefault".into(), true.into());
            }
            let upgrades: Vec<_> =
                self.upgrades(location, &version.number).into_iter().map(|next| next.number).collect();
            entry["patchVersions"][&version.number] = json!({"upgrades": upgrades});
        }
        json!({"values": minors.into_values().rev().map(Value::Object).collect::<Vec<_>>()})
    }
}
