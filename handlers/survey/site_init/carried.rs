//! What a new cluster does not have of the old one's, though its body is the same: a person must see to it.
use super::{Found, Sheet};
use crate::plan::checks::{found as in_words, gives_identities};
use crate::resources::answers::{is_true, text};
use crate::resources::made::made_by_azure;
use serde_json::{Value, json};

/// Identities, the issuer of tokens, and what hangs on the cluster.
pub(super) fn write(sheet: &mut Sheet, found: &Found, cluster: &Value) {
    let name = text(cluster, "/name");
    let made = made_by_azure(cluster);
    if !made.is_empty() {
        sheet.placeholder("grantsPrepared", "true, if somebody gives each new cluster's own identities their roles");
    }
    if !made.is_empty() {
        sheet.note(
            "/grantsPrepared",
            "Or leave it out and write \"copyRoles\": {}: the run gives them the old ones' roles.",
        );
    }
    for made in made {
        sheet.note(
            "/grantsPrepared",
            &format!(
                "{}: Azure made it for {name}, and the new cluster's is another, without roles. Usually: {}.",
                made.whose, made.roles
            ),
        );
        if !made.better.is_empty() {
            sheet.note("/grantsPrepared", &format!("Better: {}.", made.better));
        }
    }
    if gives_identities(cluster) {
        let what =
            "true, if somebody makes the federated credentials for each new cluster's issuer before traffic moves";
        sheet.placeholder("federationPrepared", what);
        sheet.note("/federationPrepared", &format!(
            "Pods of {name} get identities of Entra by its issuer (workload identity); the new cluster has another issuer. \
             See docs/start.md."
        ));
    } else if is_true(cluster, "/properties/oidcIssuerProfile/enabled") {
        sheet.note("/clusterChanges", &format!(
            "{name} has an issuer of tokens, and workload identity is off. Whoever trusts that issuer must trust the new \
             cluster's, too."
        ));
    }
    attached(sheet, found);
}

fn attached(sheet: &mut Sheet, found: &Found) {
    let mut open = vec![];
    for listed in &found.attached {
        let Some(names) = in_words(listed) else { continue };
        let (kind, (words, without)) = (listed.kind.name(), listed.kind.in_words());
        sheet.note("/notCarried", &format!("{kind}: {words} ({names}). Without them in the new cluster, {without}."));
        let what = format!("{kind}, if others make them for each new cluster, or nobody needs them");
        open.push(sheet.undecided(&format!("/notCarried/{}", open.len()), &what));
    }
    if !open.is_empty() {
        sheet.set("notCarried", json!(open));
    }
}
