//! `connect-fuzz`: the commands of `scripts/fuzz` that need no fuzzer and no nightly toolchain.
//!
//! An example, since cargo-fuzz builds all binaries with instrumentation, whose runtime this program lacks.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use connect_fuzz::regression::Regression;
use connect_fuzz::{Row, TARGETS, corpus, dictionary, row};

/// Lists fuzz targets, generates their seeds, and saves inputs as readable regressions.
#[derive(Debug, Parser)]
#[command(name = "connect-fuzz", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the names of all targets, one per line
    List {
        /// Include the property of each target
        #[arg(long)]
        properties: bool,
    },
    /// Regenerate the seeds and the dictionary
    Seed,
    /// Print the case of an input as JSON
    Decode {
        /// The target of the input
        target: String,
        /// The input
        file: PathBuf,
    },
    /// Save an input as a regression and print the file's path
    Keep {
        /// The target of the input
        target: String,
        /// The input
        file: PathBuf,
        /// Date and description of the bug
        #[arg(long)]
        found: String,
    },
    /// Check all seeds and regressions
    Hold,
    /// Replay regressions; all of them if none is given
    Replay {
        /// Regression files (`.json`)
        files: Vec<PathBuf>,
    },
}

/// Exit code of errors that the user can fix.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connect-fuzz: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::List { properties } => {
            let line = |row: &Row| match properties {
                false => format!("{}\n", row.name),
                true => format!("{:<24} {}\n", row.name, row.property),
            };
            print(&TARGETS.iter().map(line).collect::<String>())?;
        }
        Command::Seed => {
            for row in TARGETS {
                let (files, bytes) = corpus::write_seeds(row)?;
                println!("{:<24} {files} seeds, {bytes} bytes", row.name);
            }
            std::fs::write(corpus::dictionary_file(), dictionary())?;
        }
        Command::Decode { target, file } => {
            let case = (named(&target)?.decode)(&read(&file)?).ok_or("the input has no case")?;
            print(&(serde_json::to_string_pretty(&case)? + "\n"))?;
        }
        Command::Keep { target, file, found } => {
            let data = read(&file)?;
            let path = corpus::regression_file(&target, &data);
            let kept = Regression::of(named(&target)?, &data, found);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            std::fs::write(&path, serde_json::to_string_pretty(&kept)? + "\n")?;
            println!("{}", path.display());
        }
        Command::Hold => {
            let mut inputs = 0;
            for row in TARGETS {
                for path in corpus::seed_files(row.name)? {
                    (row.run)(&read(&path)?);
                    inputs += 1;
                }
            }
            for path in corpus::regression_files()? {
                Regression::read(&path)?.replay(&path)?;
                inputs += 1;
            }
            println!("{inputs} inputs pass");
        }
        Command::Replay { files } => {
            let files = if files.is_empty() { corpus::regression_files()? } else { files };
            for path in &files {
                Regression::read(path)?.replay(path)?;
                println!("passes: {}", path.display());
            }
        }
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Row, String> {
    row(name).ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|row| row.name).collect();
        format!("no target {name}; targets: {}", names.join(", "))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints to stdout. A reader that closed the pipe (`| head`) is no error.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
