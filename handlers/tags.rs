//! PURE. The tags that we put on resources.
use serde_json::Value;

/// On a managed cluster: the id of the run that created it, or started it again.
pub const RUN_TAG: &str = "aks-bluegreen-run";
/// On a managed cluster: the site that it belongs to.
pub const SITE_TAG: &str = "aks-bluegreen-site";
/// On a managed cluster that was replaced and kept: the id of the run that retired it.
pub const RETIRED_TAG: &str = "aks-bluegreen-retired";
/// On the gateway: which of our writes is in force.
pub const MARK_TAG: &str = "aks-bluegreen-mark";

/// A resource's tag of this name. Azure compares names without regard to case.
#[must_use]
pub fn tag<'a>(resource: &'a Value, name: &str) -> Option<&'a str> {
    let tags = resource["tags"].as_object()?;
    tags.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?.1.as_str()
}
