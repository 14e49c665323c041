//! A caller gives an order, for what they were shown: by the ETag of the run's page, or by naming run, step and stage.
use super::shown::Shown;
use super::{Answered, no_run};
use crate::functions::app::App;
use crate::functions::caller::Caller;
use crate::functions::http::{Answer, HttpCall, Problem};
use crate::functions::orders::{Obeyed, give};
use crate::run::summary;
use crate::run::verbs::{Order, Refusal, Verb, beforehand};
use serde_json::{Map, Value, json};

/// Gives an order
#[utoipa::path(post, path = "/upgrades/{site}/{verb}", operation_id = "order",
    params(
        ("site" = String, Path, description = "The site"),
        ("verb" = String, Path, description = "What to do"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the run's page on which it was decided"),
    ),
    request_body = super::shapes::Order,
    responses((status = 200, description = "It is carried out: the run", body = super::shapes::Run)))]
pub(super) async fn order(app: &App, site: &str, verb: &str, call: &HttpCall, caller: &Caller) -> Answered {
    let Some(verb) = Verb::named(verb) else {
        let why = "expected pause, resume, approve, promote, abort, roll-back or finish";
        return Ok(Answer::problem(Problem::NotFound, why));
    };
    let mut order = match read(verb, call) {
        Ok(order) => order,
        Err((problem, why)) => return Ok(Answer::problem(problem, &why)),
    };
    order.by = caller.name(Some(&order.by));
    order.verified = matches!(caller, Caller::Proved(_));
    let beforehand = app.store.run(site).await?.and_then(|found| beforehand(&found.value, order.verb));
    // The caller hears at once that it is so; a way back goes on meanwhile.
    let app = App { answers_first: true, ..app.clone() };
    Ok(match give(&app, site, &order).await? {
        Obeyed::Yes(run) => {
            let mut said = summary(&run);
            if let Some(beforehand) = beforehand {
                said["beforehand"] = beforehand.into();
            }
            Answer::new(200, said)
        }
        Obeyed::NoRun => no_run(site),
        Obeyed::Refused(Refusal::Ended(ending)) => {
            let mut answer = Answer::problem(Problem::Ended, "the run has ended");
            if let Some(body) = &mut answer.body {
                body["ending"] = serde_json::to_value(ending)?;
            }
            answer
        }
        Obeyed::Refused(Refusal::Moved(why)) => Answer::problem(Problem::Moved, &why),
        Obeyed::Refused(Refusal::NotVerified(why)) => Answer::problem(Problem::NotAllowed, &why),
        Obeyed::Refused(Refusal::NotNow(why)) => Answer::problem(Problem::NotNow, &why),
    })
}

/// The order of a body and of `If-Match`, which must not say different things.
fn read(verb: Verb, call: &HttpCall) -> Result<Order, (Problem, String)> {
    let malformed = |why: String| (Problem::Malformed, why);
    let mut body = members(&call.body).map_err(malformed)?;
    if let Some(etag) = call.headers.get("if-match") {
        let Some(shown) = Shown::read(etag) else {
            let why = "If-Match is no ETag of a run's page: take the one that GET /upgrades/<site> gave";
            return Err(malformed(why.into()));
        };
        for (name, seen) in [("run", json!(shown.run)), ("step", json!(shown.step)), ("stage", json!(shown.stage))] {
            match body.get(name).filter(|said| !said.is_null()) {
                Some(said) if *said != seen => {
                    return Err(malformed(format!("If-Match says that {name} was {seen}, and the body {said}")));
                }
                _ => drop(body.insert(name.into(), seen)),
            }
        }
    }
    if body.get("run").is_none_or(Value::is_null) {
        let why = "say what the order was decided on: If-Match with the ETag of GET /upgrades/<site>, or run, step and \
                   stage in the body";
        return Err((Problem::NotNamed, why.into()));
    }
    body.insert("verb".into(), verb.name().into());
    serde_json::from_value(body.into())
        .map_err(|wrong| malformed(format!("expected run, step, stage, by, reason: {wrong}")))
}

/// The members of a body; none of an empty one.
fn members(body: &str) -> Result<Map<String, Value>, String> {
    if body.trim().is_empty() {
        return Ok(Map::new());
    }
    let expected = "expected a JSON object: reason, and what the order was decided on";
    serde_json::from_str(body).map_err(|wrong| format!("{expected}: {wrong}"))
}
