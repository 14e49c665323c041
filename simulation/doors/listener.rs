//! A port on loopback: TLS and plain connections side by side, each in a task of its own.
use super::error::Error;
use futures::future::BoxFuture;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

/// A caller's first byte, and then its handshake, may take so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first byte of a TLS record that carries a handshake.
const HANDSHAKE: u8 = 0x16;

/// A stream of bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<Stream: AsyncRead + AsyncWrite + Send + Unpin> Duplex for Stream {}

/// One caller's connection.
pub struct Connection {
    /// What it sends and receives, decrypted.
    pub stream: Box<dyn Duplex>,
    /// Whether it came by TLS.
    pub secure: bool,
}

/// Serves one connection to its end.
pub type Serve = Arc<dyn Fn(Connection) -> BoxFuture<'static, ()> + Send + Sync>;

/// Listens on a port of 127.0.0.1; 0 means any free one. `option` is what sets the port.
pub(super) async fn bind(port: u16, option: &'static str) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|why| Error::of_port(port, option, why))
}

/// Takes connections for ever. Dropping the future ends every one.
pub(super) async fn accept(listener: TcpListener, tls: TlsAcceptor, serve: Serve) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (tls, serve) = (tls.clone(), serve.clone());
                    connections.spawn(async move {
                        match open(stream, &tls).await {
                            Ok(connection) => serve(connection).await,
                            Err(why) => debug!(why, "a connection did not come about"),
                        }
                    });
                }
                Err(error) => {
                    // Too many open files, mostly: those that end make room.
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    warn!(%error, "a connection ended by a panic");
                }
            }
        }
    }
}

async fn open(stream: TcpStream, tls: &TlsAcceptor) -> Result<Connection, String> {
    stream.set_nodelay(true).map_err(|why| why.to_string())?;
    let mut first = [0];
    let peeked = timeout(PATIENCE, stream.peek(&mut first)).await.map_err(|_| "the caller says nothing")?;
    if peeked.map_err(|why| why.to_string())? == 1 && first[0] == HANDSHAKE {
        let stream = timeout(PATIENCE, tls.accept(stream)).await.map_err(|_| "the handshake takes too long")?;
        let stream = Box::new(stream.map_err(|why| why.to_string())?);
        return Ok(Connection { stream, secure: true });
    }
    Ok(Connection { stream: Box::new(stream), secure: false })
}
