//! The binary: hands over to the command line.

use std::process::ExitCode;

/// A request is some hundred small pieces of memory; this one hands them out in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wardroom::cli::main()
}
