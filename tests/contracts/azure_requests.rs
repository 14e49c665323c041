//! What we ask of Azure: valid by its own schemas, conditional where it must be, with tokens for the right hosts alone.
use crate::played::{Played, Seen, all, story, watch};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::resources::gateway::Gateway;
use bluegreen::resources::tags::MARK_TAG;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulated_azure::entra::claims;
use simulated_azure::{Effect, Fault, On};

const CLUSTER: &str = include_str!("../specs/managedCluster-2026-08-01.schema.json");
const GATEWAY: &str = include_str!("../specs/applicationGateway-2026-03-01.schema.json");

/// The mistakes of a body by a schema, or by one of its definitions.
#[track_caller]
fn is_valid(schema: &str, definition: Option<&str>, body: &Value) {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    if let Some(definition) = definition {
        assert!(schema["$defs"][definition].is_object(), "{definition}");
        schema["$ref"] = format!("#/$defs/{definition}").into();
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<_> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}\n{body:#}");
}

#[test]
fn the_schemas_can_refuse() {
    let refused = |schema: &str, body: Value| {
        let schema: Value = serde_json::from_str(schema).unwrap();
        !jsonschema::validator_for(&schema).unwrap().is_valid(&body)
    };
    assert!(refused(CLUSTER, json!({"location": "x", "properties": {"agentPoolProfiles": [{"name": 7}]}})));
    assert!(refused(GATEWAY, json!({"properties": {"backendAddressPools": {"name": "live"}}})));
    assert!(refused(GATEWAY, json!({"tags": {"mark": 7}})));
}

#[test]
fn every_cluster_that_we_write_is_valid() {
    let mut written = [0, 0, 0];
    for seen in all().iter().flat_map(|played| &played.seen).filter(|seen| seen.writes("/managedclusters/")) {
        if seen.method == Method::PUT && seen.path.contains("/agentPools/") {
            let mut pool = seen.json()["properties"].clone();
            pool["name"] = seen.json()["name"].clone();
            is_valid(CLUSTER, Some("ManagedClusterAgentPoolProfile"), &pool);
            written[0] += 1;
        } else if seen.method == Method::PUT {
            is_valid(CLUSTER, None, &seen.json());
            written[1] += 1;
        } else if seen.method == Method::PATCH {
            let body = seen.json();
            assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["tags"], "a PATCH replaces tags alone");
            assert!(body["tags"].as_object().unwrap().values().all(Value::is_string), "{body}");
            written[2] += 1;
        }
    }
    assert!(written.iter().all(|count| *count > 0), "{written:?}");
}

#[test]
fn a_write_of_the_gateway_changes_our_pools_and_our_mark_alone() {
    for played in all() {
        let mut writes = 0;
        for (at, put) in played.seen.iter().enumerate().filter(|(_, seen)| seen.writes("/applicationgateways/")) {
            let reads =
                |seen: &&Seen| seen.method == Method::GET && seen.process == put.process && seen.gateway.is_some();
            let read = played.seen[..at].iter().rev().find(reads).expect("no write without a look before it");
            let (before, body) = (read.gateway.clone().unwrap(), put.json());
            is_valid(GATEWAY, None, &body);
            assert_ne!(body, before);
            assert_eq!(without_ours(body.clone(), played), without_ours(before, played));
            let mark = body["tags"][MARK_TAG].as_str().unwrap();
            assert!(mark.starts_with("shop-") && mark.split('/').count() == 2, "{mark}");
            writes += 1;
        }
        assert!(writes >= 3, "{writes}");
    }
}

fn without_ours(mut gateway: Value, played: &Played) -> Value {
    for pool in gateway["properties"]["backendAddressPools"].as_array_mut().unwrap() {
        if played.pools.iter().any(|ours| pool["name"] == ours.as_str()) {
            pool["properties"].as_object_mut().unwrap().remove("backendAddresses");
        }
    }
    let no_tags = match gateway["tags"].as_object_mut() {
        Some(tags) => {
            tags.remove(MARK_TAG);
            tags.is_empty()
        }
        None => true,
    };
    if no_tags {
        gateway.as_object_mut().unwrap().remove("tags");
    }
    gateway
}

#[test]
fn a_gateway_with_every_property_survives_a_move() {
    story(async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let id = shop.article.gateway.replace("gateway", "maximal").replace("gw-", "maximal-");
        assert_ne!(id, shop.article.gateway);
        let mut body: Value =
            serde_json::from_str(include_str!("../specs/applicationGateway-maximal-2026-03-01.json")).unwrap();
        let pool = body["properties"]["backendAddressPools"][0]["name"].as_str().unwrap().to_owned();
        body["location"] = "westeurope".into();
        // Interfaces are members, too, which no write of ours takes out: they are somebody else's pool.
        let pools = body["properties"]["backendAddressPools"].as_array_mut().unwrap();
        let mut theirs = pools[0].clone();
        theirs["name"] = "theirs".into();
        pools[0]["properties"].as_object_mut().unwrap().remove("backendIPConfigurations");
        pools.push(theirs);
        let url = format!("https://management.azure.com{id}?api-version=2026-03-01");
        settled(&shop, &url, body).await;
        let before = shop.operator.reader.gateway(&id).await.ok().unwrap();
        let members = vec![(pool.clone(), shop.site.slots.green.addresses.clone())];
        settled(&shop, &url, before.with(&members, "shop-1/a").unwrap()).await;
        let after = shop.operator.reader.gateway(&id).await.ok().unwrap();
        assert!(after.shows(&members) && !before.shows(&members) && after.mark() == Some("shop-1/a"));
        let rest = |gateway: Gateway| {
            let mut gateway = gateway.0;
            without_states(&mut gateway);
            gateway["tags"].as_object_mut().unwrap().remove(MARK_TAG);
            let pools = gateway["properties"]["backendAddressPools"].as_array_mut().unwrap();
            let ours = pools.iter_mut().find(|found| found["name"] == pool.as_str()).unwrap();
            ours["properties"].as_object_mut().unwrap().remove("backendAddresses");
            gateway
        };
        assert_eq!(rest(after), rest(before));
    });
}

/// PUTs a gateway with a token of its own and waits until it is done.
async fn settled(shop: &Shop, url: &str, body: Value) {
    use bluegreen::azure::{arm, identity, permit};
    use bluegreen::local::door;
    use bluegreen::process::{clock::Clock, cloud::Cloud};
    let wire = door::wire(&shop.azure, &simulated_azure::Process::new("test"));
    let credential = identity::managed(Some("client"), &wire.http).unwrap();
    let writer =
        arm::ArmWriter::new(&Cloud::named("AzurePublicCloud").unwrap(), &credential, &wire.http, &Clock::default());
    let method = azure_core::http::Method::Put;
    let permit = permit::Permit::of_a_person(&Clock::default());
    writer.write(permit, method, url.to_owned(), arm::Condition::None, Some(&body)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
}

fn without_states(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| name != "etag" && name != "provisioningState");
            members.values_mut().for_each(without_states);
        }
        Value::Array(items) => items.iter_mut().for_each(without_states),
        _ => {}
    }
}

#[test]
fn no_write_is_unconditional() {
    let (mut clusters, mut runs) = (0, 0);
    for seen in all().iter().flat_map(|played| &played.seen).filter(|seen| seen.is_ours()) {
        let condition = (seen.header("if-match"), seen.header("if-none-match"));
        let what = format!("{} {}: {condition:?}", seen.method, seen.path);
        if seen.writes("/managedclusters/") {
            match (seen.method.as_str(), condition) {
                ("PUT", (None, Some("*"))) => {}
                (_, (Some(etag), None)) => assert!(etag.len() > 3 && etag != "*", "{what}"),
                _ => panic!("{what}"),
            }
            clusters += 1;
        }
        if seen.host.contains(".blob.") && seen.method == Method::PUT {
            let (_, name) = seen.path.split_once("/runs/").expect("the handlers write runs, never sites");
            match condition {
                (Some(etag), None) => {
                    let is_ours = ["active/", "calls/"].iter().any(|at| name.starts_with(at));
                    assert!(is_ours && etag.len() > 3 && etag != "*", "{what}");
                }
                (None, Some("*")) => {
                    let is_new = ["active/", "history/", "calls/"].iter().any(|at| name.starts_with(at));
                    assert!(is_new, "{what}");
                }
                (None, None) => {
                    assert!(
                        ["waiting/", "refusals/", "versions/", "watch/", "check/", "under-way.json"]
                            .iter()
                            .any(|at| name.starts_with(at)),
                        "{what}"
                    );
                }
                _ => panic!("{what}"),
            }
            runs += 1;
        }
    }
    assert!(clusters >= 6 && runs > 100, "{clusters} {runs}");
}

#[test]
fn a_token_goes_to_the_hosts_that_it_is_for_and_to_no_other() {
    let mut hosts = std::collections::BTreeSet::new();
    for seen in all().iter().flat_map(|played| &played.seen) {
        let Some(header) = seen.header("authorization") else { continue };
        let token = header.strip_prefix("Bearer ").unwrap_or_else(|| panic!("{}: no bearer token", seen.host));
        let ends = match claims(token).map(|claims| claims.audience.trim_end_matches('/').to_owned()).as_deref() {
            Some("https://management.azure.com") => "management.azure.com",
            Some("https://storage.azure.com") => ".blob.core.windows.net",
            Some("https://servicebus.azure.net") => ".servicebus.windows.net",
            Some("6dae42f8-4368-4678-94ff-3960e28e3630") | None => ".azmk8s.io",
            Some(audience) => panic!("{audience} to {}", seen.host),
        };
        assert!(seen.host.ends_with(ends), "a token for {ends} went to {}", seen.host);
        assert!(!seen.path.contains(token), "a token in a URL");
        hosts.insert(ends);
    }
    assert_eq!(hosts.len(), 4, "{hosts:?}");
    let smoke_tests = all().iter().flat_map(|it| &it.seen).filter(|seen| seen.host.starts_with("candidate.")).count();
    assert!(smoke_tests > 0, "plain requests were made, too, without a token");
}

#[test]
fn an_operation_on_a_host_of_somebody_else_is_never_asked_for() {
    for url in ["https://evil.example/operations/1", "http://management.azure.com/operations/1"] {
        story(async {
            let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
            let effect = Effect::Answer {
                status: StatusCode::OK,
                headers: vec![("azure-asyncoperation".into(), url.into())],
                body: json!({}),
            };
            let on = On::call(Method::PUT, "/applicationgateways/");
            shop.azure.world().faults.add(Fault::once("redirected", on, effect));
            let seen = watch(&shop.azure, &shop.article.gateway);
            let told = play(&shop, Plot::default()).await.unwrap();
            assert_eq!(told.hits, [("redirected".to_owned(), 1)]);
            let seen = seen.lock().unwrap();
            let asked = |seen: &&Seen| seen.host == "evil.example" || seen.path.starts_with("/operations/");
            assert_eq!(seen.iter().filter(asked).count(), 0, "{url}");
            assert_eq!(told.ending(), "rolled_back", "what cannot be followed cannot be proved");
        });
    }
}
