//! `/upgrades`: list, show, start, the verbs. JSON in, JSON out; errors say what to do. Who may is settled before anything
//! else is looked at.
pub mod described;
mod meant;
mod orders;
pub mod shapes;
mod shown;
mod starts;

use crate::functions::app::App;
use crate::functions::caller::caller;
use crate::functions::http::{Answer, HttpCall, Problem};
use crate::run::summary;
use crate::site::is_name;
use crate::store::{Shelf, Unreadable};
use azure_core::http::Url;
use serde_json::{Value, json};
use shown::{etag, etag_of, has};
use tracing::warn;

/// What a path may be.
const ROUTES: &str = "expected GET /upgrades, GET /upgrades/<site>, GET /upgrades/openapi.json, \
     POST /upgrades/<site> or POST /upgrades/<site>/<verb>";
/// What a site's name is.
const NAMES: &str = "a site's name is 1 to 40 lower-case letters, digits and hyphens";
/// So many runs are on a page, unless the caller asks for another number, up to the longest.
const A_PAGE: usize = 200;
const LONGEST_PAGE: usize = 1000;
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
        ("GET", ["openapi.json"]) => {
            let page = described::description();
            let etag = etag_of(&page);
            Ok(unless_known(call, page, etag))
        }
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
                Answer::problem(Problem::Broken, &format!("{why}: put the blob back as it was (the store keeps versions), or take it away, which lets new runs of the site begin"))
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

/// The runs of all sites, a page at a time, with the newest refusals and what waits
#[utoipa::path(get, path = "/upgrades", operation_id = "list",
    params(
        ("most" = Option<u32>, Query, description = "So many runs on a page, 1 to 1000 (200)"),
        ("after" = Option<String>, Query, description = "Where the page begins: what `next` of the one before said"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the version that is there already"),
    ),
    responses((status = 200, description = "A page", body = shapes::Page), (status = 304, description = "It is unchanged")))]
async fn list(app: &App, call: &HttpCall) -> Answered {
    let most = match call.query.get("most").map(|most| most.parse()) {
        None => A_PAGE,
        Some(Ok(most)) if (1..=LONGEST_PAGE).contains(&most) => most,
        Some(_) => return Ok(Answer::problem(Problem::Malformed, &format!("most: expected 1 to {LONGEST_PAGE}"))),
    };
    let after = call.query.get("after").map(String::as_str).filter(|after| !after.is_empty());
    let Some(page) = app.store.lines(after, most).await? else {
        return Ok(Answer::problem(Problem::Malformed, "after: expected what `next` of a page said"));
    };
    let mut shown = json!({"runs": page.items});
    if let Some(next) = page.next {
        let mut url = Url::parse("http://page/upgrades")?;
        url.query_pairs_mut().append_pair("most", &most.to_string()).append_pair("after", &next);
        shown["next"] = format!("{}?{}", url.path(), url.query().unwrap_or_default()).into();
    }
    shown["refusals"] = app.store.records(Shelf::Refusals, NEWEST).await?.into();
    shown["waiting"] = app.store.records(Shelf::Waiting, NEWEST).await?.into();
    let etag = etag_of(&shown);
    Ok(unless_known(call, shown, etag))
}

/// One run, with its journal
#[utoipa::path(get, path = "/upgrades/{site}", operation_id = "show",
    params(
        ("site" = String, Path, description = "The site"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the version that is there already"),
    ),
    responses((status = 200, description = "The run", body = shapes::Journal), (status = 304, description = "It is unchanged")))]
async fn show(app: &App, site: &str, call: &HttpCall) -> Answered {
    let Some(found) = app.store.run(site).await? else { return Ok(no_run(site)) };
    let mut page = summary(&found.value);
    page["journal"] = serde_json::to_value(&found.value.journal)?;
    let etag = etag(&found.value, &page);
    Ok(unless_known(call, page, etag))
}

/// A page with its version, unless the caller has that already.
fn unless_known(call: &HttpCall, page: Value, etag: String) -> Answer {
    let answer =
        if has(call.headers.get("if-none-match"), &etag) { Answer::not_modified() } else { Answer::new(200, page) };
    // Whoever keeps it asks each time whether it is still so.
    answer.with("etag", etag).with("cache-control", "private, no-cache".into())
}

fn no_run(site: &str) -> Answer {
    Answer::problem(Problem::NotFound, &format!("the site {site} has no run"))
}
