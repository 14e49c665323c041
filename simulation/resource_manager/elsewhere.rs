//! What Resource Manager takes and another service carries out: the bus's entities, the store's containers.
use super::entities;
use super::place::Place;
use crate::{Ask, blobs::Blobs, service_bus::Broker};
use http::Method;

const CONTAINER: &str = "microsoft.storage/storageaccounts/blobservices/containers";

/// Carries out a write that was taken.
pub(crate) fn carry_out(broker: &mut Broker, blobs: &mut Blobs, ask: &Ask) {
    entities::carry_out(broker, ask);
    let place = Place::of(ask.uri().path());
    if place.lower_kind() == CONTAINER && *ask.method() == Method::PUT {
        blobs.create_container(&place.steps[1], place.name());
    }
}
