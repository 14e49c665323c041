//! Every look that the exploration of one run (tests/rules/every_interleaving) came to, made by the real steps in a
//! simulated Azure that is in the same state: they say and do what the model of them said and did.
//!
//! The model abstracts, and what it leaves out is said where it is left out: in `ways`, how one input can come about in
//! more than one way; in `seen`, what a real look does that changes nothing for anybody.
mod arranged;
#[path = "../rules/every_interleaving/input.rs"]
mod input;
mod seen;
mod ways;

use crate::cheap;
use arranged::arrange;
use input::Look;
use seen::next;
use ways::{Way, expected, ways};

const LOOKS: [&str; 2] = [
    include_str!("../rules/every_interleaving/looks/clusters_deleted.json"),
    include_str!("../rules/every_interleaving/looks/clusters_kept.json"),
];

#[test]
fn each_real_step_says_and_does_what_its_model_says() {
    let looks: Vec<Look> = LOOKS.iter().flat_map(|file| serde_json::from_str::<Vec<Look>>(file).unwrap()).collect();
    let all: Vec<(&Look, Way)> =
        looks.iter().flat_map(|look| ways(look).into_iter().map(move |way| (look, way))).collect();
    let wrong: Vec<String> = cheap::each(&all, compared).into_iter().flatten().collect();
    println!("{} inputs of a step compared, in {} ways: {} differ", looks.len(), all.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What differs between the model and the real step, if anything.
async fn compared((look, way): &(&Look, Way)) -> Option<String> {
    let scene = arrange(&look.input, way).await;
    let (found, expected) = (next(&scene, &look.input).await, expected(look, way));
    (found != expected).then(|| format!("{:?}, {way:?}: {found:?} instead of {expected:?}", look.input))
}
