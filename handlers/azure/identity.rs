//! Who we are: the function app's managed identity in Azure, the Azure CLI's account for an operator.
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
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
    Ok(Arc::new(Operator(AzureCliCredential::new(None)?)))
}

/// The Azure CLI's account. Its refusals say in one line what to do.
#[derive(Debug)]
struct Operator(Arc<AzureCliCredential>);

#[async_trait::async_trait]
impl TokenCredential for Operator {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.0.get_token(scopes, options).await;
        token.map_err(|error| Error::with_message(ErrorKind::Credential, no_token(&error.to_string())))
    }
}

fn no_token(error: &str) -> String {
    let said = error.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let said = said.trim_start_matches("AzureCliCredential authentication failed. ").trim_start_matches("ERROR: ");
    format!("the Azure CLI gives no token ({}): install it, and sign in with `az login`", said.trim_end_matches('.'))
}
