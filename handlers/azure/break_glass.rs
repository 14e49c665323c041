//! The emergency way back: one colour's addresses into the live pools, with Resource Manager alone. No store, no bus, no
//! function, no cluster is needed.
use super::arm::{ArmWriter, Condition};
use super::operations::Progress;
use super::permit::Permit;
use crate::resources::gateway::{BREAK_GLASS, Gateway};
use crate::site::{Colour, Site};
use anyhow::{Context, bail};
use azure_core::Uuid;
use azure_core::http::Method;
use std::time::Duration;
use tokio::time::timeout;

/// A gateway's write is waited for so long.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// So often it is looked at when Azure does not say.
const AGAIN: Duration = Duration::from_secs(5);

/// Sends all traffic of a site to this colour, and waits until it is so. A run under way sees the mark and holds.
///
/// # Errors
/// When the gateway cannot be read or written, or somebody else writes it at the same time: try again.
pub async fn restore(writer: &ArmWriter, site: &Site, to: Colour, say: impl Fn(&str)) -> anyhow::Result<()> {
    let members = site.pools.with(&site.slot(to).addresses, &[]);
    let arm = writer.reader();
    let api = arm.cloud().network.clone();
    let read = Gateway(arm.get(&site.gateway, &api).await?.body);
    let mark = format!("{BREAK_GLASS}{}", Uuid::new_v4().simple());
    let body = read.with(&members, &mark).map_err(anyhow::Error::msg)?;
    say(&format!("writing {} into the live pools of {}", to.name(), site.gateway));
    let permit = Permit::of_a_person(arm.clock());
    let answer = writer.write(permit, Method::Put, arm.url(&site.gateway, &api), Condition::None, Some(&body)).await?;
    let (operation, clock) = (answer.operation(), arm.clock());
    let ended = async {
        loop {
            match arm.look(&operation).await {
                Ok(Progress::InProgress(again)) => {
                    say("the gateway is being updated");
                    clock.sleep(again.unwrap_or(AGAIN)).await;
                }
                Ok(Progress::Succeeded(_) | Progress::Gone) => return Ok(()),
                Ok(Progress::Failed { code, message, .. }) => bail!("the write did not take effect: {code}: {message}"),
                // Looking failed, the write goes on.
                Err(error) => {
                    say(&format!("{error}"));
                    clock.sleep(AGAIN).await;
                }
            }
        }
    };
    let ended = timeout(clock.real(PATIENCE), ended).await;
    ended.context("the gateway has not ended its update in 15 min: look at it yourself")??;
    let shown = Gateway(arm.get(&site.gateway, &api).await?.body);
    if shown.mark() != Some(&mark) || !shown.shows(&members) {
        bail!("somebody else wrote the gateway at the same time: stop them and try again");
    }
    Ok(())
}
