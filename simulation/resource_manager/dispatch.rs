//! What every call goes through, and then which part of the Resource Manager answers it.
use super::answers::{Answered, Refusal, header, parameter, refuse};
use super::permissions::{action, covered, lies_within};
use super::place::{Place, key};
use super::{ResourceManager, authorization, clusters, entities, gateways, plain, sites, templates};
use crate::{Ask, answer::json, publishing};
use http::Method;
use jiff::Timestamp;
use serde_json::json;

/// Resource Manager takes no more in one request.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

impl ResourceManager {
    pub(crate) fn dispatch(&mut self, ask: &Ask, now: Timestamp) -> Answered {
        let place = Place::of(ask.uri().path());
        if let Some(answer) = self.metadata(ask, &place) {
            return answer;
        }
        self.authenticated(ask)?;
        if parameter(ask, "api-version").is_none() {
            let message = "The api-version query parameter (?api-version=) is required for all requests.";
            return Err(refuse(400, "MissingApiVersionParameter", message));
        }
        if ask.body().len() > LARGEST_BODY {
            let message = "The size of the request content exceeds the maximum of 4194304 bytes.";
            return Err(refuse(413, "RequestContentTooLarge", message));
        }
        self.authorised(ask, &place)?;
        self.inside_what_exists(&place)?;
        let verb = match *ask.method() {
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        };
        if let Some(refusal) = self.script.refusal_for(verb, &place.id()) {
            return Err(refusal);
        }
        // The collection of subscriptions has no name in it.
        if place.subscription.is_none() {
            return self.above_subscriptions(ask, &place);
        }
        if place.location().is_some() {
            return self.at_location(ask, &place, now);
        }
        let kind = place.lower_kind();
        match kind.as_str() {
            kind if is_or_below(kind, clusters::KIND) => self.answer_cluster(ask, &place, now),
            kind if is_or_below(kind, gateways::KIND) => self.answer_gateway(ask, &place, now),
            kind if is_or_below(kind, entities::KIND) => self.answer_bus(ask, &place),
            kind if is_or_below(kind, authorization::NAMESPACE) => self.answer_authorization(ask, &place),
            // The other way to publish (`onedeploy`, `zipdeploy`, `MSDeploy`).
            kind if is_or_below(kind, "microsoft.web/sites/extensions") && ask.method() != Method::GET => {
                Err(refuse(501, publishing::CODE, publishing::MESSAGE))
            }
            kind if is_or_below(kind, sites::KIND) => self.answer_site(ask, &place),
            kind if templates::run_as(kind) => self.answer_template(ask, &place),
            _ => plain::answer(self, ask, &place),
        }
    }

    fn authorised(&self, ask: &Ask, place: &Place) -> Result<(), Refusal> {
        if self.allowed.is_none() && !self.enforces_roles {
            return Ok(());
        }
        let Some(action) = action(ask.method(), place) else { return Ok(()) };
        let scope = if ask.method() == Method::POST { place.before_last() } else { place.id() };
        let may = |(at, actions): &(String, Vec<String>)| lies_within(&scope, at) && covered(actions, &action);
        let is_scripted = self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(may));
        if is_scripted && (!self.enforces_roles || self.assigned(ask, &scope, &action)) {
            return Ok(());
        }
        Err(refuse(
            403,
            "AuthorizationFailed",
            format!(
                "The client 'bluegreen' with object id '22222222-2222-4222-8222-222222222222' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
            ),
        ))
    }

    fn inside_what_exists(&self, place: &Place) -> Result<(), Refusal> {
        let Some(subscription) = &place.subscription else { return Ok(()) };
        if !self.subscriptions.contains(&subscription.to_lowercase()) {
            let message = format!("The subscription '{subscription}' could not be found.");
            return Err(refuse(404, "SubscriptionNotFound", message));
        }
        let Some(group) = place.group.as_ref().filter(|_| place.namespace.is_some()) else { return Ok(()) };
        if self.store.get(&key(&format!("/subscriptions/{subscription}/resourceGroups/{group}"))).is_none() {
            let message = format!("Resource group '{group}' could not be found.");
            return Err(refuse(404, "ResourceGroupNotFound", message));
        }
        Ok(())
    }

    fn authenticated(&self, ask: &Ask) -> Result<(), Refusal> {
        let token = header(ask, "authorization").and_then(|value| value.split_once(' '));
        match token {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(()),
            _ => Err(refuse(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing or its access token is invalid.",
            )
            .challenging(&self.neighbours.login)),
        }
    }

    fn at_location(&self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        if ask.method() != Method::GET {
            return Err(Refusal::method());
        }
        let location = place.location().unwrap_or_default();
        match place.steps.get(2).map(|what| what.to_lowercase()).as_deref() {
            Some("operations" | "operationresults") => self.operations.look(place, self.timings.retry_after, ask, now),
            Some("usages") => Ok(json(200, &self.quota.list(place))),
            Some("kubernetesversions") => Ok(json(200, &self.versions.list(&location))),
            _ => Ok(json(200, &json!({"value": []}))),
        }
    }
}

fn is_or_below(kind: &str, parent: &str) -> bool {
    kind.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
