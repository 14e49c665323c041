//! A server's words, cut to what a person needs.
use super::{Refusal, TAKE_OVER};
use std::collections::BTreeMap;

/// A sentence has at most so many characters.
const LONGEST: usize = 300;
/// So many fields of one owner are named.
const FIELDS: usize = 5;

/// The first sentence of a text; what it was cut off from is shown by a mark.
pub fn first_sentence(text: &str) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    let ends = line
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| !line[..*at].ends_with("e.g") && !line[..*at].ends_with("i.e"));
    let sentence = ends.map_or(line, |at| &line[..at]).trim_end_matches(['.', ':']);
    let mut short: String = sentence.chars().take(LONGEST).collect();
    if short.len() < sentence.len() {
        short.push('…');
    }
    short
}

/// Whose fields an apply would have taken, and how to take them.
pub fn owners(refusal: &Refusal) -> String {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for cause in refusal.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict") {
        let owner = cause.message.trim_start_matches("conflict with ").split(" using ").next().unwrap_or_default();
        fields.entry(owner).or_default().push(&cause.field);
    }
    let owned: Vec<_> = fields.iter().map(|(owner, fields)| format!("{owner} owns {}", some(fields))).collect();
    let who = if owned.is_empty() { first_sentence(&refusal.message) } else { owned.join("; ") };
    format!("{who}: leave that out, or take it over with the annotation {TAKE_OVER}: \"true\"")
}

fn some(fields: &[&str]) -> String {
    let shown = fields.iter().take(FIELDS).copied().collect::<Vec<_>>().join(", ");
    match fields.len().saturating_sub(FIELDS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
