//! The article's world behind loopback doors, until Ctrl-C: `cargo run -p simulated-azure --example doors -- FOLDER [SPEED]`.
//! Its Service Bus has the entities that the checks with real clients use, over REST and AMQP.
use simulated_azure::article::{self, Article};
use simulated_azure::doors::{Connection, Doors, Options};
use simulated_azure::{Clock, Process, SimulatedAzure, doors::amqp};
use std::error::Error;
use std::sync::Arc;

#[path = "bus/entities.rs"]
mod entities;

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
    entities::set_up(&mut azure.world().service_bus)?;
    let mut options = Options::in_folder(&folder);
    let serving = azure.clone();
    options.amqp = Some(Arc::new(move |connection: Connection| {
        Box::pin(amqp::serve(serving.clone(), Process::new("client"), connection.stream))
    }));
    let mut doors = Doors::open(&azure, &options).await?;
    doors.publish()?;
    #[expect(clippy::print_stdout, reason = "it tells the person who started it")]
    {
        println!("{}", serde_json::to_string_pretty(&doors.endpoints)?);
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
