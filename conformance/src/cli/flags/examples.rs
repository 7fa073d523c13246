//! Examples at the end of the help.

use crate::exit::Exit;

/// Examples of `run`, one for each heading of its options.
const RUN: &str = "\
Examples:
  Endpoint        --endpoint http://127.0.0.1:4566 --instance-id ID
  Real accounts   --endpoint aws --region eu-central-1 --instance-id ID --account 111122223333 --allow-writes
  Cases           --operations 'Create*,ListRules' --exclude-checks idempotency,error.size --seed 7
  Pace            --rps 2.5 --burst 5 --max-minutes 60 --budget invalid=2000
  Emulator        --defect page-loses-item --resources 10
  Report          --report-dir reports/today --history reports --notes
  Known           --expect known.toml --write-expect new.toml --learned learned.json
  Sharding        --shard 1/3 --seed 7 --report-dir one
  Configuration   --config nightly.toml";

/// An example of `plan`.
pub(super) const PLAN: &str = "\
Example:
  connect-conformance plan --endpoint aws --region eu-central-1 --instance-id ID --account 111122223333 --allow-writes";

/// A line of a history.
pub(super) const HISTORY: &str = r#"A line (times in microseconds of one clock; no `end` and no `answer` if the answer is unknown):
  {"client":0,"start":10,"end":25,"operation":"DescribeQueue","input":{"InstanceId":"i","QueueId":"q"},"answer":{"error":{"name":"ResourceNotFoundException"}}}
Exit code 1 if a part has no order; 3 if there is nothing to judge."#;

/// The end of the help of `run`.
pub(super) fn run() -> String {
    format!("{RUN}\n\n{}", Exit::help())
}
