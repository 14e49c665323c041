//! Pure: the Pod Security Standards, as the labels of a namespace ask for them. Of the standards' checks those are here that
//! charts run into; `version` labels are shown, not obeyed.
use crate::kubernetes::{kinds::Kind, objects::Objects};
use serde_json::Value;

const LABEL: &str = "pod-security.kubernetes.io/";

/// Refuses a pod that breaks the enforced standard, and warns of pods and workloads that break the one to warn of.
pub(super) fn hold(objects: &mut Objects, kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), String> {
    let is_pod = kind.kind == "Pod" && kind.group.is_empty();
    let pod = match kind.kind.as_str() {
        "Pod" => &object["spec"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => &object["spec"]["template"]["spec"],
    };
    if !pod.is_object() || before.is_some_and(|before| before["spec"] == object["spec"]) {
        return Ok(());
    }
    let space = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let Some(space) = objects.store.get("namespaces", "", space) else { return Ok(()) };
    let asked = |mode: &str| {
        let label = |name: String| space["metadata"]["labels"][name].as_str();
        let level = label(format!("{LABEL}{mode}")).filter(|level| *level != "privileged")?;
        let version = label(format!("{LABEL}{mode}-version")).unwrap_or("latest");
        let wrong = violations(pod, level == "restricted");
        (!wrong.is_empty()).then(|| format!("PodSecurity \"{level}:{version}\": {}", wrong.join(", ")))
    };
    let (enforced, warned) = (asked("enforce").filter(|_| is_pod), asked("warn"));
    if let Some(wrong) = enforced {
        return Err(format!("violates {wrong}"));
    }
    if let Some(wrong) = warned {
        objects.warnings.push(format!("would violate {wrong}"));
    }
    Ok(())
}

struct Pod<'a> {
    spec: &'a Value,
    containers: Vec<&'a Value>,
}

/// What in a pod breaks the standard: `baseline`, or `restricted`.
fn violations(spec: &Value, restricted: bool) -> Vec<String> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten()).collect();
    let pod = Pod { spec, containers };
    let mut wrong = vec![];
    pod.breaks_baseline(restricted, &mut wrong);
    if restricted {
        pod.breaks_restricted(&mut wrong);
    }
    wrong
}

impl Pod<'_> {
    /// The names of the containers that are wrong: `container "a"`, `containers "a", "b"`.
    fn those(&self, wrong: impl Fn(&Value) -> bool) -> Option<String> {
        let names: Vec<String> =
            self.containers.iter().filter(|one| wrong(one)).map(|one| one["name"].to_string()).collect();
        named("container", &names)
    }

    fn breaks_baseline(&self, restricted: bool, wrong: &mut Vec<String>) {
        const USUAL: &[&str] = &[
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT",
        ];
        if !restricted && let Some(those) = self.those(|one| added(one).any(|added| !USUAL.contains(&added))) {
            let all: Vec<String> = self
                .containers
                .iter()
                .flat_map(|one| added(one))
                .filter(|one| !USUAL.contains(one))
                .map(|one| format!("{one:?}"))
                .collect();
            wrong.push(format!(
                "non-default capabilities ({those} must not include {} in securityContext.capabilities.add)",
                all.join(", ")
            ));
        }
        let spaces = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|space| self.spec[*space] == true);
        let spaces: Vec<String> = spaces.map(|space| format!("{space}=true")).collect();
        if !spaces.is_empty() {
            wrong.push(format!("host namespaces ({})", spaces.join(", ")));
        }
        let volumes = self.spec["volumes"].as_array().into_iter().flatten().filter(|one| one["hostPath"].is_object());
        if let Some(those) = named("volume", &volumes.map(|one| one["name"].to_string()).collect::<Vec<_>>()) {
            wrong.push(format!("hostPath volumes ({those})"));
        }
        let ports = |one: &Value| -> Vec<u64> {
            let ports = one["ports"].as_array().into_iter().flatten();
            ports.filter_map(|port| port["hostPort"].as_u64()).filter(|port| *port > 0).collect()
        };
        if let Some(those) = self.those(|one| !ports(one).is_empty()) {
            let all: Vec<String> =
                self.containers.iter().flat_map(|one| ports(one)).map(|port| port.to_string()).collect();
            let (verb, s) =
                (if those.starts_with("containers") { "use" } else { "uses" }, if all.len() > 1 { "s" } else { "" });
            wrong.push(format!("hostPort ({those} {verb} hostPort{s} {})", all.join(", ")));
        }
        if let Some(those) = self.those(|one| one["securityContext"]["privileged"] == true) {
            wrong.push(format!("privileged ({those} must not set securityContext.privileged=true)"));
        }
    }

    fn breaks_restricted(&self, wrong: &mut Vec<String>) {
        const VOLUMES: &[&str] = &[
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        if let Some(those) = self.those(|one| one["securityContext"]["allowPrivilegeEscalation"] != false) {
            wrong.push(format!(
                "allowPrivilegeEscalation != false ({those} must set securityContext.allowPrivilegeEscalation=false)"
            ));
        }
        let drops = |one: &Value| {
            let dropped = one["securityContext"]["capabilities"]["drop"].as_array();
            dropped.is_some_and(|list| list.iter().any(|dropped| dropped == "ALL"))
        };
        let mut capabilities = vec![];
        if let Some(those) = self.those(|one| !drops(one)) {
            capabilities.push(format!("{those} must set securityContext.capabilities.drop=[\"ALL\"]"));
        }
        if let Some(those) = self.those(|one| added(one).any(|added| added != "NET_BIND_SERVICE")) {
            let all = self.containers.iter().flat_map(|one| added(one)).filter(|one| *one != "NET_BIND_SERVICE");
            let all: Vec<String> = all.map(|one| format!("{one:?}")).collect();
            capabilities
                .push(format!("{those} must not include {} in securityContext.capabilities.add", all.join(", ")));
        }
        if !capabilities.is_empty() {
            wrong.push(format!("unrestricted capabilities ({})", capabilities.join("; ")));
        }
        for volume in self.spec["volumes"].as_array().into_iter().flatten() {
            let sort = volume.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            if let Some(sort) = sort.into_iter().find(|name| *name != "name" && !VOLUMES.contains(name)) {
                wrong.push(format!(
                    "restricted volume types (volume {} uses restricted volume type {sort:?})",
                    volume["name"]
                ));
            }
        }
        let of_pod = &self.spec["securityContext"];
        let unset = |member: &str, is_right: &dyn Fn(&Value) -> bool| {
            self.those(|one| {
                let own = &one["securityContext"][member];
                !is_right(if own.is_null() { &of_pod[member] } else { own })
            })
        };
        if let Some(those) = unset("runAsNonRoot", &|value| value == true) {
            wrong.push(format!("runAsNonRoot != true (pod or {those} must set securityContext.runAsNonRoot=true)"));
        }
        if of_pod["runAsUser"] == 0 {
            wrong.push("runAsUser=0 (pod must not set runAsUser=0)".into());
        } else if let Some(those) = self.those(|one| one["securityContext"]["runAsUser"] == 0) {
            wrong.push(format!("runAsUser=0 ({those} must not set runAsUser=0)"));
        }
        let profile = |value: &Value| matches!(value["type"].as_str(), Some("RuntimeDefault" | "Localhost"));
        if let Some(those) = unset("seccompProfile", &profile) {
            wrong.push(format!("seccompProfile (pod or {those} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"));
        }
    }
}

fn added(container: &Value) -> impl Iterator<Item = &str> {
    let added = container["securityContext"]["capabilities"]["add"].as_array().into_iter().flatten();
    added.filter_map(Value::as_str)
}

fn named(what: &str, names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("{what} {one}")),
        several => Some(format!("{what}s {}", several.join(", "))),
    }
}
