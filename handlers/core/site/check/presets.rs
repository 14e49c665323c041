//! Ready-made controllers of a site file: what each must say, and what it must not.
use super::changes::identities;
use super::manifests::has_user;
use super::{Mistake, mistake};
use crate::resources::answers::{list, shortened, text};
use crate::site::Preset;
use serde_json::Value;

pub(super) fn mistakes(file: &Value, place: &str, manifest: &Value, preset: Option<Preset>) -> Vec<Mistake> {
    let mut mistakes = vec![];
    let has = |member: &&&str| manifest.get(**member).is_some();
    for other in Preset::ALL.into_iter().filter(|other| Some(*other) != preset) {
        for member in other.members().iter().filter(has) {
            let what = format!("expected beside \"preset\": {:?} alone", other.name());
            mistakes.push(mistake(format!("{place}/{member}"), what));
        }
    }
    let Some(preset) = preset else { return mistakes };
    if manifest.get("file").is_some_and(|file| file != "" && manifest.get("renderings").is_none()) {
        mistakes.push(mistake(format!("{place}/file"), "expected \"file\" or \"preset\", not both"));
    }
    if manifest.get("repo").is_some() && manifest.get("version").is_none() {
        let what = "a chart at an address of your own needs its exact version";
        mistakes.push(mistake(format!("{place}/version"), what));
    }
    match preset {
        Preset::Agic => mistakes.extend(agic(file, place, manifest)),
        Preset::AadPodIdentity => {
            for (index, name) in list(manifest, "/bindings").iter().enumerate() {
                mistakes
                    .extend(name.as_str().and_then(|name| unknown(file, format!("{place}/bindings/{index}"), name)));
            }
        }
        Preset::WorkloadIdentity => {
            let of_charts = ["chart", "repo", "version", "name", "namespace", "values", "valuesFile", "tests"];
            let is_in_body = manifest.get("webhook") != Some(&Value::Bool(true));
            for member in of_charts.iter().filter(|member| is_in_body && manifest.get(**member).is_some()) {
                let what = "expected beside \"webhook\": true alone: without it the cluster brings its own";
                mistakes.push(mistake(format!("{place}/{member}"), what));
            }
        }
    }
    mistakes
}

fn agic(file: &Value, place: &str, manifest: &Value) -> Vec<Mistake> {
    let auth = format!("{place}/armAuth");
    if manifest.get("armAuth").is_none() {
        let kinds = "workloadIdentity, aadPodIdentity or servicePrincipal";
        return vec![mistake(auth, format!("expected as whom AGIC speaks with Azure: a \"type\" of {kinds}"))];
    }
    let is_principal = match text(manifest, "/armAuth/type") {
        "servicePrincipal" => true,
        "workloadIdentity" | "aadPodIdentity" => false,
        _ => return vec![],
    };
    let (needed, others): (&str, &[&str]) =
        if is_principal { ("secret", &["identity"]) } else { ("identity", &["secret", "readBy"]) };
    let mut mistakes = vec![];
    if text(manifest, &format!("/armAuth/{needed}")).is_empty() {
        let what = if is_principal {
            "expected the URL of a Key Vault secret with its armAuth.json: https://<vault>/secrets/<name>"
        } else {
            "expected the name of one of the site's \"identities\""
        };
        mistakes.push(mistake(format!("{auth}/{needed}"), what));
    }
    for member in others.iter().filter(|member| manifest["armAuth"].get(**member).is_some()) {
        mistakes.push(mistake(format!("{auth}/{member}"), "it means nothing beside this \"type\""));
    }
    for member in ["identity", "readBy"] {
        let name = text(manifest, &format!("/armAuth/{member}"));
        mistakes.extend((!name.is_empty()).then(|| unknown(file, format!("{auth}/{member}"), name)).flatten());
    }
    if has_user(text(manifest, "/armAuth/secret")) {
        mistakes.push(mistake(format!("{auth}/secret"), "the URL of a secret here has no user and no password"));
    }
    // The preset itself puts an empty one there.
    let given = text(manifest, "/values/armAuth/secretJSON");
    if !matches!(given, "" | "e30=") {
        let what =
            "a site file holds no secrets: put it into a Key Vault, and its URL into \"armAuth\": {\"secret\": …}";
        mistakes.push(mistake(format!("{place}/values/armAuth/secretJSON"), what));
    }
    mistakes
}

pub(super) fn unknown(file: &Value, place: String, name: &str) -> Option<Mistake> {
    if identities(file).any(|known| known == name) {
        return None;
    }
    let known: Vec<_> = identities(file).collect();
    let known = if known.is_empty() { "it names none".to_owned() } else { format!("it names {}", known.join(", ")) };
    Some(mistake(place, format!("expected one of the site's \"identities\", found {:?}: {known}", shortened(name))))
}
