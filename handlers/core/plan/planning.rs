//! A plan is made: from a site, a request, and a look at the world.
use crate::plan::federation::issuer;
use crate::plan::request::Request;
use crate::plan::versions::{Offered, Support, wanted};
use crate::plan::{Identity, KeptSize, Kind, Plan, PlannedPools, Principals, Surroundings, Version, planned};
use crate::resources::cluster::Cluster;
use crate::resources::gateway::{Gateway, Pool};
use crate::resources::made::made_by_azure;
use crate::resources::size::Size;
use crate::site::check::Checked;
use crate::site::{Colour, Site};
use std::collections::BTreeMap;

/// What is seen when a plan is made.
pub struct World {
    /// The gateway.
    pub gateway: Gateway,
    /// The blue slot's cluster, if there is one.
    pub blue: Option<Cluster>,
    /// The green slot's cluster, if there is one.
    pub green: Option<Cluster>,
    /// What the region offers.
    pub offered: Offered,
    /// How big the cluster in the idle slot was before a run reduced it, if that run recorded it.
    pub before: Option<Size>,
    /// The cloud, by the name that go-autorest has for it.
    pub environment: String,
    /// The site's identities, by their names there; `None`: there is none of that id.
    pub identities: BTreeMap<String, Option<Identity>>,
}

impl World {
    /// The cluster of a slot.
    #[must_use]
    pub fn cluster(&self, colour: Colour) -> Option<&Cluster> {
        match colour {
            Colour::Blue => self.blue.as_ref(),
            Colour::Green => self.green.as_ref(),
        }
    }
}

/// The colour whose addresses the live pools hold.
///
/// # Errors
/// When they hold something else.
pub fn serving(site: &Site, gateway: &Gateway) -> Result<Colour, String> {
    let holds = |colour: &Colour| gateway.shows(&site.pools.live_with(&site.slot(*colour).addresses));
    [Colour::Blue, Colour::Green].into_iter().find(holds).ok_or_else(|| {
        let held = |pool: &String| match gateway.pool(pool).map(Pool::members) {
            None => format!("no pool {pool}"),
            Some(members) if members.is_empty() => format!("nothing in {pool}"),
            Some(members) => format!("{} in {pool}", members.join(", ")),
        };
        let found: Vec<_> = site.pools.live.iter().map(held).collect();
        format!(
            "the live pools hold neither exactly blue's nor exactly green's addresses: found {}. Mend the pools or the \
             site file, or send all traffic to one of them: bluegreen break-glass {} --to COLOUR",
            found.join("; "),
            site.name
        )
    })
}

/// What placeholders stand for that neither the site nor a cluster tells.
///
/// # Errors
/// When an identity that the site names does not exist.
pub fn surroundings(site: &Site, world: &World) -> Result<Surroundings, String> {
    let old = serving(site, &world.gateway).ok().and_then(|old| world.cluster(old));
    let issuer = old.and_then(|old| issuer(&old.0)).unwrap_or_default().to_owned();
    let mut identities = BTreeMap::new();
    for (name, id) in &site.identities {
        let missing =
            || format!("the identity {name:?} ({id}) does not exist: make it, or correct \"identities\" in the site");
        let found = world.identities.get(name).and_then(Option::as_ref).ok_or_else(missing)?;
        identities.insert(name.clone(), found.clone());
    }
    let environment = world.environment.clone();
    Ok(Surroundings { environment, identities, issuer, ..Surroundings::default() })
}

/// Whose roles may have to be taken back: only where the site wants roles copied.
fn principals(site: &Site, kind: Kind, old: &Cluster, found: Option<&Cluster>) -> Principals {
    let of = |cluster: &Cluster| {
        let made = made_by_azure(&cluster.0).into_iter().filter(|made| !made.principal.is_empty());
        made.map(|made| (made.principal, made.whose)).collect()
    };
    if site.copy_roles.is_none() {
        return Principals::default();
    }
    let leftover = found.filter(|_| kind != Kind::Return);
    Principals { old: of(old), leftover: leftover.map(of).unwrap_or_default() }
}

/// Whose credentials go with what makes room.
fn leftover_issuer(site: &Site, kind: Kind, found: Option<&Cluster>) -> String {
    let leftover = found.filter(|_| kind != Kind::Return && !site.federate.is_empty());
    leftover.and_then(|found| issuer(&found.0)).unwrap_or_default().to_owned()
}

/// Makes the plan of a request.
///
/// # Errors
/// Why there is none: what was expected, what came, what to do.
pub fn plan(site: &Checked, request: &Request, world: &World) -> Result<Plan, String> {
    let old = serving(site, &world.gateway)?;
    let cluster_of = |colour: Colour| format!("the {} cluster ({})", colour.name(), site.slot(colour).cluster);
    let serves = world.cluster(old).ok_or_else(|| format!("{} serves, but does not exist", cluster_of(old)))?;
    let old_version: Version =
        serves.version().parse().map_err(|why| format!("{} has an unreadable version: {why}", cluster_of(old)))?;
    let found = world.cluster(old.other());
    let version = match request.kind {
        Kind::Upgrade => {
            let text = request.version.as_deref().ok_or(
                "a request of kind \"upgrade\" needs a version: an exact one, \"latest-patch\" or \"latest-stable\"",
            )?;
            let support = Support::after(&serves.0, &site.changes(old.other()));
            let version = wanted(text, old_version, support, &world.offered)?;
            if version <= old_version {
                let asked = if text == version.to_string() { text.to_owned() } else { format!("{text} is {version}") };
                return Err(format!("{asked} was asked for, and {} runs {old_version} already", cluster_of(old)));
            }
            version
        }
        Kind::Replace => old_version,
        Kind::Return => {
            let kept =
                found.ok_or_else(|| format!("there is nothing to return to: {} is gone", cluster_of(old.other())))?;
            kept.version().parse()?
        }
    };
    if let (Some(asked), Kind::Replace | Kind::Return) = (&request.version, request.kind)
        && *asked != version.to_string()
    {
        return Err(format!("this kind of request goes to {version}, not to {asked}: leave the version out"));
    }
    let (old_addresses, new_addresses) = (&site.slot(old).addresses, &site.slot(old.other()).addresses);
    let stages: Vec<_> = site.stages.iter().map(|stage| planned(stage, old_addresses, new_addresses)).collect();
    Ok(Plan {
        kind: request.kind,
        version,
        old,
        old_uid: serves.uid().to_owned(),
        found_uid: found.map(|found| found.uid().to_owned()),
        found_stopped: found.is_some_and(Cluster::is_stopped),
        kept: found.filter(|_| request.kind == Kind::Return).and_then(|found| {
            let before = world.before.clone()?;
            Some(KeptSize { found: Size::of(found), before })
        }),
        found_glass: world.gateway.mark().filter(|_| world.gateway.is_glass_broken()).map(str::to_owned),
        pools: Some(PlannedPools::of(site, old, &stages)),
        surroundings: Surroundings {
            principals: principals(site, request.kind, serves, found),
            leftover_issuer: leftover_issuer(site, request.kind, found),
            ..surroundings(site, world)?
        },
        stages,
        site: (**site).clone(),
    })
}
