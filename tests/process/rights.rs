//! The script of the Job that proves AGIC's rights, in a real shell. Another script stands in for Azure's command line: it
//! answers as the real one does (`--query` and `--output tsv` included).
use crate::child::text;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SCRIPT: &str = include_str!("../../handlers/core/site/rights.sh");
const AZ: &str = r#"#!/bin/bash
case "$*" in
  cloud*) ;;
  login*) [ -z "$STRANGER" ] || { echo 'AADSTS70021: No matching federated identity record found' >&2; exit 1; } ;;
  *get-access-token*) printf 'h.eyJvaWQiOiAiMTIzNCJ9.s\n' ;;
  *gatewayIPConfigurations*) echo /net/subnets/gateway ;;
  *keys*) echo /ids/one ;;
  *"/net/subnets/gateway/providers"*) printf '%s\n' "$ON_SUBNET" ;;
  *"/ids/one/providers"*) printf '*|Microsoft.ManagedIdentity/*/assign/action\n'
    printf 'Microsoft.ManagedIdentity/userAssignedIdentities/*/ACTION|\n' ;;
  *"/gateway/providers"*) printf 'Microsoft.Network/applicationGateways/*|\n' ;;
  *) exit 9 ;;
esac
"#;

/// What the script ends with, and what it says.
fn proves(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let az = folder.path().join("az");
    std::fs::write(&az, AZ).unwrap();
    std::fs::set_permissions(&az, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().display());
    // Nothing is written to the machine's own log of terminations.
    let script = SCRIPT.replace("/dev/termination-log", "/dev/null");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).env_clear().env("PATH", path).env("STRANGER", "").env("ON_SUBNET", "");
    command.envs([
        ("AUTH", "aadPodIdentity"),
        ("CLIENT_ID", "c"),
        ("CLOUD", "AzureChinaCloud"),
        ("GATEWAY", "/gateway"),
    ]);
    let ended = command.envs(variables.iter().copied()).output().unwrap();
    (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
}

#[test]
fn what_is_missing_is_said_with_the_command_that_gives_it() {
    for on_subnet in ["", "Microsoft.Network/*/read|", "*|Microsoft.Network/virtualNetworks/*/join/action"] {
        let (status, said) = proves(&[("ON_SUBNET", on_subnet)]);
        let expected = "AGIC's identity\nlacks Microsoft.Network/virtualNetworks/subnets/join/action: az role assignment create \
                        --assignee-object-id 1234 --assignee-principal-type ServicePrincipal --role 'Network Contributor' \
                        --scope /net/subnets/gateway\n";
        assert_eq!((status, said.as_str()), (Some(1), expected), "{on_subnet}");
    }
    let all = proves(&[("ON_SUBNET", "microsoft.network/virtualnetworks/subnets/join/action|")]);
    assert_eq!(all, (Some(0), "AGIC's identity has its rights\n".into()));
}

#[test]
fn who_gets_no_token_says_why() {
    let (status, said) = proves(&[("STRANGER", "1")]);
    assert_eq!(status, Some(1));
    assert!(said.starts_with("AGIC's identity gets no token (aadPodIdentity): AADSTS70021: No matching"), "{said}");
}
