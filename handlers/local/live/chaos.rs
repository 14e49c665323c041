//! Processes of the function app die at random moments.
use simulated_azure::functions_host::FunctionsHost;
use std::time::Duration;

/// From one kill to the next, in real milliseconds.
const PAUSE: std::ops::Range<u64> = 1_500..5_000;

/// Kills a process of the function app every few seconds, as SIGKILL does, for as long as it is polled. Calls `killed`
/// with the names of the functions that it served.
///
/// # Errors
/// Those of `killed`.
pub async fn chaos(
    host: &FunctionsHost,
    mut killed: impl FnMut(&[String]) -> anyhow::Result<()>,
) -> anyhow::Result<std::convert::Infallible> {
    let mut dice = fastrand::Rng::new();
    loop {
        tokio::time::sleep(Duration::from_millis(dice.u64(PAUSE))).await;
        let children = host.children();
        if let Some(child) = dice.choice(&children) {
            child.process.kill();
            killed(&child.functions)?;
        }
    }
}
