//! What the emergency way back needs to know, and no more: the gateway, its live pools, and the addresses that shall serve.
//! A mistake anywhere else in a site stops nobody.
use crate::resources::answers::{list, text};
use crate::resources::gateway::{Gateway, Members};
use crate::site::Colour;
use serde_json::Value;
use std::net::Ipv4Addr;

/// What is to be written, and what is worth a look before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Resource id of the gateway.
    pub gateway: String,
    /// Names of the pools that users' traffic goes to.
    pub live: Vec<String>,
    /// Name of the candidate pool, where it is known: it is shown, and left as it is.
    pub candidate: Option<String>,
    /// The colour that shall serve, where it is known.
    pub to: Option<Colour>,
    /// The addresses that shall serve.
    pub addresses: Vec<Ipv4Addr>,
    /// Resource id of the cluster behind them, where it is known: it is looked at.
    pub cluster: Option<String>,
    /// The addresses of each colour, as far as they are known: they are shown by it.
    pub colours: Vec<(Colour, Vec<Ipv4Addr>)>,
}

/// What a person says on the command line. It goes before what the site says.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Resource id of the gateway.
    pub gateway: Option<String>,
    /// Names of the live pools.
    pub live: Vec<String>,
    /// Name of the candidate pool.
    pub candidate: Option<String>,
    /// The addresses that shall serve.
    pub addresses: Vec<Ipv4Addr>,
    /// Resource id of the cluster behind them.
    pub cluster: Option<String>,
}

impl Emergency {
    /// Takes what is needed from what a person says, and the rest from a site as it was written: published or not, with
    /// mistakes or without.
    ///
    /// # Errors
    /// Everything that is needed and said by neither, with the flag that says it.
    pub fn of(site: &Value, given: Given, to: Option<Colour>) -> Result<Self, String> {
        let mut missing = vec![];
        let gateway = given.gateway.unwrap_or_else(|| text(site, "/gateway").to_owned());
        if !is_gateway(&gateway) {
            missing.push(format!(
                "--gateway (/gateway in a site): expected the resource id of an Application Gateway, found {gateway:?}"
            ));
        }
        let live = if given.live.is_empty() { names(site, "/pools/live") } else { given.live };
        if live.is_empty() {
            missing.push("--live-pool (/pools/live in a site): expected the name of a backend pool".to_owned());
        }
        let slot = |colour: Colour| format!("/slots/{}", colour.name());
        let of_slot = |colour: Colour| names(site, &format!("{}/addresses", slot(colour)));
        let addresses = match to {
            _ if !given.addresses.is_empty() => given.addresses,
            Some(colour) => {
                of_slot(colour).iter().filter_map(|address| parsed(address, colour, &mut missing)).collect()
            }
            None => vec![],
        };
        if addresses.is_empty() {
            let place = to.map(|colour| format!(" ({}/addresses in a site)", slot(colour))).unwrap_or_default();
            missing.push(format!("--address{place}: expected an address that shall serve"));
        }
        if !missing.is_empty() {
            return Err(format!("not enough is known:\n  {}", missing.join("\n  ")));
        }
        let said = |place: String| Some(text(site, &place).to_owned()).filter(|said| !said.is_empty());
        let known = |colour: Colour| (colour, of_slot(colour).iter().filter_map(|text| text.parse().ok()).collect());
        Ok(Self {
            gateway: gateway.trim_end_matches('/').to_owned(),
            live,
            candidate: given.candidate.or_else(|| said("/pools/candidate".into())),
            to,
            addresses,
            cluster: given.cluster.or_else(|| said(format!("{}/cluster", slot(to?)))),
            colours: Colour::ALL.map(known).into(),
        })
    }

    /// The members that the live pools shall have: of each that the gateway has.
    ///
    /// # Errors
    /// When it has none of them.
    pub fn members(&self, gateway: &Gateway) -> Result<Members, String> {
        let there = self.live.iter().filter(|pool| gateway.pool(pool).is_some());
        let members: Members = there.map(|pool| (pool.clone(), self.addresses.clone())).collect();
        if members.is_empty() {
            let pools: Vec<_> = gateway.pools().map(|pool| pool.name().to_owned()).collect();
            let (live, pools) = (self.live.join(", "), pools.join(", "));
            return Err(format!(
                "the gateway has none of the live pools ({live}): it has {pools}; say with --live-pool which of them \
                 users' traffic goes to"
            ));
        }
        Ok(members)
    }

    /// Who shall serve, in words.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.to.map_or("the addresses named", Colour::name)
    }

    /// The colours of these members.
    #[must_use]
    pub fn colours_of(&self, members: &[&str]) -> String {
        let colour_of = |member: &&str| {
            let is_its = |(_, addresses): &&(Colour, Vec<Ipv4Addr>)| {
                addresses.iter().any(|address| address.to_string() == **member)
            };
            self.colours.iter().find(is_its).map_or("others", |(colour, _)| colour.name())
        };
        let mut colours: Vec<_> = members.iter().map(colour_of).collect();
        colours.sort_unstable();
        colours.dedup();
        if colours.is_empty() { "nobody".to_owned() } else { colours.join(" + ") }
    }
}

fn is_gateway(id: &str) -> bool {
    let parts: Vec<_> = id.trim_end_matches('/').split('/').map(str::to_lowercase).collect();
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    matches!(&parts[..], ["", "subscriptions", _, "resourcegroups", _, "providers", "microsoft.network", "applicationgateways", name]
        if !name.is_empty())
}

fn names(site: &Value, place: &str) -> Vec<String> {
    list(site, place).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn parsed(address: &str, colour: Colour, missing: &mut Vec<String>) -> Option<Ipv4Addr> {
    let found = address.parse().ok();
    if found.is_none() {
        let name = colour.name();
        missing.push(format!("--address (/slots/{name}/addresses in a site): {address:?} is no address"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GATEWAY: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw";

    fn site() -> Value {
        json!({"gateway": GATEWAY, "pools": {"live": ["live"]}, "slots": {"blue": {"addresses": ["10.1.0.1"]}}})
    }

    #[test]
    fn only_the_members_that_it_needs_are_read_of_a_site() {
        let mut site = site();
        site["stages"] = json!("none");
        site["surprise"] = json!({"later": true});
        site["smokeTests"] = json!([{"url": 7}]);
        site["slots"]["green"] = json!({"addresses": ["10.1.0.300", "10.2.0.1"], "cluster": 7});
        let emergency = Emergency::of(&site, Given::default(), Some(Colour::Blue)).unwrap();
        assert_eq!((emergency.gateway.as_str(), &emergency.live[..]), (GATEWAY, &["live".to_owned()][..]));
        assert_eq!(emergency.addresses, [Ipv4Addr::new(10, 1, 0, 1)]);
        assert_eq!((emergency.candidate.as_ref(), emergency.cluster.as_ref()), (None, None));
        assert_eq!(emergency.colours_of(&["10.1.0.1", "10.2.0.1", "x.example"]), "blue + green + others");
        assert_eq!(emergency.colours_of(&[]), "nobody");
    }

    #[test]
    fn what_is_said_goes_before_the_site_and_is_enough_without_one() {
        let given = || Given {
            gateway: Some(GATEWAY.to_uppercase() + "/"),
            live: vec!["a".into(), "b".into()],
            addresses: vec![Ipv4Addr::new(10, 9, 0, 1)],
            ..Given::default()
        };
        let alone = Emergency::of(&Value::Null, given(), None).unwrap();
        assert_eq!((alone.gateway, alone.live.len()), (GATEWAY.to_uppercase(), 2));
        let over = Emergency::of(&site(), given(), Some(Colour::Blue)).unwrap();
        assert_eq!(over.addresses, [Ipv4Addr::new(10, 9, 0, 1)]);
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once_with_its_flag() {
        let mut site = site();
        site["slots"]["blue"]["addresses"] = json!(["10.1.0.1", "10.1.0.300"]);
        let why = Emergency::of(&site, Given::default(), Some(Colour::Blue)).unwrap_err();
        assert!(why.contains("--address (/slots/blue/addresses") && why.contains("10.1.0.300"), "{why}");
        let why = Emergency::of(&json!("no site"), Given::default(), Some(Colour::Green)).unwrap_err();
        for flag in ["--gateway", "--live-pool", "--address (/slots/green/addresses"] {
            assert!(why.contains(flag), "{flag}: {why}");
        }
    }

    #[test]
    fn pools_that_are_not_there_are_left_out_and_none_is_a_mistake() {
        let mut emergency = Emergency::of(&site(), Given::default(), Some(Colour::Blue)).unwrap();
        emergency.live = vec!["gone".into(), "LIVE".into()];
        let gateway = Gateway(json!({"properties": {"backendAddressPools": [{"name": "live"}, {"name": "other"}]}}));
        assert_eq!(emergency.members(&gateway).unwrap(), [("LIVE".to_owned(), emergency.addresses.clone())]);
        emergency.live.truncate(1);
        let why = emergency.members(&gateway).unwrap_err();
        assert!(why.contains("none of the live pools (gone): it has live, other; say with --live-pool"), "{why}");
    }
}
