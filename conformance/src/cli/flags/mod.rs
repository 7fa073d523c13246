//! The flags of every command, as clap parses them. Rejects contradictory flags; does not know what they do.

mod commands;
mod endpoint;
mod examples;
mod run;

use connect_checks::setup;
use connect_checks::shard::Shard;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use self::commands::{HistoryFlags, RecordFlags, ReplayFlags, SweepFlags};
pub use self::endpoint::{EmulatorFlags, EndpointFlags, FrontFlags, JournalFlags, PaceFlags};
pub use self::run::{DetailFlags, OutputFlags, RunFlags, SelectionFlags};
use crate::report::output::Format;
use crate::session::config::{LONGEST_TIME, default_folder, time};

/// Tests an endpoint of the Amazon Connect API against its contract.
///
/// Without a command, `run` is executed: against the endpoint that --endpoint names, or against a built-in emulator.
#[derive(Debug, Parser)]
#[command(name = "connect-conformance", version, args_conflicts_with_subcommands = true)]
#[command(after_help = examples::run())]
pub struct Cli {
    /// The command; `run` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Colors of the text on stdout
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: Color,
    /// Flags of the default command.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Use of colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On terminals, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan the cases, execute them and write a report
    #[command(after_help = examples::run())]
    Run {
        /// Only cases whose id contains this text, for example `CreateRule/invalid`
        filter: Option<String>,
        /// The flags.
        #[command(flatten)]
        flags: Box<RunFlags>,
    },
    /// Show what a run would do (operations, requests, writes, duration) without sending anything
    #[command(after_help = examples::PLAN)]
    Plan {
        /// Only cases whose id contains this text
        filter: Option<String>,
        /// The flags, as for `run`.
        #[command(flatten)]
        flags: Box<RunFlags>,
    },
    /// Record the answers of an endpoint, without ids, names and times, to review them and compare later (`run --golden`)
    Record {
        /// Folder of the answers, one file for each operation
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The flags.
        #[command(flatten)]
        flags: Box<RecordFlags>,
    },
    /// Serve the built-in emulator on 127.0.0.1 until interrupted
    Emulate {
        /// Port; 0 for a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
        /// Seed of ids, tokens and generated answers
        #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = whole)]
        seed: u64,
        /// Its defect and its resources.
        #[command(flatten)]
        emulator: EmulatorFlags,
        /// Its similarity to a real account.
        #[command(flatten)]
        front: FrontFlags,
        /// The service.
        #[command(flatten)]
        model: ModelFlag,
    },
    /// List case ids, one per line
    List {
        /// Only ids that contain this text
        filter: Option<String>,
        /// The cases.
        #[command(flatten)]
        selection: SelectionFlags,
        /// The service.
        #[command(flatten)]
        model: ModelFlag,
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the ids of checks, one per line
    Checks {
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the ids of the emulator's defects, one per line
    Defects {
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the ids of the emulator's harmless variants, one per line
    Benign {
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Run the suite against every defect and every harmless variant, and show which check catches which
    Selftest {
        /// Only these defects and harmless variants; or only these pairs of defects, each as ID+ID
        #[arg(value_name = "ID")]
        only: Vec<String>,
        /// Instead: N pairs of defects, both in one emulator; each must still be found
        #[arg(long, value_name = "N", conflicts_with = "only", value_parser = clap::value_parser!(u32).range(1..))]
        pairs: Option<u32>,
        /// Run all checks only on N of the defects or pairs, and on the others the checks that must catch them
        #[arg(long, value_name = "N")]
        sample: Option<u32>,
        /// Seed that chooses the pairs or the sample
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Choose only among the pairs that the same check must find
        #[arg(long, requires = "pairs")]
        close: bool,
        /// Only part K of N parts of the defects and harmless variants, for several machines or days
        #[arg(long, value_name = "K/N", conflicts_with_all = ["only", "pairs"])]
        shard: Option<Shard>,
        /// Emulators at a time
        #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
        jobs: u16,
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Explain a check (rule, evidence, harm, the defects that prove it), an operation (what is tried on it), or a cause
    Explain {
        /// An operation, or the id of a check, family, case or defect, or of a cause in a report (CHECK~HEX)
        name: String,
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Merge the reports of a sharded run, or write the files of one report again
    Merge {
        /// report.json files, or folders that contain one
        #[arg(value_name = "REPORT", required = true)]
        reports: Vec<PathBuf>,
        /// Folder for report.json, report.html and junit.xml
        #[arg(long, value_name = "DIR", default_value_os_t = default_folder())]
        report_dir: PathBuf,
        /// Further output.
        #[command(flatten)]
        output: OutputFlags,
        /// The amount of text.
        #[command(flatten)]
        detail: DetailFlags,
        /// The format.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the resources that earlier runs left on real accounts, and delete them with --delete
    Sweep(SweepFlags),
    /// Run the case of a saved finding again, with everything that it needs, and show the response
    Replay(Box<ReplayFlags>),
    /// Judge a recorded history of concurrent calls: is there one order of them in which every answer is right?
    #[command(after_help = examples::HISTORY)]
    History(HistoryFlags),
    /// Print the completions for a shell, for example `connect-conformance completions bash`
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// The service.
#[derive(Clone, Debug, Args)]
pub struct ModelFlag {
    /// Service model instead of the built-in one: Smithy JSON AST, or service-2.json
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

/// The output format.
#[derive(Clone, Copy, Debug, Args)]
pub struct FormatFlag {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds, for example 2.5".to_owned())?;
    time(seconds).ok_or_else(|| format!("give more than 0 and at most {LONGEST_TIME} seconds"))
}

/// A time by which reads may lag.
fn lag(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { seconds(text) }
}

/// A whole number of 0 or more.
fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("give a whole number from 0 to {}", u64::MAX))
}

/// A whole number of 1 or more.
fn positive(text: &str) -> Result<u64, String> {
    whole(text).ok().filter(|number| *number > 0).ok_or_else(|| "give a whole number of 1 or more".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("give the 12 digits of an AWS account".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "give a number of requests per second, for example 20".to_owned())?;
    setup::is_rate(rate).map(|()| rate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definition_is_valid() {
        Cli::command().debug_assert();
        let steps = format!("Steps of a random walk [default: {}]", connect_checks::setup::DEFAULT_WALK_LENGTH);
        let run = Cli::command().find_subcommand("run").unwrap().clone().render_help().to_string();
        assert!(run.contains(&steps), "{run}");
    }

    #[test]
    fn run_is_the_default_and_contradictions_are_rejected() {
        let parse =
            |line: &str| Cli::try_parse_from(["connect-conformance"].into_iter().chain(line.split_whitespace()));
        let good = [
            "",
            "--defect x --resources 3",
            "run",
            "run CreateRule/invalid --operations A,B --checks shape --seed 1 --cases 2 --jobs 4",
            "--endpoint http://h --instance-id i --region r --profile p --require A,B --allow-writes --allow-operation C",
            "emulate --port 1 --defect x",
            "emulate --benign x",
            "emulate --verify-signatures AKID:secret --rps 20 --burst 5 --search-lag 2 --drop-one-in 100 --clock-offset -600",
            "run --endpoint http://h --instance-id i --account 111122223333 --allow-writes --as-remote",
            "selftest a b --jobs 2 --format json",
            "selftest --pairs 12 --seed 2 --close",
            "selftest --pairs 12 --sample 2",
            "selftest --sample 12 --seed 2",
            "selftest a+b c+d",
            "run --defect x,y",
            "emulate --defect x --defect y",
            "--walks 0 --walk-length 1 --walk-regressions x",
            "run --walks 2000 --walk-length 1000",
            "run --histories 200 --history-length 50",
            "history a.jsonl --reads-lag 0.5 --lists-lag 0 --searches-lag 90 --format json",
            "replay a.json --curl",
            "replay a.json --boto3",
            "replay a.json --as-sent --endpoint http://h --allow-writes --account 111122223333",
            "run --shard 2/3 --expect a.toml --write-expect b.toml --history runs",
            "run --resume target/conformance",
            "run -v --notes --color never",
            "--color always",
            "list --color never",
            "merge a -q",
            "run --resume a --seed 1 --allow-undecided 30",
            "run --rps 2.5 --burst 5 --max-requests 1000 --max-minutes 60 --max-failures 3 --config x.toml",
            "run --operations *Rule --exclude-operations DeleteRule,List* --exclude-checks shape,error.*",
            "completions bash",
            "plan --endpoint http://h --allow-writes --shard 1/2 --rps 3 --format json",
            "sweep --delete --journal x",
            "sweep --endpoint http://h --instance-id i --account 111122223333 --older-than 0 --as-remote --rps 3",
            "merge a/report.json b --report-dir c --write-expect d --learned e --write-learned e",
            "run --learned a.json --write-learned a.json",
            "list x --operations A --format json",
        ];
        for line in good {
            assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
        }
        let bad = [
            "--defect x --endpoint http://h",
            "--benign x --endpoint http://h",
            "--defect x --benign y",
            "selftest --jobs 0",
            "selftest a --pairs 12",
            "run --resources 1 --endpoint http://h",
            "run --shard 4/3",
            "run --rps 0",
            "run --rps 0.001",
            "run --burst 0",
            "run --max-requests 0",
            "run --max-minutes 0",
            "run --max-failures 0",
            "completions sh",
            "run --allow-undecided 101",
            "run -q -v",
            "run --endpoint http://h --account 111122223333",
            "run --endpoint http://h --instance-id i --account 1111-2222",
            "run --as-remote",
            "merge",
            "sweep --endpoint http://h",
            "replay a.json --curl --boto3",
            "replay a.json --curl --as-sent",
            "--profile p",
            "--instance-id i",
            "--unknown",
            "cheks",
            "--seed 1 list",
            "--seed -1",
            "--jobs 0",
            "--cases 0",
            "--cases 100001",
            "--walks -1",
            "--walks 1000001",
            "--walk-length 0",
            "--history-length 0",
            "--history-length 2001",
            "--histories 100001",
            "history",
            "history a --reads-lag -1",
            "--walk-length 1001",
            "--timeout 0",
            "--timeout x",
            "--format xml",
            "emulate --port 70000",
            "emulate --rps 0",
            "emulate --burst 3",
            "emulate --drop-one-in 0",
            "explain",
        ];
        for line in bad {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
