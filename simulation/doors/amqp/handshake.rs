//! The first bytes of a connection: protocol headers, and SASL where the client asks for it.
use crate::service_bus::amqp::codec::{Value, frame};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const AMQP: [u8; 8] = *b"AMQP\x00\x01\x00\x00";
const SASL: [u8; 8] = *b"AMQP\x03\x01\x00\x00";
const MECHANISMS: [&str; 4] = ["MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL"];

/// Why the connection never began: the peer spoke another protocol, or went away.
pub(super) struct NotGreeted;

impl From<std::io::Error> for NotGreeted {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Agrees on the protocol. Credentials of any kind are accepted; Python's emulator mode has none and skips SASL.
pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    input: &mut BytesMut,
) -> Result<(), NotGreeted> {
    let mut header = protocol(stream, input).await?;
    if header == SASL {
        let mut out = BytesMut::from(&SASL[..]);
        let mechanisms = Value::Array(MECHANISMS.map(Value::symbol).into());
        frame::put(&mut out, frame::SASL, 0, 0x40, vec![mechanisms], &[]);
        stream.write_all(&out).await?;
        stream.flush().await?;
        let is_known = sasl_init(stream, input).await?;
        let mut out = BytesMut::new();
        frame::put(&mut out, frame::SASL, 0, 0x44, vec![Value::Ubyte(u8::from(!is_known))], &[]);
        stream.write_all(&out).await?;
        stream.flush().await?;
        if !is_known {
            return Err(NotGreeted);
        }
        header = protocol(stream, input).await?;
    }
    // The answer to an unknown protocol is the one that is spoken here, and the end.
    stream.write_all(&AMQP).await?;
    stream.flush().await?;
    if header == AMQP { Ok(()) } else { Err(NotGreeted) }
}

async fn protocol<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> Result<[u8; 8], NotGreeted> {
    loop {
        if let Some(header) = input.first_chunk::<8>().copied() {
            let _ = input.split_to(8);
            return Ok(header);
        }
        more(stream, input).await?;
    }
}

/// Whether the client chose a mechanism that was offered.
async fn sasl_init<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> Result<bool, NotGreeted> {
    loop {
        match frame::take(input) {
            Ok(Some(frame)) => {
                let init = frame.performative.filter(|init| frame.kind == frame::SASL && init.code == 0x41);
                let init = init.ok_or(NotGreeted)?;
                let mechanism = init.text(0).map_err(|_| NotGreeted)?.ok_or(NotGreeted)?;
                return Ok(MECHANISMS.contains(&mechanism));
            }
            Ok(None) => more(stream, input).await?,
            Err(_) => return Err(NotGreeted),
        }
    }
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> Result<(), NotGreeted> {
    if stream.read_buf(input).await? == 0 { Err(NotGreeted) } else { Ok(()) }
}
