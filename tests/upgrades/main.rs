//! Whole upgrades through the handlers' router and the simulated host. After each one, [`world_after`] looks at what is
//! left in the world.
mod cheap;
mod duplicates;
mod every_crash;
mod every_turn_back;
mod outages;

mod whole_upgrade;
mod world_after;
mod written;

/// Runs a story on a paused clock of its own.
fn story<Story: Future>(story: impl FnOnce() -> Story) -> Story::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be built").block_on(async { story().await })
}
