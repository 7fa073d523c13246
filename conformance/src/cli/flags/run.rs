//! Flags of `run` and `plan`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use connect_checks::budget::Limit;
use connect_checks::history;
use connect_checks::setup;
use connect_checks::shard::Shard;
use connect_checks::walks::LONGEST;

use super::endpoint::{EmulatorFlags, EndpointFlags, PaceFlags};
use super::{FormatFlag, ModelFlag, seconds, whole};
use crate::session::config::default_folder;

/// Heading of the flags that decide on the cases.
const CASES: &str = "Cases";
/// Heading of the flags that decide when to send.
const PACE: &str = "Pace and early end";
/// Heading of the flags for reports and output.
const REPORT: &str = "Report and output";
/// Heading of the flags that compare with known results.
const KNOWN: &str = "Known divergences and recorded answers";
/// Heading of the flags for a run in several parts.
const PARTS: &str = "Sharding and resuming";

/// Flags of `run` and `plan`.
#[derive(Clone, Debug, Args)]
pub struct RunFlags {
    /// Read options from this file, under their long names: `endpoint = "http://…"`, `operations = ["A", "B"]`,
    /// `allow-writes = true`. The command line wins [default: conformance.toml in the working directory, if it exists, which
    /// permits no writes and chooses no endpoint on another machine]
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// The endpoint.
    #[command(flatten)]
    pub target: EndpointFlags,
    /// The cases.
    #[command(flatten, next_help_heading = CASES)]
    pub selection: SelectionFlags,
    /// The service.
    #[command(flatten, next_help_heading = CASES)]
    pub model: ModelFlag,
    /// Operations that the endpoint must offer, where `*` stands for any text: their cases fail instead of being
    /// unsupported. Also families, such as `access`: the endpoint must verify signatures
    #[arg(long, help_heading = CASES, value_name = "OP,…", value_delimiter = ',')]
    pub require: Vec<String>,
    /// Things that exist at the endpoint, ids by kind of resource (`connect-model graph` lists the kinds): requests that read
    /// name them where the run creates none. Nothing is written to them
    #[arg(long, help_heading = CASES, value_name = "FILE.toml", requires = "endpoint", conflicts_with = "golden")]
    pub known: Option<PathBuf>,
    /// Seed of every generated value [default: a random one, which is printed]
    #[arg(long, help_heading = CASES, value_parser = whole)]
    pub seed: Option<u64>,
    /// Random values per operation, in addition to the fixed ones [default: 3]
    #[arg(long, help_heading = CASES, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(setup::MOST_CASES)))]
    pub cases: Option<u32>,
    /// At most this number of cases of a family, for nights with little time. The seed chooses them, after those of the core
    /// operations; the report counts the others as left out
    #[arg(long, help_heading = CASES, value_name = "FAMILY=N,…", value_delimiter = ',')]
    pub budget: Vec<Limit>,
    /// Random walks: sequences of operations, compared with a reference [default: 24 on this machine, 0 elsewhere]
    #[arg(long, help_heading = CASES, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub walks: Option<u32>,
    /// Steps of a random walk [default: 20]
    #[arg(long, help_heading = CASES, value_name = "M", value_parser = clap::value_parser!(u16).range(1..=i64::from(LONGEST)))]
    pub walk_length: Option<u16>,
    /// Folder of failed walks, which are replayed first [default: `walks` in the report folder]
    #[arg(long, help_heading = CASES, value_name = "DIR")]
    pub walk_regressions: Option<PathBuf>,
    /// Histories of each kind of resource: concurrent calls, searched for an order that explains them [default: 1 on this
    /// machine, 0 elsewhere]
    #[arg(long, help_heading = CASES, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub histories: Option<u32>,
    /// Calls of a history [default: 30]
    #[arg(long, help_heading = CASES, value_name = "L", value_parser = clap::value_parser!(u16).range(1..=i64::from(history::LONGEST)))]
    pub history_length: Option<u16>,
    /// Requests for shrinking the requests of findings, in total [default: 1000 on this machine, 100 elsewhere]
    #[arg(long, help_heading = CASES, value_name = "N")]
    pub shrink: Option<u32>,
    /// Rate and number of requests, and when to stop early.
    #[command(flatten)]
    pub pace: PaceFlags,
    /// Cases at a time [default: 8 on this machine, 2 elsewhere]
    #[arg(long, help_heading = PACE, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Seconds for one request, from the connection to the last byte [default: 10]
    #[arg(long, help_heading = PACE, value_name = "SECS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// The emulator.
    #[command(flatten, next_help_heading = "Emulator")]
    pub emulator: EmulatorFlags,
    /// Folder for the report, the case files of findings, and the log
    #[arg(long, help_heading = REPORT, value_name = "DIR", default_value_os_t = default_folder())]
    pub report_dir: PathBuf,
    /// Further output.
    #[command(flatten, next_help_heading = REPORT)]
    pub output: OutputFlags,
    /// The amount of text.
    #[command(flatten, next_help_heading = REPORT)]
    pub detail: DetailFlags,
    /// The format.
    #[command(flatten, next_help_heading = REPORT)]
    pub format: FormatFlag,
    /// Known divergences: cases that are expected to fail, with reasons and dates
    #[arg(long, help_heading = KNOWN, value_name = "FILE.toml")]
    pub expect: Option<PathBuf>,
    /// Percentage of the cases, in total and of each operation, that may be undecided for one reason before the run counts
    /// as incomplete [default: 10]
    #[arg(long, help_heading = KNOWN, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub allow_undecided: Option<u8>,
    /// Compare with the answers that `record` wrote into this folder, and run no other checks
    #[arg(long, help_heading = KNOWN, value_name = "DIR", conflicts_with_all = ["walks", "cases"])]
    pub golden: Option<PathBuf>,
    /// Run only the Ith of N parts of the plan, so that machines can share a run; `merge` merges their reports
    #[arg(long, help_heading = PARTS, value_name = "I/N", conflicts_with = "golden")]
    pub shard: Option<Shard>,
    /// Continue a stopped run: its report.json, or the folder that contains it. Everything that decides on its plan comes
    /// from there; permissions to write are given again
    #[arg(long, help_heading = PARTS, value_name = "REPORT", conflicts_with = "golden")]
    pub resume: Option<PathBuf>,
}

/// The cases of a run.
#[derive(Clone, Debug, Args)]
pub struct SelectionFlags {
    /// Only these operations; `*` stands for any text
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub operations: Vec<String>,
    /// Not these operations; `*` stands for any text
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub exclude_operations: Vec<String>,
    /// Only these checks or families of checks; `*` stands for any text
    #[arg(long, value_name = "F,G", value_delimiter = ',')]
    pub checks: Vec<String>,
    /// Not these checks or families of checks; `*` stands for any text
    #[arg(long, value_name = "F,G", value_delimiter = ',')]
    pub exclude_checks: Vec<String>,
    /// Only differences to this earlier model: Smithy JSON AST, or service-2.json
    #[arg(long, value_name = "OLD")]
    pub changed_since: Option<PathBuf>,
}

/// The amount of text.
#[derive(Clone, Copy, Debug, Args)]
pub struct DetailFlags {
    /// Show only the causes, the verdict and the place of the report
    #[arg(long, short, conflicts_with_all = ["verbose", "notes"])]
    pub quiet: bool,
    /// Show also operations without problems, recorded facts, and the reasons for limits that were not reached
    #[arg(long, short)]
    pub verbose: bool,
    /// Show findings at level should and note one by one
    #[arg(long)]
    pub notes: bool,
}

/// Output in addition to the report.
#[derive(Clone, Debug, Args)]
pub struct OutputFlags {
    /// Draft a file for --expect from the failed cases
    #[arg(long, value_name = "FILE.toml")]
    pub write_expect: Option<PathBuf>,
    /// Compare the answers that the contract leaves open with those of earlier runs in this file; a new answer ends in exit
    /// code 4
    #[arg(long, value_name = "FILE.json")]
    pub learned: Option<PathBuf>,
    /// Add the answers that the contract leaves open to this file, for --learned
    #[arg(long, value_name = "FILE.json")]
    pub write_learned: Option<PathBuf>,
    /// Write into a report folder that has files of others, and replace those with the names of report files
    #[arg(long)]
    pub force: bool,
    /// Folder of earlier reports, to run first what failed there, and to show the changes since then
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}
