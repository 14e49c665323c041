//! Which host it is that is simulated here. Pure.

/// The version of the host whose behaviour was recorded.
pub(crate) const VERSION: &str = "4.1037.0.0";
pub(super) const PRODUCT: &str = "Azure-Functions-Host/4.1037.0.0";
