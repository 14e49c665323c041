//! Pure: what somebody wants to do, as rules of access see it, and how it is refused.
use super::User;
use crate::kubernetes::{
    place::{Place, Query},
    refusal::Refusal,
};
use http::Method;
use serde_json::json;

/// One wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kubernetes) struct Attributes {
    pub verb: String,
    pub group: String,
    /// `pods`, `pods/log`; empty: not about objects.
    pub resource: String,
    pub name: String,
    /// Empty: in the whole cluster.
    pub namespace: String,
    /// The path, where it is not about objects.
    pub path: String,
}

impl Attributes {
    pub fn on(verb: &str, group: &str, resource: &str, name: &str) -> Self {
        let [verb, group, resource, name] = [verb, group, resource, name].map(str::to_owned);
        Self { verb, group, resource, name, ..Self::default() }
    }

    /// The wish to see a page that is no object.
    pub fn at(method: &Method, path: &str) -> Self {
        Self { verb: method.as_str().to_lowercase(), path: path.into(), ..Self::default() }
    }

    /// The wish of a call.
    pub fn of(method: &Method, place: &Place, query: &Query) -> Self {
        let watches = query.is_true("watch") || place.watches;
        let verb = match (method.as_str(), place.name.is_some()) {
            ("GET" | "HEAD", false) if watches => "watch",
            ("GET" | "HEAD", true) => "get",
            ("GET" | "HEAD", false) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "delete",
            ("DELETE", false) => "deletecollection",
            (other, _) => other,
        };
        let part = place.subresource.as_ref().map(|part| format!("/{part}")).unwrap_or_default();
        let of_space = place.plural == "namespaces" && place.group.is_empty();
        let space = if of_space { place.name.clone().unwrap_or_default() } else { place.namespace.clone() };
        Self {
            verb: verb.to_lowercase(),
            group: place.group.clone(),
            resource: format!("{}{part}", place.plural),
            name: place.name.clone().unwrap_or_default(),
            namespace: space,
            path: String::new(),
        }
    }

    /// The resource without its part, and the part.
    pub fn parts(&self) -> (&str, &str) {
        self.resource.split_once('/').unwrap_or((&self.resource, ""))
    }

    /// The refusal of the wish.
    pub fn forbidden(&self, user: &User) -> Refusal {
        let (who, verb, path) = (&user.name, &self.verb, &self.path);
        if self.resource.is_empty() {
            let message = format!("forbidden: User {who:?} cannot {verb} path {path:?}");
            return Refusal { details: json!({}), ..Refusal::new(403, "Forbidden", message) };
        }
        let (plural, _) = self.parts();
        let whole = if self.group.is_empty() { plural.to_owned() } else { format!("{plural}.{}", self.group) };
        let named = if self.name.is_empty() { String::new() } else { format!(" {:?}", self.name) };
        let place = if self.namespace.is_empty() {
            "at the cluster scope".into()
        } else {
            format!("in the namespace {:?}", self.namespace)
        };
        let mut message = format!(
            "{whole}{named} is forbidden: User {who:?} cannot {verb} resource {:?} in API group {:?} {place}",
            self.resource, self.group
        );
        if user.of_azure {
            message += ": User does not have access to the resource in Azure. Update role assignment to allow access.";
        }
        let mut refusal = Refusal::new(403, "Forbidden", message);
        refusal.details = json!({"kind": plural});
        for (member, text) in [("name", &self.name), ("group", &self.group)] {
            if !text.is_empty() {
                refusal.details[member] = json!(text);
            }
        }
        refusal
    }
}
