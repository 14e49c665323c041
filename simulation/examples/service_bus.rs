//! A Service Bus namespace on loopback ports, to try clients against: plain AMQP on one port, REST on another.
//!
//! `cargo run -p simulated-azure --example service_bus -- 5672 5300`; the connection string for AMQP is
//! `Endpoint=sb://localhost:5672;SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true`.
//! Standard input takes one command: `detach <entity>` force-detaches the links to an entity, as the service does with
//! idle ones.
use axum::{Router, body::Body, extract::Request, http::Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use simulated_azure::{Clock, Process, SimulatedAzure, doors::amqp};
use std::io::BufRead;
use tokio::net::TcpListener;

#[path = "bus/entities.rs"]
mod entities;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut port = |default: u16| arguments.next().map_or(Ok(default), |text| text.parse());
    let (amqp_port, rest_port) = (port(5672)?, port(5300)?);
    #[expect(clippy::disallowed_methods, reason = "this is where the simulated world gets its first moment")]
    let azure = SimulatedAzure::new(Clock::starting_at(Timestamp::now()));
    entities::set_up(&mut azure.world().service_bus)?;
    let amqp = TcpListener::bind(("127.0.0.1", amqp_port)).await?;
    let rest = TcpListener::bind(("127.0.0.1", rest_port)).await?;
    #[expect(clippy::print_stdout, reason = "whoever started it must know the ports")]
    {
        println!("amqp {} rest {}", amqp.local_addr()?, rest.local_addr()?);
    }
    let commanded = azure.clone();
    std::thread::spawn(move || obey(&commanded));
    let answering = azure.clone();
    let app = Router::new().fallback(move |request| answer(answering.clone(), request));
    tokio::spawn(async move { axum::serve(rest, app).await });
    loop {
        let (stream, _) = amqp.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(amqp::serve(azure.clone(), Process::new("client"), stream));
    }
}

/// Asks the broker's REST face, whatever host name the client used.
async fn answer(azure: SimulatedAzure, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Response::new(Body::empty()) };
    let ask = http::Request::from_parts(parts, body.to_bytes());
    let reply = azure.world().service_bus.respond(&ask, azure.clock().now());
    azure.touch();
    reply
}

fn obey(azure: &SimulatedAzure) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if let Some(entity) = line.trim().strip_prefix("detach ") {
            azure.world().service_bus.detach_idle_links(entity);
            azure.touch();
        }
    }
}
