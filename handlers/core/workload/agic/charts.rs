//! AGIC's chart in objects by which a reconciler in the cluster installs it: Flux, Argo CD, a Helm controller. Pure.
//!
//! The chart has no value for the count of its pods, so that what installs it starts it.
use super::CHART;
use crate::resources::answers::{list, text};
use crate::resources::object::{group, name};
use serde_json::Value;

/// How an object that would install AGIC's chart does not; `None`: it would not. `all`: what lies beside it.
#[must_use]
pub fn installed(object: &Value, all: &[&Value]) -> Option<&'static str> {
    let spec = &object["spec"];
    match (group(text(object, "/apiVersion")), text(object, "/kind")) {
        ("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease") => {
            let is_its = is_its_chart(text(spec, "/chart/spec/chart"))
                || is_its_chart(text(spec, "/chart/name"))
                || is_its_source(&spec["chartRef"], object, all);
            let is_off = spec["suspend"] == true || spec["postRenderers"].to_string().contains("replicas");
            (is_its && !is_off).then_some("suspend it (spec.suspend: true)")
        }
        ("argoproj.io", "Application") => application(spec, ""),
        ("argoproj.io", "ApplicationSet") => application(&spec["template"]["spec"], text(spec, "/templatePatch")),
        ("helm.cattle.io", "HelmChart") => is_its_chart(text(spec, "/chart")).then_some("leave it out"),
        ("helm.crossplane.io", "Release") => {
            is_its_chart(text(spec, "/forProvider/chart/name")).then_some("leave it out")
        }
        _ => None,
    }
}

/// What Argo CD installs without being asked.
fn application(spec: &Value, patch: &str) -> Option<&'static str> {
    let sources = list(spec, "/sources").iter().chain([&spec["source"]]);
    let is_its = |source: &Value| ["/chart", "/repoURL", "/path"].iter().any(|at| is_its_chart(text(source, at)));
    let automated = &spec["syncPolicy"]["automated"];
    let is_automated = (automated.is_object() && automated["enabled"] != false) || patch.contains("automated");
    (is_automated && sources.into_iter().any(is_its))
        .then_some("leave syncPolicy.automated out, so that a person syncs it")
}

/// Whether a release takes its chart from this source of Flux, which lies beside it.
fn is_its_source(reference: &Value, release: &Value, all: &[&Value]) -> bool {
    let space = |object: &Value| text(object, "/metadata/namespace").to_owned();
    let wanted = match text(reference, "/namespace") {
        "" => space(release),
        named => named.to_owned(),
    };
    let is_it = |source: &&&Value| {
        group(text(source, "/apiVersion")) == "source.toolkit.fluxcd.io"
            && text(source, "/kind") == text(reference, "/kind")
            && name(source) == text(reference, "/name")
            && space(source) == wanted
    };
    all.iter().filter(is_it).any(|source| ["/spec/url", "/spec/chart"].iter().any(|at| is_its_chart(text(source, at))))
}

/// Whether this is AGIC's chart: by its name, or the last part of its address or path.
fn is_its_chart(address: &str) -> bool {
    let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let Some(rest) = last.strip_prefix(CHART) else { return false };
    let is_version = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    rest.is_empty() || rest == ".git" || rest.starts_with([':', '@']) || rest.strip_prefix('-').is_some_and(is_version)
}
