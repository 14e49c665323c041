//! The person who uses the tool: the clients with the account of `az login`, and its name.
use super::patience::patiently;
use crate::azure::identity;
use crate::azure::plainly::text;
use crate::functions::app::App;
use crate::process::cloud::{Cloud, SERVICE_BUS_SCOPE, STORAGE_SCOPE};
use crate::process::config::Config;
use crate::process::wire::Wire;
use anyhow::{anyhow, bail};
use azure_core::credentials::TokenCredential;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::try_join_all;
use serde_json::Value;
use std::process::ExitCode;
use std::sync::Arc;

/// A person with clients for Azure.
pub struct Person {
    /// The clients.
    pub app: App,
    cloud: Cloud,
    credential: Arc<dyn TokenCredential>,
}

/// Runs a command with clients for Azure.
pub fn in_azure<Work>(command: impl FnOnce(Person) -> Work) -> anyhow::Result<ExitCode>
where
    Work: Future<Output = anyhow::Result<ExitCode>>,
{
    let config = Config::from_environment()?;
    let wire = Wire::sockets()?;
    let credential = identity::operator()?;
    let app = App::new(&config, &credential, &wire)?;
    let person = Person { app, cloud: config.cloud.clone(), credential };
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(patiently(command(person)))
}

impl Person {
    /// A token for each service that an order needs, side by side and before anything is written: an order that is half
    /// carried out because the second service knows nobody is worse than none. Gives the account's name.
    ///
    /// # Errors
    /// When there is no token for one of them.
    pub async fn signed_in(&self) -> anyhow::Result<String> {
        let scopes = [STORAGE_SCOPE, SERVICE_BUS_SCOPE, self.cloud.scope.as_str()];
        let tokens = try_join_all(scopes.map(|scope| self.token(scope))).await?;
        let Some(name) = tokens.iter().rev().find_map(|token| name_in(token)) else {
            bail!("the token does not say whose it is: sign in with `az login`")
        };
        Ok(name)
    }

    /// Works, and beside that asks for the token for Resource Manager, which the work needs a moment later: the Azure CLI takes
    /// its time.
    pub async fn beside<Work: Future>(&self, work: Work) -> Work::Output {
        tokio::join!(work, self.token(&self.cloud.scope)).0
    }

    async fn token(&self, scope: &str) -> anyhow::Result<String> {
        let token = self.credential.get_token(&[scope], None).await;
        token.map(|token| token.token.secret().to_owned()).map_err(|error| anyhow!(text(&error.to_string())))
    }
}

/// Whose a token is: a person's name, or the id of an application. It is read, not proved: the services prove it.
#[must_use]
pub fn name_in(token: &str) -> Option<String> {
    let part = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&part).ok()?;
    let known = ["upn", "preferred_username", "unique_name", "email", "app_displayname", "appid", "oid"];
    known.iter().find_map(|name| claims[name].as_str()).filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is() {
        let token = |claims: &str| format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(name_in(&token(r#"{"oid":"1","upn":"alice@example.com"}"#)).as_deref(), Some("alice@example.com"));
        assert_eq!(name_in(&token(r#"{"oid":"1","appid":"2"}"#)).as_deref(), Some("2"));
        for nothing in ["", "x", "x.y.z", &token("[]")] {
            assert_eq!(name_in(nothing), None, "{nothing}");
        }
    }
}
