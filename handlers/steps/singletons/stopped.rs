//! What lies around something that was stopped, where it may still run.
use crate::azure::kubernetes::Kubernetes;
use crate::resources::object::describe;
use crate::run::StepError;
use crate::workload::selector::selector;
use crate::workload::singletons::{Around, Singleton, SingletonKind, is_paused_as_it_is, target, wanted_pods};
use serde_json::Value;

/// What lies around it; or why that cannot be seen.
///
/// # Errors
/// When the API server does not answer.
pub async fn around(
    kubernetes: &Kubernetes,
    one: &Singleton,
    live: &Value,
) -> Result<Result<Around, String>, StepError> {
    Ok(Ok(match one.kind {
        SingletonKind::CronWorkflow => Around::default(),
        SingletonKind::CronJob | SingletonKind::ScaledJob => {
            Around { jobs: kubernetes.labelled("batch/v1", "Job", &one.namespace, "").await?, ..Around::default() }
        }
        SingletonKind::Deployment | SingletonKind::StatefulSet => {
            Around { pods: pods(kubernetes, one, live).await?, ..Around::default() }
        }
        SingletonKind::ScaledObject => match target(one, live) {
            Some(scaled) => match kubernetes.find(&scaled.object()).await? {
                Some(target) => {
                    Around { pods: pods(kubernetes, one, &target).await?, target: Some(target), ..Around::default() }
                }
                None => Around::default(),
            },
            None => return Ok(Err(format!("what {} scales cannot be seen", describe(live)))),
        },
    }))
}

/// How many pods there are of what KEDA keeps paused without a number.
///
/// # Errors
/// When the API server does not answer.
pub async fn paused_at(kubernetes: &Kubernetes, one: &Singleton, live: &Value) -> Result<Option<u64>, StepError> {
    match target(one, live).filter(|_| is_paused_as_it_is(one.kind, live)) {
        Some(scaled) => Ok(kubernetes.find(&scaled.object()).await?.as_ref().map(wanted_pods)),
        None => Ok(None),
    }
}

async fn pods(kubernetes: &Kubernetes, one: &Singleton, workload: &Value) -> Result<Vec<Value>, StepError> {
    let Some(selector) = selector(workload) else { return Ok(vec![]) };
    kubernetes.labelled("v1", "Pod", &one.namespace, &selector).await
}
