//! The manifests are tried on the old cluster, where the site asks for it: its API server judges each object as if it were
//! applied (`dryRun=All`), and keeps nothing. So most mistakes are found before a cluster is made for them.
use super::acting::Azure;
use super::on_old::OnOld;
use crate::azure::kubernetes::{Applied, Kubernetes};
use crate::plan::Kind;
use crate::resources::object::describe;
use crate::run::{Run, StepError};
use crate::text::few;
use crate::workload::definitions::{allows_the_same, defines};
use crate::workload::refusal::{
    Meaning, Refusal, in_words, is_given_away, is_made_by_aks, is_typed, meaning, takes_over,
};
use futures::future::join_all;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// It goes on for so long: what is left is for the new cluster to judge.
const FOR: Duration = Duration::from_secs(30);
/// So many objects at once.
const AT_ONCE: usize = 8;
/// So many that could not be tried are named.
const NAMED: usize = 8;

/// What came of it.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// What would be refused, whatever comes before it.
    pub refused: Vec<String>,
    /// What may be refused, and what could not be tried.
    pub unsure: Vec<String>,
}

/// What the old cluster's API server says.
enum Said {
    Fine,
    /// It is judged by what comes before it, or by what the old cluster has not.
    Nothing,
    Refused(String),
    Unsure(String),
    /// Nothing more can be asked.
    Stopped(String),
}

/// Tries every object of the site on the old cluster.
pub async fn rehearsed(run: &Run, azure: &Azure, on_old: &OnOld) -> Rehearsed {
    let mut told = Rehearsed::default();
    if !run.plan.site.dry_run || run.plan.kind == Kind::Return {
        return told;
    }
    let until = azure.clock().after(FOR);
    let old = &run.plan.old_slot().cluster;
    let OnOld { objects, left_out } = on_old;
    if !left_out.is_empty() {
        let what = few(left_out, NAMED, ", ");
        told.unsure.push(format!("what is known of the new cluster alone was not tried on the old one: {what}"));
    }
    let kubernetes = match timeout_at(until, azure.kubernetes(old)).await {
        Ok(Ok(kubernetes)) => kubernetes,
        Ok(Err(error)) => {
            told.unsure.push(not_tried(&format!("{:#}", error.into_cause())));
            return told;
        }
        Err(_) => {
            told.unsure.push(not_tried("its API server does not answer"));
            return told;
        }
    };
    let mut tried = 0;
    for some in objects.chunks(AT_ONCE) {
        let mut tries = vec![];
        for object in some {
            tries.push(one(&kubernetes, objects, object, until));
        }
        for said in join_all(tries).await {
            match said {
                Said::Fine | Said::Nothing => {}
                Said::Refused(why) => told.refused.push(why),
                Said::Unsure(why) => told.unsure.push(why),
                Said::Stopped(why) => {
                    let (left, all) = (objects.len() - tried, objects.len());
                    told.unsure.push(format!("{left} of {all} objects could not be tried on the old cluster: {why}"));
                    return told;
                }
            }
            tried += 1;
        }
    }
    told
}

fn not_tried(why: &str) -> String {
    format!("the manifests could not be tried on the old cluster: {why}")
}

async fn one(kubernetes: &Kubernetes, all: &[Value], object: &Value, until: Instant) -> Said {
    let said = timeout_at(until, async {
        match tried(kubernetes, object).await {
            Ok(Applied::Yes(_)) => Said::Fine,
            Ok(Applied::NotServed) => Said::Nothing,
            Ok(Applied::Refused(refusal)) => judged(kubernetes, all, object, &refusal).await,
            Err(error) => Said::Stopped(format!("{:#}", error.into_cause())),
        }
    });
    said.await.unwrap_or_else(|_| Said::Stopped(format!("{} s were over", FOR.as_secs())))
}

/// What others own in the old cluster is nobody's in a new one: but for what AKS makes in every cluster.
async fn tried(kubernetes: &Kubernetes, object: &Value) -> Result<Applied, StepError> {
    let said = kubernetes.rehearse(object, takes_over(object)).await?;
    let is_owned = matches!(&said, Applied::Refused(refusal) if refusal.code == 409);
    if !is_owned || takes_over(object) || kubernetes.find(object).await?.is_some_and(|found| is_made_by_aks(&found)) {
        return Ok(said);
    }
    kubernetes.rehearse(object, true).await
}

async fn judged(kubernetes: &Kubernetes, all: &[Value], object: &Value, refusal: &Refusal) -> Said {
    let words = |why: &str| format!("{}: {why}", describe(object));
    let unsure = |because: &str| Said::Unsure(words(&format!("{} ({because})", in_words(refusal))));
    match meaning(refusal, false) {
        Meaning::Never(why) if refusal.code == 409 => Said::Refused(words(&why)),
        // Its namespace comes before it.
        _ if refusal.code == 404 => Said::Nothing,
        Meaning::Never(_) if is_given_away(refusal) => unsure("by something of the old cluster; a new one has it free"),
        Meaning::Never(_) if is_defined_anew(kubernetes, all, object).await => {
            unsure("the old cluster has another definition of its kind than the manifests bring")
        }
        Meaning::Never(why) if is_typed(&refusal.message) => Said::Refused(words(&why)),
        // What is there already may be the reason, as with fields that cannot be changed.
        Meaning::Never(why) => match kubernetes.find(object).await {
            Ok(None) => Said::Refused(words(&why)),
            Ok(Some(_)) | Err(_) => unsure("the old cluster has one of this name"),
        },
        Meaning::Later(why) | Meaning::Ill(why) => Said::Unsure(words(&why)),
    }
}

/// Whether the manifests bring a definition of its kind that is another than the old cluster's, as far as that can be told.
async fn is_defined_anew(kubernetes: &Kubernetes, all: &[Value], object: &Value) -> bool {
    let Some(ours) = all.iter().find(|one| defines(one, object)) else { return false };
    match kubernetes.find(ours).await {
        Ok(Some(theirs)) => !allows_the_same(ours, &theirs),
        Ok(None) | Err(_) => true,
    }
}

impl Rehearsed {
    /// Why the plan cannot be carried out, if it cannot.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        (!self.refused.is_empty()).then(|| {
            format!(
                "manifests: tried on the old cluster, {} would be refused: {}; mend and publish them, or, where only the new \
                 version knows what they say, leave \"dryRun\" out",
                self.refused.len(),
                self.refused.join("; ")
            )
        })
    }
}
