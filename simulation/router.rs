//! Which service a host name belongs to. The three clouds' names are known.
use crate::{
    Ask, Reply, World,
    answer::{NoAnswer, json},
    resource_manager,
};
use jiff::Timestamp;

/// The host name that a request asks, without its port.
#[must_use]
pub fn host_of(ask: &Ask) -> &str {
    let host = ask.uri().host().or_else(|| ask.headers().get("host")?.to_str().ok()).unwrap_or("");
    host.split(':').next().unwrap_or("")
}

/// How a caller reached a service that it does not know by its canonical name: scheme, host, port and the path that
/// stands for the host name, without a slash at its end. A door adds it to a request's extensions.
#[derive(Clone, Debug)]
pub struct Origin(pub String);

/// The moment that a caller's own clock shows, where the world's runs faster. A door adds it to a request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct CallersTime(pub Timestamp);

/// The base of the URLs that an answer carries, so that the caller reaches the same service again.
#[must_use]
pub fn origin_of(ask: &Ask) -> String {
    if let Some(Origin(origin)) = ask.extensions().get() {
        return origin.clone();
    }
    match ask.uri().authority() {
        Some(authority) => format!("{}://{authority}", ask.uri().scheme_str().unwrap_or("https")),
        None => format!("https://{}", ask.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("")),
    }
}

/// Asks the service behind the host name.
///
/// # Errors
/// When nobody answers there: a cluster that does not exist or is stopped.
pub fn respond(world: &mut World, ask: &Ask, now: Timestamp) -> Result<Reply, NoAnswer> {
    let host = host_of(ask).to_lowercase();
    world.resource_manager.advance(&mut world.kubernetes, now);
    Ok(match host.as_str() {
        name if name.starts_with("management.") => {
            if names(ask, "microsoft.servicebus") {
                world.resource_manager.mirror(&world.service_bus);
            }
            if names(ask, "microsoft.authorization") {
                world.resource_manager.learn(&world.entra.groups);
            }
            let reply = world.resource_manager.respond(ask, &mut world.kubernetes, now);
            if !ask.method().is_safe() && reply.status().is_success() {
                resource_manager::carry_out(world, ask);
            }
            reply
        }
        name if name.starts_with("login.") || name == "169.254.169.254" => world.entra.respond(ask, now),
        name if name.starts_with("graph.") => world.entra.respond(ask, now),
        name if name.contains(".scm.") => crate::publishing::respond(ask),
        name if name.contains(".blob.core.") => world.blobs.respond(ask, now),
        name if name.contains(".servicebus.") => world.service_bus.respond(ask, now),
        name if name.contains(".azmk8s.io") || name.contains(".azk8s.") => world.kubernetes.respond(&host, ask, now)?,
        _ => {
            // Whoever connects to an address says in a header which host is meant.
            let named = ask.headers().get("host").and_then(|named| named.to_str().ok()?.split(':').next());
            let named = named.unwrap_or(&host).to_owned();
            match crate::traffic::visit(world, &named, Some(port_of(ask)), ask.uri().path(), now) {
                Some(answer) => answer.into_reply(),
                None => json(
                    502,
                    &serde_json::json!({"error": format!("no simulated service has the host name {named:?}")}),
                ),
            }
        }
    })
}

/// The port that a URL names, or the one of its scheme.
fn port_of(ask: &Ask) -> u16 {
    let usual = if ask.uri().scheme_str() == Some("http") { 80 } else { 443 };
    ask.uri().port_u16().unwrap_or(usual)
}

/// Whether Resource Manager is asked for something of this provider, of which another service knows more.
fn names(ask: &Ask, provider: &str) -> bool {
    ask.uri().path().to_lowercase().contains(&format!("/providers/{provider}/"))
}
