//! Local server.
fn main() {}
