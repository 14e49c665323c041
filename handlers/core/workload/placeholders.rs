//! Placeholders: the one table of what `${…}` may stand for in manifests, charts and `clusterChanges`, and their filling.
mod encoded;
mod filled;
mod form;

use crate::resources::answers::shortened;
use crate::text::few;
use encoded::encoded;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub(crate) use filled::fill;
pub(crate) use form::{in_form, in_form_of};

/// Every placeholder, in the order in which people read of it, and what it stands for. `N` is a number, `NAME` a name of the
/// site's `identities`.
pub const ALL: [(&str, &str); 20] = [
    ("cluster.name", "the new cluster's name"),
    ("cluster.version", "its exact version"),
    ("cluster.id", "its resource id"),
    ("cluster.resourceGroup", "its resource group"),
    ("cluster.location", "its region"),
    ("cluster.nodeResourceGroup", "the resource group of its nodes"),
    ("cluster.secretsProvider.clientId", "the client id of its Key Vault add-on's identity"),
    ("slot.colour", "`blue` or `green`"),
    ("slot.subnet", "the resource id of the slot's subnet"),
    ("slot.address.N", "the slot's ingress addresses, from 0"),
    ("oidc.issuer", "the cluster's issuer of tokens"),
    ("identity.NAME.clientId", "the client id of an identity that the site names in `identities`"),
    ("identity.NAME.principalId", "its object id"),
    ("identity.NAME.resourceId", "its resource id"),
    ("gateway.id", "the resource id of the Application Gateway"),
    ("gateway.name", "its name"),
    ("gateway.resourceGroup", "its resource group"),
    ("subscription", "the id of its subscription"),
    ("tenant", "the id of the directory"),
    ("environment", "the cloud, as AGIC and go-autorest call it: `AzurePublicCloud`, `AzureChinaCloud`, …"),
];
/// One more, which only what a run makes can have.
pub(crate) const RUN: &str = "run.id";
/// What only a cluster that exists can tell.
const OF_CLUSTERS: [&str; 3] = ["cluster.nodeResourceGroup", "cluster.secretsProvider.clientId", "oidc.issuer"];

/// What the placeholders stand for, by name; or why one stands for nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders(BTreeMap<String, Result<String, String>>, Vec<(Ipv4Addr, String)>);

impl Placeholders {
    /// The same with this one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), Ok(value.into()));
        self
    }

    /// The same, where these addresses are those of one slot alone: a manifest says them by their placeholder.
    #[must_use]
    pub fn of_slots(mut self, one: &[Ipv4Addr], other: &[Ipv4Addr]) -> Self {
        for (own, others) in [(one, other), (other, one)] {
            let named = own.iter().enumerate().filter(|(_, address)| !others.contains(address));
            self.1.extend(named.map(|(at, address)| (*address, format!("${{slot.address.{at}}}"))));
        }
        self
    }

    /// The placeholder by which a manifest says this address, if one slot alone has it.
    #[must_use]
    pub(crate) fn instead_of(&self, address: Ipv4Addr) -> Option<&str> {
        self.1.iter().find(|(known, _)| *known == address).map(|(_, placeholder)| placeholder.as_str())
    }

    /// The same without this one, and why.
    #[must_use]
    pub fn without(mut self, name: &str, why: &str) -> Self {
        self.0.insert(name.to_owned(), Err(why.to_owned()));
        self
    }

    pub(crate) fn with_or(self, name: &str, value: Option<&str>, why: &str) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.with(name, value),
            None => self.without(name, why),
        }
    }

    pub(crate) fn without_what_a_cluster_says(self) -> Self {
        let why = "it is known only when the cluster is there";
        OF_CLUSTERS.iter().fold(self, |filled, name| filled.without(name, why))
    }

    /// The same, where what a cluster says is still to come.
    pub(crate) fn with_what_a_cluster_will_say(self) -> Self {
        OF_CLUSTERS.iter().fold(self, |filled, name| filled.with(name, ""))
    }

    /// Before there is a cluster: for slots with so many addresses, in a site with these identities. What each stands for is
    /// not known yet, and is empty.
    #[must_use]
    pub fn of_the_desk<'a>(addresses: usize, identities: impl IntoIterator<Item = &'a str>) -> Self {
        let plain = ALL.iter().map(|(name, _)| *name).filter(|name| !name.contains('N'));
        let mut filled = plain.chain([RUN]).fold(Self::default(), |filled, name| filled.with(name, ""));
        for index in 0..addresses {
            filled = filled.with(&format!("slot.address.{index}"), "");
        }
        for name in identities {
            for member in ["clientId", "principalId", "resourceId"] {
                filled = filled.with(&format!("identity.{name}.{member}"), "");
            }
        }
        filled
    }

    /// The same, for what goes into a cluster's body.
    #[must_use]
    pub fn of_the_desk_for_a_body<'a>(addresses: usize, identities: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of_the_desk(addresses, identities).without_what_a_cluster_says()
    }

    /// Whether every placeholder of this object is one that is filled.
    ///
    /// # Errors
    /// The first that is not, and in short all others, each with its member.
    pub fn fills(&self, object: &Value) -> Result<(), String> {
        let mut unfilled = vec![];
        self.walk(object, "", &mut unfilled);
        let Some((first, others)) = unfilled.split_first() else { return Ok(()) };
        let place = if first.place.is_empty() { String::new() } else { format!("{}: ", shortened(&first.place)) };
        let others: Vec<_> =
            others.iter().map(|it| format!("{} in {}", shortened(&it.text), shortened(&it.place))).collect();
        let others = if others.is_empty() { String::new() } else { format!("; and so {}", few(&others, SHOWN, ", ")) };
        Err(format!("{place}{}{others}", first.why))
    }

    fn walk(&self, value: &Value, place: &str, unfilled: &mut Vec<Unfilled>) {
        match value {
            Value::String(text) => unfilled.extend(self.judge(text, place)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.walk(item, &format!("{place}[{at}]"), unfilled));
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let below = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    unfilled.extend(self.judge(name, &below));
                    self.walk(member, &below, unfilled);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn judge<'a>(&'a self, text: &'a str, place: &'a str) -> impl Iterator<Item = Unfilled> {
        let unfilled = |text: String, why| Unfilled { place: place.to_owned(), text, why };
        let written = Parts(text).filter_map(move |part| match part {
            Part::Plain(_) | Part::Escaped => None,
            Part::Name(name) => Some(unfilled(format!("${{{name}}}"), self.meaning(name).err()?)),
            Part::Endless(rest) => Some(unfilled(rest.to_owned(), endless(rest))),
        });
        let within = encoded(text, |name| self.0.contains_key(name));
        written.chain(within.map(move |(name, why)| unfilled(format!("${{{name}}}"), why)))
    }

    fn meaning(&self, name: &str) -> Result<&str, String> {
        match self.0.get(name) {
            Some(Ok(value)) => return Ok(value),
            Some(Err(why)) => return Err(format!("${{{name}}} is used, but {why}")),
            None => {}
        }
        let told = shortened(name);
        let count = |prefix: &str| self.0.keys().filter(|name| name.starts_with(prefix)).count();
        if name.starts_with("slot.address.") {
            let count = count("slot.address.");
            return Err(format!("${{{told}}} names none of the slot's {count} addresses, which count from 0"));
        }
        if name.starts_with("identity.") {
            let known: Vec<_> =
                self.0.keys().filter(|name| name.starts_with("identity.")).map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!(
                "${{{told}}} is of no identity that the site names in \"identities\": those give {known}"
            ));
        }
        let known: Vec<_> = ALL.iter().map(|(name, _)| *name).chain([RUN]).collect();
        Err(format!(
            "${{{told}}} is no placeholder that we know; write $${{{told}}} for the plain text, or one of {}",
            known.join(", ")
        ))
    }
}

/// So many placeholders of an object that are not filled are named.
const SHOWN: usize = 5;

/// Whether a text has a placeholder, known or not.
pub(crate) fn has_placeholder(text: &str) -> bool {
    Parts(text).any(|part| matches!(part, Part::Name(_)))
}

/// A text, part by part.
struct Parts<'a>(&'a str);

enum Part<'a> {
    Plain(&'a str),
    /// `$${`, which stands for `${`.
    Escaped,
    /// What stands in `${…}`.
    Name(&'a str),
    /// A `${` that does not end, with all that follows.
    Endless(&'a str),
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let Some(after) = self.0.strip_prefix("${") else {
            if let Some(after) = self.0.strip_prefix("$${") {
                self.0 = after;
                return Some(Part::Escaped);
            }
            let end = self.0.find("${").map_or(self.0.len(), |at| at - usize::from(self.0[..at].ends_with('$')));
            let (plain, rest) = self.0.split_at(end);
            self.0 = rest;
            return (!plain.is_empty()).then_some(Part::Plain(plain));
        };
        let Some((name, rest)) = after.split_once('}') else {
            return Some(Part::Endless(std::mem::take(&mut self.0)));
        };
        self.0 = rest;
        Some(Part::Name(name))
    }
}

/// A placeholder of an object that is not filled.
struct Unfilled {
    /// Its member.
    place: String,
    text: String,
    why: String,
}

fn endless(from: &str) -> String {
    format!("the placeholder {} does not end; write $${{ for a plain ${{", shortened(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_the_desk_fills_and_what_the_page_tells() {
        let page = include_str!("../../../docs/manifests.md");
        let desk = Placeholders::of_the_desk(1, ["shop"]);
        for (name, _) in ALL {
            let one = name.replace("address.N", "address.0").replace("NAME", "shop");
            assert!(desk.meaning(&one).is_ok(), "{one}");
            assert!(page.contains(&format!("`${{{name}}}`")), "docs/manifests.md does not tell of ${{{name}}}");
        }
        let body = Placeholders::of_the_desk_for_a_body(1, ["shop"]);
        assert!(body.meaning("oidc.issuer").unwrap_err().contains("known only when the cluster is there"));
        assert!(body.meaning("identity.shop.clientId").is_ok());
    }

    #[test]
    fn what_is_unknown_is_told_with_what_exists() {
        let desk = Placeholders::of_the_desk(2, ["agic"]);
        for (name, words) in [
            ("cluster.nam", "or one of cluster.name, cluster.version, "),
            ("environmnt", "environment, run.id"),
            ("identity.agc.clientId", "those give identity.agic.clientId, identity.agic.principalId"),
            ("slot.address.2", "none of the slot's 2 addresses"),
        ] {
            let why = desk.meaning(name).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn one_that_was_encoded_is_refused_with_its_member_and_what_to_do() {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode("${identity.agic.clientId}");
        let secret = serde_json::json!({"kind": "Secret", "data": {"client": encoded}});
        let why = Placeholders::of_the_desk(1, ["agic"]).fills(&secret).unwrap_err();
        assert!(why.contains("data.client: ${identity.agic.clientId} lies in it in base64"), "{why}");
        assert!(why.contains("stringData"), "{why}");
    }
}
