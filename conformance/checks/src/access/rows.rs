//! Requests that must be refused, one row each.

use connect_model::wire::message::HttpRequest;
use connect_transport::signing::Recipe;

use crate::access::answer::{must_refuse, send, settled};
use crate::access::carrier::{Carrier, carriers, request};
use crate::access::standing::must_verify;
use crate::case::Outcome;
use crate::code::{Scope, Subjects, Trial};
use crate::judge::Judgement;

/// An access key id that nobody has: AWS uses it in examples.
const NOBODY: &str = "AKIDCONTRACTTESTNOBODY";
/// A secret that is made up.
const MADE_UP_SECRET: &str = "contract-test/this+secret/is/made/up/EXAMPLE";
/// A session token that is made up.
const MADE_UP_TOKEN: &str = "contract-test/this+token/is/made/up/EXAMPLE==";

/// The right signature.
const RIGHT: Recipe =
    Recipe { key_id: None, secret: None, token: None, region: None, service: None, ahead: 0, in_url_for: None };

/// The right key with a made-up secret.
pub(super) const WRONG_SECRET: Recipe = Recipe { secret: Some(MADE_UP_SECRET), ..RIGHT };

/// Twenty minutes. The documented window is five, and some services allow fifteen.
const FAR: i64 = 20 * 60;

/// Changes a request.
pub(super) type Edit = fn(&mut HttpRequest);

/// A request that must be refused.
pub(super) struct Row {
    check: &'static str,
    /// The variant.
    name: &'static str,
    /// Its fault.
    what: &'static str,
    carriers: &'static [Carrier],
    recipe: Recipe,
    /// Changes the request before it is signed.
    before: Edit,
    /// Changes the signed request.
    after: Edit,
    /// Sends the signed request unchanged first: a server must not remember its signature for another request.
    after_right: bool,
}

/// On each of the operations.
const EACH: &[Carrier] = &[Carrier::Path, Carrier::Query, Carrier::Body];

const fn row(check: &'static str, name: &'static str, what: &'static str) -> Row {
    Row { check, name, what, carriers: EACH, recipe: RIGHT, before: |_| {}, after: |_| {}, after_right: false }
}

const fn altered(
    name: &'static str,
    what: &'static str,
    carrier: &'static [Carrier],
    before: Edit,
    after: Edit,
) -> Row {
    Row { carriers: carrier, before, after, after_right: true, ..row("access.altered", name, what) }
}

/// The rows, by check.
static ROWS: &[Row] = &[
    Row {
        after: |request| *request = super::answer::unsigned(request),
        ..row("access.unsigned", "", "without a signature")
    },
    Row {
        recipe: Recipe { key_id: Some(NOBODY), secret: Some(MADE_UP_SECRET), token: Some(None), ..RIGHT },
        ..row("access.unknown-key", "", "signed with a key that nobody has")
    },
    Row { recipe: WRONG_SECRET, ..row("access.wrong-secret", "", "signed with a wrong secret") },
    altered(
        "signature",
        "whose signature was altered",
        EACH,
        |_| {},
        |request| {
            authorization(request, |text| swap(text, 1));
        },
    ),
    altered("path", "whose path was altered after signing", &[Carrier::Path], other_path, other_path),
    altered(
        "query",
        "whose query was altered after signing",
        &[Carrier::Query],
        |_| {},
        |request| {
            add_query(request, "contract-test=1");
        },
    ),
    altered(
        "parameter",
        "with another value of a signed parameter",
        &[Carrier::Query],
        |request| {
            add_query(request, "contract-test=1");
        },
        |request| request.uri = request.uri.replace("contract-test=1", "contract-test=2"),
    ),
    altered(
        "header",
        "whose signed header was altered",
        &[Carrier::Path],
        |request| {
            request.headers.push("x-amz-contract-test", "1");
        },
        |request| request.headers.set("x-amz-contract-test", "2"),
    ),
    altered(
        "body",
        "whose body was altered after signing",
        &[Carrier::Body],
        |_| {},
        |request| request.body.push(b' '),
    ),
    altered(
        "body-with-hash",
        "whose body has another hash than its signed header says",
        &[Carrier::Body],
        declare_hash,
        |request| {
            request.body.push(b' ');
        },
    ),
    Row { after: |request| request.headers.remove("x-amz-date"), ..row("access.date", "missing", "without a date") },
    Row { recipe: Recipe { ahead: -FAR, ..RIGHT }, ..row("access.date", "old", "signed 20 minutes ago") },
    Row { recipe: Recipe { ahead: FAR, ..RIGHT }, ..row("access.date", "future", "signed for 20 minutes from now") },
    Row {
        recipe: Recipe { region: Some("contract-test-1"), ..RIGHT },
        ..row("access.scope", "region", "signed for another region")
    },
    Row {
        recipe: Recipe { service: Some("contract-test"), ..RIGHT },
        ..row("access.scope", "service", "signed for another service")
    },
    Row {
        after: |request| authorization(request, other_day),
        ..row("access.scope", "day", "with another day in the scope of its signature")
    },
    Row {
        after: |request| authorization(request, |text| text.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")),
        ..row("access.scope", "algorithm", "that names another algorithm")
    },
    Row {
        after: |request| authorization(request, without_signed_headers),
        ..row("access.scope", "incomplete", "that does not say which headers are signed")
    },
    Row {
        recipe: Recipe { token: Some(None), ..RIGHT },
        ..row("access.session-token", "missing", "without the session token of its key")
    },
    Row {
        recipe: Recipe { token: Some(Some(MADE_UP_TOKEN)), ..RIGHT },
        ..row("access.session-token", "other", "with a session token that is made up")
    },
];

/// The rows of a check for the operation in scope.
pub(super) fn of(scope: &Scope<'_>, check: &str) -> Subjects<&'static Row> {
    let carriers = carriers(scope);
    let fits = |row: &&Row| row.check == check && row.carriers.iter().any(|carrier| carriers.contains(carrier));
    ROWS.iter().filter(fits).map(|row| ((!row.name.is_empty()).then(|| row.name.to_owned()), row)).collect()
}

/// Runs a row.
pub(super) fn run<'t>(trial: Trial<'t>, row: &'t &'static Row) -> Judgement<'t> {
    settled(attempt(trial, row))
}

async fn attempt(trial: Trial<'_>, row: &Row) -> Result<Outcome, Outcome> {
    must_verify(trial).await?;
    let mut plain = request(trial).await.map_err(Outcome::indeterminate)?;
    let unchanged = plain.clone();
    (row.before)(&mut plain);
    let transport = trial.client.guarded();
    if row.recipe.token == Some(None) && row.recipe.key_id.is_none() {
        let right = transport.sign(&plain, &RIGHT).await.map_err(|error| Outcome::indeterminate(error.to_string()))?;
        if right.headers.get("x-amz-security-token").is_none() {
            return Err(Outcome::indeterminate(
                "the keys of this run are not temporary, so they have no session token",
            ));
        }
    }
    let mut signed =
        transport.sign(&plain, &row.recipe).await.map_err(|error| Outcome::indeterminate(error.to_string()))?;
    if row.after_right {
        let right = send(trial, &signed).await.map_err(Outcome::indeterminate)?;
        if right.refuses_the_caller() {
            return Err(Outcome::indeterminate(format!("the unaltered request is refused, too: {}", right.describe())));
        }
    }
    let before = signed.clone();
    (row.after)(&mut signed);
    if row.after_right && (signed == before || plain == unchanged && row.name == "path") {
        return Err(Outcome::indeterminate("the request has nothing to alter"));
    }
    Ok(must_refuse(trial, &signed, row.what).await)
}

/// Appends a parameter.
pub(super) fn add_query(request: &mut HttpRequest, parameter: &str) {
    let separator = if request.uri.contains('?') { '&' } else { '?' };
    request.uri = format!("{}{separator}{parameter}", request.uri);
}

/// Another id at the end of the path; the same again if it is called twice.
fn other_path(request: &mut HttpRequest) {
    let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    request.uri = format!("{}{query}", swap(path, 12));
}

/// The text with other letters and digits among its last ones; the same again if it is called twice.
pub(super) fn swap(text: &str, last: usize) -> String {
    let start = text.len().saturating_sub(last);
    let other = |(at, c): (usize, char)| match c {
        '0'..='9' | 'a'..='f' if at >= start => {
            char::from_digit(c.to_digit(16).unwrap_or_default() ^ 1, 16).unwrap_or(c)
        }
        c => c,
    };
    text.char_indices().map(other).collect()
}

fn authorization(request: &mut HttpRequest, edit: impl FnOnce(&str) -> String) {
    if let Some(text) = request.headers.get("authorization").map(edit) {
        request.headers.set("authorization", text);
    }
}

/// The day of the scope, which is the day of the date, moved by more than the clocks of the world differ.
fn other_day(authorization: &str) -> String {
    let (before, rest) = authorization.split_once('/').unwrap_or((authorization, ""));
    let (day, after) = rest.split_once('/').unwrap_or((rest, ""));
    let other = if day == "20200229" { "20200228" } else { "20200229" };
    format!("{before}/{other}/{after}")
}

fn without_signed_headers(authorization: &str) -> String {
    let parts = authorization.split(", ").filter(|part| !part.starts_with("SignedHeaders="));
    parts.collect::<Vec<_>>().join(", ")
}

/// Adds the header with the hash of the body.
pub(super) fn declare_hash(request: &mut HttpRequest) {
    let hash = connect_model::import::hex_digest(&request.body);
    request.headers.set("x-amz-content-sha256", hash);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_the_place_that_they_name() {
        let id = "/instance/0a1b2c3d-0000-4000-8000-00000000000f?x=9";
        let mut request = HttpRequest { uri: id.to_owned(), ..HttpRequest::default() };
        other_path(&mut request);
        assert_eq!(request.uri, "/instance/0a1b2c3d-0000-4000-8000-11111111111e?x=9");
        other_path(&mut request);
        assert_eq!(request.uri, id);
        let text = "AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host;x-amz-date, Signature=0f";
        assert_eq!(without_signed_headers(text), "AWS4-HMAC-SHA256 Credential=A/b, Signature=0f");
        assert_eq!(swap(text, 1), text.replace("=0f", "=0e"));
        assert_eq!(other_day("Credential=A/20250102/r/s"), "Credential=A/20200229/r/s");
    }
}
