//! Flags about the endpoint: a real one, or the built-in emulator.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{account, positive, rate, seconds};
use crate::session::config::default_folder;

/// Heading of the flags for real accounts.
const REAL: &str = "Real accounts";

/// The endpoint, and what is allowed there.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Endpoint")]
pub struct EndpointFlags {
    /// Endpoint to test; `aws` for the endpoint that AWS tools would use (AWS_ENDPOINT_URL_CONNECT, …, else that of the
    /// region) [default: a built-in emulator on a free port of this machine]
    #[arg(long, value_name = "URL", conflicts_with_all = ["defect", "benign", "resources"])]
    pub endpoint: Option<String>,
    /// Connect instance to work in
    #[arg(long, value_name = "ID", requires = "endpoint", value_parser = NonEmptyStringValueParser::new())]
    pub instance_id: Option<String>,
    /// Region to sign for [default: from the host name, AWS_REGION, the profile, or us-east-1]
    #[arg(long, requires = "endpoint", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
    /// Profile of the shared AWS files to sign with
    #[arg(long, requires = "endpoint", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
    /// Allow operations that write on endpoints that are not on this machine; needs --account and --instance-id
    #[arg(long, help_heading = REAL)]
    pub allow_writes: bool,
    /// AWS account that the instance must belong to; checked before any other request
    #[arg(long, help_heading = REAL, value_name = "ID", requires_all = ["endpoint", "instance_id"], value_parser = account)]
    pub account: Option<String>,
    /// Treat an endpoint on this machine as a real account, for tunnels and rehearsals
    #[arg(long, help_heading = REAL, requires = "endpoint")]
    pub as_remote: bool,
    /// Allow this operation everywhere, even if it costs money or contacts people; may be repeated
    #[arg(long, help_heading = REAL, value_name = "NAME")]
    pub allow_operation: Vec<String>,
    /// The journal.
    #[command(flatten, next_help_heading = REAL)]
    pub journal: JournalFlags,
}

/// The journal of created resources.
#[derive(Clone, Debug, Args)]
pub struct JournalFlags {
    /// Folder for journals of the resources that runs create on real accounts; after a crash, `sweep` deletes what they
    /// list
    #[arg(id = "journal", long, value_name = "DIR", default_value_os_t = default_folder().join("journal"))]
    pub folder: PathBuf,
    /// Seconds by which lists may lag behind a creation. If a creation got no response, and lists still lack the resource
    /// after this time, it does not exist [default: 60]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub settle: Option<Duration>,
}

/// Rate and number of requests, and when to stop early.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Pace and early end")]
pub struct PaceFlags {
    /// Requests per second, for all cases together; lower while the endpoint throttles [default: no limit on this machine,
    /// 2 elsewhere]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Requests at once after a pause [default: 5, or --rps if that is more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Stop after this number of requests; --resume continues. The probe at the start, the check of --account, a request
    /// that is signed again, and deletions come on top
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_requests: Option<u64>,
    /// Stop after this number of minutes; --resume continues
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_minutes: Option<u64>,
    /// Stop after this number of failed cases; --resume continues
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_failures: Option<u64>,
}

/// The built-in emulator.
#[derive(Clone, Debug, Args)]
pub struct EmulatorFlags {
    /// Defect of the emulator, or several that act together; `defects` lists them
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    pub defect: Vec<String>,
    /// Harmless variant of the emulator; `benign` lists them
    #[arg(long, value_name = "ID", conflicts_with = "defect")]
    pub benign: Option<String>,
    /// Initial resources of each kind in the emulator
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub resources: Option<u32>,
}

/// Properties of a real account that the emulator can have.
#[derive(Clone, Debug, Args)]
pub struct FrontFlags {
    /// Accept only requests that are signed (SigV4) with these keys
    // A plain string: clap would repeat an unparsable value in its error message, and this is a secret.
    #[arg(long, value_name = "KEY:SECRET[:TOKEN]")]
    pub verify_signatures: Option<String>,
    /// Throttle above this number of requests per second
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rps: Option<f64>,
    /// Requests at once that --rps allows after a pause [default: twice --rps]
    #[arg(long, value_name = "N", requires = "rps", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Seconds after which searches find a new resource
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub search_lag: Option<Duration>,
    /// Break the connection of every Nth request, alternately before and after its execution
    #[arg(long, value_name = "N", value_parser = positive)]
    pub drop_one_in: Option<u64>,
    /// Seconds by which the emulator's clock is ahead
    #[arg(long, value_name = "SECS", default_value_t = 0, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-100_000_000..=100_000_000))]
    pub clock_offset: i64,
}
