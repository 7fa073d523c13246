//! A case of an earlier run again, on an emulator like the one that the run brought along: the same seed makes the same
//! resources and the same values. What was found elsewhere is sent again as it was instead, see [`crate::replay`].

use std::time::Duration;

use connect_model::schema::Schema;

use crate::case::Outcome;
use crate::checks::walks::WalkConfig;
use crate::event::EmulatorInfo;
use crate::pace::PaceConfig;
use crate::plan::Selection;
use crate::replay::CaseFile;
use crate::runner::Judge;
use crate::session::SessionError;
use crate::target::Target;
use crate::wiring::{self, DEFAULT_CASES, SuiteConfig};

/// What came of a case, and where it was tried.
pub struct Rerun {
    /// The new outcome.
    pub outcome: Outcome,
    /// The emulator, which is gone by now.
    pub target: Target,
}

/// Tries the case of a file again.
///
/// # Errors
/// The emulator cannot be started, or the model has no such case.
pub async fn rerun(file: &CaseFile, info: &EmulatorInfo, timeout: Duration) -> Result<Rerun, SessionError> {
    let schema = Schema::connect();
    let emulator = wiring::emulator(schema, info, 0, file.seed).await.map_err(SessionError::usage)?;
    let target = wiring::target_of(&emulator).map_err(SessionError::usage)?;
    let operation = file.case.split('/').next().unwrap_or_default().to_owned();
    let selection =
        Selection { operations: [operation].into(), filter: Some(file.case.clone()), ..wiring::everything() };
    let config = SuiteConfig {
        ledger: None,
        seed: file.seed,
        cases: info.cases.unwrap_or(DEFAULT_CASES),
        salt: wiring::salt(file.seed),
        timeout,
        pace: PaceConfig::default(),
        walks: WalkConfig {
            count: info.walks.unwrap_or(wiring::DEFAULT_WALKS),
            length: info.walk_length.unwrap_or(wiring::DEFAULT_WALK_LENGTH),
            ..WalkConfig::default()
        },
    };
    let (suite, _) = wiring::suite(schema, target.clone(), &selection, config).map_err(SessionError::usage)?;
    let known = suite.cases().iter().position(|case| case.to_string() == file.case);
    let index = known.ok_or_else(|| {
        SessionError::Nothing(format!(
            "the built-in model has no case {}: it is of another version, or of the run's --model; name an --endpoint \
             to send the request as it was",
            file.case
        ))
    })?;
    let outcome = suite.run(index).await;
    emulator.shutdown().await;
    Ok(Rerun { outcome, target })
}
