//! Values to bytes. Pure.
use super::Value;
use bytes::{BufMut, Bytes, BytesMut};

/// The value's bytes.
#[must_use]
pub fn encoded(value: &Value) -> Bytes {
    let mut bytes = BytesMut::new();
    encode(value, &mut bytes);
    bytes.freeze()
}

/// Appends the value's bytes, in the short form where there is one.
pub fn encode(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Boolean(true) => out.put_u8(0x41),
        Value::Boolean(false) => out.put_u8(0x42),
        Value::Uint(0) => out.put_u8(0x43),
        Value::Uint(number @ 1..=0xff) => out.put_slice(&[0x52, number.to_be_bytes()[3]]),
        Value::Ulong(0) => out.put_u8(0x44),
        Value::Ulong(number @ 1..=0xff) => out.put_slice(&[0x53, number.to_be_bytes()[7]]),
        Value::Binary(bytes) => short(0xa0, bytes, out),
        Value::String(text) => short(0xa1, text.as_bytes(), out),
        Value::Symbol(text) => short(0xa3, text.as_bytes(), out),
        Value::List(items) if items.is_empty() => out.put_u8(0x45),
        Value::Described(both) => {
            out.put_u8(0);
            encode(&both.0, out);
            encode(&both.1, out);
        }
        other => {
            out.put_u8(constructor(other));
            content(other, out);
        }
    }
}

/// The constructor of the widest form, which every value of the type fits.
fn constructor(value: &Value) -> u8 {
    match value {
        Value::Null => 0x40,
        Value::Boolean(_) => 0x56,
        Value::Ubyte(_) => 0x50,
        Value::Ushort(_) => 0x60,
        Value::Uint(_) => 0x70,
        Value::Ulong(_) => 0x80,
        Value::Byte(_) => 0x51,
        Value::Short(_) => 0x61,
        Value::Int(_) => 0x71,
        Value::Long(_) => 0x81,
        Value::Float(_) => 0x72,
        Value::Double(_) => 0x82,
        Value::Decimal32(_) => 0x74,
        Value::Decimal64(_) => 0x84,
        Value::Decimal128(_) => 0x94,
        Value::Char(_) => 0x73,
        Value::Timestamp(_) => 0x83,
        Value::Uuid(_) => 0x98,
        Value::Binary(_) => 0xb0,
        Value::String(_) => 0xb1,
        Value::Symbol(_) => 0xb3,
        Value::List(_) => 0xd0,
        Value::Map(_) => 0xd1,
        Value::Array(_) => 0xf0,
        Value::Described(_) => 0x00,
    }
}

/// What comes behind [`constructor`].
fn content(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Null => {}
        Value::Boolean(truth) => out.put_u8(u8::from(*truth)),
        Value::Ubyte(number) => out.put_u8(*number),
        Value::Ushort(number) => out.put_u16(*number),
        Value::Uint(number) => out.put_u32(*number),
        Value::Ulong(number) => out.put_u64(*number),
        Value::Byte(number) => out.put_i8(*number),
        Value::Short(number) => out.put_i16(*number),
        Value::Int(number) => out.put_i32(*number),
        Value::Long(number) | Value::Timestamp(number) => out.put_i64(*number),
        Value::Float(number) => out.put_f32(*number),
        Value::Double(number) => out.put_f64(*number),
        Value::Decimal32(bytes) => out.put_slice(bytes),
        Value::Decimal64(bytes) => out.put_slice(bytes),
        Value::Decimal128(bytes) | Value::Uuid(bytes) => out.put_slice(bytes),
        Value::Char(character) => out.put_u32(u32::from(*character)),
        Value::Binary(bytes) => sized(bytes, out),
        Value::String(text) | Value::Symbol(text) => sized(text.as_bytes(), out),
        Value::List(items) => compound(items.len(), out, |out| items.iter().for_each(|item| encode(item, out))),
        Value::Map(entries) => compound(entries.len() * 2, out, |out| {
            for (key, value) in entries {
                encode(key, out);
                encode(value, out);
            }
        }),
        Value::Array(items) => compound(items.len(), out, |out| {
            // An array without elements has an element type all the same.
            let mut first = items.first().unwrap_or(&Value::Null);
            let mut depth = 0;
            while let Value::Described(both) = first {
                out.put_u8(0);
                encode(&both.0, out);
                first = &both.1;
                depth += 1;
            }
            out.put_u8(constructor(first));
            for item in items {
                let plain = (0..depth).fold(item, |item, _| item.plain());
                content(plain, out);
            }
        }),
        Value::Described(both) => encode(&both.1, out),
    }
}

fn short(constructor: u8, bytes: &[u8], out: &mut BytesMut) {
    match u8::try_from(bytes.len()) {
        Ok(size) => out.put_slice(&[constructor, size]),
        Err(_) => {
            out.put_u8(constructor + 0x10);
            out.put_u32(size_of(bytes));
        }
    }
    out.put_slice(bytes);
}

fn sized(bytes: &[u8], out: &mut BytesMut) {
    out.put_u32(size_of(bytes));
    out.put_slice(bytes);
}

fn compound(count: usize, out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let at = out.len();
    out.put_u32(0);
    out.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
    write(out);
    let size = size_of(&out[at + 4..]);
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

fn size_of(bytes: &[u8]) -> u32 {
    // Messages and frames are limited far below this.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
