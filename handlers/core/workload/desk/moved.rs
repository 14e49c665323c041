//! Exported objects at the desk: what is left out of them, and those that somebody else makes.
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::workload::exported::{Gone, clean, fixed, made_by_the_cluster, owner};
use crate::workload::manifests::Placed;

/// The objects of the files, as they are published.
#[derive(Default)]
pub(super) struct Moved<'a> {
    /// Those that go to a cluster.
    pub(super) kept: Vec<Found<'a>>,
    /// Those that others make.
    owned: Vec<Found<'a>>,
}

impl<'a> Moved<'a> {
    /// Takes an object; what is to be said of it. What is published already is applied as it lies there.
    pub(super) fn take(&mut self, file: &'a str, placed: Placed, published: bool) -> Vec<Finding> {
        let Placed { line, value, exported } = placed;
        let mut found = Found { file, line, value };
        if owner(&found.value).is_some() {
            self.owned.push(found);
            return vec![];
        }
        if let Some(why) = made_by_the_cluster(&found.value, exported) {
            // An account that is there already is not changed by one that says nothing.
            let costs = text(&found.value, "/kind") != "ServiceAccount";
            return vec![left(&found, published, costs, &format!("{why}: it is left out"))];
        }
        let gone = clean(&mut found.value, exported);
        let mut findings = vec![];
        if !gone.is_empty() {
            let places: Vec<_> = gone.iter().map(|Gone { place, .. }| place.as_str()).collect();
            let what = format!(
                "it says of the cluster that it comes from what another one does not have: {} left out",
                places.join(", ")
            );
            findings.push(left(&found, published, gone.iter().any(|gone| gone.costs_a_cluster), &what));
        }
        findings.extend(fixed(&found.value).into_iter().map(|(place, is_lost)| {
            let (weight, what) = if is_lost {
                (Weight::Warns, "it may be none, or another's, in a new cluster: take it out")
            } else {
                (Weight::Notes, "it must be free in every cluster")
            };
            found.finding(weight, &format!("{place} is fixed: {what}"))
        }));
        self.kept.push(found);
        findings
    }

    /// What is to be said of what others make. Unless all files could be read, an owner may lie in what could not.
    pub(super) fn owned(&self, published: bool, is_whole: bool) -> Vec<Finding> {
        self.owned.iter().map(|found| self.of_one(found, published, is_whole)).collect()
    }

    fn of_one(&self, found: &Found<'_>, published: bool, is_whole: bool) -> Finding {
        let (kind, name) = owner(&found.value).unwrap_or_default();
        let namespace = text(&found.value, "/metadata/namespace");
        let is_it = |other: &Found<'_>| {
            let of = text(&other.value, "/metadata/namespace");
            text(&other.value, "/kind") == kind
                && text(&other.value, "/metadata/name") == name
                && (of == namespace || of.is_empty())
        };
        if !is_whole || self.kept.iter().chain(&self.owned).any(is_it) {
            return left(found, published, true, &format!("{kind} {name} owns it, and makes it: it is left out"));
        }
        let what = format!(
            "{kind} {name} owns it, and is in none of the files: a new cluster removes it as garbage, again and again. Export \
             what makes it instead, or take metadata.ownerReferences out"
        );
        found.finding(Weight::Refuses, &what)
    }
}

fn left(found: &Found<'_>, published: bool, costs_a_cluster: bool, what: &str) -> Finding {
    if published && costs_a_cluster {
        let what = format!("{what} when the site is published once more, and is applied now");
        return found.finding(Weight::Refuses, &what);
    }
    found.finding(Weight::Warns, what)
}
