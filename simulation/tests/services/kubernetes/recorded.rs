//! What a real kube-apiserver 1.36 answered to some five hundred calls, beside what the simulated one answers.
//!
//! The recording is `fixtures/kubernetes-1.36.jsonl`: a call and its answer in each line; `.ci/real-kubernetes` plays the same
//! calls on a real server and finds whether the recording is still true. A step whose answer is long, or has in it what else is on
//! that server, says which parts of it are compared. Differences that are accepted are in `fixtures/kubernetes-1.36.accepted`,
//! each with its reason. With `BLUEGREEN_DIFFERENCES` the others are shown.
mod alike;
mod play;
mod shown;

use alike::{Difference, differences};
use play::{Step, play};
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../../fixtures/kubernetes-1.36.jsonl");
const ACCEPTED: &str = include_str!("../../fixtures/kubernetes-1.36.accepted");

const PAGE: &str = include_str!("../../../../docs/kubernetes.md");

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

/// What the comparison comes to.
#[derive(Default)]
struct Found {
    alike: usize,
    /// They differ as accepted.
    excused: usize,
    /// They differ otherwise, and how.
    open: Vec<String>,
    /// Accepted, and not different any more.
    idle: Vec<&'static str>,
}

async fn compared() -> Found {
    let (accepted, mut found) = (accepted(), Found::default());
    let mut used = vec![0; accepted.len()];
    for (step, answer) in play(RECORDED).await {
        let all = differences(&step, &answer);
        let left: Vec<_> = all
            .iter()
            .filter(|difference| {
                let found = accepted.iter().position(|accepted| accepted.is_meant(&step, difference));
                found.inspect(|&at| used[at] += 1).is_none()
            })
            .collect();
        match (all.is_empty(), left.is_empty()) {
            (true, _) => found.alike += 1,
            (false, true) => found.excused += 1,
            (false, false) => {
                let words: Vec<_> = left.iter().take(6).map(ToString::to_string).collect();
                let Step { section, name, method, path, .. } = &step;
                found.open.push(format!("{section}/{name} {method} {path}\n    {}", words.join("\n    ")));
            }
        }
    }
    found.idle = accepted.iter().zip(&used).filter(|(_, used)| **used == 0).map(|(one, _)| one.name).collect();
    found
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "a person asks to see the differences")]
async fn a_real_server_answers_the_same() {
    let Found { alike, excused, open, idle } = compared().await;
    let all = alike + excused + open.len();
    println!("{alike} of {all} answers are alike, {excused} differ as accepted, {} otherwise", open.len());
    if std::env::var_os("BLUEGREEN_DIFFERENCES").is_some() {
        println!("{}", open.join("\n"));
    }
    let mut by_section: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &open {
        *by_section.entry(step.split('/').next().unwrap_or_default()).or_default() += 1;
    }
    assert!(
        open.is_empty(),
        "{by_section:?}; run it with BLUEGREEN_DIFFERENCES=1 and --nocapture\n{}",
        open[..open.len().min(5)].join("\n")
    );
    assert!(idle.is_empty(), "accepted, and not different any more: {idle:?}");
    let said = format!("{all} answers: {alike} are alike, {excused} differ as accepted");
    assert!(PAGE.contains(&said), "docs/kubernetes.md does not say: {said}");
}
