//! Users' requests over real sockets, through the gateway as a real proxy, to pods as real servers. The clock is real,
//! and the world's runs many times as fast.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "data_plane/hostile.rs"]
mod hostile;
#[path = "data_plane/leaving.rs"]
mod leaving;
#[path = "data_plane/members.rs"]
mod members;
#[path = "data_plane/requests.rs"]
mod requests;
#[path = "data_plane/scene.rs"]
mod scene;
#[path = "fixtures/shop.rs"]
mod shop;
#[path = "data_plane/switches.rs"]
mod switches;
