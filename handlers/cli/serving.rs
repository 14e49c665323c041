//! `bluegreen serving`: where pipelines deploy now. By the gateway itself, so it is right also after an emergency way back.
use super::exit::Exit;
use super::out::complain;
use super::say;
use crate::functions::app::App;
use crate::functions::overview::{Health, gather};
use crate::run::overview::{Overview, Serves, State};
use crate::text::plain;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// What to show.
#[derive(Debug, Args)]
pub struct Serving {
    /// The site
    pub site: String,
    /// Print a kubeconfig for the cluster that serves (kubelogin gets its tokens)
    #[arg(long, conflicts_with = "json")]
    pub kubeconfig: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Shows who serves. Ends with 3 where both do, or neither: then no cluster is the one.
///
/// # Errors
/// When the store or Resource Manager does not answer: a pipeline must not guess.
pub async fn serving(app: &App, wanted: &Serving) -> anyhow::Result<ExitCode> {
    let gathered = gather(app, &wanted.site, Health::AsAsked).await?;
    if gathered.is_nothing() {
        complain(&format!("bluegreen: there is no site {}; published are: bluegreen site list\n", plain(&wanted.site)));
        return Ok(Exit::Nothing.into());
    }
    let overview = gathered.overview();
    let Some(serves) = overview.serving.colour else {
        let why: Vec<_> = overview.not_seen.iter().map(|unseen| format!("{}: {}", unseen.what, unseen.why)).collect();
        anyhow::bail!("who serves could not be seen: {}", why.join("; "));
    };
    let cluster = serves.alone().and_then(|colour| cluster_of(&overview, colour));
    let settled = overview.serving.settled;
    if wanted.json {
        let shown = json!({"site": overview.site, "colour": serves, "cluster": cluster, "blue": overview.serving.blue,
            "green": overview.serving.green, "settled": settled});
        say(&format!("{shown}\n"))?;
    }
    match (cluster, serves) {
        (Some(cluster), _) if wanted.kubeconfig => {
            let kubeconfig = app.reader.kubeconfig(&cluster).await.map_err(crate::run::StepError::into_cause)?;
            say(&kubeconfig)?;
        }
        (Some(cluster), serves) if !wanted.json => say(&format!("{} {cluster}\n", serves.name()))?,
        (None, serves) => complain(&format!("bluegreen: {}\n", no_single(&overview, serves))),
        (Some(_), _) => {}
    }
    if !settled {
        complain("bluegreen: a write of the gateway is under way, so this may be about to change\n");
    }
    Ok(if serves.alone().is_some() { Exit::Done } else { Exit::Otherwise }.into())
}

/// Why no cluster is the one, and what leads to one.
#[must_use]
pub fn no_single(overview: &Overview, serves: Serves) -> String {
    let site = &overview.site;
    let who = if serves == Serves::Both { "both blue and green serve" } else { "neither blue nor green serves" };
    let run = overview.run.as_ref().filter(|run| run.state != State::Ended);
    let not_seen = overview.not_seen.iter().any(|unseen| unseen.what.contains("the run"));
    match (run.map(|run| run.state), serves) {
        (Some(State::Moves | State::TurnsBack), Serves::Both) => {
            format!("{who}: an upgrade is moving traffic; deploy to both, or wait for its end")
        }
        (Some(_), _) => format!("{who}, and a run is under way: bluegreen status {site}"),
        (None, _) if not_seen => format!("{who}, and it could not be seen whether a run is under way"),
        (None, _) => format!(
            "{who}, and no run is under way that would change it: all traffic goes to one with \
             bluegreen break-glass {site} --to COLOUR"
        ),
    }
}

fn cluster_of(overview: &Overview, colour: crate::site::Colour) -> Option<String> {
    overview.clusters.iter().find(|cluster| cluster.colour == colour)?.id.clone()
}
