//! Tokens: asked for by the production credential, and by hand where it matters what is refused.
use super::wire::{azure, identity, morning};
use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::Value;
use simulated_azure::entra::{Entra, Signing, TENANT, claims, principal_of};

const IDENTITY: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2019-08-01";

async fn ask(entra: &mut Entra, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = entra.respond(&request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap(), morning());
    let status = reply.status().as_u16();
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_production_credential_gets_a_token_from_the_metadata_service() {
    let (azure, options) = azure();
    let credential = identity("client-1", &options);
    let token = credential.get_token(&["https://management.azure.com/.default"], None).await.unwrap();
    let said = claims(token.token.secret()).unwrap();
    assert_eq!((said.audience.as_str(), said.application.as_str()), ("https://management.azure.com", "client-1"));
    assert_eq!((said.tenant.as_str(), said.principal), (TENANT, principal_of("client-1")));
    assert_eq!(token.expires_on.unix_timestamp(), morning().as_second() + 24 * 3600);
    credential.get_token(&["https://management.azure.com/.default"], None).await.unwrap();
    assert_eq!(azure.world().entra.issued().len(), 1, "the second token came from the credential's own cache");
}

#[tokio::test]
async fn the_metadata_service_wants_its_header_a_resource_and_an_identity() {
    let mut entra = Entra::default();
    let complete = format!("{IDENTITY}&resource=https%3A%2F%2Fstorage.azure.com&client_id=c");
    assert_eq!(ask(&mut entra, "GET", &complete, &[], "").await.0, 400);
    let forwarded = [("metadata", "true"), ("x-forwarded-for", "1.2.3.4")];
    assert_eq!(ask(&mut entra, "GET", &complete, &forwarded, "").await.0, 400);
    let metadata = [("Metadata", "true")];
    let (status, said) = ask(&mut entra, "GET", &format!("{IDENTITY}&client_id=c"), &metadata, "").await;
    assert_eq!(
        (status, said["error_description"].as_str()),
        (400, Some("Required query variable 'resource' is missing"))
    );
    let (status, said) = ask(&mut entra, "GET", &format!("{IDENTITY}&resource=r"), &metadata, "").await;
    assert_eq!((status, said["error_description"].as_str()), (400, Some("Identity not found")));
    assert_eq!(ask(&mut entra, "POST", &complete, &metadata, "").await.0, 405);
    assert!(entra.issued().is_empty());
    let (status, said) = ask(&mut entra, "GET", &complete, &metadata, "").await;
    assert_eq!((status, said["expires_in"].as_str()), (200, Some("86400")), "numbers come as text");
}

#[tokio::test]
async fn app_service_wants_its_own_header() {
    let mut entra = Entra::default();
    let uri = "http://127.0.0.1:41000/msi/token?api-version=2019-08-01&resource=https://storage.azure.com&client_id=c";
    assert_eq!(ask(&mut entra, "GET", uri, &[("metadata", "true")], "").await.0, 401);
    let (status, said) = ask(&mut entra, "GET", uri, &[("x-identity-header", "secret")], "").await;
    assert_eq!((status, said["resource"].as_str()), (200, Some("https://storage.azure.com")));
}

#[tokio::test]
async fn an_application_gets_a_token_with_a_secret_or_an_assertion() {
    let mut entra = Entra::default();
    entra.application_lifetime = SignedDuration::from_mins(5);
    let uri = "https://login.microsoftonline.com/my-tenant/oauth2/v2.0/token";
    let scope = "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2Fmanagement.azure.com%2F.default";
    let (status, said) = ask(&mut entra, "POST", uri, &[], &format!("{scope}&client_secret=s")).await;
    assert_eq!((status, said["expires_in"].as_i64(), said["token_type"].as_str()), (200, Some(300), Some("Bearer")));
    let token = claims(said["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((token.audience.as_str(), token.tenant.as_str()), ("https://management.azure.com", "my-tenant"));
    let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let (status, second) = ask(&mut entra, "POST", uri, &[], &format!("{scope}&{kind}&client_assertion=a.b.c")).await;
    assert_eq!(status, 200);
    assert_ne!(said["access_token"], second["access_token"], "two tokens of one second differ");
    assert_eq!(entra.issued().len(), 2);
}

#[tokio::test]
async fn older_clients_ask_at_the_older_door_and_get_texts() {
    let mut entra = Entra::default();
    let uri = "https://login.microsoftonline.com/my-tenant/oauth2/token?api-version=1.0";
    let form = "grant_type=client_credentials&client_id=app&client_secret=s";
    let (status, said) = ask(&mut entra, "POST", uri, &[], form).await;
    assert_eq!(status, 400);
    assert!(said["error_description"].as_str().unwrap().contains("'resource'"), "{said}");
    let form = format!("{form}&resource=https%3A%2F%2Fmanagement.azure.com%2F");
    let (status, said) = ask(&mut entra, "POST", uri, &[], &form).await;
    assert_eq!((status, said["resource"].as_str()), (200, Some("https://management.azure.com/")));
    let number = |member: &str| said[member].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(number("expires_on") - number("not_before"), number("expires_in"));
    let token = claims(said["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.audience, "https://management.azure.com/");
}

#[tokio::test]
async fn an_incomplete_request_for_a_token_is_refused_with_its_code() {
    let mut entra = Entra::default();
    let uri = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    for (method, body, status, code) in [
        ("GET", "", 400, 900_561),
        ("POST", "", 400, 900_144),
        ("POST", "grant_type=password&client_id=a&scope=s", 400, 70_003),
        ("POST", "grant_type=client_credentials&client_id=a&scope=x%2F.default", 401, 7_000_216),
        ("POST", "grant_type=client_credentials&client_id=a&scope=x&client_secret=s", 400, 1_002_012),
        ("POST", "\u{1}\n not a form", 400, 900_144),
    ] {
        let (answered, said) = ask(&mut entra, method, uri, &[], body).await;
        assert_eq!((answered, said["error_codes"][0].as_i64()), (status, Some(code)), "{method} {body:?}");
    }
    assert!(entra.issued().is_empty());
}

#[tokio::test]
async fn discovery_leads_to_the_same_host() {
    let mut entra = Entra::default();
    let host = "https://login.chinacloudapi.cn";
    let page = format!("{host}/t/v2.0/.well-known/openid-configuration");
    let (status, said) = ask(&mut entra, "GET", &page, &[], "").await;
    assert_eq!(
        (status, said["token_endpoint"].as_str()),
        (200, Some("https://login.chinacloudapi.cn/t/oauth2/v2.0/token"))
    );
    let search = format!(
        "{host}/common/discovery/instance?api-version=1.1&authorization_endpoint={host}/t/oauth2/v2.0/authorize"
    );
    let (_, said) = ask(&mut entra, "GET", &search, &[], "").await;
    assert_eq!(said["tenant_discovery_endpoint"].as_str(), Some(page.as_str()));
    assert_eq!(ask(&mut entra, "GET", "https://login.microsoftonline.com/", &[], "").await.0, 404);
}

#[tokio::test]
async fn keys_of_an_api_are_published_and_follow_one_another() {
    let mut entra = Entra::default();
    let host = "https://login.microsoftonline.com";
    for (page, issuer) in
        [("v2.0/", format!("{host}/{TENANT}/v2.0")), ("", format!("https://sts.windows.net/{TENANT}/"))]
    {
        let page = format!("{host}/{TENANT}/{page}.well-known/openid-configuration");
        let (_, said) = ask(&mut entra, "GET", &page, &[], "").await;
        assert_eq!(said["issuer"], issuer.as_str());
        let (status, keys) = ask(&mut entra, "GET", said["jwks_uri"].as_str().unwrap(), &[], "").await;
        assert_eq!((status, &keys["keys"][0]["kid"]), (200, &entra.signing.key_id().into()), "{keys}");
    }
    let keys = format!("{host}/{TENANT}/discovery/v2.0/keys");
    for (turn, published) in [(Signing::rotate as fn(&mut Signing), 2), (Signing::replace, 1), (Signing::rotate, 2)] {
        turn(&mut entra.signing);
        let (_, said) = ask(&mut entra, "GET", &keys, &[], "").await;
        assert_eq!(said["keys"].as_array().map(Vec::len), Some(published), "{said}");
        assert_eq!(said["keys"][0]["kid"], entra.signing.key_id(), "the one that signs is among them");
    }
}

#[test]
fn a_forged_token_says_nothing() {
    for text in ["", "opaque", "a.b", "a.b.c", "...."] {
        assert_eq!(claims(text), None, "{text:?}");
    }
}
