//! Family idempotency: effects of repeated calls.

mod repeats;
mod tokens;

use connect_model::schema::{OperationId, Schema};

use crate::case::{Finding, Level};
use crate::check::{Check, Remote};
use crate::client::reply::is_absence;
use crate::code::{On, Scope, Subjects, itself};
use crate::evidence::Evidence;
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::resources;
use crate::resources::Resource;

/// Source of the rules about tokens.
const TOKENS: Evidence =
    Evidence::normative("Smithy idempotencyToken trait: the service identifies and discards replayed requests");
/// Source of the rules about tokens in Connect.
const TOKENS_OF_CONNECT: Evidence = Evidence::documentation(
    "Connect API reference, ClientToken, and the article to which it points: Making retries safe with idempotent APIs",
);

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &SAME_TOKEN_SAME_RESULT,
    &SAME_TOKEN_ONE_RESOURCE,
    &DIFFERENT_TOKEN_DISTINCT,
    &CONCURRENT_SAME_TOKEN,
    &RETRY_AFTER_DISCONNECT,
    &TOKEN_OF_OTHER_OPERATION,
    &REPEATED_READ_EQUAL,
    &REPEATED_DELETE,
];

/// True for the checks that find several resources of one client token.
pub fn counts_resources_of_token(check: &str) -> bool {
    [&SAME_TOKEN_SAME_RESULT, &SAME_TOKEN_ONE_RESOURCE, &CONCURRENT_SAME_TOKEN, &RETRY_AFTER_DISCONNECT]
        .iter()
        .any(|row| row.id == check)
}

/// True for a finding of such a check that shows several resources, and false for a repeated call that was refused or has no
/// id in its response.
pub fn shows_several_resources(finding: &Finding) -> bool {
    let succeeded = finding.exchange.as_ref().is_some_and(|exchange| (200..300).contains(&exchange.response.status));
    let another = finding.check == SAME_TOKEN_SAME_RESULT.id && finding.actual != tokens::NO_ID;
    succeeded && (another || number_of_resources(&finding.actual) > 1)
}

/// The number of resources at the start of an observation, such as `8 ids from 8 concurrent calls`; 0 without one.
pub fn number_of_resources(actual: &str) -> u32 {
    let number = actual.split(' ').next().filter(|number| number.len() < 3);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

pub(crate) static SAME_TOKEN_SAME_RESULT: Check = Check {
    id: "idempotency.same-token-same-result",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a creation that is repeated with its token returns the same id",
    evidence: &[TOKENS_OF_CONNECT],
    harm: Harm::Loss,
    fault: "did not return the same id when a creation was repeated with its client token",
    passes: "equal ids; the response to another request with the token is recorded",
    fails: "another id, or a rejection of the repeated call that is not about a quota",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::same_result(trial, row)) },
};

pub(crate) static SAME_TOKEN_ONE_RESOURCE: Check = Check {
    id: "idempotency.same-token-one-resource",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a creation that is repeated with its token creates one resource",
    evidence: &[TOKENS, TOKENS_OF_CONNECT],
    harm: Harm::Loss,
    fault: "made {several} when a creation was repeated with its client token",
    passes: "the list has one item of that name",
    fails: "the list has two items of that name",
    code: &On { applies: counts_with_token, run: |trial, &row| trial.scenario(tokens::one_resource(trial, row)) },
};

pub(crate) static DIFFERENT_TOKEN_DISTINCT: Check = Check {
    id: "idempotency.different-token-distinct",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "creations with different tokens create different resources, however similar the tokens are",
    evidence: &[TOKENS, TOKENS_OF_CONNECT],
    harm: Harm::Loss,
    fault: "returned the same resource for different client tokens",
    passes: "two ids for tokens that differ in their last character",
    fails: "the first id again",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::different_tokens(trial, row)) },
};

pub(crate) static CONCURRENT_SAME_TOKEN: Check = Check {
    id: "idempotency.concurrent-same-token",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "concurrent creations with one token create one resource",
    evidence: &[TOKENS, TOKENS_OF_CONNECT],
    harm: Harm::Loss,
    fault: "made {several} from one client token in concurrent calls",
    passes: "all successful calls return one id, and the list has one item of that name; calls may be rejected while \
             another is in progress, if a later replay shows that the token and not the name was the reason",
    fails: "two ids, or two items in the list",
    code: &On { applies: counts_with_token, run: |trial, &row| trial.scenario(tokens::concurrently(trial, row)) },
};

pub(crate) static RETRY_AFTER_DISCONNECT: Check = Check {
    id: "idempotency.retry-after-disconnect",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a creation that is repeated after a lost connection creates one resource",
    evidence: &[TOKENS, TOKENS_OF_CONNECT],
    harm: Harm::Loss,
    fault: "did not return the first resource when a creation was repeated after a lost connection",
    passes: "after the first call the list has the resource; the repeated call succeeds, and the list still has one \
             resource of that name",
    fails: "two resources, or a rejection of the repeated call",
    code: &On { applies: counts_with_token, run: |trial, &row| trial.scenario(tokens::after_disconnect(trial, row)) },
};

pub(crate) static TOKEN_OF_OTHER_OPERATION: Check = Check {
    id: "idempotency.token-of-other-operation",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a token belongs to one operation: another operation with the same token works as usual",
    evidence: &[TOKENS],
    harm: Harm::Loss,
    fault: "mixed up client tokens with those of another operation",
    passes: "a new resource, or a rejection; which one is recorded, and so is the effect of the token in another instance",
    fails: "the resource of the other operation, or a success without an id",
    code: &On {
        applies: creates_with_token,
        run: |trial, &row| trial.scenario(tokens::of_other_operation(trial, row)),
    },
};

pub(crate) static REPEATED_READ_EQUAL: Check = Check {
    id: "idempotency.repeated-read-equal",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "two reads without a change in between return the same response",
    evidence: &[Evidence::inference(
        "reads have no effect, so without a change between them both show the same; no source says so",
    )],
    harm: Harm::WrongData,
    fault: "answered two equal reads differently, with no change in between",
    passes: "equal bodies; list items may be in any order",
    fails: "a member that changes from one read to the next",
    code: &On { applies: reads, run: |trial, ()| trial.scenario(repeats::read_twice(trial)) },
};

pub(crate) static REPEATED_DELETE: Check = Check {
    id: "idempotency.repeated-delete",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "deleting a deleted resource is rejected, like deleting a resource that never existed",
    evidence: &[
        Evidence::model(
            "service model of Amazon Connect (botocore), ResourceNotFoundException of the delete operations",
        ),
        Evidence::cloudformation("contract of handlers: to delete what does not exist is an error NotFound"),
    ],
    harm: Harm::Form,
    fault: "did not reject the deletion of what was already deleted",
    passes: "4xx to the second call; error.not-found judges if it is a 404",
    fails: "2xx, or a 5xx that an unknown id does not get",
    code: &On { applies: deletes, run: |trial, ()| trial.scenario(repeats::delete_twice(trial)) },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "idempotency",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, check| if check.id == TOKEN_OF_OTHER_OPERATION.id { 42 } else { 6 },
    compares_recorded: false,
};

fn creates_with_token(scope: &Scope<'_>) -> Subjects<&'static Resource> {
    let row = resources::created_by(scope.schema, scope.name())
        .filter(|row| row.is_judged() && token_member(scope.schema, scope.operation).is_some());
    row.into_iter().map(|row| (None, row)).collect()
}

fn deletes(scope: &Scope<'_>) -> Subjects<()> {
    // Some services delete what does not exist with success: their operations have no error for it.
    let refuses = scope.contract.errors.iter().any(|error| is_absence(&scope.schema[*error].name));
    itself(refuses && resources::rows(scope.schema).iter().any(|row| row.is_judged() && row.delete == scope.name()))
}

/// The same, if the resources of a name can be counted.
fn counts_with_token(scope: &Scope<'_>) -> Subjects<&'static Resource> {
    let mut rows = creates_with_token(scope);
    rows.retain(|(_, row)| row.lists_names());
    rows
}

/// Lists and searches are left out, since other cases of the run change them.
fn reads(scope: &Scope<'_>) -> Subjects<()> {
    let reads = resources::rows(scope.schema).iter().any(|row| row.is_judged() && row.describe == scope.name())
        || scope.name() == "ListTagsForResource";
    itself(reads)
}

/// The member that takes an idempotency token.
fn token_member(schema: &Schema, operation: OperationId) -> Option<String> {
    let members = schema.input_members(&schema[operation])?;
    members.idempotency_token().map(|member| member.name.clone())
}
