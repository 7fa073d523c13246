//! The suite as the test of a mutant of the emulator, in this process: it fails only if a case fails. `scripts/mutants` runs
//! it, reads the line with the verdict, and finds the reports in the folder for temporary files. `cargo test` does not run it.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use connect_conformance::exit::Exit;
use connect_conformance::report::conclusion;
use connect_conformance::report::json::Report;
use connect_conformance::session::Session;
use connect_conformance::session::config::{EndpointConfig, RequestLimits, RunConfig, SelectionConfig};
use connect_model::schema::Schema;
use tokio::runtime::Runtime;

/// Fixed, so that the same mutants survive every time.
const SEED: u64 = 1;

/// Families that have most of the cases and see few of the mutants. They come last, so that most mutants are killed in
/// seconds.
const LARGE: [&str; 4] = ["accept", "error", "invalid", "shape"];

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("connect-mutant-{}", std::process::id()));
    let (verdict, code) = match judge(&folder) {
        Ok(Verdict::Killed(case)) => (format!("killed by {case}"), ExitCode::FAILURE),
        Ok(Verdict::Survived { verdict, passed }) => (format!("{verdict}, {passed} cases passed"), ExitCode::SUCCESS),
        // Nothing was judged, so nothing was found.
        Err(error) => (format!("not started: {error}"), ExitCode::SUCCESS),
    };
    println!("verdict: {verdict}");
    code
}

enum Verdict {
    /// By this case.
    Killed(String),
    /// The verdict on the first run that is not conforming, and the number of cases that passed.
    Survived { verdict: String, passed: u64 },
}

/// Judges the emulator by the small families, then by the large ones.
fn judge(folder: &Path) -> Result<Verdict, Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let large: Vec<String> = LARGE.map(str::to_owned).into();
    let others = SelectionConfig { exclude_checks: large.clone(), ..SelectionConfig::default() };
    let (mut verdict, mut passed) = (Exit::Conforming.word().to_owned(), 0);
    let large = SelectionConfig { checks: large, ..SelectionConfig::default() };
    for (name, selection) in [("others", others), ("large", large)] {
        let report = run(&runtime, &folder.join(name), selection)?;
        if let Some(case) = report.failed_cases.first() {
            return Ok(Verdict::Killed(case.clone()));
        }
        passed += report.totals.passed;
        if verdict == Exit::Conforming.word() && report.exit() != Exit::Conforming {
            verdict = format!("{}: {}", report.exit().word(), conclusion::sentence(&report));
        }
    }
    Ok(Verdict::Survived { verdict, passed })
}

fn run(runtime: &Runtime, folder: &Path, selection: SelectionConfig) -> Result<Report, Box<dyn Error>> {
    let config = RunConfig {
        endpoint: EndpointConfig { settle: Some(Duration::ZERO), ..EndpointConfig::default() },
        selection,
        seed: Some(SEED),
        shrink: Some(0),
        // A part of the families has few cases of some operations, and one reason may leave most of them undecided.
        allow_undecided: Some(90),
        limits: RequestLimits { max_failures: Some(1), ..RequestLimits::default() },
        report_dir: folder.to_owned(),
        ..RunConfig::default()
    };
    let session = runtime.block_on(Session::prepare(Schema::connect(), &config))?;
    Ok(session.run(runtime, |_| Ok(()))?.report)
}
