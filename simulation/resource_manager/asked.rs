//! What identities may not do on a gateway and what hangs on it, for pods that ask.
use super::authorization::may;
use super::federation;
use super::kinds;
use super::place::key;
use super::store::Store;
use crate::entra::principal_of;
use crate::kubernetes::Question;
use jiff::Timestamp;
use serde_json::Value;

/// What is missing of what an ingress controller needs, one a line; empty: nothing is. `counts`: what was
/// assigned by then counts.
pub(super) fn missing(store: &Store, host: &str, question: &Question, counts: Timestamp) -> String {
    if let Some(subject) = &question.subject
        && !federation::trusts(store, &question.client, &issuer(store, host), subject)
    {
        return format!(
            "AADSTS700213: No matching federated identity record found for presented assertion subject '{subject}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion.\n"
        );
    }
    let principal = principal_of(&question.client);
    let gateway = store.get(&key(&question.gateway));
    let mut needs = vec![
        ("Microsoft.Network/applicationGateways/read", question.gateway.clone()),
        ("Microsoft.Network/applicationGateways/write", question.gateway.clone()),
    ];
    let configurations = gateway.and_then(|body| body["properties"]["gatewayIPConfigurations"].as_array());
    for configuration in configurations.into_iter().flatten() {
        let subnet = configuration["properties"]["subnet"]["id"].as_str().unwrap_or_default();
        needs.push(("Microsoft.Network/virtualNetworks/subnets/join/action", subnet.to_owned()));
    }
    let identities = gateway.and_then(|body| body["identity"]["userAssignedIdentities"].as_object());
    for (identity, _) in identities.into_iter().flatten() {
        needs.push(("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", identity.clone()));
    }
    let lacks =
        needs.iter().filter(|(action, scope)| !may(store, &Value::from(principal.as_str()), scope, action, counts));
    lacks.map(|(action, scope)| format!("lacks {action} on {scope} (principal {principal})\n")).collect()
}

/// The name under which the cluster at this host issues the tokens of its pods.
fn issuer(store: &Store, host: &str) -> String {
    let mut clusters = store.of_kind("", kinds::CLUSTERS);
    let is_it = |body: &&Value| body["properties"]["fqdn"].as_str().is_some_and(|fqdn| fqdn.eq_ignore_ascii_case(host));
    let found = clusters.find(is_it).and_then(|body| body["properties"]["oidcIssuerProfile"]["issuerURL"].as_str());
    found.unwrap_or_default().to_owned()
}
