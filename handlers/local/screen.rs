//! Where the live view goes: a terminal that is drawn anew, or plain lines for a file or a pipe.
use super::scene::Scene;
use super::timeline;
use super::view::View;
use crate::process::paint::painted;
use crate::run::Run;
use console::Term;
use jiff::Timestamp;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

/// A terminal is drawn so often, in real time.
const FRAME: Duration = Duration::from_millis(200);

/// The standard output.
pub struct Screen {
    out: Term,
    /// How much of it is there: lines of a terminal above the cursor, or entries of the journal.
    shown: usize,
}

impl Screen {
    /// A terminal that is drawn anew, or one line for each thing that happens.
    #[must_use]
    pub fn stdout() -> Self {
        Self { out: Term::buffered_stdout(), shown: 0 }
    }

    /// Shows an upgrade for as long as it is polled.
    ///
    /// # Errors
    /// When the standard output takes no more.
    pub async fn follow(
        &mut self,
        scene: &Scene,
        began: Timestamp,
        killed: impl Fn() -> Option<usize>,
    ) -> io::Result<Infallible> {
        loop {
            self.show(scene, scene.run().as_ref(), began, killed())?;
            tokio::time::sleep(FRAME).await;
        }
    }

    /// Shows how it is now. What a terminal shows last stays there.
    ///
    /// # Errors
    /// When the standard output takes no more.
    pub fn show(
        &mut self,
        scene: &Scene,
        run: Option<&Run>,
        began: Timestamp,
        killed: Option<usize>,
    ) -> io::Result<()> {
        if self.out.is_term() {
            let users = scene.users.snapshot();
            let lines = (View { scene, run, users: &users, began, killed }).lines();
            return draw(&self.out, &mut self.shown, &lines);
        }
        let Some(run) = run else { return Ok(()) };
        for (entry, stage) in run.journal.iter().zip(run.stages_in_force()).skip(self.shown) {
            self.out.write_str(&timeline::line(run, entry, stage, began))?;
        }
        self.shown = run.journal.len().max(self.shown);
        self.out.flush()
    }
}

/// Puts these lines in the place of those that were drawn. All go out at once, so nothing flickers; what is wider or
/// higher than the terminal is left out, for it would wrap or scroll.
fn draw(term: &Term, drawn: &mut usize, lines: &[String]) -> io::Result<()> {
    let (rows, columns) = term.size();
    let (rows, columns) = (usize::from(rows).saturating_sub(1), usize::from(columns));
    term.move_cursor_up(*drawn)?;
    for line in lines.iter().take(rows) {
        term.clear_line()?;
        term.write_line(&painted(&cut(line, columns)))?;
    }
    term.clear_to_end_of_screen()?;
    *drawn = lines.len().min(rows);
    term.flush()
}

/// At most so many characters, each of which is one column wide; the last one says that there were more.
fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    line.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_line_is_no_wider_than_the_terminal() {
        assert_eq!(cut("▶ Soak", 6), "▶ Soak");
        assert_eq!(cut("▶ Soak  held: the new", 10), "▶ Soak  h…");
        assert_eq!(cut("▶ Soak", 0), "…");
    }
}
