//! `backendhealth` and `getBackendHealthOnDemand`: what the gateway sees when it asks its members.
use super::super::answers::{Refusal, refuse};
use super::super::place::key;
use super::gateway::Gateway;
use super::routing::{Backend, backend, part, probe_of};
use crate::kubernetes::Fleet;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Refuses a request on demand that names no pool or settings of the gateway.
pub(super) fn probe_checked(gateway: &Value, probe: &Value) -> Result<(), Refusal> {
    for field in ["backendAddressPool", "backendHttpSettings"] {
        if part(gateway, &probe[field]).is_none() {
            let named = probe[field]["id"].as_str().unwrap_or_default();
            let message = format!("Resource {named} referenced by the request was not found.");
            return Err(refuse(400, "InvalidResourceReference", message).about(field));
        }
    }
    Ok(())
}

/// The result of `backendhealth`: for each pool, for each settings that a rule uses it with, each member.
pub(super) fn of_all(gateway: &Gateway, body: &Value, fleet: &mut Fleet, at: Timestamp) -> Value {
    let backends = gateway.routing.as_ref().map(|routing| routing.backends.as_slice()).unwrap_or_default();
    let mut pools = vec![];
    for pool in body["properties"]["backendAddressPools"].as_array().into_iter().flatten() {
        let id = pool["id"].as_str().unwrap_or_default();
        let wanted = key(id);
        let used = backends.iter().filter(|backend| key(&backend.pool) == wanted);
        let settings: Vec<_> = used
            .map(|used| json!({"backendHttpSettings": {"id": used.settings}, "servers": servers(used, gateway.running, fleet, at)}))
            .collect();
        pools.push(json!({"backendAddressPool": {"id": id}, "backendHttpSettingsCollection": settings}));
    }
    json!({"backendAddressPools": pools})
}

/// The result of `getBackendHealthOnDemand`, also for a pool that no rule uses.
pub(super) fn on_demand(gateway: &Gateway, newest: &Value, ask: &Value, fleet: &mut Fleet, at: Timestamp) -> Value {
    // The instances know only what is in effect; a pool that is not yet there has what was written.
    let find = |field: &str| part(&gateway.effective, &ask[field]).or_else(|| part(newest, &ask[field]));
    let (Some(pool), Some(settings)) = (find("backendAddressPool"), find("backendHttpSettings")) else {
        return json!({});
    };
    let mut asked = backend(&gateway.effective, pool, settings);
    if ask["path"].is_string() || ask["host"].is_string() || ask["match"].is_object() {
        asked.probe = probe_of(ask, asked.host.as_deref());
    }
    json!({
        "backendAddressPool": {"id": pool["id"]},
        "backendHealthHttpSettings": {
            "backendHttpSettings": {"id": settings["id"]},
            "servers": servers(&asked, gateway.running, fleet, at),
        },
    })
}

fn servers(backend: &Backend, running: bool, fleet: &mut Fleet, at: Timestamp) -> Vec<Value> {
    let look = |member: &super::routing::Member| {
        let (health, log) = match member.ip {
            _ if !running => ("Unknown", "The gateway is stopped.".into()),
            None => ("Unknown", format!("Cannot resolve the host name {}.", member.address)),
            Some(ip) => {
                let host = backend.probe.host.as_deref().or(backend.host.as_deref()).unwrap_or("127.0.0.1");
                match fleet.visit(ip, host, &backend.probe.path, at) {
                    Some(visit) if backend.probe.accepts(visit.status) => {
                        ("Healthy", format!("Success. Received {} status code", visit.status))
                    }
                    Some(visit) => (
                        "Unhealthy",
                        format!("Backend server's HTTP status code {} did not match the probe setting.", visit.status),
                    ),
                    None => ("Unhealthy", "Cannot connect to the backend server. Check whether any NSG, UDR or firewall is blocking access.".into()),
                }
            }
        };
        json!({"address": member.address, "health": health, "healthProbeLog": log})
    };
    backend.members.iter().map(look).collect()
}
