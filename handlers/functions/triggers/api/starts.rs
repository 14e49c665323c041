//! A caller starts a run.
use super::Answered;
use crate::functions::app::App;
use crate::functions::bodies;
use crate::functions::caller::Caller;
use crate::functions::http::{Answer, HttpCall, Problem};
use crate::functions::start::{Started, start};
use crate::plan::request::Request;
use crate::site::is_name;
use azure_core::Uuid;
use serde_json::{Value, json};

/// Starts a run, for the site of the path, or of the body where the path names none
#[utoipa::path(post, path = "/upgrades/{site}", operation_id = "begin",
    params(
        ("site" = String, Path, description = "The site"),
        ("Idempotency-Key" = Option<String>, Header, description = "The request's id: sent again, it is the same run"),
    ),
    request_body = super::shapes::Request,
    responses(
        (status = 202, description = "It has begun", body = super::shapes::Started),
        (status = 200, description = "It has begun before, and ended", body = super::shapes::Started),
    ))]
pub(super) async fn begin(app: &App, site: Option<&str>, call: &HttpCall, caller: &Caller) -> Answered {
    let mut request = match read(site, call) {
        Ok(request) => request,
        Err(why) => return Ok(Answer::problem(Problem::Malformed, &why)),
    };
    if !is_name(&request.site) {
        return Ok(Answer::problem(Problem::NotFound, super::NAMES));
    }
    request.requested_by = Some(caller.name(request.requested_by.as_deref()));
    let request = request.bounded();
    let id = request.id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    Ok(match start(app, &request, &id).await? {
        Started::Run(run) => Answer::new(202, json!({"run": run, "request": id})),
        Started::Ended(run) => Answer::new(200, json!({"run": run, "request": id})),
        Started::Refused(why) => Answer::problem(Problem::Refused, &why),
        Started::Later(why) => Answer::problem(Problem::TooMany, &format!("{why}: try again in some minutes"))
            .with("retry-after", "300".into()),
    })
}

/// The request of a body, in which the site of the path and the id of the header stand, too.
fn read(site: Option<&str>, call: &HttpCall) -> Result<Request, String> {
    let example = "expected a JSON object like {\"version\": \"1.34.6\"}";
    let mut body = bodies::read(&call.body).map_err(|why| format!("{example}: {why}"))?;
    if let (Some(site), Some(members)) = (site, body.as_object_mut()) {
        let names = |name: &String| name.eq_ignore_ascii_case("site");
        let others = members.iter().find(|(name, value)| names(name) && !same_site(value, site));
        if let Some((_, other)) = others {
            return Err(format!("the path names the site {site}, and the body {other}"));
        }
        members.retain(|name, _| !names(name));
        members.insert("site".into(), site.into());
    }
    let mut request = Request::read(body)?;
    let key = call.headers.get("idempotency-key").map(|key| key.trim_matches('"'));
    // As an id that nobody filled in.
    let key = key.filter(|key| !key.trim().is_empty());
    if let Some(key) = key {
        match &request.id {
            Some(id) if id != key => return Err(format!("Idempotency-Key is {key:?}, and the body's id {id:?}")),
            _ => request.id = Some(key.to_owned()),
        }
    }
    Ok(request)
}

fn same_site(named: &Value, site: &str) -> bool {
    named.as_str().is_some_and(|named| named.trim().eq_ignore_ascii_case(site))
}
