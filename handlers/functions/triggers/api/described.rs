//! The API as OpenAPI has it: made of the code, published as `docs/openapi.json`, and compared with real answers by a test.
use crate::functions::http::{ACTS, INTENT, PROBLEMS, Problem};
use crate::plan::Kind;
use crate::run::verbs::{Direction, Verb};
use crate::step::Step;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::shapes::{Journal, Listed, Order, Page, ProblemDetails, Request, Run, Started};

#[derive(OpenApi)]
#[openapi(
    paths(super::list, super::show, super::starts::begin, super::orders::order),
    components(schemas(Journal, Listed, Order, Page, ProblemDetails, Request, Run, Started)),
    info(
        title = "aks-bluegreen",
        description = "Look at upgrades, start them, steer them. docs/api.md says who may, and how."
    )
)]
struct Described;

/// The names that a text may be, by where it stands.
fn names() -> Vec<(&'static str, Vec<&'static str>)> {
    let (steps, kinds) = (Step::ALL.map(Step::name).to_vec(), Kind::ALL.map(Kind::name).to_vec());
    let (verbs, directions) = (Verb::ALL.map(Verb::name).to_vec(), Direction::ALL.map(Direction::name).to_vec());
    vec![
        ("/components/schemas/Run/properties/step", steps.clone()),
        ("/components/schemas/Run/properties/kind", kinds.clone()),
        ("/components/schemas/Request/properties/kind", kinds),
        ("/components/schemas/Order/properties/step", steps),
        ("/components/schemas/Order/properties/direction", directions),
        ("/paths/~1upgrades~1{site}~1{verb}/post/parameters/1/schema", verbs),
    ]
}

/// What can go wrong with every call, and what else with each.
const ALWAYS: [Problem; 5] =
    [Problem::NotProved, Problem::NotAllowed, Problem::NotFound, Problem::Broken, Problem::Unavailable];
const WITH_A_POST: [Problem; 5] =
    [Problem::Malformed, Problem::ForeignOrigin, Problem::TooLarge, Problem::NotJson, Problem::Newer];

/// The description.
#[must_use]
pub fn description() -> Value {
    let mut described = serde_json::to_value(Described::openapi()).unwrap_or_default();
    for (pointer, names) in names() {
        if let Some(schema) = described.pointer_mut(pointer) {
            schema["enum"] = json!(names);
            if schema["type"].is_array() {
                // Where nothing may stand, too.
                schema["enum"] = names.iter().map(|name| json!(name)).chain([Value::Null]).collect();
            }
        }
    }
    // The same, with the site in the body.
    let mut start = described["paths"]["/upgrades/{site}"]["post"].clone();
    start["operationId"] = "beginOfBody".into();
    if let Some(parameters) = start["parameters"].as_array_mut() {
        parameters.retain(|parameter| parameter["in"] != "path");
    }
    described["paths"]["/upgrades"]["post"] = start;
    for (path, method, problems) in [
        ("/upgrades", "get", &[Problem::Malformed][..]),
        ("/upgrades/{site}", "get", &[Problem::Newer]),
        ("/upgrades", "post", &[Problem::Refused, Problem::TooMany]),
        ("/upgrades/{site}", "post", &[Problem::Refused, Problem::TooMany]),
        ("/upgrades/{site}/{verb}", "post", &[Problem::Ended, Problem::NotNow, Problem::Moved, Problem::NotNamed]),
    ] {
        let posted = if method == "post" { &WITH_A_POST[..] } else { &[] };
        let operation = &mut described["paths"][path][method];
        if method == "post" {
            let intent = json!({"name": INTENT, "in": "header", "required": true, "schema": {"const": ACTS},
                "description": "Something is to be changed: no page of another origin can say so"});
            operation["parameters"].as_array_mut().into_iter().for_each(|all| all.push(intent.clone()));
        }
        if let Some(members) = operation.as_object_mut() {
            members.remove("tags");
        }
        add(operation, ALWAYS.iter().chain(posted).chain(problems));
    }
    let (token, key) = (
        json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of the directory for this API, with the role Upgrades.Read or Upgrades.Act"}),
        json!({"type": "apiKey", "in": "header", "name": "x-functions-key", "description": "The host's lock"}),
    );
    described["components"]["securitySchemes"] = json!({"token": token, "key": key});
    described["security"] = json!([{"token": [], "key": []}, {"key": []}]);
    described
}

/// Adds what can go wrong to an operation: a status may stand for several problems.
fn add<'a>(operation: &mut Value, problems: impl Iterator<Item = &'a Problem>) {
    let mut said = Map::new();
    for problem in problems {
        let (status, name, title) = problem.parts();
        let said = said.entry(status.to_string()).or_insert_with(|| json!([]));
        said.as_array_mut().into_iter().for_each(|all| all.push(format!("{title} (`{PROBLEMS}{name}`)").into()));
    }
    for (status, titles) in said {
        let titles: Vec<_> = titles.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        operation["responses"][&status] = json!({"description": titles.join("; "), "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}});
    }
}
