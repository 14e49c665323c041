//! Where the live view goes: a terminal that is drawn anew, or plain lines for a file or a pipe.
use super::scene::Scene;
use super::timeline;
use super::view::View;
use crate::run::Run;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use std::time::Duration;

/// A terminal is drawn so often, in real time.
const FRAME: Duration = Duration::from_millis(200);

/// A terminal, or plain lines.
pub enum Screen {
    /// One bar for each line.
    Terminal(MultiProgress, Vec<ProgressBar>),
    /// So many entries of the journal were printed.
    Plain(usize),
}

impl Screen {
    /// A terminal's screen, or one that prints a line for each thing that happens.
    #[must_use]
    pub fn new(is_terminal: bool) -> Self {
        if is_terminal { Self::Terminal(MultiProgress::new(), vec![]) } else { Self::Plain(0) }
    }

    /// Shows an upgrade for as long as it is polled; `say` prints a line.
    pub async fn follow(
        &mut self,
        scene: &Scene,
        began: Timestamp,
        killed: impl Fn() -> usize,
        say: impl Fn(&str),
    ) -> std::convert::Infallible {
        loop {
            let run = scene.run();
            self.show(scene, run.as_ref(), began, killed(), &say);
            tokio::time::sleep(FRAME).await;
        }
    }

    /// Shows how it is now.
    pub fn show(&mut self, scene: &Scene, run: Option<&Run>, began: Timestamp, killed: usize, say: &impl Fn(&str)) {
        match self {
            Self::Terminal(bars, lines) => {
                let users = scene.users.snapshot();
                for (at, text) in (View { scene, run, users: &users, began, killed }).lines().into_iter().enumerate() {
                    if at == lines.len() {
                        lines.push(bars.add(ProgressBar::new(0).with_style(style())));
                    }
                    lines[at].set_message(text);
                }
            }
            Self::Plain(printed) => {
                let Some(run) = run else { return };
                let users = scene.users.report();
                for entry in run.journal.iter().skip(*printed) {
                    say(&timeline::line(scene, &users.minutes, entry, began));
                }
                *printed = run.journal.len().max(*printed);
            }
        }
    }

    /// Leaves the last view where it is.
    pub fn end(&self) {
        if let Self::Terminal(_, lines) = self {
            lines.iter().for_each(ProgressBar::abandon);
        }
    }
}

/// The message alone, cut at the terminal's edge.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
