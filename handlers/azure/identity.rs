//! Who we are: the function app's managed identity in Azure, the Azure CLI's account for an operator.
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{AzureCliCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use std::sync::Arc;

/// The function app's identity; with a client id, that user-assigned one.
///
/// # Errors
/// When the environment offers no kind of managed identity that is known.
pub fn managed(client_id: Option<&str>, transport: &Transport) -> anyhow::Result<Arc<dyn TokenCredential>> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(|id| UserAssignedId::ClientId(id.to_owned())),
        client_options: ClientOptions { transport: Some(transport.clone()), ..ClientOptions::default() },
    };
    Ok(ManagedIdentityCredential::new(Some(options))?)
}

/// The account that `az login` signed in.
///
/// # Errors
/// When the Azure CLI cannot be used here.
pub fn operator() -> anyhow::Result<Arc<dyn TokenCredential>> {
    Ok(AzureCliCredential::new(None)?)
}
