//! What the documents show of real runs is made by real runs: the pictures, and the figures of the comparison.
use super::blocks::root;
use crate::child::{output, text};
use serde_json::Value;
use std::fmt::Write;

/// The pictures, and what is simulated for each.
const PICTURES: [(&str, &[&str]); 2] =
    [("docs/upgrade.svg", &["simulate"]), ("docs/turned-back.svg", &["simulate", "--fail", "Soak:always"])];
/// What the comparison has figures of.
const STORIES: [&str; 7] = [
    "simulate",
    "simulate --seed 8",
    "simulate --crash --seed 7",
    "simulate --fail CreateCluster:always",
    "simulate --fail ConfirmTraffic:always",
    "simulate --fail Soak:always",
    "simulate --fail RetireOldCluster:always",
];
const PAGE: &str = "docs/compare.md";
const BEGIN: &str = "<!-- figures: written by `BLUEGREEN_WRITE=1 cargo test the_figures_of_the_comparison` -->\n";
const END: &str = "<!-- end of the figures -->";

#[expect(clippy::disallowed_methods, reason = "a person asks for a file to be written; no code of ours reads it")]
fn is_to_be_written() -> bool {
    std::env::var_os("BLUEGREEN_WRITE").is_some()
}

#[test]
fn the_pictures_of_the_docs_are_those_of_real_runs() {
    let folder = tempfile::tempdir().unwrap();
    for (page, words) in PICTURES {
        let file = folder.path().join("picture.svg");
        let ended = output(&[words, &["--picture", file.to_str().unwrap()]].concat(), &[]);
        assert_eq!(ended.status.code(), Some(0), "{words:?}: {ended:?}");
        let drawn = std::fs::read_to_string(&file).unwrap();
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"), "{page}: {drawn}");
        for part in
            ["class=\"blue\"", "class=\"green\"", "class=\"step\"", "ValidateHealth", "prefers-color-scheme:dark"]
        {
            assert!(drawn.contains(part), "{page} lacks {part}");
        }
        if is_to_be_written() {
            std::fs::write(root().join(page), &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(root().join(page)).unwrap_or_default();
        assert!(kept == drawn, "{page} is of an older run: `BLUEGREEN_WRITE=1 cargo test the_pictures_of_the_docs`");
    }
}

#[test]
fn the_figures_of_the_comparison_are_those_of_real_runs() {
    let mut table = String::from(
        "| `bluegreen …` | it ends | serving | lasts | requests | failed | on purpose | messages | calls of Azure |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for story in STORIES {
        let words: Vec<_> = story.split(' ').chain(["--json"]).collect();
        let ended = output(&words, &[]);
        assert_eq!(ended.status.code(), Some(0), "{story}: {ended:?}");
        let said = text(&ended.stdout);
        let told: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        let users = &told["requests"];
        assert_eq!(users["failed"], 0, "{story}: {said}");
        let seconds = told["virtual_seconds"].as_u64().unwrap();
        let _ = writeln!(
            table,
            "| `{story}` | {} | {} | {} h {:02} min | {} | {} | {} | {} | {} |",
            told["ending"].as_str().unwrap().replace('_', " "),
            told["serving"].as_str().unwrap(),
            seconds / 3600,
            seconds / 60 % 60,
            users["sent"],
            users["failed"],
            users["failed_on_purpose"],
            told["hops"],
            told["azure_calls"]
        );
    }
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the figures begin");
    let (kept, after) = rest.split_once(END).expect("the page says where the figures end");
    if is_to_be_written() {
        std::fs::write(root().join(PAGE), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        kept == table,
        "{PAGE} is old: `BLUEGREEN_WRITE=1 cargo test the_figures_of_the_comparison`, which gives\n{table}"
    );
}
