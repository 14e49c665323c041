//! What is about to be applied is written down in the cluster before, so that whatever becomes of this look, it is found by
//! whoever prunes later.
use super::Look;
use super::told::Told;
use super::wanted::Wanted;
use crate::azure::kubernetes::{Applied, Kubernetes};
use crate::resources::object::describe;
use crate::run::StepError;
use crate::workload::apply_set::{ApplySet, Scope};
use crate::workload::refusal::in_words;
use serde_json::Value;

/// Where these objects are.
///
/// # Errors
/// When the API server does not say what it serves.
pub async fn scope(kubernetes: &Kubernetes, objects: impl Iterator<Item = &Value>) -> Result<Scope, StepError> {
    let mut scope = Scope::default();
    for object in objects {
        let namespace = match kubernetes.served(object).await? {
            Some(kind) => kind.namespace_of(object).map(str::to_owned),
            // Its definition comes before it: whether it lies in a namespace is not known yet.
            None => Some(object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned()),
        };
        scope.add(object, namespace);
    }
    Ok(scope)
}

impl Look<'_> {
    /// Writes down of which kinds these objects are and where they lie, with what is there already. What keeps that from being
    /// written keeps nothing from being applied: it is said.
    pub async fn enlist(&self, objects: &[&Wanted], told: &mut Told) {
        if objects.is_empty() {
            return;
        }
        let why = match self.try_to_enlist(objects).await {
            Ok(None) => return,
            Ok(Some(why)) => why,
            Err(error) => format!("{:#}", error.into_cause()),
        };
        told.aside.push(format!("what is applied could not be written down, and could not be pruned later: {why}"));
    }

    async fn try_to_enlist(&self, objects: &[&Wanted]) -> Result<Option<String>, StepError> {
        let set = ApplySet::of(&self.run.plan.site.name);
        let wanted = scope(&self.kubernetes, objects.iter().map(|object| &object.value)).await?;
        let found = self.kubernetes.find(&set.reference()).await?;
        let before = match found.as_ref().map(|parent| set.scope(parent)) {
            None => Scope::default(),
            Some(Ok(before)) => before,
            Some(Err(why)) => return Ok(Some(why)),
        };
        let scope = before.and(&wanted);
        if found.is_some() && scope == before {
            return Ok(None);
        }
        let namespace = found.is_none().then(ApplySet::namespace);
        for object in namespace.into_iter().chain([set.parent(&scope, None)]) {
            // What somebody else wrote into it is ours to say, as kubectl does it.
            match self.kubernetes.apply(self.azure.permit().await?, &object, true).await? {
                Applied::Yes(_) => {}
                Applied::NotServed => return Ok(Some(format!("{} is not served", describe(&object)))),
                Applied::Refused(refusal) => {
                    return Ok(Some(format!("{}: {}", describe(&object), in_words(&refusal))));
                }
            }
        }
        Ok(None)
    }
}
