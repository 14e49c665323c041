//! The verbs as commands: what would happen is said first, then asked, then ordered for the run that was shown.
use super::ask::{Answer, go_on};
use super::exit::Exit;
use super::out::complain;
use super::{names, say, status};
use crate::functions::app::App;
use crate::functions::orders::{self, Obeyed};
use crate::run::Run;
use crate::run::overview::{way_back_after, will};
use crate::run::verbs::{Direction, Order, Refusal, Verb, beforehand, obey};
use crate::step::Step;
use crate::text::plain;
use clap::Args;
use std::process::ExitCode;

/// What is said with every verb.
#[derive(Debug, Default, Args)]
pub struct Said {
    /// The site
    pub site: String,
    /// The run that you saw (the present one otherwise)
    #[arg(long)]
    pub run: Option<String>,
    /// The step that you saw (the present one otherwise)
    #[arg(long)]
    pub step: Option<Step>,
    /// The stage that you saw, from 0 (the present one otherwise)
    #[arg(long)]
    pub stage: Option<usize>,
    /// Why: it stands in the journal
    #[arg(long)]
    pub reason: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Not taken any more
    #[arg(long, hide = true)]
    pub by: Option<String>,
}

/// What is said with some.
#[derive(Debug, Default, Args)]
pub struct More {
    /// Go back although there is evidence that the old cluster cannot serve; finish although a write is under way
    #[arg(long)]
    pub force: bool,
    /// After the emergency way back: which way it goes on
    #[arg(long, value_parser = names::direction())]
    pub direction: Option<Direction>,
    /// Resume with what the published site mends: smoke tests, deadlines, watches, manifests not yet applied
    #[arg(long)]
    pub with_site: bool,
}

/// An order as a person types it.
#[derive(Debug, Args)]
pub struct Give {
    /// What is said with every verb
    #[command(flatten)]
    pub said: Said,
    /// What to do
    #[arg(value_parser = names::verb())]
    pub verb: Verb,
    /// What is said with some
    #[command(flatten)]
    pub more: More,
}

/// A verb that turns back, or ends.
#[derive(Debug, Args)]
pub struct Forced {
    /// What is said with every verb
    #[command(flatten)]
    pub said: Said,
    /// All the same: although there is evidence against it
    #[arg(long)]
    pub force: bool,
}

/// `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// What is said with every verb
    #[command(flatten)]
    pub said: Said,
    /// After the emergency way back: which way it goes on
    #[arg(long, value_parser = names::direction())]
    pub direction: Option<Direction>,
    /// With what the published site mends: smoke tests, deadlines, watches, manifests not yet applied
    #[arg(long)]
    pub with_site: bool,
}

/// Why nobody gives a name.
pub const NO_NAMES: &str = "--by is not taken any more: whoever has your terminal could write any name with it. The name is \
    that of the account whose token the command uses; see whose with: az account show";

/// Gives an order as this account.
///
/// # Errors
/// When the store does not answer.
pub async fn give(app: &App, account: &str, verb: Verb, said: Said, more: More) -> anyhow::Result<ExitCode> {
    let Some(found) = app.store.run(&said.site).await? else { return nothing(&said.site) };
    let run = found.value;
    let order = Order {
        run: said.run.unwrap_or_else(|| run.id.clone()),
        verb,
        step: said.step.or(Some(run.step)),
        stage: said.stage.or(Some(run.stage)),
        by: account.to_owned(),
        // By the token with which the store takes it.
        verified: true,
        reason: said.reason,
        force: more.force,
        direction: more.direction,
        with_site: more.with_site,
    };
    // What it is now refused for is said before anybody is asked. With a mended site only the order itself can tell.
    if !order.with_site
        && let Err(refusal) = obey(&run, &order, found.at)
    {
        return refused(&run, verb, refusal);
    }
    let now = app.store.now()?;
    complain(&format!("{}{}: {}\n", status::line(&run, now), verb.name(), will(&run, verb)));
    if let Some(beforehand) = beforehand(&run, verb) {
        complain(&format!("{beforehand}\n"));
    }
    match go_on(&format!("{} {}, as {}?", verb.name(), said.site, plain(account)), said.yes)? {
        Answer::Yes => {}
        Answer::No => {
            complain("nothing was ordered\n");
            return Ok(Exit::Otherwise.into());
        }
        Answer::Nobody => {
            complain(
                "nothing was ordered: there is no terminal to ask at. Say --yes, best with --run, --step and --stage\n",
            );
            return Ok(Exit::Usage.into());
        }
    }
    match orders::give(app, &said.site, &order).await? {
        Obeyed::Yes(run) => obeyed(app, &run),
        Obeyed::NoRun => nothing(&said.site),
        Obeyed::Refused(refusal) => refused(&run, verb, refusal),
    }
}

fn obeyed(app: &App, run: &Run) -> anyhow::Result<ExitCode> {
    let site = &run.plan.site.name;
    say(&status::line(run, app.store.now()?))?;
    if run.ending.is_none() {
        say(&format!("what becomes of it: bluegreen status {site} --watch\n"))?;
    }
    Ok(Exit::Done.into())
}

fn nothing(site: &str) -> anyhow::Result<ExitCode> {
    complain(&format!("bluegreen: the site {site} has no run; which have: bluegreen status\n"));
    Ok(Exit::Nothing.into())
}

fn refused(run: &Run, verb: Verb, refusal: Refusal) -> anyhow::Result<ExitCode> {
    complain(&why_refused(run, verb, refusal));
    Ok(Exit::Otherwise.into())
}

/// What is said of a refusal. After the end the way back is a run of its own.
#[must_use]
pub fn why_refused(run: &Run, verb: Verb, refusal: Refusal) -> String {
    let site = &run.plan.site.name;
    let (why, back) = match refusal {
        Refusal::Ended(ending) => {
            let back = way_back_after(run, ending).filter(|_| matches!(verb, Verb::RollBack | Verb::Abort));
            (format!("the run has ended: {}", ending.words()), back)
        }
        Refusal::Moved(why) => (format!("{why}: it has moved since it was shown, so nothing was ordered"), None),
        Refusal::NotNow(why) | Refusal::NotVerified(why) => (why, None),
    };
    let back = back.map_or_else(String::new, |command| format!("the way back to the kept cluster: {command}\n"));
    format!("bluegreen: {}\n{back}what can be ordered now: bluegreen status {site}\n", plain(&why))
}
