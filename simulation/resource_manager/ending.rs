//! How operations begin and end.
use super::ResourceManager;
use super::operations::{Change, Operation, State};
use super::place::key;
use super::timeline::{Due, after};
use crate::kubernetes::Fleet;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

impl ResourceManager {
    /// Begins an operation; `verb` is a method and what follows the resource's id. Gives the operation's GUID.
    pub(crate) fn begin(
        &mut self,
        resource: &str,
        verb: &str,
        change: Change,
        takes: Duration,
        now: Timestamp,
    ) -> String {
        let id = self.ids.guid();
        let (method, below) = verb.split_once(' ').unwrap_or((verb, ""));
        let failure = self.script.failure_for(method, &format!("{resource}/{below}"));
        let ends_at = after(now, takes);
        let operation = Operation {
            id: id.clone(),
            resource: resource.into(),
            verb: verb.into(),
            change,
            failure,
            began: now,
            ends_at,
            ended: None,
            state: State::Running,
        };
        self.operations.begin(operation, now);
        self.timeline.plan(ends_at, Due::OperationEnds(id.clone()));
        id
    }

    /// Ends an operation: well, or as the script wants it.
    pub(crate) fn end(&mut self, id: &str, fleet: &mut Fleet, at: Timestamp) {
        let Some(operation) = self.operations.get_mut(id) else { return };
        let (resource, change, failure) =
            (key(&operation.resource), operation.change.clone(), operation.failure.clone());
        let state = match failure {
            Some((code, message)) => {
                match change {
                    Change::WriteGateway(_) | Change::StartGateway | Change::StopGateway | Change::DeleteGateway => {
                        self.gateway_fails(&resource);
                    }
                    Change::BackendHealth | Change::BackendHealthOnDemand(_) => {}
                    _ => self.cluster_fails(&resource, &change, &code, &message),
                }
                State::Failed(json!({"code": code, "message": message}))
            }
            None => State::Succeeded(self.carry_out(&resource, &change, fleet, at)),
        };
        if let Some(operation) = self.operations.get_mut(id) {
            operation.finish(state, at);
        }
    }

    fn carry_out(&mut self, resource: &str, change: &Change, fleet: &mut Fleet, at: Timestamp) -> Value {
        match change {
            Change::BackendHealth => self.backend_health(resource, fleet, at),
            Change::BackendHealthOnDemand(probe) => self.backend_health_on_demand(resource, probe, fleet, at),
            Change::WriteGateway(_) | Change::StartGateway | Change::StopGateway | Change::DeleteGateway => {
                self.gateway_succeeds(resource, change, at);
                self.result_of(resource)
            }
            Change::PutCluster
            | Change::TagCluster
            | Change::DeleteCluster
            | Change::StartCluster
            | Change::StopCluster
            | Change::PutPool(_)
            | Change::DeletePool(_) => {
                self.cluster_succeeds(resource, change, fleet, at);
                match change {
                    // A POST or DELETE has no resource to show: 204.
                    Change::DeleteCluster | Change::StartCluster | Change::StopCluster | Change::DeletePool(_) => {
                        Value::Null
                    }
                    _ => self.result_of(resource),
                }
            }
        }
    }

    fn result_of(&self, resource: &str) -> Value {
        self.store.get(resource).cloned().unwrap_or_default()
    }
}
