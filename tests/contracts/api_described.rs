//! The API's description against the code, the pages, and real answers.
use crate::agreement::{read, root};
use crate::stage::Stage;
use bluegreen::functions::http::{PROBLEMS, Problem};
use bluegreen::functions::triggers::api::described::description;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: &str = "docs/openapi.json";

#[test]
fn the_published_description_is_the_codes() {
    let described = format!("{}\n", serde_json::to_string_pretty(&description()).unwrap());
    #[expect(clippy::disallowed_methods, reason = "whether the page is to be written anew")]
    if std::env::var("BLUEGREEN_WRITE").is_ok() {
        std::fs::write(root().join(PAGE), &described).unwrap();
    }
    assert!(read(PAGE) == described, "{PAGE} is old: run `BLUEGREEN_WRITE=1 cargo test the_published_description`");
}

#[test]
fn the_page_names_every_problem_and_every_call() {
    let page = read("docs/api.md");
    for problem in Problem::ALL {
        let (status, name, title) = problem.parts();
        assert!(page.contains(&format!("| {status} | `{PROBLEMS}{name}` | {title} |")), "{problem:?}");
    }
    let described = description();
    for (path, operations) in described["paths"].as_object().unwrap() {
        let path = path.replace("{site}", "SITE").replace("{verb}", "VERB");
        for method in operations.as_object().unwrap().keys() {
            let call = format!("`{} {path}`", method.to_uppercase());
            assert!(page.contains(&call), "docs/api.md lacks {call}");
        }
    }
}

/// Every member of an answer is described, but for what is described as any object.
fn closed(mut described: Value) -> Value {
    for (name, schema) in described["components"]["schemas"].as_object_mut().unwrap() {
        if schema["properties"].is_object() && name != "Run" {
            schema["additionalProperties"] = json!(false);
        }
    }
    described
}

/// Holds an answer against what is described of it.
fn agrees(described: &Value, (method, path): (&str, &str), status: u16, answer: &Value) {
    let response = &described["paths"][path][method]["responses"][status.to_string()];
    assert!(response.is_object(), "{method} {path} is not said to answer {status}: {answer}");
    let content = response["content"].as_object().and_then(|all| all.values().next());
    let schema = content.map(|content| content["schema"].clone()).unwrap_or_else(|| panic!("{response}"));
    let whole = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema],
        "unevaluatedProperties": false, "components": described["components"]});
    let validator = jsonschema::validator_for(&whole).unwrap();
    let mistakes: Vec<_> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(mistakes.is_empty(), "{method} {path} {status}: {mistakes:#?}\n{answer:#}");
}

#[tokio::test(start_paused = true)]
async fn real_answers_are_as_described() {
    let (stage, described) = (Stage::set(), closed(description()));
    let run = json!({"version": "latest-stable", "reason": "a test", "id": "one"}).to_string();
    let mut seen = BTreeSet::new();
    let (get, post) = (Method::GET, Method::POST);
    for (method, path, place, body) in [
        (&get, "/upgrades", "/upgrades", String::new()),
        (&get, "/upgrades?most=0", "/upgrades", String::new()),
        (&get, "/upgrades/shop", "/upgrades/{site}", String::new()),
        (&post, "/upgrades", "/upgrades", "{}".into()),
        (&post, "/upgrades/shop", "/upgrades/{site}", json!({"version": "1.2.3"}).to_string()),
        (&post, "/upgrades/nowhere", "/upgrades/{site}", run.clone()),
        (&post, "/upgrades/shop", "/upgrades/{site}", run.clone()),
        (&get, "/upgrades", "/upgrades", String::new()),
        (&get, "/upgrades/shop", "/upgrades/{site}", String::new()),
        (&post, "/upgrades/shop/pause", "/upgrades/{site}/{verb}", "{}".into()),
        (&post, "/upgrades/shop/pause", "/upgrades/{site}/{verb}", json!({"run": "another"}).to_string()),
        (&post, "/upgrades/shop/pause", "/upgrades/{site}/{verb}", "RUN".into()),
        (&get, "/upgrades/shop", "/upgrades/{site}", String::new()),
        (&post, "/upgrades/shop/pause", "/upgrades/{site}/{verb}", "RUN".into()),
        (&post, "/upgrades/shop/abort", "/upgrades/{site}/{verb}", "RUN".into()),
        (&post, "/upgrades/shop/abort", "/upgrades/{site}/{verb}", "RUN".into()),
        (&get, "/upgrades/shop", "/upgrades/{site}", String::new()),
        (&post, "/upgrades/shop", "/upgrades/{site}", run.clone()),
    ] {
        let named =
            stage.shop.run().map(|run| json!({"run": run.id, "step": run.step, "stage": run.stage}).to_string());
        let body = if body == "RUN" { named.unwrap() } else { body };
        let (status, answer) = stage.ask(method.clone(), path, body).await;
        agrees(&described, (&method.as_str().to_lowercase(), place), status.as_u16(), &answer);
        seen.insert((method.clone().to_string(), place, status.as_u16()));
    }
    for status in [200, 202, 400, 404, 409, 412, 428] {
        assert!(seen.iter().any(|(_, _, seen)| *seen == status), "{status} is not among {seen:?}");
    }
}
