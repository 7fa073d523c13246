//! The command `connect-model`: the contract on the command line. Prints JSON Lines to stdout and diagnostics to stderr.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use connect_model::text::visible_lines;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    connect_model::pattern::limit_work();
    match cli::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", visible_lines(&error.to_string()));
            ExitCode::from(2)
        }
    }
}
