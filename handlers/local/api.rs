//! The HTTP API as an application of the simulated directory, and people with roles in it.
use super::scene::Scene;
use crate::process::cloud::Cloud;
use simulated_azure::World;
use simulated_azure::entra::{Api, TENANT, principal_of};

/// Its client id.
pub const CLIENT: &str = "00000000-0000-4000-8000-000000000a91";
/// Its App ID URI.
pub const URI: &str = "api://shop-upgrader";
/// Whom the commands that are shown sign in as, by the Azure CLI.
pub const OPERATOR: &str = "app";

/// The function app's settings for it. A function key may act: whoever tries it on their own machine needs no token.
#[must_use]
pub fn settings() -> [(&'static str, String); 3] {
    [
        ("API_TENANT", TENANT.to_owned()),
        ("API_AUDIENCE", format!("{URI},{CLIENT}")),
        ("API_FUNCTION_KEY", "act".to_owned()),
    ]
}

/// The value of one of them.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    settings().into_iter().find_map(|(known, value)| (known == name).then_some(value))
}

/// Makes it known to the directory. The operator may act.
pub(super) fn expose(world: &mut World) {
    world.entra.expose(Api { client: CLIENT.into(), uri: URI.into(), takes_version_2: true });
    world.entra.assign(URI, &principal_of(OPERATOR), "Upgrades.Act");
}

impl Scene {
    /// A token of a person for the API, who has these of its roles from now on.
    #[must_use]
    pub fn token_of(&self, person: &str, roles: &[&str]) -> String {
        let now = self.azure.clock().now();
        let mut world = self.azure.world();
        let authority = Cloud::named(world.cloud().name()).map(|cloud| cloud.authority).unwrap_or_default();
        roles.iter().for_each(|role| world.entra.assign(URI, &principal_of(person), role));
        world.entra.token_of(person, URI, &authority, now).unwrap_or_default()
    }
}
