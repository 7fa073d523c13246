//! The suite as the test of a mutant of the emulator, in this process: it fails only if a case fails. `scripts/mutants` runs
//! it and reads the line with the verdict. `cargo test` does not run it.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use connect_conformance::report::json::Report;
use connect_conformance::session::Session;
use connect_conformance::session::config::{EndpointConfig, RequestLimits, RunConfig, SelectionConfig};
use connect_model::schema::Schema;
use tokio::runtime::Runtime;

/// Fixed, so that the same mutants survive every time.
const SEED: u64 = 1;

/// Families that have most of the cases and see few of the mutants. They are left out at first, so that most mutants are
/// killed in seconds.
const LARGE: [&str; 4] = ["accept", "error", "invalid", "shape"];

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("connect-mutant-{}", std::process::id()));
    let (verdict, code) = match judge(&folder) {
        Ok(report) => match report.failed_cases.first() {
            Some(case) => (format!("killed by {case}"), ExitCode::FAILURE),
            None => (format!("{}, {} cases passed", report.exit().word(), report.totals.passed), ExitCode::SUCCESS),
        },
        // Nothing was judged, so nothing was found.
        Err(error) => (format!("not started: {error}"), ExitCode::SUCCESS),
    };
    println!("verdict: {verdict}");
    code
}

/// The report of the first run in which a case fails, else that of the whole plan.
fn judge(folder: &Path) -> Result<Report, Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let few = SelectionConfig { exclude_checks: LARGE.map(str::to_owned).into(), ..SelectionConfig::default() };
    let few = run(&runtime, folder, few)?;
    if few.totals.failed > 0 { Ok(few) } else { run(&runtime, folder, SelectionConfig::default()) }
}

fn run(runtime: &Runtime, folder: &Path, selection: SelectionConfig) -> Result<Report, Box<dyn Error>> {
    let config = RunConfig {
        endpoint: EndpointConfig { settle: Some(Duration::ZERO), ..EndpointConfig::default() },
        selection,
        seed: Some(SEED),
        shrink: Some(0),
        limits: RequestLimits { max_failures: Some(1), ..RequestLimits::default() },
        report_dir: folder.to_owned(),
        ..RunConfig::default()
    };
    let session = runtime.block_on(Session::prepare(Schema::connect(), &config))?;
    let finished = session.run(runtime, |_| Ok(()))?;
    drop(finished.folder);
    std::fs::remove_dir_all(folder)?;
    Ok(finished.report)
}
