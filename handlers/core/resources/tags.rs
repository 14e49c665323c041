//! The tags by which we know what is ours.
use serde_json::{Map, Value};

/// On a cluster: the id of the run that made it, or took it back into service.
pub const RUN_TAG: &str = "aks-bluegreen-run";
/// On a cluster: the name of the site that it belongs to.
pub const SITE_TAG: &str = "aks-bluegreen-site";
/// On a cluster: the id of the run that retired it. It serves nothing and is kept as the way back.
pub const RETIRED_TAG: &str = "aks-bluegreen-retired";
/// On a cluster: whether it carries its site's traffic for good (`true`, `false`), so where pipelines deploy to. It is written
/// when an upgrade is decided, not while both clusters carry traffic.
pub const SERVING_TAG: &str = "aks-bluegreen-serving";
/// On a gateway: which of our writes is in force, `<run id>/<nonce>`.
pub const MARK_TAG: &str = "aks-bluegreen-mark";

/// Those that are ours alone to write.
pub const OURS: [&str; 5] = [RUN_TAG, SITE_TAG, RETIRED_TAG, SERVING_TAG, MARK_TAG];

/// Azure refuses a resource with more tags.
pub const MOST_TAGS: usize = 50;

/// On a gateway: the ingress controller AGIC writes it.
pub const AGIC_TAG: &str = "managed-by-k8s-ingress";

/// Whether this begins with the id of a run of a site.
#[must_use]
pub fn is_run_of(site: &str, text: &str) -> bool {
    text.strip_prefix(site).is_some_and(|rest| rest.starts_with('-'))
}

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

/// Whether a cluster's tag says already whether it serves. One that has no room for the tag says all that it can.
#[must_use]
pub fn says(cluster: &Value, serves: bool) -> bool {
    match tag(cluster, SERVING_TAG) {
        Some(said) => said == word(serves),
        None => count(cluster) >= MOST_TAGS,
    }
}

/// A cluster's tags, with one that says whether it serves: if there is room for it.
#[must_use]
pub fn saying(cluster: &Value, serves: bool) -> Value {
    let mut said = only_tags(cluster);
    if tag(&said, SERVING_TAG).is_some() || count(&said) < MOST_TAGS {
        write_tag(&mut said, SERVING_TAG, word(serves));
    }
    said["tags"].take()
}

/// The tags of a cluster that this run takes back into service.
#[must_use]
pub fn taken_back(cluster: &Value, run: &str) -> Value {
    let mut tagged = only_tags(cluster);
    write_tag(&mut tagged, RUN_TAG, run);
    tagged["tags"].take()
}

/// The tags of a cluster that this run has retired.
#[must_use]
pub fn retired(cluster: &Value, run: &str) -> Value {
    let mut tagged = only_tags(cluster);
    write_tag(&mut tagged, RETIRED_TAG, run);
    saying(&tagged, false)
}

/// The tags of a cluster that is retired no more.
#[must_use]
pub fn back_in_service(cluster: &Value) -> Value {
    let mut back = only_tags(cluster);
    if let Some(tags) = back["tags"].as_object_mut() {
        tags.retain(|name, _| !name.eq_ignore_ascii_case(RETIRED_TAG));
    }
    if tag(&back, SERVING_TAG).is_some() {
        write_tag(&mut back, SERVING_TAG, word(true));
    }
    back["tags"].take()
}

const fn word(serves: bool) -> &'static str {
    if serves { "true" } else { "false" }
}

fn count(cluster: &Value) -> usize {
    cluster["tags"].as_object().map_or(0, Map::len)
}

fn only_tags(cluster: &Value) -> Value {
    let tags = cluster["tags"].as_object().cloned().unwrap_or_default();
    Value::Object(Map::from_iter([("tags".to_owned(), Value::Object(tags))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_retired_cluster_serves_no_more_until_it_is_back() {
        let cluster = json!({"tags": {"team": "shop", "AKS-BlueGreen-Serving": "true"}});
        let retired = json!({"tags": retired(&cluster, "shop-1")});
        let said = json!({"team": "shop", "AKS-BlueGreen-Serving": "false", RETIRED_TAG: "shop-1"});
        assert_eq!(retired["tags"], said);
        assert!(says(&retired, false) && !says(&retired, true) && !says(&json!({}), true));
        assert_eq!(back_in_service(&retired), cluster["tags"]);
        assert_eq!(back_in_service(&json!({"tags": {RETIRED_TAG: "shop-1"}})), json!({}), "nothing was said of it");
    }

    #[test]
    fn a_cluster_without_room_is_left_without_the_tag() {
        let full: Map<_, _> = (0..MOST_TAGS).map(|at| (format!("tag-{at}"), json!("x"))).collect();
        let full = json!({"tags": full});
        assert!(says(&full, true) && says(&full, false));
        assert_eq!(saying(&full, true), full["tags"]);
    }

    #[test]
    fn a_tag_is_found_whatever_the_case_of_its_name() {
        let resource = json!({"tags": {"AKS-BlueGreen-Run": "shop-1", "number": 7}});
        assert_eq!(tag(&resource, RUN_TAG), Some("shop-1"));
        assert_eq!(tag(&resource, "number"), None);
        assert_eq!(tag(&json!({"tags": null}), RUN_TAG), None);
    }
}
