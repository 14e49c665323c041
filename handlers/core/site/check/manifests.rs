//! Manifests and charts of a site file: where their files lie, and what a chart must say.
use super::{Mistake, mistake, presets};
use crate::resources::answers::{list, shortened, text};
use crate::site::Preset;
use crate::site::manifest::{LONGEST_RELEASE, is_label};
use serde_json::Value;

/// Members that only a chart has.
const OF_CHARTS: [&str; 7] = ["repo", "version", "name", "namespace", "values", "valuesFile", "tests"];
const LONGEST_NAMESPACE: usize = 63;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let is_empty = |kind: &str| list(file, kind).is_empty();
    if file.get("prune") == Some(&Value::Bool(true)) && is_empty("/controllers") && is_empty("/workloads") {
        let what = "without controllers and workloads nothing is applied, and nothing is pruned: leave it out";
        mistakes.push(mistake("/prune", what));
    }
    for kind in ["controllers", "workloads"] {
        for (index, manifest) in list(file, &format!("/{kind}")).iter().enumerate() {
            let place = format!("/{kind}/{index}");
            let preset = Preset::ALL.into_iter().find(|preset| text(manifest, "/preset") == preset.name());
            mistakes.extend(presets::mistakes(file, &place, manifest, preset));
            mistakes.extend(match (manifest.get("chart").and_then(Value::as_str), preset) {
                (Some(chart), None) => [of_chart(&place, manifest, chart), doubled(&place, manifest)].concat(),
                (Some(chart), Some(_)) => of_chart(&place, manifest, chart),
                (None, Some(_)) => of_chart_members(&place, manifest),
                (None, None) => of_file(&place, manifest),
            });
        }
    }
    mistakes
}

fn of_file(place: &str, manifest: &Value) -> Vec<Mistake> {
    let Some(path) = manifest.get("file").and_then(Value::as_str) else {
        let has = |member: &str| manifest.get(member).is_some();
        let is_none = manifest.is_object() && !has("file") && !has("chart") && !has("preset");
        return Vec::from_iter(is_none.then(|| mistake(place, "expected \"file\", \"chart\" or \"preset\"")));
    };
    let mut mistakes = Vec::from_iter(astray(path).map(|why| below(format!("{place}/file"), path, why)));
    for member in OF_CHARTS.iter().filter(|member| manifest.get(**member).is_some()) {
        mistakes.push(mistake(format!("{place}/{member}"), "expected beside \"chart\" alone"));
    }
    mistakes
}

/// A file beside a chart, which would be ignored. A published chart has its title there.
fn doubled(place: &str, manifest: &Value) -> Vec<Mistake> {
    let is_written = manifest.get("file").is_some_and(|file| file != "") && manifest.get("renderings").is_none();
    Vec::from_iter(is_written.then(|| mistake(format!("{place}/file"), "expected \"file\" or \"chart\", not both")))
}

fn of_chart(place: &str, manifest: &Value, chart: &str) -> Vec<Mistake> {
    let member = |name: &str| manifest.get(name).and_then(Value::as_str);
    let at = |name: &str| format!("{place}/{name}");
    let mut mistakes = vec![];
    let is_fetched = chart.starts_with("oci://") || member("repo").is_some();
    if is_fetched {
        let is_exact = |version: &str| {
            let version = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
            version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok())
        };
        match member("version") {
            Some(version) if is_exact(version) => {}
            Some(version) => {
                let what = format!("expected an exact version like 1.2.3, found {:?}", shortened(version));
                mistakes.push(mistake(at("version"), what));
            }
            None => mistakes.push(mistake(at("version"), "a chart that is fetched needs its exact version")),
        }
        if let (Some(_), true) = (member("repo"), chart.contains("://") || chart.contains('/')) {
            mistakes.push(mistake(at("chart"), "expected the chart's name alone, beside \"repo\""));
        } else if has_tag(chart) {
            let what = "put what stands behind the colon into \"version\": the release would be called so, too";
            mistakes.push(mistake(at("chart"), what));
        }
    } else {
        let path = chart.trim_start_matches("./").trim_end_matches('/');
        if chart.contains("://") {
            mistakes.push(mistake(at("chart"), "expected oci://…, a folder, a .tgz, or a name beside \"repo\""));
        } else if let Some(why) = astray(path) {
            mistakes.push(below(at("chart"), chart, why));
        }
    }
    mistakes.extend(of_chart_members(place, manifest));
    mistakes
}

/// Whether an address in a registry, or a name, has a version in it: a colon that is no port's and no digest's.
fn has_tag(chart: &str) -> bool {
    let last = chart.rsplit('/').next().unwrap_or_default();
    last.split('@').next().is_some_and(|name| name.contains(':'))
}

/// The members of a chart whose address stands elsewhere, too.
fn of_chart_members(place: &str, manifest: &Value) -> Vec<Mistake> {
    let member = |name: &str| manifest.get(name).and_then(Value::as_str);
    let at = |name: &str| format!("{place}/{name}");
    let secret = |name: &&str| Some(mistake(at(name), no_secret(member(name)?)?));
    let mut mistakes: Vec<_> = ["chart", "repo"].iter().filter_map(secret).collect();
    if let Some(path) = member("valuesFile")
        && let Some(why) = astray(path)
    {
        mistakes.push(below(at("valuesFile"), path, why));
    }
    for (name, longest) in [("name", LONGEST_RELEASE), ("namespace", LONGEST_NAMESPACE)] {
        if let Some(label) = member(name).filter(|label| !is_label(label, longest)) {
            let what = format!(
                "expected up to {longest} lower-case letters, digits and hyphens, found {:?}",
                shortened(label)
            );
            mistakes.push(mistake(at(name), what));
        }
    }
    mistakes
}

/// Why the address of a chart cannot stand in a site file, which is shown and stored in many places.
fn no_secret(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let has_key = rest.contains('?');
    let what = if has_key { "nothing behind a ?, where keys stand" } else { "no user and no password" };
    let remedy = "log in to a registry (oci://…) with helm registry login; from a repository with a login fetch the chart by \
                  hand (helm repo add --username, helm pull), and name its .tgz below the site file";
    (has_key || has_user(address)).then(|| format!("an address here has {what}: {remedy}"))
}

/// Whether somebody's name, and with it perhaps a password, stands in an address.
pub(super) fn has_user(address: &str) -> bool {
    let rest = address.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    // A digest has this letter, too, and a sentence around an address; a password may have any.
    let place = rest.replace("@sha256:", "");
    place.split(['?', ' ', ',']).next().unwrap_or_default().contains('@')
}

fn below(place: String, path: &str, why: &str) -> Mistake {
    mistake(place, format!("expected a path below the site file, found {:?}: {why}", shortened(path)))
}

/// Why a path may lead elsewhere than below the site file.
fn astray(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.contains(['\\', ':']) || path.chars().any(char::is_control) {
        return Some("only names with / between them are allowed");
    }
    path.split('/').any(|part| matches!(part, "" | "." | "..")).then_some("it has an empty part, or one of . and ..")
}
