//! Which service a host name belongs to, in the world's cloud.
pub use crate::hosts::{CallersTime, Origin, host_of, origin_of};

use crate::{
    Ask, Cloud, Reply, World,
    answer::{NoAnswer, json},
    cloud::is_below,
    resource_manager,
};
use jiff::Timestamp;

/// Asks the service behind the host name.
///
/// # Errors
/// When nobody answers there: a cluster that does not exist or is stopped.
pub fn respond(world: &mut World, ask: &Ask, now: Timestamp) -> Result<Reply, NoAnswer> {
    let host = host_of(ask).to_lowercase();
    world.resource_manager.advance(&mut world.kubernetes, now);
    Ok(match Service::of(&host, world.cloud) {
        Service::ResourceManager => {
            if names(ask, "microsoft.servicebus") {
                world.resource_manager.mirror(&world.service_bus, now);
            }
            if names(ask, "microsoft.authorization") {
                world.resource_manager.learn(&world.entra.groups);
            }
            let reply = world.resource_manager.respond(ask, &mut world.kubernetes, now);
            if !ask.method().is_safe() && reply.status().is_success() {
                resource_manager::carry_out(&mut world.service_bus, &mut world.blobs, ask);
            }
            reply
        }
        Service::Entra => world.entra.respond(ask, now),
        Service::Publishing => crate::publishing::respond(ask),
        Service::Blobs => world.blobs.respond(ask, now),
        Service::Bus => world.service_bus.respond(ask, now),
        Service::Kubernetes => world.kubernetes.respond(&host, ask, now)?,
        Service::Users => {
            // Whoever connects to an address says in a header which host is meant.
            let named = ask.headers().get("host").and_then(|named| named.to_str().ok()?.split(':').next());
            let named = named.unwrap_or(&host).to_owned();
            match world.visit(&named, Some(port_of(ask)), ask.uri().path(), now) {
                Some(answer) => answer.into_reply(),
                None => json(
                    502,
                    &serde_json::json!({"error": format!("no simulated service has the host name {named:?}")}),
                ),
            }
        }
    })
}

/// Whether a control plane is asked, where each call takes its time: no users' request, no token.
pub(crate) fn asks_control_plane(ask: &Ask, cloud: Cloud) -> bool {
    match Service::of(&host_of(ask).to_lowercase(), cloud) {
        Service::ResourceManager | Service::Blobs | Service::Bus | Service::Kubernetes => true,
        Service::Entra | Service::Publishing | Service::Users => false,
    }
}

/// What answers behind a host name.
enum Service {
    ResourceManager,
    /// Tokens and groups.
    Entra,
    Publishing,
    Blobs,
    Bus,
    Kubernetes,
    /// Any other name: a gateway's, perhaps.
    Users,
}

impl Service {
    /// Whose host it is, in lower case.
    fn of(host: &str, cloud: Cloud) -> Self {
        let below = |name: &str| is_below(host, name);
        if below(cloud.resource_manager()) {
            Self::ResourceManager
        } else if host == "169.254.169.254" || cloud.logins().any(below) || below(cloud.graph()) {
            Self::Entra
        } else if host.contains(".scm.") && below(cloud.apps()) {
            Self::Publishing
        } else if host.contains(".blob.") && below(cloud.storage()) {
            Self::Blobs
        } else if below(cloud.bus()) {
            Self::Bus
        } else if below(cloud.api_servers()) {
            Self::Kubernetes
        } else {
            Self::Users
        }
    }
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
