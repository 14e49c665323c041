//! What an object needs must come before it: its namespace, the definition of its kind.
use super::again::lies_in_none;
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::workload::EVERYWHERE;
use crate::workload::refusal::is_own;
use std::collections::BTreeMap;

/// Groups whose definitions AKS brings with its add-ons and extensions, if they are on.
const OF_ADD_ONS: [&str; 9] = [
    "aadpodidentity.k8s.io",
    "azure.com",
    "gateway.networking.k8s.io",
    "istio.io",
    "keda.sh",
    "metrics.k8s.io",
    "secrets-store.csi.x-k8s.io",
    "snapshot.storage.k8s.io",
    "toolkit.fluxcd.io",
];

/// What is needed and comes later, or never.
pub fn late(all: &[Found<'_>]) -> Vec<Finding> {
    let (namespaces, definitions) = (first_of(all, "Namespace", "/metadata/name"), definitions(all));
    let files: Vec<&str> = all.iter().map(|found| found.file).fold(vec![], |mut files, file| {
        if files.last() != Some(&file) {
            files.push(file);
        }
        files
    });
    let place = |file: &str| files.iter().position(|known| *known == file).unwrap_or(0);
    let judge = |what: String, own: &Found<'_>, known: Option<&&Found<'_>>, by_others: Option<&str>| match known {
        // Within one file, namespaces and definitions go first.
        Some(before) if place(before.file) <= place(own.file) => None,
        Some(later) => {
            let why = format!("{what} comes later, in {}: put that file before this one", later.file);
            Some(own.finding(Weight::Refuses, &why))
        }
        None => by_others.map(|means| {
            let why = format!("{what} is in none of the files: it must be there by {means}, or it is never applied");
            own.finding(Weight::Warns, &why)
        }),
    };
    let mut findings = vec![];
    for found in all {
        let namespace = text(&found.value, "/metadata/namespace");
        if !namespace.is_empty() && !lies_in_none(found, all) {
            let means = (!EVERYWHERE.contains(&namespace)).then_some("other means");
            findings.extend(judge(format!("its namespace {namespace}"), found, namespaces.get(namespace), means));
        }
        if let Some((group, _)) =
            text(&found.value, "/apiVersion").rsplit_once('/').filter(|(group, _)| group.contains('.'))
        {
            let known = definitions.get(&(group.to_owned(), text(&found.value, "/kind").to_owned()));
            let of_azure = OF_ADD_ONS.iter().any(|own| group == *own || group.ends_with(&format!(".{own}")));
            let means = if of_azure { "an add-on of the cluster" } else { "other means" };
            let means = (!is_own(text(&found.value, "/apiVersion"))).then_some(means);
            findings.extend(judge(format!("the definition of its kind ({group})"), found, known, means));
        }
    }
    findings
}

fn first_of<'a, 'b>(all: &'a [Found<'b>], kind: &str, name: &str) -> BTreeMap<String, &'a Found<'b>> {
    let mut first = BTreeMap::new();
    for found in all.iter().filter(|found| text(&found.value, "/kind") == kind) {
        first.entry(text(&found.value, name).to_owned()).or_insert(found);
    }
    first
}

fn definitions<'a, 'b>(all: &'a [Found<'b>]) -> BTreeMap<(String, String), &'a Found<'b>> {
    let mut first = BTreeMap::new();
    for found in all.iter().filter(|found| text(&found.value, "/kind") == "CustomResourceDefinition") {
        let key = (text(&found.value, "/spec/group").to_owned(), text(&found.value, "/spec/names/kind").to_owned());
        first.entry(key).or_insert(found);
    }
    first
}
