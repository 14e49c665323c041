//! Tests of routing, turns and probes, with members that a table describes.
use super::*;
use crate::kubernetes::Visit;
use jiff::SignedDuration;
use serde_json::{Value, json};

const BEGIN: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: i64) -> Timestamp {
    BEGIN + SignedDuration::from_secs(seconds)
}

fn gateway(live: &[&str]) -> Value {
    let to = |collection: &str, name: &str| json!({"id": format!("/gw/{collection}/{name}")});
    let members: Vec<_> = live.iter().map(|address| json!({"ipAddress": address})).collect();
    json!({"properties": {
        "backendAddressPools": [
            {"name": "live", "id": "/gw/pools/live", "properties": {"backendAddresses": members}},
            {"name": "api", "id": "/gw/pools/api", "properties": {"backendAddresses": [{"ipAddress": "10.0.0.9"}]}},
        ],
        "backendHttpSettingsCollection": [{"name": "web", "id": "/gw/settings/web", "properties": {"probe": to("probes", "healthz")}}],
        "probes": [{"name": "healthz", "properties": {"path": "/healthz", "host": "shop", "interval": 5, "unhealthyThreshold": 2}}],
        "httpListeners": [
            {"name": "shop", "properties": {"hostName": "shop.example.com"}},
            {"name": "wild", "properties": {"hostNames": ["*.example.com"]}},
            {"name": "any", "properties": {}},
        ],
        "requestRoutingRules": [
            {"name": "any", "properties": {"priority": 30, "httpListener": to("httpListeners", "any"), "backendAddressPool": to("backendAddressPools", "api"), "backendHttpSettings": to("backendHttpSettingsCollection", "web")}},
            {"name": "shop", "properties": {"priority": 10, "httpListener": to("httpListeners", "shop"), "backendAddressPool": to("backendAddressPools", "live"), "backendHttpSettings": to("backendHttpSettingsCollection", "web")}},
            {"name": "wild", "properties": {"priority": 20, "httpListener": to("httpListeners", "wild"), "urlPathMap": to("urlPathMaps", "paths")}},
        ],
        "urlPathMaps": [{"name": "paths", "properties": {
            "defaultBackendAddressPool": to("backendAddressPools", "live"), "defaultBackendHttpSettings": to("backendHttpSettingsCollection", "web"),
            "pathRules": [{"name": "api", "properties": {"paths": ["/api/*"], "backendAddressPool": to("backendAddressPools", "api"), "backendHttpSettings": to("backendHttpSettingsCollection", "web")}}],
        }}],
    }})
}

/// A gateway's instance, and which addresses answer what.
struct Scene {
    routing: Routing,
    instance: Instance,
    answers: BTreeMap<String, u16>,
    probes: Vec<(i64, String)>,
}

impl Scene {
    fn new(live: &[&str]) -> Self {
        let routing = Routing::of(&gateway(live), 1, BEGIN);
        let mut instance = Instance::default();
        instance.follow(&routing);
        let answers = ["10.0.0.1", "10.0.0.2", "10.0.0.9"].map(|address| (address.to_owned(), 200));
        Self { routing, instance, answers: answers.into(), probes: vec![] }
    }

    fn write(&mut self, live: &[&str], seconds: i64) {
        self.routing = Routing::of(&gateway(live), self.routing.number + 1, at(seconds));
        self.instance.follow(&self.routing);
    }

    /// The status, and the address that answered.
    fn ask(&mut self, host: &str, path: &str, seconds: i64) -> (u16, String) {
        let Some(Some(backend)) = self.routing.backend(host, None, path) else { return (0, String::new()) };
        let mut asking = |address: IpAddr, _: &str, path: &str, at: Timestamp| {
            if path == "/healthz" {
                self.probes.push((at.as_second(), address.to_string()));
            }
            let status = *self.answers.get(&address.to_string())?;
            Some(Visit { status, cluster: address.to_string(), version: String::new() })
        };
        let answer = self.instance.forward(&self.routing, backend, &mut asking, host, path, at(seconds));
        (answer.status, answer.cluster.unwrap_or_default())
    }
}

#[test]
fn members_are_asked_in_turn() {
    let mut scene = Scene::new(&["10.0.0.1", "10.0.0.2"]);
    let answered: Vec<_> = (0..4).map(|_| scene.ask("shop.example.com", "/", 0).1).collect();
    assert_eq!(answered, ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"]);
}

#[test]
fn the_host_chooses_the_listener_and_the_path_chooses_the_pool() {
    let mut scene = Scene::new(&["10.0.0.1"]);
    assert_eq!(scene.ask("shop.example.com", "/api/x", 0).1, "10.0.0.1", "a basic rule knows no paths");
    assert_eq!(scene.ask("other.example.com", "/api/x", 0).1, "10.0.0.9", "a path rule");
    assert_eq!(scene.ask("other.example.com", "/", 0).1, "10.0.0.1", "the map's default");
    assert_eq!(scene.ask("10.20.30.40", "/", 0).1, "10.0.0.9", "the listener without a host name");
}

#[test]
fn the_port_chooses_among_listeners_for_the_same_host() {
    let mut body = gateway(&["10.0.0.1"]);
    let parts = &mut body["properties"];
    parts["frontendPorts"] =
        json!([{"name": "live", "properties": {"port": 80}}, {"name": "tests", "properties": {"port": 8080}}]);
    let to = |name: &str| json!({"id": format!("/gw/frontendPorts/{name}")});
    parts["httpListeners"] = json!([
        {"name": "shop", "properties": {"frontendPort": to("live")}},
        {"name": "any", "properties": {"frontendPort": to("tests")}},
        {"name": "wild", "properties": {"protocol": "Https", "hostName": "shop.example.com"}},
    ]);
    let routing = Routing::of(&body, 1, BEGIN);
    let pool = |port| routing.backend("shop.example.com", port, "/").flatten().map(|at| &*routing.backends[at].pool);
    assert_eq!(pool(Some(80)), Some("/gw/pools/live"));
    assert_eq!(pool(Some(8080)), Some("/gw/pools/api"));
    assert_eq!(pool(Some(443)), Some("/gw/pools/live"));
    assert_eq!(pool(Some(8443)), None);
    assert_eq!(pool(None), Some("/gw/pools/live"), "the first by priority");
}

#[test]
fn a_member_that_does_not_answer_costs_requests_until_two_probes_have_failed() {
    let mut scene = Scene::new(&["10.0.0.1", "10.0.0.2"]);
    scene.ask("shop.example.com", "/", 0);
    scene.answers.remove("10.0.0.2");
    assert_eq!(scene.ask("shop.example.com", "/", 4).0, 502, "nobody knows yet");
    scene.ask("shop.example.com", "/", 5);
    assert_eq!(scene.ask("shop.example.com", "/", 6).0, 502, "one failed probe is not enough");
    for second in 10..20 {
        assert_eq!(scene.ask("shop.example.com", "/", second), (200, "10.0.0.1".into()));
    }
}

#[test]
fn one_good_probe_brings_a_member_back() {
    let mut scene = Scene::new(&["10.0.0.1"]);
    scene.answers.insert("10.0.0.1".into(), 503);
    scene.ask("shop.example.com", "/", 0);
    assert_eq!(scene.ask("shop.example.com", "/", 9), (502, String::new()), "nobody is healthy: the gateway itself");
    scene.answers.insert("10.0.0.1".into(), 200);
    assert_eq!(scene.ask("shop.example.com", "/", 10), (200, "10.0.0.1".into()));
}

#[test]
fn a_new_member_serves_at_once_and_an_old_one_keeps_its_health() {
    let mut scene = Scene::new(&["10.0.0.3"]);
    scene.ask("shop.example.com", "/", 10);
    assert_eq!(scene.ask("shop.example.com", "/", 10).0, 502);
    scene.write(&["10.0.0.3", "10.0.0.1"], 12);
    for _ in 0..4 {
        assert_eq!(scene.ask("shop.example.com", "/", 12), (200, "10.0.0.1".into()));
    }
}

#[test]
fn a_long_silence_costs_only_the_probes_that_decide() {
    let mut scene = Scene::new(&["10.0.0.1"]);
    scene.ask("shop.example.com", "/", 7_203);
    let seconds: Vec<_> = scene.probes.iter().map(|(second, _)| *second).collect();
    assert_eq!(seconds, [7_195, 7_200]);
}

#[test]
fn an_empty_pool_is_answered_by_the_gateway() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.ask("shop.example.com", "/", 0), (502, String::new()));
}
