//! Pure: names and ids that look drawn by lot and are the same in each run.
use serde_json::Value;

/// FNV-1a with a final mix: names and ids that are the same in each run.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let plain = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (plain ^ (plain >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

/// A short name's end, in the letters that Kubernetes uses: no vowels.
pub(super) fn letters(mut number: u64, count: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::new();
    for _ in 0..count {
        text.push(char::from(LETTERS[(number % 27) as usize]));
        number /= 27;
    }
    text
}

/// A pod template's hash, as it appears in labels.
pub(super) fn template_hash(owner: &Value) -> String {
    letters(hash(owner["spec"]["template"].to_string().as_bytes()), 10)
}
