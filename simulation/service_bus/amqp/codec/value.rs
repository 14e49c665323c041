//! A value of the AMQP type system. Pure.
use bytes::Bytes;

/// Any AMQP value. Its type is kept, its width on the wire is not.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the specification, part 1")]
pub enum Value {
    Null,
    Boolean(bool),
    Ubyte(u8),
    Ushort(u16),
    Uint(u32),
    Ulong(u64),
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Decimal32([u8; 4]),
    Decimal64([u8; 8]),
    Decimal128([u8; 16]),
    Char(char),
    /// Milliseconds since 1970.
    Timestamp(i64),
    Uuid([u8; 16]),
    Binary(Bytes),
    String(String),
    Symbol(String),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// Elements of one type.
    Array(Vec<Value>),
    /// A descriptor and what it describes.
    Described(Box<(Value, Value)>),
}

impl Value {
    /// Text as a symbol.
    #[must_use]
    pub fn symbol(text: &str) -> Self {
        Self::Symbol(text.into())
    }

    /// A value described by one of the specification's numbers.
    #[must_use]
    pub fn described(code: u64, value: Self) -> Self {
        Self::Described(Box::new((Self::Ulong(code), value)))
    }

    /// The text of a string or symbol.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Symbol(text) => Some(text),
            _ => None,
        }
    }

    /// Any whole number.
    #[must_use]
    pub fn whole(&self) -> Option<i64> {
        Some(match self {
            Self::Ubyte(number) => (*number).into(),
            Self::Ushort(number) => (*number).into(),
            Self::Uint(number) => (*number).into(),
            Self::Ulong(number) => i64::try_from(*number).ok()?,
            Self::Byte(number) => (*number).into(),
            Self::Short(number) => (*number).into(),
            Self::Int(number) => (*number).into(),
            Self::Long(number) => *number,
            _ => return None,
        })
    }

    /// A map's value by its string or symbol key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The elements of a list or array.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// What a described value describes; any other value is itself.
    #[must_use]
    pub fn plain(&self) -> &Self {
        match self {
            Self::Described(both) => &both.1,
            other => other,
        }
    }

    /// The number of a described value's descriptor. The specification's symbolic descriptors are known.
    #[must_use]
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Described(both) => code_of(&both.0),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

/// The number of a descriptor.
pub(super) fn code_of(descriptor: &Value) -> Option<u64> {
    match descriptor {
        Value::Ulong(code) => Some(*code),
        Value::Symbol(name) => NAMES.iter().find(|(known, _)| known == name).map(|(_, code)| *code),
        _ => None,
    }
}

const NAMES: [(&str, u64); 28] = [
    ("amqp:open:list", 0x10),
    ("amqp:begin:list", 0x11),
    ("amqp:attach:list", 0x12),
    ("amqp:flow:list", 0x13),
    ("amqp:transfer:list", 0x14),
    ("amqp:disposition:list", 0x15),
    ("amqp:detach:list", 0x16),
    ("amqp:end:list", 0x17),
    ("amqp:close:list", 0x18),
    ("amqp:error:list", 0x1d),
    ("amqp:received:list", 0x23),
    ("amqp:accepted:list", 0x24),
    ("amqp:rejected:list", 0x25),
    ("amqp:released:list", 0x26),
    ("amqp:modified:list", 0x27),
    ("amqp:source:list", 0x28),
    ("amqp:target:list", 0x29),
    ("amqp:coordinator:list", 0x30),
    ("amqp:sasl-init:list", 0x41),
    ("amqp:sasl-response:list", 0x43),
    ("amqp:header:list", 0x70),
    ("amqp:delivery-annotations:map", 0x71),
    ("amqp:message-annotations:map", 0x72),
    ("amqp:properties:list", 0x73),
    ("amqp:application-properties:map", 0x74),
    ("amqp:data:binary", 0x75),
    ("amqp:amqp-value:*", 0x77),
    ("amqp:footer:map", 0x78),
];
