//! The article's world behind loopback doors, until Ctrl-C: `cargo run -p simulated-azure --example doors -- FOLDER [SPEED]`.
use simulated_azure::article::{self, Article};
use simulated_azure::doors::{Doors, Options};
use simulated_azure::{Clock, SimulatedAzure};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a data folder: an empty or a new one")?;
    let speed = arguments.next().map_or(Ok(1), |speed| speed.parse())?;
    #[expect(clippy::disallowed_methods, reason = "real clients judge tokens by the system's clock: begin there")]
    let began = jiff::Timestamp::now();
    let azure = SimulatedAzure::new(Clock::running_at(began, speed));
    let options = article::Options { entra: false, ..article::Options::default() };
    Article::set_up(&mut azure.world(), &options, azure.clock().now());
    let mut doors = Doors::open(&azure, &Options::in_folder(&folder)).await?;
    doors.publish()?;
    #[expect(clippy::print_stdout, reason = "it tells the person who started it")]
    {
        println!("{}", serde_json::to_string_pretty(&doors.endpoints)?);
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
