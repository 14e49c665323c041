//! The API server of a cluster. Kubeconfigs and tokens live in memory alone.
mod applying;
mod lists;
mod members;
mod permitted;
mod scaling;
mod served;

pub use crate::workload::seen::MANAGER;
pub use applying::{Applied, KubernetesWriter};
pub use members::Removed;
pub use permitted::Permitted;
pub use scaling::{Amended, Part, is_forbidden, rollout};

use super::Reader;
use super::arm::{Arm, Question};
use crate::process::cloud::AKS_SERVER_SCOPE;
use crate::process::wire::Wire;
use crate::resources::object::{describe, name};
use crate::run::StepError;
use crate::workload::refusal::{Cause, Refusal, in_words};
use anyhow::{Context, anyhow};
use azure_core::credentials::TokenCredential;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use serde_json::{Value, json};
use served::Kinds;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// One cluster's API server, to be looked at.
pub struct Kubernetes {
    client: kube::Client,
    kinds: Mutex<Kinds>,
}

impl Reader {
    /// Connects to a cluster as this process's identity.
    ///
    /// # Errors
    /// When Azure gives no kubeconfig, or it cannot be used.
    pub async fn kubernetes(&self, cluster: &str) -> Result<Kubernetes, StepError> {
        connect(&self.arm, &self.wire, &self.credential, cluster).await
    }

    /// A cluster's kubeconfig as Azure gives it to a person or an identity of Entra: it holds no token, kubelogin gets one.
    ///
    /// # Errors
    /// When Azure gives none.
    pub async fn kubeconfig(&self, cluster: &str) -> Result<String, StepError> {
        kubeconfig(&self.arm, cluster).await
    }
}

async fn kubeconfig(arm: &Arm, cluster: &str) -> Result<String, StepError> {
    let answer = arm.ask(Question::UserCredential, cluster, &arm.cloud().container_service).await?;
    let encoded = answer.body["kubeconfigs"][0]["value"].as_str().context("Azure gave no kubeconfig")?;
    let yaml = BASE64_STANDARD.decode(encoded).context("the kubeconfig is no base64")?;
    Ok(String::from_utf8(yaml).context("the kubeconfig is no UTF-8")?)
}

/// Connects to a cluster as this identity.
///
/// # Errors
/// When Azure gives no kubeconfig, or it cannot be used.
pub async fn connect(
    arm: &Arm,
    wire: &Wire,
    credential: &Arc<dyn TokenCredential>,
    cluster: &str,
) -> Result<Kubernetes, StepError> {
    let yaml = kubeconfig(arm, cluster).await?;
    let mut kubeconfig = Kubeconfig::from_yaml(&yaml).context("the kubeconfig is unreadable")?;
    for user in &mut kubeconfig.auth_infos {
        // An Entra user wants kubelogin, which does not exist here: a token for the AKS server is what it gets.
        if let Some(auth) = user.auth_info.as_mut().filter(|auth| auth.exec.is_some() || auth.auth_provider.is_some()) {
            let token = credential.get_token(&[AKS_SERVER_SCOPE], None).await;
            let token = token.map_err(|error| anyhow!(error).context("no token for the AKS server"))?;
            auth.exec = None;
            auth.auth_provider = None;
            auth.token = Some(token.token.secret().to_owned().into());
        }
    }
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let config = config.context("the kubeconfig cannot be used")?;
    let client = (wire.kubernetes)(config).context("no client for the cluster")?;
    Ok(Kubernetes { client, kinds: Mutex::default() })
}

impl Kubernetes {
    /// The object as the cluster has it; `None` when there is none, or its kind is not served.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn find(&self, object: &Value) -> Result<Option<Value>, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(None) };
        let found = kind.api(&self.client, kind.namespace_of(object)).get_opt(name(object)).await;
        let found = found.map_err(|error| failed(&format!("read {}", describe(object)), error))?;
        Ok(found.map(serde_json::to_value).transpose().map_err(anyhow::Error::from)?)
    }

    /// What the API server would say if an object were applied. It keeps nothing (`dryRun=All`), so this is a look.
    ///
    /// # Errors
    /// When the API server does not answer, does not know this identity (401), or was asked for too much (429).
    pub async fn rehearse(&self, object: &Value, force: bool) -> Result<Applied, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(Applied::NotServed) };
        let params = PatchParams { force, dry_run: true, ..PatchParams::apply(MANAGER) };
        let api = kind.api(&self.client, kind.namespace_of(object));
        let answer = api.patch(name(object), &params, &Patch::Apply(kind.as_it_lies(object).as_ref())).await;
        applying::answered("try", object, answer)
    }

    /// When the definition of an object's kind was last changed; `None` when it has none.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn defined(&self, object: &Value) -> Result<Option<Timestamp>, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(None) };
        let name = format!("{}.{}", kind.resource.plural, kind.resource.group);
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}});
        let Some(found) = self.find(&definition).await? else { return Ok(None) };
        let changes = found["metadata"]["managedFields"].as_array().into_iter().flatten().map(|entry| &entry["time"]);
        let moments = changes.chain([&found["metadata"]["creationTimestamp"]]);
        Ok(moments.filter_map(|moment| moment.as_str()?.parse().ok()).max())
    }
}

/// An API server's refusal, without the client's words.
fn refusal_of(status: &Status) -> Refusal {
    let causes = status.details.iter().flat_map(|details| &details.causes).map(|cause| Cause {
        reason: cause.reason.clone(),
        message: cause.message.clone(),
        field: cause.field.clone(),
    });
    let message = if status.message.is_empty() {
        format!("{} (no reason was given)", status.code)
    } else {
        status.message.clone()
    };
    Refusal { code: status.code, message, causes: causes.collect() }
}

/// An API server's refusal of a question, in words for a person.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub struct Refused {
    /// The HTTP status; 0 where the answer was no `Status`.
    pub code: u16,
    said: String,
}

/// What could not be done, in words for a person: a missing right is named.
fn failed(what: &str, error: kube::Error) -> StepError {
    let kube::Error::Api(status) = error else {
        return anyhow!(error).context(format!("failed to {what}")).into();
    };
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    let retry_after = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    let refused = Refused { code: status.code, said: in_words(&refusal_of(&status)) };
    StepError::Transient { cause: anyhow!(refused).context(format!("failed to {what}")), retry_after }
}
