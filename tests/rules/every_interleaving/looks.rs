//! The looks that an exploration came to, written where the real steps are asked the same.
use super::document::Production;
use super::input::Look;
use super::search::Found;
use super::setting;
use super::steps::Rules;

/// The file of this name has every look of an exploration in the usual bounds, one a line.
pub fn are_written(name: &str, found: &Found, rules: Rules, production: &mut Production) {
    if ["BLUEGREEN_FAULTS", "BLUEGREEN_ORDERS"].into_iter().any(|bound| setting(bound).is_some()) {
        return;
    }
    let inputs = found.inputs();
    let looks = inputs.into_iter().map(|input| Look { input, leads_to: production.look(&input, rules) });
    let lines: Vec<_> = looks.map(|look| serde_json::to_string(&look).expect("a look has a JSON form")).collect();
    let current = format!("[\n{}\n]\n", lines.join(",\n"));
    let path = format!("{}/../../tests/rules/every_interleaving/looks/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if setting("BLUEGREEN_WRITE").is_some() {
        std::fs::write(&path, &current).expect("the folder is there");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "looks/{name}.json is old: run `BLUEGREEN_WRITE=1 cargo test --test rules every_interleaving`"
    );
}
