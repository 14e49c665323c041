//! One write of the emergency way back, followed to its end.
use super::{AGAIN, ArmWriter, Emergency, TRIES, read, remedy};
use crate::azure::arm::Condition;
use crate::azure::operations::Progress;
use crate::azure::permit::Permit;
use crate::resources::gateway::{BREAK_GLASS, Members};
use crate::run::Operation;
use anyhow::{Context, anyhow, bail};
use azure_core::Uuid;
use azure_core::http::Method;
use std::time::Duration;
use tokio::time::timeout;

/// A gateway's write is waited for so long.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What was written.
pub(super) struct Put {
    pub gateway: String,
    pub members: Members,
    /// `None`: there was no room for one.
    pub mark: Option<String>,
}

/// Writes the gateway as it is now, and waits until that has ended: well, or superseded by another write.
pub(super) async fn put(writer: &ArmWriter, emergency: &Emergency, say: &impl Fn(&str)) -> anyhow::Result<Put> {
    let arm = writer.reader();
    let url = arm.url(&emergency.gateway, &arm.cloud().network);
    let mut tries = 0;
    loop {
        let gateway = read(arm, &emergency.gateway, say).await?;
        let members = emergency.members(&gateway).map_err(anyhow::Error::msg)?;
        let mark = format!("{BREAK_GLASS}{}", Uuid::new_v4().simple());
        let body = gateway.with(&members, &mark).map_err(anyhow::Error::msg)?;
        let mark = gateway.has_room_for_a_mark().then_some(mark);
        let without = if mark.is_none() { ", without a mark" } else { "" };
        say(&format!("writing {} into {}{without}", emergency.target(), pools(&members)));
        let condition = gateway.etag().map_or(Condition::None, |etag| Condition::Match(etag.to_owned()));
        let permit = Permit::of_a_person(arm.clock());
        match writer.write(permit, Method::Put, url.clone(), condition, Some(&body)).await {
            Ok(answer) => {
                follow(writer, &answer.operation(), say).await?;
                return Ok(Put { gateway: emergency.gateway.clone(), members, mark });
            }
            // Refused for now, or the answer was lost: what is there is read again, never is the same body sent twice.
            Err(error) if tries < TRIES && matches!(error.status, 0 | 408 | 409 | 412 | 429 | 500..) => {
                say(&format!("{error}"));
                tries += 1;
                arm.clock().sleep(error.retry_after.unwrap_or(AGAIN)).await;
            }
            Err(error) => {
                let remedy = remedy(&error);
                return Err(anyhow!(error)).context(remedy);
            }
        }
    }
}

fn pools(members: &Members) -> String {
    members.iter().map(|(pool, _)| pool.as_str()).collect::<Vec<_>>().join(", ")
}

async fn follow(writer: &ArmWriter, operation: &Operation, say: &impl Fn(&str)) -> anyhow::Result<()> {
    let arm = writer.reader();
    let ended = async {
        loop {
            match arm.look(operation).await {
                Ok(Progress::InProgress(again)) => {
                    say("the gateway is being updated");
                    arm.clock().sleep(again.unwrap_or(AGAIN)).await;
                }
                // Nobody knows it any more: the gateway itself says what became of it.
                Ok(Progress::Succeeded(_) | Progress::Gone) => return Ok(()),
                Ok(Progress::Failed { status, code, .. }) if is_superseded(&status, &code) => return Ok(()),
                Ok(Progress::Failed { code, message, .. }) => {
                    bail!("the write did not take effect: {code}: {message}. The same command again")
                }
                // Looking failed, the write goes on.
                Err(error) => {
                    say(&format!("{error}"));
                    arm.clock().sleep(AGAIN).await;
                }
            }
        }
    };
    let ended = timeout(arm.clock().real(PATIENCE), ended).await;
    ended.context("the gateway has not ended its update in 15 min: look at it in the portal")?
}

/// A newer write took its place.
fn is_superseded(status: &str, code: &str) -> bool {
    status.to_lowercase().starts_with("cancel") || code.to_lowercase().contains("superseded")
}
