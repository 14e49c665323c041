//! An installation looked over: what was read is judged, one file a subject. Nothing is ever written.
use crate::azure::kubernetes::Permitted;
use crate::resources::gateway::Gateway;
use crate::site::Site;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::str::FromStr;

mod clock;
mod entities;
mod host;
mod identity;
mod rights;
mod roles;
mod settings;
mod sites;

pub use identity::principals;
pub use settings::environment;

/// Something that was to be read: it, or why it could not be.
pub type Looked<T> = Result<T, Unread>;

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What was attempted, and what came of it.
    pub what: String,
    /// The role, and where, that allows it, if the caller was not allowed.
    pub role: Option<&'static str>,
}

/// A function app by its resource id, and how it is hosted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum App {
    /// On a plan of App Service.
    Site(String),
    /// On Container Apps.
    Container(String),
}

impl App {
    /// Its resource id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Site(id) | Self::Container(id) => id,
        }
    }
}

impl FromStr for App {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        let parts: Vec<_> = id.trim_end_matches('/').split('/').skip(1).map(str::to_lowercase).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let is_site = |rest: &[&str]| rest.is_empty() || matches!(rest, ["slots", _]);
        let id = id.trim_end_matches('/').to_owned();
        match &parts[..] {
            ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.web", "sites", _, rest @ ..]
                if is_site(rest) =>
            {
                Ok(Self::Site(id))
            }
            ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.app", "containerapps", _] => {
                Ok(Self::Container(id))
            }
            _ => Err("expected the resource id of a function app, like /subscriptions/<id>/resourceGroups/<group>/\
                      providers/Microsoft.Web/sites/<name>, or of one on Container Apps, which has \
                      Microsoft.App/containerApps/<name> at its end"
                .to_owned()),
        }
    }
}

/// What was read of an installation.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What the caller's token for Resource Manager says.
    pub caller: Looked<Value>,
    /// This machine's time.
    pub here: Timestamp,
    /// The time that others have, by their names. Empty where the world hurries.
    pub elsewhere: Vec<(&'static str, Looked<Timestamp>)>,
    /// The store that the settings name.
    pub store: String,
    /// The Service Bus namespace that the settings name.
    pub bus: String,
    /// The published sites.
    pub sites: Looked<Vec<SeenSite>>,
    /// The function app, if one was named.
    pub app: Option<SeenApp>,
    /// The Service Bus namespace; `None`: no subscription that was looked at has it.
    pub namespace: Looked<Option<SeenNamespace>>,
    /// The storage account's resource; `None`: no subscription that was looked at has it.
    pub account: Looked<Option<Value>>,
}

/// A published site and what is there of it.
#[derive(Clone, Debug)]
pub struct SeenSite {
    /// Its name.
    pub name: String,
    /// The site itself.
    pub site: Looked<Site>,
    /// GET of the gateway; `None`: it does not exist.
    pub gateway: Looked<Option<Gateway>>,
    /// The clusters of both slots.
    pub clusters: Vec<SeenCluster>,
    /// The route tables by which clusters go out.
    pub routes: Vec<String>,
    /// What is pinned in them, and by which run.
    pub pinned: Vec<SeenPin>,
    /// What the functions may not do in them, and what nobody can tell.
    pub rights: Vec<SeenRights>,
    /// The run that is under way, if one is.
    pub run: Option<String>,
}

/// What the functions' identity may in a cluster that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRights {
    /// The cluster's id.
    pub cluster: String,
    /// The identity's object id.
    pub identity: String,
    /// What its API server said, or why it was not asked.
    pub said: Result<Permitted, String>,
}

/// A count that a run keeps large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPin {
    /// The cluster's id.
    pub cluster: String,
    /// `HorizontalPodAutoscaler shop/web from 8 to 2`: how it would be taken back.
    pub what: String,
    /// The run; empty where that cannot be read.
    pub run: String,
}

/// A slot's cluster: its id, a GET of it (`None`: it does not exist), and what its API server said, if it was asked.
pub type SeenCluster = (String, Looked<Option<Value>>, Option<Result<(), String>>);

/// The function app.
#[derive(Clone, Debug)]
pub struct SeenApp {
    /// GET of it.
    pub app: Looked<Value>,
    /// Its settings.
    pub settings: Looked<Value>,
    /// What its Functions host says of itself; `None`: on Container Apps, where Resource Manager does not show it.
    pub host: Looked<Option<Value>>,
    /// The assignments of its identity's roles, through groups too, of every subscription that was looked at.
    pub assignments: Looked<Vec<Value>>,
    /// The definitions of those roles, by their ids in lower case.
    pub definitions: BTreeMap<String, Looked<Value>>,
}

/// The Service Bus namespace: every entity as Resource Manager shows it, by its path below the namespace.
#[derive(Clone, Debug, Default)]
pub struct SeenNamespace {
    /// Its resource id.
    pub id: String,
    /// `queues/dead-letters`, `topics/upgrade-steps/subscriptions/Soak/rules/$Default`, …
    pub entities: BTreeMap<String, Value>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// As it should be.
    Well,
    /// Somebody should do something.
    Finding,
    /// Not looked at: why.
    NotLookedAt,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What was checked: `roles`, `entities`, ….
    pub check: &'static str,
    /// How it came out.
    pub state: State,
    /// What was seen.
    pub what: String,
    /// What to do, if anything.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Row {
    fn well(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Well, what: what.into(), remedy: String::new() }
    }

    fn finding(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Finding, what: what.into(), remedy: remedy.into() }
    }

    fn skipped(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::NotLookedAt, what: what.into(), remedy: remedy.into() }
    }

    fn unread(check: &'static str, unread: &Unread) -> Self {
        let remedy = match unread.role {
            Some(role) => format!("give the one who looks the role {role}"),
            None => "see that it can be reached from here, and look again".to_owned(),
        };
        Self::finding(check, &unread.what, remedy)
    }
}

/// Judges everything that was read. An app that is not there is one finding: what it would have is not looked at.
#[must_use]
pub fn examine(seen: &Observed) -> Vec<Row> {
    let mut rows = identity::check(seen);
    // Who may not look is told each role that is missing.
    let is_unseen = seen.app.as_ref().is_some_and(|app| app.app.as_ref().is_err_and(|unread| unread.role.is_none()));
    let without = is_unseen.then(|| Observed { app: None, ..seen.clone() });
    let seen = without.as_ref().unwrap_or(seen);
    if is_unseen {
        let what = "its host, settings and roles: the function app itself could not be seen";
        rows.push(Row::skipped("app", what, "mend that first, and look again"));
    }
    let checks = [clock::check, host::check, settings::check, entities::check, roles::check, sites::check];
    rows.extend(checks.iter().flat_map(|check| check(seen)));
    rows
}

/// Whether somebody should do something.
#[must_use]
pub fn has_findings(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.state == State::Finding)
}

/// The rows as a table for people. Not comfy-table, which is 130 kB for one padded column.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for Row { check, state, what, remedy } in rows {
        let sign = match state {
            State::Well => "ok  ",
            State::Finding => "FIND",
            State::NotLookedAt => "-   ",
        };
        // What others said may have several lines.
        let what = what.lines().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{sign}  {check:<9} {what}\n"));
        if !remedy.is_empty() {
            text.push_str(&format!("                -> {remedy}\n"));
        }
    }
    let count = |state: State| rows.iter().filter(|row| row.state == state).count();
    let (well, findings, skipped) = (count(State::Well), count(State::Finding), count(State::NotLookedAt));
    text.push_str(&format!("{well} well, {findings} to mend, {skipped} not looked at\n"));
    text
}
