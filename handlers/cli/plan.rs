//! `bluegreen plan`: what an upgrade would do, by the checks of production, without a run and without a write.
mod difference;
mod kept;
mod writes;

use super::exit::Exit;
use super::out::complain;
use super::times::length;
use super::{names, runs, say};
use crate::azure::plainly::plainly;
use crate::functions::app::App;
use crate::functions::regions::Regions;
use crate::functions::start;
use crate::plan::checks::{Seen, Verdict, check, warnings};
use crate::plan::cluster_body::{new_cluster, without_read_only};
use crate::plan::planning::plan;
use crate::plan::request::Request;
use crate::plan::{Kind, Plan};
use crate::resources::answers::name_of;
use crate::run::{Ending, Run, StepError};
use crate::steps::judged::Judged;
use crate::steps::{checked, judged};
use crate::text::plain;
use clap::Args;
use difference::differences;
use std::fmt::Write;
use std::process::ExitCode;
use writes::writes;

/// Stands for the id that a run would have.
const RUN: &str = "SITE-000000000000";

/// What to plan.
#[derive(Debug, Args)]
pub struct Planned {
    /// The site
    #[arg(value_parser = names::site)]
    pub site: String,
    /// 1.34.6, latest-patch or latest-stable
    #[arg(value_parser = names::version)]
    pub version: Option<String>,
    /// What kind of replacement
    #[arg(long, value_parser = names::kind(), default_value = Kind::Upgrade.name())]
    pub kind: Kind,
}

/// Says what would happen. Ends with 3 when it would be refused.
///
/// # Errors
/// When the store or Resource Manager does not answer.
pub async fn planned(app: &App, account: &str, wanted: Planned) -> anyhow::Result<ExitCode> {
    let Planned { site: name, version, kind } = wanted;
    let site = match app.store.checked_site(&name).await? {
        Some(Ok(site)) => site,
        Some(Err(mistakes)) => {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            complain(&format!("bluegreen: the published site {name} has mistakes: {}\n", plain(&mistakes.join("; "))));
            return Ok(Exit::Otherwise.into());
        }
        None => {
            complain(&format!("bluegreen: no site {} is published; which are: bluegreen site list\n", plain(&name)));
            return Ok(Exit::Nothing.into());
        }
    };
    complain("looking at everything that the plan needs; nothing is written\n");
    let request = Request { site: name, version, kind, ..Request::default() };
    let world = start::look(app, &site, &Regions::default()).await.map_err(not_seen)?;
    let plan = match plan(&site, &request, &world) {
        Ok(plan) => plan,
        Err(why) => {
            complain(&format!("bluegreen: refused: {}\n", plain(&why)));
            return Ok(Exit::Otherwise.into());
        }
    };
    let reader = app.reader.at(app.store.now()?);
    let seen = checked::look(&plan, &reader).await.map_err(not_seen)?;
    let verdict = check(&plan, &seen);
    let manifests = manifests(app, &plan, &seen).await?;
    let kept = kept::kept(app, &reader, &plan, &seen).await;
    let mut text = head(&plan, &seen);
    verdicts(&mut text, &verdict, manifests.refused.as_deref());
    for warning in warnings(&plan, &seen).iter().map(ToString::to_string).chain(manifests.warnings).chain(kept.warning)
    {
        let _ = writeln!(text, "  warning: {}", plain(&warning));
    }
    body(&mut text, &plan, &seen);
    text.push_str(&kept.table);
    stages(&mut text, &plan);
    writes(&mut text, &plan, &seen, &verdict);
    lasts(&mut text, &runs::all(app, &plan.site.name).await?);
    unseen(&mut text, account, &plan, &seen);
    say(&text)?;
    let is_fine = matches!(verdict, Verdict::Fine { .. }) && manifests.refused.is_none();
    Ok(if is_fine { Exit::Done } else { Exit::Otherwise }.into())
}

fn not_seen(error: StepError) -> anyhow::Error {
    anyhow::anyhow!("what the plan needs cannot be seen with your rights: {}", plainly(&error.into_cause()))
}

async fn manifests(app: &App, plan: &Plan, seen: &Seen) -> anyhow::Result<Judged> {
    let wanted = match judged::digests(plan) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Judged::refused(why)),
    };
    let mut texts = vec![];
    for (manifest, digest) in wanted {
        match app.store.manifest(digest).await? {
            Some(found) => texts.push((manifest, String::from_utf8_lossy(&found).into_owned())),
            None => {
                let why = format!("{} is not in the store: publish the site", manifest.title());
                return Ok(Judged::refused(why));
            }
        }
    }
    Ok(judged::of_texts(plan, &texts, seen.old_cluster.as_ref()))
}

fn head(plan: &Plan, seen: &Seen) -> String {
    let (old, new) = (plan.old.name(), plan.new_colour().name());
    let from = seen.old_cluster.clone().map(crate::resources::cluster::Cluster);
    let from = from.as_ref().map_or("?", |cluster| cluster.version()).to_owned();
    let (kind, site) = (plan.kind.name(), &plan.site.name);
    format!(
        "{kind} of {site} from {old} (Kubernetes {from}) to {new} (Kubernetes {}); nothing was written\n",
        plan.version
    )
}

fn verdicts(text: &mut String, verdict: &Verdict, manifests: Option<&str>) {
    let _ = match verdict {
        Verdict::Fine { delete_leftover: false } => writeln!(text, "checks    every check of CheckPlan holds"),
        Verdict::Fine { delete_leftover: true } => {
            writeln!(
                text,
                "checks    every check holds with the leftover in the idle slot taken as gone: it is deleted first"
            )
        }
        Verdict::NotYet(why) => writeln!(text, "checks    not yet: {}", plain(why)),
        Verdict::Refused(_) => writeln!(text, "checks    REFUSED"),
    };
    if let Verdict::Refused(findings) = verdict {
        for finding in findings {
            let _ = writeln!(text, "  {}: {}", finding.subject, plain(&finding.what));
            let _ = writeln!(text, "    -> {}", plain(&finding.remedy));
        }
    }
    if let Some(why) = manifests {
        let _ = writeln!(text, "  {}", plain(why));
    }
}

/// The new cluster's body beside the old one's: what is new, gone, or another.
fn body(text: &mut String, plan: &Plan, seen: &Seen) {
    let Some(old) = seen.old_cluster.as_ref().filter(|_| plan.kind != Kind::Return) else {
        let _ = writeln!(text, "cluster   the kept one, as it was before it was reduced");
        return;
    };
    match new_cluster(old, plan, RUN) {
        Err(why) => {
            let _ = writeln!(text, "cluster   {}", plain(&why));
        }
        Ok(new) => {
            let name = name_of(&plan.new_slot().cluster);
            let _ = writeln!(text, "cluster   {name}, as the old one but for (- old, + new; what stays behind is -):");
            for line in differences(&without_read_only(old), &new) {
                let _ = writeln!(text, "  {}", plain(&line));
            }
        }
    }
}

fn stages(text: &mut String, plan: &Plan) {
    for (index, stage) in plan.stages.iter().enumerate() {
        let differs = if stage.asked == stage.share { "" } else { ", which is what the addresses allow" };
        let (number, asked, share, watch) = (index + 1, stage.asked, stage.share, stage.watch_minutes);
        let _ =
            writeln!(text, "stage {number}   {asked} % asked, {share} % achieved{differs}; watched for {watch} min");
    }
    let _ = writeln!(text, "soak      {} min", plan.site.soak_minutes);
    for gate in plan.gates() {
        let _ = writeln!(text, "gate      before {}, stage {}: a person approves", gate.before, gate.stage + 1);
    }
}

/// How long the last upgrade of this installation took: nobody knows better.
fn lasts(text: &mut String, runs: &[Run]) {
    let upgraded = runs.iter().find(|run| run.ending == Some(Ending::Upgraded));
    let took = upgraded.and_then(|run| Some(run.journal.last()?.at.duration_since(run.journal.first()?.at)));
    let _ = match took {
        Some(took) => writeln!(text, "lasts     the last upgrade of this site took {}", length(took)),
        None => writeln!(text, "lasts     no upgrade of this site has ended well yet: docs/fit.md has what is usual"),
    };
}

/// Whose eyes saw it, and what they could not see.
fn unseen(text: &mut String, account: &str, plan: &Plan, seen: &Seen) {
    let _ = writeln!(text, "seen by   {}, with your rights; the functions look with their own", plain(account));
    let missing = [
        (seen.usages.is_none(), "the quota of cores"),
        (seen.sizes.is_none(), "the sizes of machines in the region"),
        (seen.node_group_exists.is_none(), "whether the group for the nodes exists"),
        (seen.locks.is_empty(), "locks (there are none, or you may not see them)"),
        (
            !seen.gives_at(plan).is_empty(),
            "whether the functions may give the roles (\"copyRoles\": CheckPlan and doctor ask)",
        ),
        (plan.site.dry_run, "what the old cluster says of the manifests (\"dryRun\": CheckPlan asks it)"),
    ];
    let missing: Vec<_> = missing.into_iter().filter_map(|(is_missing, what)| is_missing.then_some(what)).collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "not seen  {}", missing.join(", "));
    }
}
