//! The rights that a run uses in its clusters are asked for before the first of them is used: what is missing is said at once,
//! all of it, with what gives it.
use super::acting::Azure;
use super::apply::all_objects;
use crate::azure::kubernetes::{Kubernetes, Permitted, rollout};
use crate::plan::Kind;
use crate::run::{Run, StepError};
use crate::site::{Capacity, Colour, Site};
use crate::text::few;
use crate::workload::pins::{Field, Scaled};
use crate::workload::rights::{Right, remedy, to_apply, to_delete, to_keep};
use crate::workload::seen::SAYS_WHY;
use crate::workload::singletons::SingletonKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// So many rights are named.
const NAMED: usize = 12;
/// The old cluster has so long to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// What every new cluster is looked at by.
const LOOKED_AT: [(&str, &str); 4] =
    [("", "nodes"), ("apps", "deployments"), ("apps", "daemonsets"), ("apps", "statefulsets")];

/// What of it is compared with the old cluster's where it is ill.
const COMPARED: [&str; 3] = ["daemonsets", "deployments", "statefulsets"];

/// What was said of rights in a cluster.
#[derive(Debug, Default)]
pub struct Said {
    /// Which are missing, and what to do.
    pub missing: Option<String>,
    /// Which nobody can tell.
    pub unclear: Option<String>,
}

/// Whether the run may do in the old cluster what it will do there. It writes there only where the site says `capacity` or
/// `singletons`.
pub async fn of_the_old(run: &Run, azure: &Azure) -> Said {
    let site = &run.plan.site;
    if site.pins().is_none() && site.singletons.is_empty() {
        return Said::default();
    }
    let asked = async {
        let kubernetes = azure.kubernetes(&run.plan.old_slot().cluster).await?;
        let mut rights = to_pin(site.pins(), &kubernetes).await?;
        rights.extend(to_move(site, run.plan.old, &kubernetes).await?);
        let permitted = kubernetes.permitted(&rights, None).await?;
        let mut needed = said(&kubernetes, permitted, "the old cluster").await;
        // What is ill in the new cluster is compared with what it is here: without that right it is excused by nothing.
        let compared = COMPARED.map(|resource| Right::everywhere("get", "apps", resource)).into();
        let permitted = kubernetes.permitted(&compared, None).await?;
        let helpful = said(&kubernetes, permitted, "the old cluster").await;
        needed.unclear = needed.unclear.or(helpful.missing).or(helpful.unclear);
        Ok::<_, StepError>(needed)
    };
    in_time(azure, asked, "the old cluster").await
}

/// Whether the run may do in a kept cluster what it will do there, before users are led to it again. In one that is stopped
/// nobody can be asked: then it is asked for when it runs.
pub async fn of_the_kept(run: &Run, azure: &Azure) -> Said {
    if run.plan.kind != Kind::Return {
        return Said::default();
    }
    let asked = async {
        let id = &run.plan.new_slot().cluster;
        let Some(kept) = azure.cluster(id).await?.filter(|kept| kept.cannot_serve().is_none()) else {
            return Ok(Said::default());
        };
        let objects = all_objects(run, azure, &kept).await?;
        let kubernetes = azure.kubernetes(id).await?;
        of_the_new(run, azure, &kubernetes, &objects.iter().collect::<Vec<_>>()).await
    };
    in_time(azure, asked, "the kept cluster").await
}

async fn in_time(azure: &Azure, asked: impl Future<Output = Result<Said, StepError>>, place: &str) -> Said {
    let why = match timeout(azure.clock().real(PATIENCE), asked).await {
        Ok(Ok(said)) => return said,
        Ok(Err(error)) => format!("{:#}", error.into_cause()),
        Err(_) => "its API server does not answer".into(),
    };
    Said { unclear: Some(format!("rights in {place} could not be asked for: {why}")), missing: None }
}

/// What keeps a cluster large: what sizes workloads is listed everywhere, and amended where the site says so.
///
/// # Errors
/// When the API server does not say what it serves.
pub async fn to_pin(capacity: Option<&Capacity>, kubernetes: &Kubernetes) -> Result<BTreeSet<Right>, StepError> {
    let (mut rights, mut targets, mut sizes_rollouts) = (BTreeSet::new(), vec![], false);
    let Some(capacity) = capacity else { return Ok(rights) };
    for field in Field::ALL {
        let sample = json!({"apiVersion": field.api_version(), "kind": field.kind()});
        let Some(kind) = kubernetes.served(&sample).await? else { continue };
        rights.insert(Right::everywhere("list", &kind.resource.group, &kind.resource.plural));
        if field.is_size() {
            continue;
        }
        // Where it cannot be seen which there are, the missing right to list them is said first.
        let live = kubernetes.all(field.api_version(), field.kind()).await.unwrap_or_default();
        let spaces = live.iter().filter_map(|object| object["metadata"]["namespace"].as_str());
        let covered = spaces.filter(|space| capacity.covers(space));
        rights.extend(covered.map(|space| Right {
            namespace: Some(space.to_owned()),
            ..Right::everywhere("patch", &kind.resource.group, &kind.resource.plural)
        }));
        if field == Field::HorizontalPodAutoscaler {
            sizes_rollouts = live.iter().any(|one| one["spec"]["scaleTargetRef"]["kind"] == "Rollout");
            targets = Scaled { autoscalers: live, ..Scaled::default() }.further();
        }
    }
    // What else autoscalers size says itself whether it is ready.
    if let Some(kind) = kubernetes.served(&rollout()).await?.filter(|_| sizes_rollouts) {
        rights.insert(Right::everywhere("list", &kind.resource.group, &kind.resource.plural));
    }
    rights.extend(kubernetes.places(&targets.iter().collect::<Vec<_>>()).await?.into_iter().map(|place| Right {
        group: place.group,
        resource: place.resource,
        namespace: place.namespace,
        verb: "get",
    }));
    Ok(rights)
}

/// What gives the new cluster the sizes that people gave in the old one. Where that does not tell them, the writes do.
async fn to_size(run: &Run, azure: &Azure) -> BTreeSet<Right> {
    let Some(capacity) = run.plan.site.pins() else { return BTreeSet::new() };
    let looked = async { azure.kubernetes(&run.plan.old_slot().cluster).await?.scaled().await };
    let Ok(Ok(scaled)) = timeout(azure.clock().real(PATIENCE), looked).await else { return BTreeSet::new() };
    let covered = scaled.sized_by_people().filter(|(_, space)| capacity.covers(space));
    let right = |(field, space): (Field, &str)| {
        let resource = if field == Field::StatefulSet { "statefulsets" } else { "deployments" };
        Right { namespace: Some(space.to_owned()), ..Right::everywhere("patch", "apps", resource) }
    };
    covered.map(right).collect()
}

/// What stops and starts the site's singletons in the cluster of this colour, and sees that they have stopped.
///
/// # Errors
/// When the API server does not say what it serves.
pub async fn to_move(site: &Site, colour: Colour, kubernetes: &Kubernetes) -> Result<BTreeSet<Right>, StepError> {
    let mut rights = BTreeSet::new();
    for one in site.singletons_in(colour) {
        let right = |verb, group: &str, resource: &str| Right {
            namespace: Some(one.namespace.clone()),
            ..Right::everywhere(verb, group, resource)
        };
        rights.extend([right("list", "", "pods"), right("list", "batch", "jobs")]);
        if one.kind == SingletonKind::CronJob {
            rights.insert(right("patch", "batch", "cronjobs/status"));
        }
        if let Some(kind) = kubernetes.served(&one.object()).await? {
            rights.extend(["get", "patch"].map(|verb| right(verb, &kind.resource.group, &kind.resource.plural)));
        }
    }
    Ok(rights)
}

/// What applies the site's objects to a new cluster, and looks at what becomes of them there.
///
/// # Errors
/// When the API server does not say what it serves.
pub async fn to_install(
    site: &Site,
    colour: Colour,
    kubernetes: &Kubernetes,
    objects: &[&Value],
) -> Result<BTreeSet<Right>, StepError> {
    let places = kubernetes.places(objects).await?;
    let mut rights = if site.prune { to_keep(&places) } else { BTreeSet::new() };
    // What says another template than the one of earlier manifests is made anew.
    let jobs = places.iter().filter(|place| (place.group.as_str(), place.resource.as_str()) == ("batch", "jobs"));
    rights.extend(to_delete(&jobs.cloned().collect()));
    rights.extend(to_apply(places));
    rights.extend(to_move(site, colour, kubernetes).await?);
    rights.extend(LOOKED_AT.map(|(group, resource)| Right::everywhere("list", group, resource)));
    // Why pods have no node, and what those of some Jobs have said.
    let speaks = |object: &&&Value| object["metadata"]["annotations"][SAYS_WHY] == "true";
    let speaking = objects.iter().filter(speaks).filter_map(|object| object["metadata"]["namespace"].as_str());
    let spaces: Vec<_> = if site.pins().is_some() { vec![None] } else { speaking.map(Some).collect() };
    rights.extend(
        spaces
            .into_iter()
            .map(|space| Right { namespace: space.map(str::to_owned), ..Right::everywhere("list", "", "pods") }),
    );
    Ok(rights)
}

/// Whether these objects may be applied to the new cluster, looked at, and kept large there.
///
/// # Errors
/// When its API server does not answer.
pub async fn of_the_new(
    run: &Run,
    azure: &Azure,
    kubernetes: &Kubernetes,
    objects: &[&Value],
) -> Result<Said, StepError> {
    let mut rights = to_install(&run.plan.site, run.plan.new_colour(), kubernetes, objects).await?;
    rights.extend(to_pin(run.plan.site.pins(), kubernetes).await?);
    rights.extend(to_size(run, azure).await);
    let permitted = kubernetes.permitted(&rights, None).await?;
    Ok(said(kubernetes, permitted, "the new cluster").await)
}

/// Whether these objects may be deleted in the new cluster.
///
/// # Errors
/// When its API server does not answer.
pub async fn to_prune(kubernetes: &Kubernetes, objects: &[Value]) -> Result<Said, StepError> {
    let rights = to_delete(&kubernetes.places(&objects.iter().collect::<Vec<_>>()).await?);
    let permitted = kubernetes.permitted(&rights, None).await?;
    Ok(said(kubernetes, permitted, "the new cluster").await)
}

async fn said(kubernetes: &Kubernetes, permitted: Permitted, place: &str) -> Said {
    let Permitted { missing, unclear } = permitted;
    let unclear: Vec<_> = unclear.iter().map(|(right, why)| format!("{right} ({why})")).collect();
    let unclear = (!unclear.is_empty()).then(|| {
        format!("whether this identity may do this in {place} cannot be told: {}", few(&unclear, NAMED, "; "))
    });
    if missing.is_empty() {
        return Said { missing: None, unclear };
    }
    let who = kubernetes.known_as().await.unwrap_or_else(|_| "of the functions".into());
    let named: Vec<_> = missing.iter().map(ToString::to_string).collect();
    let words = format!("the identity {who} may not do this in {place}: {}", few(&named, NAMED, "; "));
    Said { missing: Some(format!("{words}: {}", remedy(&missing, &who))), unclear }
}
