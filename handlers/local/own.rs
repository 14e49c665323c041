//! A site file of somebody's own in the shop's world: what it brings to a cluster and how it moves the traffic is its own; the
//! gateway, the slots and what stands for users are the shop's.
use super::scene::Scene;
use crate::site::{Site, Slot};
use crate::store::{SITES, content_name};
use serde_json::json;
use simulated_azure::World;
use std::collections::BTreeMap;

/// A site file that was judged, with its texts.
#[derive(Clone, Debug)]
pub struct Own {
    /// The site, its charts rendered.
    pub site: Site,
    /// Manifests and what charts came to, by digest.
    pub texts: BTreeMap<String, String>,
}

impl Own {
    /// Becomes the site of the shop.
    pub fn settle(&self, shop: &mut Site) {
        let own = self.site.clone();
        let group = shop.gateway.split("/providers/").next().unwrap_or_default().to_owned();
        let here = |id: String| id.split_once("/providers/").map(|(_, rest)| format!("{group}/providers/{rest}"));
        let identities = own.identities.into_iter().filter_map(|(name, id)| Some((name, here(id)?))).collect();
        let slot = |shops: &Slot, owns: Slot| Slot { cluster_changes: owns.cluster_changes, ..shops.clone() };
        let mut slots = shop.slots.clone();
        slots.blue = slot(&slots.blue, own.slots.blue);
        slots.green = slot(&slots.green, own.slots.green);
        *shop = Site {
            name: shop.name.clone(),
            gateway: shop.gateway.clone(),
            pools: shop.pools.clone(),
            smoke_tests: shop.smoke_tests.clone(),
            slots,
            identities,
            // Nobody is there who could approve.
            gates: vec![],
            ..self.site.clone()
        };
    }

    /// Brings its texts and identities into a world in which it has settled.
    pub fn furnish(&self, scene: &Scene) {
        let now = scene.azure.clock().now();
        let mut guard = scene.azure.world();
        let World { resource_manager, kubernetes, blobs, .. } = &mut *guard;
        for (digest, text) in &self.texts {
            blobs.put(&scene.account, SITES, &content_name(digest), text.as_bytes(), now);
        }
        for id in scene.site.identities.values() {
            resource_manager.place(id, json!({"location": scene.article.location}), kubernetes, now);
        }
    }
}
