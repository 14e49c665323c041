//! `/upgrades`: list, show, start, the verbs. JSON in, JSON out; errors say what to do. Who may is settled before anything
//! else is looked at.
mod meant;
mod orders;
mod shown;
mod starts;

use crate::functions::app::App;
use crate::functions::caller::caller;
use crate::functions::http::{Answer, HttpCall, Problem};
use crate::run::{Level, Run};
use crate::site::is_name;
use crate::store::{Shelf, Stored, Unreadable};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use shown::{etag, etag_of, has};
use tracing::warn;

/// What a path may be.
const ROUTES: &str =
    "expected GET /upgrades, GET /upgrades/<site>, POST /upgrades/<site> or POST /upgrades/<site>/<verb>";
/// What a site's name is.
const NAMES: &str = "a site's name is 1 to 40 lower-case letters, digits and hyphens";
/// So many runs are read side by side.
const AT_ONCE: usize = 32;
/// So many records are enough to see what goes on.
const NEWEST: usize = 50;

type Answered = anyhow::Result<Answer>;

/// Answers a caller.
pub async fn answer(app: &App, call: &HttpCall) -> Answer {
    let caller = match caller(app, call).await {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    if call.method == "POST"
        && let Err(answer) = meant::meant(app, call)
    {
        return answer;
    }
    let answered = match (call.method.as_str(), &places(&call.path)[..]) {
        ("GET", []) => list(app, call).await,
        ("GET" | "POST", [site, ..]) if !is_name(site) => Ok(Answer::problem(Problem::NotFound, NAMES)),
        ("GET", [site]) => show(app, site, call).await,
        ("POST", []) => starts::begin(app, None, call, &caller).await,
        ("POST", [site]) => starts::begin(app, Some(site), call, &caller).await,
        ("POST", [site, verb]) => orders::order(app, site, verb, call, &caller).await,
        ("GET" | "POST", _) => Ok(Answer::problem(Problem::NotFound, ROUTES)),
        (method, _) => {
            let why = format!("{method} is not allowed: expected GET or POST");
            Ok(Answer::problem(Problem::WrongMethod, &why).with("allow", "GET, POST".into()))
        }
    };
    answered.unwrap_or_else(|failure| {
        warn!("a caller could not be served: {failure:#}");
        match failure.downcast_ref::<Unreadable>() {
            Some(why @ Unreadable::Newer(..)) => {
                Answer::problem(Problem::Newer, &format!("{why}: it is left to the newer one"))
            }
            Some(why @ Unreadable::Broken(..)) => {
                Answer::problem(Problem::Broken, &format!("{why}: mend it, or take it away"))
            }
            None => Answer::problem(Problem::Unavailable, "Azure or the store does not answer now: try again"),
        }
    })
}

fn places(path: &str) -> Vec<&str> {
    let places: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    // A host may be set up with the prefix `api`.
    let after = places.iter().position(|part| part.eq_ignore_ascii_case("upgrades")).map_or(0, |at| at + 1);
    places.get(after..).unwrap_or_default().to_vec()
}

async fn list(app: &App, call: &HttpCall) -> Answered {
    let sites = stream::iter(app.store.sites_with_runs().await?);
    let found = sites.map(|site| async move { line(&site, app.store.run(&site).await) }).buffered(AT_ONCE);
    let runs: Vec<_> = found.filter_map(std::future::ready).collect().await;
    let (refusals, waiting) =
        (app.store.records(Shelf::Refusals, NEWEST).await?, app.store.records(Shelf::Waiting, NEWEST).await?);
    let page = json!({"runs": runs, "refusals": refusals, "waiting": waiting});
    let etag = etag_of(&page);
    Ok(unless_known(call, page, etag))
}

/// The line of a site; what cannot be read costs this line alone.
fn line(site: &str, found: anyhow::Result<Option<Stored<Run>>>) -> Option<Value> {
    match found {
        Ok(found) => found.map(|found| summary(&found.value)),
        Err(why) => Some(json!({"site": site, "unreadable": format!("{why:#}")})),
    }
}

async fn show(app: &App, site: &str, call: &HttpCall) -> Answered {
    let Some(found) = app.store.run(site).await? else { return Ok(no_run(site)) };
    let mut page = summary(&found.value);
    page["journal"] = serde_json::to_value(&found.value.journal)?;
    let etag = etag(&found.value, &page);
    Ok(unless_known(call, page, etag))
}

/// A page with its version, unless the caller has that already.
fn unless_known(call: &HttpCall, page: Value, etag: String) -> Answer {
    let answer = if has(call.headers.get("if-none-match"), &etag) {
        Answer::not_modified()
    } else {
        Answer::new(200, page)
    };
    // Whoever keeps it asks each time whether it is still so.
    answer.with("etag", etag).with("cache-control", "private, no-cache".into())
}

fn no_run(site: &str) -> Answer {
    Answer::problem(Problem::NotFound, &format!("the site {site} has no run"))
}

/// A run for a person's eye.
#[must_use]
pub fn summary(run: &Run) -> Value {
    json!({
        "site": run.plan.site.name, "run": run.id, "kind": run.plan.kind, "version": run.plan.version,
        "from": run.plan.old, "to": run.plan.new_colour(), "step": run.step, "stage": run.stage, "share": run.share(),
        "stages": run.plan.stages.iter().map(|stage| json!({"asked": stage.asked, "share": stage.share})).collect::<Vec<_>>(),
        "hop": run.hop, "due": run.due, "held": run.held, "ending": run.ending, "failure": run.failure,
        "readiness": run.readiness, "reducing": run.reducing, "unclear": run.unclear, "called": called(run),
        "leftOut": run.left_out,
    })
}

/// What somebody was told of last.
fn called(run: &Run) -> Value {
    let told = run.numbered().filter(|(_, entry)| entry.level() > Level::Note).last();
    told.map_or(Value::Null, |(number, entry)| {
        json!({"number": number, "at": entry.at, "level": entry.level(), "cause": entry.cause, "what": entry.what})
    })
}
