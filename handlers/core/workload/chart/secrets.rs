//! Secrets among the values of a chart, by their names. Pure.
use crate::resources::answers::shortened;
use serde_json::Value;

/// What secrets are called, in small letters and without what parts words.
pub const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "apikey",
    "accesskey",
    "accountkey",
    "sharedkey",
    "privatekey",
    "connectionstring",
    "token",
    "credential",
];
/// Further ends of such names. One that ends with `Secret` alone may be the name of one.
const ENDS: [&str; 5] = ["credentials", "clientsecret", "appsecret", "sharedsecret", "secretvalue"];

/// Where values hold a secret as it is: JSON pointers. A placeholder is none.
#[must_use]
pub fn in_values(values: &Value) -> Vec<String> {
    let mut places = vec![];
    find(values, "", &mut places);
    places
}

fn find(value: &Value, place: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_of_secret = value["name"].as_str().is_some_and(is_secret);
            for (name, member) in members {
                let place = format!("{place}/{}", shortened(name).replace('~', "~0").replace('/', "~1"));
                let is_named = is_secret(name) || (is_of_secret && name == "value");
                if is_named && is_literal(member) {
                    places.push(place);
                } else {
                    find(member, &place, places);
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| find(item, &format!("{place}/{index}"), places));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let bare = name.replace(['_', '-', '.'], "").to_lowercase();
    NAMES.iter().chain(&ENDS).any(|end| bare.ends_with(end)) && !bare.contains("existing")
}

fn is_literal(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.is_empty() && !text.contains("${"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_called_a_secret_is_found_wherever_it_stands() {
        let values = json!({
            "apiKey": "x", "db": [{"adminPasswd": 1, "user": "shop"}], "a/b": {"S3_ACCESS_KEY": "x"},
            "extraEnv": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "LEVEL", "value": "debug"}],
        });
        let expected = ["/apiKey", "/db/0/adminPasswd", "/a~1b/S3_ACCESS_KEY", "/extraEnv/0/value"];
        assert_eq!(in_values(&values), expected);
    }

    #[test]
    fn names_of_secrets_and_what_is_filled_in_are_none() {
        let values = json!({
            "existingSecret": "x", "passwordKey": "password", "existingPassword": "x", "tlsSecret": "shop-tls", "tokenPath": "/t",
            "token": {"audience": "api"}, "clientSecret": "${cluster.name}", "password": "", "serviceAccountToken": true,
            "secretKey": "password", "imagePullSecrets": [{"name": "pull"}],
            "env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
        });
        assert_eq!(in_values(&values), [""; 0]);
    }
}
