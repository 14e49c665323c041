//! What a slot has beside its own subnet: the group for its nodes, and the subnets of further pools and of pods.
use super::slots::{counterpart, swapped};
use super::{Found, Serving, Sheet};
use crate::resources::answers::{list, name_of, same_id, same_name, text};
use serde_json::{Map, Value, json};

/// Writes it into both slots, the serving one and the idle one.
pub(super) fn write(
    sheet: &mut Sheet,
    found: &Found,
    serving: &Serving<'_>,
    ours: &mut Value,
    (colour, idle): (&str, &mut Value),
) {
    group(sheet, serving, ours, colour, idle);
    let further = further(serving);
    if further.is_empty() {
        return;
    }
    let (mut own, mut others) = (Map::new(), Map::new());
    for (name, id) in further {
        let place = format!("/slots/{colour}/subnets/{name}");
        let subnet = found.networks.iter().flat_map(|network| list(network, "/properties/subnets"));
        let twin = subnet.clone().find(|subnet| same_id(text(subnet, "/id"), id));
        let twin = twin.and_then(|subnet| counterpart(found, subnet));
        let other = match twin {
            Some(twin) => json!(text(twin, "/id")),
            None => {
                sheet.undecided(&place, "a subnet for this slot, as large as the other's: there is no twin by its name")
            }
        };
        own.insert(name.clone(), json!(id));
        others.insert(name, other);
    }
    sheet.decide(
        &format!("/slots/{colour}/subnets"),
        "the further subnets of the other slot's cluster have these twins, by their names.",
    );
    ours["subnets"] = Value::Object(own);
    idle["subnets"] = Value::Object(others);
}

/// The subnets of the serving cluster's further pools and of its pods, each with a name for it.
fn further<'a>(serving: &Serving<'a>) -> Vec<(String, &'a str)> {
    let own = text(serving.subnet, "/id");
    let mut found: Vec<(String, &str)> = vec![];
    for pool in list(serving.cluster, "/properties/agentPoolProfiles") {
        for (member, what) in [("/vnetSubnetID", ""), ("/podSubnetID", "-pods")] {
            let id = text(pool, member);
            if !id.is_empty() && !same_id(id, own) && !found.iter().any(|(_, known)| same_id(known, id)) {
                found.push((format!("{}{what}", text(pool, "/name")), id));
            }
        }
    }
    found
}

/// A group of the user's own naming needs a successor.
fn group(sheet: &mut Sheet, serving: &Serving<'_>, ours: &mut Value, colour: &str, idle: &mut Value) {
    let group = text(serving.cluster, "/properties/nodeResourceGroup");
    if group.is_empty() || group.get(..3).is_some_and(|start| same_name(start, "MC_")) {
        return;
    }
    ours["nodeResourceGroup"] = json!(group);
    idle["nodeResourceGroup"] = json!(swapped(group));
    sheet.decide(
        &format!("/slots/{colour}/nodeResourceGroup"),
        &format!(
            "the name of the group that AKS makes for the nodes; those of {} lie in {group}.",
            name_of(text(serving.cluster, "/id"))
        ),
    );
}
