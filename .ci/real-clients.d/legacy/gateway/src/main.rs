//! A gateway's way through azure_mgmt_network 0.21: read and written back by the typed client, as a tool does that
//! changes one pool. ENDPOINTS is the path of endpoints.json. Prints what the gateway then has lost.
//! One line a check; the exit status is 1 when one failed.
use azure_core::{RetryOptions, TransportOptions, Url, auth::AccessToken, auth::Secret, auth::TokenCredential};
use azure_mgmt_network::Client;
use serde_json::Value;
use std::{collections::BTreeSet, error::Error, sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Every property that API version 2026-03-01 knows.
const MAXIMAL: &str = include_str!("../../../../../simulation/tests/fixtures/gateway-maximal.json");
/// Users' settings that docs/decisions/05-raw-json-arm-client.md says are lost, below `/properties`.
const CLAIMED: [&str; 16] = [
    "advancedRoutingConditionSets",
    "advancedRoutingMaps",
    "backendHttpSettingsCollection[]/properties/dedicatedBackendConnection",
    "backendHttpSettingsCollection[]/properties/sniName",
    "backendHttpSettingsCollection[]/properties/validateCertChainAndExpiry",
    "backendHttpSettingsCollection[]/properties/validateSNI",
    "backendSettingsCollection[]/properties/enableL4ClientIpPreservation",
    "entraJWTValidationConfigs",
    "globalConfiguration/disableDefaultServerHeaderInResponse",
    "probes[]/properties/enableProbeProxyProtocolHeader",
    "requestRoutingRules[]/properties/advancedRoutingMap",
    "requestRoutingRules[]/properties/authConfigs",
    "requestRoutingRules[]/properties/entraJWTValidationConfig",
    "reservedCapacity",
    "sslCertificates[]/properties/hsm",
    "sslProfiles[]/properties/clientAuthConfiguration/verifyClientAuthMode",
];

/// Any bearer token is good.
#[derive(Debug)]
struct Anybody;

#[async_trait::async_trait]
impl TokenCredential for Anybody {
    async fn get_token(&self, _: &[&str]) -> azure_core::Result<AccessToken> {
        let in_an_hour = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        Ok(AccessToken::new(Secret::new("anybody"), in_an_hour))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}

/// Resource Manager by plain requests, which lose nothing.
struct Plain {
    http: reqwest::Client,
    url: String,
}

impl Plain {
    async fn get(&self) -> Result<Value, Box<dyn Error>> {
        let answer = self.http.get(&self.url).bearer_auth("anybody").send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn put(&self, body: &Value) -> Result<(), Box<dyn Error>> {
        let request = self.http.put(&self.url).bearer_auth("anybody").header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() { Ok(()) } else { Err(format!("the gateway was refused: {status} {text}").into()) }
    }

    /// The gateway once its last write has taken effect.
    async fn settled(&self, before: Option<&Value>) -> Result<Value, Box<dyn Error>> {
        for _ in 0..120 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let gateway = self.get().await?;
            let written = before.is_none_or(|before| before["etag"] != gateway["etag"]);
            if written && gateway["properties"]["provisioningState"] == "Succeeded" {
                return Ok(gateway);
            }
        }
        Err("the gateway was not updated within a minute".into())
    }
}

/// The path of every value, `[]` for every place in a list.
fn paths(at: &str, value: &Value, found: &mut BTreeSet<String>) {
    found.insert(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| paths(&format!("{at}/{name}"), value, found)),
        Value::Array(values) => values.iter().for_each(|value| paths(&format!("{at}[]"), value, found)),
        _ => {}
    }
}

fn paths_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    paths("", value, &mut found);
    found
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::var("ENDPOINTS").map_err(|_| "expected the path of endpoints.json in ENDPOINTS")?;
    let endpoints: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let text = |name: &str| endpoints[name].as_str().ok_or(format!("endpoints.json has no {name}"));
    let authority = reqwest::Certificate::from_pem(&std::fs::read(text("certificateAuthority")?)?)?;
    let http = reqwest::Client::builder().add_root_certificate(authority).build()?;
    let base = text("resourceManager")?;
    let (subscription, group, name) = ("33333333-3333-4333-8333-333333333333", "rg-shop", "gw-legacy");
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/applicationGateways/{name}"
    );
    let plain = Plain { http: http.clone(), url: format!("{base}{id}?api-version=2026-03-01") };
    let mut maximal: Value = serde_json::from_str(MAXIMAL)?;
    maximal["location"] = "westeurope".into();
    plain.put(&maximal).await?;
    let before = plain.settled(None).await?;

    let client = Client::builder(Arc::new(Anybody))
        .endpoint(Url::parse(base)?)
        .retry(RetryOptions::none())
        .transport(TransportOptions::new(Arc::new(http)))
        .build()?;
    let gateways = client.application_gateways_client();
    let typed = gateways.get(group, name, subscription).await?;
    println!("ok      a gateway is read");
    gateways.create_or_update(group, name, typed, subscription).send().await?;
    let after = plain.settled(Some(&before)).await?;
    println!("ok      a gateway is written");

    let (had, has) = (paths_of(&before), paths_of(&after));
    // What lies below something lost is lost with it, and not named again.
    let kept_parent =
        |path: &str| path.rsplit_once('/').is_none_or(|(parent, _)| has.contains(parent.trim_end_matches("[]")));
    let lost: Vec<&str> =
        had.difference(&has).map(String::as_str).filter(|path| !path.ends_with("[]") && kept_parent(path)).collect();
    println!(
        "        {} of {} properties are lost:",
        lost.len(),
        had.iter().filter(|path| !path.ends_with("[]")).count()
    );
    lost.iter().for_each(|path| println!("        {path}"));
    let kept: Vec<_> = CLAIMED.iter().filter(|path| !lost.contains(&&*format!("/properties/{path}"))).collect();
    if kept.is_empty() {
        println!("ok      all that the decision names is lost");
        return Ok(());
    }
    println!("FAILED  all that the decision names is lost: but these were kept: {kept:?}");
    std::process::exit(1);
}
