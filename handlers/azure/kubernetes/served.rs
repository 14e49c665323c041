//! Which kinds an API server serves, and where: each version of a group is asked for once.
use super::scaling::unless_forbidden;
use super::{Kubernetes, failed};
use crate::resources::answers::text;
use crate::resources::object::group;
use crate::run::StepError;
use crate::workload::refusal::is_own;
use anyhow::anyhow;
use kube::api::{Api, DynamicObject};
use kube::core::ApiResource;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A kind that is served.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Where.
    pub resource: ApiResource,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
}

impl Kind {
    /// The namespace in which an object of this kind lies; `None`: in none.
    #[must_use]
    pub fn namespace_of<'a>(&self, object: &'a Value) -> Option<&'a str> {
        let named = object["metadata"]["namespace"].as_str().filter(|name| !name.is_empty());
        self.namespaced.then(|| named.unwrap_or("default"))
    }

    /// An object without a namespace that its kind does not have: a chart's are given that of their release.
    pub(super) fn as_it_lies<'a>(&self, object: &'a Value) -> Cow<'a, Value> {
        if self.namespaced || object["metadata"].get("namespace").is_none() {
            return Cow::Borrowed(object);
        }
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.shift_remove("namespace");
        }
        Cow::Owned(object)
    }

    /// Its objects in a namespace, or everywhere.
    pub(super) fn api(&self, client: &kube::Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource),
            None => Api::all_with(client.clone(), &self.resource),
        }
    }
}

/// The kinds of each `apiVersion` that was asked for.
pub(super) type Kinds = BTreeMap<String, BTreeMap<String, Kind>>;

impl Kubernetes {
    /// The kind of an object, as it is served; `None` when it is not.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn served(&self, object: &Value) -> Result<Option<Kind>, StepError> {
        let text = |member: &str| object[member].as_str().unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let mut known = self.kinds.lock().await;
        if !known.contains_key(api_version) {
            let kinds = self.kinds_of(api_version).await?;
            known.insert(api_version.to_owned(), kinds);
        }
        Ok(known.get(api_version).and_then(|kinds| kinds.get(kind)).cloned())
    }

    /// An object, where none is a reason to act: that its kind is not served is believed only when nobody defines it either. A
    /// server that has just started, or is ill, says so of kinds that it has.
    ///
    /// # Errors
    /// When the API server does not answer, or does not serve a kind that is defined.
    pub async fn find_surely(&self, object: &Value) -> Result<Option<Value>, StepError> {
        let (group, kind) = (group(text(object, "/apiVersion")), text(object, "/kind"));
        if self.served(object).await?.is_none() && !group.is_empty() {
            let name = format!("{}s.{group}", kind.to_lowercase());
            let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": name}});
            // Who may not see definitions knows no better than the server says.
            if unless_forbidden(self.find(&definition).await)?.flatten().is_some() {
                return Err(anyhow!("{name} is defined, and the API server does not serve it (yet)").into());
            }
        }
        self.find(object).await
    }

    /// Forgets which custom kinds are served: definitions may have come meanwhile.
    pub async fn forget_custom_kinds(&self) {
        self.kinds.lock().await.retain(|api_version, _| is_own(api_version));
    }

    /// What this server serves, as Helm's `--api-versions` wants it: each version of each group, and each kind in it.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn api_versions(&self) -> Result<Vec<String>, StepError> {
        let failed = |error| failed("look which kinds are served", error);
        let mut versions = self.client.list_core_api_versions().await.map_err(failed)?.versions;
        let groups = self.client.list_api_groups().await.map_err(failed)?.groups;
        versions.extend(groups.into_iter().flat_map(|group| group.versions).map(|version| version.group_version));
        let mut served = vec![];
        for version in versions {
            let kinds = self.kinds_of(&version).await?;
            served.extend(kinds.keys().map(|kind| format!("{version}/{kind}")));
            served.push(version);
        }
        Ok(served)
    }

    async fn kinds_of(&self, api_version: &str) -> Result<BTreeMap<String, Kind>, StepError> {
        let asked = match api_version.split_once('/') {
            None => self.client.list_core_api_resources(api_version).await,
            Some(_) => self.client.list_api_group_resources(api_version).await,
        };
        let list = match asked {
            Ok(list) => list,
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(BTreeMap::new()),
            // Behind such a group lies somebody else's server, which is ill: the others are served all the same.
            Err(kube::Error::Api(status)) if status.code >= 500 && !is_own(api_version) => return Ok(BTreeMap::new()),
            Err(error) => return Err(failed(&format!("look for the kinds of {api_version}"), error)),
        };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let whole = list.resources.into_iter().filter(|resource| !resource.name.contains('/'));
        let kinds = whole.map(|found| {
            let resource = ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                api_version: api_version.to_owned(),
                kind: found.kind.clone(),
                plural: found.name,
            };
            (found.kind, Kind { resource, namespaced: found.namespaced })
        });
        Ok(kinds.collect())
    }
}
