//! A person's orders.
use super::app::App;
use super::calls::call;
use super::commit::{Changed, change};
use crate::azure::clusters::Written;
use crate::azure::operations::Progress;
use crate::azure::permit::Permit;
use crate::plan::planning::serving;
use crate::resources::cluster::Cluster;
use crate::resources::tags::{RETIRED_TAG, retired, saying, says};
use crate::run::verbs::{Order, Refusal, Verb, obey, resume_with};
use crate::run::{Following, Operation, Run, StepError};
use serde_json::Value;

/// What became of an order.
pub type Obeyed = Changed<Refusal>;

/// Carries out a person's order.
///
/// # Errors
/// When the store does not answer, or the run changes under our hands again and again.
pub async fn give(app: &App, site: &str, order: &Order) -> anyhow::Result<Obeyed> {
    if order.verb == Verb::Resume && order.with_site {
        return give_with_site(app, site, order).await;
    }
    if order.verb == Verb::Finish
        && !order.force
        && let Some(refusal) = in_flight(app, site, order).await?
    {
        return Ok(Changed::Refused(refusal));
    }
    let obeyed = change(app, site, |run, now| obey(run, order, now)).await?;
    if let (Verb::Finish, Changed::Yes(run)) = (order.verb, &obeyed) {
        leave_known(app, run).await;
    }
    Ok(obeyed)
}

async fn give_with_site(app: &App, site: &str, order: &Order) -> anyhow::Result<Obeyed> {
    let refused = |why: String| Ok(Changed::Refused(Refusal::NotNow(why)));
    match app.store.checked_site(site).await? {
        None => refused(format!("the site {site} is not published")),
        Some(Err(mistakes)) => {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            refused(format!("the published site has mistakes: {}", mistakes.join("; ")))
        }
        Some(Ok(published)) => change(app, site, |run, now| resume_with(run, order, &published, now)).await,
    }
}

/// A run is not ended while something that it asked for is under way: nobody would see what becomes of it.
async fn in_flight(app: &App, site: &str, order: &Order) -> anyhow::Result<Option<Refusal>> {
    let Some(found) = app.store.run(site).await? else { return Ok(None) };
    if obey(&found.value, order, found.at).is_err() {
        return Ok(None);
    }
    let asked: Vec<&Operation> = match &found.value.following {
        Some(Following::ClusterChange(operation)) => vec![operation],
        Some(following) => following.writes().map(|(operation, _)| operation).collect(),
        None => vec![],
    };
    for operation in asked {
        let why = match app.reader.look(operation).await {
            Ok(Progress::InProgress(_)) => "a change that the run asked for is still under way".to_owned(),
            Ok(Progress::Succeeded(_) | Progress::Failed { .. } | Progress::Gone) => continue,
            Err(error) => unseen(error),
        };
        return Ok(Some(try_again(&why)));
    }
    // What an earlier step asked for is followed no more.
    Ok(match still_changing(app, &found.value).await {
        Ok(None) => None,
        Ok(Some(why)) => Some(try_again(&why)),
        Err(error) => Some(try_again(&unseen(error))),
    })
}

fn unseen(error: StepError) -> String {
    format!("it cannot be seen whether a change is under way: {}", in_words(error))
}

fn try_again(why: &str) -> Refusal {
    Refusal::NotNow(format!("{why}; try again in a minute, or end it all the same with --force"))
}

/// What of the run's doing Azure still works on, as the resources themselves show it.
async fn still_changing(app: &App, run: &Run) -> Result<Option<String>, StepError> {
    if run.may_have_written() {
        let gateway = app.reader.gateway(&run.plan.site.gateway).await?;
        if gateway.is_updating() && run.has_marked(&gateway) {
            return Ok(Some("a write of the run is still on its way into the gateway".to_owned()));
        }
    }
    if run.reducing.is_none() {
        return Ok(None);
    }
    let old = app.reader.cluster(&run.plan.old_slot().cluster).await?;
    let changing = old.filter(|old| !old.is_settled() && !old.has_failed());
    Ok(changing.map(|old| format!("the old cluster, which the run has reduced, is still {}", old.state())))
}

/// The next run must know as ours what stays: a new cluster carries the run's tag, an old one that serves no more gets
/// one now. The run has ended, so a failure is a person's.
async fn leave_known(app: &App, run: &Run) {
    if let Err(error) = tag_clusters(app, run).await {
        let cluster = &run.plan.old_slot().cluster;
        let why = format!("tag {cluster} with {RETIRED_TAG}={}, or delete it by hand: {error}", run.id);
        call(app, &format!("not-tagged/{}", run.id), &run.plan.site.name, &why).await;
    }
}

async fn tag_clusters(app: &App, run: &Run) -> Result<(), String> {
    let gateway = app.reader.gateway(&run.plan.site.gateway).await.map_err(in_words)?;
    // Where both serve, nothing is left over.
    if serving(&run.plan.site, &gateway).ok() != Some(run.plan.new_colour()) {
        return Ok(());
    }
    let (old, new) = (&run.plan.old_slot().cluster, &run.plan.new_slot().cluster);
    let found = app.reader.cluster(old).await.map_err(in_words)?;
    if let Some(found) = found.filter(|found| found.uid() == run.plan.old_uid) {
        tag(app, old, &found, &retired(&found.0, &run.id)).await?;
    }
    // Where pipelines deploy to: no run depends on it.
    let found = app.reader.cluster(new).await.map_err(in_words)?;
    if let Some(found) = found.filter(|found| found.run() == Some(&run.id) && !says(&found.0, true)) {
        tag(app, new, &found, &saying(&found.0, true)).await?;
    }
    Ok(())
}

async fn tag(app: &App, id: &str, found: &Cluster, tags: &Value) -> Result<(), String> {
    let permit = Permit::of_a_person(&app.clock);
    match app.writer.tag_cluster(permit, id, found, tags).await.map_err(in_words)? {
        Written::Accepted(_) | Written::Absent => Ok(()),
        Written::Changed => Err("it changed meanwhile".into()),
    }
}

fn in_words(error: StepError) -> String {
    format!("{:#}", error.into_cause())
}
