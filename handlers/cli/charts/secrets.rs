//! Secrets among the values of a site's charts: what a person is told of them.
use crate::cli::site_files::{place_of, text_of};
use crate::site::{Manifest, Site};
use crate::workload::chart::secrets::in_values;
use crate::workload::desk::{Finding, Weight};
use crate::workload::yaml::documents;
use serde_json::Value;
use std::path::Path;

const WHAT: &str = "a secret here would lie readable in the store, with what the chart makes of it. Let the chart take a Secret that \
                    is there (by its name, as existingSecret does), made from a Key Vault by External Secrets, say";

/// A warning for each. `places`: where the site's manifests stand in its file.
#[must_use]
pub fn told(folder: &Path, site: &Site, places: &[String]) -> Vec<Finding> {
    let finding = |file: String, what: String| Finding { weight: Weight::Warns, file, line: 1, what };
    let charts = site.manifests().zip(places).filter(|(manifest, _)| manifest.chart.is_some());
    let each = charts.flat_map(|(manifest, place)| {
        let here = in_values(&Value::Object(manifest.values.clone())).into_iter();
        let mut findings: Vec<_> =
            here.map(|within| finding(format!("{place}/values{within}"), WHAT.to_owned())).collect();
        let file = manifest.values_file.as_deref().unwrap_or_default();
        let told = |within| finding(format!("{place}/valuesFile"), format!("{file} at {within}: {WHAT}"));
        findings.extend(in_file(folder, manifest).into_iter().map(told));
        findings
    });
    each.collect()
}

/// Those in its file of values. One that cannot be read is a mistake of its own.
fn in_file(folder: &Path, manifest: &Manifest) -> Vec<String> {
    let text = manifest.values_file.as_deref().and_then(|file| text_of(&place_of(folder, file).ok()?).ok());
    let (values, _) = text.and_then(|text| documents(&text).ok()).unwrap_or_default();
    values.iter().flat_map(|document| in_values(&document.value)).collect()
}
