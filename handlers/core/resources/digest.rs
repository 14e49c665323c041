//! Digests of texts: of manifests, applied objects, sites and requests.
use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex.
#[must_use]
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn it_is_the_sha_256_that_everybody_else_computes() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
