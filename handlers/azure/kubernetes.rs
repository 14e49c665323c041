//! The API server of a cluster. Kubeconfigs and tokens live in memory alone.
use super::arm::{Arm, Question};
use super::permit::Permit;
use super::{Reader, Writer};
use crate::process::cloud::AKS_SERVER_SCOPE;
use crate::process::limits::Pages;
use crate::process::wire::Wire;
use crate::resources::object::{describe, name};
use crate::run::StepError;
use anyhow::{Context, anyhow};
use azure_core::credentials::TokenCredential;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use kube::discovery::{ApiCapabilities, Scope};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The field manager of everything that we apply.
pub const MANAGER: &str = "aks-bluegreen";

/// So many objects are asked for at once: a node has 20 KB and more.
const A_PAGE: u32 = 250;

/// One cluster's API server, to be looked at.
pub struct Kubernetes {
    client: kube::Client,
    kinds: Mutex<BTreeMap<String, (ApiResource, ApiCapabilities)>>,
}

impl Reader {
    /// Connects to a cluster as this process's identity.
    ///
    /// # Errors
    /// When Azure gives no kubeconfig, or it cannot be used.
    pub async fn kubernetes(&self, cluster: &str) -> Result<Kubernetes, StepError> {
        connect(&self.arm, &self.wire, &self.credential, cluster).await
    }
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
    let answer = arm.ask(Question::UserCredential, cluster, &arm.cloud().container_service).await?;
    let encoded = answer.body["kubeconfigs"][0]["value"].as_str().context("Azure gave no kubeconfig")?;
    let yaml = BASE64_STANDARD.decode(encoded).context("the kubeconfig is no base64")?;
    let yaml = String::from_utf8(yaml).context("the kubeconfig is no UTF-8")?;
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
    /// The object as the cluster has it; `None` when there is none, or its kind is not served yet.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn find(&self, object: &Value) -> Result<Option<Value>, StepError> {
        let Some(api) = self.api(object).await? else { return Ok(None) };
        let found = api.get_opt(name(object)).await.map_err(|error| failed("read", object, &error))?;
        Ok(found.map(serde_json::to_value).transpose().map_err(anyhow::Error::from)?)
    }

    /// All objects of a built-in kind, in all namespaces.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn all(&self, api_version: &str, kind: &str) -> Result<Vec<Value>, StepError> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let failed = || format!("failed to list {kind}s");
        let (mut all, mut pages) = (vec![], Pages::default());
        let mut wanted = ListParams::default().limit(A_PAGE);
        loop {
            let list = api.list(&wanted).await.with_context(failed)?;
            for item in list.items {
                all.push(serde_json::to_value(item).map_err(anyhow::Error::from)?);
            }
            let Some(next) = list.metadata.continue_.filter(|next| !next.is_empty()) else { return Ok(all) };
            pages.ask(&next).map_err(anyhow::Error::msg).with_context(failed)?;
            wanted = wanted.continue_token(&next);
        }
    }

    async fn api(&self, object: &Value) -> Result<Option<Api<DynamicObject>>, StepError> {
        let text = |member: &str| object[member].as_str().unwrap_or_default().to_owned();
        let types = TypeMeta { api_version: text("apiVersion"), kind: text("kind") };
        let mut kinds = self.kinds.lock().await;
        let key = format!("{}/{}", types.api_version, types.kind);
        if !kinds.contains_key(&key) {
            let wanted = GroupVersionKind::try_from(&types).context("no apiVersion and kind")?;
            match kube::discovery::pinned_kind(&self.client, &wanted).await {
                Ok(found) => _ = kinds.insert(key.clone(), found),
                Err(kube::Error::Discovery(_)) => return Ok(None),
                Err(kube::Error::Api(status)) if status.code == 404 => return Ok(None),
                Err(error) => return Err(anyhow!(error).context(format!("failed to look for the kind {key}")).into()),
            }
        }
        let Some((resource, capabilities)) = kinds.get(&key) else { return Ok(None) };
        let client = self.client.clone();
        Ok(Some(match capabilities.scope {
            Scope::Cluster => Api::all_with(client, resource),
            Scope::Namespaced => {
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
                Api::namespaced_with(client, namespace, resource)
            }
        }))
    }
}

/// One cluster's API server, to which objects can be applied.
pub struct KubernetesWriter(Kubernetes);

impl std::ops::Deref for KubernetesWriter {
    type Target = Kubernetes;
    fn deref(&self) -> &Kubernetes {
        &self.0
    }
}

impl Writer {
    /// Connects to a cluster as this process's identity, to write.
    ///
    /// # Errors
    /// When Azure gives no kubeconfig, or it cannot be used.
    pub async fn kubernetes(&self, cluster: &str) -> Result<KubernetesWriter, StepError> {
        Ok(KubernetesWriter(connect(self.arm.reader(), &self.wire, &self.credential, cluster).await?))
    }
}

impl KubernetesWriter {
    /// Applies an object by server-side apply. What another manager owns is not taken from it.
    ///
    /// # Errors
    /// When the permit is too old, the kind is not served yet, or the API server refuses.
    pub async fn apply(&self, permit: Permit, object: &Value) -> Result<(), StepError> {
        let Some(api) = self.api(object).await? else {
            return Err(anyhow!("the cluster does not serve the kind of {} yet", describe(object)).into());
        };
        permit.redeem()?;
        let applied = api.patch(name(object), &PatchParams::apply(MANAGER), &Patch::Apply(object)).await;
        match applied {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 409 | 422) => {
                Err(StepError::Terminal(format!("failed to apply {}: {}", describe(object), status.message)))
            }
            Err(error) => Err(failed("apply", object, &error)),
        }
    }
}

fn failed(what: &str, object: &Value, error: &kube::Error) -> StepError {
    anyhow!("failed to {what} {}: {error}", describe(object)).into()
}
