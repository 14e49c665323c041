//! Whom an identity of Entra trusts: federated credentials, by which a cluster's pods get its tokens. A new cluster issues the
//! tokens of its pods under a name of its own: whomever the old one's are trusted for, its must be.
//!
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>
use crate::plan::Plan;
use crate::resources::answers::{list, text};
use crate::resources::digest::digest;
use crate::site::preset::ArmAuthKind;
use crate::site::{Manifest, Preset};
use serde_json::{Value, json};

/// An identity takes no more of them.
pub const MOST: usize = 20;
/// What the names of those begin with that we make.
const OURS: &str = "aks-bluegreen-";

/// A federated credential of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its name at the identity.
    pub name: String,
    /// Whose tokens: a cluster's issuer.
    pub issuer: String,
    /// For whom: `system:serviceaccount:<namespace>:<name>`. Empty for one that says it by an expression (a flexible one):
    /// it takes its place, and is for no cluster's pods.
    pub subject: String,
    /// Made out to whom.
    pub audiences: Vec<String>,
}

impl Credential {
    /// A credential in an answer of `…/federatedIdentityCredentials`; `None` for what has no name or no issuer.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let member = |at: &str| Some(text(answer, at).to_owned()).filter(|text| !text.is_empty());
        let audiences = list(answer, "/properties/audiences").iter().filter_map(|one| one.as_str().map(str::to_owned));
        Some(Self {
            name: member("/name")?,
            issuer: member("/properties/issuer")?,
            subject: member("/properties/subject").unwrap_or_default(),
            audiences: audiences.collect(),
        })
    }

    /// What is written to make it.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"properties": {"issuer": self.issuer, "subject": self.subject, "audiences": self.audiences}})
    }

    /// Whether it trusts the tokens of this issuer. Entra compares them letter by letter, the last slash, too.
    ///
    /// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#errors>
    #[must_use]
    pub fn trusts(&self, issuer: &str) -> bool {
        !issuer.is_empty() && self.issuer == issuer
    }

    /// Whether somebody meant this issuer, and wrote it otherwise: it trusts no token.
    #[must_use]
    pub fn nearly_trusts(&self, issuer: &str) -> bool {
        let bare = |issuer: &str| issuer.trim_end_matches('/').to_lowercase();
        !bare(issuer).is_empty() && !self.trusts(issuer) && bare(&self.issuer) == bare(issuer)
    }

    /// Whether an identity that has this one takes no other like it: of an issuer and a subject it has one.
    #[must_use]
    pub fn is_in_the_way_of(&self, other: &Self) -> bool {
        let is_another = !self.name.eq_ignore_ascii_case(&other.name);
        is_another && self.issuer == other.issuer && self.subject == other.subject
    }

    /// Whether we made it, for this cluster.
    #[must_use]
    pub fn is_ours(&self, cluster: &str) -> bool {
        self.name.starts_with(&prefix(cluster))
    }

    /// The same for the issuer of another cluster. Its name follows from the cluster and from whom it is for: it is found
    /// again, and the next cluster in this slot writes over it.
    fn on(&self, cluster: &str, issuer: &str) -> Self {
        let whom = digest(&format!("{} {:?}", self.subject, self.audiences));
        Self { name: format!("{}{}", prefix(cluster), &whom[..16]), issuer: issuer.to_owned(), ..self.clone() }
    }

    fn is_for_whom(&self, other: &Self) -> bool {
        self.subject == other.subject && self.audiences.iter().all(|one| other.audiences.contains(one))
    }
}

fn prefix(cluster: &str) -> String {
    format!("{OURS}{}-", &digest(&cluster.to_lowercase())[..10])
}

/// The name under which a cluster issues the tokens of its pods, if it does.
#[must_use]
pub fn issuer(cluster: &Value) -> Option<&str> {
    Some(text(cluster, "/properties/oidcIssuerProfile/issuerURL")).filter(|issuer| !issuer.is_empty())
}

/// What the identity of this name lacks that has these: for whom it trusts the old cluster, and whom ready-made controllers
/// need it for, and does not trust the new one, whose issuer this is. `old`: the old one's issuer, if it has one.
#[must_use]
pub fn missing(plan: &Plan, identity: &str, there: &[Credential], old: Option<&str>, new: &str) -> Vec<Credential> {
    let cluster = &plan.new_slot().cluster;
    let trusted = |wanted: &Credential| there.iter().any(|one| one.trusts(new) && wanted.is_for_whom(one));
    let is_of_old = |one: &&Credential| !one.subject.is_empty() && old.is_some_and(|old| one.trusts(old));
    let of_old = there.iter().filter(is_of_old).cloned();
    let mut missing: Vec<Credential> = vec![];
    for wanted in of_old.chain(of_presets(plan, identity)).filter(|wanted| !trusted(wanted)) {
        let wanted = wanted.on(cluster, new);
        if !missing.contains(&wanted) {
            missing.push(wanted);
        }
    }
    missing
}

/// Whom ready-made controllers need an identity for. Its own issuer each credential gets later.
fn of_presets(plan: &Plan, identity: &str) -> impl Iterator<Item = Credential> {
    let audience = match plan.surroundings.environment.as_str() {
        "AzureChinaCloud" => "api://AzureADTokenExchangeChina",
        "AzureUSGovernmentCloud" => "api://AzureADTokenExchangeUSGov",
        _ => "api://AzureADTokenExchange",
    };
    let needs = move |manifest: &&Manifest| {
        let auth = manifest.arm_auth.as_ref().filter(|_| manifest.preset == Some(Preset::Agic));
        auth.is_some_and(|auth| {
            auth.kind == ArmAuthKind::WorkloadIdentity && auth.identity.as_deref() == Some(identity)
        })
    };
    plan.site.manifests().filter(needs).map(move |agic| Credential {
        name: String::new(),
        issuer: String::new(),
        subject: format!("system:serviceaccount:{}:{}", agic.namespace(), account(agic.release())),
        audiences: vec![audience.to_owned()],
    })
}

/// The service account that AGIC's chart makes in a release.
fn account(release: &str) -> String {
    if release.contains("ingress-azure") { release.to_owned() } else { format!("{release}-sa-ingress-azure") }
}

/// Those that were meant for this issuer and trust none of its tokens, for a person; nothing: there are none.
#[must_use]
pub fn near_misses(there: &[Credential], issuer: &str) -> Option<String> {
    let named = there.iter().filter(|one| one.nearly_trusts(issuer));
    let named: Vec<_> = named.map(|one| format!("{} ({})", one.name, one.issuer)).collect();
    (!named.is_empty()).then(|| format!("no token is trusted by {}, for the issuer is {issuer}", named.join(", ")))
}

/// A cluster that is gone, whose credentials go with it.
#[derive(Clone, Copy, Debug)]
pub struct Gone<'a> {
    /// Its id; another may have it by now.
    pub cluster: &'a str,
    /// Its issuer, where it was written down.
    pub issuer: Option<&'a str>,
    /// The issuer of a cluster that is not gone.
    pub living: &'a str,
}

impl Gone<'_> {
    /// Whether a credential goes: we made it for this cluster, and by its issuer.
    #[must_use]
    pub fn takes(&self, one: &Credential) -> bool {
        let is_its = self.issuer.map_or_else(|| !one.trusts(self.living), |issuer| one.trusts(issuer));
        one.is_ours(self.cluster) && is_its
    }

    /// Whether a credential is for it, whoever made it.
    #[must_use]
    pub fn is_meant_by(&self, one: &Credential) -> bool {
        self.issuer.is_some_and(|issuer| one.trusts(issuer) || one.nearly_trusts(issuer))
    }
}

/// How many it would have with these: one that is ours is written over.
#[must_use]
pub fn count_with(there: &[Credential], missing: &[Credential]) -> usize {
    let new = missing.iter().filter(|one| !there.iter().any(|known| known.name.eq_ignore_ascii_case(&one.name)));
    there.len() + new.count()
}
