//! Pure: as whom and with which profiles containers run.
use super::{
    findings::{Findings, items},
    texts::path_below,
};
use serde_json::{Map, Value};

/// The security context of a pod.
pub(super) fn of_a_pod(context: &Map<String, Value>, findings: &mut Findings) {
    for (at, group) in items(context.get("supplementalGroups")).iter().enumerate() {
        if group.as_i64().is_some_and(|group| !(0..=i64::from(i32::MAX)).contains(&group)) {
            let why = "must be between 0 and 2147483647, inclusive";
            findings.invalid(&format!("supplementalGroups[{at}]"), group, why);
        }
    }
    let settings = items(context.get("sysctls"));
    for (at, setting) in settings.iter().enumerate() {
        let (name, member) = (setting["name"].as_str().unwrap_or_default(), format!("sysctls[{at}].name"));
        if name.is_empty() {
            findings.required(&member, "");
        } else if !is_setting(name) {
            let why = "must have at most 253 characters and match regex \
                       ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            findings.invalid(&member, &setting["name"], why);
        } else if settings[..at].iter().any(|other| other["name"] == name) {
            findings.duplicate(&member, &setting["name"]);
        }
    }
}

/// `net.core.somaxconn`: a setting of the kernel.
fn is_setting(name: &str) -> bool {
    let is_right = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.iter().all(|byte| is_right(*byte) || matches!(byte, b'-' | b'_'))
            && [bytes.first(), bytes.last()].into_iter().all(|end| end.is_some_and(|byte| is_right(*byte)))
    };
    name.len() <= 253 && name.split(['.', '/']).all(is_part)
}

/// A profile of what a container may ask the kernel for.
pub(super) fn is_a_filter(profile: &Map<String, Value>, findings: &mut Findings) {
    let file = profile.get("localhostProfile").unwrap_or(&Value::Null);
    match (profile.get("type").and_then(Value::as_str), file.as_str()) {
        (Some("Localhost"), None | Some("")) => {
            findings.required("localhostProfile", "must be set when seccomp type is Localhost");
        }
        (Some("Localhost"), Some(path)) => {
            path_below(path).iter().for_each(|why| findings.invalid("localhostProfile", file, why));
        }
        (Some(_), Some(_)) => {
            findings.invalid("localhostProfile", file, "can only be set when seccomp type is Localhost");
        }
        _ => {}
    }
}

/// A profile of `AppArmor`.
pub(super) fn is_a_profile(profile: &Map<String, Value>, findings: &mut Findings) {
    let name = profile.get("localhostProfile").unwrap_or(&Value::Null);
    match (profile.get("type").and_then(Value::as_str), name.as_str()) {
        (Some("Localhost"), None | Some("")) => {
            findings.required("localhostProfile", "must be set when AppArmor type is Localhost");
        }
        (Some("RuntimeDefault" | "Unconfined"), Some(_)) => {
            findings.invalid("localhostProfile", name, "can only be set when AppArmor type is Localhost");
        }
        _ => {}
    }
}
