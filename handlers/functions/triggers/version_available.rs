//! Event Grid's hint that a version is available, in either envelope: the region itself is asked what is true.
use crate::functions::app::App;
use crate::functions::envelope::{Delivered, Unread};
use crate::functions::refusals;
use crate::functions::regions::Regions;
use crate::functions::reply::Reply;
use crate::functions::versions::{AT_ONCE, consider};
use futures::{StreamExt, stream};
use serde_json::Value;
use tracing::{info, warn};

/// The queue into which Event Grid delivers.
const QUEUE: &str = "version-events";
const NEW_VERSION: &str = "Microsoft.ContainerService.NewKubernetesVersionAvailable";

/// Looks at the sites whose cluster the event came from.
///
/// What is no event among them is recorded, and keeps the others from nothing.
pub async fn version_available(app: &App, delivered: Result<Delivered, Unread>) -> Reply {
    let Delivered { body, message_id, .. } = match delivered {
        Ok(delivered) => delivered,
        Err(unread) => return refusals::unreadable(app, QUEUE, &unread).await,
    };
    let events = match &body {
        // Event Grid's own schema comes as an array, CloudEvents as one object or a batch.
        Value::Array(events) => events.as_slice(),
        event => std::slice::from_ref(event),
    };
    let (mut clusters, mut refused) = (vec![], String::new());
    for (index, event) in events.iter().enumerate() {
        match read(event) {
            Ok(Some(cluster)) => clusters.push(cluster.to_lowercase()),
            Ok(None) => {}
            Err(why) => {
                refused += &format!("refused: {why}; ");
                let message_id = message_id.as_ref().map(|id| format!("{id}/{index}"));
                let unread =
                    Unread { why, message_id, dead_letter: None, came: event.to_string(), is_no_message: false };
                if let again @ Reply::Again(_) = refusals::unreadable(app, QUEUE, &unread).await {
                    return again;
                }
            }
        }
    }
    match look(app, &clusters).await {
        Ok(asked) => Reply::Done(format!("{refused}{} events, {asked} upgrades requested", events.len())),
        Err(error) => {
            warn!("the event is tried again: {error:#}");
            Reply::Again("the sites could not be looked at".into())
        }
    }
}

/// The id of the cluster that the event is about; `None` when it is an event of another type.
fn read(event: &Value) -> Result<Option<&str>, String> {
    let text = |a: &str, b: &str| event[a].as_str().or_else(|| event[b].as_str());
    let kind =
        text("eventType", "type").ok_or("expected an event with eventType (Event Grid) or type (CloudEvents)")?;
    if kind != NEW_VERSION {
        info!(kind, "an event of another type is left alone");
        return Ok(None);
    }
    // The subject is the bare name: only the topic, or source, says which cluster it is.
    text("topic", "source").map(Some).ok_or_else(|| "expected an event with topic or source".into())
}

async fn look(app: &App, clusters: &[String]) -> anyhow::Result<usize> {
    let regions = &Regions::default();
    let looks = stream::iter(app.store.sites().await?).map(|name| async move {
        let site = match app.store.site(&name).await {
            Ok(site) => site,
            // One that nobody can read costs itself alone; the daily look says so again.
            Err(error) if error.is::<serde_json::Error>() => {
                warn!(site = name, "{error:#}");
                None
            }
            Err(error) => return Err(error),
        };
        let is_of = |cluster: &str| clusters.contains(&cluster.to_lowercase());
        match site {
            Some(site) if is_of(&site.slots.blue.cluster) || is_of(&site.slots.green.cluster) => {
                consider(app, regions, &name, "VersionAvailable").await
            }
            Some(_) | None => Ok(false),
        }
    });
    // All of them, whatever one of them comes to: those that failed are tried again, and the same request counts once.
    let looked: Vec<_> = looks.buffer_unordered(AT_ONCE).collect().await;
    looked.into_iter().try_fold(0, |asked, requested| Ok(asked + usize::from(requested?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_envelopes_name_the_cluster() {
        let grid = json!({"eventType": NEW_VERSION, "topic": "/subscriptions/s/x", "subject": "x"});
        let cloud = json!({"type": NEW_VERSION, "source": "/subscriptions/s/x", "specVersion": "1.0"});
        assert_eq!(read(&grid), Ok(Some("/subscriptions/s/x")));
        assert_eq!(read(&cloud), Ok(Some("/subscriptions/s/x")));
        assert_eq!(read(&json!({"type": "Microsoft.ContainerService.ClusterSupportEnded"})), Ok(None));
        assert!(read(&json!({"hello": 1})).unwrap_err().contains("eventType"));
    }
}
