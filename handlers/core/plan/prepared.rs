//! For which versions what a site installs is made ready when it is published: whatever a run may go to. Pure.
use super::Version;
use super::versions::Offered;
use std::collections::BTreeMap;

/// The versions, one a minor, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// What an upgrade from the serving cluster goes to next, its own minor included: nothing is published that cannot be made
    /// ready for these.
    pub needed: Vec<Version>,
    /// What else a run may go to: later minors, previews, and the minors of the site's own clusters, which a region may offer no
    /// more when a run returns to them.
    pub further: Vec<Version>,
}

impl Prepared {
    /// For a site whose serving cluster has this version, and whose other slot's, if there is one, that.
    #[must_use]
    pub fn of(offered: &Offered, serving: Version, kept: Option<Version>) -> Self {
        let own = [Some(serving), kept];
        let minor = |version: Version| (version.major, version.minor);
        let lowest = own.into_iter().flatten().map(minor).min().unwrap_or_default();
        // Newest first; a preview stands for its minor where nothing else does.
        let (previews, stable): (Vec<_>, Vec<_>) = offered.versions.iter().partition(|offered| offered.preview);
        let mut each: BTreeMap<(u16, u16), (Version, bool)> = BTreeMap::new();
        for offered in stable.into_iter().chain(previews).filter(|offered| minor(offered.version) >= lowest) {
            each.entry(minor(offered.version)).or_insert((offered.version, !offered.preview));
        }
        for version in own.into_iter().flatten() {
            each.entry(minor(version)).or_insert((version, false));
        }
        let next = minor(serving)..=(serving.major, serving.minor.saturating_add(1));
        let is_needed = |(version, is_stable): &(Version, bool)| *is_stable && next.contains(&minor(*version));
        let (mut needed, mut further): (Vec<_>, Vec<_>) = each.into_values().partition(is_needed);
        if needed.is_empty() {
            // Something must be judged without mercy.
            (needed, further) = further.into_iter().partition(|(version, _)| minor(*version) == minor(serving));
        }
        let versions = |some: Vec<(Version, bool)>| some.into_iter().map(|(version, _)| version).collect();
        Self { needed: versions(needed), further: versions(further) }
    }

    /// Each, and whether it is needed. Where no version is known, once without one.
    #[must_use]
    pub fn each(&self) -> Vec<(Option<Version>, bool)> {
        let of = |versions: &[Version], is_needed| {
            versions.iter().map(|version| (Some(*version), is_needed)).collect::<Vec<_>>()
        };
        let mut each = of(&self.needed, true);
        each.extend(of(&self.further, false));
        if each.is_empty() { vec![(None, true)] } else { each }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prepared(serving: &str, kept: Option<&str>) -> (Vec<String>, Vec<String>) {
        let offered = Offered::read(&json!({"values": [
            {"version": "1.36", "isPreview": true, "patchVersions": {"1.36.0": {}}},
            {"version": "1.35", "patchVersions": {"1.35.0": {}, "1.35.1": {}}},
            {"version": "1.34", "patchVersions": {"1.34.2": {}}}, {"version": "1.33", "patchVersions": {"1.33.6": {}}},
        ]}));
        let version = |text: &str| text.parse().expect("it is a version");
        let Prepared { needed, further } =
            Prepared::of(&offered.expect("it is a list"), version(serving), kept.map(version));
        let texts = |some: Vec<Version>| some.iter().map(ToString::to_string).collect();
        (texts(needed), texts(further))
    }

    fn of(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn every_minor_from_the_oldest_cluster_on_is_made_ready() {
        assert_eq!(prepared("1.33.5", None), (of(&["1.33.6", "1.34.2"]), of(&["1.35.1", "1.36.0"])));
        assert_eq!(prepared("1.34.2", None), (of(&["1.34.2", "1.35.1"]), of(&["1.36.0"])));
        assert_eq!(prepared("1.34.2", Some("1.33.5")), (of(&["1.34.2", "1.35.1"]), of(&["1.33.6", "1.36.0"])));
    }

    #[test]
    fn a_clusters_own_minor_is_made_ready_when_the_region_offers_it_no_more() {
        let (needed, further) = prepared("1.33.5", Some("1.32.9"));
        assert_eq!((needed, further), (of(&["1.33.6", "1.34.2"]), of(&["1.32.9", "1.35.1", "1.36.0"])));
        assert_eq!(prepared("1.31.4", None).0, ["1.31.4"]);
        assert_eq!(prepared("1.36.0", None), (of(&["1.36.0"]), of(&[])));
        assert_eq!(Prepared::default().each(), [(None, true)]);
    }
}
