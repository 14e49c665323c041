//! The tags by which we know what is ours.
use serde_json::{Map, Value};

/// On a cluster: the id of the run that made it, or took it back into service.
pub const RUN_TAG: &str = "aks-bluegreen-run";
/// On a cluster: the name of the site that it belongs to.
pub const SITE_TAG: &str = "aks-bluegreen-site";
/// On a cluster: the id of the run that retired it. It serves nothing and is kept as the way back.
pub const RETIRED_TAG: &str = "aks-bluegreen-retired";
/// On a gateway: which of our writes is in force, `<run id>/<nonce>`.
pub const MARK_TAG: &str = "aks-bluegreen-mark";

/// Azure refuses a resource with more tags.
pub const MOST_TAGS: usize = 50;

/// On a gateway: the ingress controller AGIC writes it.
pub const AGIC_TAG: &str = "managed-by-k8s-ingress";

/// The value of a resource's tag. Azure keeps the case of a tag's name, but compares names without it.
#[must_use]
pub fn tag<'a>(resource: &'a Value, name: &str) -> Option<&'a str> {
    let tags = resource.get("tags")?.as_object()?;
    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
}

/// Writes a tag, under the name that the resource has it by already, if it does.
pub fn write_tag(resource: &mut Value, name: &str, value: &str) {
    if !resource["tags"].is_object() {
        resource["tags"] = Value::Object(Map::new());
    }
    let Some(tags) = resource["tags"].as_object_mut() else { return };
    let known = tags.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    tags.insert(known.unwrap_or_else(|| name.to_owned()), value.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tag_is_found_whatever_the_case_of_its_name() {
        let resource = json!({"tags": {"AKS-BlueGreen-Run": "shop-1", "number": 7}});
        assert_eq!(tag(&resource, RUN_TAG), Some("shop-1"));
        assert_eq!(tag(&resource, "number"), None);
        assert_eq!(tag(&json!({"tags": null}), RUN_TAG), None);
    }
}
