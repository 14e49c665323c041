//! How large the workloads will be kept, as `bluegreen plan` shows it.
use crate::azure::Reader;
use crate::azure::plainly::plainly;
use crate::functions::app::App;
use crate::plan::Plan;
use crate::plan::checks::{Seen, unknown_size};
use crate::run::StepError;
use crate::steps::sized::{scaled, sized};
use crate::text::plain;
use crate::workload::pins::Held;
use std::fmt::Write;

/// So many workloads are shown.
const MOST: usize = 30;

/// What is said of it.
#[derive(Default)]
pub(super) struct Kept {
    pub warning: Option<String>,
    pub table: String,
}

/// Looks at it with this account's rights. What cannot be seen is a warning.
pub(super) async fn kept(app: &App, reader: &Reader, plan: &Plan, seen: &Seen) -> Kept {
    if plan.site.pins().is_none() {
        return Kept::default();
    }
    let looked = async {
        let Some((kubernetes, of_old)) = scaled(plan, reader).await? else { return Ok(None) };
        let hour = app.store.counted(&plan.site.name).await?.most(&plan.old_uid, reader.now());
        Ok::<_, StepError>(Some(sized(plan, seen, (&kubernetes, &of_old), &hour).await))
    };
    let unknown = |why: &str| Kept { warning: Some(unknown_size(why).to_string()), table: String::new() };
    match looked.await {
        Ok(None) => Kept::default(),
        Ok(Some(Ok((load, size)))) => {
            Kept { warning: size.warning().map(|finding| finding.to_string()), table: table(&load.held, &size.words()) }
        }
        Ok(Some(Err(why))) => unknown(&why),
        Err(error) => unknown(&plainly(&error.into_cause())),
    }
}

/// Those that an autoscaler rules, and the verdict.
fn table(held: &[Held], verdict: &str) -> String {
    let mut text = "capacity  both clusters are kept as large as the load wants:\n".to_owned();
    let ruled: Vec<_> = held.iter().filter(|one| one.is_ruled).collect();
    let width = ruled.iter().map(|one| one.name.len()).max().unwrap_or(0).clamp(8, 60);
    if ruled.is_empty() {
        text.push_str("  no autoscaler's minimum must be raised as it is now\n");
    } else {
        let _ = writeln!(text, "  {:<width$}  {:>4}  {:>4}  a pod asks for", "workload", "now", "kept");
    }
    for one in ruled.iter().take(MOST) {
        let (memory, cpu) = (one.each.memory, one.each.cpu);
        let _ = writeln!(text, "  {:<width$}  {:>4}  {:>4}  {cpu}m, {memory}Mi", plain(&one.name), one.now, one.kept);
    }
    if ruled.len() > MOST {
        let _ = writeln!(text, "  and {} more", ruled.len() - MOST);
    }
    let _ = writeln!(text, "  {}", plain(verdict));
    text
}
