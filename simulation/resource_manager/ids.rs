//! Ids that look drawn by lot and are the same in every run. Pure.
use crate::ids::guid_of;

/// Makes one id after the other.
#[derive(Debug, Default)]
pub(crate) struct Ids(u64);

impl Ids {
    /// A new GUID.
    pub fn guid(&mut self) -> String {
        self.0 += 1;
        guid_of(&format!("resource manager {}", self.0))
    }
}
