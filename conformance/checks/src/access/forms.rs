//! Signatures in unusual places and of unusual requests: signed URLs, and legal forms of headers, query and path.

use std::time::Duration;

use connect_model::wire::message::HttpRequest;
use connect_transport::signing::Recipe;

use crate::access::answer::{must_refuse, send, send_signed, settled};
use crate::access::carrier::{Carrier, carriers, request};
use crate::access::rows::{Edit, add_query, declare_hash, swap};
use crate::access::standing::must_verify;
use crate::case::{Level, Outcome};
use crate::code::{Scope, Subjects, Trial};
use crate::judge::Judgement;

/// Validity of signed URLs.
const VALID: Duration = Duration::from_secs(60);

/// A case of signed URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Url {
    /// It is right.
    Right,
    /// A parameter is added after signing.
    Altered,
    /// Its signature is altered.
    Forged,
    /// It has expired.
    Expired,
}

/// The cases of signed URLs: on operations with GET.
pub(super) fn urls(scope: &Scope<'_>) -> Subjects<Url> {
    let has_get = |carrier: &Carrier| matches!(carrier, Carrier::Path | Carrier::Query);
    let cases =
        [("right", Url::Right), ("altered", Url::Altered), ("signature", Url::Forged), ("expired", Url::Expired)];
    let wanted = carriers(scope).iter().any(has_get);
    cases.into_iter().filter(|_| wanted).map(|(name, url)| (Some(name.to_owned()), url)).collect()
}

/// Runs a case of signed URLs.
pub(super) fn presigned<'t>(trial: Trial<'t>, url: &'t Url) -> Judgement<'t> {
    settled(attempt(trial, *url))
}

async fn attempt(trial: Trial<'_>, url: Url) -> Result<Outcome, Outcome> {
    must_verify(trial).await?;
    let plain = request(trial).await.map_err(Outcome::indeterminate)?;
    let right = Recipe { in_url_for: Some(VALID), ..Recipe::default() };
    let sign = async |recipe: &Recipe| {
        let signed = trial.client.guarded().sign(&plain, recipe).await;
        signed.map_err(|error| Outcome::indeterminate(error.to_string()))
    };
    let mut signed = sign(&right).await?;
    let answer = send(trial, &signed).await.map_err(Outcome::indeterminate)?;
    match url {
        Url::Right if answer.refuses_the_caller() => {
            let expected = "a signed URL is admitted, as a signed header is";
            let finding = trial.check.finding("", expected, answer.describe(), Some(&answer.exchange));
            // Few clients of a JSON service sign URLs.
            Ok(Outcome::from_findings(vec![finding.at_most(Level::Should)]))
        }
        Url::Right => Ok(Outcome::from_findings(Vec::new())),
        _ if answer.refuses_the_caller() => {
            Err(Outcome::indeterminate(format!("a right signed URL is refused, too: {}", answer.describe())))
        }
        Url::Altered => {
            add_query(&mut signed, "contract-test=1");
            Ok(must_refuse(trial, &signed, "with a signed URL that was altered").await)
        }
        Url::Forged => {
            if let Some((start, signature)) = signed.uri.split_once("X-Amz-Signature=") {
                let (signature, rest) = signature.split_at(signature.find('&').unwrap_or(signature.len()));
                signed.uri = format!("{start}X-Amz-Signature={}{rest}", swap(signature, 1));
            }
            Ok(must_refuse(trial, &signed, "with a signed URL whose signature was altered").await)
        }
        Url::Expired => {
            let ahead = -20 * 60;
            let expired = sign(&Recipe { ahead, ..right }).await?;
            Ok(must_refuse(trial, &expired, "with a signed URL that expired 19 minutes ago").await)
        }
    }
}

/// A legal form: the variant, the carrier, and the change before signing.
type Form = (&'static str, Carrier, Edit);

/// The legal forms. botocore and the AWS SDK for Rust agree on the canonical form of each: see
/// `conformance/tests/sigv4.json`.
const FORMS: &[Form] = &[
    ("header-blanks", Carrier::Path, |request| request.headers.push("x-amz-contract-test", "one   two  three")),
    ("header-empty", Carrier::Path, |request| request.headers.push("x-amz-contract-test", "")),
    ("header-repeated", Carrier::Path, |request| {
        request.headers.push("x-amz-contract-test", "two");
        request.headers.push("x-amz-contract-test", "one");
    }),
    ("header-characters", Carrier::Path, |request| {
        request.headers.push("x-amz-contract-test", "a+b%20c~d, \"e;f\"=:g");
    }),
    ("path-escapes", Carrier::Path, |request| last_segment(request, "a%20b~c%2Bd-e_f.g%3Ah")),
    ("path-escaped-twice", Carrier::Path, |request| last_segment(request, "a%2520b%252Fc")),
    ("path-unicode", Carrier::Path, |request| last_segment(request, "%C3%A9%F0%9F%98%80")),
    ("query-unsorted", Carrier::Query, |request| add_query(request, "z=1&b=2&a=3&B=4")),
    ("query-repeated", Carrier::Query, |request| add_query(request, "contract=a&contract=a&contract=b")),
    ("query-empty", Carrier::Query, |request| add_query(request, "a=&aa=&b=")),
    ("query-escapes", Carrier::Query, |request| add_query(request, "c=a%20b~c%2Bd%2Fe%3D%26f%25g-_.")),
    ("query-unicode", Carrier::Query, |request| add_query(request, "c=%C3%A9%F0%9F%98%80")),
    ("query-prefixes", Carrier::Query, |request| add_query(request, "a-=1&a=2&a.b=3")),
    ("body-hash", Carrier::Body, declare_hash),
    ("body-blanks", Carrier::Body, |request| request.body.splice(0..0, *b" \r\n\t").for_each(drop)),
];

/// Replaces the last segment of the path.
fn last_segment(request: &mut HttpRequest, segment: &str) {
    if let Some(at) = request.uri.rfind('/') {
        request.uri = format!("{}/{segment}", &request.uri[..at]);
    }
}

/// The forms that the operation in scope carries.
pub(super) fn legal(scope: &Scope<'_>) -> Subjects<&'static Form> {
    let carriers = carriers(scope);
    let forms = FORMS.iter().filter(|(_, carrier, _)| carriers.contains(carrier));
    forms.map(|form| (Some(form.0.to_owned()), form)).collect()
}

/// Runs a legal form: it is admitted if the usual one is.
pub(super) fn legal_form<'t>(trial: Trial<'t>, (name, _, edit): &'t &'static Form) -> Judgement<'t> {
    Box::pin(async move {
        if let Err(outcome) = must_verify(trial).await {
            return outcome;
        }
        let mut plain = match request(trial).await {
            Ok(plain) => plain,
            Err(why) => return Outcome::indeterminate(why),
        };
        edit(&mut plain);
        let mut refusals = Vec::new();
        for _ in 0..2 {
            match send_signed(trial, &plain, &Recipe::default()).await {
                Ok(answer) if answer.refuses_the_caller() => refusals.push(answer),
                Ok(_) => return Outcome::from_findings(Vec::new()),
                Err(why) => return Outcome::indeterminate(why),
            }
        }
        let expected = format!("no error of authentication, as for the usual form ({name})");
        let found = refusals.pop();
        let finding = found.map(|answer| trial.check.finding("", expected, answer.describe(), Some(&answer.exchange)));
        Outcome::from_findings(finding.into_iter().collect())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn botocore_has_signed_every_legal_form() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../tests/sigv4.json")).unwrap();
        for (name, carrier, edit) in FORMS {
            let is_post = *carrier == Carrier::Body;
            let mut request = HttpRequest {
                method: if is_post { "POST" } else { "GET" }.to_owned(),
                uri: "/".to_owned(),
                headers: Headers::default(),
                body: if is_post { b"{}".to_vec() } else { Vec::new() },
            };
            edit(&mut request);
            let vector = vectors.iter().find(|vector| vector["name"] == *name).unwrap();
            let body = String::from_utf8(request.body).unwrap();
            let made = json!([request.method, request.uri, request.headers.0, body]);
            assert_eq!(made, json!([vector["method"], vector["uri"], vector["headers"], vector["body"]]), "{name}");
        }
    }
}
