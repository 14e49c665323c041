//! An Application Gateway as raw JSON: what we read of it, and the one change that we make. Every other field
//! survives. Nobody else reads pools, their names, or what the gateway says of its backends' health.
use crate::resources::answers::{list, name_of, same_name, shortened, text};
use crate::resources::tags::{AGIC_TAG, MARK_TAG, MOST_TAGS, tag, write_tag};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Marks of the emergency way back begin so.
pub const BREAK_GLASS: &str = "break-glass/";

/// A gateway as a GET showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway(pub Value);

/// Somebody else's write: how it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Our pools have other members than they should have: with both sides, in words.
    Members(String),
    /// Our members are in force, and our mark is gone.
    Mark(String),
}

impl std::fmt::Display for Drift {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Members(why) | Self::Mark(why)) = self;
        formatter.write_str(why)
    }
}

/// The members that our pools should have: pool name and addresses.
pub type Members = Vec<(String, Vec<Ipv4Addr>)>;

impl Gateway {
    /// The tag that names which of our writes is in force.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        tag(&self.0, MARK_TAG)
    }

    /// Whether a person used the emergency way back after the last write that is known.
    #[must_use]
    pub fn is_glass_broken(&self) -> bool {
        self.mark().is_some_and(|mark| mark.starts_with(BREAK_GLASS))
    }

    /// The version of what was read.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.0["etag"].as_str()
    }

    /// Whether an ingress controller (AGIC) writes it: it tags each gateway that it writes.
    #[must_use]
    pub fn is_written_by_agic(&self) -> bool {
        tag(&self.0, AGIC_TAG).is_some()
    }

    /// Its parts of a kind: `httpListeners`, `probes`, ….
    pub(super) fn parts(&self, kind: &str) -> &[Value] {
        list(&self.0, &format!("/properties/{kind}"))
    }

    /// The part of a kind that has this name, or the name at the end of this id.
    #[must_use]
    pub fn part(&self, kind: &str, id: &str) -> Option<&Value> {
        self.parts(kind).iter().find(|part| same_name(text(part, "/name"), name_of(id)))
    }

    /// Its pools, ours or not.
    pub fn pools(&self) -> impl Iterator<Item = Pool<'_>> {
        list(&self.0, POOLS).iter().map(Pool)
    }

    /// What the pools of these names hold, the names in one spelling: to be compared.
    #[must_use]
    pub fn members_of(&self, is_meant: impl Fn(&str) -> bool) -> BTreeSet<(String, Vec<&str>)> {
        let meant = self.pools().filter(|pool| is_meant(pool.name()));
        meant.map(|pool| (pool.name().to_lowercase(), pool.members())).collect()
    }

    /// The pool of this name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<Pool<'_>> {
        self.pools().find(|pool| pool.is_named(name))
    }

    /// Whether our pools have exactly these members.
    #[must_use]
    pub fn shows(&self, members: &Members) -> bool {
        members.iter().all(|(pool, addresses)| self.pool(pool).is_some_and(|pool| pool.holds_exactly(addresses)))
    }

    /// Which of our pools have other members than these, with both sides; `None`: none.
    #[must_use]
    pub fn differs(&self, members: &Members) -> Option<String> {
        let differs = |(name, expected): &(String, Vec<Ipv4Addr>)| {
            let found = match self.pool(name) {
                Some(pool) if pool.holds_exactly(expected) => return None,
                Some(pool) => format!("{} found", pool.in_words()),
                None => "but there is no such pool".to_owned(),
            };
            Some(format!("{name}: {} expected, {found}", in_words(expected.iter().map(Ipv4Addr::to_string))))
        };
        let differences: Vec<_> = members.iter().filter_map(differs).collect();
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    /// Whether somebody's write is under way: what it shows is not in force yet.
    #[must_use]
    pub fn is_updating(&self) -> bool {
        text(&self.0, "/properties/provisioningState").eq_ignore_ascii_case("Updating")
    }

    /// The pools, ours or not, that hold one of these addresses.
    #[must_use]
    pub fn pools_with(&self, addresses: &[Ipv4Addr]) -> Vec<String> {
        self.pools().filter(|pool| pool.first_of(addresses).is_some()).map(|pool| pool.name().to_owned()).collect()
    }

    /// Whether a write can carry a mark: a resource has fifty tags at most.
    #[must_use]
    pub fn has_room_for_a_mark(&self) -> bool {
        self.mark().is_some() || self.0["tags"].as_object().is_none_or(|tags| tags.len() < MOST_TAGS)
    }

    /// The body of a write: this gateway with these members and this mark, if there is room for it, and nothing else
    /// changed.
    ///
    /// # Errors
    /// When a pool is not there, or none is named.
    pub fn with(&self, members: &Members, mark: &str) -> Result<Value, String> {
        if members.is_empty() {
            return Err("the gateway has none of the backend pools that are to be written".into());
        }
        let mut body = self.0.clone();
        for (pool, addresses) in members {
            let found = body
                .pointer_mut(POOLS)
                .and_then(Value::as_array_mut)
                .and_then(|pools| pools.iter_mut().find(|found| Pool(found).is_named(pool)))
                .ok_or_else(|| format!("the gateway has no backend pool {pool:?}"))?;
            if Pool(found).holds_exactly(addresses) {
                continue;
            }
            let before = found["properties"]["backendAddresses"].as_array().cloned().unwrap_or_default();
            // A member that stays keeps fields of its own that we do not know.
            let member = |address: &Ipv4Addr| {
                let address = address.to_string();
                let known = before.iter().find(|member| member["ipAddress"].as_str() == Some(&address));
                known.cloned().unwrap_or_else(|| json!({"ipAddress": address}))
            };
            if !found["properties"].is_object() {
                found["properties"] = Value::Object(Map::new());
            }
            found["properties"]["backendAddresses"] = addresses.iter().map(member).collect();
        }
        if self.has_room_for_a_mark() {
            write_tag(&mut body, MARK_TAG, mark);
        }
        Ok(body)
    }
}

/// The mark of a write that has no room for one: known to the run, and never on the gateway.
#[must_use]
pub fn unmarked(run: &str, nonce: &str) -> String {
    format!("{run}{UNMARKED}{nonce}")
}

/// Whether this is the mark of a write that could carry none.
#[must_use]
pub fn is_unmarked(mark: &str) -> bool {
    mark.contains(UNMARKED)
}

const UNMARKED: &str = "/unmarked-";

const POOLS: &str = "/properties/backendAddressPools";

/// One of a gateway's backend pools.
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a>(&'a Value);

impl<'a> Pool<'a> {
    /// Its name, as it is written.
    #[must_use]
    pub fn name(self) -> &'a str {
        text(self.0, "/name")
    }

    /// Its resource id, to which rules refer.
    #[must_use]
    pub fn id(self) -> &'a str {
        text(self.0, "/id")
    }

    /// Whether this is its name: Azure compares names without case.
    #[must_use]
    pub fn is_named(self, name: &str) -> bool {
        same_name(self.name(), name)
    }

    /// Its members as texts, sorted: addresses, names, or ids of network interfaces.
    #[must_use]
    pub fn members(self) -> Vec<&'a str> {
        let mut members: Vec<_> = list(self.0, MEMBERS).iter().map(spelt).chain(self.interfaces()).collect();
        members.sort_unstable();
        members
    }

    /// Members by network interfaces of machines, which are tied to the pool from the machines' side.
    fn interfaces(self) -> impl Iterator<Item = &'a str> {
        list(self.0, "/properties/backendIPConfigurations").iter().map(|member| text(member, "/id"))
    }

    /// What it holds that is no address, if it does.
    #[must_use]
    pub fn foreign(self) -> Option<Foreign> {
        if self.interfaces().next().is_some() {
            return Some(Foreign::Interface);
        }
        list(self.0, MEMBERS).iter().any(|member| text(member, "/ipAddress").is_empty()).then_some(Foreign::Name)
    }

    /// Its members, for people.
    #[must_use]
    pub fn in_words(self) -> String {
        let words = |member: &str| match member.to_lowercase().rsplit_once("/networkinterfaces/") {
            Some((_, interface)) => format!("the network interface {}", shortened(interface)),
            None => shortened(member),
        };
        in_words(self.members().into_iter().map(words))
    }

    /// Those of its members that are addresses, in the order of the pool.
    pub fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        list(self.0, MEMBERS).iter().filter_map(|member| spelt(member).parse().ok())
    }

    /// Whether it has exactly these members.
    #[must_use]
    pub fn holds_exactly(self, addresses: &[Ipv4Addr]) -> bool {
        let mut wanted: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
        wanted.sort_unstable();
        self.members() == wanted
    }

    /// The first of its members that is one of these addresses.
    #[must_use]
    pub fn first_of(self, addresses: &[Ipv4Addr]) -> Option<Ipv4Addr> {
        self.addresses().find(|held| addresses.contains(held))
    }
}

/// A member that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A machine's network interface.
    Interface,
    /// A host name.
    Name,
}

const MEMBERS: &str = "/properties/backendAddresses";

/// A member as it is spelt: some give an address as a name.
fn spelt(member: &Value) -> &str {
    let (address, name) = (text(member, "/ipAddress"), text(member, "/fqdn"));
    if address.is_empty() { name } else { address }
}

fn in_words(members: impl Iterator<Item = String>) -> String {
    let members: Vec<_> = members.collect();
    if members.is_empty() { "nothing".into() } else { members.join(", ") }
}

/// The health of one backend member, as the gateway's own probe sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Every probe passes.
    Healthy,
    /// The gateway does not know (yet), or the member is draining.
    Unknown,
    /// It is out of rotation.
    Unhealthy,
}

/// Whether an answer says how backends are at all.
#[must_use]
pub fn is_health(answer: &Value) -> bool {
    answer["backendAddressPools"].is_array()
}

/// What the gateway's probes say of these addresses in one pool: the worst of all settings for each; `None` for a
/// member that is not listed.
#[must_use]
pub fn health(answer: &Value, pool: &str, addresses: &[Ipv4Addr]) -> Vec<(Ipv4Addr, Option<Health>)> {
    let is_pool = |entry: &&Value| {
        let id = text(entry, "/backendAddressPool/id");
        same_name(if id.is_empty() { text(entry, "/backendAddressPool/name") } else { name_of(id) }, pool)
    };
    let pools = list(answer, "/backendAddressPools").iter().filter(is_pool);
    let settings = pools.flat_map(|entry| list(entry, "/backendHttpSettingsCollection"));
    let servers: Vec<_> = settings.flat_map(|settings| list(settings, "/servers")).collect();
    let seen = |address: &Ipv4Addr| {
        let address = address.to_string();
        let ours = servers.iter().filter(|server| text(server, "/address") == address);
        ours.map(|server| match text(server, "/health") {
            "Healthy" => Health::Healthy,
            "Unhealthy" | "Partial" => Health::Unhealthy,
            _ => Health::Unknown,
        })
        .max()
    };
    addresses.iter().map(|address| (*address, seen(address))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 1, 0, host)
    }

    #[test]
    fn only_our_pools_and_the_mark_change() {
        let before = json!({"name": "gw", "properties": {"later": [1], "backendAddressPools": [
            {"name": "other", "properties": {"backendAddresses": [{"fqdn": "x.example"}]}},
            {"name": "live", "later": true, "properties": {"backendAddresses": [
                {"ipAddress": "10.1.0.1", "later": 1}, {"ipAddress": "10.1.0.2"}]}}]}});
        let gateway = Gateway(before.clone());
        let members = vec![("live".to_owned(), vec![address(1), address(9)])];
        let mut after = gateway.with(&members, "shop-1/a").unwrap();
        assert!(Gateway(after.clone()).shows(&members));
        assert_eq!(Gateway(after.clone()).mark(), Some("shop-1/a"));
        let live = &mut after["properties"]["backendAddressPools"][1]["properties"]["backendAddresses"];
        assert_eq!(live[0]["later"], 1, "a member that stays keeps its fields");
        *live = before["properties"]["backendAddressPools"][1]["properties"]["backendAddresses"].clone();
        after.as_object_mut().unwrap().remove("tags");
        assert_eq!(after, before);
    }

    #[test]
    fn an_address_counts_though_it_is_spelt_as_a_name() {
        let gateway = Gateway(json!({"properties": {"backendAddressPools": [
            {"name": "pay", "properties": {"backendAddresses": [{"fqdn": "10.1.0.1"}, {"fqdn": "x.example"}]}}]}}));
        assert_eq!(gateway.pools_with(&[address(1)]), ["pay"]);
        assert_eq!(gateway.pools_with(&[address(2)]), Vec::<String>::new());
    }

    #[test]
    fn pools_are_known_by_their_names_without_case() {
        let gateway = Gateway(json!({"properties": {"backendAddressPools": [
            {"name": "Live", "properties": {"backendAddresses": [{"ipAddress": "10.1.0.1"}]}}]}}));
        let members = |host| vec![("lIVE".to_owned(), vec![address(host)])];
        assert!(gateway.shows(&members(1)));
        let after = Gateway(gateway.with(&members(9), "shop-1/a").unwrap());
        assert!(after.shows(&members(9)));
        assert_eq!(after.pools_with(&[address(9)]), ["Live"], "its name stays as it is written");
        let answer = json!({"backendAddressPools": [{"backendAddressPool": {"id": "/x/backendAddressPools/LIVE"},
            "backendHttpSettingsCollection": [{"servers": [{"address": "10.1.0.9", "health": "Healthy"}]}]}]});
        assert_eq!(health(&answer, "live", &[address(9)]), [(address(9), Some(Health::Healthy))]);
    }

    #[test]
    fn a_write_to_a_pool_that_is_not_there_is_refused() {
        let gateway = Gateway(json!({"properties": {"backendAddressPools": []}}));
        assert!(gateway.with(&vec![("live".into(), vec![])], "m").unwrap_err().contains("no backend pool \"live\""));
    }

    #[test]
    fn the_worst_of_all_settings_counts() {
        let answer = json!({"backendAddressPools": [{"backendAddressPool": {"id": "/x/backendAddressPools/live"},
            "backendHttpSettingsCollection": [
                {"servers": [{"address": "10.1.0.1", "health": "Healthy"}, {"address": "10.1.0.2", "health": "Healthy"}]},
                {"servers": [{"address": "10.1.0.2", "health": "Unhealthy"}]}]}]});
        let seen = health(&answer, "live", &[address(1), address(2), address(3)]);
        let seen: Vec<_> = seen.into_iter().map(|(_, health)| health).collect();
        assert_eq!(seen, [Some(Health::Healthy), Some(Health::Unhealthy), None]);
    }
}
