//! Serves HTTP connections on one listener until it is told to end.
use axum::body::Body;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A request's head may be so large, in bytes, as Application Gateway's.
const LARGEST_HEAD: usize = 32 * 1024;
/// So many connections wait to be accepted before the kernel makes callers try again.
const BACKLOG: u32 = 1024;
/// After a failed accept (no file handles left) the next try waits so long, in real time.
const BREATH: Duration = Duration::from_millis(50);

/// The two ways in which a server ends.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    /// No new connection; requests under way are finished.
    pub gently: CancellationToken,
    /// Everything breaks.
    pub at_once: CancellationToken,
}

/// What a server grants its callers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub connections: usize,
    /// How long a connection may be without a whole request head, in real time. `None`: for ever.
    pub keep_alive: Option<Duration>,
}

/// Opens a port.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections and serves each with what `service` gives for its caller's address.
pub(super) async fn serve<S, F>(
    listener: TcpListener,
    tasks: TaskTracker,
    ending: Ending,
    limits: Limits,
    service: impl Fn(SocketAddr) -> S,
) where
    S: Service<
            Request<Incoming>,
            Response = Response<Body>,
            Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            Future = F,
        > + Send
        + 'static,
    F: Future<Output = Result<S::Response, S::Error>> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = ending.gently.cancelled() => return,
            () = ending.at_once.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, service(peer), ending.clone(), limits);
                tasks.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn connection<S, F>(stream: TcpStream, service: S, ending: Ending, limits: Limits)
where
    S: Service<
            Request<Incoming>,
            Response = Response<Body>,
            Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            Future = F,
        > + Send
        + 'static,
    F: Future<Output = Result<S::Response, S::Error>> + Send + 'static,
{
    // Without it small answers wait for the peer's acknowledgement; a socket that refuses it is already broken.
    let _ = stream.set_nodelay(true);
    let mut server = http1::Builder::new();
    server.max_header_size(LARGEST_HEAD).timer(TokioTimer::new()).header_read_timeout(limits.keep_alive);
    let connection = server.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ending.at_once.cancelled() => return,
        () = ending.gently.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = ending.at_once.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
