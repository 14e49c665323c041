//! Whether a caller means to change something: nobody's browser is to give orders for a page of somebody else's, whatever
//! tokens or keys it adds by itself.
use crate::functions::app::App;
use crate::functions::http::{ACTS, Answer, HttpCall, INTENT, Problem};

/// Whether the request says so.
///
/// # Errors
/// The answer that it gets instead.
pub fn meant(app: &App, call: &HttpCall) -> Result<(), Answer> {
    let said = call.headers.get("content-type").unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Answer::problem(Problem::NotJson, "expected Content-Type: application/json"));
    }
    if !call.headers.get(INTENT).is_some_and(|said| said.eq_ignore_ascii_case(ACTS)) {
        let why = format!("expected the header {INTENT}: {ACTS}, which says that something is to be changed");
        return Err(Answer::problem(Problem::Malformed, &why));
    }
    match call.headers.get("origin") {
        Some(origin) if !is_ours(app, call, origin) => {
            let why = "the request comes from a page of another origin than this API's";
            Err(Answer::problem(Problem::ForeignOrigin, why))
        }
        _ => Ok(()),
    }
}

/// Whether an origin is this app's: by the name under which the caller came, as the front end and the host pass it on, or
/// under which the platform knows the app. `null` is nobody's.
fn is_ours(app: &App, call: &HttpCall, origin: &str) -> bool {
    let Some((_, origin)) = origin.split_once("://") else { return false };
    let named = ["host", "x-forwarded-host", "disguised-host"].into_iter().filter_map(|name| call.headers.get(name));
    let mut ours = named.chain(app.door.host.as_deref()).flat_map(|names| names.split(',').map(str::trim));
    !origin.is_empty() && ours.any(|ours| ours.eq_ignore_ascii_case(origin))
}
