//! The emergency way back: one side's addresses into the live pools, with Resource Manager alone. No store, no bus, no
//! function, no cluster is needed.
//!
//! ```text
//! read the gateway ─► show ─► look at the target, 20 s at most ─► write ─► in force ─► watch on for 3 min ─► said
//!                                      └─ evidence against it: refused                        └─ a run wrote over it: once more
//! ```
mod shown;
mod target;
mod watching;
mod writing;

use super::arm::{Arm, ArmError, ArmWriter};
use crate::resources::answers::{same_id, text};
use crate::resources::gateway::Gateway;
use crate::site::emergency::Emergency;
use anyhow::{Context, anyhow, bail};
use std::time::Duration;
use watching::Over;

/// What a person wants.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The target is not looked at: it is written all the same.
    pub force: bool,
    /// Nothing is written.
    pub dry_run: bool,
    /// The command that has `--force`, to be shown when it is refused.
    pub forced: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All traffic goes there, and nobody wrote over it since.
    Done,
    /// It was shown, and nothing was written.
    Shown,
    /// There is evidence that the target could not serve: nothing was written.
    Refused,
}

/// Shows what serves and what will, looks at the target, writes, and watches on. A run under way sees the mark and holds.
///
/// # Errors
/// When the gateway cannot be read or written, or somebody else writes it at the same time. Each says what to do.
pub async fn break_glass(
    writer: &ArmWriter,
    emergency: &Emergency,
    wish: &Wish,
    say: &impl Fn(&str),
) -> anyhow::Result<Ended> {
    let arm = writer.reader();
    let gateway = read(arm, &emergency.gateway, say).await?;
    emergency.members(&gateway).map_err(anyhow::Error::msg)?;
    say(&shown::table(emergency, &gateway));
    if wish.dry_run || !wish.force {
        let against = target::look(arm, emergency, &gateway, say).await;
        if let Some(why) = against.filter(|_| !wish.force) {
            say(&format!(
                "refused, nothing was written: {why}. Users would be sent to what does not answer. If you know better:\n  {}",
                wish.forced
            ));
            return Ok(Ended::Refused);
        }
    }
    if wish.dry_run {
        say("a dry run: nothing was written");
        return Ok(Ended::Shown);
    }
    restore(writer, emergency, say).await?;
    Ok(Ended::Done)
}

/// Writes, whatever becomes of the target, and watches on. Once more, if a run that had looked before wrote over it.
async fn restore(writer: &ArmWriter, emergency: &Emergency, say: &impl Fn(&str)) -> anyhow::Result<()> {
    let (arm, name) = (writer.reader(), emergency.target());
    let mut put = writing::put(writer, emergency, say).await?;
    let mut again = false;
    loop {
        match watching::watch(arm, &put, say).await? {
            Over::Nobody => break,
            Over::Run(mark) if !again => {
                say(&format!("the run of the mark {mark} wrote over it: writing once more"));
                again = true;
                put = writing::put(writer, emergency, say).await?;
            }
            Over::Run(mark) => bail!(
                "the run of the mark {mark} wrote over it a second time: `bluegreen pause SITE`, or stop the function \
                 app, and then the same command again"
            ),
            Over::Person(mark) => bail!(
                "another person used the emergency way back at the same time, for other members (mark {mark}): agree with \
                 them, and then the same command again if it is to be {name}"
            ),
            Over::Somebody(members) => bail!(
                "somebody else wrote the gateway at the same time ({members}): its activity log names them; stop them, and \
                 then the same command again"
            ),
        }
    }
    Ok(())
}

/// The gateway as it is now. Throttled, or not served: again.
async fn read(arm: &Arm, id: &str, say: &impl Fn(&str)) -> anyhow::Result<Gateway> {
    let mut tries = 0;
    loop {
        match arm.get(id, &arm.cloud().network).await {
            Ok(answer) if same_id(text(&answer.body, "/id"), id) => return Ok(Gateway(answer.body)),
            Ok(_) if tries < TRIES => say("what Resource Manager answers is not this gateway: asking again"),
            Ok(_) => bail!("what Resource Manager answers is not the gateway {id}: a proxy on the way? Try elsewhere"),
            Err(error) if tries < TRIES && matches!(error.status, 0 | 408 | 429 | 500..) => say(&format!("{error}")),
            Err(error) => {
                let remedy = remedy(&error);
                return Err(anyhow!(error)).context(remedy);
            }
        }
        tries += 1;
        arm.clock().sleep(AGAIN).await;
    }
}

/// So often a read or a write that was not served is tried anew.
const TRIES: u32 = 6;
/// So long after that, and from one look to the next, when Azure does not say.
const AGAIN: Duration = Duration::from_secs(5);

/// What a person can do about a refusal.
fn remedy(error: &ArmError) -> &'static str {
    match error.status {
        404 => "say with --gateway which gateway it is: there is none of this id, or it is not for your account",
        401 | 403 => {
            "your account needs the right to read and write the gateway: Network Contributor, or traffic turner"
        }
        400 => "the gateway cannot be written as it is: mend what Azure says in the portal",
        _ => "try again",
    }
}
