//! The executable `bluegreen`.
fn main() {}
