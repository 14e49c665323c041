//! The product on the embedded simulated Azure: the same handlers, the same clients, another wire.
pub mod api;
pub mod app_folder;
pub mod door;
pub mod failures;
pub mod installation;
pub mod live;
pub mod own;
pub mod picture;
pub mod scene;
pub mod screen;
pub mod setting;
pub mod shop;
pub mod story;
pub mod timeline;
pub mod users;
pub mod view;
