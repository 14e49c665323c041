//! A person brings a mended site into a held run: smoke tests, deadlines, watches, manifests that were not yet applied.
//! Never what the plan was made of: gateway, pools, slots, shares, consents.
use super::Run;
use super::kept::Kept;
use crate::plan::Plan;
use crate::site::check::Checked;
use crate::step::Step;
use serde_json::{Map, Value};

/// What a member of a site file means to a run that is under way.
enum Meaning {
    /// It counts from the next look on.
    Mends,
    /// It counts while this step is not done.
    MendsUntil(Step),
    /// Stages keep their shares; their watches may change.
    Watches,
    /// It is for the next run.
    IsForTheNext,
    /// The plan was made of it.
    IsPlanned,
}

impl Meaning {
    fn of(member: &str) -> Self {
        match member {
            "smokeTests" | "deadlineMinutes" | "soakMinutes" => Self::Mends,
            "controllers" => Self::MendsUntil(Step::InstallControllers),
            "workloads" => Self::MendsUntil(Step::SyncWorkloads),
            "stages" => Self::Watches,
            "newVersions" | "$schema" => Self::IsForTheNext,
            _ => Self::IsPlanned,
        }
    }
}

/// The plan with what this site mends in it, and what that is, a line a member.
///
/// # Errors
/// What of it cannot be brought into a run that is here, and what to do.
pub(super) fn mended(run: &Run, site: &Checked) -> Result<(Kept<Plan>, Vec<String>), String> {
    let wrong = |why: serde_json::Error| format!("the plan or the site has no JSON form: {why}");
    // What this binary does not know of the plan stays.
    let mut plan = serde_json::to_value(&run.plan).map_err(wrong)?;
    let mut before = serde_json::to_value(&run.plan.site).map_err(wrong)?;
    let mut after = serde_json::to_value(&**site).map_err(wrong)?;
    let (Some(before), Some(after)) = (before.as_object_mut(), after.as_object_mut()) else {
        return Err("a site is a JSON object".into());
    };
    let mut changes = vec![];
    let names: std::collections::BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    for name in names {
        let (old, new) = (take(before, &name), take(after, &name));
        if old == new {
            continue;
        }
        match Meaning::of(&name) {
            Meaning::IsForTheNext => continue,
            Meaning::Mends => {}
            Meaning::MendsUntil(step) if run.step <= step => {}
            Meaning::Watches if shares(&old) == shares(&new) => watches(&mut plan, &new),
            Meaning::MendsUntil(step) => {
                return Err(format!(
                    "{name} changed, and {step} is done: roll back, and start again with the new site"
                ));
            }
            Meaning::Watches | Meaning::IsPlanned => {
                return Err(format!(
                    "{name} changed, of which the plan was made: publish the site with {name} as it was"
                ));
            }
        }
        changes.push(format!("{name}: {old} became {new}"));
        plan["site"][&name] = new;
    }
    if changes.is_empty() {
        return Err("the published site mends nothing: publish it with what is to change".into());
    }
    let plan = serde_json::from_value(plan).map_err(wrong)?;
    Ok((plan, changes))
}

fn take(site: &mut Map<String, Value>, name: &str) -> Value {
    site.remove(name).unwrap_or(Value::Null)
}

fn shares(stages: &Value) -> Vec<&Value> {
    stages.as_array().into_iter().flatten().map(|stage| &stage["share"]).collect()
}

fn watches(plan: &mut Value, stages: &Value) {
    let planned = plan["stages"].as_array_mut().into_iter().flatten();
    for (planned, stage) in planned.zip(stages.as_array().into_iter().flatten()) {
        planned["watchMinutes"] = stage["watchMinutes"].clone();
    }
}
