//! Application Gateways: whole-object PUT, the newer one supersedes; members take effect late.
mod body;
mod gateway;
mod health;
mod requests;
pub(crate) mod routing;
mod writing;

pub(crate) use requests::{answer, turn};
pub(crate) use writing::Gateways;
