//! A story as a picture: who served the users, which step it was at, what they asked and what failed.
//!
//! What is drawn is what users' requests found, minute by minute, and the times of the journal: nothing is smoothed. The
//! colours follow the reader's light or dark screen, and the ground is the picture's own.
use super::scene::Scene;
use super::story::Told;
use super::timeline::clock_of;
use crate::run::Run;
use crate::site::Colour;
use crate::step::Step;
use jiff::Timestamp;
use simulated_azure::prober::Minute;
use std::fmt::Write;

/// The whole picture is so wide, in pixels.
const WIDE: f64 = 920.0;
/// Names stand left of this, pictures right of it.
const LEFT: f64 = 160.0;
/// Right of the last minute.
const RIGHT: f64 = 20.0;
/// Where the shares begin, and how high 100 % are.
const SHARES: (f64, f64) = (66.0, 130.0);
/// How high a step's line is.
const ROW: f64 = 18.0;
/// How high the busiest minute's requests are.
const REQUESTS: f64 = 60.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}.small{fill:#59636e}.ground{fill:#fff}\
    .blue{fill:#2f6fdb}.green{fill:#2da44e}.step{fill:#8250df}.asked{fill:#afb8c1}.ill{fill:#cf222e}.meant{fill:#d4892a}\
    .line{stroke:#d1d9e0}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.ground{fill:#0d1117}.blue{fill:#4b8ef7}\
    .green{fill:#3fb950}.step{fill:#a371f7}.asked{fill:#59636e}.ill{fill:#f85149}.meant{fill:#d29922}.line{stroke:#3d444d}}";

/// The picture of a story as SVG. It is the same for the same story.
#[must_use]
pub fn picture(scene: &Scene, told: &Told, began: Timestamp) -> String {
    let visits = visits(&told.run);
    let mut steps: Vec<Step> = Step::ALL.to_vec();
    steps.retain(|step| visits.iter().any(|visit| visit.step == *step));
    let rows = SHARES.0 + SHARES.1 + 20.0;
    let asked = rows + ROW * steps.len() as f64 + 16.0;
    let high = asked + REQUESTS + 44.0;
    let axis = Axis { began, seconds: (told.lasted.as_secs().max(1)) as f64 };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDE} {high}\" role=\"img\" shape-rendering=\"crispEdges\">\n<style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDE}\" height=\"{high}\" rx=\"8\"/>\n"
    );
    text += &head(told);
    text += &axis.drawn(SHARES.0, asked + REQUESTS);
    text += &shares(scene, told, &axis);
    text += &band(&steps, &visits, &axis, rows);
    text += &requests(told, &axis, asked);
    text + "</svg>\n"
}

/// A run's stay at a step.
struct Visit {
    step: Step,
    from: Timestamp,
    until: Timestamp,
}

/// The stays in their order, from the journal's moves.
fn visits(run: &Run) -> Vec<Visit> {
    let (Some(first), Some(last)) = (run.journal.first(), run.journal.last()) else { return vec![] };
    let (mut visits, mut step, mut from) = (vec![], first.after, first.at);
    for entry in run.journal.iter().filter(|entry| entry.before != entry.after) {
        visits.push(Visit { step, from, until: entry.at });
        (step, from) = (entry.after, entry.at);
    }
    visits.push(Visit { step, from, until: last.at });
    visits
}

/// From the story's beginning at the left to its end at the right.
struct Axis {
    began: Timestamp,
    seconds: f64,
}

impl Axis {
    fn x(&self, at: Timestamp) -> f64 {
        let since = at.duration_since(self.began).as_secs_f64().clamp(0.0, self.seconds);
        LEFT + since / self.seconds * (WIDE - LEFT - RIGHT)
    }

    /// A rectangle between two moments.
    fn bar(&self, class: &str, from: Timestamp, until: Timestamp, (top, high): (f64, f64)) -> String {
        let (x, end) = (self.x(from), self.x(until));
        // The shortest stay is still to be seen.
        let wide = (end - x).max(1.5);
        format!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\"/>\n")
    }

    /// Lines through the picture, so many minutes apart that a dozen of them fit.
    fn drawn(&self, top: f64, bottom: f64) -> String {
        let minutes =
            [1, 5, 10, 30, 60, 120, 360].into_iter().find(|minutes| self.seconds / 60.0 / f64::from(*minutes) <= 12.0);
        let apart = i64::from(minutes.unwrap_or(720)) * 60;
        let mut text = String::new();
        let mut second = 0;
        while second as f64 <= self.seconds {
            let x = LEFT + second as f64 / self.seconds * (WIDE - LEFT - RIGHT);
            let hour = &clock_of(second)[..];
            let hour = hour.rsplit_once(':').map_or(hour, |(hour, _)| hour);
            let _ = writeln!(
                text,
                "<line class=\"line\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{hour}</text>",
                bottom + 16.0
            );
            second += apart;
        }
        let _ = writeln!(text, "<text class=\"small\" x=\"16\" y=\"{:.1}\">hours and minutes</text>", bottom + 16.0);
        text
    }
}

fn head(told: &Told) -> String {
    let plan = &told.run.plan;
    let (old, new) = (plan.old.name(), plan.new_colour().name());
    let users = &told.users;
    let meant = if users.excused == 0 { String::new() } else { format!(", {} failed on purpose", users.excused) };
    let (site, version, ending) = (&plan.site.name, &plan.version, told.ending().replace('_', " "));
    format!(
        "<title>Upgrade of {site} from {old} to {new}: {ending}</title>\n\
         <text x=\"16\" y=\"26\" font-weight=\"bold\">Upgrade of {site} from {old} to {new}, Kubernetes {version}: {ending}</text>\n\
         <text class=\"small\" x=\"16\" y=\"46\">{} of simulated time; users' requests: {} sent, {} failed{meant}</text>\n",
        clock_of(told.lasted.as_secs()),
        users.sent,
        users.failed
    )
}

/// Which part of the well answered requests each cluster answered, minute by minute: green stands on blue.
fn shares(scene: &Scene, told: &Told, axis: &Axis) -> String {
    let mut text = format!(
        "<text x=\"16\" y=\"{:.1}\">blue or green answers</text><text class=\"small\" x=\"16\" y=\"{:.1}\">0 to 100 %</text>\n",
        SHARES.0 + 14.0,
        SHARES.0 + 32.0
    );
    let minutes = &told.users.minutes;
    for (at, minute) in minutes.iter().enumerate() {
        let until = minutes.get(at + 1).map_or_else(|| end_of(minute), |next| next.from);
        let share = |colour: Colour| {
            let own = minute.served.keys().filter(|cluster| scene.colour(cluster) == Some(colour));
            own.map(|cluster| minute.share(cluster)).sum::<f64>() * SHARES.1
        };
        let (blue, green) = (share(Colour::Blue), share(Colour::Green));
        let bottom = SHARES.0 + SHARES.1;
        for (class, top, high) in [("blue", bottom - blue, blue), ("green", bottom - blue - green, green)] {
            if high > 0.0 {
                text += &axis.bar(class, minute.from, until, (top, high));
            }
        }
    }
    text
}

fn band(steps: &[Step], visits: &[Visit], axis: &Axis, top: f64) -> String {
    let mut text = String::new();
    for (row, step) in steps.iter().enumerate() {
        let top = top + ROW * row as f64;
        let _ = writeln!(text, "<text x=\"16\" y=\"{:.1}\">{step}</text>", top + 12.0);
        for visit in visits.iter().filter(|visit| visit.step == *step) {
            text += &axis.bar("step", visit.from, visit.until, (top + 3.0, ROW - 6.0));
        }
    }
    text
}

/// The requests of each minute, those that failed above those that were answered.
fn requests(told: &Told, axis: &Axis, top: f64) -> String {
    let minutes = &told.users.minutes;
    let colours = if told.users.excused == 0 { "red: failed" } else { "orange: on purpose" };
    let mut text = format!(
        "<text x=\"16\" y=\"{:.1}\">requests a minute</text><text class=\"small\" x=\"16\" y=\"{:.1}\">{colours}</text>\n",
        top + 14.0,
        top + 32.0
    );
    let most = minutes.iter().map(|minute| minute.tally.sent).max().unwrap_or(1).max(1) as f64;
    for (at, minute) in minutes.iter().enumerate() {
        let until = minutes.get(at + 1).map_or_else(|| end_of(minute), |next| next.from);
        let tally = &minute.tally;
        let well = tally.sent - tally.failed - tally.excused;
        let mut bottom = top + REQUESTS;
        for (class, count) in [("asked", well), ("meant", tally.excused), ("ill", tally.failed)] {
            if count > 0 {
                let high = count as f64 / most * REQUESTS;
                bottom -= high;
                text += &axis.bar(class, minute.from, until, (bottom, high));
            }
        }
    }
    text
}

fn end_of(minute: &Minute) -> Timestamp {
    minute.from + std::time::Duration::from_secs(60)
}
