//! What the parts of a data plane have in common: the world, the ground, and what is in effect now.
use super::ground::Ground;
use super::view::View;
use crate::SimulatedAzure;
use std::sync::{Arc, PoisonError, RwLock};

/// What the parts of a data plane have in common.
pub(super) struct Shared {
    pub azure: SimulatedAzure,
    pub ground: Ground,
    view: RwLock<Arc<View>>,
}

impl Shared {
    pub fn new(azure: SimulatedAzure, ground: Ground) -> Self {
        Self { azure, ground, view: RwLock::default() }
    }

    /// What is in effect now.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this is in effect.
    pub fn show(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}
