//! PURE. An Application Gateway as raw JSON: what we read of it, and the one change that we make. Every other field
//! survives.
use crate::tags::{MARK_TAG, tag};
use serde_json::{Map, Value, json};
use std::net::Ipv4Addr;

/// Marks of the emergency way back begin so.
pub const BREAK_GLASS: &str = "break-glass/";

/// A gateway as a GET showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway(pub Value);

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

    /// The members of a pool, as texts (addresses or names), sorted; `None` when there is no such pool.
    #[must_use]
    pub fn members(&self, pool: &str) -> Option<Vec<String>> {
        let addresses = self.pool(pool)?["properties"]["backendAddresses"].as_array();
        let text = |member: &Value| member["ipAddress"].as_str().or_else(|| member["fqdn"].as_str()).map(str::to_owned);
        let mut members: Vec<String> = addresses.map(|all| all.iter().filter_map(text).collect()).unwrap_or_default();
        members.sort_unstable();
        Some(members)
    }

    /// Whether our pools have exactly these members.
    #[must_use]
    pub fn shows(&self, members: &Members) -> bool {
        members.iter().all(|(pool, addresses)| {
            let mut wanted: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
            wanted.sort_unstable();
            self.members(pool) == Some(wanted)
        })
    }

    /// The pools, ours or not, that hold one of these addresses.
    #[must_use]
    pub fn pools_with(&self, addresses: &[Ipv4Addr]) -> Vec<String> {
        let wanted: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
        let holds = |name: &str| self.members(name).is_some_and(|members| members.iter().any(|m| wanted.contains(m)));
        self.pool_names().filter(|name| holds(name)).map(str::to_owned).collect()
    }

    /// The body of a write: this gateway with these members and this mark, and nothing else changed.
    ///
    /// # Errors
    /// When a pool is not there.
    pub fn with(&self, members: &Members, mark: &str) -> Result<Value, String> {
        let mut body = self.0.clone();
        for (pool, addresses) in members {
            let found = body["properties"]["backendAddressPools"]
                .as_array_mut()
                .and_then(|pools| pools.iter_mut().find(|found| found["name"].as_str() == Some(pool)))
                .ok_or_else(|| format!("the gateway has no backend pool {pool:?}"))?;
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
        if !body["tags"].is_object() {
            body["tags"] = Value::Object(Map::new());
        }
        body["tags"][MARK_TAG] = mark.into();
        Ok(body)
    }

    fn pool(&self, name: &str) -> Option<&Value> {
        self.0["properties"]["backendAddressPools"].as_array()?.iter().find(|pool| pool["name"].as_str() == Some(name))
    }

    fn pool_names(&self) -> impl Iterator<Item = &str> {
        let pools = self.0["properties"]["backendAddressPools"].as_array().into_iter().flatten();
        pools.filter_map(|pool| pool["name"].as_str())
    }
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

/// What the gateway's probes say of these addresses in one pool: the worst of all settings for each; `None` for a
/// member that is not listed.
#[must_use]
pub fn health(answer: &Value, pool: &str, addresses: &[Ipv4Addr]) -> Vec<(Ipv4Addr, Option<Health>)> {
    let pools = answer["backendAddressPools"].as_array().into_iter().flatten();
    let ends_with = |id: &Value| id.as_str().is_some_and(|id| id.rsplit('/').next() == Some(pool));
    let is_pool = |entry: &&Value| {
        let pool_value = &entry["backendAddressPool"];
        ends_with(&pool_value["id"]) || pool_value["name"].as_str() == Some(pool)
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let servers: Vec<Value> = pools
        .filter(is_pool)
        .flat_map(|entry| list(&entry["backendHttpSettingsCollection"]))
        .flat_map(|settings| list(&settings["servers"]))
        .collect();
    let seen = |address: &Ipv4Addr| {
        let address = address.to_string();
        let ours = servers.iter().filter(|server| server["address"].as_str() == Some(&address));
        ours.map(|server| match server["health"].as_str() {
            Some("Healthy") => Health::Healthy,
            Some("Unhealthy" | "Partial") => Health::Unhealthy,
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
