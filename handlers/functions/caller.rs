//! Who calls the API, as far as it is proved. A token that we verified proves; the host's key lets in without a name, where
//! a setting says so; the platform's headers prove nothing, for whoever has a key can write them.
use super::app::App;
use super::http::{Answer, HttpCall, Problem, USER_HEADER};
use super::token::{Proved, key_of, prove};
use crate::azure::issuer::Issuer;
use crate::process::config::{Directory, May};
use crate::text::{LONGEST_NAME, cut, plain};
use jiff::Timestamp;
use std::sync::Arc;
use tracing::warn;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whom a token names.
    Proved(Proved),
    /// Whoever has a function key, and perhaps the name that a header has.
    Key(May, Option<String>),
}

impl Caller {
    /// What they may.
    #[must_use]
    pub const fn may(&self) -> May {
        match self {
            Self::Proved(proved) => proved.may,
            Self::Key(may, _) => *may,
        }
    }

    /// The name under which they act. `says`: the name that they give themselves, which counts only where there is no
    /// better one, and is never shown as if it were proved.
    #[must_use]
    pub fn name(&self, says: Option<&str>) -> String {
        let said = match self {
            Self::Proved(proved) => return cut(&plain(&proved.name), LONGEST_NAME),
            Self::Key(_, hint) => hint.as_deref().or(says.filter(|says| !says.is_empty())),
        };
        format!("{}, unverified", cut(said.unwrap_or("a function key"), LONGEST_NAME - ", unverified".len()))
    }
}

/// What tells who calls: the directory, if there is one, and what the function key may.
#[derive(Clone)]
pub struct Door {
    directory: Option<(Directory, Issuer)>,
    key_may: May,
    /// The app's own host name, as the platform says it.
    pub host: Option<Arc<str>>,
}

impl Door {
    /// The door with these settings.
    #[must_use]
    pub fn new(directory: Option<(Directory, Issuer)>, key_may: May, host: Option<&str>) -> Self {
        Self { directory, key_may, host: host.map(Arc::from) }
    }
}

/// Who calls, if they may do what they ask for.
///
/// # Errors
/// The answer that they get instead.
pub async fn caller(app: &App, call: &HttpCall) -> Result<Caller, Answer> {
    let caller = match call.headers.get("authorization") {
        Some(shown) => Caller::Proved(proved(app, shown).await?),
        None if app.door.key_may > May::Nothing => {
            let hint = call.headers.get(USER_HEADER).filter(|hint| !hint.is_empty());
            Caller::Key(app.door.key_may, hint.map(str::to_owned))
        }
        None => {
            return Err(not_proved("show a token of your directory for this API: Authorization: Bearer …", "Bearer"));
        }
    };
    let (needed, role) = if call.method == "GET" { (May::Read, "Upgrades.Read") } else { (May::Act, "Upgrades.Act") };
    if caller.may() >= needed {
        return Ok(caller);
    }
    let why = match &caller {
        Caller::Proved(proved) => format!("{} has not the role {role}", plain(&proved.name)),
        Caller::Key(..) => "a function key may only look here: show a token".to_owned(),
    };
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{role}\"");
    Err(Answer::problem(Problem::NotAllowed, &why).with("www-authenticate", challenge))
}

async fn proved(app: &App, shown: &str) -> Result<Proved, Answer> {
    let refused = |why: &str| not_proved(why, "Bearer error=\"invalid_token\"");
    let token = shown.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else { return Err(refused("expected Authorization: Bearer and a token")) };
    let token = token.trim();
    let Some((directory, issuer)) = &app.door.directory else {
        return Err(refused("no token is taken here: the settings API_TENANT and API_AUDIENCE name no directory"));
    };
    let key = key_of(token).map_err(|why| refused(&plain(&why)))?;
    let published = issuer.published(&key).await.map_err(|error| {
        warn!("a caller's token cannot be proved now: {error:#}");
        let why = "it cannot be told now who asks: the directory does not answer; try again";
        Answer::problem(Problem::Unavailable, why).with("retry-after", "10".into())
    })?;
    let now = now(app).await.map_err(|error| {
        warn!("a caller's token cannot be proved now: {error:#}");
        Answer::problem(Problem::Unavailable, "it cannot be told now who asks: the store does not answer; try again")
    })?;
    prove(token, &key, &published, directory, now).map_err(|why| refused(&plain(&why)))
}

/// The store's time. A process that has just begun was told none yet.
async fn now(app: &App) -> anyhow::Result<Timestamp> {
    if let Ok(now) = app.store.now() {
        return Ok(now);
    }
    app.store.under_way().await?;
    app.store.now()
}

fn not_proved(why: &str, challenge: &str) -> Answer {
    Answer::problem(Problem::NotProved, why).with("www-authenticate", challenge.to_owned())
}
