//! After the write: did it take effect, and does it stay? A run that had looked before the write may still write after it.
use super::writing::Put;
use super::{AGAIN, Arm};
use crate::resources::answers::{same_id, text};
use crate::resources::gateway::{BREAK_GLASS, Gateway};
use anyhow::bail;
use std::time::Duration;
use tokio::time::Instant;

/// So long it is watched: an invocation of a run that had looked before the write is over by then.
const WATCH: Duration = Duration::from_secs(3 * 60);
/// When the gateway cannot be looked at at the end, it is tried so much longer.
const LONGER: Duration = Duration::from_secs(2 * 60);

/// Who wrote over it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Over {
    Nobody,
    /// A run, with this mark.
    Run(String),
    /// Another person's emergency way back, for other members.
    Person(String),
    /// Somebody without a mark of ours; the members now.
    Somebody(String),
}

/// Watches what was written for three minutes, or until somebody writes over it.
pub(super) async fn watch(arm: &Arm, put: &Put, say: &impl Fn(&str)) -> anyhow::Result<Over> {
    let (ends, never_after) = (arm.clock().after(WATCH), arm.clock().after(WATCH + LONGER));
    let (mut is_seen, mut is_unmarked) = (false, put.mark.is_none());
    loop {
        let now = Instant::now();
        match look(arm, &put.gateway).await {
            Ok(gateway) => {
                match over(&gateway, put) {
                    Over::Nobody => {}
                    somebody => return Ok(somebody),
                }
                if !is_seen {
                    say(
                        "it is in force; watching on for 3 min, in case a run writes over it (Ctrl-C does not undo it)",
                    );
                    is_seen = true;
                }
                if !is_unmarked && gateway.mark().is_none() {
                    say("somebody took the mark off the gateway: a run under way does not see this, pause it");
                    is_unmarked = true;
                }
                if now >= ends {
                    return Ok(Over::Nobody);
                }
            }
            Err(why) if now >= never_after => {
                bail!("it was written, and the gateway cannot be looked at any more ({why}): look at it in the portal")
            }
            Err(why) => say(&why),
        }
        arm.clock().sleep(AGAIN).await;
    }
}

async fn look(arm: &Arm, id: &str) -> Result<Gateway, String> {
    let answer = arm.get(id, &arm.cloud().network).await.map_err(|error| error.to_string())?;
    let is_it = same_id(text(&answer.body, "/id"), id);
    is_it.then_some(Gateway(answer.body)).ok_or_else(|| "what Resource Manager answers is not this gateway".into())
}

/// Who wrote over it, by the mark and the members. Without a mark of ours the members alone tell.
fn over(gateway: &Gateway, put: &Put) -> Over {
    let stands = gateway.shows(&put.members);
    match gateway.mark() {
        Some(mark) if !mark.starts_with(BREAK_GLASS) => Over::Run(mark.to_owned()),
        _ if stands => Over::Nobody,
        Some(mark) if put.mark.as_deref() != Some(mark) => Over::Person(mark.to_owned()),
        Some(_) | None => Over::Somebody(members(gateway, put)),
    }
}

fn members(gateway: &Gateway, put: &Put) -> String {
    let pools = put.members.iter().map(|(name, _)| match gateway.pool(name) {
        Some(pool) => format!("{name}: {}", pool.members().join(" ")),
        None => format!("{name} is gone"),
    });
    pools.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::net::Ipv4Addr;

    fn gateway(mark: &Value, address: &str) -> Gateway {
        let pool = json!({"name": "live", "properties": {"backendAddresses": [{"ipAddress": address}]}});
        Gateway(json!({"tags": {"aks-bluegreen-mark": mark}, "properties": {"backendAddressPools": [pool]}}))
    }

    #[test]
    fn who_wrote_over_it_is_told_by_the_mark_and_the_members() {
        let members = vec![("live".to_owned(), vec![Ipv4Addr::new(10, 1, 0, 1)])];
        let put = Put { gateway: String::new(), members, mark: Some("break-glass/a".into()) };
        let (ours, others) = ("10.1.0.1", "10.2.0.1");
        assert_eq!(over(&gateway(&json!("break-glass/a"), ours), &put), Over::Nobody);
        assert_eq!(over(&gateway(&json!("break-glass/b"), ours), &put), Over::Nobody, "two persons, one mind");
        assert_eq!(over(&gateway(&Value::Null, ours), &put), Over::Nobody);
        for members in [ours, others] {
            assert_eq!(over(&gateway(&json!("shop-1/a"), members), &put), Over::Run("shop-1/a".into()));
        }
        assert_eq!(over(&gateway(&json!("break-glass/b"), others), &put), Over::Person("break-glass/b".into()));
        for mark in [json!("break-glass/a"), Value::Null] {
            assert_eq!(over(&gateway(&mark, others), &put), Over::Somebody("live: 10.2.0.1".into()));
        }
    }
}
