//! Calls about what has no run that could keep them: a cause is told once, and again daily while it lasts.
use super::app::App;
use crate::run::Level;
use std::time::Duration;
use tokio::time::timeout_at;
use tracing::{error, info, warn};

/// A store that does not answer by then is not asked whether this was told: it is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells a person, unless this cause was told within a day. `cause` is a stable key like `subscription/Soak`; `site` may be
/// empty, where it is about none.
pub async fn call(app: &App, cause: &str, site: &str, why: &str) {
    let asked = timeout_at(app.clock.after(PATIENCE), app.store.may_call(cause, why)).await;
    match asked {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => return info!(cause, site, "it lasts, and was told: {why}"),
        Ok(Err(error)) => warn!(cause, site, "it cannot be seen whether this was told: {error:#}"),
        Err(_) => warn!(cause, site, "it cannot be seen whether this was told: the store does not answer"),
    }
    say(cause, site, why);
}

/// Tells a person, whenever this was told before.
pub fn say(cause: &str, site: &str, why: &str) {
    let (call, says) = (Level::NeedsPerson.name(), Level::NeedsPerson.words());
    error!(call, cause, site, "{says}: {why}");
}
