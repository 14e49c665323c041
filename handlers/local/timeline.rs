//! A story as a person reads it: when, which step, what was seen, and who served the users.
use super::scene::Scene;
use super::story::Told;
use crate::run::{Entry, Level, Run};
use crate::site::Colour;
use crate::text::plain;
use jiff::Timestamp;
use simulated_azure::Cloud;
use std::fmt::Write;
use std::time::Duration;

/// So wide is the bar of the traffic's shares.
const BAR: usize = 20;

/// The timeline, one line for each entry of the journal.
#[must_use]
pub fn timeline(scene: &Scene, told: &Told, began: Timestamp) -> String {
    let mut text = String::new();
    let plan = &told.run.plan;
    let (old, new) = (plan.old.name(), plan.new_colour().name());
    let where_ = match scene.azure.world().cloud() {
        Cloud::Public => String::new(),
        cloud => format!(", in {}", cloud.name()),
    };
    let _ = writeln!(text, "Upgrade of {} from {old} to {new}, Kubernetes {}{where_}", plan.site.name, plan.version);
    let _ = writeln!(text, "\n{:>8}  {:<19} {:<29} what was seen", "time", "step", "traffic (b blue, g green)");
    for (entry, stage) in told.run.journal.iter().zip(told.run.stages_in_force()) {
        text += &line(&told.run, entry, stage, began);
    }
    text
}

/// One line of it, with the share that was in force after it: as the gateway had the members of this stage, if of any.
#[must_use]
pub fn line(run: &Run, entry: &Entry, stage: Option<usize>, began: Timestamp) -> String {
    let bar = bar(run, stage);
    let flag = match entry.level() {
        Level::NeedsPerson => "! ",
        Level::TurnedBack => "< ",
        Level::Finished | Level::Note => "",
    };
    let moved = if entry.before == entry.after { String::new() } else { format!(" -> {}", entry.after) };
    let what: String = plain(&entry.what).chars().take(150).collect();
    format!("{:>8}  {:<19} {bar:<29} {flag}{what}{moved}\n", clock(began, entry.at), entry.who)
}

/// What it all came to.
#[must_use]
pub fn totals(scene: &Scene, told: &Told, wall: Duration) -> String {
    let mut text = String::new();
    let why = match (&told.run.held, &told.run.failure) {
        (Some(hold), _) => format!(": {}", hold.why),
        (None, Some(failure)) => format!(": {failure}"),
        (None, None) => String::new(),
    };
    let on_purpose = match &told.hits[..] {
        [] => String::new(),
        hits => {
            let names: Vec<_> = hits.iter().map(|(name, _)| name.as_str()).collect();
            format!(" [faults on purpose: {}]", names.join(", "))
        }
    };
    let _ = writeln!(text, "\n{}{why}{on_purpose}", told.ending().replace('_', " ").to_uppercase());
    let _ = writeln!(text, "  serving         {}", told.serving.name());
    let _ = writeln!(
        text,
        "  duration        {} simulated, {:.0} ms real",
        clock_of(told.lasted.as_secs()),
        wall.as_secs_f64() * 1000.0
    );
    let users = &told.users;
    let excused = if users.excused == 0 {
        String::new()
    } else {
        format!(", {} more failed on purpose, by a cluster that the script had broken", users.excused)
    };
    let _ = writeln!(text, "  users' requests {} sent, {} failed{excused}", users.sent, users.failed);
    for (cluster, tally) in &users.clusters {
        let by = scene.colour(cluster).map_or("the gateway", Colour::name);
        let _ = writeln!(text, "    by {by:<12} {} answered, {} failed", tally.sent, tally.failed + tally.excused);
    }
    let _ = writeln!(text, "  events          {}", told.run.hop);
    let _ = writeln!(text, "  Azure calls     {}", told.calls);
    for (fault, hits) in &told.hits {
        let _ = writeln!(text, "  fault           {fault}: hit {hits} times");
    }
    text
}

/// What to do after the first look at it.
#[must_use]
pub fn next(is_kept: bool) -> String {
    let keep = ("bluegreen local --keep", "everything for real on this machine, to try the commands on");
    let others = [
        ("bluegreen simulate --fail STEP", "what becomes of an upgrade whose step fails"),
        ("bluegreen site init GATEWAY-ID", "a first site file of your own, from what is there (docs/start.md)"),
    ];
    let lines = (!is_kept).then_some(keep).into_iter().chain(others);
    let lines: String = lines.map(|(command, why)| format!("  {command:<31} {why}\n")).collect();
    format!("\nWhat to do next\n{lines}")
}

fn bar(run: &Run, stage: Option<usize>) -> String {
    let share = stage.and_then(|stage| run.plan.stages.get(stage)).map_or(0, |stage| usize::from(stage.share));
    let green = if run.plan.new_colour() == Colour::Green { share } else { 100_usize.saturating_sub(share) };
    let greens = ((green * BAR + 50) / 100).min(BAR);
    format!("{}{} {green:>3} % g", "b".repeat(BAR - greens), "g".repeat(greens))
}

fn clock(began: Timestamp, at: Timestamp) -> String {
    clock_of(at.duration_since(began).as_secs())
}

/// `h:mm:ss`.
pub(super) fn clock_of(seconds: i64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
