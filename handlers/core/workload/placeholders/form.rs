//! The form of what placeholders stand for, where that is not known yet. Pure.
use super::{Part, Parts};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A text with something in each placeholder that has the form of what it will be; `None`: what stands there may have many.
pub(crate) fn in_form(text: &str) -> Option<String> {
    in_form_of(text, "green")
}

/// The same in the slot of this colour.
pub(crate) fn in_form_of(text: &str, colour: &str) -> Option<String> {
    let each = Parts(text).map(|part| match part {
        Part::Plain(text) => Some(Cow::Borrowed(text)),
        Part::Escaped => Some(Cow::Borrowed("${")),
        Part::Name("slot.colour") => Some(Cow::Owned(colour.to_owned())),
        Part::Name(name) => form(name),
        Part::Endless(_) => None,
    });
    each.collect()
}

/// What a placeholder may come to, where all that it may come to have the same form. No two come to the same, and none to what
/// somebody would write, so that none is taken for another one.
fn form(name: &str) -> Option<Cow<'static, str>> {
    let of_resource = |kind: &str| format!("/subscriptions/{}/resourceGroups/a/providers/{kind}", guid(name));
    Some(match name {
        "cluster.version" => "1.34.99".into(),
        "cluster.location" => "anyregion".into(),
        "cluster.id" => of_resource("Microsoft.ContainerService/managedClusters/a").into(),
        "slot.subnet" => of_resource("Microsoft.Network/virtualNetworks/a/subnets/a").into(),
        "gateway.id" => of_resource("Microsoft.Network/applicationGateways/a").into(),
        "oidc.issuer" => format!("https://anyregion.oic.prod-aks.azure.com/{}/{}/", guid("tenant"), guid(name)).into(),
        "subscription" | "tenant" | "cluster.secretsProvider.clientId" => guid(name).into(),
        "environment" => "AzureAnyCloud".into(),
        _ if name.starts_with("slot.address.") => {
            let index: u8 = name.rsplit('.').next()?.parse().ok()?;
            format!("10.0.{index}.1").into()
        }
        _ if name.starts_with("identity.") && name.ends_with(".resourceId") => {
            of_resource("Microsoft.ManagedIdentity/userAssignedIdentities/a").into()
        }
        _ if name.starts_with("identity.") => guid(name).into(),
        _ => return None,
    })
}

/// An id that begins with a letter, as some do: a name that must not begin with a digit may be right.
fn guid(of: &str) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("a0000000-0000-4000-8000-{:012x}", hasher.finish() & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_many_forms_has_none() {
        for name in ["cluster.name", "gateway.name", "cluster.nodeResourceGroup", "run.id", "nothing"] {
            assert_eq!(in_form(&format!("x-${{{name}}}")), None, "{name}");
        }
        assert_eq!(in_form("a-${slot.colour}").as_deref(), Some("a-green"));
        assert_eq!(in_form_of("a-${slot.colour}", "blue").as_deref(), Some("a-blue"));
        assert_ne!(in_form("${slot.address.0}"), in_form("${slot.address.1}"));
        assert_ne!(in_form("${identity.a.clientId}"), in_form("${identity.b.clientId}"));
    }
}
