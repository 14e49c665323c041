//! Managed clusters: PUT, PATCH, DELETE, start, stop, credentials, node pools, upgrade profiles.
mod body;
mod checks;
mod ending;
mod kubeconfig;
mod pools;
mod profiles;
mod subnets;

pub(crate) use subnets::addresses_in;

use super::answers::{Answered, Refusal, body_of, header, refuse};
use super::operations::{Change, Style, started};
use super::place::{Place, key};
use super::timeline::{Due, after};
use super::{ResourceManager, answers, plain};
use crate::{Ask, Reply, answer::json};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const KIND: &str = "microsoft.containerservice/managedclusters";

impl ResourceManager {
    pub(crate) fn answer_cluster(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let below = place.steps.get(2).map(|step| step.to_lowercase());
        match (ask.method(), place.steps.len(), below.as_deref()) {
            (&Method::GET, 1, _) => plain::answer(self, ask, place),
            (&Method::GET, 2, _) => Ok(json(200, self.cluster(place)?)),
            (&Method::PUT, 2, _) => self.put_cluster(ask, place, now),
            (&Method::PATCH, 2, _) => self.tag_cluster(ask, place, now),
            (&Method::DELETE, 2, _) => self.delete_cluster(ask, place, now),
            (&Method::POST, 3, Some("start")) => self.start_or_stop(ask, place, Change::StartCluster, now),
            (&Method::POST, 3, Some("stop")) => self.start_or_stop(ask, place, Change::StopCluster, now),
            (&Method::POST, 3, Some("listclusterusercredential")) => {
                let cluster = self.cluster(&owner(place))?;
                Ok(json(200, &kubeconfig::user(cluster, answers::parameter(ask, "format"), &self.neighbours)?))
            }
            (&Method::POST, 3, Some("listclusteradmincredential")) => {
                let cluster = self.cluster(&owner(place))?;
                Ok(json(200, &kubeconfig::admin(cluster, &self.neighbours)?))
            }
            (&Method::GET, 4, Some("upgradeprofiles")) => {
                let cluster = self.cluster(&owner(place))?;
                Ok(json(200, &profiles::upgrades(cluster, &self.versions)))
            }
            (_, 3 | 4, Some("agentpools")) => self.answer_pool(ask, place, now),
            (_, 3.., Some("maintenanceconfigurations" | "providers")) => {
                self.cluster(&owner(place))?;
                plain::answer(self, ask, place)
            }
            _ => Err(Refusal::method()),
        }
    }

    fn cluster(&self, place: &Place) -> Result<&Value, Refusal> {
        let group = place.group.as_deref().unwrap_or_default();
        let name = place.steps.get(1).map_or("", String::as_str);
        self.store
            .get(&key(&place.id()))
            .ok_or_else(|| Refusal::not_found("Microsoft.ContainerService/managedClusters", name, group))
    }

    fn put_cluster(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let (id, wanted) = (place.id(), body_of(ask)?);
        let cluster = key(&id);
        let existing = self.store.get(&cluster).cloned();
        preconditions(ask, existing.as_ref())?;
        self.not_busy(&cluster)?;
        let version = self.checked(place, &wanted, existing.as_ref())?;
        let uid = self.ids.guid();
        let etag = self.ids.guid();
        let body = body::accepted(place, wanted, existing.as_ref(), &version, &uid, &etag, now);
        let takes = if existing.is_some() { self.timings.update_cluster } else { self.timings.create_cluster };
        self.store.put(&id, body);
        let operation = self.begin(&id, "PUT", Change::PutCluster, takes, now);
        let status = if existing.is_some() { 200 } else { 201 };
        Ok(self.following(status, &operation, place, Style::AsyncOperation, ask))
    }

    fn tag_cluster(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let (id, wanted) = (place.id(), body_of(ask)?);
        preconditions(ask, Some(self.cluster(place)?))?;
        self.not_busy(&key(&id))?;
        plain::retag(self, &key(&id), &wanted);
        self.show(&key(&id), "Updating");
        let operation = self.begin(&id, "PATCH", Change::TagCluster, self.timings.tag_cluster, now);
        Ok(self.following(200, &operation, place, Style::Both, ask))
    }

    fn delete_cluster(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let id = place.id();
        let Some(existing) = self.store.get(&key(&id)) else { return Ok(answers::empty(204)) };
        preconditions(ask, Some(existing))?;
        let running =
            self.operations.running_on(&key(&id)).map(|operation| (operation.id.clone(), operation.verb.clone()));
        let operation = match running {
            // A deletion that is asked for twice goes on.
            Some((operation, verb)) if verb == "DELETE" => operation,
            _ => {
                self.not_busy(&key(&id))?;
                self.show(&key(&id), "Deleting");
                let operation = self.begin(&id, "DELETE", Change::DeleteCluster, self.timings.delete_cluster, now);
                let vanishes = self.timings.cluster_goes_away.min(self.timings.delete_cluster);
                self.timeline.plan(after(now, vanishes), Due::ClusterGoesAway(operation.clone()));
                operation
            }
        };
        Ok(self.following(202, &operation, place, Style::Both, ask))
    }

    fn start_or_stop(&mut self, ask: &Ask, place: &Place, change: Change, now: Timestamp) -> Answered {
        let cluster = owner(place);
        self.cluster(&cluster)?;
        let id = cluster.id();
        self.not_busy(&key(&id))?;
        let (verb, state, takes) = match change {
            Change::StartCluster => ("POST start", "Starting", self.timings.start_cluster),
            _ => ("POST stop", "Stopping", self.timings.stop_cluster),
        };
        let stops = matches!(change, Change::StopCluster);
        self.show(&key(&id), state);
        let operation = self.begin(&id, verb, change, takes, now);
        if stops {
            let vanishes = self.timings.cluster_goes_away.min(takes);
            self.timeline.plan(after(now, vanishes), Due::ClusterGoesAway(operation.clone()));
        }
        Ok(self.following(202, &operation, &cluster, Style::Both, ask))
    }

    /// AKS takes one operation at a time.
    fn not_busy(&self, cluster: &str) -> Result<(), Refusal> {
        let Some(_) = self.operations.running_on(cluster) else { return Ok(()) };
        let state = self.store.get(cluster).and_then(|body| body["properties"]["provisioningState"].as_str());
        Err(refuse(
            409,
            "OperationNotAllowed",
            format!(
                "Operation is not allowed: Another operation ({}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
                state.unwrap_or("Updating")
            ),
        ))
    }

    /// Shows a `provisioningState`; every change renews the `eTag`.
    fn show(&mut self, cluster: &str, state: &str) {
        let etag = self.ids.guid();
        if let Some(body) = self.store.get_mut(cluster) {
            body["properties"]["provisioningState"] = state.into();
            body["eTag"] = etag.into();
        }
    }

    /// The answer that starts an operation: the cluster as it is now, or nothing for 202.
    fn following(&self, status: u16, operation: &str, place: &Place, style: Style, ask: &Ask) -> Reply {
        let shown = self.store.get(&key(&place.id())).unwrap_or(&Value::Null);
        let location = shown["location"].as_str().unwrap_or_default();
        let reply = if status == 202 { answers::empty(202) } else { json(status, shown) };
        started(reply, operation, style, location, ask, self.timings.retry_after)
    }
}

/// The cluster that a longer path lies below.
fn owner(place: &Place) -> Place {
    let id = place.id();
    let extra = place.steps.len().saturating_sub(2);
    let kept: Vec<_> = id.split('/').collect();
    Place::of(&kept[..kept.len() - extra].join("/"))
}

fn preconditions(ask: &Ask, existing: Option<&Value>) -> Result<(), Refusal> {
    let failed = |message: &str| Err(refuse(412, "PreconditionFailed", message));
    if header(ask, "if-none-match").is_some_and(|value| value.trim() == "*") && existing.is_some() {
        return failed("The resource already exists, but the request's If-None-Match header is '*'.");
    }
    let Some(expected) = header(ask, "if-match").map(|value| value.trim().trim_matches('"')) else { return Ok(()) };
    let etag = existing.and_then(|body| body["eTag"].as_str());
    match etag {
        Some(etag) if expected == "*" || expected == etag => Ok(()),
        Some(etag) => {
            failed(&format!("The eTag '{expected}' of the request does not match the resource's eTag '{etag}'."))
        }
        None => failed("The request has an If-Match header, but the resource does not exist."),
    }
}

/// How a failed cluster shows why: the error of the operation that made it so.
fn provisioning_error(code: &str, message: &str) -> Value {
    json!({"provisioningError": {"code": code, "message": message}})
}
