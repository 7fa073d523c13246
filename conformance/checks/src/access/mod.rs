//! Family access: who may not is refused, and a request that is signed in an unusual but legal way is admitted.
//!
//! The front of a service verifies every request in the same way, so few operations are enough: `carrier.rs` chooses them by
//! a rule from the model. All of them only read, and nothing has to be created for them. A key, secret or token that is wrong
//! is made up.
//!
//! An endpoint that answers unsigned requests does not verify signatures. That is a capability which it may lack: the
//! family is unsupported there, unless `--require access` asks for it.

mod answer;
mod carrier;
mod foreign;
mod forms;
mod rows;
mod standing;

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::On;
use crate::evidence::Evidence;
use crate::families::{Family, Services};
use crate::harm::Harm;

/// How a signature is made and verified, and for what it is refused.
const SIGV4: Evidence = Evidence::normative(
    "IAM user guide, AWS Signature Version 4 for API requests: elements of a request, canonical request, signature, troubleshooting",
);
/// The errors with which the service refuses.
const TROUBLE: Evidence = Evidence::documentation(
    "Connect API reference, common errors: missing, unknown and expired tokens, incomplete signatures, expired requests",
);
/// Whose instance it is.
const OWNER: Evidence = Evidence::documentation(
    "service authorization reference, Amazon Connect: actions apply to resources of the caller's account, named by ARN",
);

/// The checks, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &UNSIGNED,
    &UNKNOWN_KEY,
    &WRONG_SECRET,
    &ALTERED,
    &DATE,
    &SCOPE,
    &SESSION_TOKEN,
    &PRESIGNED,
    &LEGAL_FORMS,
    &FOREIGN_INSTANCE,
];

/// Defines a check whose cases are rows of `rows.rs`: requests that must be refused.
macro_rules! refused {
    ($name:ident, $id:literal, $rule:literal, $fault:literal, $fails:literal) => {
        pub(crate) static $name: Check = Check {
            id: $id,
            level: Level::Must,
            remote: Remote::SAME,
            rule: $rule,
            evidence: &[SIGV4, TROUBLE],
            harm: Harm::Access,
            fault: $fault,
            passes: "an error of authentication, 401 or 403; as a recommendation, 403 (or 400 for an incomplete signature or an \
                     expired request) with a name among the common errors, and a JSON body",
            fails: $fails,
            code: &On { applies: |scope| rows::of(scope, $id), run: rows::run },
        };
    };
}

refused!(
    UNSIGNED,
    "access.unsigned",
    "a request without a signature is refused",
    "let in a request without a signature, or refused it in another way than AWS",
    "success, 5xx, or the answer that the signed request gets"
);
refused!(
    UNKNOWN_KEY,
    "access.unknown-key",
    "a request that is signed with a key that nobody has is refused",
    "let in a key that nobody has, or refused it in another way than AWS",
    "success, 5xx, or the answer that the right key gets"
);
refused!(
    WRONG_SECRET,
    "access.wrong-secret",
    "a request that is signed with another secret than that of its key is refused",
    "let in a wrong secret, or refused it in another way than AWS",
    "success, 5xx, or the answer that the right secret gets"
);
refused!(
    ALTERED,
    "access.altered",
    "a request whose body, path, query, signed header or signature was altered after signing is refused, also after the \
     unaltered request was admitted",
    "let in a request that was altered after signing, or refused it in another way than AWS",
    "success, 5xx, or the answer that the altered request gets when it is signed"
);
refused!(
    DATE,
    "access.date",
    "a request that was signed 20 minutes ago or ahead, or does not say when, is refused",
    "let in a request that was signed at another time, or refused it in another way than AWS",
    "success, 5xx, or the answer that a request signed now gets"
);
refused!(
    SCOPE,
    "access.scope",
    "a request that is signed for another region, service or day, by another algorithm, or incompletely, is refused",
    "let in a signature for another scope, or refused it in another way than AWS",
    "success, 5xx, or the answer that the right signature gets"
);
refused!(
    SESSION_TOKEN,
    "access.session-token",
    "temporary keys are refused without their session token, and every key is refused with a token that is not its own",
    "let in a wrong or missing session token, or refused it in another way than AWS",
    "success, 5xx, or the answer that the right token gets"
);

pub(crate) static PRESIGNED: Check = Check {
    id: "access.presigned",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a signed URL is refused after it was altered or has expired; a right one is admitted",
    evidence: &[SIGV4, TROUBLE],
    harm: Harm::Access,
    fault: "let in a signed URL that was altered or has expired, or refused a right one",
    passes: "an error of authentication, 401 or 403, for an altered and for an expired URL",
    fails: "success, 5xx, or the answer that the right URL gets; as a recommendation, a refusal of the right URL",
    code: &On { applies: forms::urls, run: forms::presigned },
};

pub(crate) static LEGAL_FORMS: Check = Check {
    id: "access.legal-canonical-forms",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a signed request is admitted, whatever legal form its headers, query and path have",
    evidence: &[SIGV4],
    harm: Harm::Form,
    fault: "refused a signed request in an unusual but legal form",
    passes: "any answer but an error of authentication, where the usual form is admitted",
    fails: "an error of authentication, twice, for blanks in headers, repeated and unsorted parameters, empty values, escaped and \
            unreserved characters, or a path that is escaped twice",
    code: &On { applies: forms::legal, run: forms::legal_form },
};

pub(crate) static FOREIGN_INSTANCE: Check = Check {
    id: "access.foreign-instance",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "the instance of another account is not shown",
    evidence: &[OWNER],
    harm: Harm::Access,
    fault: "showed an instance of another account",
    passes: "an error; which one is recorded, beside the one for an instance that does not exist",
    fails: "success for the ARN of an instance of another account",
    code: &On { applies: foreign::with_instances, run: foreign::foreign },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "access",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, check| if check.id == UNSIGNED.id { 3 } else { 2 },
    compares_recorded: false,
};
