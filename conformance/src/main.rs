//! The program `connect-conformance`.

use std::process::ExitCode;

fn main() -> ExitCode {
    connect_conformance::cli::main()
}
