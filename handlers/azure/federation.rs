//! Federated credentials of identities: listed, made, removed. One identity takes one write at a time.
use super::arm::{ArmError, Condition};
use super::permit::Permit;
use super::{Reader, Writer};
use crate::plan::federation::Credential;
use crate::run::StepError;
use azure_core::http::Method;

/// Version of the API of managed identities.
const API_VERSION: &str = "2024-11-30";
const COLLECTION: &str = "federatedIdentityCredentials";

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Federated {
    /// It is so.
    Done,
    /// Somebody else is writing at the identity.
    Busy,
    /// It has one of another name for the same issuer and subject.
    Taken,
    /// We may not; a role takes up to 30 min until it counts.
    NotAllowed(String),
}

impl Reader {
    /// The federated credentials of an identity; `None` when we may not look at them.
    ///
    /// # Errors
    /// When they cannot be read for another reason.
    pub async fn federated(&self, identity: &str) -> Result<Option<Vec<Credential>>, StepError> {
        match self.arm.list(&format!("{identity}/{COLLECTION}"), API_VERSION).await {
            Ok(listed) => Ok(Some(listed.iter().filter_map(Credential::read).collect())),
            Err(error) if error.status == 403 && error.has_code() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Writer {
    /// Makes a federated credential, or writes over that of its name.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn federate(&self, permit: Permit, identity: &str, it: &Credential) -> Result<Federated, StepError> {
        let url = self.arm.reader().url(&format!("{identity}/{COLLECTION}/{}", it.name), API_VERSION);
        done(self.arm.write(permit, Method::Put, url, Condition::None, Some(&it.body())).await.map(drop))
    }

    /// Removes the federated credential of a name, if there is one.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn unfederate(&self, permit: Permit, identity: &str, name: &str) -> Result<Federated, StepError> {
        let id = format!("{identity}/{COLLECTION}/{name}");
        let url = self.arm.reader().url(&id, API_VERSION);
        match self.arm.write(permit, Method::Delete, url, Condition::None, None).await {
            Err(error) if error.says_absent(&id) => Ok(Federated::Done),
            other => done(other.map(drop)),
        }
    }
}

fn done(written: Result<(), ArmError>) -> Result<Federated, StepError> {
    match written {
        Ok(()) => Ok(Federated::Done),
        Err(error) if error.status == 409 && error.to_string().contains("already exists") => Ok(Federated::Taken),
        Err(error) if error.status == 409 => Ok(Federated::Busy),
        Err(error) if error.status == 403 && error.has_code() => Ok(Federated::NotAllowed(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
