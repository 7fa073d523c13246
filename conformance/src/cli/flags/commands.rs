//! Flags of `history`, `record`, `replay` and `sweep`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::endpoint::{EmulatorFlags, EndpointFlags, JournalFlags};
use super::{FormatFlag, ModelFlag, account, lag, rate, seconds, whole};

/// Flags of `history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryFlags {
    /// Recorded calls, one JSON object a line; or the file of a finding of the family history
    pub file: PathBuf,
    /// Seconds by which descriptions and tags may lag behind writes
    #[arg(long, value_name = "SECS", default_value = "0", value_parser = lag)]
    pub reads_lag: Duration,
    /// Seconds by which lists may lag behind writes
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = lag)]
    pub lists_lag: Duration,
    /// Seconds by which searches may lag behind writes
    #[arg(long, value_name = "SECS", default_value = "90", value_parser = lag)]
    pub searches_lag: Duration,
    /// The service.
    #[command(flatten)]
    pub model: ModelFlag,
    /// The format.
    #[command(flatten)]
    pub format: FormatFlag,
}

/// Flags of `record`.
#[derive(Clone, Debug, Args)]
pub struct RecordFlags {
    /// Only these operations; `*` stands for any text
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub operations: Vec<String>,
    /// Seed of the requests
    #[arg(long, default_value_t = 1, value_parser = whole)]
    pub seed: u64,
    /// Seconds for one request, from the connection to the last byte
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// The service.
    #[command(flatten)]
    pub model: ModelFlag,
    /// The emulator.
    #[command(flatten, next_help_heading = "Emulator")]
    pub emulator: EmulatorFlags,
    /// The endpoint.
    #[command(flatten)]
    pub target: EndpointFlags,
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
    /// Send the saved request, byte for byte, even if its resources no longer exist
    #[arg(long, conflicts_with_all = ["curl", "boto3"])]
    pub as_sent: bool,
    /// Endpoint to send to, a URL or `aws` [default: that of the run, if it is on this machine]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Connect instance to work in [default: that of the run]
    #[arg(long, value_name = "ID")]
    pub instance_id: Option<String>,
    /// Region to sign for [default: as for `run`; that of the case must be the same]
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long)]
    pub profile: Option<String>,
    /// Allow operations that write on endpoints that are not on this machine; needs --account and --instance-id
    #[arg(long)]
    pub allow_writes: bool,
    /// AWS account that the instance must belong to; checked before any other request
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<String>,
    /// Allow this operation everywhere, even if it costs money or contacts people; may be repeated
    #[arg(long, value_name = "NAME")]
    pub allow_operation: Vec<String>,
    /// Treat an endpoint on this machine as a real account
    #[arg(long)]
    pub as_remote: bool,
    /// The journal.
    #[command(flatten)]
    pub journal: JournalFlags,
    /// Seconds for one request
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// The service.
    #[command(flatten)]
    pub model: ModelFlag,
}

/// Flags of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepFlags {
    /// Delete the listed resources
    #[arg(long)]
    pub delete: bool,
    /// The model of the runs.
    #[command(flatten)]
    pub model: ModelFlag,
    /// The journal.
    #[command(flatten)]
    pub journal: JournalFlags,
    /// Also search this endpoint for resources with the name and tag of a run, in case its journal was lost; a URL, or
    /// `aws`
    #[arg(long, value_name = "URL", requires = "instance_id")]
    pub endpoint: Option<String>,
    /// Connect instance to search
    #[arg(long, value_name = "ID", requires = "endpoint")]
    pub instance_id: Option<String>,
    /// AWS account that the instance must belong to
    #[arg(long, value_name = "ID", requires = "endpoint", value_parser = account)]
    pub account: Option<String>,
    /// Also delete with this operation, even if it costs money or changes what others share; may be repeated
    #[arg(long, value_name = "NAME")]
    pub allow_operation: Vec<String>,
    /// Hours since its start after which a run without a journal counts as dead
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub older_than: u32,
    /// Region to sign for [default: that of the run]
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long)]
    pub profile: Option<String>,
    /// Treat an endpoint on this machine as a real account
    #[arg(long, requires = "endpoint")]
    pub as_remote: bool,
    /// Requests per second [default: no limit on this machine, 2 elsewhere]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Seconds for one request
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// The format.
    #[command(flatten)]
    pub format: FormatFlag,
}
