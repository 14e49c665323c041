//! Resource ids in a site file: each names a resource of the right kind, and nothing that would lead a request elsewhere.
use super::{Mistake, mistake};
use crate::resources::answers::{lies_in, list, same_id, same_name, shortened, text};
use serde_json::Value;

/// The kinds of ids: the types after the provider, and how long their names may be, in letters.
type Kind = (&'static str, &'static [(&'static str, usize)]);
const GATEWAY: Kind = ("Microsoft.Network", &[("applicationGateways", 80)]);
const CLUSTER: Kind = ("Microsoft.ContainerService", &[("managedClusters", 63)]);
const IDENTITY: Kind = ("Microsoft.ManagedIdentity", &[("userAssignedIdentities", 128)]);
const SUBNET: Kind = ("Microsoft.Network", &[("virtualNetworks", 64), ("subnets", 80)]);
/// Of a resource group.
const LONGEST_GROUP: usize = 90;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let mut mistakes: Vec<_> = judge(file, "/gateway", GATEWAY).into_iter().collect();
    for colour in ["blue", "green"] {
        let place = |member: &str| format!("/slots/{colour}/{member}");
        mistakes.extend(judge(file, &place("cluster"), CLUSTER));
        mistakes.extend(judge(file, &place("subnet"), SUBNET));
        mistakes.extend(judge(file, &place("ingressSubnet"), SUBNET));
        for name in further(file, colour) {
            mistakes.extend(judge(file, &place(&format!("subnets/{}", escaped(name))), SUBNET));
        }
        let group = text(file, &place("nodeResourceGroup"));
        if let Some(why) = no_group(group).filter(|_| !group.is_empty()) {
            let what = format!("expected the name of a resource group, found {:?}: {why}", shortened(group));
            mistakes.push(mistake(place("nodeResourceGroup"), what));
        }
        mistakes.extend(elsewhere(file, colour));
    }
    mistakes.extend(pairs(file));
    let groups = ["blue", "green"].map(|colour| text(file, &format!("/slots/{colour}/nodeResourceGroup")));
    if !groups[0].is_empty() && same_name(groups[0], groups[1]) {
        let what =
            "the blue slot has the same: while both clusters are there, each needs a group of its own for its nodes";
        mistakes.push(mistake("/slots/green/nodeResourceGroup", what));
    }
    for name in super::changes::identities(file) {
        let place = format!("/identities/{}", escaped(name));
        if !crate::site::is_name(name) {
            mistakes.push(mistake(&place, "expected a name of 1 to 40 lower-case letters, digits and hyphens"));
        }
        mistakes.extend(judge(file, &place, IDENTITY));
    }
    for (index, name) in list(file, "/federate").iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        mistakes.extend(super::presets::unknown(file, format!("/federate/{index}"), name));
    }
    mistakes
}

/// The ingress of a cluster can only have addresses in its own network.
fn elsewhere(file: &Value, colour: &str) -> Option<Mistake> {
    let place = format!("/slots/{colour}/ingressSubnet");
    let (nodes, ingress) = (text(file, &format!("/slots/{colour}/subnet")), text(file, &place));
    let network = |id: &str| id.to_lowercase().split_once("/subnets/").map(|(network, _)| network.to_owned());
    let is_elsewhere = !ingress.is_empty() && network(nodes).is_some_and(|network| !lies_in(ingress, &network));
    is_elsewhere.then(|| mistake(place, "expected a subnet of the network in which the slot's own subnet lies"))
}

/// Further subnets mean something in pairs only, and each is one slot's.
fn pairs(file: &Value) -> Vec<Mistake> {
    let mut mistakes = vec![];
    for (colour, other) in [("blue", "green"), ("green", "blue")] {
        for name in further(file, colour) {
            let place = format!("/slots/{colour}/subnets/{}", escaped(name));
            let counterpart = text(file, &format!("/slots/{other}/subnets/{}", escaped(name)));
            if counterpart.is_empty() {
                mistakes.push(mistake(&place, format!("the {other} slot has no subnet {:?}", shortened(name))));
            } else if colour == "green" && same_id(counterpart, text(file, &place)) {
                mistakes.push(mistake(&place, format!("the {other} slot has the same subnet")));
            }
        }
    }
    mistakes
}

fn further<'a>(file: &'a Value, colour: &str) -> impl Iterator<Item = &'a String> {
    let subnets = file.pointer(&format!("/slots/{colour}/subnets")).and_then(Value::as_object);
    subnets.into_iter().flat_map(|subnets| subnets.keys())
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn judge(file: &Value, place: &str, kind: Kind) -> Option<Mistake> {
    let id = file.pointer(place)?.as_str()?;
    let why = wrong(id, kind)?;
    let (provider, types) = kind;
    let names: Vec<_> = types.iter().map(|(name, _)| format!("{name}/<name>")).collect();
    let like = format!("/subscriptions/<id>/resourceGroups/<group>/providers/{provider}/{}", names.join("/"));
    Some(mistake(place, format!("expected a resource id like {like}: {why}")))
}

/// What is wrong with an id of this kind. Azure spells the words in any case, and so may a file.
fn wrong(id: &str, (provider, types): Kind) -> Option<String> {
    let parts: Vec<_> = id.strip_prefix('/')?.split('/').collect();
    let [subscriptions, subscription, groups, group, providers, namespace, rest @ ..] = &parts[..] else {
        return Some(format!("found {:?}", shortened(id)));
    };
    for (found, expected) in
        [(subscriptions, "subscriptions"), (groups, "resourceGroups"), (providers, "providers"), (namespace, provider)]
    {
        if !same_name(found, expected) {
            return Some(format!("found {:?} in the place of {expected}", shortened(found)));
        }
    }
    if !is_uuid(subscription) {
        let like = "expected a subscription's id like 00000000-0000-0000-0000-000000000001";
        return Some(format!("{like}, found {:?}", shortened(subscription)));
    }
    if let Some(why) = no_group(group) {
        return Some(format!("{:?} is no name of a group: {why}", shortened(group)));
    }
    if rest.len() != 2 * types.len() {
        return Some(format!("found {:?} behind {provider}", shortened(&rest.join("/"))));
    }
    rest.chunks(2).zip(types).find_map(|(part, (kind, longest))| {
        if !same_name(part[0], kind) {
            return Some(format!("found {:?} in the place of {kind}", shortened(part[0])));
        }
        let is_cluster = *kind == "managedClusters";
        let why = no_name(part[1], *longest)
            .or_else(|| (is_cluster && part[1].contains('.')).then(|| "it has a full stop".to_owned()))?;
        Some(format!("{:?} is no name in {kind}: {why}", shortened(part[1])))
    })
}

pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit())
}

/// Why a resource cannot have this name; `None`: it can. Letters, digits, `_`, `-` and `.`, the first a letter, a digit or
/// `_`, the last no `.` or `-`.
pub(super) fn no_name(name: &str, longest: usize) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    odd(name, longest, |letter| is_plain(letter) || matches!(letter, '-' | '.'))
        .or_else(|| (!name.starts_with(is_plain)).then(|| "it does not begin with a letter or digit".to_owned()))
        .or_else(|| (!name.ends_with(is_plain)).then(|| "it does not end with a letter or digit".to_owned()))
}

/// The same of a resource group: letters of any script, and parentheses, too.
fn no_group(name: &str) -> Option<String> {
    odd(name, LONGEST_GROUP, |letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '(' | ')'))
        .or_else(|| name.ends_with('.').then(|| "it ends with a full stop".to_owned()))
}

fn odd(name: &str, longest: usize, is_allowed: impl Fn(char) -> bool) -> Option<String> {
    let length = name.chars().count();
    if length == 0 || length > longest {
        return Some(format!("expected 1 to {longest} letters, found {length}"));
    }
    name.chars().find(|letter| !is_allowed(*letter)).map(|letter| format!("{letter:?} cannot be in it"))
}
