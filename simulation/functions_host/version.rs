//! Which host it is that is simulated here. Pure.

pub(super) use crate::resource_manager::HOST_VERSION as VERSION;

/// The same version, as the host names itself to others.
pub(super) const PRODUCT: &str = "Azure-Functions-Host/4.1037.0.0";
