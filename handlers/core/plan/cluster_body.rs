//! The new cluster's body from the old one's: equal, except where the plan says so or where a thing can only be
//! one cluster's. What we do not know is carried along: a setting that a newer api-version brings is not lost.
use crate::plan::Plan;
use crate::resources::answers::{name_of, same_id, same_name, text};
use crate::resources::digest::digest;
use crate::resources::merge::merge_patch;
use crate::resources::tags::{MOST_TAGS, OURS, RUN_TAG, SERVING_TAG, SITE_TAG};
use crate::workload::manifests::{Placeholders, fill};
use serde_json::{Map, Value, json};

mod fields;
mod owned;

pub use fields::{NOT_CARRIED, READ_ONLY};

/// The body for the PUT of the new cluster, from a GET of the old one.
///
/// # Errors
/// When the GET is no cluster, or the new cluster would have more tags than Azure allows.
pub fn new_cluster(old: &Value, plan: &Plan, run: &str) -> Result<Value, String> {
    let from = &plan.old_slot().cluster;
    for member in ["/properties", "/location"] {
        if old.pointer(member).is_none_or(Value::is_null) {
            return Err(format!("the answer for {from} is no cluster: it has no {}", &member[1..]));
        }
    }
    let mut body = old.clone();
    owned::remove(&mut body, from, text(old, "/properties/nodeResourceGroup"));
    without_what_stays_behind(&mut body);
    rename(&mut body, &plan.new_slot().cluster);
    move_subnets(&mut body, plan);
    keep_automatic_upgrades_off(&mut body);
    let moved: Vec<String> = pools_in(&body, &plan.new_slot().subnet).map(ToOwned::to_owned).collect();

    // No changes are `null` here, which as a patch would mean: delete the whole cluster.
    let changes = changes(plan, run, old)?;
    if changes.is_object() {
        merge_patch(&mut body, &changes);
    }
    // From here on what no change may override.
    fields::remove_all(&mut body, READ_ONLY);
    body["location"] = old["location"].clone();
    move_subnets(&mut body, plan);
    if let Some(group) = &plan.new_slot().node_resource_group {
        merge_patch(&mut body, &json!({"properties": {"nodeResourceGroup": group}}));
    }
    place_pools(&mut body, &moved, plan);
    let is_system = |pool: &Value| same_name(text(pool, "/mode"), "System");
    if pools(old).iter().any(is_system) && !pools(&body).iter().any(is_system) {
        return Err(
            "the new cluster would have no pool of the mode System: see to \"clusterChanges\" in the site".into()
        );
    }
    let tags = tags(&body, &plan.site.name, run)?;
    body["tags"] = Value::Object(tags);
    Ok(body)
}

/// A cluster without what Azure alone writes: what is left of it can be compared with a body for a PUT.
#[must_use]
pub fn without_read_only(cluster: &Value) -> Value {
    let mut body = cluster.clone();
    fields::remove_all(&mut body, READ_ONLY);
    body
}

fn without_what_stays_behind(body: &mut Value) {
    fields::remove_all(body, READ_ONLY);
    fields::remove_all(body, NOT_CARRIED);
    // With a managed identity `clientId` is the word msi, which a PUT does not need. A Windows administrator is
    // needed by Windows pools alone; AKS makes one by itself, and the old one's password cannot be read.
    if same_name(text(body, "/properties/servicePrincipalProfile/clientId"), "msi") {
        fields::remove(body, "properties.servicePrincipalProfile");
    }
    if !pools(body).iter().any(|pool| same_name(text(pool, "/osType"), "Windows")) {
        fields::remove(body, "properties.windowsProfile");
    }
}

/// Gives the cluster's public and private names, which two clusters cannot share, new values.
fn rename(body: &mut Value, cluster: &str) {
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let prefix = dns_prefix(cluster);
    // A private cluster with a DNS zone of its own has a subdomain instead of a prefix.
    if properties.contains_key("fqdnSubdomain") {
        properties.insert("fqdnSubdomain".to_owned(), json!(prefix));
    }
    if properties.contains_key("dnsPrefix") || !properties.contains_key("fqdnSubdomain") {
        properties.insert("dnsPrefix".to_owned(), json!(prefix));
    }
}

/// A DNS prefix for a cluster: its name, and a hash of its id, since names repeat between resource groups. At most 54
/// letters, digits and hyphens, a letter or digit at both ends.
fn dns_prefix(cluster: &str) -> String {
    let hash = digest(&cluster.to_ascii_lowercase());
    let allowed = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = name_of(cluster).chars().map(allowed).take(40).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "aks" } else { name };
    format!("{name}-{}", &hash[..8])
}

/// What the site changes in this slot's cluster, with its placeholders filled.
fn changes(plan: &Plan, run: &str, old: &Value) -> Result<Value, String> {
    let filled = Placeholders::of_body(plan, run, old);
    fill(plan.site.changes(plan.new_colour()), &filled).map_err(|why| format!("clusterChanges: {why}"))
}

/// Moves everything that lies in a subnet of the old slot into its counterpart of the new one.
fn move_subnets(body: &mut Value, plan: &Plan) {
    let (old, new) = (plan.old_slot(), plan.new_slot());
    move_subnet(body, &old.subnet, &new.subnet);
    for (name, from) in &old.subnets {
        if let Some(to) = new.subnets.get(name) {
            move_subnet(body, from, to);
        }
    }
}

/// Moves everything that lies in the old slot's subnet, wherever the cluster names it.
fn move_subnet(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(id) if same_id(id, from) => to.clone_into(id),
        Value::Array(items) => items.iter_mut().for_each(|item| move_subnet(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|member| move_subnet(member, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An automatic upgrade would race the run. Left out, newer api-versions switch them on.
fn keep_automatic_upgrades_off(body: &mut Value) {
    let profile = json!({"properties": {"autoUpgradeProfile": {"upgradeChannel": "none"}}});
    merge_patch(body, &profile);
    if text(body, "/properties/autoUpgradeProfile/nodeOSUpgradeChannel").is_empty() {
        body["properties"]["autoUpgradeProfile"]["nodeOSUpgradeChannel"] = json!("None");
    }
}

/// The version is the plan's; pools that were moved to the new slot's subnet stay there, new ones go there.
fn place_pools(body: &mut Value, moved: &[String], plan: &Plan) {
    let version = plan.version.to_string();
    merge_patch(body, &json!({"properties": {"kubernetesVersion": version}}));
    let pools = body.pointer_mut("/properties/agentPoolProfiles").and_then(Value::as_array_mut);
    for pool in pools.into_iter().flatten().filter_map(Value::as_object_mut) {
        pool.insert("orchestratorVersion".to_owned(), json!(version));
        let is_moved = pool.get("name").and_then(Value::as_str).is_some_and(|name| moved.iter().any(|it| it == name));
        if is_moved || !pool.get("vnetSubnetID").is_some_and(Value::is_string) {
            pool.insert("vnetSubnetID".to_owned(), json!(plan.new_slot().subnet));
        }
    }
}

/// The tags of the body with ours, of which no earlier run's survive.
fn tags(body: &Value, site: &str, run: &str) -> Result<Map<String, Value>, String> {
    let mut tags = body.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.retain(|name, _| !OURS.iter().any(|our| our.eq_ignore_ascii_case(name)));
    tags.insert(RUN_TAG.to_owned(), json!(run));
    tags.insert(SITE_TAG.to_owned(), json!(site));
    if tags.len() > MOST_TAGS {
        let spare = MOST_TAGS - 2;
        return Err(format!("the cluster has {} tags besides ours, Azure allows {spare}: remove some", tags.len() - 2));
    }
    if tags.len() < MOST_TAGS {
        tags.insert(SERVING_TAG.to_owned(), json!("false"));
    }
    Ok(tags)
}

/// The pools of a cluster's body.
#[must_use]
pub fn pools(body: &Value) -> &[Value] {
    crate::resources::answers::list(body, "/properties/agentPoolProfiles")
}

fn pools_in<'a>(body: &'a Value, subnet: &'a str) -> impl Iterator<Item = &'a str> {
    pools(body).iter().filter(move |pool| same_id(text(pool, "/vnetSubnetID"), subnet)).map(|pool| text(pool, "/name"))
}
