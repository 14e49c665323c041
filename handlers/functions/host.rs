//! The Functions host's side of the process: routes, decoding, replies.
//!
//! Every answer is a JSON object, by type: an empty one would hang the invocation until its timeout.
use super::calls::{call, say};
use super::triggers;
use crate::functions::app::App;
use crate::functions::bound::{Ended, within};
use crate::functions::envelope::{self, Delivered, Unread};
use crate::functions::handle::handle;
use crate::functions::http::{Answer, Headers, HttpCall, Problem, query};
use crate::functions::reply::Reply;
use crate::process::telemetry;
use crate::run::FORMAT;
use crate::run::event::Event;
use crate::site::is_name;
use crate::step::Step;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use tracing::{Instrument, Span, info_span, warn};

/// The largest body that is read: Service Bus carries 256 KB, base64 and the envelope come on top.
const LARGEST: usize = 1024 * 1024;
/// The functions that are no steps, but for `Upgrades`, which has routes of its own.
const TRIGGERS: [&str; 5] = ["RequestUpgrade", "VersionAvailable", "VersionCheck", "CanaryCheck", "DeadLetter"];

/// The routes of every function.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        // The host asks this once, to see that we listen.
        .route("/", get(|| async { answer(StatusCode::OK, &envelope::reply("ready")) }))
        .route("/upgrades", any(upgrades))
        // The host's catch-all takes this, too; `{*path}` is never empty.
        .route("/upgrades/", any(upgrades))
        .route("/upgrades/{*path}", any(upgrades))
        .route("/Upgrades", post(upgrades_in_envelope))
        .route("/{function}", post(function));
    router = router.fallback(|| async { no_such_function() }).method_not_allowed_fallback(|| async {
        answer(StatusCode::METHOD_NOT_ALLOWED, &envelope::reply("expected POST to a function, or GET / of the host"))
    });
    router.with_state(app)
}

/// An invocation by a message or a timer.
async fn function(State(app): State<App>, headers: HeaderMap, request: Request) -> Response {
    // Not by `Path`: what it cannot decode it answers with plain text.
    let name = request.uri().path().trim_start_matches('/').to_owned();
    if Step::named(&name).is_none() && !TRIGGERS.contains(&name.as_str()) {
        return no_such_function();
    }
    let invocation = headers.get("x-azure-functions-invocationid").and_then(|id| id.to_str().ok()).unwrap_or("");
    let span = info_span!(
        "invocation",
        function = name,
        invocation,
        site = tracing::field::Empty,
        run.id = tracing::field::Empty,
        step = tracing::field::Empty,
        hop = tracing::field::Empty
    );
    let work = async |app: App| {
        let body = whole(request.into_body()).await;
        invoke(&app, &name, body.as_deref()).await
    };
    let reply = match within(&app, &name, work).instrument(span).await {
        Ok(reply) => reply,
        Err(ended) => {
            ended_badly(&app, &name, &ended).await;
            // Nobody takes a dead letter that is given back: it would end where nobody looks.
            if name == "DeadLetter" { Reply::Done(ended.why()) } else { Reply::Again(ended.why()) }
        }
    };
    match reply {
        Reply::Done(said) => answer(StatusCode::OK, &envelope::reply(&said)),
        Reply::Refused(why) => {
            warn!(function = name, "refused: {why}");
            answer(StatusCode::BAD_REQUEST, &envelope::reply(&why))
        }
        Reply::Again(why) => answer(StatusCode::SERVICE_UNAVAILABLE, &envelope::reply(&why)),
    }
}

async fn invoke(app: &App, name: &str, body: Result<&[u8], &String>) -> Reply {
    // Timers have no message; everything else has.
    match name {
        "CanaryCheck" => return triggers::canary_check::canary_check(app).await,
        "VersionCheck" => return triggers::version_check::version_check(app).await,
        _ => {}
    }
    let delivered = body.map_err(|why| Unread::nothing(why.clone())).and_then(envelope::message);
    if let Ok(Delivered { traceparent: Some(parent), .. }) = &delivered {
        telemetry::link_to(parent);
    }
    match (name, Step::named(name), delivered) {
        ("DeadLetter", _, delivered) => triggers::dead_letter::dead_letter(app, delivered).await,
        (_, _, Err(unread)) if unread.is_no_message => Reply::Refused(unread.why),
        ("RequestUpgrade", _, delivered) => triggers::request_upgrade::request_upgrade(app, delivered).await,
        ("VersionAvailable", _, delivered) => triggers::version_available::version_available(app, delivered).await,
        (_, Some(step), Ok(delivered)) => match event(step, &delivered) {
            Ok(event) => handle(app, &event).await,
            Err(why) => Reply::Refused(why),
        },
        (_, _, Err(unread)) => Reply::Refused(unread.why),
        _ => Reply::Refused(format!("there is no function {name:?}")),
    }
}

fn event(step: Step, delivered: &Delivered) -> Result<Event, String> {
    let event: Event = serde_json::from_value(delivered.body.clone())
        .map_err(|error| format!("expected an event with format, site, run, step and hop: {error}"))?;
    if event.format > FORMAT {
        return Err(format!("the event has format {}; this binary understands up to {FORMAT}", event.format));
    }
    if !is_name(&event.site) {
        return Err("expected the name of a site: 1 to 40 lower-case letters, digits and hyphens".into());
    }
    if event.step != step {
        return Err(format!("an event for {} was sent to {step}", event.step));
    }
    let span = Span::current();
    span.record("site", &event.site).record("run.id", &event.run).record("step", step.name()).record("hop", event.hop);
    telemetry::link_to_story(&event.run);
    Ok(event)
}

/// A caller's request that the host forwarded or proxied as it was.
async fn upgrades(State(app): State<App>, request: Request) -> Response {
    let answered = for_a_caller(&app, async |app| {
        let (parts, body) = request.into_parts();
        let body = match whole(body).await {
            Ok(body) => body,
            Err(why) => return Ok(Answer::problem(Problem::TooLarge, &why)),
        };
        let headers = parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let call = HttpCall {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: query(parts.uri.query().unwrap_or_default()),
            headers: Headers::of(headers),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        Ok(triggers::api::answer(&app, &call).instrument(act(&call)).await)
    });
    match answered.await {
        Ok(answer) => to_a_caller(answer),
        Err(NoCall(why)) => answer(StatusCode::BAD_REQUEST, &envelope::reply(&why)),
    }
}

/// The span of somebody's act. Who only looks has none: clients that show a run look each few seconds.
fn act(call: &HttpCall) -> Span {
    if call.method == "GET" { Span::none() } else { info_span!("invocation", function = "Upgrades") }
}

fn to_a_caller(answer: Answer) -> Response {
    let kind = answer.content_type();
    let mut response = match answer.body {
        Some(body) => ([(header::CONTENT_TYPE, kind)], body.to_string()).into_response(),
        None => Body::empty().into_response(),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // A text that can be no header is left out: the body has it.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// A caller's request in the host's envelope. Our own answer is 200: any other would reach the caller as a bare 500.
async fn upgrades_in_envelope(State(app): State<App>, request: Request) -> Response {
    let answered = for_a_caller(&app, async |app| {
        let call = whole(request.into_body()).await.and_then(|body| envelope::http_call(&body)).map_err(NoCall)?;
        Ok(triggers::api::answer(&app, &call).instrument(act(&call)).await)
    });
    match answered.await {
        Ok(answered) => answer(StatusCode::OK, &envelope::http_reply(&answered)),
        Err(NoCall(why)) => answer(StatusCode::BAD_REQUEST, &envelope::reply(&why)),
    }
}

/// There was no call at all: the host's envelope was malformed, and how.
struct NoCall(String);

/// The answer to a caller; neither a panic nor a store that hangs breaks their connection.
async fn for_a_caller<Work: Future<Output = Result<Answer, NoCall>>>(
    app: &App,
    work: impl FnOnce(App) -> Work,
) -> Result<Answer, NoCall> {
    let ended = match within(app, "Upgrades", work).await {
        Ok(answered) => return answered,
        Err(ended) => ended,
    };
    ended_badly(app, "Upgrades", &ended).await;
    Ok(match ended {
        Ended::Panicked => Answer::problem(Problem::Broken, "this went wrong here, not at your side"),
        Ended::TooLate => {
            let why = format!("{}: look at the run before you try again", ended.why());
            Answer::problem(Problem::Unavailable, &why)
        }
    })
}

/// A panic is a bug, and a dead letter that could not be dealt with is gone: a person is called. What has panicked may panic
/// again, as it is told.
async fn ended_badly(app: &App, function: &str, ended: &Ended) {
    if !matches!(ended, Ended::Panicked) && function != "DeadLetter" {
        return;
    }
    let cause = format!("not-carried-out/{function}");
    let why = format!("an invocation of {function} was not carried out: {}; see its log", ended.why());
    if matches!(ended, Ended::TooLate) {
        // Nobody waits once more for what did not answer.
        return say(&cause, "", &why);
    }
    let told = futures::FutureExt::catch_unwind(AssertUnwindSafe(call(app, &cause, "", &why))).await;
    if told.is_err() {
        say(&cause, "", &why);
    }
}

async fn whole(body: Body) -> Result<Vec<u8>, String> {
    let body = to_bytes(body, LARGEST).await;
    body.map(Into::into).map_err(|_| format!("expected at most {LARGEST} bytes; the body is larger, or broke off"))
}

fn no_such_function() -> Response {
    answer(StatusCode::NOT_FOUND, &envelope::reply("no such function: expected the name of a function folder"))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
