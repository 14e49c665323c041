//! What is not ready and is not waited for all the same: nobody will give it what it lacks before traffic comes, or it lacks
//! it in the old cluster, too.
use super::Look;
use super::told::Told;
use super::wanted::Wanted;
use crate::azure::kubernetes::Kubernetes;
use crate::resources::object::describe;
use crate::run::StepError;
use crate::workload::lacks::{Lack, is_waited_out, waits_for_a_pod};
use crate::workload::share::is_no_worse;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// So many objects are compared with the old cluster's; more are no old acquaintances.
const MOST_COMPARED: usize = 20;
/// The old cluster has so long to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// An object that lacks something, and why it is not ready.
pub struct Lacking<'a> {
    pub object: &'a Wanted,
    pub lack: Lack,
    pub why: String,
}

/// Who answers for an object that lacks something.
enum Answer {
    /// It is waited for.
    Waits,
    /// It is not, as is the way of its kind.
    Excused,
    /// It is not, and a person should know it.
    Said(&'static str),
    /// The old cluster knows.
    AsTheOld,
}

/// What the objects of one look may be excused by; read where one of them needs it.
#[derive(Default)]
struct Around {
    storage: Option<Vec<Value>>,
    classes: Option<Vec<Value>>,
    /// The Ingresses of the old cluster.
    ingresses: Option<Vec<Value>>,
}

impl Look<'_> {
    /// Tells of these what is waited for, and what is not.
    pub async fn excuse(&self, lacking: Vec<Lacking<'_>>, told: &mut Told) {
        if lacking.is_empty() {
            return;
        }
        let around = self.around(&lacking).await;
        let mut compared = vec![];
        for one in lacking {
            match self.answer(&around, &one.lack) {
                Answer::Waits => told.waiting.push(one.why),
                Answer::Excused => {}
                Answer::Said(because) => told.noted.push(format!("{}; {because}", one.why)),
                Answer::AsTheOld => compared.push(one),
            }
        }
        self.compare(compared, told).await;
    }

    /// What cannot be read is unknown.
    async fn around(&self, lacking: &[Lacking<'_>]) -> Around {
        let needs = |is: fn(&Lack) -> bool| lacking.iter().any(|one| is(&one.lack));
        let mut around = Around::default();
        if needs(|lack| matches!(lack, Lack::Volume(_))) {
            around.storage = self.kubernetes.all("storage.k8s.io/v1", "StorageClass").await.ok();
        }
        if needs(|lack| matches!(lack, Lack::Address(_))) {
            around.classes = self.kubernetes.all("networking.k8s.io/v1", "IngressClass").await.ok();
            let ingresses = async { self.old().await?.all("networking.k8s.io/v1", "Ingress").await };
            let answered = timeout(self.azure.clock().real(PATIENCE), ingresses).await;
            around.ingresses = answered.ok().and_then(Result::ok);
        }
        around
    }

    fn answer(&self, around: &Around, lack: &Lack) -> Answer {
        match lack {
            Lack::Address(class) => match (&around.classes, &around.ingresses) {
                (Some(classes), Some(of_old)) if class.gives(classes, of_old) => Answer::Waits,
                (Some(_), Some(_)) => Answer::Excused,
                _ => Answer::Said("whether anybody gives it one cannot be told"),
            },
            Lack::Volume(class) => match &around.storage {
                Some(classes) if waits_for_a_pod(class.as_deref(), classes) => Answer::Excused,
                Some(_) => Answer::AsTheOld,
                None => Answer::Said("whether it waits for a pod cannot be told"),
            },
            Lack::Measure(made) if is_waited_out(*made, self.azure.now()) => {
                Answer::Said("it is not waited for any longer")
            }
            Lack::Measure(_) => Answer::Waits,
            Lack::Other(_) => Answer::AsTheOld,
        }
    }

    /// Those that are as unready in the old cluster were so before, and users were well. Where nobody can tell, that excuses
    /// nothing.
    async fn compare(&self, lacking: Vec<Lacking<'_>>, told: &mut Told) {
        let looked = timeout(self.azure.clock().real(PATIENCE), self.ill_in_old(&lacking)).await;
        let ill = looked.ok().and_then(Result::ok).unwrap_or_default();
        for (place, one) in lacking.into_iter().enumerate() {
            if ill.get(place) == Some(&true) {
                let name = describe(&one.object.value);
                told.noted.push(format!("{}; {name} is not ready in the old cluster, either", one.why));
            } else {
                told.waiting.push(one.why);
            }
        }
    }

    /// Which of these are as ill in the old cluster.
    async fn ill_in_old(&self, lacking: &[Lacking<'_>]) -> Result<Vec<bool>, StepError> {
        let mut ill = vec![];
        if lacking.is_empty() {
            return Ok(ill);
        }
        let old = self.old().await?;
        for one in lacking.iter().take(MOST_COMPARED) {
            let pods = if let Lack::Other(pods) = one.lack { pods } else { None };
            ill.push(old.find(&one.object.value).await?.is_some_and(|found| is_no_worse(pods, &found)));
        }
        Ok(ill)
    }

    async fn old(&self) -> Result<Kubernetes, StepError> {
        self.azure.kubernetes(&self.run.plan.old_slot().cluster).await
    }
}
