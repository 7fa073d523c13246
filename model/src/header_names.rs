//! Names of headers with a meaning of their own, in HTTP or in a signature of AWS: which a client always sends, which decide
//! who gets a request and on whose behalf, and which no generated name may hit. Knows nothing of members and values.

/// A header with a meaning of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fact {
    /// A client adds it to every request.
    Always,
    /// The sender alone sets it: it says where the message ends, who gets it, or who sent it.
    Sender,
    /// It has a meaning in HTTP.
    Meaning,
}

use Fact::{Always, Meaning, Sender};

/// All known headers, in lower case. Source: RFC 9110, RFC 9112, signature version 4, and what AWS SDKs add.
///
/// `x-amz-content-sha256` is not of the sender: the sender adds none, and CodeArtifact has a member of this name.
const KNOWN: &[(&str, &[Fact])] = &[
    ("accept", &[Always, Meaning]),
    ("accept-encoding", &[Always]),
    ("amz-sdk-invocation-id", &[Always]),
    ("amz-sdk-request", &[Always]),
    ("authorization", &[Always, Sender, Meaning]),
    ("connection", &[Sender, Meaning]),
    ("content-encoding", &[Meaning]),
    ("content-length", &[Always, Sender, Meaning]),
    ("content-type", &[Always, Meaning]),
    ("cookie", &[Meaning]),
    ("date", &[Meaning]),
    ("expect", &[Sender, Meaning]),
    ("from", &[Meaning]),
    ("host", &[Always, Sender, Meaning]),
    ("keep-alive", &[Sender, Meaning]),
    ("proxy-authorization", &[Sender, Meaning]),
    ("proxy-connection", &[Sender, Meaning]),
    ("range", &[Meaning]),
    ("referer", &[Meaning]),
    ("retry-after", &[Meaning]),
    ("te", &[Sender, Meaning]),
    ("trailer", &[Sender, Meaning]),
    ("transfer-encoding", &[Sender, Meaning]),
    ("upgrade", &[Sender, Meaning]),
    ("user-agent", &[Always, Meaning]),
    ("via", &[Meaning]),
    ("x-amz-content-sha256", &[Always]),
    ("x-amz-date", &[Always, Sender]),
    ("x-amz-security-token", &[Always, Sender]),
    ("x-amz-user-agent", &[Always]),
];

fn is(name: &str, fact: Fact) -> bool {
    KNOWN.iter().any(|(known, facts)| known.eq_ignore_ascii_case(name) && facts.contains(&fact))
}

/// True for a header that every request has, whatever its input.
pub(crate) fn every_request_has(name: &str) -> bool {
    is(name, Always)
}

/// True if every request has a header whose name begins with this prefix, in lower case.
pub(crate) fn every_request_has_one_of(prefix: &str) -> bool {
    KNOWN.iter().any(|(known, facts)| known.starts_with(prefix) && facts.contains(&Always))
}

/// True for a header with a meaning in HTTP, which no key of a map of headers is given.
pub(crate) fn has_meaning(name: &str) -> bool {
    is(name, Meaning)
}

/// True for a header that only the sender of a request sets, in any letter case: no value of a model and no file may bring it.
/// It decides where the request ends, which host it is for, or whose signature it carries.
pub fn is_of_sender(name: &str) -> bool {
    is(name, Sender)
}
