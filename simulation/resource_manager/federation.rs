//! Federated credentials of identities: 20 at most, and one for whom an issuer speaks. What is written takes effect at one
//! moment, so that two writes at once are never seen; a script refuses one where that is wanted.
//!
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>
use super::answers::{Answered, Refusal, body_of, refuse};
use super::desk::Desk;
use super::place::{Place, key};
use super::plain;
use super::store::Store;
use crate::Ask;
use http::Method;
use serde_json::Value;

/// In lower case.
pub(crate) const KIND: &str = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials";
const MOST: usize = 20;

/// A call about federated credentials.
pub(crate) fn answer(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    if ask.method() == Method::PUT && place.names_a_resource() {
        may_be(&desk.registry.store, place, &body_of(ask)?)?;
    }
    plain::answer(desk, ask, place)
}

fn may_be(store: &Store, place: &Place, body: &Value) -> Result<(), Refusal> {
    let refused = |why: String| Err(refuse(400, "BadRequest", why));
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = place.name();
    let well_named = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_of_a_name);
    if !well_named || !(3..=120).contains(&name.len()) {
        return refused(format!("The federated identity credential name '{name}' is invalid."));
    }
    for member in ["issuer", "subject"] {
        if body["properties"][member].as_str().is_none_or(str::is_empty) {
            return refused(format!("The federated identity credential has no {member}."));
        }
    }
    if body["properties"]["audiences"].as_array().is_none_or(|audiences| audiences.len() != 1) {
        return refused("The federated identity credential must have exactly one audience.".into());
    }
    let (own, identity) = (key(&place.id()), place.parent().unwrap_or_default());
    let below = below(&identity);
    let others: Vec<_> = store.below(&below).filter(|(key, _)| *key != own).collect();
    let says = |other: &Value, member: &str| other["properties"][member] == body["properties"][member];
    if others.iter().any(|(_, other)| says(other, "issuer") && says(other, "subject")) {
        return Err(refuse(
            409,
            "Conflict",
            format!("Issuer and subject combination already exists for this Managed Identity '{identity}'."),
        ));
    }
    if others.len() >= MOST {
        return refused(format!(
            "Too many federated identity credentials for the identity '{identity}': at most {MOST}."
        ));
    }
    Ok(())
}

/// What the keys of an identity's credentials begin with.
fn below(identity: &str) -> String {
    format!("{}/federatedidentitycredentials/", key(identity))
}

/// Whether an identity, by its client id, trusts this issuer for this subject.
pub(super) fn trusts(store: &Store, client: &str, issuer: &str, subject: &str) -> bool {
    let identities = store.of_kind("", "Microsoft.ManagedIdentity/userAssignedIdentities");
    let mut own = identities.filter(|body| body["properties"]["clientId"] == client);
    own.any(|identity| {
        let below = below(identity["id"].as_str().unwrap_or_default());
        let says = |body: &Value| body["properties"]["issuer"] == issuer && body["properties"]["subject"] == subject;
        store.below(&below).any(|(_, body)| says(body))
    })
}
