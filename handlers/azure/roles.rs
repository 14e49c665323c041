//! Role assignments: listed by who has them, made, taken back by their id.
use super::arm::{ArmError, Condition};
use super::attached::UNUSED;
use super::permit::Permit;
use super::{Reader, Writer};
use crate::plan::Plan;
use crate::plan::policies::{Policy, READS, Vaults};
use crate::plan::roles::{Assignment, Grant, Held, made_anew, subscriptions};
use crate::resources::answers::same_id;
use crate::resources::permissions::allow;
use crate::run::StepError;
use azure_core::http::Method;
use futures::future::try_join_all;
use serde_json::Value;

/// The first that shows conditions.
const API_VERSION: &str = "2022-04-01";

const VAULTS: &str = "providers/Microsoft.KeyVault/vaults";
const VAULTS_VERSION: &str = "2023-07-01";

/// Which of a principal's roles are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Its own: also of one that is gone, whose groups nobody knows.
    Own,
    /// Those of its groups, too.
    WithGroups,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It is so.
    Done,
    /// The directory does not know the identity yet.
    NotKnown,
    /// We may not; a right that was just given takes up to 30 min until it counts.
    NotAllowed(String),
}

impl Reader {
    /// What the identities may do that Azure made for this old cluster, and will make anew; `None` when we may not look.
    ///
    /// # Errors
    /// When it cannot be read for another reason.
    pub async fn held(&self, plan: &Plan, old: &Value) -> Result<Option<Vec<Held>>, StepError> {
        let made = made_anew(plan, old).into_iter().filter(|made| !made.principal.is_empty());
        let looks = made.map(async |made| {
            let found = self.roles(plan, &made.principal, Whose::WithGroups).await?;
            let held = |assignment| Held { made: made.clone(), assignment };
            Ok::<_, StepError>(found.map(|found| found.into_iter().map(held).collect::<Vec<_>>()))
        });
        let found: Option<Vec<_>> = try_join_all(looks).await?.into_iter().collect();
        Ok(found.map(|found| found.into_iter().flatten().collect()))
    }

    /// The access policies of the vaults where the old cluster's identities may have roles, if Azure makes any of those anew.
    /// A list shows only what may be read, so that is asked first.
    ///
    /// # Errors
    /// When it cannot be read for another reason than that we may not.
    pub async fn vaults(&self, plan: &Plan, old: &Value) -> Result<Vaults, StepError> {
        let mut seen = Vaults::default();
        if made_anew(plan, old).iter().all(|made| made.principal.is_empty()) {
            return Ok(seen);
        }
        for subscription in subscriptions(&plan.site) {
            let scope = format!("/subscriptions/{subscription}");
            let may_read = self.permissions(&scope).await?.is_some_and(|found| allow(&found, READS, false));
            if !may_read {
                seen.unread.push(subscription);
                continue;
            }
            match self.arm.list(&format!("{scope}/{VAULTS}"), VAULTS_VERSION).await {
                Ok(vaults) => seen.policies.extend(vaults.iter().flat_map(Policy::of)),
                Err(error) if error.status == 403 && error.has_code() => seen.unread.push(subscription),
                // Nobody has ever had one there.
                Err(error) if UNUSED.contains(&error.code.as_str()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(seen)
    }

    /// The roles of a principal in all subscriptions of a plan, each once; `None` when we may not look.
    ///
    /// # Errors
    /// When they cannot be read for another reason.
    pub async fn roles(
        &self,
        plan: &Plan,
        principal: &str,
        whose: Whose,
    ) -> Result<Option<Vec<Assignment>>, StepError> {
        let filter = match whose {
            Whose::Own => format!("principalId%20eq%20'{principal}'"),
            Whose::WithGroups => format!("assignedTo('{principal}')"),
        };
        let mut all: Vec<Assignment> = vec![];
        for subscription in subscriptions(&plan.site) {
            let id = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments");
            let first = format!("{}&$filter={filter}", self.arm.url(&id, API_VERSION));
            let found = match self.arm.pages(first).await {
                Ok(found) => found,
                Err(error) if error.status == 403 && error.has_code() => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            // What holds above a subscription is shown in each.
            let is_new = |one: &Assignment, all: &[Assignment]| !all.iter().any(|known| same_id(&known.id, &one.id));
            for one in found.iter().filter_map(Assignment::read) {
                if is_new(&one, &all) {
                    all.push(one);
                }
            }
        }
        Ok(Some(all))
    }
}

impl Reader {
    /// What who asks may do at a scope, whatever gives it, and under whatever condition; `None` when we may not ask, or there is
    /// no such scope.
    ///
    /// # Errors
    /// When it cannot be read for another reason.
    pub async fn permissions(&self, scope: &str) -> Result<Option<Vec<Value>>, StepError> {
        let id = format!("{}/providers/Microsoft.Authorization/permissions", scope.trim_end_matches('/'));
        match self.arm.list(&id, API_VERSION).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if matches!(error.status, 403 | 404) && error.has_code() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Writer {
    /// Gives an identity a role.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn give_role(&self, permit: Permit, grant: &Grant) -> Result<Given, StepError> {
        let url = self.arm.reader().url(&grant.id(), API_VERSION);
        let written = self.arm.write(permit, Method::Put, url, Condition::None, Some(&grant.body())).await;
        given(written.map(drop))
    }

    /// Takes a role back, if it is there.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn take_role(&self, permit: Permit, id: &str) -> Result<Given, StepError> {
        let url = self.arm.reader().url(id, API_VERSION);
        match self.arm.write(permit, Method::Delete, url, Condition::None, None).await {
            // With what it was given on.
            Err(error) if error.status == 404 && error.has_code() => Ok(Given::Done),
            other => given(other.map(drop)),
        }
    }
}

fn given(written: Result<(), ArmError>) -> Result<Given, StepError> {
    match written {
        Ok(()) => Ok(Given::Done),
        // Somebody else gave the same, or we did, and the list lags behind.
        Err(error) if error.status == 409 && error.code == "RoleAssignmentExists" => Ok(Given::Done),
        Err(error) if error.status == 400 && error.code == "PrincipalNotFound" => Ok(Given::NotKnown),
        Err(error) if error.status == 403 && error.has_code() => Ok(Given::NotAllowed(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
