//! Changes of a run from outside its flow: a person's verb, the sweep, a dead letter. Each takes a new hop, is saved if
//! nobody changed the run meanwhile, and published; a run that goes back is handled here at once.
use crate::functions::app::App;
use crate::functions::handle::{tell, way_back};
use crate::run::Run;
use crate::run::verbs::{Order, Refusal, obey};
use crate::step::Step;
use crate::store::{SaveError, Stored};
use std::time::Duration;
use tracing::warn;

/// The way back may take so long when it is handled here.
const WAY_BACK: Duration = Duration::from_secs(60);

/// Saves a changed run and publishes its event. `None`: somebody else changed it meanwhile.
///
/// # Errors
/// When the store does not answer. That publishing failed is no error: the sweep repairs it.
pub async fn carry_out(app: &App, before: &Stored<Run>, next: Run) -> anyhow::Result<Option<Run>> {
    match app.store.save(&next, Some(&before.etag)).await {
        Ok(()) => {}
        Err(SaveError::Conflict) => return Ok(None),
        Err(SaveError::Other(error)) => return Err(error),
    }
    tell(&before.value, &next);
    let publish = async {
        if let Err(error) = app.publish(&next).await {
            warn!(run.id = next.id, "not published, the sweep repairs it: {error:#}");
        }
    };
    if next.step == Step::RestoreTraffic && before.value.step != next.step {
        // Side by side: the way back does not wait for the bus.
        tokio::join!(publish, way_back(app, &next, app.clock.after(WAY_BACK)));
    } else {
        publish.await;
    }
    Ok(Some(next))
}

/// What became of an order.
pub enum Obeyed {
    /// It was carried out.
    Yes(Box<Run>),
    /// It was refused.
    Refused(Refusal),
    /// The site has no run.
    NoRun,
}

/// Carries out a person's order.
///
/// # Errors
/// When the store does not answer, or the run changes under our hands again and again.
pub async fn give(app: &App, site: &str, order: &Order) -> anyhow::Result<Obeyed> {
    for _ in 0..5 {
        let Some(found) = app.store.run(site).await? else { return Ok(Obeyed::NoRun) };
        match obey(&found.value, order, app.store.now()?) {
            Err(refusal) => return Ok(Obeyed::Refused(refusal)),
            Ok(next) => {
                if let Some(run) = carry_out(app, &found, next).await? {
                    return Ok(Obeyed::Yes(Box::new(run)));
                }
            }
        }
    }
    anyhow::bail!("the run changed five times meanwhile: try again")
}
