//! `bluegreen start`: site and version are looked at first, and what becomes of the request is waited for.
use super::exit::Exit;
use super::out::complain;
use super::{names, say, status};
use crate::azure::plainly::plainly;
use crate::functions::app::App;
use crate::functions::regions::Regions;
use crate::functions::start::look;
use crate::plan::Kind;
use crate::plan::planning::plan;
use crate::plan::request::{Refused, Request};
use crate::plan::versions::is_form;
use crate::run::event::Message;
use crate::run::{Run, StepError};
use crate::site::check::Checked;
use crate::store::Shelf;
use crate::text::plain;
use azure_core::Uuid;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at what became of it.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// So many records are looked at: the newest come first.
const RECORDS: usize = 50;

/// A request for an upgrade.
#[derive(Debug, Args)]
pub struct Start {
    /// The site
    #[arg(value_parser = names::site)]
    pub site: String,
    /// 1.34.6, latest-patch or latest-stable
    #[arg(value_parser = names::version)]
    pub version: Option<String>,
    /// What kind of replacement
    #[arg(long, value_parser = names::kind(), default_value = Kind::Upgrade.name())]
    pub kind: Kind,
    /// Why: it stands in the journal
    #[arg(long)]
    pub reason: Option<String>,
    /// Do not wait for the run or the refusal
    #[arg(long)]
    pub no_wait: bool,
    /// Wait for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub timeout: u64,
    /// Not taken any more
    #[arg(long, hide = true)]
    pub by: Option<String>,
}

/// Requests an upgrade as this account, and says what became of it.
///
/// # Errors
/// When the store or the bus does not answer.
pub async fn start(app: &App, account: &str, start: Start) -> anyhow::Result<ExitCode> {
    let Start { site, version, kind, reason, no_wait, timeout, by: _ } = start;
    if let Some(version) = version.as_deref().filter(|version| !is_form(version)) {
        complain(&format!(
            "bluegreen: {version:?} is no version: expected one like 1.34.6, or latest-patch, or latest-stable\n"
        ));
        return Ok(Exit::Usage.into());
    }
    let id = Uuid::new_v4().to_string();
    let request = Request { id: Some(id.clone()), site, version, kind, reason, requested_by: Some(account.to_owned()) };
    if let Some(exit) = beforehand(app, &request).await? {
        return Ok(exit.into());
    }
    app.bus.publish(&Message::asking(id.clone(), &request)?).await?;
    if no_wait {
        say(&format!("requested as {id}; what becomes of it: bluegreen status {}\n", request.site))?;
        return Ok(Exit::Done.into());
    }
    complain(&format!("requested as {id}; waiting for its run or its refusal\n"));
    wait(app, &request.site, &id, Duration::from_secs(timeout)).await
}

/// What would be refused anyway is said before anything is sent.
async fn beforehand(app: &App, request: &Request) -> anyhow::Result<Option<Exit>> {
    let name = &request.site;
    let site = match app.store.checked_site(name).await? {
        Some(Ok(site)) => site,
        Some(Err(mistakes)) => {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            complain(&format!(
                "bluegreen: the published site {name} has mistakes: {}\nmend them: bluegreen site publish FILE\n",
                plain(&mistakes.join("; "))
            ));
            return Ok(Some(Exit::Otherwise));
        }
        None => {
            let sites = app.store.sites().await?.join(", ");
            complain(&format!("bluegreen: there is no site {name:?}; published are: {sites}\n"));
            return Ok(Some(Exit::Nothing));
        }
    };
    if let Some(run) = app.store.run(name).await?.map(|found| found.value).filter(|run| run.ending.is_none()) {
        complain(&format!("bluegreen: the run {} of this site is under way: bluegreen status {name}\n", run.id));
        return Ok(Some(Exit::Otherwise));
    }
    match foreseen(app, &site, request).await {
        Ok(Ok(())) => Ok(None),
        Ok(Err(why)) => {
            complain(&format!("bluegreen: refused, and nothing was sent: {}\n", plain(&why)));
            Ok(Some(Exit::Otherwise))
        }
        Err(why) => {
            let why = plainly(&why.into_cause());
            complain(&format!("the version was not looked at beforehand, the functions do it: {}\n", plain(&why)));
            Ok(None)
        }
    }
}

async fn foreseen(app: &App, site: &Checked, request: &Request) -> Result<Result<(), String>, StepError> {
    let world = look(app, site, &Regions::default()).await?;
    Ok(plan(site, request, &world).map(drop))
}

/// What became of a request.
enum Became {
    Run(Box<Run>),
    Refused(Refused),
    Waits(Refused),
    Nothing,
}

async fn wait(app: &App, site: &str, id: &str, patience: Duration) -> anyhow::Result<ExitCode> {
    let until = Instant::now() + app.clock.real(patience);
    loop {
        match became(app, site, id).await? {
            Became::Run(run) => {
                say(&status::line(&run, app.store.now()?))?;
                say(&format!("how it goes on: bluegreen status {site} --watch\n"))?;
                return Ok(Exit::Done.into());
            }
            Became::Refused(refused) => {
                complain(&format!("bluegreen: refused: {}\n", plain(&refused.why)));
                return Ok(Exit::Otherwise.into());
            }
            Became::Waits(waits) => {
                say(&format!("it waits, and is asked again every 5 min: {}\n", plain(&waits.why)))?;
                return Ok(Exit::TooLate.into());
            }
            Became::Nothing if Instant::now() >= until => {
                let seconds = patience.as_secs();
                complain(&format!(
                    "bluegreen: nobody has taken the request {id} in {seconds} s; it lies in the queue, and is carried out \
                     when the function app runs again\nwhy it does not: bluegreen doctor --app APP-ID\n"
                ));
                return Ok(Exit::TooLate.into());
            }
            Became::Nothing => app.clock.sleep(BETWEEN_LOOKS).await,
        }
    }
}

async fn became(app: &App, site: &str, id: &str) -> anyhow::Result<Became> {
    let record = |records: Vec<Refused>| records.into_iter().find(|record| record.request.id.as_deref() == Some(id));
    if let Some(run) = app.store.run(site).await?.map(|found| found.value).filter(|run| run.request == id) {
        return Ok(Became::Run(Box::new(run)));
    }
    if let Some(refused) = record(app.store.requests(Shelf::Refusals, RECORDS).await?) {
        return Ok(Became::Refused(refused));
    }
    let waits = record(app.store.requests(Shelf::Waiting, RECORDS).await?);
    Ok(waits.map_or(Became::Nothing, Became::Waits))
}
