//! The live view of an upgrade: its steps, who serves the users, what it waits for.
use super::scene::Scene;
use super::timeline::clock_of;
use crate::run::Run;
use crate::site::Colour;
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};
use simulated_azure::data_plane::load::Snapshot;

/// So wide is the bar of the traffic's shares.
const BAR: usize = 30;
/// The way back is shown only when it was taken.
const WAY_BACK: [Step; 2] = [Step::RestoreTraffic, Step::DeleteNewCluster];

/// What is shown.
pub struct View<'a> {
    /// The world.
    pub scene: &'a Scene,
    /// The run, once there is one.
    pub run: Option<&'a Run>,
    /// What users see.
    pub users: &'a Snapshot,
    /// When the world began.
    pub began: Timestamp,
    /// How many processes were killed, where any are.
    pub killed: Option<usize>,
}

impl View<'_> {
    /// The lines, always as many for the same run, so that the screen does not jump.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.head(), String::new()];
        let shown =
            |step: &Step| !WAY_BACK.contains(step) || self.run.is_some_and(|run| spent(run, *step, run.due).is_some());
        lines.extend(Step::ALL.into_iter().filter(shown).map(|step| self.step(step)));
        lines.extend([String::new(), self.traffic(), self.requests(), self.answers()]);
        lines.extend(self.killed.map(|killed| format!("   chaos    {killed} processes killed")));
        lines
    }

    fn now(&self) -> Timestamp {
        self.scene.azure.clock().now()
    }

    fn head(&self) -> String {
        let passed = clock_of(self.now().duration_since(self.began).as_secs());
        let speed = self.scene.azure.clock().speed();
        let speed = if speed == 1 { String::new() } else { format!(" at {speed} x speed") };
        let what = match self.run {
            Some(run) => {
                let (old, new) = (run.plan.old.name(), run.plan.new_colour().name());
                format!("Upgrade of {} from {old} to {new}, Kubernetes {}", run.plan.site.name, run.plan.version)
            }
            None => "The request is on its way".to_owned(),
        };
        format!("{what}   {passed}{speed}")
    }

    fn step(&self, step: Step) -> String {
        let spent = self.run.and_then(|run| spent(run, step, self.now()));
        let is_present = self.run.is_some_and(|run| run.step == step && run.ending.is_none());
        let mark = match (is_present, spent) {
            (true, _) => '▶',
            (false, Some(_)) => '✓',
            (false, None) => ' ',
        };
        let time = spent.map_or_else(String::new, |spent| clock_of(spent.as_secs()));
        let why = self.run.filter(|_| is_present).map(waits_for).unwrap_or_default();
        format!(" {mark} {:<20} {time:>8}  {why}", step.name())
    }

    fn traffic(&self) -> String {
        let share = |colour: Colour| {
            let of = |(cluster, share): (&String, &f64)| (self.scene.colour(cluster) == Some(colour)).then_some(*share);
            self.users.shares.iter().filter_map(of).sum::<f64>()
        };
        let (blue, green) = (share(Colour::Blue), share(Colour::Green));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
        let cells = |share: f64| (share * BAR as f64).round() as usize;
        let greens = cells(green).min(BAR);
        let bar = if blue + green == 0.0 { "-".repeat(BAR) } else { "b".repeat(BAR - greens) + &"g".repeat(greens) };
        // A sum of nothing is -0.
        let (blue, green) = ((blue * 100.0).abs(), (green * 100.0).abs());
        format!("   traffic  [{bar}]  {blue:.0} % blue, {green:.0} % green")
    }

    fn requests(&self) -> String {
        let Snapshot { rate, sent, failed, excused, .. } = self.users;
        let excused = if *excused == 0 { String::new() } else { format!(", {excused} of the broken cluster") };
        format!("   users    {rate}/s, {sent} answered, {failed} failed{excused}")
    }

    fn answers(&self) -> String {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        format!("   answers  p50 {:.1} ms, p99 {:.1} ms", ms(self.users.p50), ms(self.users.p99))
    }
}

/// What the present step last said, or why it is held.
fn waits_for(run: &Run) -> String {
    match &run.held {
        Some(hold) => format!("held: {}", hold.why),
        None => {
            let said = run.journal.iter().rev().find(|entry| entry.before == run.step || entry.after == run.step);
            said.map(|entry| entry.what.clone()).unwrap_or_default()
        }
    }
}

/// How long a run has been at a step, all its visits together; `None` when it never was.
fn spent(run: &Run, step: Step, now: Timestamp) -> Option<SignedDuration> {
    let (mut total, mut since, mut visited) = (SignedDuration::ZERO, run.journal.first()?.at, false);
    for entry in run.journal.iter().filter(|entry| entry.before != entry.after) {
        if entry.before == step {
            visited = true;
            total += entry.at.duration_since(since);
        }
        since = entry.at;
    }
    let is_present = run.step == step;
    if is_present {
        let until = if run.ending.is_some() { run.journal.last()?.at } else { now };
        total += until.duration_since(since).max(SignedDuration::ZERO);
    }
    (visited || is_present).then_some(total)
}
