//! The article's base: a network, a gateway and a blue cluster behind it, as they are before the first upgrade.
mod gateway;
mod layout;

pub use layout::{Article, Options, SUBSCRIPTION};

use crate::World;
use jiff::Timestamp;
use serde_json::{Value, json};

impl Article {
    /// Sets up the article's base. The workloads are the caller's.
    pub fn set_up(world: &mut World, options: &Options, now: Timestamp) -> Self {
        world.set_cloud(options.cloud);
        let article = Self::named(options);
        let parts = [
            (article.network.clone(), network(&article.location)),
            (
                article.public_address.clone(),
                json!({"location": article.location, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}),
            ),
            (article.control_plane_identity.clone(), json!({"location": article.location})),
            (article.kubelet_identity.clone(), json!({"location": article.location})),
            (article.gateway.clone(), gateway::body(&article)),
            (article.blue.clone(), article.cluster(&article.blue_subnet, options)),
        ];
        world.resource_manager.add_group(&article.subscription, &article.resource_group, &article.location);
        for (id, body) in parts {
            world.resource_manager.place(&id, body, &mut world.kubernetes, now);
        }
        article
    }
}

fn network(location: &str) -> Value {
    let subnet = |name: &str, prefix: &str| json!({"name": name, "properties": {"addressPrefix": prefix}});
    json!({
        "location": location,
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [subnet("gateway", "10.1.32.0/24"), subnet("blue", "10.1.0.0/20"), subnet("green", "10.1.16.0/20")],
        },
    })
}
