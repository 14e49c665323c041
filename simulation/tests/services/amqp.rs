//! The AMQP face: the codec alone, a connection over an in-memory stream, and clients that mean harm.

mod client;
mod codec;
mod connections;
mod hostile;
mod interplay;
mod links;
mod management;
mod mutations;
mod sessions;
