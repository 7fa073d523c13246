//! The command line, as clap reads it. Refuses what contradicts itself; knows nothing of what the words do.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use connect_checks::selection::Shard;
use connect_checks::setup::DEFAULT_WALK_LENGTH;
use connect_checks::walks::LONGEST;

/// Holds an endpoint of the Amazon Connect API to its contract.
///
/// Without a command it runs: against the endpoint that --endpoint names, or against a built-in emulator.
#[derive(Debug, Parser)]
#[command(name = "connect-conformance", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit codes: 0 conforming · 1 findings · 2 usage, or endpoint unreachable · 3 nothing scored, or \
                        executed differs from planned · 4 stale bookkeeping · 5 resources leaked"
)]
pub struct Cli {
    /// What to do; `run` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// For the default command.
    #[command(flatten)]
    pub run: RunFlags,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan, execute, report
    Run {
        /// Only cases whose id contains this text, for example `CreateRule/invalid`
        filter: Option<String>,
        /// The rest.
        #[command(flatten)]
        flags: Box<RunFlags>,
    },
    /// Say what a run would do: operations, requests, writes, minutes at its rate; nothing is sent
    Plan {
        /// Only cases whose id contains this text
        filter: Option<String>,
        /// As for `run`.
        #[command(flatten)]
        flags: Box<RunFlags>,
    },
    /// Write down how an endpoint answers, without ids, names and times, to be reviewed and compared (`run --golden`)
    Record {
        /// Folder of the answers, one file for each operation
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The rest.
        #[command(flatten)]
        flags: Box<RecordFlags>,
    },
    /// Serve the built-in emulator on 127.0.0.1 until interrupted
    Emulate {
        /// Port; 0 for a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
        /// Seed of ids, tokens and generated answers
        #[arg(long, value_name = "SEED", default_value_t = 0)]
        seed: u64,
        /// What it is like.
        #[command(flatten)]
        emulator: EmulatorFlags,
        /// What it asks of its callers.
        #[command(flatten)]
        front: FrontFlags,
        /// Which service.
        #[command(flatten)]
        model: ModelFlag,
    },
    /// List case ids, one per line
    List {
        /// Only ids that contain this text
        filter: Option<String>,
        /// Which.
        #[command(flatten)]
        selection: SelectionFlags,
        /// Which service.
        #[command(flatten)]
        model: ModelFlag,
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the ids of checks, one per line
    Checks {
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the ids of the emulator's defects, one per line
    Defects {
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// List the emulator's harmless variants, one per line
    Benign {
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Run the suite against every defect and every harmless variant, and show which check catches what
    Selftest {
        /// Only these defects and harmless variants
        #[arg(value_name = "ID")]
        only: Vec<String>,
        /// Emulators at a time
        #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
        jobs: u16,
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Say what a check means, where its rule is written and which defects prove it
    Explain {
        /// Id of the check, as `checks` lists it
        check: String,
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Make one report of several: the parts of a run that was sharded, or one to be written anew
    Merge {
        /// report.json files, or folders of them
        #[arg(value_name = "REPORT", required = true)]
        reports: Vec<PathBuf>,
        /// Folder for report.json, report.html and junit.xml
        #[arg(long, value_name = "DIR", default_value = "target/conformance")]
        report_dir: PathBuf,
        /// What else to write.
        #[command(flatten)]
        output: OutputFlags,
        /// Show findings at level should and note one by one
        #[arg(long)]
        notes: bool,
        /// How.
        #[command(flatten)]
        format: FormatFlag,
    },
    /// Show what runs have left on real accounts, from their journals; delete it with --delete
    Sweep(SweepFlags),
    /// Try the case of a saved finding again, with all that it needs, and show what comes back
    Replay(Box<ReplayFlags>),
}

/// How what is made on a real account is kept account of.
#[derive(Clone, Debug, Default, Args)]
pub struct JournalFlags {
    /// Folder for the journal of what is made on a real account, from which `sweep` deletes after a crash
    #[arg(id = "journal", long, value_name = "DIR", default_value = "target/conformance/journal")]
    pub folder: PathBuf,
    /// Seconds that lists may lag behind a creation: what was asked for without an answer, and is not listed after them,
    /// was never made
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = seconds)]
    pub settle: Duration,
}

/// Flags of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunFlags {
    /// Where to.
    #[command(flatten)]
    pub target: EndpointFlags,
    /// Which cases.
    #[command(flatten)]
    pub selection: SelectionFlags,
    /// Seed of everything that is generated [default: a fresh one, which is printed]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Generated cases of each kind
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cases: Option<u32>,
    /// Random walks: sequences of operations, compared with a reference [default: 24 on this machine, 0 elsewhere]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub walks: Option<u32>,
    /// Steps of a random walk
    #[arg(long, value_name = "M", default_value_t = DEFAULT_WALK_LENGTH,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LONGEST)))]
    pub walk_length: u16,
    /// Folder of walks that failed once, replayed first [default: walks in the report folder]
    #[arg(long, value_name = "DIR")]
    pub walk_regressions: Option<PathBuf>,
    /// Trials at a time [default: 8 on this machine, 2 elsewhere]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Folder for report.json, findings and the log of trials
    #[arg(long, value_name = "DIR", default_value = "target/conformance")]
    pub report_dir: PathBuf,
    /// Seconds for one request, from connecting to the last byte
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// Requests that making the requests of findings smaller may take, in all [default: 1000 on this machine, 100
    /// elsewhere]
    #[arg(long, value_name = "N")]
    pub shrink: Option<u32>,
    /// How much is sent.
    #[command(flatten)]
    pub pace: PaceFlags,
    /// Operations that must be offered: unsupported is a failure for them
    #[arg(long, value_name = "OP,…", value_delimiter = ',')]
    pub require: Vec<String>,
    /// The emulator.
    #[command(flatten)]
    pub emulator: EmulatorFlags,
    /// Which service.
    #[command(flatten)]
    pub model: ModelFlag,
    /// Compare with the answers that `record` wrote into this folder, and try nothing else
    #[arg(long, value_name = "DIR", conflicts_with_all = ["walks", "cases"])]
    pub golden: Option<PathBuf>,
    /// Only the Ith of N parts of the plan, for machines that share a run; `merge` makes one report of theirs
    #[arg(long, value_name = "I/N", conflicts_with = "golden")]
    pub shard: Option<Shard>,
    /// Go on with a run that was stopped: its report.json, or the folder of it
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["seed", "golden"])]
    pub resume: Option<PathBuf>,
    /// Known divergences: cases that are expected to fail, with reasons and dates
    #[arg(long, value_name = "FILE.toml")]
    pub expect: Option<PathBuf>,
    /// What else to write.
    #[command(flatten)]
    pub output: OutputFlags,
    /// Show findings at level should and note one by one
    #[arg(long)]
    pub notes: bool,
    /// How.
    #[command(flatten)]
    pub format: FormatFlag,
}

/// How much is sent, and how fast.
#[derive(Clone, Debug, Default, Args)]
pub struct PaceFlags {
    /// Requests a second, of all trials together; less while the endpoint throttles [default: no limit on this machine,
    /// 2 elsewhere]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Requests at once after a pause [default: 5, or as many as --rps if that is more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Stop after so many requests; --resume goes on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// Stop after so many minutes; --resume goes on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_minutes: Option<u64>,
}

/// What a report is compared with, and what else is made of it.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputFlags {
    /// Draft a file for --expect from what fails
    #[arg(long, value_name = "FILE.toml")]
    pub write_expect: Option<PathBuf>,
    /// Folder of earlier reports, to show what changed since
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

/// Flags of `record`.
#[derive(Clone, Debug, Args)]
pub struct RecordFlags {
    /// Where to.
    #[command(flatten)]
    pub target: EndpointFlags,
    /// Only these operations
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub operations: Vec<String>,
    /// Seed of the requests
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Seconds for one request, from connecting to the last byte
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// The emulator.
    #[command(flatten)]
    pub emulator: EmulatorFlags,
    /// Which service.
    #[command(flatten)]
    pub model: ModelFlag,
}

/// Flags of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayFlags {
    /// Case file, from the `findings` folder of a report
    #[arg(value_name = "CASE.json")]
    pub case: PathBuf,
    /// Print a curl command instead of sending
    #[arg(long)]
    pub curl: bool,
    /// Print a Python program for botocore instead of sending
    #[arg(long, conflicts_with = "curl")]
    pub boto3: bool,
    /// Send the request as it was, to the byte, whether or not what it names is still there
    #[arg(long, conflicts_with_all = ["curl", "boto3"])]
    pub as_sent: bool,
    /// Send there instead of where it was found; a URL, or `aws`
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Connect instance to work in [default: that of the run]
    #[arg(long, value_name = "ID")]
    pub instance_id: Option<String>,
    /// Region to sign for
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long)]
    pub profile: Option<String>,
    /// Allow operations that write on endpoints that are not on this machine; needs --account
    #[arg(long)]
    pub allow_writes: bool,
    /// AWS account that the instance must be in; looked up before anything else is sent
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<String>,
    /// Allow this operation anywhere, even if it costs money or reaches people; may be repeated
    #[arg(long, value_name = "NAME")]
    pub allow_operation: Vec<String>,
    /// Take the endpoint for a real account though its address is on this machine
    #[arg(long)]
    pub as_remote: bool,
    /// How what is made is kept account of.
    #[command(flatten)]
    pub journal: JournalFlags,
    /// Seconds for the request
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
}

/// Flags of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepFlags {
    /// Delete what is shown
    #[arg(long)]
    pub delete: bool,
    /// How what is made is kept account of.
    #[command(flatten)]
    pub journal: JournalFlags,
    /// Look for the name and the tag of our runs there, too, where a journal was lost; a URL, or `aws`
    #[arg(long, value_name = "URL", requires = "instance_id")]
    pub endpoint: Option<String>,
    /// Connect instance to look through
    #[arg(long, value_name = "ID", requires = "endpoint")]
    pub instance_id: Option<String>,
    /// AWS account that the instance must be in
    #[arg(long, value_name = "ID", requires = "endpoint", value_parser = account)]
    pub account: Option<String>,
    /// Hours since the start of a run after which it is taken for dead, where only its tags are left
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub older_than: u32,
    /// Region to sign for [default: as the run did]
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long)]
    pub profile: Option<String>,
    /// Take the endpoint for a real account though its address is on this machine
    #[arg(long, requires = "endpoint")]
    pub as_remote: bool,
    /// Requests a second [default: no limit on this machine, 2 elsewhere]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Seconds for one request
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// How.
    #[command(flatten)]
    pub format: FormatFlag,
}

/// Which endpoint, and what may be done there.
#[derive(Clone, Debug, Default, Args)]
pub struct EndpointFlags {
    /// Endpoint to test, or `aws` for where the AWS tools go (AWS_ENDPOINT_URL_CONNECT, …, the region's own); without it,
    /// a built-in emulator on a free loopback port
    #[arg(long, value_name = "URL", conflicts_with_all = ["defect", "benign", "resources"])]
    pub endpoint: Option<String>,
    /// Connect instance to work in
    #[arg(long, value_name = "ID", requires = "endpoint")]
    pub instance_id: Option<String>,
    /// Region to sign for [default: from the host name, AWS_REGION, the profile, or us-east-1]
    #[arg(long, requires = "endpoint")]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long, requires = "endpoint")]
    pub profile: Option<String>,
    /// Allow operations that write on endpoints that are not on this machine; needs --account and --instance-id
    #[arg(long)]
    pub allow_writes: bool,
    /// AWS account that the instance must be in; looked up before anything else is sent
    #[arg(long, value_name = "ID", requires_all = ["endpoint", "instance_id"], value_parser = account)]
    pub account: Option<String>,
    /// Take the endpoint for a real account though its address is on this machine: a tunnel, or a rehearsal
    #[arg(long, requires = "endpoint")]
    pub as_remote: bool,
    /// How what is made is kept account of.
    #[command(flatten)]
    pub journal: JournalFlags,
    /// Allow this operation anywhere, even if it costs money or reaches people; may be repeated
    #[arg(long, value_name = "NAME")]
    pub allow_operation: Vec<String>,
}

/// Which cases.
#[derive(Clone, Debug, Default, Args)]
pub struct SelectionFlags {
    /// Only these operations
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub operations: Vec<String>,
    /// Only these checks, or families of checks
    #[arg(long, value_name = "F,G", value_delimiter = ',')]
    pub checks: Vec<String>,
    /// Only what differs from this earlier model: Smithy JSON AST, or service-2.json
    #[arg(long, value_name = "OLD")]
    pub changed_since: Option<PathBuf>,
}

/// What the built-in emulator is like.
#[derive(Clone, Debug, Default, Args)]
pub struct EmulatorFlags {
    /// Let the emulator have this defect
    #[arg(long, value_name = "ID")]
    pub defect: Option<String>,
    /// Let the emulator have this harmless peculiarity
    #[arg(long, value_name = "ID", conflicts_with = "defect")]
    pub benign: Option<String>,
    /// Resources of each kind that the emulator has from the start
    #[arg(long, value_name = "N")]
    pub resources: Option<usize>,
}

/// How much the emulator is like a real account: what it asks of callers before it looks at what they say.
#[derive(Clone, Debug, Default, Args)]
pub struct FrontFlags {
    /// Serve only requests that these keys signed (SigV4)
    // Taken as it is: clap repeats in its message what it cannot parse, and this is a secret.
    #[arg(long, value_name = "KEY:SECRET[:TOKEN]")]
    pub verify_signatures: Option<String>,
    /// Throttle more requests a second than this
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Requests at once that --rps allows after a pause [default: twice as many]
    #[arg(long, value_name = "N", requires = "rps", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Seconds after which searches find what was made
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub search_lag: Option<Duration>,
    /// Break the connection of one request in N, in turns before and after it is performed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub drop_one_in: Option<u64>,
    /// Seconds by which the clock is ahead
    #[arg(long, value_name = "SECS", default_value_t = 0, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-100_000_000..=100_000_000))]
    pub clock_offset: i64,
}

/// Which service.
#[derive(Clone, Debug, Default, Args)]
pub struct ModelFlag {
    /// Service model instead of the built-in one: Smithy JSON AST, or service-2.json
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

/// How to print.
#[derive(Clone, Copy, Debug, Args)]
pub struct FormatFlag {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds, for example 2.5".to_owned())?;
    if seconds > 0.0 && seconds <= 3600.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("give more than 0 and at most 3600 seconds".to_owned())
    }
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("give the 12 digits of an AWS account".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "give a number of requests a second, for example 20".to_owned())?;
    if rate > 0.0 && rate <= 1e6 { Ok(rate) } else { Err("give more than 0 and at most 1000000 a second".to_owned()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_and_contradictions_are_refused() {
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
            "--walks 0 --walk-length 1 --walk-regressions x",
            "run --walks 2000 --walk-length 1000",
            "replay a.json --curl",
            "replay a.json --boto3",
            "replay a.json --as-sent --endpoint http://h --allow-writes --account 111122223333",
            "run --shard 2/3 --expect a.toml --write-expect b.toml --history runs",
            "run --resume target/conformance",
            "run --rps 2.5 --burst 5 --max-requests 1000 --max-minutes 60",
            "plan --endpoint http://h --allow-writes --shard 1/2 --rps 3 --format json",
            "sweep --delete --journal x",
            "sweep --endpoint http://h --instance-id i --account 111122223333 --older-than 0 --as-remote --rps 3",
            "merge a/report.json b --report-dir c --write-expect d",
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
            "run --resources 1 --endpoint http://h",
            "run --shard 4/3",
            "run --rps 0",
            "run --burst 0",
            "run --max-requests 0",
            "run --max-minutes 0",
            "run --resume a --seed 1",
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
            "--walks -1",
            "--walks 1000001",
            "--walk-length 0",
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
