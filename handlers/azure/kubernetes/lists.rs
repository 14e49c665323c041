//! Lists of objects, page by page. What items leave out, their kind, is filled in here for whoever reads them.
use super::served::Kind;
use super::{Kubernetes, failed};
use crate::process::limits::Pages;
use crate::resources::answers::text;
use crate::resources::object::name;
use crate::run::StepError;
use crate::text::{LONGEST_NAME, cut};
use crate::workload::readiness::has_readiness;
use crate::workload::rights::MOST_NAMESPACES;
use crate::workload::seen::Seen;
use anyhow::anyhow;
use kube::api::ListParams;
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// So many objects are asked for at once: a node has 20 KB and more,
const A_PAGE: u32 = 250;
/// a definition up to 1 MB,
const A_PAGE_OF_DEFINITIONS: u32 = 20;
/// what is said of an object alone, little.
const A_PAGE_OF_METADATA: u32 = 500;

/// What of an object a list is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Whole,
    Metadata,
}

/// By what an object is known in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    api_version: String,
    kind: String,
    /// None for what lies in no namespace.
    namespace: Option<String>,
    name: String,
}

impl Key {
    fn of(kind: &Kind, object: &Value) -> Self {
        Self {
            api_version: kind.resource.api_version.clone(),
            kind: kind.resource.kind.clone(),
            namespace: kind.namespace_of(object).map(str::to_owned),
            name: name(object).to_owned(),
        }
    }
}

impl Kubernetes {
    /// All objects of a built-in kind, in all namespaces. Each says its kind.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn all(&self, api_version: &str, kind: &str) -> Result<Vec<Value>, StepError> {
        let kind = Kind { resource: resource(api_version, kind), namespaced: false };
        let mut all = vec![];
        self.pages(&kind, None, Shows::Whole, &ListParams::default(), &mut |object| all.push(object)).await?;
        Ok(all)
    }

    /// The objects of a built-in kind in a namespace that have these labels; without labels, all.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn labelled(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, StepError> {
        let kind = Kind { resource: resource(api_version, kind), namespaced: true };
        let about = if labels.is_empty() { ListParams::default() } else { ListParams::default().labels(labels) };
        let mut all = vec![];
        self.pages(&kind, Some(namespace), Shows::Whole, &about, &mut |object| all.push(object)).await?;
        Ok(all)
    }

    /// Why a pod with these labels has no node, in the scheduler's words.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn unscheduled(&self, namespace: &str, labels: &str) -> Result<Option<String>, StepError> {
        Ok(self.labelled("v1", "Pod", namespace, labels).await?.iter().find_map(without_node))
    }

    /// The events that tell of a Job. Who must not read them has none.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn events_of_job(&self, namespace: &str, job: &str) -> Result<Vec<Value>, StepError> {
        let kind = Kind { resource: resource("v1", "Event"), namespaced: true };
        let about = ListParams::default().fields(&format!("involvedObject.kind=Job,involvedObject.name={job}"));
        match kind.api(&self.client, Some(namespace)).list(&about.limit(A_PAGE)).await {
            Ok(list) => {
                let values =
                    list.items.into_iter().map(|event| serde_json::to_value(event).map_err(anyhow::Error::from));
                Ok(values.collect::<Result<_, _>>()?)
            }
            Err(kube::Error::Api(status)) if status.code == 403 => Ok(vec![]),
            Err(error) => Err(failed(&format!("read the events of Job {namespace}/{job}"), error)),
        }
    }

    /// What the pod of a Job that ended last has said at its end, if it said something.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn last_words(&self, namespace: &str, job: &str) -> Result<Option<String>, StepError> {
        let mut pods = self.labelled("v1", "Pod", namespace, &format!("job-name={job}")).await?;
        pods.sort_by_key(|pod| text(pod, "/metadata/creationTimestamp").to_owned());
        let words = pods.iter().rev().map(|pod| text(pod, "/status/containerStatuses/0/state/terminated/message"));
        Ok(words.map(str::trim).find(|words| !words.is_empty()).map(str::to_owned))
    }

    /// What is there of each of these objects, in their order. They are asked for in lists, one for each kind and
    /// namespace; of kinds that have no readiness only what is said of an object is read.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn seen(&self, wanted: &[&Value]) -> Result<Vec<Option<Seen>>, StepError> {
        let (mut keys, mut lists) = (vec![], BTreeMap::new());
        for object in wanted {
            let kind = self.served(object).await?;
            keys.push(kind.as_ref().map(|kind| Key::of(kind, object)));
            if let Some(kind) = kind {
                let list = (kind.resource.api_version.clone(), kind.resource.kind.clone());
                let (_, namespaces) = lists.entry(list).or_insert_with(|| (kind.clone(), BTreeSet::new()));
                namespaces.insert(kind.namespace_of(object).map(str::to_owned));
            }
        }
        let is_wanted: HashSet<&Key> = keys.iter().flatten().collect();
        let mut found: HashMap<Key, Seen> = HashMap::new();
        for (kind, namespaces) in lists.into_values() {
            let everywhere = BTreeSet::from([None]);
            let namespaces = if namespaces.len() > MOST_NAMESPACES { everywhere } else { namespaces };
            let shows = if has_readiness(&kind.resource.api_version, &kind.resource.kind) {
                Shows::Whole
            } else {
                Shows::Metadata
            };
            for namespace in namespaces {
                let mut keep = |object: Value| {
                    let key = Key::of(&kind, &object);
                    if is_wanted.contains(&key) {
                        found.insert(key, Seen::of(&object));
                    }
                };
                self.pages(&kind, namespace.as_deref(), shows, &ListParams::default(), &mut keep).await?;
            }
        }
        Ok(keys.iter().map(|key| key.as_ref().and_then(|key| found.remove(key))).collect())
    }

    /// The objects of a kind with a label, in these namespaces or in none: what is said of them, of a `StatefulSet` all.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn members(
        &self,
        kind: &Kind,
        namespaces: &BTreeSet<String>,
        labels: &str,
    ) -> Result<Vec<Value>, StepError> {
        let shows = if kind.resource.kind == "StatefulSet" { Shows::Whole } else { Shows::Metadata };
        let about = ListParams::default().labels(labels);
        let is_one_list = !kind.namespaced || namespaces.len() > MOST_NAMESPACES;
        let places: Vec<_> =
            if is_one_list { vec![None] } else { namespaces.iter().map(|space| Some(space.as_str())).collect() };
        let mut members = vec![];
        for place in places {
            let mut keep = |object: Value| {
                if kind.namespace_of(&object).is_none_or(|space| namespaces.contains(space)) {
                    members.push(object);
                }
            };
            self.pages(kind, place, shows, &about, &mut keep).await?;
        }
        Ok(members)
    }

    async fn pages(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        shows: Shows,
        about: &ListParams,
        each: &mut (dyn FnMut(Value) + Send),
    ) -> Result<(), StepError> {
        let api = kind.api(&self.client, namespace);
        let what = format!("list {}s", kind.resource.kind);
        let mut limit = match (shows, kind.resource.kind.as_str()) {
            (Shows::Metadata, _) => A_PAGE_OF_METADATA,
            (Shows::Whole, "CustomResourceDefinition") => A_PAGE_OF_DEFINITIONS,
            (Shows::Whole, _) => A_PAGE,
        };
        let (mut token, mut pages) = (String::new(), Pages::default());
        loop {
            let mut wanted = about.clone().limit(limit);
            if !token.is_empty() {
                wanted = wanted.continue_token(&token);
            }
            let asked = match shows {
                Shows::Whole => api.list(&wanted).await.map(|list| (list.metadata, values(list.items))),
                Shows::Metadata => api.list_metadata(&wanted).await.map(|list| (list.metadata, values(list.items))),
            };
            let (metadata, items) = match asked {
                Err(error) if limit > 1 && is_too_large(&error) => {
                    limit = (limit / 4).max(1);
                    continue;
                }
                asked => asked.map_err(|error| failed(&what, error))?,
            };
            for mut item in items.map_err(anyhow::Error::from)? {
                item["apiVersion"] = kind.resource.api_version.clone().into();
                item["kind"] = kind.resource.kind.clone().into();
                each(item);
            }
            let Some(next) = metadata.continue_.filter(|next| !next.is_empty()) else { return Ok(()) };
            pages.ask(&next).map_err(|why| anyhow!("failed to {what}: {why}"))?;
            token = next;
        }
    }
}

/// A built-in kind.
fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn without_node(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|one| one["type"] == "PodScheduled" && one["status"] == "False")?;
    Some(format!("pod {}: {}", name(pod), cut(text(found, "/message"), LONGEST_NAME)))
}

fn values(items: Vec<impl serde::Serialize>) -> serde_json::Result<Vec<Value>> {
    items.into_iter().map(serde_json::to_value).collect()
}

/// Whether an answer was larger than we read: fewer objects at once may do.
fn is_too_large(error: &kube::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() || error.to_string().contains("length limit exceeded") {
            return true;
        }
        source = error.source();
    }
    false
}
