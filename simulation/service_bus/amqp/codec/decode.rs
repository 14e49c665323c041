//! Bytes to values. Pure.
use super::{AmqpError, Value, value::code_of};
use bytes::{Buf, Bytes};

/// So deep may values lie within one another.
pub const DEEPEST: usize = 32;
/// So many values may come in one piece, inner ones included.
pub const MOST_VALUES: usize = 65_536;

/// Reads values off the front of some bytes.
#[derive(Debug)]
pub struct Reader {
    bytes: Bytes,
    values_left: usize,
}

impl Reader {
    /// A reader of these bytes.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes, values_left: MOST_VALUES }
    }

    /// Whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(self) -> Bytes {
        self.bytes
    }

    /// The next value.
    ///
    /// # Errors
    /// `amqp:decode-error` when the bytes are no value, are too few, or hold too many or too deep values.
    pub fn value(&mut self) -> Result<Value, AmqpError> {
        self.value_at(DEEPEST)
    }

    /// The next value, which must be described, without a look into what is described: its number, the whole, and the
    /// described value alone, both as bytes.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is not described, or its bytes are too few.
    pub fn described(&mut self) -> Result<(u64, Bytes, Bytes), AmqpError> {
        let start = self.bytes.clone();
        if self.byte()? != 0 {
            return Err(AmqpError::decode("a described section was expected"));
        }
        let descriptor = self.value()?;
        let code = code_of(&descriptor).ok_or_else(|| AmqpError::decode("a section has an unknown descriptor"))?;
        let inner = self.bytes.clone();
        self.skip(DEEPEST)?;
        let left = self.bytes.len();
        Ok((code, start.slice(..start.len() - left), inner.slice(..inner.len() - left)))
    }

    fn skip(&mut self, depth: usize) -> Result<(), AmqpError> {
        let depth = depth.checked_sub(1).ok_or_else(|| AmqpError::decode("the values are nested too deeply"))?;
        let size = match self.byte()? {
            0 => {
                self.skip(depth)?;
                return self.skip(depth);
            }
            constructor => match constructor >> 4 {
                4 => 0,
                5 => 1,
                6 => 2,
                7 => 4,
                8 => 8,
                9 => 16,
                0xa | 0xc | 0xe => return self.sized(false).map(drop),
                0xb | 0xd | 0xf => return self.sized(true).map(drop),
                _ => return Err(AmqpError::decode(format!("{constructor:#04x} begins no value"))),
            },
        };
        if size > self.bytes.len() {
            return Err(short(size, self.bytes.len()));
        }
        self.bytes.advance(size);
        Ok(())
    }

    fn value_at(&mut self, depth: usize) -> Result<Value, AmqpError> {
        let depth = depth.checked_sub(1).ok_or_else(|| AmqpError::decode("the values are nested too deeply"))?;
        match self.byte()? {
            0 => {
                let descriptor = self.value_at(depth)?;
                Ok(Value::Described(Box::new((descriptor, self.value_at(depth)?))))
            }
            constructor => self.of(constructor, depth),
        }
    }

    /// The value behind a constructor that was read.
    fn of(&mut self, constructor: u8, depth: usize) -> Result<Value, AmqpError> {
        self.values_left =
            self.values_left.checked_sub(1).ok_or_else(|| AmqpError::decode("there are too many values"))?;
        Ok(match constructor {
            0x40 => Value::Null,
            0x41 => Value::Boolean(true),
            0x42 => Value::Boolean(false),
            0x56 => match self.byte()? {
                0 => Value::Boolean(false),
                1 => Value::Boolean(true),
                other => return Err(AmqpError::decode(format!("a boolean is 0 or 1, not {other}"))),
            },
            0x43 => Value::Uint(0),
            0x44 => Value::Ulong(0),
            0x45 => Value::List(vec![]),
            0x50 => Value::Ubyte(self.byte()?),
            0x51 => Value::Byte(i8::from_be_bytes(self.some()?)),
            0x52 => Value::Uint(self.byte()?.into()),
            0x53 => Value::Ulong(self.byte()?.into()),
            0x54 => Value::Int(i8::from_be_bytes(self.some()?).into()),
            0x55 => Value::Long(i8::from_be_bytes(self.some()?).into()),
            0x60 => Value::Ushort(u16::from_be_bytes(self.some()?)),
            0x61 => Value::Short(i16::from_be_bytes(self.some()?)),
            0x70 => Value::Uint(u32::from_be_bytes(self.some()?)),
            0x71 => Value::Int(i32::from_be_bytes(self.some()?)),
            0x72 => Value::Float(f32::from_be_bytes(self.some()?)),
            0x73 => {
                let code = u32::from_be_bytes(self.some()?);
                let character = char::from_u32(code);
                Value::Char(character.ok_or_else(|| AmqpError::decode(format!("{code:#x} is no character")))?)
            }
            0x74 => Value::Decimal32(self.some()?),
            0x80 => Value::Ulong(u64::from_be_bytes(self.some()?)),
            0x81 => Value::Long(i64::from_be_bytes(self.some()?)),
            0x82 => Value::Double(f64::from_be_bytes(self.some()?)),
            0x83 => Value::Timestamp(i64::from_be_bytes(self.some()?)),
            0x84 => Value::Decimal64(self.some()?),
            0x94 => Value::Decimal128(self.some()?),
            0x98 => Value::Uuid(self.some()?),
            0xa0 | 0xb0 => Value::Binary(self.sized(constructor == 0xb0)?),
            0xa1 | 0xb1 => Value::String(text(&self.sized(constructor == 0xb1)?)?),
            0xa3 | 0xb3 => Value::Symbol(text(&self.sized(constructor == 0xb3)?)?),
            0xc0 | 0xd0 => {
                Value::List(self.compound(constructor == 0xd0, |reader, count| {
                    (0..count).map(|_| reader.value_at(depth)).collect()
                })?)
            }
            0xc1 | 0xd1 => Value::Map(self.compound(constructor == 0xd1, |reader, count| {
                if !count.is_multiple_of(2) {
                    return Err(AmqpError::decode(format!("a map has keys and values, but {count} elements came")));
                }
                (0..count / 2).map(|_| Ok((reader.value_at(depth)?, reader.value_at(depth)?))).collect()
            })?),
            0xe0 | 0xf0 => {
                Value::Array(self.compound(constructor == 0xf0, |reader, count| reader.elements(count, depth))?)
            }
            other => return Err(AmqpError::decode(format!("{other:#04x} begins no value"))),
        })
    }

    fn elements(&mut self, count: usize, depth: usize) -> Result<Vec<Value>, AmqpError> {
        if count == 0 && self.is_empty() {
            return Ok(vec![]);
        }
        let mut constructor = self.byte()?;
        let mut descriptors = vec![];
        while constructor == 0 {
            if descriptors.len() >= depth {
                return Err(AmqpError::decode("the values are nested too deeply"));
            }
            match self.value_at(depth)? {
                // Each element gets a copy, so a descriptor must not be large.
                descriptor @ Value::Ulong(_) => descriptors.push(descriptor),
                Value::Symbol(name) if name.len() <= 128 => descriptors.push(Value::Symbol(name)),
                _ => return Err(AmqpError::decode("the elements of an array have a strange descriptor")),
            }
            constructor = self.byte()?;
        }
        let element = |_| {
            let plain = self.of(constructor, depth)?;
            self.values_left = self
                .values_left
                .checked_sub(descriptors.len())
                .ok_or_else(|| AmqpError::decode("there are too many values"))?;
            let describe = |value, descriptor: &Value| Value::Described(Box::new((descriptor.clone(), value)));
            Ok(descriptors.iter().rev().fold(plain, describe))
        };
        (0..count).map(element).collect()
    }

    /// Reads the elements of a compound value, which must fill it.
    fn compound<T>(
        &mut self,
        is_wide: bool,
        read: impl FnOnce(&mut Self, usize) -> Result<Vec<T>, AmqpError>,
    ) -> Result<Vec<T>, AmqpError> {
        let body = self.sized(is_wide)?;
        let mut inner = Self { bytes: body, values_left: self.values_left };
        let count = if is_wide { u32::from_be_bytes(inner.some()?) } else { inner.byte()?.into() };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > inner.values_left {
            return Err(AmqpError::decode(format!("there are too many values: {count}")));
        }
        let elements = read(&mut inner, count)?;
        if !inner.is_empty() {
            return Err(AmqpError::decode(format!("{} bytes are left behind {count} elements", inner.bytes.len())));
        }
        self.values_left = inner.values_left;
        Ok(elements)
    }

    fn sized(&mut self, is_wide: bool) -> Result<Bytes, AmqpError> {
        let size = if is_wide { u32::from_be_bytes(self.some()?) } else { self.byte()?.into() };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > self.bytes.len() {
            return Err(short(size, self.bytes.len()));
        }
        Ok(self.bytes.split_to(size))
    }

    fn byte(&mut self) -> Result<u8, AmqpError> {
        Ok(self.some::<1>()?[0])
    }

    fn some<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], AmqpError> {
        let mut bytes = [0; SIZE];
        if self.bytes.len() < SIZE {
            return Err(short(SIZE, self.bytes.len()));
        }
        self.bytes.copy_to_slice(&mut bytes);
        Ok(bytes)
    }
}

fn short(wanted: usize, there: usize) -> AmqpError {
    AmqpError::decode(format!("{wanted} bytes were expected, but only {there} are left"))
}

fn text(bytes: &[u8]) -> Result<String, AmqpError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| AmqpError::decode("a text is not UTF-8"))
}
