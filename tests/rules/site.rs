//! The site file: its schema, its mistakes, and the example that people begin with.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use bluegreen_core::site::Site;
use bluegreen_core::site::check::{Mistake, doubled, mistakes, parse, schema};
use serde_json::{Value, json};

const SHOP: &str = include_str!("../../examples/shop/site.json");

fn shop() -> Value {
    serde_json::from_str(SHOP).unwrap()
}

/// The mistakes of the example after a change.
fn changed(pointer: &str, value: Value) -> Vec<(String, String)> {
    let mut site = shop();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match site.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
    mistakes(&site).into_iter().map(|mistake| (mistake.path, mistake.what)).collect()
}

#[test]
fn the_example_site_has_no_mistake_and_becomes_a_site() {
    let site: Site = parse(SHOP).unwrap();
    assert_eq!((site.name.as_str(), site.stages.len(), site.slots.green.addresses.len()), ("shop", 3, 4));
    assert!(site.partners_know_outbound_address);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for the file to be written; no code of ours reads it")]
fn the_published_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/site.schema.json");
    let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("BLUEGREEN_WRITE").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == current,
        "docs/site.schema.json is old: run `BLUEGREEN_WRITE=1 cargo test the_published_schema_is_current`"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: a line for each mistake")]
fn every_single_mistake_is_found_at_its_place() {
    let subnet = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/SHOP/providers/Microsoft.Network/virtualNetworks/shop-network/subnets/blue";
    let nobody = "/subscriptions/mine/resourceGroups/shop/providers/Microsoft.Network/applicationGateways/g";
    for (pointer, value, place, what) in [
        ("/name", json!("Shop"), "/name", "expected 1 to 40 lower-case letters, digits and hyphens, found \"Shop\""),
        ("/name", json!(7), "/name", "expected a text, found 7"),
        ("/gateway", json!("shop-gateway"), "/gateway", "expected a resource id like /subscriptions/<id>/"),
        ("/gateway", json!(nobody), "/gateway", "expected a subscription's id"),
        ("/soakMinuts", json!(5), "/soakMinuts", "misspelt"),
        ("/slots/green/subnet", json!(subnet), "/slots/green/subnet", "the blue slot has the same subnet"),
        ("/slots/green/addresses/2", json!("10.1.15.1"), "/slots/green/addresses/2", "is at /slots/blue/addresses/0"),
        ("/slots/green/addresses/0", json!("8.8.8.8"), "/slots/green/addresses/0", "expected an internal address"),
        ("/slots/green/addresses/0", json!("10.1.31"), "/slots/green/addresses/0", "expected an address of IPv4"),
        ("/slots/green/addresses", json!([]), "/slots/green/addresses", "at least 1 entries"),
        ("/stages/1/share", json!(25), "/stages/1/share", "expected a larger share than the 25 % before"),
        ("/stages/2/share", json!(90), "/stages/2/share", "the last share must be 100"),
        ("/stages/0/share", json!(0), "/stages/0/share", "expected at least 1, found 0"),
        ("/stages/0/watchMinutes", json!(1441), "/stages/0/watchMinutes", "expected at most 1440, found 1441"),
        ("/gates", json!([{"before": "CheckPlan"}]), "/gates/0/before", "a gate cannot be before CheckPlan"),
        ("/gates", json!([{"before": "RestoreTraffic"}]), "/gates/0/before", "the way back never waits"),
        ("/gates", json!([{"before": "ShiftTraffic", "stage": 3}]), "/gates/0/stage", "there are 3 stages"),
        ("/gates", json!([{"before": "Soak", "stage": 1}]), "/gates/0/stage", "only gates before ShiftTraffic"),
        ("/gates", json!([{"before": "Soak"}, {"before": "Soak"}]), "/gates/1", "a gate before Soak already"),
        ("/gates", json!([{"before": "Shift"}]), "/gates/0/before", "expected one of \"CheckPlan\""),
        ("/pools/candidate", json!("Live"), "/pools/candidate", "is at /pools/live/0 already"),
        ("/pools/live/0", json!(""), "/pools/live/0", "expected the name of a pool"),
        ("/smokeTests", json!([]), "/smokeTests", "expected at least one"),
        ("/smokeTests/0/url", json!("ftp://x"), "/smokeTests/0/url", "begins with http:// or https://"),
        ("/smokeTests/0/url", json!("http:///x"), "/smokeTests/0/url", "expected a URL with a host"),
        ("/smokeTests/0/url", json!("http://a:b@x/"), "/smokeTests/0/url", "no user and no password"),
        ("/smokeTests/0/url", json!("http://localhost/"), "/smokeTests/0/url", "that is the machine which asks"),
        ("/smokeTests/0/url", json!("http://2130706433/"), "/smokeTests/0/url", "that is the machine which asks"),
        ("/smokeTests/0/url", json!("http://0x7f.1:8080/"), "/smokeTests/0/url", "that is the machine which asks"),
        ("/smokeTests/0/url", json!("http://[::1]/"), "/smokeTests/0/url", "that is the machine which asks"),
        (
            "/smokeTests/0/url",
            json!("http://[::ffff:169.254.169.254]/"),
            "/smokeTests/0/url",
            "the platform answers about",
        ),
        ("/smokeTests/0/url", json!("http://168.63.129.16/"), "/smokeTests/0/url", "the platform answers about"),
        ("/federate", json!(["till"]), "/federate/0", "it names none"),
        ("/copyRoles", json!({"roles": ["AcrPull"]}), "/copyRoles/roles/0", "a guid, found"),
        (
            "/copyRoles",
            json!({"roles": ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]}),
            "/copyRoles/roles/0",
            "never copied: a person gives it",
        ),
        ("/copyRoles", json!({"subscriptions": ["hub"]}), "/copyRoles/subscriptions/0", "the id of a subscription"),
        ("/smokeTests/0/connectTo", json!("gateway"), "/smokeTests/0/connectTo", "expected an IP address"),
        (
            "/controllers",
            json!([{"chart": "edge:1.2.3", "repo": "https://example.com", "version": "1.2.3"}]),
            "/controllers/0/chart",
            "into \"version\"",
        ),
        (
            "/controllers",
            json!([{"chart": "edge", "file": "edge.yaml"}]),
            "/controllers/0/file",
            "expected \"file\" or \"chart\", not both",
        ),
        ("/controllers/0/file", json!("../secret.yaml"), "/controllers/0/file", "one of . and .."),
        ("/workloads/0/file", json!("/etc/passwd"), "/workloads/0/file", "it is absolute"),
        ("/workloads/0/file", json!("a\\b.yaml"), "/workloads/0/file", "only names with /"),
        ("/workloads/0/digest", json!("ab"), "/workloads/0/digest", "a SHA-256 in 64 lower-case hex digits"),
        ("/deadlineMinutes", json!({"Soak": 0}), "/deadlineMinutes/Soak", "expected 1 minute at least"),
        ("/deadlineMinutes", json!({"Sleep": 5}), "/deadlineMinutes/Sleep", "expected one of the steps"),
        (
            "/oldCluster",
            json!("explode"),
            "/oldCluster",
            "expected one of \"keep\", \"scaleDown\", \"stop\", \"delete\"",
        ),
        ("/newVersions", json!(true), "/newVersions", "latest-stable"),
        ("/soakMinutes", json!(0), "/soakMinutes", "nothing is seen in no time"),
        ("/soakMinutes", json!(43201), "/soakMinutes", "expected 43200 minutes (30 days) at most"),
        ("/gateway", json!(format!("{}/", shop()["gateway"].as_str().unwrap())), "/gateway", "which ends with a slash"),
        ("/prune", json!("yes"), "/prune", "expected true or false"),
        ("/capacity", json!({"pin": "yes"}), "/capacity/pin", "expected true or false"),
        ("/capacity", json!({"namespaces": "shop"}), "/capacity/namespaces", "expected a list"),
        ("/clusterChanges", json!([1]), "/clusterChanges", "expected an object"),
        ("/clusterChanges", json!({"propertis": {}}), "/clusterChanges/propertis", "is \"properties\" meant?"),
        ("/clusterChanges", json!({"zones": []}), "/clusterChanges/zones", "has no such member"),
        ("/clusterChanges", json!({"properties": 1}), "/clusterChanges/properties", "expected an object"),
        (
            "/clusterChanges",
            json!({"properties": {"addonProfiles": {"ingressApplicationGateway": {"enabled": true, "config": {}}}}}),
            "/clusterChanges/properties/addonProfiles/ingressApplicationGateway/enabled",
            "the add-on (AGIC) would take the gateway",
        ),
        (
            "/slots/green/clusterChanges",
            json!({"properties": {"addonProfiles": {"IngressApplicationGateway": {"enabled": true}}}}),
            "/slots/green/clusterChanges/properties/addonProfiles/IngressApplicationGateway/enabled",
            "the add-on (AGIC) would take the gateway",
        ),
        (
            "/clusterChanges",
            json!({"properties": {"aadProfile": {"serverAppSecret": "hunter2"}}}),
            "/clusterChanges/properties/aadProfile/serverAppSecret",
            "a site file holds no secrets",
        ),
        ("/clusterChanges", json!({"tags": {"a": 1}}), "/clusterChanges/tags/a", "put it into quotes"),
        (
            "/clusterChanges",
            json!({"properties": {"netwrkProfile": {}}}),
            "/clusterChanges/properties/netwrkProfile",
            "is \"networkProfile\" meant?",
        ),
        (
            "/clusterChanges",
            json!({"properties": {"agentPoolProfiles": []}}),
            "/clusterChanges/properties/agentPoolProfiles",
            "expected all the pools",
        ),
        (
            "/clusterChanges",
            json!({"properties": {"kubernetesVersion": "1.1.1"}}),
            "/clusterChanges/properties/kubernetesVersion",
            "the run sets this itself",
        ),
        (
            "/clusterChanges",
            json!({"tags": {"AKS-bluegreen-run": "x"}}),
            "/clusterChanges/tags/AKS-bluegreen-run",
            "the run sets this tag itself",
        ),
    ] {
        let found = changed(pointer, value.clone());
        assert_eq!(found.len(), 1, "{pointer} = {value}: {found:#?}");
        assert_eq!(found[0].0, place, "{pointer} = {value}: {found:#?}");
        assert!(found[0].1.contains(what), "{pointer} = {value}: {found:#?}");
    }
}

#[test]
fn no_address_in_a_site_file_has_a_password() {
    let chart = |chart: &str, repo: Value| {
        let mut one = json!({"chart": chart, "version": "1.2.3"});
        if repo.is_string() {
            one["repo"] = repo;
        }
        json!([one])
    };
    let agic = json!([{"preset": "agic", "repo": "https://user:token@example.com/charts", "version": "1.5.3",
        "armAuth": {"type": "servicePrincipal", "secret": "https://user:token@v.vault.azure.net/secrets/x"}}]);
    let proxy = json!({"properties": {"httpProxyConfig": {"httpsProxy": "https://user:token@proxy.example.com:3128"}}});
    for (pointer, value, places) in [
        ("/controllers", chart("edge", json!("https://user:token@example.com/charts")), vec!["/controllers/0/repo"]),
        ("/controllers", chart("edge", json!("https://example.com/charts?sig=token")), vec!["/controllers/0/repo"]),
        ("/controllers", chart("oci://user:token@example.com/edge", json!(null)), vec!["/controllers/0/chart"]),
        ("/workloads", agic, vec!["/workloads/0/armAuth/secret", "/workloads/0/repo"]),
        ("/clusterChanges", proxy, vec!["/clusterChanges/properties/httpProxyConfig/httpsProxy"]),
    ] {
        let found = changed(pointer, value.clone());
        assert_eq!(found.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), places, "{value}");
        assert!(found.iter().all(|(_, what)| !what.contains("token")), "{found:?}");
    }
    let found = changed("/controllers", chart("edge", json!("https://user:token@example.com/charts")));
    assert!(found[0].1.contains("helm registry login") && found[0].1.contains("helm pull"), "{found:?}");
    let digest = "oci://example.com/edge@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_eq!(changed("/controllers", chart(digest, json!(null))), []);
}

#[test]
fn all_mistakes_are_named_at_once_and_in_order() {
    let mut site = shop();
    site["name"] = json!("Shop");
    site["smokeTests"] = json!([]);
    site["stages"][2]["share"] = json!(90);
    site["slots"]["green"]["color"] = json!("green");
    site["slots"]["green"].as_object_mut().unwrap().shift_remove("cluster");
    let places: Vec<_> = mistakes(&site).into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(places, ["/name", "/slots/green", "/slots/green/color", "/smokeTests", "/stages/2/share"]);
}

#[test]
fn what_may_stand_in_a_site_is_accepted() {
    for (pointer, value) in [
        (
            "/gates",
            json!([{"before": "CreateCluster"}, {"before": "ShiftTraffic"}, {"before": "ShiftTraffic", "stage": 2}]),
        ),
        ("/clusterChanges", json!({"properties": {"supportPlan": null}})),
        (
            "/clusterChanges",
            json!({"properties": {"addonProfiles": {"ingressApplicationGateway": {"enabled": false}}}}),
        ),
        ("/clusterChanges", json!(null)),
        ("/deadlineMinutes", json!({"CreateCluster": 120, "RestoreTraffic": 5})),
        ("/newVersions", json!("latest-patch")),
        ("/slots/green/addresses/0", json!("100.64.0.9")),
        ("/smokeTests/0", json!({"url": "http://candidate.shop.example.com/", "connectTo": "10.1.0.7:8080"})),
        ("/smokeTests/0", json!({"url": "https://candidate.shop.example.com:8443/a?b=c", "status": 204})),
    ] {
        let found = changed(pointer, value.clone());
        assert!(found.is_empty(), "{pointer} = {value}: {found:#?}");
    }
}

#[test]
fn broken_json_is_named_by_line_and_column() {
    let wrong = parse("{\n  \"name\": \"shop\",\n  oops\n}").unwrap_err();
    let what = "this is no JSON: key must be a string, in line 3, column 3";
    assert_eq!(wrong, [Mistake { path: String::new(), what: what.to_owned() }]);
    assert_eq!(wrong[0].to_string(), format!("/: {what}"));
}

#[test]
fn hostile_files_are_mistakes_and_never_a_panic() {
    let deep = "[".repeat(100_000);
    let huge = " ".repeat(2_000_000);
    for hostile in ["", "null", "[]", "7", "{}", "{\"slots\":[],\"stages\":{},\"gates\":7}", &deep, &huge] {
        assert!(!parse(hostile).unwrap_err().is_empty());
    }
    let site = json!({"stages": [1, {"share": "x"}, {"share": 1e300}], "gates": [{"before": 7, "stage": -1}],
        "pools": {"live": [null], "candidate": {}}, "smokeTests": [7], "controllers": [{"file": []}],
        "deadlineMinutes": {"a/b~c": null}, "clusterChanges": {"tags": 7}, "slots": {"blue": 1}});
    assert!(mistakes(&site).len() > 10);
}

#[test]
fn ids_lead_nowhere_else_and_name_the_right_kind() {
    let group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop";
    let gateway = |name: &str| format!("{group}/providers/Microsoft.Network/applicationGateways/{name}");
    let cluster = |name: &str| format!("{group}/providers/Microsoft.ContainerService/managedClusters/{name}");
    let long = "a".repeat(81);
    for name in ["a?b", "a#b", "..", "a%2fb", "a b", "a\nb", "a\u{200b}b", "-a", "a.", "", &long, "a&b", "ä"] {
        let found = changed("/gateway", json!(gateway(name)));
        assert_eq!(found.len(), 1, "{name:?}: {found:#?}");
        assert!(found[0].1.contains("expected a resource id like"), "{name:?}: {found:#?}");
    }
    for (place, id, what) in [
        ("/gateway", cluster("a"), "found \"Microsoft.ContainerService\" in the place of Microsoft.Network"),
        (
            "/gateway",
            gateway("a").replace("applicationGateways", "loadBalancers"),
            "in the place of applicationGateways",
        ),
        ("/gateway", gateway("a").replace("/shop/", "/shop%2f/"), "'%' cannot be in it"),
        ("/gateway", gateway("a").replace("/shop/", "/shop./"), "ends with a full stop"),
        ("/gateway", format!("{}/backendAddressPools/live", gateway("a")), "expected a resource id like"),
        ("/slots/green/cluster", cluster("a.b"), "it has a full stop"),
        ("/slots/green/cluster", cluster(&"a".repeat(64)), "expected 1 to 63 letters, found 64"),
        ("/slots/green/subnet", gateway("a"), "expected a resource id like"),
    ] {
        let found = changed(place, json!(id));
        assert!(found.len() == 1 && found[0].0 == place && found[0].1.contains(what), "{id}: {found:#?}");
    }
    // Azure's own answers spell them so, and people copy them from there.
    for fine in [
        gateway("a_b.c-d_"),
        gateway("a").to_lowercase(),
        gateway("a").to_uppercase(),
        gateway("a").replace("shop", "Büro_(1)"),
    ] {
        assert_eq!(changed("/gateway", json!(fine)), []);
    }
    for name in ["a?b", "a b", "a/b", "a\tb"] {
        let found = changed("/pools/candidate", json!(name));
        assert!(found.len() == 1 && found[0].1.contains("expected the name of a pool"), "{name:?}: {found:#?}");
    }
}

#[test]
fn what_a_slot_has_beside_its_subnet_is_of_the_right_kind_and_in_pairs() {
    let blue = shop()["slots"]["blue"]["subnet"].as_str().unwrap().to_owned();
    let subnet = |name: &str| json!(blue.replace("/blue", &format!("/{name}")));
    let elsewhere = json!(blue.replace("shop-network", "other-network"));
    for (pointer, value, place, what) in [
        ("/slots/green/ingressSubnet", json!("ingress"), "/slots/green/ingressSubnet", "expected a resource id like"),
        ("/slots/green/ingressSubnet", elsewhere, "/slots/green/ingressSubnet", "a subnet of the network in which"),
        ("/slots/green/nodeResourceGroup", json!("a/b"), "/slots/green/nodeResourceGroup", "'/' cannot be in it"),
        ("/slots/green/nodeResourceGroup", json!("n".repeat(81)), "/slots/green/nodeResourceGroup", ""),
        (
            "/slots/green/subnets",
            json!({"user": subnet("u")}),
            "/slots/green/subnets/user",
            "the blue slot has no subnet",
        ),
        (
            "/clusterChanges",
            json!({"tags": {"a": "${slot.color}"}}),
            "/clusterChanges",
            "is no placeholder that we know",
        ),
        ("/clusterChanges", json!({"tags": {"a": "${oidc.issuer}"}}), "/clusterChanges", "${oidc.issuer}"),
    ] {
        let found = changed(pointer, value);
        assert!(found.len() == 1 && found[0].0 == place && found[0].1.contains(what), "{pointer}: {found:#?}");
    }
    let mut twice = shop();
    for colour in ["blue", "green"] {
        twice["slots"][colour]["nodeResourceGroup"] = json!("rg-nodes");
    }
    let twice: Vec<_> = mistakes(&twice).into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(twice, ["/slots/green/nodeResourceGroup"]);
    let mut fine = shop();
    for colour in ["blue", "green"] {
        let slot = &mut fine["slots"][colour];
        slot["ingressSubnet"] = subnet(&format!("ingress-{colour}"));
        slot["subnets"] =
            json!({"user": subnet(&format!("user-{colour}")), "a/b~c": subnet(&format!("pods-{colour}"))});
        slot["nodeResourceGroup"] = json!(format!("rg-nodes-{colour}"));
    }
    fine["clusterChanges"] = json!({"tags": {"colour": "${slot.colour}", "name": "${cluster.name}", "plain": "$${x}"}});
    assert_eq!(mistakes(&fine), []);
    let site: Site = serde_json::from_value(fine.clone()).unwrap();
    assert_eq!(site.slots.green.all_subnets().len(), 4);
    fine["slots"]["green"]["subnets"]["user"] = subnet("USER-blue");
    let found = mistakes(&fine);
    assert!(found.len() == 1 && found[0].what.contains("the blue slot has the same subnet"), "{found:#?}");
}

#[test]
fn a_byte_order_mark_is_no_mistake_and_of_two_equal_members_the_last_one_counts() {
    let site = parse(&format!("\u{feff}{SHOP}")).unwrap();
    assert_eq!(site.name, "shop");
    let twice = SHOP.replacen('{', "{\n\"name\": \"other\",", 1);
    assert_eq!(parse(&twice).unwrap().name, "shop");
    let told = doubled(&twice);
    assert!(told.len() == 1 && told[0].contains("\"name\" stands in line 2 already"), "{told:?}");
    assert_eq!(doubled(SHOP), [""; 0]);
}
