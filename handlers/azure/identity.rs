//! Who we are: the function app's managed identity in Azure, the Azure CLI's account for an operator.
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{AzureCliCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

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
    Ok(Arc::new(Operator { cli: AzureCliCredential::new(None)?, kept: Mutex::default() }))
}

/// The Azure CLI gives no token that ends sooner than in 5 min: so long one is kept.
const KEPT: Duration = Duration::from_secs(240);

/// A token, and when it came.
type Kept = Arc<tokio::sync::Mutex<Option<(Instant, AccessToken)>>>;

/// The Azure CLI's account. Each call of the CLI takes a second: it is asked once for each audience, for several side by
/// side. Its refusals say in one line what to do.
#[derive(Debug)]
struct Operator {
    cli: Arc<AzureCliCredential>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

#[async_trait::async_trait]
impl TokenCredential for Operator {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let place = match self.kept.lock() {
            Ok(mut kept) => kept.entry(scopes.join(" ")).or_default().clone(),
            Err(_) => Kept::default(),
        };
        // Whoever comes while it is asked for waits for the same token.
        let mut kept = place.lock().await;
        if let Some((_, token)) = kept.as_ref().filter(|(came, _)| came.elapsed() < KEPT) {
            return Ok(token.clone());
        }
        let token = self.cli.get_token(scopes, options).await;
        let token = token.map_err(|error| Error::with_message(ErrorKind::Credential, no_token(&error.to_string())))?;
        *kept = Some((Instant::now(), token.clone()));
        Ok(token)
    }
}

/// What the Azure CLI says, without its warnings and without its last line, which leads to a page about them all.
fn no_token(error: &str) -> String {
    let error = error.trim_start_matches("AzureCliCredential authentication failed. ");
    let lines = error.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("WARNING:"));
    let lines: Vec<_> = lines.filter(|line| !line.starts_with("To troubleshoot, visit ")).collect();
    let from = lines.iter().position(|line| line.starts_with("ERROR:")).unwrap_or(0);
    let said = lines[from..].join(" ");
    let said = said.trim_start_matches("ERROR: ").trim_end_matches('.');
    let remedy = if said.contains("not found") { "install it, and sign in" } else { "sign in" };
    format!("the Azure CLI gives no token ({said}): {remedy} with `az login`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_azure_cli_says_is_said_in_one_line_without_its_warnings() {
        let nobody = "AzureCliCredential authentication failed. ERROR: Please run 'az login' to setup account.\n";
        let nobody = no_token(nobody);
        assert_eq!(
            nobody,
            "the Azure CLI gives no token (Please run 'az login' to setup account): sign in with `az login`"
        );
        let conditional = no_token(
            "WARNING: A Cloud Shell credential problem occurred.\nERROR: AADSTS50076: Due to a change, you must use \
             multi-factor authentication.\nInteractive authentication is needed. Please run:\naz login --scope \
             https://storage.azure.com/.default\n\nTo troubleshoot, visit https://aka.ms/azurecli\n",
        );
        assert!(conditional.contains("(AADSTS50076: Due to") && !conditional.contains("Cloud Shell"), "{conditional}");
        assert!(
            conditional.contains("Please run: az login --scope https://storage.azure.com/.default)"),
            "{conditional}"
        );
        assert!(!conditional.contains("install") && !conditional.contains("troubleshoot"), "{conditional}");
        assert!(no_token("Azure CLI not found on path").contains("install it, and sign in with"));
        assert!(no_token("").contains("sign in with"));
    }
}
