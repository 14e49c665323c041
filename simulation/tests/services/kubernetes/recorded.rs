//! What a real kube-apiserver 1.36 answered to some hundred calls, beside what the simulated one answers.
//!
//! The recording is `fixtures/kubernetes-1.36.jsonl`: a call and its answer in each line; `.ci/real-kubernetes` plays the same
//! calls on a real server and finds whether the recording is still true. Differences that are accepted are in
//! `fixtures/kubernetes-1.36.accepted`, each with its reason. With `BLUEGREEN_DIFFERENCES` the others are shown.
mod alike;
mod play;

use alike::{Difference, differences};
use play::{Step, play};
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../../fixtures/kubernetes-1.36.jsonl");
const ACCEPTED: &str = include_str!("../../fixtures/kubernetes-1.36.accepted");

/// A difference that is as it should be: section, name of the step, what the place begins with, and why. `*` stands for all.
struct Accepted<'a> {
    section: &'a str,
    name: &'a str,
    place: &'a str,
}

impl Accepted<'_> {
    fn is_meant(&self, step: &Step, difference: &Difference) -> bool {
        let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        fits(self.section, &step.section)
            && fits(self.name, &step.name)
            && (self.place == "*" || difference.place.contains(self.place))
    }
}

fn accepted() -> Vec<Accepted<'static>> {
    let lines = ACCEPTED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &'static str| {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [section, name, place, reason] = parts[..] else { panic!("expected four parts: {line}") };
        assert!(reason.len() > 8, "a reason is missing: {line}");
        Accepted { section, name, place }
    };
    lines.map(read).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks to see the differences")]
fn a_real_server_answers_the_same() {
    let accepted = accepted();
    let mut used = vec![0; accepted.len()];
    let (mut alike, mut excused, mut open) = (0, 0, vec![]);
    for (step, answer) in play(RECORDED) {
        let all = differences(&step.answer, &answer);
        let left: Vec<_> = all
            .iter()
            .filter(|difference| {
                let found = accepted.iter().position(|accepted| accepted.is_meant(&step, difference));
                found.inspect(|&at| used[at] += 1).is_none()
            })
            .collect();
        match (all.is_empty(), left.is_empty()) {
            (true, _) => alike += 1,
            (false, true) => excused += 1,
            (false, false) => {
                let words: Vec<_> = left.iter().take(6).map(ToString::to_string).collect();
                open.push(format!(
                    "{}/{} {} {}\n    {}",
                    step.section,
                    step.name,
                    step.method,
                    step.path,
                    words.join("\n    ")
                ));
            }
        }
    }
    let mut by_section: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &open {
        *by_section.entry(step.split('/').next().unwrap_or_default()).or_default() += 1;
    }
    println!(
        "{alike} of {} answers are alike, {excused} differ as accepted, {} otherwise",
        alike + excused + open.len(),
        open.len()
    );
    if std::env::var_os("BLUEGREEN_DIFFERENCES").is_some() {
        println!("{}", open.join("\n"));
    }
    assert!(
        open.is_empty(),
        "{by_section:?}; run it with BLUEGREEN_DIFFERENCES=1 and --nocapture\n{}",
        open[..open.len().min(5)].join("\n")
    );
    let idle: Vec<_> = accepted.iter().zip(&used).filter(|(_, used)| **used == 0).map(|(one, _)| one.name).collect();
    assert!(idle.is_empty(), "accepted, and not different any more: {idle:?}");
}
