//! Family idempotency: what happens when a call is made again.

mod repeats;
mod tokens;

use connect_model::schema::{OperationId, Schema};

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::{On, Scope};
use crate::families::{Family, Services};
use crate::resources;
use crate::resources::{RESOURCES, Resource};

/// Where the rules on tokens come from.
const TOKENS: &str = "Smithy idempotencyToken trait";

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

/// `idempotency.same-token-same-result`.
pub(crate) static SAME_TOKEN_SAME_RESULT: Check = Check {
    id: "idempotency.same-token-same-result",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the same creation with the same token answers with the same id",
    source: TOKENS,
    passes: "equal ids; what another request with the token gets is recorded",
    fails: "another id, or a refusal of the repeated call that is not about a quota",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::same_result(trial, row)) },
};

/// `idempotency.same-token-one-resource`.
pub(crate) static SAME_TOKEN_ONE_RESOURCE: Check = Check {
    id: "idempotency.same-token-one-resource",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the same creation with the same token makes one resource",
    source: TOKENS,
    passes: "one item of that name in the list",
    fails: "two",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::one_resource(trial, row)) },
};

/// `idempotency.different-token-distinct`.
pub(crate) static DIFFERENT_TOKEN_DISTINCT: Check = Check {
    id: "idempotency.different-token-distinct",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "creations with different tokens make different resources, however alike the tokens are",
    source: TOKENS,
    passes: "two ids for tokens that differ in their last character",
    fails: "the first id again",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::different_tokens(trial, row)) },
};

/// `idempotency.concurrent-same-token`.
pub(crate) static CONCURRENT_SAME_TOKEN: Check = Check {
    id: "idempotency.concurrent-same-token",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "concurrent creations with one token make one resource",
    source: TOKENS,
    passes: "one id over all successes, and one item of that name in the list; calls may be refused while another is \
             under way, provided that a later replay shows that the token and not the name kept them out",
    fails: "two ids, or two items",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::concurrently(trial, row)) },
};

/// `idempotency.retry-after-disconnect`.
pub(crate) static RETRY_AFTER_DISCONNECT: Check = Check {
    id: "idempotency.retry-after-disconnect",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a creation that is repeated after the connection was lost makes one resource",
    source: TOKENS,
    passes: "the first call has arrived, as the list shows; the repeated one succeeds, and the list still holds one \
             resource of that name",
    fails: "two resources, or a refusal of the repeated call",
    code: &On { applies: creates_with_token, run: |trial, &row| trial.scenario(tokens::after_disconnect(trial, row)) },
};

/// `idempotency.token-of-other-operation`.
pub(crate) static TOKEN_OF_OTHER_OPERATION: Check = Check {
    id: "idempotency.token-of-other-operation",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a token belongs to its operation: another operation with the same token does its own work",
    source: TOKENS,
    passes: "a new resource, or a refusal; which one is recorded, as is what the token does in another instance",
    fails: "the resource of the other operation, or a success without an id",
    code: &On {
        applies: creates_with_token,
        run: |trial, &row| trial.scenario(tokens::of_other_operation(trial, row)),
    },
};

/// `idempotency.repeated-read-equal`.
pub(crate) static REPEATED_READ_EQUAL: Check = Check {
    id: "idempotency.repeated-read-equal",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "reading twice without a change between gives the same answer",
    source: "read operations have no effect",
    passes: "equal bodies, in any order of list items",
    fails: "a member that changes from one read to the next",
    code: &On { applies: reads, run: |trial, ()| trial.scenario(repeats::read_twice(trial)) },
};

/// `idempotency.repeated-delete`.
pub(crate) static REPEATED_DELETE: Check = Check {
    id: "idempotency.repeated-delete",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "deleting what is already deleted is refused, like deleting what never was",
    source: "Connect, life cycle: a repeated delete is ResourceNotFoundException 404",
    passes: "4xx to the second call; that it should be a 404 is error.not-found's affair",
    fails: "2xx, or a 5xx that an id that nobody has does not get",
    code: &On { applies: deletes, run: |trial, ()| trial.scenario(repeats::delete_twice(trial)) },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "idempotency",
    checks: || CHECKS.to_vec(),
    services: Services::Connect,
    judges_input: false,
    compares_recorded: false,
};

fn creates_with_token(scope: &Scope<'_>) -> Vec<(Option<String>, &'static Resource)> {
    let row = resources::created_by(scope.name()).filter(|_| token_member(scope.schema, scope.operation).is_some());
    row.into_iter().map(|row| (None, row)).collect()
}

fn deletes(scope: &Scope<'_>) -> Vec<(Option<String>, ())> {
    RESOURCES.iter().filter(|row| row.delete == scope.name()).map(|_| (None, ())).take(1).collect()
}

/// Lists and searches change with every other case of the run; a description of one resource does not.
fn reads(scope: &Scope<'_>) -> Vec<(Option<String>, ())> {
    let reads = RESOURCES.iter().any(|row| row.describe == scope.name()) || scope.name() == "ListTagsForResource";
    if reads { vec![(None, ())] } else { Vec::new() }
}

/// The member that takes an idempotency token.
fn token_member(schema: &Schema, operation: OperationId) -> Option<String> {
    let members = schema.input_members(&schema[operation])?;
    members.idempotency_token().map(|member| member.name.clone())
}
