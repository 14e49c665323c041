//! What a site file must mean, beyond its structure. It may have any form: what cannot be read is not judged.
use super::changes::mistakes as changes;
use super::manifests::mistakes as manifests;
use super::{Mistake, copied, ids, mistake, singletons};
use crate::resources::answers::{list, same_id, shortened, text};
use crate::site::address_of;
use crate::step::Step;
use http::Uri;
use ipnet::Ipv4Net;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use url::Host;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    [
        ids::mistakes,
        copied::mistakes,
        slots,
        addresses,
        pools,
        stages,
        gates,
        deadlines,
        manifests,
        singletons::mistakes,
        smoke_tests,
        changes,
    ]
    .iter()
    .flat_map(|judge| judge(file))
    .collect()
}

fn slots(file: &Value) -> Vec<Mistake> {
    let same = |member: &str, what: &str| {
        let (blue, green) =
            (text(file, &format!("/slots/blue/{member}")), text(file, &format!("/slots/green/{member}")));
        (!blue.is_empty() && same_id(blue, green))
            .then(|| mistake(format!("/slots/green/{member}"), format!("the blue slot has the same {what}")))
    };
    [same("cluster", "cluster"), same("subnet", "subnet")].into_iter().flatten().collect()
}

fn addresses(file: &Value) -> Vec<Mistake> {
    let mut seen: BTreeMap<Ipv4Addr, String> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for colour in ["blue", "green"] {
        let place = format!("/slots/{colour}/addresses");
        for (index, address) in list(file, &place).iter().enumerate() {
            let place = format!("{place}/{index}");
            let Some(address) = address.as_str().and_then(|text| text.parse::<Ipv4Addr>().ok()) else { continue };
            if !is_internal(address) {
                let ranges = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10";
                mistakes.push(mistake(&place, format!("expected an internal address in {ranges}, found {address}")));
            }
            if let Some(first) = seen.get(&address) {
                mistakes.push(mistake(&place, format!("{address} is at {first} already")));
            }
            seen.entry(address).or_insert(place);
        }
    }
    mistakes
}

/// Shared between a provider and its customers (RFC 6598), which networks in Azure may use as well.
const SHARED: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);

fn is_internal(address: Ipv4Addr) -> bool {
    address.is_private() || SHARED.contains(&address)
}

fn pools(file: &Value) -> Vec<Mistake> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut mistakes = Vec::new();
    let live = list(file, "/pools/live").iter().enumerate();
    let live = live.map(|(index, name)| (format!("/pools/live/{index}"), name));
    let candidate = file.pointer("/pools/candidate").map(|name| ("/pools/candidate".to_owned(), name));
    for (place, name) in live.chain(candidate) {
        let Some(name) = name.as_str() else { continue };
        if let Some(why) = ids::no_name(name, 80) {
            let what = format!("expected the name of a pool, found {:?}: {why}", shortened(name));
            mistakes.push(mistake(&place, what));
        }
        // Azure compares names without case.
        if let Some(first) = seen.get(&name.to_ascii_lowercase()) {
            mistakes.push(mistake(&place, format!("the pool {:?} is at {first} already", shortened(name))));
        }
        seen.entry(name.to_ascii_lowercase()).or_insert(place);
    }
    mistakes
}

fn stages(file: &Value) -> Vec<Mistake> {
    let stages = list(file, "/stages");
    let mut mistakes = Vec::new();
    let mut before = 0;
    for (index, stage) in stages.iter().enumerate() {
        let Some(share) = stage.get("share").and_then(Value::as_u64) else { continue };
        if share <= before && before > 0 {
            let what = format!("expected a larger share than the {before} % before, found {share}");
            mistakes.push(mistake(format!("/stages/{index}/share"), what));
        }
        before = share;
    }
    for (index, stage) in stages.iter().enumerate() {
        let watch = stage.get("watchMinutes").and_then(Value::as_u64);
        mistakes.extend(watch.and_then(|minutes| absurd(format!("/stages/{index}/watchMinutes"), minutes)));
    }
    let soak = file.get("soakMinutes").and_then(Value::as_u64);
    mistakes.extend(soak.and_then(|minutes| absurd("/soakMinutes".into(), minutes)));
    if let Some(last) = stages.len().checked_sub(1)
        && before != 100
        && stages[last].get("share").is_some_and(Value::is_u64)
    {
        mistakes.push(mistake(format!("/stages/{last}/share"), format!("the last share must be 100, found {before}")));
    }
    mistakes
}

/// A watch of no time sees nothing, and one of months never ends.
fn absurd(place: String, minutes: u64) -> Option<Mistake> {
    let what = || match minutes {
        0 => "expected 1 minute at least, found 0: nothing is seen in no time".to_owned(),
        _ => format!("expected {MOST_MINUTES} minutes (30 days) at most, found {minutes}"),
    };
    (!(1..=MOST_MINUTES).contains(&minutes)).then(|| mistake(place, what()))
}

/// 30 days.
const MOST_MINUTES: u64 = 30 * 24 * 60;

fn gates(file: &Value) -> Vec<Mistake> {
    let stages = list(file, "/stages").len() as u64;
    let mut mistakes = Vec::new();
    let gates = list(file, "/gates");
    for (index, gate) in gates.iter().enumerate() {
        let (place, stage) = (format!("/gates/{index}"), gate.get("stage").and_then(Value::as_u64).unwrap_or(0));
        let Some(step) = Step::named(text(gate, "/before")) else { continue };
        if step == Step::CheckPlan || step.undoes() {
            let why = if step == Step::CheckPlan { "nothing has begun" } else { "the way back never waits" };
            mistakes.push(mistake(format!("{place}/before"), format!("a gate cannot be before {step}: {why}")));
        }
        if step != Step::ShiftTraffic && stage != 0 {
            let what = format!("only gates before ShiftTraffic have a stage, this one is before {step}");
            mistakes.push(mistake(format!("{place}/stage"), what));
        } else if step == Step::ShiftTraffic && stage >= stages {
            let what = format!("there are {stages} stages, counted from 0: found {stage}");
            mistakes.push(mistake(format!("{place}/stage"), what));
        }
        let same = |other: &&Value| {
            let other_stage = other.get("stage").and_then(Value::as_u64).unwrap_or(0);
            (text(other, "/before"), other_stage) == (step.name(), stage)
        };
        if gates[..index].iter().any(|other| same(&other)) {
            mistakes.push(mistake(place, format!("there is a gate before {step} already")));
        }
    }
    mistakes
}

fn deadlines(file: &Value) -> Vec<Mistake> {
    let deadlines = file.get("deadlineMinutes").and_then(Value::as_object);
    let judge = |(step, minutes): (&String, &Value)| {
        let place = format!("/deadlineMinutes/{}", shortened(step).replace('~', "~0").replace('/', "~1"));
        if Step::named(step).is_none() {
            let names: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
            return Some(mistake(place, format!("expected one of the steps {}", names.join(", "))));
        }
        minutes.as_u64().and_then(|minutes| absurd(place, minutes))
    };
    deadlines.into_iter().flatten().filter_map(judge).collect()
}

fn smoke_tests(file: &Value) -> Vec<Mistake> {
    let tests = list(file, "/smokeTests");
    let has_candidate = file.pointer("/pools/candidate").is_some_and(Value::is_string);
    if tests.is_empty() && has_candidate {
        let what = "expected at least one: without them no request proves the new cluster before traffic moves";
        return vec![mistake("/smokeTests", what)];
    }
    let judge = |(index, test): (usize, &Value)| {
        let url = test.get("url").and_then(Value::as_str)?;
        let parsed = url.parse::<Uri>().ok();
        let host = parsed.as_ref().and_then(Uri::host).unwrap_or_default();
        let has_user = parsed.as_ref().and_then(Uri::authority).is_some_and(|all| all.as_str().contains('@'));
        let place = format!("/smokeTests/{index}/url");
        if has_user {
            // Site files are shown and stored in many places.
            return Some(mistake(place, "a URL here has no user and no password"));
        }
        if host.is_empty() {
            return Some(mistake(place, format!("expected a URL with a host, found {:?}", shortened(url))));
        }
        if let Some(why) = address_in(host).and_then(|address| no_gateway(address, true)) {
            return Some(mistake(place, format!("expected the gateway's name or address, found {host}: {why}")));
        }
        let place = format!("/smokeTests/{index}/connectTo");
        let address = test.get("connectTo")?.as_str()?;
        if parsed.as_ref().and_then(Uri::scheme_str) != Some("http") {
            return Some(mistake(
                place,
                "only an http URL can be asked for at another address: a certificate has names",
            ));
        }
        let what = || format!("expected an IP address, perhaps with a port, found {:?}", shortened(address));
        let Some(to) = address_of(address) else { return Some(mistake(place, what())) };
        let why = no_gateway(to.ip(), false)?;
        Some(mistake(place, format!("expected the gateway's address, found {address}: {why}")))
    };
    tests.iter().enumerate().filter_map(judge).collect()
}

/// The address that a URL's host is, in whatever way clients read one: `0x7f.1`, `2130706433`, `[::1]`, `localhost`.
fn address_in(host: &str) -> Option<IpAddr> {
    match Host::parse(host).ok()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => Some(Ipv4Addr::LOCALHOST.into()),
        Host::Domain(_) => None,
    }
}

/// Where Azure answers each machine about itself, beside the link-local addresses.
const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Why no gateway has this address. A gateway for trying things out may be on the machine itself, and is then said to be there.
fn no_gateway(address: IpAddr, with_own_machine: bool) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_link_local() || address == WIRE_SERVER => {
            Some("there the platform answers about the machine itself")
        }
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            Some("no gateway has an address of one machine's link")
        }
        address if address.is_unspecified() || address.is_multicast() => Some("nobody has that address alone"),
        address if address.is_loopback() && with_own_machine => Some("that is the machine which asks"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
