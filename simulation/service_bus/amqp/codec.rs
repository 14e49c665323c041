//! The bytes of AMQP 1.0: types, frames and performatives. Pure.
//!
//! Nothing here knows Service Bus. Whatever comes, decoding ends with a value or an error, and its memory is bounded
//! by the input and by [`decode::MOST_VALUES`].
pub mod decode;
pub mod encode;
mod error;
mod fields;
pub mod frame;
mod json;
mod value;

pub use error::{AmqpError, condition};
pub use fields::Fields;
pub use value::Value;
