//! Answers to requests whose signature is in question: admitted or refused, and the judgement of a refusal.

use connect_model::wire::message::HttpRequest;
use connect_transport::exchange::Exchange;
use connect_transport::signing::Recipe;
use serde_json::Value;

use crate::case::{Level, Outcome};
use crate::client::reply::{AUTHENTICATION, unsupported};
use crate::code::Trial;
use crate::judge::Judgement;
use connect_model::text::excerpt;

/// Further common errors that are about the caller. Source: Connect API reference, common errors.
const FURTHER: [&str; 2] = ["NotAuthorized", "RequestExpired"];

/// Errors that may have status 400. Source: the same, and IAM user guide.
const BAD_REQUEST: [&str; 2] = ["IncompleteSignature", "RequestExpired"];

/// The name of an error without the ending that some lists leave out.
fn plain(name: &str) -> &str {
    name.strip_suffix("Exception").unwrap_or(name)
}

/// An answer, with what it says about the caller.
pub(super) struct Answer {
    pub(super) exchange: Exchange,
    /// Name of the error; none for success, and for an error without a name.
    pub(super) code: Option<String>,
    /// The operation is unknown there; with the evidence.
    pub(super) unsupported: Option<String>,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.exchange.response.status
    }

    /// Returns true if the caller was refused, for the reason of who it is.
    pub(super) fn refuses_the_caller(&self) -> bool {
        let status = self.status();
        matches!(status, 401 | 403) || ((400..500).contains(&status) && self.has_documented_name())
    }

    /// Returns true if this is the answer that a caller with every right gets.
    pub(super) fn is_like(&self, right: &Self) -> bool {
        let is_success = |answer: &Self| (200..300).contains(&answer.status());
        is_success(self) || (self.status() == right.status() && self.code == right.code)
    }

    fn has_documented_name(&self) -> bool {
        let is_known = |code: &str| AUTHENTICATION.iter().chain(&FURTHER).any(|known| plain(known) == plain(code));
        self.code.as_deref().is_some_and(is_known)
    }

    /// Status and name.
    pub(super) fn describe(&self) -> String {
        match (self.status(), &self.code) {
            (status @ 200..300, _) => format!("{status} (accepted)"),
            (status, Some(code)) => format!("{status} {}", excerpt(code)),
            (status, None) => format!("{status} no error name"),
        }
    }
}

/// Sends a request with the signature that it brings.
///
/// # Errors
/// The reason why there is no answer to judge.
pub(super) async fn send(Trial { client, operation, .. }: Trial<'_>, request: &HttpRequest) -> Result<Answer, String> {
    let (exchange, error) = client.send_as_given(operation, request).await?;
    let unsupported = error.as_ref().and_then(|error| unsupported(exchange.response.status, error));
    Ok(Answer { exchange, code: error.and_then(|error| error.code), unsupported })
}

/// Signs a request and sends it.
///
/// # Errors
/// The reason why there is no answer to judge.
pub(super) async fn send_signed(trial: Trial<'_>, request: &HttpRequest, recipe: &Recipe) -> Result<Answer, String> {
    let signed = trial.client.guarded().sign(request, recipe).await.map_err(|error| error.to_string())?;
    send(trial, &signed).await
}

/// Runs a case that may end early. Either way, its outcome counts.
pub(super) fn settled<'t>(case: impl Future<Output = Result<Outcome, Outcome>> + Send + 't) -> Judgement<'t> {
    Box::pin(async move {
        match case.await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    })
}

/// Judges the answer to a request that must be refused. `what` names its fault.
pub(super) async fn must_refuse(trial: Trial<'_>, sent: &HttpRequest, what: &str) -> Outcome {
    let Trial { client, check, .. } = trial;
    let answer = match send(trial, sent).await {
        Ok(answer) => answer,
        Err(why) => return Outcome::indeterminate(why),
    };
    let expected = format!("an error of authentication for a request {what}");
    let finding = |actual: String| check.finding("", &*expected, actual, Some(&answer.exchange));
    if answer.refuses_the_caller() {
        client.learn(format!("error of {} ({what})", check.id), answer.describe());
        let form = |(expected, actual): (&str, String)| {
            let expected = format!("{expected} in the refusal of a request {what}");
            // The exact names and statuses of a service are not published.
            check.finding("", expected, actual, Some(&answer.exchange)).at_most(Level::Should)
        };
        return Outcome::from_findings(malformed(&answer).into_iter().map(form).collect());
    }
    if (200..300).contains(&answer.status()) || answer.status() >= 500 {
        let actual = if answer.status() >= 500 { format!("status {}", answer.status()) } else { answer.describe() };
        return Outcome::from_findings(vec![finding(actual)]);
    }
    // Any other error: the endpoint has read the request, or has refused it in words of its own.
    let right = match send_signed(trial, &unsigned(sent), &Recipe::default()).await {
        Ok(right) => right,
        Err(why) => return Outcome::indeterminate(why),
    };
    let actual = answer.describe();
    Outcome::from_findings(vec![if answer.is_like(&right) {
        finding(format!("{actual}, as with the right signature"))
    } else {
        finding(format!("{actual}, which is no error of authentication")).at_most(Level::Should)
    }])
}

/// The ways in which a refusal differs from those of AWS: what is expected, and what is there.
fn malformed(answer: &Answer) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if serde_json::from_slice::<Value>(&answer.exchange.response.body).map_or(true, |body| !body.is_object()) {
        found.push(("a JSON object", "another body".to_owned()));
    }
    if !answer.has_documented_name() {
        let name = answer.code.as_deref().map_or("no error name".to_owned(), excerpt);
        found.push(("a name among the common errors", name));
    }
    let may_be_400 = answer.code.as_deref().is_some_and(|code| BAD_REQUEST.contains(&plain(code)));
    if answer.status() != 403 && !(may_be_400 && answer.status() == 400) {
        found.push(("status 403", answer.status().to_string()));
    }
    found
}

/// Headers of a signature.
const OF_A_SIGNATURE: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// The request without a signature in its headers or its URL.
pub(super) fn unsigned(request: &HttpRequest) -> HttpRequest {
    let mut bare = request.clone();
    OF_A_SIGNATURE.iter().for_each(|name| bare.headers.remove(name));
    if let Some((path, query)) = request.uri.split_once('?') {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
        bare.uri = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    }
    bare
}

#[cfg(test)]
mod tests {
    use connect_model::wire::message::{Headers, HttpResponse};

    use super::*;

    fn answer(status: u16, code: Option<&str>, body: &str) -> Answer {
        let response = HttpResponse { status, headers: Headers::default(), body: body.as_bytes().to_vec() };
        let exchange = Exchange::answered("", response);
        Answer { exchange, code: code.map(str::to_owned), unsupported: None }
    }

    #[test]
    fn refusals_of_the_caller_are_told_from_other_errors() {
        // status, name, refuses, has the documented form
        for (status, code, refuses, is_documented) in [
            (403, Some("MissingAuthenticationTokenException"), true, true),
            (403, Some("InvalidClientTokenId"), true, true),
            (403, Some("AccessDenied"), true, true),
            (400, Some("IncompleteSignature"), true, true),
            (400, Some("RequestExpired"), true, true),
            (400, Some("InvalidSignatureException"), true, false),
            (401, Some("UnrecognizedClientException"), true, false),
            (403, Some("Forbidden"), true, false),
            (403, None, true, false),
            (400, Some("InvalidRequestException"), false, false),
            (404, Some("ResourceNotFoundException"), false, false),
            (404, None, false, false),
            (500, Some("InvalidSignatureException"), false, false),
            (200, None, false, false),
        ] {
            let answer = answer(status, code, "{}");
            assert_eq!(answer.refuses_the_caller(), refuses, "{status} {code:?}");
            assert_eq!(refuses && malformed(&answer).is_empty(), is_documented, "{status} {code:?}");
        }
        for body in ["", "<html>", "[]", "\"text\""] {
            assert!(malformed(&answer(403, Some("AccessDenied"), body)).len() == 1, "{body}");
        }
    }

    #[test]
    fn the_answer_to_a_right_request_is_recognized() {
        let not_found = || answer(404, Some("ResourceNotFoundException"), "{}");
        assert!(answer(200, None, "{}").is_like(&not_found()));
        assert!(not_found().is_like(&not_found()));
        assert!(!not_found().is_like(&answer(200, None, "{}")));
        assert!(!answer(404, None, "").is_like(&not_found()));
    }

    #[test]
    fn the_unsigned_request_has_no_part_of_a_signature() {
        let mut signed =
            HttpRequest { uri: "/p?a=1&X-Amz-Date=2&X-Amz-Signature=3".to_owned(), ..HttpRequest::default() };
        for name in ["authorization", "x-amz-date", "x-amz-security-token", "accept"] {
            signed.headers.push(name, "x");
        }
        let bare = unsigned(&signed);
        assert_eq!((bare.uri.as_str(), bare.headers.0.len()), ("/p?a=1", 1));
    }
}
