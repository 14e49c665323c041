//! What every call goes through, and then which part of the Resource Manager answers it.
use super::answers::{Answered, Refusal, header, parameter, refuse};
use super::desk::Desk;
use super::kinds::{self, is_or_below};
use super::place::Place;
use super::{ResourceManager, entities, federation, gateways, locks, plain, root, scopes, templates};
use crate::entra::{Claims, claims};
use crate::{Ask, answer::json, hosts::origin_of, publishing};
use http::Method;
use jiff::Timestamp;
use serde_json::json;

/// Resource Manager takes no more in one request.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

impl ResourceManager {
    pub(crate) fn dispatch(&mut self, ask: &Ask, now: Timestamp) -> Answered {
        let place = Place::of(ask.uri().path());
        if let Some(answer) = root::metadata(&self.neighbours, ask, &place) {
            return answer;
        }
        self.let_in(ask, &place, now)?;
        // The collection of subscriptions has no name in it.
        if place.subscription.is_none() {
            return root::above_subscriptions(&self.subscriptions, ask, &place);
        }
        if place.location().is_some() {
            return self.at_location(ask, &place, now);
        }
        let habits = self.habits();
        let Self { registry, timings, neighbours, clusters, gateways, authorization, sites, subscriptions, .. } = self;
        let desk = &mut Desk { registry, timings, neighbours, habits, now };
        let kind = place.lower_kind();
        match kind.as_str() {
            _ if place.namespace.is_none() => scopes::answer(subscriptions, desk, ask, &place),
            kind if is_or_below(kind, kinds::CLUSTERS) => clusters.answer(desk, ask, &place),
            kind if is_or_below(kind, kinds::GATEWAYS) => gateways::answer(gateways, desk, ask, &place),
            kind if is_or_below(kind, kinds::NAMESPACES) => entities::answer(desk, ask, &place),
            kind if is_or_below(kind, kinds::AUTHORIZATION) => authorization.answer(desk, ask, &place),
            // The other way to publish (`onedeploy`, `zipdeploy`, `MSDeploy`).
            kind if is_or_below(kind, "microsoft.web/sites/extensions") && ask.method() != Method::GET => {
                Err(refuse(501, publishing::CODE, publishing::MESSAGE))
            }
            kind if is_or_below(kind, kinds::SITES) => sites.answer(desk, ask, &place),
            federation::KIND => federation::answer(desk, ask, &place),
            kind if templates::run_as(kind) => templates::answer(desk, ask, &place),
            _ => plain::answer(desk, ask, &place),
        }
    }

    /// What every call goes through.
    fn let_in(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Result<(), Refusal> {
        self.authenticated(ask)?;
        if parameter(ask, "api-version").is_none() {
            let message = "The api-version query parameter (?api-version=) is required for all requests.";
            return Err(refuse(400, "MissingApiVersionParameter", message));
        }
        self.served(ask, place)?;
        if ask.body().len() > LARGEST_BODY {
            let message = "The size of the request content exceeds the maximum of 4194304 bytes.";
            return Err(refuse(413, "RequestContentTooLarge", message));
        }
        self.authorization.hold(&self.registry.store, ask, place, self.counts_since(now))?;
        self.subscriptions.hold(&self.registry.store, place)?;
        locks::hold(&self.registry.store, ask.method(), place)?;
        let verb = match *ask.method() {
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        };
        self.registry.script.refusal_for(verb, &place.id()).map_or(Ok(()), Err)
    }

    /// A provider knows some versions of its API.
    fn served(&self, ask: &Ask, place: &Place) -> Result<(), Refusal> {
        let provider = place.namespace.as_deref().unwrap_or_default().to_lowercase();
        let asked = parameter(ask, "api-version").unwrap_or_default();
        let Some(known) = self.api_versions.get(&provider) else { return Ok(()) };
        if known.iter().any(|version| version == asked) {
            return Ok(());
        }
        let message = format!(
            "No registered resource provider found for location '{}' and API version '{asked}' for type '{}'. The supported api-versions are '{}'. The supported locations are '{}'.",
            place.location().unwrap_or_default(),
            place.steps.first().map_or("", String::as_str),
            known.join(", "),
            self.registry.cloud.region(),
        );
        Err(refuse(400, "NoRegisteredProviderFound", message))
    }

    fn authenticated(&self, ask: &Ask) -> Result<(), Refusal> {
        let token = header(ask, "authorization").and_then(|value| value.split_once(' '));
        match token {
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer")
                    && claims(token).is_some_and(|it| !self.is_for_us(&it, ask)) =>
            {
                let message = "The access token has been obtained for wrong audience or resource. It should exactly match with one of the allowed audiences.";
                Err(refuse(401, "InvalidAuthenticationTokenAudience", message).challenging(&self.neighbours.login))
            }
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(()),
            _ => Err(refuse(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing or its access token is invalid.",
            )
            .challenging(&self.neighbours.login)),
        }
    }

    /// Whether a token is for Resource Manager, under the cloud's names, that of the door, or that of what somebody has put in
    /// front of the door on this machine.
    fn is_for_us(&self, claims: &Claims, ask: &Ask) -> bool {
        let audience = claims.audience.trim_end_matches('/');
        let own = self.neighbours.cloud.audiences().map(|one| one.trim_end_matches('/'));
        let origin = origin_of(ask);
        own.contains(&audience) || origin == audience || (is_of_this_machine(&origin) && is_of_this_machine(audience))
    }

    fn at_location(&self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        if ask.method() != Method::GET {
            return Err(Refusal::method());
        }
        let location = place.location().unwrap_or_default();
        match place.steps.get(2).map(|what| what.to_lowercase()).as_deref() {
            Some("operations" | "operationresults") => {
                self.registry.operations.look(place, self.timings.retry_after, ask, now)
            }
            Some("usages") => Ok(json(200, &self.quota.list(place))),
            Some("kubernetesversions") => Ok(json(200, &self.clusters.versions.list(&location))),
            _ => Ok(json(200, &json!({"value": []}))),
        }
    }
}

/// `https://localhost:51911` and its like.
fn is_of_this_machine(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
