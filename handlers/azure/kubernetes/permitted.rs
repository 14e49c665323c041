//! Whether rights are there, before they are used. A review is made as an object and kept nowhere, so it is a look.
use super::{Kubernetes, failed};
use crate::resources::answers::text;
use crate::run::StepError;
use crate::workload::rights::{Answer, Place, Right, defined};
use futures::future::join_all;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// So many reviews are asked for side by side.
const AT_ONCE: usize = 8;

/// What an API server says of some rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// Those that are not there.
    pub missing: Vec<Right>,
    /// Those of which nobody can tell, each with the reason.
    pub unclear: Vec<(Right, String)>,
}

impl Kubernetes {
    /// Whether this process has these rights here, or, by its object id, that identity of Entra. Who has the right to
    /// everything is asked once.
    ///
    /// # Errors
    /// When the API server does not answer, or takes no such question.
    pub async fn permitted(&self, rights: &BTreeSet<Right>, whose: Option<&str>) -> Result<Permitted, StepError> {
        let mut permitted = Permitted::default();
        if rights.is_empty() || self.review(&Right::all(), whose).await? == Answer::Yes {
            return Ok(permitted);
        }
        let rights: Vec<_> = rights.iter().collect();
        for some in rights.chunks(AT_ONCE) {
            let mut asked = vec![];
            for right in some {
                asked.push(self.review(right, whose));
            }
            for (right, answer) in some.iter().zip(join_all(asked).await) {
                let right = Right::clone(right);
                match answer {
                    Ok(Answer::Yes) => {}
                    Ok(Answer::No) => permitted.missing.push(right),
                    Ok(Answer::Unclear(why)) => permitted.unclear.push((right, why)),
                    Err(error) => permitted.unclear.push((right, format!("{:#}", error.into_cause()))),
                }
            }
        }
        Ok(permitted)
    }

    async fn review(&self, right: &Right, whose: Option<&str>) -> Result<Answer, StepError> {
        let (kind, body) = match whose {
            None => ("SelfSubjectAccessReview", right.review()),
            Some(identity) => ("SubjectAccessReview", right.review_of(identity)),
        };
        Ok(Answer::of(&self.ask("authorization.k8s.io", kind, body).await?))
    }

    /// As whom this server knows this process.
    ///
    /// # Errors
    /// When the API server does not say.
    pub async fn known_as(&self) -> Result<String, StepError> {
        let (group, kind) = ("authentication.k8s.io", "SelfSubjectReview");
        let asked = json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {}});
        Ok(text(&self.ask(group, kind, asked).await?, "/status/userInfo/username").to_owned())
    }

    async fn ask(&self, group: &str, kind: &str, body: Value) -> Result<Value, StepError> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let body = serde_json::from_value(body).map_err(anyhow::Error::from)?;
        let answer = api.create(&PostParams::default(), &body).await;
        let answer = answer.map_err(|error| failed(&format!("ask for rights by a {kind}"), error))?;
        Ok(serde_json::to_value(answer).map_err(anyhow::Error::from)?)
    }

    /// Where these objects lie, by what is served here, and by the definitions among them. Kinds that nobody knows yet are left
    /// out.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn places(&self, objects: &[&Value]) -> Result<BTreeSet<Place>, StepError> {
        let coming = defined(objects.iter().copied());
        let mut places = BTreeSet::new();
        for object in objects {
            let (group, _) = text(object, "/apiVersion").rsplit_once('/').unwrap_or_default();
            let place = |resource: &str, namespace: Option<&str>| Place {
                group: group.to_owned(),
                resource: resource.to_owned(),
                namespace: namespace.map(str::to_owned),
            };
            if let Some(kind) = self.served(object).await? {
                places.insert(place(&kind.resource.plural, kind.namespace_of(object)));
            } else if let Some((plural, namespaced)) = coming.get(&(group, text(object, "/kind"))) {
                let named = text(object, "/metadata/namespace");
                let named = if named.is_empty() { "default" } else { named };
                places.insert(place(plural, namespaced.then_some(named)));
            }
        }
        Ok(places)
    }
}
