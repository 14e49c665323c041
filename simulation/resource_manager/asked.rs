//! What identities may not do on a gateway and what hangs on it, for pods that ask.
use super::authorization::may;
use super::place::key;
use super::store::Store;
use crate::entra::principal_of;
use crate::kubernetes::Question;
use serde_json::Value;

/// What is missing of what an ingress controller needs, one a line; empty: nothing is.
pub(super) fn missing(store: &Store, question: &Question) -> String {
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
    let lacks = needs.iter().filter(|(action, scope)| !may(store, &Value::from(principal.as_str()), scope, action));
    lacks.map(|(action, scope)| format!("lacks {action} on {scope} (principal {principal})\n")).collect()
}
