//! The fields of a performative, asked for by position and type. Pure.
use super::{AmqpError, Value};
use bytes::Bytes;

/// A described list: a performative, a terminus, an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The number of its descriptor.
    pub code: u64,
    values: Vec<Value>,
}

impl Fields {
    /// The fields of a described list.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is anything else.
    pub fn from_value(value: Value) -> Result<Self, AmqpError> {
        let code = value.code().ok_or_else(|| AmqpError::decode("a known described list was expected"))?;
        match value {
            Value::Described(both) => match *both {
                (_, Value::List(values)) => Ok(Self { code, values }),
                _ => Err(AmqpError::decode(format!("what is described by {code:#x} must be a list"))),
            },
            _ => Err(AmqpError::decode("a described list was expected")),
        }
    }

    /// A field as it came; null when it did not.
    #[must_use]
    pub fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is of another type.
    pub fn uint(&self, at: usize) -> Result<Option<u32>, AmqpError> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Uint(number) => Ok(Some(*number)),
            other => self.wrong(at, "a uint", other),
        }
    }

    /// A number of 32 bits that must be there.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is missing or of another type.
    pub fn needed_uint(&self, at: usize) -> Result<u32, AmqpError> {
        match self.uint(at)? {
            Some(number) => Ok(number),
            None => self.wrong(at, "a uint", &Value::Null),
        }
    }

    /// A number of 8 bits.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is of another type.
    pub fn ubyte(&self, at: usize) -> Result<Option<u8>, AmqpError> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Ubyte(number) => Ok(Some(*number)),
            other => self.wrong(at, "a ubyte", other),
        }
    }

    /// A truth value; absent means false.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is of another type.
    pub fn boolean(&self, at: usize) -> Result<bool, AmqpError> {
        match self.value(at) {
            Value::Null => Ok(false),
            Value::Boolean(truth) => Ok(*truth),
            other => self.wrong(at, "a boolean", other),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is of another type.
    pub fn text(&self, at: usize) -> Result<Option<&str>, AmqpError> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::String(text) | Value::Symbol(text) => Ok(Some(text)),
            other => self.wrong(at, "a string", other),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// `amqp:decode-error` when it is of another type.
    pub fn binary(&self, at: usize) -> Result<Option<Bytes>, AmqpError> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Binary(bytes) => Ok(Some(bytes.clone())),
            other => self.wrong(at, "a binary", other),
        }
    }

    fn wrong<T>(&self, at: usize, wanted: &str, came: &Value) -> Result<T, AmqpError> {
        let came = match came {
            Value::Null => "nothing".into(),
            other => format!("{other:?}").chars().take(60).collect::<String>(),
        };
        Err(AmqpError::decode(format!("field {at} of {:#x} must be {wanted}, but {came} came", self.code)))
    }
}
