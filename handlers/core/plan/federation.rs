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
    /// For whom: `system:serviceaccount:<namespace>:<name>`.
    pub subject: String,
    /// Made out to whom.
    pub audiences: Vec<String>,
}

impl Credential {
    /// A credential in an answer of `…/federatedIdentityCredentials`; `None` for one of another form (there are such with an
    /// expression in place of the subject).
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let member = |at: &str| Some(text(answer, at).to_owned()).filter(|text| !text.is_empty());
        let audiences = list(answer, "/properties/audiences").iter().filter_map(|one| one.as_str().map(str::to_owned));
        Some(Self {
            name: member("/name")?,
            issuer: member("/properties/issuer")?,
            subject: member("/properties/subject")?,
            audiences: audiences.collect(),
        })
    }

    /// What is written to make it.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"properties": {"issuer": self.issuer, "subject": self.subject, "audiences": self.audiences}})
    }

    /// Whether it trusts the tokens of this issuer.
    #[must_use]
    pub fn trusts(&self, issuer: &str) -> bool {
        !issuer.is_empty() && self.issuer.trim_end_matches('/') == issuer.trim_end_matches('/')
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
    let of_old = there.iter().filter(|one| old.is_some_and(|old| one.trusts(old))).cloned();
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

/// How many it would have with these: one that is ours is written over.
#[must_use]
pub fn count_with(there: &[Credential], missing: &[Credential]) -> usize {
    let new = missing.iter().filter(|one| !there.iter().any(|known| known.name.eq_ignore_ascii_case(&one.name)));
    there.len() + new.count()
}
