//! Entra ID's public endpoints: tokens for applications, and the two kinds of discovery. Pure.
use super::{Claims, Entra, pairs};
use crate::{Ask, Reply, answer::json, hosts::origin_of, ids::TENANT};
use http::{Method, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Entra {
    pub(super) fn login(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        let origin = &origin_of(ask);
        let (tenant, rest) = ask.uri().path().trim_start_matches('/').split_once('/').unwrap_or_default();
        if matches!(tenant, "v1.0" | "beta") {
            return no_graph();
        }
        match rest {
            "oauth2/v2.0/token" => self.token(ask, (origin, tenant), &V2, now),
            "oauth2/token" => self.token(ask, (origin, tenant), &V1, now),
            "v2.0/.well-known/openid-configuration" => configuration(origin, tenant, true),
            ".well-known/openid-configuration" => configuration(origin, tenant, false),
            "discovery/v2.0/keys" | "discovery/keys" => json(200, &self.signing.published(&new_issuer(origin, tenant))),
            "discovery/instance" => instance(origin, ask.uri()),
            _ => json(
                404,
                &json!({"error": "not_found", "error_description": "the simulated Entra ID has no such page"}),
            ),
        }
    }

    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
    fn token(&mut self, ask: &Ask, (origin, tenant): (&str, &str), door: &Door, now: Timestamp) -> Reply {
        if ask.method() != Method::POST {
            let text = format!("The endpoint only accepts POST requests. Received a {} request.", ask.method());
            return refuse(400, "invalid_request", 900_561, &text, now);
        }
        // A form is a query in the body.
        let form = std::str::from_utf8(ask.body()).ok().and_then(|body| format!("/?{body}").parse::<Uri>().ok());
        let form = form.as_ref().map(pairs).unwrap_or_default();
        let said = |name: &str| form.get(name).map_or("", String::as_str);
        for needed in ["grant_type", "client_id", door.names_audience] {
            if said(needed).is_empty() {
                let text = format!("The request body must contain the following parameter: '{needed}'.");
                return refuse(400, "invalid_request", 900_144, &text, now);
            }
        }
        if said("grant_type") != "client_credentials" {
            let text = format!("The app requested an unsupported grant type '{}'.", said("grant_type"));
            return refuse(400, "unsupported_grant_type", 70_003, &text, now);
        }
        let asserted = !said("client_assertion").is_empty() && said("client_assertion_type") == ASSERTION;
        if said("client_secret").is_empty() && !asserted {
            let text =
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
            return refuse(401, "invalid_client", 7_000_216, text, now);
        }
        let Some(audience) = said(door.names_audience).strip_suffix(door.behind_audience) else {
            let text = format!(
                "The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
                said("scope")
            );
            return refuse(400, "invalid_scope", 1_002_012, &text, now);
        };
        let tenant = if matches!(tenant, "common" | "organizations") { TENANT } else { tenant };
        let claims = Claims::new(tenant, said("client_id"), audience, now, self.application_lifetime);
        let (issued, expires) = (claims.issued, claims.expires);
        let left = expires - issued;
        let signed = self.application_token(&claims, origin, now);
        let token = self.issue(claims);
        let token = signed.unwrap_or(token);
        let answer = json!({"token_type": "Bearer", "expires_in": left, "ext_expires_in": left, "access_token": token});
        json(200, &if door.is_old { in_texts(answer, audience, issued, expires) } else { answer })
    }
}

/// What tells the two doors for tokens apart.
struct Door {
    /// The member of the form that names whom the token is for,
    names_audience: &'static str,
    /// and what stands behind that name.
    behind_audience: &'static str,
    is_old: bool,
}

const V2: Door = Door { names_audience: "scope", behind_audience: "/.default", is_old: false };
/// The door of ADAL, which older clients still use.
///
/// <https://learn.microsoft.com/entra/identity-platform/access-tokens#token-formats>
const V1: Door = Door { names_audience: "resource", behind_audience: "", is_old: true };

/// The old door's answer: numbers are texts there.
fn in_texts(mut answer: Value, audience: &str, issued: i64, expires: i64) -> Value {
    for member in ["expires_in", "ext_expires_in"] {
        answer[member] = answer[member].to_string().into();
    }
    answer["resource"] = audience.into();
    answer["not_before"] = issued.to_string().into();
    answer["expires_on"] = expires.to_string().into();
    answer
}

/// Microsoft Graph, as one sees it who may not read the directory: the Azure CLI then goes on with object ids.
fn no_graph() -> Reply {
    let message = "The simulated Entra ID shows no directory: name principals by their object ids.";
    json(403, &json!({"error": {"code": "Authorization_RequestDenied", "message": message}}))
}

fn refuse(status: u16, error: &str, code: u32, text: &str, now: Timestamp) -> Reply {
    let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let id = "00000000-0000-0000-0000-000000000000";
    json(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {text} Trace ID: {id} Correlation ID: {id} Timestamp: {timestamp}"),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": id,
            "correlation_id": id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

/// The issuer of tokens of version 2.
fn new_issuer(origin: &str, tenant: &str) -> String {
    format!("{origin}/{tenant}/v2.0")
}

fn configuration(origin: &str, tenant: &str, is_new: bool) -> Reply {
    let (base, host) = (format!("{origin}/{tenant}"), authority(origin));
    // The older document names the issuer of version 1, and keys that are no tenant's own.
    let (issuer, keys) = if is_new {
        (new_issuer(origin, tenant), format!("{base}/discovery/v2.0/keys"))
    } else {
        (super::old_issuer(tenant), format!("{origin}/common/discovery/keys"))
    };
    json(
        200,
        &json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": keys,
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid"],
            "cloud_instance_name": host.strip_prefix("login.").unwrap_or(host),
        }),
    )
}

fn instance(origin: &str, uri: &Uri) -> Reply {
    let host = authority(origin);
    let query = pairs(uri);
    let authority = query.get("authorization_endpoint").and_then(|text| text.parse::<Uri>().ok());
    let tenant = authority.as_ref().and_then(|uri| uri.path().split('/').nth(1)).unwrap_or("common");
    json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
}

/// Host and port of a base URL.
fn authority(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, authority)| authority)
}
