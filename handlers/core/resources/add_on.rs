//! The add-on of AKS that is an ingress controller for Application Gateway (AGIC): whether a cluster's body starts it. Pure.
use serde_json::Value;

/// The way to its entry, and the member that starts it. Azure reads these names in any case.
const WAY: [&str; 4] = ["properties", "addonProfiles", "ingressApplicationGateway", "enabled"];

/// Where a body, or a change of one, starts it, as a JSON pointer. Whatever is not plainly off counts as on.
#[must_use]
pub fn starts_agic(body: &Value) -> Option<String> {
    at(body, &WAY)
}

fn at(value: &Value, way: &[&str]) -> Option<String> {
    let Some((name, further)) = way.split_first() else {
        return (!value.is_null() && *value != false).then(String::new);
    };
    // A name may stand there in several cases: which one Azure takes is its secret.
    let members = value.as_object()?.iter().filter(|(member, _)| member.eq_ignore_ascii_case(name));
    members.filter_map(|(member, value)| Some(format!("/{member}{}", at(value, further)?))).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_found_in_any_case_and_is_off_only_when_that_is_said() {
        let body = |name: &str, entry: Value| json!({"properties": {"addonProfiles": {name: entry}}});
        for (name, enabled) in [
            ("ingressApplicationGateway", json!(true)),
            ("INGRESSAPPLICATIONGATEWAY", json!(true)),
            ("ingressApplicationGateway", json!("true")),
        ] {
            let expected = format!("/properties/addonProfiles/{name}/enabled");
            assert_eq!(starts_agic(&body(name, json!({"enabled": enabled}))), Some(expected));
        }
        assert!(
            starts_agic(&json!({"Properties": {"AddonProfiles": {"ingressapplicationgateway": {"Enabled": true}}}}))
                .is_some()
        );
        let off = json!({"properties": {"addonProfiles": {
            "ingressApplicationGateway": {"enabled": false}, "IngressApplicationGateway": {"enabled": true}}}});
        assert!(starts_agic(&off).is_some(), "one of two names is on");
        for off in [json!({"enabled": false}), json!({"enabled": null}), json!({"config": {}}), json!(null), json!(7)] {
            assert_eq!(starts_agic(&body("ingressApplicationGateway", off.clone())), None, "{off}");
        }
        assert_eq!(starts_agic(&body("omsagent", json!({"enabled": true}))), None);
    }
}
