//! Defects: callers who may not are admitted, or who may are refused. They act on the port that verifies signatures.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use connect_model::wire::message::HttpRequest;

use crate::defects::edits::rename;
use crate::defects::hooks::{on_admission, on_refusal, on_request};
use crate::defects::seam::Seams;
use crate::defects::{Defect, Family};
use crate::store::lock;
use crate::verify::{Breach, PARAMETER};

/// The checks of refusals, on each of which every wrong form of a refusal shows.
const REFUSALS: &[&str] = &[
    "access.unsigned",
    "access.unknown-key",
    "access.wrong-secret",
    "access.altered",
    "access.date",
    "access.scope",
    "access.session-token",
    "access.presigned",
];

/// A defect that admits what breaks a rule.
macro_rules! admits {
    ($id:literal, $summary:literal, $kills:expr, $breach:pat) => {
        Defect {
            id: $id,
            family: Family::Access,
            summary: $summary,
            kills: $kills,
            may: &[],
            seams: || on_admission(|_, breach| matches!(breach, None | Some($breach))),
        }
    };
}

/// A defect that remembers which signatures were right, and takes them for a request that differs in a part.
macro_rules! remembers {
    ($id:literal, $summary:literal, $may:expr, $forgets:expr) => {
        Defect {
            id: $id,
            family: Family::Access,
            summary: $summary,
            kills: &["access.altered"],
            may: $may,
            seams: || Arc::new(Remembers { forgets: $forgets, seen: Mutex::default() }),
        }
    };
}

/// A defect that refuses some requests with a right signature.
macro_rules! refuses {
    ($id:literal, $summary:literal, $function:expr) => {
        Defect {
            id: $id,
            family: Family::Access,
            summary: $summary,
            kills: &["access.legal-canonical-forms"],
            may: &[],
            seams: || on_admission(|request, breach| breach.is_none() && !$function(request)),
        }
    };
}

pub(super) const ROWS: &[Defect] = &[
    Defect {
        // Then no other rule of access can be judged.
        may: &[
            "access.unknown-key",
            "access.wrong-secret",
            "access.altered",
            "access.date",
            "access.scope",
            "access.session-token",
            "access.presigned",
            "access.legal-canonical-forms",
            "access.foreign-instance",
        ],
        ..admits!(
            "unsigned-admitted",
            "requests without a signature are served",
            &["access.unsigned"],
            Breach::Unsigned
        )
    },
    admits!(
        "signature-unchecked",
        "a signature is looked at for its key, date and scope, and not computed",
        &["access.wrong-secret", "access.altered", "access.presigned"],
        Breach::Unmatched | Breach::Body
    ),
    admits!("any-key", "a key that nobody has is admitted", &["access.unknown-key"], Breach::UnknownKey),
    admits!("any-body-hash", "the hash of the body is taken from a header", &["access.altered"], Breach::Body),
    admits!("undated-admitted", "a signature without a date is admitted", &["access.date"], Breach::Undated),
    admits!(
        "signatures-never-expire",
        "old signatures and signed URLs are admitted",
        &["access.date", "access.presigned"],
        Breach::Old(_)
    ),
    admits!("signed-in-future", "signatures of a future time are admitted", &["access.date"], Breach::Early(_)),
    admits!("any-region", "signatures for another region are admitted", &["access.scope"], Breach::Region),
    admits!("any-service", "signatures for another service are admitted", &["access.scope"], Breach::Service),
    admits!("any-day", "the day in the scope of a signature is ignored", &["access.scope"], Breach::Day),
    admits!("any-algorithm", "the name of the algorithm is ignored", &["access.scope"], Breach::Algorithm),
    admits!("incomplete-admitted", "an incomplete signature is admitted", &["access.scope"], Breach::Incomplete),
    admits!("token-not-needed", "temporary keys need no session token", &["access.session-token"], Breach::NoToken),
    admits!("any-token", "every session token is admitted", &["access.session-token"], Breach::OtherToken),
    Defect {
        id: "url-signature-unchecked",
        family: Family::Access,
        summary: "the signature in a URL is not computed",
        kills: &["access.presigned"],
        may: &[],
        seams: || {
            on_admission(|request, breach| match breach {
                None => true,
                Some(Breach::Unmatched) => request.headers.get("authorization").is_none(),
                Some(_) => false,
            })
        },
    },
    remembers!("body-not-remembered", "a signature that was right is right with another body", &[], Part::Body),
    remembers!("path-not-remembered", "a signature that was right is right for another path", &[], Part::Path),
    remembers!(
        "query-not-remembered",
        "a signature that was right is right with another query",
        &["access.presigned"],
        Part::Query
    ),
    remembers!("headers-not-remembered", "a signature that was right is right with other headers", &[], Part::Headers),
    Defect {
        id: "refused-as-500",
        family: Family::Access,
        summary: "a caller who may not is answered with 500",
        kills: REFUSALS,
        may: &[],
        seams: || {
            on_refusal(|_, response| {
                response.status = 500;
                rename(response, Some("InternalFailure"));
            })
        },
    },
    Defect {
        id: "refused-as-page",
        family: Family::Access,
        summary: "a caller who may not is answered with an HTML page",
        kills: REFUSALS,
        may: &[],
        seams: || {
            on_refusal(|_, response| {
                response.headers.set("content-type", "text/html");
                response.body = b"<html><body><h1>403 Forbidden</h1></body></html>".to_vec();
            })
        },
    },
    Defect {
        id: "refused-with-own-name",
        family: Family::Access,
        summary: "a caller who may not gets an error that is not among the common ones",
        kills: REFUSALS,
        may: &[],
        seams: || on_refusal(|_, response| rename(response, Some("ForbiddenException"))),
    },
    refuses!("blanks-kept", "repeated blanks in a header break the signature", |request: &HttpRequest| {
        request.headers.0.iter().any(|(_, value)| value.contains("  "))
    }),
    refuses!(
        "repeated-headers-lost",
        "of a repeated header, only the last one is verified",
        |request: &HttpRequest| {
            let names = request.headers.0.iter().map(|(name, _)| name);
            let mut seen = HashSet::new();
            !names.into_iter().all(|name| seen.insert(name))
        }
    ),
    refuses!("query-unsorted", "the query is verified in the order in which it was sent", |request: &HttpRequest| {
        !parameters(request).is_sorted()
    }),
    refuses!("repeated-parameters-lost", "a repeated parameter breaks the signature", |request: &HttpRequest| {
        let names = parameters(request).into_iter().map(|pair| pair.split('=').next());
        let mut seen = HashSet::new();
        !names.into_iter().all(|name| seen.insert(name))
    }),
    refuses!("empty-parameters-lost", "a parameter without a value breaks the signature", |request: &HttpRequest| {
        parameters(request).iter().any(|pair| pair.ends_with('='))
    }),
    refuses!("tilde-escaped", "a tilde breaks the signature", |request: &HttpRequest| request.uri.contains('~')),
    refuses!("path-escaped-once", "a path with escapes breaks the signature", |request: &HttpRequest| {
        request.uri.split('?').next().is_some_and(|path| path.contains('%'))
    }),
    Defect {
        id: "other-accounts-shown",
        family: Family::Access,
        summary: "the account in an ARN is ignored",
        kills: &["access.foreign-instance"],
        may: &[],
        seams: || {
            on_request(|request| {
                // The account of the emulator, in place of any other.
                let parts: Vec<&str> = request.uri.split("%3A").collect();
                if let ["arn", ..] =
                    parts.first().and_then(|first| first.rsplit('/').next()).into_iter().collect::<Vec<_>>()[..]
                    && parts.len() > 5
                {
                    let mut parts = parts;
                    parts[4] = "111122223333";
                    request.uri = parts.join("%3A");
                }
            })
        },
    },
];

fn parameters(request: &HttpRequest) -> Vec<&str> {
    let (_, query) = request.uri.split_once('?').unwrap_or_default();
    query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(PARAMETER)).collect()
}

/// A part of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Query,
    Headers,
    Body,
}

/// Remembers the signatures that were right, and all of their requests but a part.
struct Remembers {
    forgets: Part,
    seen: Mutex<HashSet<String>>,
}

impl Remembers {
    /// The request without the forgotten part.
    fn key(&self, request: &HttpRequest) -> String {
        let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
        let signature = query.split('&').find(|pair| pair.starts_with("X-Amz-Signature=")).unwrap_or_default();
        let authorization = request.headers.get("authorization").unwrap_or_default();
        let headers: Vec<String> = request.headers.0.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let body = String::from_utf8_lossy(&request.body);
        let keep = |part: Part, text: &str| if part == self.forgets { String::new() } else { text.to_owned() };
        // The length of the body is not part of what is signed.
        let headers =
            headers.iter().filter(|header| !header.starts_with("content-length:")).cloned().collect::<Vec<_>>();
        [
            format!("{} {authorization} {signature}", request.method),
            keep(Part::Path, path),
            keep(Part::Query, query),
            keep(Part::Headers, &headers.join("\n")),
            keep(Part::Body, &body),
        ]
        .join("\n")
    }
}

impl Seams for Remembers {
    fn admits(&self, request: &HttpRequest, breach: Option<Breach>) -> bool {
        match breach {
            None => {
                lock(&self.seen).insert(self.key(request));
                true
            }
            Some(Breach::Unmatched) => lock(&self.seen).contains(&self.key(request)),
            Some(_) => false,
        }
    }
}
