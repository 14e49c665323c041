//! `/upgrades`: list, show, start, the verbs. JSON in, JSON out; errors say what to do.
use crate::functions::app::App;
use crate::functions::bodies;
use crate::functions::envelope::HttpCall;
use crate::functions::orders::{Obeyed, give};
use crate::functions::start::{Started, start};
use crate::plan::request::Request;
use crate::run::verbs::{Order, Refusal, Verb, beforehand};
use crate::run::{Level, Run};
use crate::site::is_name;
use crate::store::{Shelf, Stored, Unreadable};
use azure_core::Uuid;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tracing::warn;

/// An error's body.
#[must_use]
pub fn error(message: &str) -> Value {
    json!({"error": message})
}

/// Answers a caller: a status and a JSON body.
pub async fn answer(app: &App, call: &HttpCall) -> (u16, Value) {
    let answered = match (call.method.as_str(), &places(&call.path)[..]) {
        ("GET", []) => list(app).await,
        ("GET", [site]) => show(app, site).await,
        ("POST", []) => begin(app, None, call).await,
        ("POST", [site]) => begin(app, Some(site), call).await,
        ("POST", [site, verb]) => order(app, site, verb, call).await,
        ("GET" | "POST", _) => {
            let routes = "GET /upgrades, GET /upgrades/<site>, POST /upgrades/<site> or POST /upgrades/<site>/<verb>";
            Ok((404, error(&format!("expected {routes}"))))
        }
        (method, _) => Ok((405, error(&format!("{method} is not allowed: expected GET or POST")))),
    };
    answered.unwrap_or_else(|failure| {
        warn!("a caller could not be served: {failure:#}");
        match failure.downcast_ref::<Unreadable>() {
            Some(why @ Unreadable::Newer(..)) => (409, error(&format!("{why}: it is left to the newer one"))),
            Some(why @ Unreadable::Broken(..)) => (500, error(&format!("{why}: mend it, or take it away"))),
            None => (503, error("Azure or the store does not answer now: try again")),
        }
    })
}

/// So many runs are read side by side.
const AT_ONCE: usize = 32;
/// So many records are enough to see what goes on.
const NEWEST: usize = 50;

type Answered = anyhow::Result<(u16, Value)>;

fn places(path: &str) -> Vec<&str> {
    let places: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    // A host may be set up with the prefix `api`.
    let after = places.iter().position(|part| part.eq_ignore_ascii_case("upgrades")).map_or(0, |at| at + 1);
    places.get(after..).unwrap_or_default().to_vec()
}

async fn list(app: &App) -> Answered {
    let sites = stream::iter(app.store.sites_with_runs().await?);
    let found = sites.map(|site| async move { line(&site, app.store.run(&site).await) }).buffered(AT_ONCE);
    let runs: Vec<_> = found.filter_map(std::future::ready).collect().await;
    let (refusals, waiting) =
        (app.store.records(Shelf::Refusals, NEWEST).await?, app.store.records(Shelf::Waiting, NEWEST).await?);
    Ok((200, json!({"runs": runs, "refusals": refusals, "waiting": waiting})))
}

/// The line of a site; what cannot be read costs this line alone.
fn line(site: &str, found: anyhow::Result<Option<Stored<Run>>>) -> Option<Value> {
    match found {
        Ok(found) => found.map(|found| summary(&found.value)),
        Err(why) => Some(json!({"site": site, "unreadable": format!("{why:#}")})),
    }
}

async fn show(app: &App, site: &str) -> Answered {
    if !is_name(site) {
        return Ok((404, error("a site's name is 1 to 40 lower-case letters, digits and hyphens")));
    }
    let Some(found) = app.store.run(site).await? else {
        return Ok((404, error(&format!("the site {site} has no run"))));
    };
    let mut shown = summary(&found.value);
    shown["journal"] = serde_json::to_value(&found.value.journal)?;
    Ok((200, shown))
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

/// A run, for the site of the path, or of the body where the path names none.
async fn begin(app: &App, site: Option<&str>, call: &HttpCall) -> Answered {
    let mut body = match bodies::read(&call.body) {
        Ok(body) => body,
        Err(why) => {
            let example = "expected a JSON object like {\"version\": \"1.34.6\"}";
            return Ok((400, error(&format!("{example}: {why}"))));
        }
    };
    if let (Some(site), Some(members)) = (site, body.as_object_mut()) {
        let names = |name: &String| name.eq_ignore_ascii_case("site");
        let others = members.iter().find(|(name, value)| names(name) && !same_site(value, site));
        if let Some((_, other)) = others {
            return Ok((400, error(&format!("the path names the site {site}, and the body {other}"))));
        }
        members.retain(|name, _| !names(name));
        members.insert("site".into(), site.into());
    }
    let mut request = match Request::read(body) {
        Ok(request) => request,
        Err(wrong) => return Ok((400, error(&wrong))),
    };
    if !is_name(&request.site) {
        return Ok((404, error("a site's name is 1 to 40 lower-case letters, digits and hyphens")));
    }
    if call.user.is_some() {
        request.requested_by = call.user.clone();
    }
    let request = request.bounded();
    let id = request.id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    Ok(match start(app, &request, &id).await? {
        Started::Run(run) => (202, json!({"run": run, "request": id})),
        Started::Ended(run) => (200, json!({"run": run, "request": id})),
        Started::Refused(why) => (409, error(&why)),
        Started::Later(why) => (429, error(&format!("{why}: try again in some minutes"))),
    })
}

fn same_site(named: &Value, site: &str) -> bool {
    named.as_str().is_some_and(|named| named.trim().eq_ignore_ascii_case(site))
}

async fn order(app: &App, site: &str, verb: &str, call: &HttpCall) -> Answered {
    let Some(verb) = Verb::named(verb) else {
        return Ok((404, error("expected pause, resume, approve, promote, abort, roll_back or finish")));
    };
    let mut body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
    if !body.is_object() {
        return Ok((400, error("expected a JSON object that names the run, its step and its stage")));
    }
    body["verb"] = verb.name().into();
    let mut order: Order = match serde_json::from_value(body) {
        Ok(order) => order,
        Err(wrong) => return Ok((400, error(&format!("expected run, step, stage, by, reason: {wrong}")))),
    };
    if let Some(user) = &call.user {
        order.by.clone_from(user);
    }
    let beforehand = app.store.run(site).await?.and_then(|found| beforehand(&found.value, order.verb));
    Ok(match give(app, site, &order).await? {
        Obeyed::Yes(run) => {
            let mut said = summary(&run);
            if let Some(beforehand) = beforehand {
                said["beforehand"] = beforehand.into();
            }
            (200, said)
        }
        Obeyed::NoRun => (404, error(&format!("the site {site} has no run"))),
        Obeyed::Refused(Refusal::Ended(ending)) => {
            (409, json!({"error": "the run has ended", "ending": serde_json::to_value(ending)?}))
        }
        Obeyed::Refused(Refusal::Moved(why)) => (412, error(&why)),
        Obeyed::Refused(Refusal::NotNow(why)) => (409, error(&why)),
    })
}
