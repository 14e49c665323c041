//! Roles of Azure by their guids: which a cluster's identities may be given without a further word, and which never.
use super::answers::same_name;

/// Roles that let an identity use something, and give nobody a right.
///
/// Source: Microsoft's list of built-in roles.
const COPIED: [(&str, &str); 18] = [
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull"),
    ("b93aa761-3e63-49ed-ac28-beffa264f7ac", "Container Registry Repository Reader"),
    ("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor"),
    ("b12aa53e-6015-4669-85d0-8515ebb3ae7f", "Private DNS Zone Contributor"),
    ("befefa01-2a29-4197-83a8-272ff33ce314", "DNS Zone Contributor"),
    ("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader"),
    ("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User"),
    ("db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", "Key Vault Certificate User"),
    ("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User"),
    ("e147488a-f6f5-4113-8e2d-b22465e65bf6", "Key Vault Crypto Service Encryption User"),
    ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"),
    ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor"),
    ("aba4ae5f-2193-4029-9191-0cb91df5e314", "Storage File Data SMB Share Reader"),
    ("0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb", "Storage File Data SMB Share Contributor"),
    ("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator"),
    ("3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher"),
    ("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
];

/// Roles that can give themselves or others any right: a person gives them.
const NEVER: [(&str, &str); 5] = [
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator"),
    ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator"),
    ("fb382eab-e894-4461-af04-94435c366c3f", "Key Vault Data Access Administrator"),
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator"),
];

/// A role that may do nearly all: copied at a single resource, and only if the site names it.
const CONTRIBUTOR: (&str, &str) = ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor");

/// The guids of the roles that are copied without a further word.
pub fn copied() -> impl Iterator<Item = &'static str> {
    COPIED.iter().map(|(guid, _)| *guid)
}

/// The name of a role, else its guid.
#[must_use]
pub fn name(guid: &str) -> &str {
    let known = COPIED.iter().chain(&NEVER).chain([&CONTRIBUTOR]);
    known.into_iter().find(|(own, _)| same_name(own, guid)).map_or(guid, |(_, name)| name)
}

/// Whether a role is never copied, whatever a site says.
#[must_use]
pub fn is_never_copied(guid: &str) -> bool {
    NEVER.iter().any(|(own, _)| same_name(own, guid))
}

/// Whether it is Contributor.
#[must_use]
pub fn is_contributor(guid: &str) -> bool {
    same_name(CONTRIBUTOR.0, guid)
}

/// Whether a role is copied without a further word.
#[must_use]
pub fn is_copied(guid: &str) -> bool {
    copied().any(|own| same_name(own, guid))
}
