//! A story as a person reads it: when, which step, what was seen, and who served the users.
use super::scene::Scene;
use super::story::Told;
use crate::run::{Entry, Level};
use crate::site::Colour;
use crate::text::plain;
use jiff::Timestamp;
use simulated_azure::Cloud;
use simulated_azure::prober::Minute;
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
    for entry in &told.run.journal {
        text += &line(scene, &told.users.minutes, entry, began);
    }
    text
}

/// One line of it.
#[must_use]
pub fn line(scene: &Scene, minutes: &[Minute], entry: &Entry, began: Timestamp) -> String {
    let minute = minutes.iter().rev().find(|minute| minute.from <= entry.at);
    let bar = minute.map_or_else(String::new, |minute| bar(scene, minute));
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
    let _ = writeln!(text, "\n{}{why}", told.ending().replace('_', " ").to_uppercase());
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
        format!(", {} more answered by a cluster that the script had broken", users.excused)
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

fn bar(scene: &Scene, minute: &Minute) -> String {
    let share = |colour: Colour| {
        minute
            .served
            .keys()
            .filter(|cluster| scene.colour(cluster) == Some(colour))
            .map(|cluster| minute.share(cluster))
            .sum::<f64>()
    };
    let green = share(Colour::Green);
    if minute.served.is_empty() {
        return format!("{:<BAR$}    nobody", "-".repeat(BAR));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
    let greens = (green * BAR as f64).round() as usize;
    format!("{}{} {:>3.0} % g", "b".repeat(BAR - greens.min(BAR)), "g".repeat(greens.min(BAR)), (green * 100.0).abs())
}

fn clock(began: Timestamp, at: Timestamp) -> String {
    clock_of(at.duration_since(began).as_secs())
}

/// `h:mm:ss`.
pub(super) fn clock_of(seconds: i64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
