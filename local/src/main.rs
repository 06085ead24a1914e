//! `jeton`: the whole API in one process, and its command line.

use std::process::ExitCode;

// A request allocates some hundred times: with the allocator of the system that is a fifth of its cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    local::run()
}
