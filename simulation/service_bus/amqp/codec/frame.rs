//! Frames: the pieces in which a connection's bytes come. Pure.
use super::{AmqpError, Fields, Value, condition, decode::Reader, encode::encode};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The largest frame that is sent or taken, in bytes.
pub const LARGEST_FRAME: usize = 65_536;
/// The type byte of AMQP frames.
pub const AMQP: u8 = 0;
/// The type byte of SASL frames.
pub const SASL: u8 = 1;

/// One frame without its header.
#[derive(Debug)]
pub struct Frame {
    /// [`AMQP`] or [`SASL`].
    pub kind: u8,
    /// The channel, which stands for a session.
    pub channel: u16,
    /// What it says. `None`: it only shows that its sender lives.
    pub performative: Option<Fields>,
    /// What a transfer carries.
    pub payload: Bytes,
}

/// Takes the first frame off the bytes that have arrived. `None`: more must arrive first.
///
/// # Errors
/// `amqp:connection:framing-error` when no frame begins here or it is too large; `amqp:decode-error` when its body is
/// no performative.
pub fn take(input: &mut BytesMut) -> Result<Option<Frame>, AmqpError> {
    let Some(header) = input.first_chunk::<8>() else { return Ok(None) };
    let [a, b, c, d, offset, kind, high, low] = *header;
    let size = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let start = usize::from(offset) * 4;
    let framing = |why: String| Err(AmqpError::new(condition::FRAMING_ERROR, why));
    if size > LARGEST_FRAME {
        return framing(format!("a frame of {size} bytes exceeds the limit of {LARGEST_FRAME}"));
    }
    if start < 8 || start > size {
        return framing(format!("a frame of {size} bytes cannot have its body at {start}"));
    }
    if kind != AMQP && kind != SASL {
        return framing(format!("frames are of type 0 or 1, not {kind}"));
    }
    if input.len() < size {
        return Ok(None);
    }
    let mut body = input.split_to(size).freeze();
    body.advance(start);
    let channel = u16::from_be_bytes([high, low]);
    if body.is_empty() {
        return Ok(Some(Frame { kind, channel, performative: None, payload: body }));
    }
    let mut reader = Reader::new(body);
    let performative = Fields::from_value(reader.value()?)?;
    Ok(Some(Frame { kind, channel, performative: Some(performative), payload: reader.rest() }))
}

/// Appends a frame. Fields that are not given are sent as null, every one: azure-servicebus for Python up to 7.14
/// finds them by position and fails on a short list.
pub fn put(out: &mut BytesMut, kind: u8, channel: u16, code: u64, mut fields: Vec<Value>, payload: &[u8]) {
    let count = match (kind, code) {
        (AMQP, 0x10) => 10,
        (AMQP, 0x11) => 8,
        (AMQP, 0x12) => 14,
        (AMQP, 0x13 | 0x14) => 11,
        (AMQP, 0x15) => 6,
        (AMQP, 0x16) => 3,
        (AMQP, 0x17 | 0x18) => 1,
        _ => fields.len(),
    };
    fields.resize(count.max(fields.len()), Value::Null);
    let at = out.len();
    out.put_u32(0);
    out.put_slice(&[2, kind]);
    out.put_u16(channel);
    encode(&Value::described(code, Value::List(fields)), out);
    out.put_slice(payload);
    let size = u32::try_from(out.len() - at).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

/// Appends the frame that only shows that its sender lives.
pub fn put_empty(out: &mut BytesMut) {
    out.put_slice(&[0, 0, 0, 8, 2, AMQP, 0, 0]);
}
