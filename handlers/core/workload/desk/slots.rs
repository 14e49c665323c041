//! A Service at an address that only one slot has: in the other one its load balancer gets none.
use crate::resources::answers::{shortened, text};
use crate::workload::placeholders::Placeholders;
use serde_json::Value;

/// What stands in front of the names of a Service's annotations for Azure.
const OF_AZURE: &str = "service.beta.kubernetes.io/azure-";
/// Annotations that name addresses.
const ADDRESSES: [&str; 2] = ["load-balancer-ipv4", "additional-public-ips"];

/// What is to be written instead of a Service's address.
pub(super) fn pinned(object: &Value, placeholders: &Placeholders) -> Option<String> {
    if text(object, "/kind") != "Service" {
        return None;
    }
    let annotations = object["metadata"]["annotations"].as_object();
    let annotated = ADDRESSES.iter().filter_map(|name| {
        let (key, value) = annotations?.get_key_value(&format!("{OF_AZURE}{name}"))?;
        Some((format!("metadata.annotations.{key}"), value.as_str()?))
    });
    let plain = ("spec.loadBalancerIP".to_owned(), text(object, "/spec/loadBalancerIP"));
    annotated.chain([plain]).find_map(|(place, addresses)| {
        let instead = addresses.split(',').find_map(|text| placeholders.instead_of(text.trim().parse().ok()?))?;
        Some(format!(
            "{place} is {}, which one slot alone has, and the other slot's cluster never gets: use {instead}",
            shortened(addresses)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_of_one_slot_is_said_by_its_placeholder() {
        let address = |text: &str| text.parse().unwrap();
        let (blue, green) = ([address("10.1.15.1"), address("10.1.9.9")], [address("10.1.31.1"), address("10.1.9.9")]);
        let placeholders = Placeholders::of_the_desk(2, []).of_slots(&blue, &green);
        let of = |annotations: Value, spec: Value| {
            pinned(&json!({"kind": "Service", "metadata": {"annotations": annotations}, "spec": spec}), &placeholders)
        };
        for address in ["10.1.15.1", "10.1.31.1", " 10.1.31.1"] {
            let said = of(json!({"service.beta.kubernetes.io/azure-load-balancer-ipv4": address}), json!({})).unwrap();
            assert!(
                said.ends_with("use ${slot.address.0}") && said.contains("metadata.annotations.service.beta"),
                "{said}"
            );
            assert!(of(json!(null), json!({"loadBalancerIP": address})).is_some());
        }
        for free in ["10.1.9.9", "10.1.15.2", "${slot.address.0}", ""] {
            assert_eq!(
                of(
                    json!({"service.beta.kubernetes.io/azure-load-balancer-ipv4": free}),
                    json!({"loadBalancerIP": free})
                ),
                None,
                "{free}"
            );
        }
        let ingress = json!({"kind": "Ingress", "spec": {"loadBalancerIP": "10.1.15.1"}});
        assert_eq!(pinned(&ingress, &placeholders), None);
    }
}
