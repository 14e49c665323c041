//! `bluegreen wait`: until a run is so, for pipelines.
use super::exit::Exit;
use super::out::complain;
use super::{say, status};
use crate::functions::app::App;
use crate::run::{Ending, Run};
use crate::step::Step;
use crate::text::plain;
use clap::Args;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// What to wait for.
#[derive(Debug, Args)]
pub struct Wait {
    /// The site
    pub site: String,
    /// ending, gate, held, moved (traffic has begun to move), or a step's name: it is there, or past it
    #[arg(long = "for", value_name = "WHAT", default_value = "ending")]
    pub until: Awaited,
    /// For so many minutes at most
    #[arg(long, value_name = "MINUTES", default_value_t = 24 * 60)]
    pub timeout: u64,
    /// The run (the present one otherwise)
    #[arg(long)]
    pub run: Option<String>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// It ends.
    Ending,
    /// A gate waits for its approval.
    Gate,
    /// It is held, whatever for.
    Held,
    /// It has begun to move traffic.
    Moved,
    /// It is at a step.
    Step(Step),
}

impl FromStr for Awaited {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "ending" => Self::Ending,
            "gate" => Self::Gate,
            "held" => Self::Held,
            "moved" => Self::Moved,
            name => {
                Self::Step(name.parse().map_err(|why| format!("expected ending, gate, held, moved or a step: {why}"))?)
            }
        })
    }
}

/// Waits.
///
/// # Errors
/// When the store does not answer.
pub async fn wait(app: &App, wait: &Wait) -> anyhow::Result<ExitCode> {
    let until = Instant::now() + app.clock.real(Duration::from_secs(wait.timeout.saturating_mul(60)));
    let mut meant = wait.run.clone();
    loop {
        let found = app.store.run(&wait.site).await?.map(|found| found.value);
        let Some(run) = found.filter(|run| meant.as_ref().is_none_or(|meant| *meant == run.id)) else {
            let which = meant.unwrap_or_else(|| "a run".into());
            complain(&format!("bluegreen: the site {} has not {which}; its runs: bluegreen history {0}\n", wait.site));
            return Ok(Exit::Nothing.into());
        };
        meant.get_or_insert_with(|| run.id.clone());
        if let Some(exit) = judged(&run, wait.until) {
            say(&status::line(&run, app.store.now()?))?;
            if exit != Exit::Done {
                let ended = run.ending.map_or("it goes back", Ending::words);
                let why = run.held.as_ref().map(|hold| hold.why.as_str()).or(run.failure.as_deref()).unwrap_or(ended);
                complain(&format!("bluegreen: what is waited for does not come: {}\n", plain(why)));
                complain(&format!("all of it: bluegreen why {}\n", wait.site));
            }
            return Ok(exit.into());
        }
        if Instant::now() >= until {
            complain(&format!("bluegreen: not in {} min: bluegreen status {}\n", wait.timeout, wait.site));
            return Ok(Exit::TooLate.into());
        }
        app.clock.sleep(BETWEEN_LOOKS).await;
    }
}

/// How the waiting ends; `None`: not yet. What can come no more is not waited for.
#[must_use]
pub fn judged(run: &Run, awaited: Awaited) -> Option<Exit> {
    let is_there = match awaited {
        Awaited::Ending => false,
        Awaited::Gate => run.held.as_ref().is_some_and(|hold| hold.gate.is_some()),
        Awaited::Held => run.held.is_some(),
        Awaited::Moved => run.moved,
        // A run that goes back never comes there, and one that went back was there only if it says so.
        Awaited::Step(step) => run.step == step || run.journal.iter().any(|entry| entry.after == step),
    };
    match (is_there, run.ending, &run.held) {
        (true, ..) => Some(Exit::Done),
        (false, Some(ending), _) if awaited == Awaited::Ending => Some(Exit::of(ending)),
        (false, Some(_), _) => Some(Exit::Otherwise),
        (false, None, Some(_)) => Some(Exit::Held),
        (false, None, None) if run.step.undoes() && awaited != Awaited::Ending => Some(Exit::Otherwise),
        (false, None, None) => None,
    }
}
