//! Who asks an API server, and what each may do.
mod attributes;
mod reviews;
mod rights;
mod roles;
mod standing;
mod tokens;

pub(super) use attributes::Attributes;
pub(super) use reviews::{review, token_request};
pub use rights::Right;

use super::{refusal::Refusal, store::Store};
use crate::{Ask, entra};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The application of AKS for which Entra ID gives tokens to the users of every cluster.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// Whoever is in it may do everything.
const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

/// Somebody who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    pub name: String,
    pub uid: String,
    pub groups: Vec<String>,
    /// An identity of Entra ID, whose rights are roles in Azure.
    pub of_azure: bool,
}

impl User {
    fn anonymous() -> Self {
        Self { name: "system:anonymous".into(), groups: vec!["system:unauthenticated".into()], ..Self::default() }
    }

    /// Somebody who may do everything.
    fn master(name: &str) -> Self {
        let groups = vec![MASTERS.into(), AUTHENTICATED.into()];
        Self { name: name.into(), uid: "1".into(), groups, of_azure: false }
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

/// The tokens that one server takes beside those that say themselves whose they are, and what identities of Azure may do.
#[derive(Debug, Default)]
pub(super) struct Access {
    tokens: BTreeMap<String, String>,
    limits: BTreeMap<String, Vec<Right>>,
}

impl Access {
    /// Takes a token from now on as that of somebody who may do everything, as AKS' local accounts do.
    pub fn let_in(&mut self, token: &str, name: &str) {
        self.tokens.insert(token.into(), name.into());
    }

    /// Lets an identity of Entra ID (its object id; `*`: each) do only this.
    pub fn allow_only(&mut self, identity: &str, rights: Vec<Right>) {
        self.limits.insert(identity.into(), rights);
    }

    /// Who asks.
    ///
    /// # Errors
    /// 401 for a token that nobody gave, 403 when somebody acts as another without the right to.
    pub fn who(&self, store: &Store, ask: &Ask, now: Timestamp) -> Result<User, Refusal> {
        let header = |name: &str| ask.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = header("authorization").strip_prefix("Bearer ").map(str::trim).filter(|token| !token.is_empty());
        let user = match token {
            None => User::anonymous(),
            Some(token) => self.owner_of(store, token, now).ok_or_else(Refusal::unauthorized)?,
        };
        match header("impersonate-user") {
            "" => Ok(user),
            name => {
                let asked = Attributes::on("impersonate", "", "users", name);
                self.hold(store, &user, &asked)?;
                let groups = ask.headers().get_all("impersonate-group").iter();
                Ok(acted(name, groups.filter_map(|group| group.to_str().ok()).map(Into::into).collect()))
            }
        }
    }

    /// Whose token it is.
    fn owner_of(&self, store: &Store, token: &str, now: Timestamp) -> Option<User> {
        if token == "operator" {
            return Some(User::master(token));
        }
        if let Some(name) = self.tokens.get(token) {
            return Some(User::master(name));
        }
        if let Some(account) = tokens::account(store, token, now) {
            return Some(account);
        }
        // Its end is not looked at: the SDKs renew tokens by the machine's clock, which is not the world's.
        let claims = entra::claims(token)?;
        claims.audience.contains(AKS_SERVER).then(|| User {
            uid: claims.principal.clone(),
            name: claims.principal,
            groups: vec![AUTHENTICATED.into()],
            of_azure: true,
        })
    }

    /// Refuses what somebody may not do.
    pub fn hold(&self, store: &Store, user: &User, asked: &Attributes) -> Result<(), Refusal> {
        if self.allows(store, user, asked).is_some() { Ok(()) } else { Err(asked.forbidden(user)) }
    }

    /// Whether somebody may do something, and through what; that is empty where there is nothing to say.
    fn allows(&self, store: &Store, user: &User, asked: &Attributes) -> Option<String> {
        if user.is_in(MASTERS) || user.of_azure && self.is_allowed_by_azure(user, asked) {
            return Some(String::new());
        }
        roles::allows(store, user, asked)
    }

    /// Without limits an identity has a role that allows everything.
    fn is_allowed_by_azure(&self, user: &User, asked: &Attributes) -> bool {
        let rights = self.limits.get(&user.name).or_else(|| self.limits.get("*"));
        rights.is_none_or(|rights| rights.iter().any(|right| right.covers(asked)))
    }
}

/// Somebody for whom another acts.
fn acted(name: &str, mut groups: Vec<String>) -> User {
    if groups.is_empty() {
        groups = tokens::groups_of(name);
    }
    if name != "system:anonymous" && groups.iter().all(|group| group != AUTHENTICATED) {
        groups.push(AUTHENTICATED.into());
    }
    User { name: name.into(), groups, ..User::default() }
}
