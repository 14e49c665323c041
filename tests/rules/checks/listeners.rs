//! Which listener takes a smoke test: by frontend, port, host name and priority. Only the candidate's proves anything.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use super::world::{assert_refused, refused, seen, set};
use crate::example::plan;
use bluegreen_core::plan::Plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check, unproved, warnings};
use serde_json::{Value, json};

const FINE: Verdict = Verdict::Fine { delete_leftover: false };
const PUBLIC: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/shop";

/// A smoke test of this URL, perhaps sent to an address.
fn asking(url: &str, connect_to: Option<&str>) -> Plan {
    let mut plan = plan();
    plan.site.smoke_tests.truncate(1);
    plan.site.smoke_tests[0].url = url.to_owned();
    plan.site.smoke_tests[0].connect_to = connect_to.map(str::to_owned);
    plan
}

/// The live listener at the public address, the candidate's at the private one, both at port 80 and for every host.
fn two_frontends() -> Seen {
    let mut seen = seen();
    let id = plan().site.gateway;
    let gateway = &mut seen.gateway.as_mut().unwrap().0;
    set(
        gateway,
        "/properties/frontendIPConfigurations",
        json!([
            {"id": format!("{id}/frontendIPConfigurations/public"), "name": "public", "properties": {"publicIPAddress": {"id": PUBLIC}}},
            {"id": format!("{id}/frontendIPConfigurations/private"), "name": "private", "properties": {"privateIPAddress": "10.1.48.10"}},
        ]),
    );
    for (at, frontend) in [(0, "public"), (1, "private")] {
        let listener = &mut gateway["properties"]["httpListeners"][at]["properties"];
        for names in ["hostName", "hostNames"] {
            listener.as_object_mut().unwrap().remove(names);
        }
        // Azure answers ids in the spelling of whoever wrote them.
        listener["frontendIPConfiguration"] =
            json!({"id": format!("{id}/frontendIPConfigurations/{frontend}").to_uppercase()});
    }
    seen.network = vec![json!({"id": PUBLIC.to_lowercase(), "properties": {
        "ipAddress": "20.0.0.1", "dnsSettings": {"fqdn": "shop.westeurope.cloudapp.azure.com"}}})];
    seen
}

fn in_the_other_order(mut seen: Seen) -> Seen {
    seen.gateway.as_mut().unwrap().0["properties"]["httpListeners"].as_array_mut().unwrap().reverse();
    seen
}

#[test]
fn a_listener_is_found_by_the_frontend_at_which_the_request_arrives() {
    let named = "http://candidate.shop.example.com/healthz";
    for seen in [two_frontends(), in_the_other_order(two_frontends())] {
        for fine in [
            asking("http://10.1.48.10/healthz", None),
            asking(named, Some("10.1.48.10")),
            asking(named, Some("10.1.48.10:80")),
        ] {
            assert_eq!(check(&fine, &seen), FINE);
        }
        for of_users in [
            asking("http://20.0.0.1/healthz", None),
            asking(named, Some("20.0.0.1")),
            asking("http://SHOP.westeurope.cloudapp.azure.com/healthz", None),
        ] {
            assert_refused(&of_users, &seen, "the listener live leads it to live");
        }
        assert_refused(&asking(named, Some("10.1.48.10:8080")), &seen, "no listener answers it");
    }
}

#[test]
fn a_name_that_may_mean_either_frontend_proves_nothing_until_it_is_said_which() {
    for seen in [two_frontends(), in_the_other_order(two_frontends())] {
        let plan = asking("http://candidate.shop.example.com/healthz", None);
        assert_refused(
            &plan,
            &seen,
            "it may as well arrive at the frontend public, where the listener live leads it to live",
        );
        assert!(refused(&plan, &seen)[0].remedy.contains("\"connectTo\""));
        let why = unproved(&plan, seen.gateway.as_ref().unwrap(), &seen.network);
        assert!(why.is_some_and(|why| why.contains("the frontend public")), "nor when it is asked");
        // An address that none has may be translated on its way.
        assert_refused(&asking("http://10.99.0.1/", None), &seen, "may as well arrive at the frontend public");
    }
    // Nobody may look at the public address: what is private is known all the same.
    let unknown = Seen { network: vec![], ..two_frontends() };
    assert_eq!(check(&asking("http://10.1.48.10/", None), &unknown), FINE);
    assert_refused(&asking("http://20.0.0.1/", None), &unknown, "may as well arrive at the frontend public");
}

#[test]
fn a_port_that_is_forwarded_counts_for_as_much_as_the_address_it_is_at() {
    let test = |url: &str, connect_to: &str| asking(url, Some(connect_to));
    // Nothing here is at 127.0.0.1: what listens there passes requests on, to the port of the URL.
    assert_eq!(check(&test("http://candidate.shop.example.com/", "127.0.0.1:41234"), &seen()), FINE);
    assert_eq!(check(&test("http://candidate.shop.example.com:9999/", "127.0.0.1:80"), &seen()), FINE);
    assert_refused(
        &test("http://candidate.shop.example.com:9999/", "127.0.0.1:41234"),
        &seen(),
        "no listener answers it",
    );
    // A frontend of the gateway is asked at the port that is said.
    let own = test("http://candidate.shop.example.com/", "10.1.48.10:8080");
    assert_refused(&own, &two_frontends(), "no listener answers it");
}

#[test]
fn what_only_the_candidates_frontend_takes_is_no_question() {
    let mut other_port = two_frontends();
    let id = plan().site.gateway;
    let gateway = &mut other_port.gateway.as_mut().unwrap().0;
    let port = format!("{id}/frontendPorts/test");
    let ports = gateway["properties"]["frontendPorts"].as_array_mut().unwrap();
    ports.push(json!({"id": port, "name": "test", "properties": {"port": 8080}}));
    set(gateway, "/properties/httpListeners/1/properties/frontendPort/id", json!(port));
    assert_eq!(check(&asking("http://candidate.shop.example.com:8080/", None), &other_port), FINE);
    let mut other_host = two_frontends();
    let gateway = &mut other_host.gateway.as_mut().unwrap().0;
    set(gateway, "/properties/httpListeners/0/properties/hostNames", json!(["www.shop.example.com"]));
    assert_eq!(check(&asking("http://candidate.shop.example.com/", None), &other_host), FINE);
    // Both lead there: wherever it arrives, it is the candidate that answers.
    let mut both = two_frontends();
    let pool = json!({"id": format!("{id}/backendAddressPools/Candidate")});
    set(&mut both.gateway.as_mut().unwrap().0, "/properties/requestRoutingRules/0/properties/backendAddressPool", pool);
    assert_eq!(check(&asking("http://candidate.shop.example.com/", None), &both), FINE);
}

#[test]
fn the_listener_whose_rule_has_the_lowest_number_takes_what_several_could() {
    let priorities = |live: u32, candidate: u32| {
        let mut seen = seen();
        let gateway = &mut seen.gateway.as_mut().unwrap().0;
        set(gateway, "/properties/requestRoutingRules/0/properties/priority", json!(live));
        set(gateway, "/properties/requestRoutingRules/1/properties/priority", json!(candidate));
        seen
    };
    assert_eq!(check(&plan(), &priorities(20, 10)), FINE);
    assert_refused(&plan(), &priorities(10, 20), "the listener live leads it to live");
}

#[test]
fn a_redirection_is_no_proof() {
    let mut seen = seen();
    let rule = "/properties/requestRoutingRules/1/properties";
    let gateway = &mut seen.gateway.as_mut().unwrap().0;
    set(gateway, &format!("{rule}/backendAddressPool"), Value::Null);
    set(gateway, &format!("{rule}/redirectConfiguration"), json!({"id": "/x/redirectConfigurations/www"}));
    assert_refused(&plan(), &seen, "the listener candidate redirects it");
}

#[test]
fn members_that_are_no_addresses_are_refused_in_their_own_words() {
    let pool = "/properties/backendAddressPools/0/properties";
    let nic =
        "/subscriptions/s/resourceGroups/MC_x/providers/Microsoft.Network/networkInterfaces/node-1/ipConfigurations/ip";
    let mut by_interface = seen();
    set(
        &mut by_interface.gateway.as_mut().unwrap().0,
        &format!("{pool}/backendIPConfigurations"),
        json!([{"id": nic}]),
    );
    assert_refused(&plan(), &by_interface, "the network interface node-1");
    assert!(refused(&plan(), &by_interface)[0].remedy.contains("behind an internal load balancer"));
    let mut by_name = seen();
    set(&mut by_name.gateway.as_mut().unwrap().0, &format!("{pool}/backendAddresses"), json!([{"fqdn": "in.example"}]));
    assert_refused(&plan(), &by_name, "but holds in.example");
    assert!(refused(&plan(), &by_name)[0].remedy.contains("to which the name leads"));
}

#[test]
fn a_candidate_that_is_asked_otherwise_cannot_judge_the_old_cluster_and_that_is_said() {
    let mut seen = seen();
    let quota = seen.usages.take();
    assert!(quota.is_some() && warnings(&plan(), &seen).is_empty());
    let gateway = &mut seen.gateway.as_mut().unwrap().0;
    let settings = |name: &str| json!({"id": format!("/x/{name}")});
    gateway["properties"]["backendHttpSettingsCollection"] = json!([
        {"name": "web", "properties": {"port": 80, "protocol": "Http"}},
        {"name": "other", "properties": {"port": 80, "protocol": "Http", "hostName": "candidate.shop.example.com"}}]);
    for (rule, name) in [(0, "web"), (1, "web")] {
        gateway["properties"]["requestRoutingRules"][rule]["properties"]["backendHttpSettings"] = settings(name);
    }
    assert_eq!(warnings(&plan(), &seen), []);
    let gateway = &mut seen.gateway.as_mut().unwrap().0;
    gateway["properties"]["requestRoutingRules"][1]["properties"]["backendHttpSettings"] = settings("other");
    let said = warnings(&plan(), &seen);
    let expected = "candidate are asked for http://candidate.shop.example.com:80/, and those of the live pools for http://127.0.0.1:80/";
    assert!(said.len() == 1 && said[0].what.contains(expected), "{said:?}");
    assert_eq!(check(&plan(), &seen), FINE);
}
