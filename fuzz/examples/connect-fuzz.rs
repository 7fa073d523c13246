//! `connect-fuzz`: what a fuzzer cannot do for its targets. Needs no nightly; `scripts/fuzz` calls it.
//!
//! An example and not a binary: cargo-fuzz builds all binaries with its instrumentation, which has no runtime here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use connect_conformance::report::print;
use connect_fuzz::regression::Regression;
use connect_fuzz::{Row, TARGETS, corpus, dictionary, row};

/// Lists fuzz targets, writes their seeds, and turns inputs into regressions that can be read.
#[derive(Debug, Parser)]
#[command(name = "connect-fuzz", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Names of all targets, one per line
    List {
        /// With the property that each holds
        #[arg(long)]
        properties: bool,
    },
    /// Write the seeds and the dictionary anew, from the generators and from the requests of the tests
    Seed,
    /// What an input stands for, as JSON
    Decode {
        /// Target that the input is for
        target: String,
        /// The input
        file: PathBuf,
    },
    /// Keep an input as a regression, decoded; prints the file
    Keep {
        /// Target that the input is for
        target: String,
        /// The input
        file: PathBuf,
        /// When it was found, and what was wrong
        #[arg(long)]
        found: String,
    },
    /// Hold every committed input: seeds and regressions
    Hold,
    /// Try regressions again; all of them if none is named
    Replay {
        /// Regressions (`.json`)
        files: Vec<PathBuf>,
    },
}

/// Something that the user can mend.
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
            let case = (named(&target)?.decode)(&read(&file)?).ok_or("these bytes stand for no case")?;
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
        format!("no target {name}; there are {}", names.join(", "))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
