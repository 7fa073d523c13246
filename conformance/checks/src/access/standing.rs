//! Tells if an endpoint verifies signatures at all.

use std::sync::Arc;

use connect_transport::signing::Recipe;

use crate::access::answer::{Answer, send, send_signed};
use crate::access::carrier::request;
use crate::access::rows::WRONG_SECRET;
use crate::case::Outcome;
use crate::code::Trial;

/// Treatment of signatures by an endpoint.
#[derive(Debug)]
pub(super) enum Standing {
    /// It admits the right one, and refuses to be called without one.
    Verifies,
    /// It does not verify them; with the evidence.
    Lacks(String),
    /// It does not offer the operation; with the evidence.
    Unsupported(String),
    /// Nothing can be said; with the reason.
    Unclear(String),
}

/// Returns the outcome of a case on an endpoint that does not verify signatures, or where that is unknown.
///
/// # Errors
/// The outcome.
pub(super) async fn must_verify(trial: Trial<'_>) -> Result<(), Outcome> {
    let standing: Arc<Standing> = trial.memo.get(trial.operation, "standing of access", || standing(trial)).await;
    match &*standing {
        Standing::Verifies => Ok(()),
        Standing::Lacks(why) => Err(Outcome::lacking(why.clone())),
        Standing::Unsupported(why) => Err(Outcome::unsupported(why.clone())),
        Standing::Unclear(why) => Err(Outcome::indeterminate(why.clone())),
    }
}

async fn standing(trial: Trial<'_>) -> Standing {
    find(trial).await.unwrap_or_else(Standing::Unclear)
}

async fn find(trial: Trial<'_>) -> Result<Standing, String> {
    let plain = request(trial).await?;
    let right = match send_signed(trial, &plain, &Recipe::default()).await {
        Ok(right) if right.unsupported.is_some() && !right.refuses_the_caller() => {
            return Ok(Standing::Unsupported(right.unsupported.unwrap_or_default()));
        }
        Ok(right) if right.refuses_the_caller() => {
            return Err(format!("a right signature is refused, too: {}", right.describe()));
        }
        right => right,
    };
    let unsigned = send(trial, &plain).await?;
    let lacks = |answer: &Answer, what: &str| {
        trial.client.learn("signatures", "not verified");
        let status = answer.status();
        Ok(Standing::Lacks(format!("does not verify signatures: status {status} to a request {what}")))
    };
    let Ok(right) = right else {
        let is_success = (200..300).contains(&unsigned.status());
        return if is_success { lacks(&unsigned, "without one") } else { right.map(|_| Standing::Verifies) };
    };
    if !unsigned.refuses_the_caller() {
        if unsigned.is_like(&right) {
            return lacks(&unsigned, "without one");
        }
        // Some emulators find the service by the signature that they do not verify.
        let wrong = send_signed(trial, &plain, &WRONG_SECRET).await?;
        if !wrong.refuses_the_caller() && wrong.is_like(&right) {
            return lacks(&wrong, "with a wrong one");
        }
    }
    trial.client.learn("signatures", "verified");
    Ok(Standing::Verifies)
}
